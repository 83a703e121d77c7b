"""Readers read, transactions write: which of the two a function takes says what it may do."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from server.kit.db import pages
from server.kit.db.caches import Whole
from server.kit.db.collection import Collection, Stored
from server.kit.db.pages import Page
from server.kit.errors import Conflict

T = TypeVar("T", bound=Stored)
Filter = Mapping[str, Any]


class Duplicate(Conflict):
    """这件事已经登记过了"""

    def __init__(self, collection: str) -> None:
        super().__init__()
        self.collection = collection


class Reader:
    """Reads of the primary's majority-committed state; `now` is fixed for the life of the reader."""

    def __init__(
        self, handle: Any, now: datetime, wholes: Mapping[str, Whole[Any]], session: Any = None
    ) -> None:
        self._handle = handle
        self._session = session
        self._wholes = wholes
        self.now = now

    def recall(self, collection: Collection[T], item_id: str) -> T | None:
        """From a `whole` collection, out of memory."""
        item: T | None = self._wholes[collection.name].get(item_id)
        return item

    def everything(self, collection: Collection[T]) -> Whole[T]:
        """A `whole` collection as memory has it."""
        return self._wholes[collection.name]

    async def get(self, collection: Collection[T], item_id: str) -> T | None:
        return await self.first(collection, {"_id": item_id})

    async def first(self, collection: Collection[T], where: Filter) -> T | None:
        document = await self._handle[collection.name].find_one(where, session=self._session)
        return None if document is None else collection.load(document)

    async def all(
        self, collection: Collection[T], where: Filter, *, limit: int, sort: str = "_id"
    ) -> list[T]:
        cursor = self._handle[collection.name].find(where, session=self._session)
        documents = await cursor.sort(_order(sort)).limit(limit).to_list(limit)
        return [collection.load(one) for one in documents]

    async def page(
        self, collection: Collection[T], where: Filter, *, sort: str, cursor: str | None, limit: int
    ) -> Page[T]:
        """One page sorted by `sort` (`"-field"` descends), ties by `_id`; the index must end in both."""
        field, descending = sort.lstrip("-"), sort.startswith("-")
        bound = pages.after(field, descending, cursor)
        clauses = {"$and": [dict(where), bound]} if bound else where
        found = self._handle[collection.name].find(clauses, session=self._session)
        documents = await found.sort(_order(sort)).limit(limit + 1).to_list(limit + 1)
        items = [collection.load(one) for one in documents[:limit]]
        following = None
        if len(documents) > limit:
            last = documents[limit - 1]
            following = pages.encode_cursor(last[field], str(last["_id"]))
        return Page(items, following)

    async def count(self, collection: Collection[Any], where: Filter, *, limit: int = 10_000) -> int:
        """How many match, counted no further than `limit`."""
        counted: int = await self._handle[collection.name].count_documents(
            where, limit=limit, session=self._session
        )
        return counted

    async def groups(self, collection: Collection[Any], pipeline: Sequence[Filter]) -> list[dict[str, Any]]:
        found = self._handle[collection.name].aggregate(list(pipeline), session=self._session)
        rows: list[dict[str, Any]] = await found.to_list(None)
        return rows

    async def each(self, collection: Collection[T], where: Filter) -> AsyncIterator[T]:
        async for document in self._handle[collection.name].find(where, session=self._session):
            yield collection.load(document)


class Tx(Reader):
    """Writes that become true together or not at all. The body that uses it may run again: no network, no memory."""

    async def insert(self, collection: Collection[T], item: T) -> None:
        """Raises Duplicate when a unique index says that it is there already."""
        try:
            await self._handle[collection.name].insert_one(collection.dump(item), session=self._session)
        except DuplicateKeyError as error:
            raise Duplicate(collection.name) from error

    async def replace(self, collection: Collection[T], item: T, where: Filter) -> bool:
        """Put `item` in the place of the one that matches; False when none does."""
        result = await self._handle[collection.name].replace_one(
            dict(where), collection.dump(item), session=self._session
        )
        return bool(result.matched_count)

    async def put(self, collection: Collection[T], item: T) -> None:
        document = collection.dump(item)
        await self._handle[collection.name].replace_one(
            {"_id": document["_id"]}, document, upsert=True, session=self._session
        )

    async def change(self, collection: Collection[Any], where: Filter, how: Mapping[str, Any]) -> bool:
        """Conditional update of one document; False when none matched: somebody was faster or a guard said no."""
        result = await self._handle[collection.name].update_one(dict(where), dict(how), session=self._session)
        return bool(result.matched_count)

    async def change_all(self, collection: Collection[Any], where: Filter, how: Mapping[str, Any]) -> int:
        result = await self._handle[collection.name].update_many(
            dict(where), dict(how), session=self._session
        )
        return int(result.modified_count)

    async def take(
        self,
        collection: Collection[T],
        where: Filter,
        how: Mapping[str, Any],
        *,
        sort: str = "_id",
        upsert: bool = False,
    ) -> T | None:
        """Change one matching document and return it as it is afterwards."""
        try:
            document = await self._handle[collection.name].find_one_and_update(
                dict(where),
                dict(how),
                sort=_order(sort),
                upsert=upsert,
                return_document=ReturnDocument.AFTER,
                session=self._session,
            )
        except DuplicateKeyError as error:
            raise Duplicate(collection.name) from error
        return None if document is None else collection.load(document)

    async def delete(self, collection: Collection[Any], where: Filter) -> bool:
        result = await self._handle[collection.name].delete_one(dict(where), session=self._session)
        return bool(result.deleted_count)

    async def delete_all(self, collection: Collection[Any], where: Filter) -> int:
        result = await self._handle[collection.name].delete_many(dict(where), session=self._session)
        return int(result.deleted_count)


def _order(sort: str) -> list[tuple[str, int]]:
    field, way = sort.lstrip("-"), -1 if sort.startswith("-") else 1
    return [(field, way)] if field == "_id" else [(field, way), ("_id", way)]
