"""Readers read, transactions write: which of the two a function takes says what it may do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from pymongo import ReplaceOne, ReturnDocument, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from server.kit.db import pages
from server.kit.db.caches import Whole
from server.kit.db.collection import Collection, Document, Stored, as_struct
from server.kit.db.pages import Page
from server.kit.errors import Conflict, HoelunError

T = TypeVar("T", bound=Stored)
G = TypeVar("G", bound=Stored)
R = TypeVar("R")
Filter = Mapping[str, Any]
_DUPLICATE_KEY = 11000


class Duplicate(Conflict):
    """这件事已经登记过了"""

    def __init__(self, collection: str) -> None:
        super().__init__()
        self.collection = collection


class Handles(dict[str, Any]):
    """The driver's collections by name, each made once: making one costs a good part of a read."""

    def __init__(self, database: Any) -> None:
        super().__init__()
        self._database = database

    def __missing__(self, name: str) -> Any:
        self[name] = self._database[name]
        return self[name]


Last = Callable[[Handles, Any, bool], None]
"""A write that waits for the commit: given the collections, the session, and whether others share the transaction,
it runs in a thread."""


class Reader:
    """Reads of the primary's majority-committed state; `now` is fixed for the life of the reader."""

    def __init__(
        self, handle: "Handles", now: datetime, wholes: Mapping[str, Whole[Any]], session: Any = None
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

    async def _done(self, operation: Awaitable[R]) -> R:
        """In a transaction an operation is awaited to its end; without a session it can be let go of."""
        return await (operation if self._session is None else to_its_end(operation))

    async def get(self, collection: Collection[T], item_id: str) -> T | None:
        return await self.first(collection, {"_id": item_id})

    async def first(self, collection: Collection[T], where: Filter) -> T | None:
        document = await self._done(self._handle[collection.name].find_one(where, session=self._session))
        return None if document is None else collection.load(document)

    async def all(
        self, collection: Collection[T], where: Filter, *, limit: int, sort: str = "_id"
    ) -> list[T]:
        cursor = self._handle[collection.name].find(where, session=self._session)
        documents = await self._done(cursor.sort(_order(sort)).limit(limit).to_list(limit))
        return [collection.load(one) for one in documents]

    async def page(
        self, collection: Collection[T], where: Filter, *, sort: str, cursor: str | None, limit: int
    ) -> Page[T]:
        """One page sorted by `sort` (`"-field"` descends), ties by `_id`; the index must end in both."""
        documents, following = await self._page(collection, where, sort, cursor, limit, None)
        return Page([collection.load(one) for one in documents], following)

    async def merged(
        self,
        collection: Collection[T],
        wheres: Sequence[Filter],
        *,
        sort: str,
        cursor: str | None,
        limit: int,
    ) -> Page[T]:
        """One page of what matches any of `wheres`, which exclude each other. Each of them walks its index in order;
        behind a cursor one query for all of them would be sorted in memory."""
        field, found, more = sort.lstrip("-"), [], False
        for where in wheres:
            documents, following = await self._page(collection, where, sort, cursor, limit, None)
            found += documents
            more |= following is not None
        found.sort(key=lambda one: (one[field], one["_id"]), reverse=sort.startswith("-"))
        shown = found[:limit]
        last = shown[-1] if more or len(found) > limit else None
        following = pages.encode_cursor(last[field], str(last["_id"])) if last else None
        return Page([collection.load(one) for one in shown], following)

    async def glimpses(
        self,
        collection: Collection[Any],
        shape: type[G],
        where: Filter,
        *,
        sort: str,
        cursor: str | None,
        limit: int,
    ) -> Page[G]:
        """As `page`, of as much of each document as `shape` has fields for."""
        fields = msgspec.structs.fields(shape)
        documents, following = await self._page(
            collection, where, sort, cursor, limit, {one.encode_name: 1 for one in fields}
        )
        return Page([as_struct(one, shape) for one in documents], following)

    async def _page(
        self,
        collection: Collection[Any],
        where: Filter,
        sort: str,
        cursor: str | None,
        limit: int,
        fields: dict[str, int] | None,
    ) -> tuple[list[Document], str | None]:
        field, descending = sort.lstrip("-"), sort.startswith("-")
        bound = pages.after(field, descending, cursor)
        clauses = {"$and": [dict(where), bound]} if bound else where
        found = self._handle[collection.name].find(clauses, fields, session=self._session)
        ordered = found.sort(_order(sort)).limit(limit + 1)
        documents: list[Document] = await self._done(ordered.to_list(limit + 1))
        if len(documents) <= limit:
            return documents, None
        last = documents[limit - 1]
        return documents[:limit], pages.encode_cursor(last[field], str(last["_id"]))

    async def count(self, collection: Collection[Any], where: Filter, *, limit: int = 10_000) -> int:
        """How many match, counted no further than `limit`."""
        counted: int = await self._done(
            self._handle[collection.name].count_documents(where, limit=limit, session=self._session)
        )
        return counted

    async def groups(self, collection: Collection[Any], pipeline: Sequence[Filter]) -> list[dict[str, Any]]:
        found = self._handle[collection.name].aggregate(list(pipeline), session=self._session)
        rows: list[dict[str, Any]] = await found.to_list(None)
        return rows

    async def each(self, collection: Collection[T], where: Filter, batch: int = 200) -> AsyncIterator[T]:
        """All that match, in the order of the index; no more than a batch of them is in memory."""
        async for document in (
            self._handle[collection.name].find(where, session=self._session).batch_size(batch)
        ):
            yield collection.load(document)


class Tx(Reader):
    """Writes that become true together or not at all. The body that uses it may run again: no network, no memory."""

    def __init__(
        self, handle: "Handles", now: datetime, wholes: Mapping[str, Whole[Any]], session: Any = None
    ) -> None:
        super().__init__(handle, now, wholes, session)
        self.last: list[Last] = []
        self.wrote = False
        self.wrote_whole = False
        """Memory knows of this too: the answer waits until ours has been told."""
        self.witness: Any = None
        """Whoever called the body may leave something here that wants to know what it does."""

    def add(self, collection: Collection[T], item: T) -> None:
        """Insert with the commit: the last writes of a transaction share one trip to the thread pool with it.

        For what nobody in the body reads back. A duplicate aborts the transaction with Duplicate.
        """
        document = collection.dump(item)
        self.add_made(collection, lambda: document)

    def add_made(self, collection: Collection[Any], make: Callable[[], Document]) -> None:
        """As `add`, of a document that is made in the thread: for what would keep the event loop waiting."""
        self.wrote_whole |= collection.whole

        def insert(handles: Handles, session: Any, shared: bool) -> None:
            try:
                handles[collection.name].delegate.insert_one(make(), session=session)
            except DuplicateKeyError as error:
                raise Duplicate(collection.name) from error

        self.last.append(insert)

    def add_all(self, collection: Collection[T], items: Sequence[T]) -> None:
        """As `add`, of several in one trip."""
        self.wrote_whole |= collection.whole
        documents = [collection.dump(item) for item in items]

        def insert(handles: Handles, session: Any, shared: bool) -> None:
            try:
                handles[collection.name].delegate.insert_many(documents, session=session)
            except BulkWriteError as error:
                if any(one["code"] == _DUPLICATE_KEY for one in error.details["writeErrors"]):
                    raise Duplicate(collection.name) from error
                raise

        self.last.append(insert)

    def demand(
        self, collection: Collection[Any], where: Filter, how: Mapping[str, Any], otherwise: HoelunError
    ) -> None:
        """A conditional change that must come through, made with the commit; `otherwise` is raised if it does not.

        `where` names the `_id`; a document that is not there is made. Refused by a duplicate key, as it is quickest,
        a transaction is over: one that is shared looks first, so that the others' parts stay.
        """
        self._changing(collection)

        def change(handles: Handles, session: Any, shared: bool) -> None:
            target = handles[collection.name].delegate
            try:
                result = target.update_one(dict(where), dict(how), upsert=not shared, session=session)
            except DuplicateKeyError as error:
                raise otherwise from error
            if result.matched_count or result.upserted_id is not None:
                return
            if target.find_one({"_id": where["_id"]}, {"_id": 1}, session=session) is not None:
                raise otherwise
            target.update_one({"_id": where["_id"]}, dict(how), upsert=True, session=session)

        self.last.append(change)

    async def insert(self, collection: Collection[T], item: T) -> None:
        """Raises Duplicate when a unique index says that it is there already."""
        self.wrote = True
        self.wrote_whole |= collection.whole
        try:
            await self._done(
                self._handle[collection.name].insert_one(collection.dump(item), session=self._session)
            )
        except DuplicateKeyError as error:
            raise Duplicate(collection.name) from error

    def _changing(self, collection: Collection[Any]) -> Any:
        """The driver's collection, for a write that is no insert."""
        if collection.insert_only:
            raise TypeError(f"{collection.name} is insert-only")
        self.wrote_whole |= collection.whole
        return self._handle[collection.name]

    async def replace(self, collection: Collection[T], item: T, where: Filter) -> bool:
        """Put `item` in the place of the one that matches; False when none does."""
        self.wrote = True
        result = await self._done(
            self._changing(collection).replace_one(dict(where), collection.dump(item), session=self._session)
        )
        return bool(result.matched_count)

    async def put(self, collection: Collection[T], item: T) -> None:
        self.wrote = True
        document = collection.dump(item)
        await self._done(
            self._changing(collection).replace_one(
                {"_id": document["_id"]}, document, upsert=True, session=self._session
            )
        )

    async def put_all(self, collection: Collection[T], items: Sequence[T]) -> None:
        """Put each in the place of the one with its id, in one trip. Raises Duplicate as `insert` does."""
        self.wrote = True
        documents = [collection.dump(item) for item in items]
        if not documents:
            return
        puts = [ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in documents]
        try:
            await self._done(self._changing(collection).bulk_write(puts, session=self._session))
        except BulkWriteError as error:
            if any(one["code"] == _DUPLICATE_KEY for one in error.details["writeErrors"]):
                raise Duplicate(collection.name) from error
            raise

    async def change(
        self, collection: Collection[Any], where: Filter, how: Mapping[str, Any], *, upsert: bool = False
    ) -> bool:
        """Conditional update of one document; False when none matched: somebody was faster or a guard said no.

        With `upsert` a document that is not there is made; Duplicate says that it is there and did not match.
        """
        self.wrote = True
        try:
            result = await self._done(
                self._changing(collection).update_one(
                    dict(where), dict(how), upsert=upsert, session=self._session
                )
            )
        except DuplicateKeyError as error:
            raise Duplicate(collection.name) from error
        return bool(result.matched_count) or result.upserted_id is not None

    async def change_all(self, collection: Collection[Any], where: Filter, how: Mapping[str, Any]) -> int:
        self.wrote = True
        result = await self._done(
            self._changing(collection).update_many(dict(where), dict(how), session=self._session)
        )
        return int(result.modified_count)

    async def change_each(
        self, collection: Collection[Any], changes: Sequence[tuple[Filter, Mapping[str, Any]]]
    ) -> int:
        """Several conditional updates of one document each, in one trip; how many of them matched."""
        self.wrote = True
        updates = [UpdateOne(dict(where), dict(how)) for where, how in changes]
        if not updates:
            return 0
        result = await self._done(
            self._changing(collection).bulk_write(updates, ordered=False, session=self._session)
        )
        return int(result.matched_count)

    async def take(
        self,
        collection: Collection[T],
        where: Filter,
        how: Mapping[str, Any],
        *,
        sort: str = "_id",
        upsert: bool = False,
    ) -> T | None:
        """Change one matching document, the first by `sort`, and return it as it is afterwards."""
        self.wrote = True
        try:
            document = await self._done(
                self._changing(collection).find_one_and_update(
                    dict(where),
                    dict(how),
                    sort=_order(sort)[:1],  # whichever of equals: an index on the field alone is enough
                    upsert=upsert,
                    return_document=ReturnDocument.AFTER,
                    session=self._session,
                )
            )
        except DuplicateKeyError as error:
            raise Duplicate(collection.name) from error
        return None if document is None else collection.load(document)

    async def delete(self, collection: Collection[Any], where: Filter) -> bool:
        self.wrote = True
        result = await self._done(self._changing(collection).delete_one(dict(where), session=self._session))
        return bool(result.deleted_count)

    async def delete_all(self, collection: Collection[Any], where: Filter) -> int:
        self.wrote = True
        result = await self._done(self._changing(collection).delete_many(dict(where), session=self._session))
        return int(result.deleted_count)


async def to_its_end(operation: Awaitable[R]) -> R:
    """Await an operation of the driver to its end, also when whoever awaits is cancelled: a thread speaks on the
    session until then, and nobody may abort or reuse it meanwhile."""
    speaking = asyncio.ensure_future(operation)
    try:
        return await asyncio.shield(speaking)
    except asyncio.CancelledError:
        await asyncio.wait({speaking})
        if not speaking.cancelled():
            speaking.exception()
        raise


def _order(sort: str) -> list[tuple[str, int]]:
    field, way = sort.lstrip("-"), -1 if sort.startswith("-") else 1
    return [(field, way)] if field == "_id" else [(field, way), ("_id", way)]
