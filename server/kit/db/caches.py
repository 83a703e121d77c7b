"""Memory that follows the database: one change stream for each process feeds every cache.

The stream only wakes and corrects; the database stays the truth. While the stream cannot be trusted (lost, or silent
for longer than a second or so), caches answer nothing and callers read the database: stale data is never served as
fresh.
"""

import asyncio
import contextlib
import functools
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Generic, TypeVar

import structlog
from msgspec import Struct
from pymongo.errors import OperationFailure, PyMongoError

T = TypeVar("T")
log = structlog.get_logger()

_SILENT_AFTER_S = 1.5
_AWAIT_MS = 400
_GATHER_S = 0.02
_TELL_WITHIN_S = 0.5
_RETRY_S = 0.2
_OPEN_WITHIN_S = 15.0
_CURSOR_NOT_FOUND = 43


class Change(Struct, frozen=True):
    """One change: `fields` are those an update set (dotted paths), `document` the whole of an insert or replace."""

    collection: str
    item_id: str
    operation: str
    document: dict[str, Any] | None
    fields: dict[str, Any]


class Follower:
    """Follows the change stream and tells the listeners of each collection, in order, resuming after faults.

    `edition` grows whenever anything in a whole collection changes: what is derived from memory keeps it beside.
    """

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._listeners: dict[str, list[Callable[[Change], None]]] = {}
        self._on_gap: list[Callable[[], None]] = []
        self._arrivals: dict[str, list[tuple[Mapping[str, Any], Callable[[], None]]]] = {}
        self._token: Any = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._heard = 0.0
        self._missing = False
        self.edition = 0
        self._opened = asyncio.Event()
        self._told: Any = None
        self._reloading: set[asyncio.Task[None]] = set()
        self._waiting: list[tuple[Any, asyncio.Future[None]]] = []
        self._asked = asyncio.Event()

    @property
    def trusted(self) -> bool:
        return time.monotonic() - self._heard < _SILENT_AFTER_S

    def listen(
        self, collection: str, on_change: Callable[[Change], None], on_gap: Callable[[], None] | None = None
    ) -> None:
        """`on_gap` is called when changes may have been missed: forget what you remember."""
        self._listeners.setdefault(collection, []).append(on_change)
        if on_gap is not None:
            self._on_gap.append(on_gap)

    def arrivals(self, collection: str, where: Mapping[str, Any], wake: Callable[[], None]) -> None:
        """`wake` is called for each new document with these values, and for nothing else that happens to it: of a busy
        collection not every change is told."""
        self._arrivals.setdefault(collection, []).append((where, wake))

    async def told_of(self, written: Any) -> None:
        """Until memory has been told of what was committed at this cluster time, so that whoever changed something
        sees it in the next answer. Not for long: a write that changed nothing is never told."""
        waiting = (written, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._asked.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TELL_WITHIN_S):
                if self.trusted and (self._told is None or self._told < written):
                    await waiting[1]
                if self._reloading:
                    await asyncio.wait(self._reloading)
        self._waiting.remove(waiting)

    async def documents(self, collection: str, where: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self._handle[collection].find(where).to_list(None)
        return found

    async def start(self) -> None:
        """Follow from now on; returns when the stream is open. Raises TimeoutError when it does not open."""
        self.background(self._follow(), "follower")
        async with asyncio.timeout(_OPEN_WITHIN_S):
            await self._opened.wait()

    def background(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Work that ends with the follower at the latest."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def reload(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Something told is being read again: memory has it when this has ended."""
        task = self.background(work, name)
        self._reloading.add(task)
        task.add_done_callback(self._reloading.discard)

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self) -> None:
        while True:
            try:
                await self._stream()
            except OperationFailure as error:
                if error.code != _CURSOR_NOT_FOUND and not error.has_error_label(
                    "ResumableChangeStreamError"
                ):
                    self._forget(error)
            except PyMongoError as error:
                log.info("follower.lost", error=type(error).__name__)
            except Exception as error:
                log.exception("follower.failed")
                self._forget(error)
            await asyncio.sleep(_RETRY_S)

    async def _stream(self) -> None:
        """The stream as plain commands: one trip brings a whole batch, where the driver's own stream makes one
        for each change, and under load the changes of a moment come together. After a pause memory is trusted
        again when it has been told all that happened before the stream was back."""
        session = await self._handle.client.start_session(causal_consistency=False)
        async with session:
            behind, watched = self._token is not None, self._watched()
            answer = await self._command(session, self._opening(watched))
            until, asked_more = answer["operationTime"], False
            if self._missing:
                self._missing = False
                self._gap()
            self._opened.set()
            while True:
                cursor = answer["cursor"]
                batch = cursor.get("firstBatch") or cursor.get("nextBatch") or []
                for raw in batch:
                    self._tell(raw)
                if batch:
                    self._told_until(batch[-1]["clusterTime"])
                self._token = cursor["postBatchResumeToken"]
                if batch[-1]["clusterTime"] >= until if batch else asked_more:
                    behind = False
                if not behind:
                    self._heard = time.monotonic()
                if watched != self._watched():
                    kill = {"killCursors": "$cmd.aggregate", "cursors": [cursor["id"]]}
                    await self._command(session, kill)
                    return
                if batch:
                    await self._gather()
                more = {"getMore": cursor["id"], "collection": "$cmd.aggregate", "maxTimeMS": _AWAIT_MS}
                answer, asked_more = await self._command(session, more), True

    async def _gather(self) -> None:
        """Let the changes of a moment come together, unless somebody waits to be told of theirs."""
        if all(known.done() for _, known in self._waiting):
            self._asked.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GATHER_S):
                    await self._asked.wait()

    def _told_until(self, told: Any) -> None:
        self._told = told
        for written, known in self._waiting:
            if written <= told and not known.done():
                known.set_result(None)

    def _opening(self, watched: dict[str, Any]) -> dict[str, Any]:
        start = {"resumeAfter": self._token} if self._token else {}
        return {"aggregate": 1, "pipeline": [{"$changeStream": start}, {"$match": watched}], "cursor": {}}

    def _watched(self) -> dict[str, Any]:
        """What was asked for so far; who asks later has the stream opened anew, where it was."""
        every: list[dict[str, Any]] = [{"ns.coll": {"$in": sorted(self._listeners)}}]
        for collection, asked in sorted(self._arrivals.items()):
            for where, _ in asked:
                values = {f"fullDocument.{name}": value for name, value in where.items()}
                every.append({"ns.coll": collection, "operationType": "insert", **values})
        return {"$or": every}

    async def _command(self, session: Any, command: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = await self._handle.command(
            command, session=session, codec_options=self._handle.codec_options
        )
        return answer

    def _tell(self, raw: dict[str, Any]) -> None:
        collection = raw.get("ns", {}).get("coll")
        if collection is None or "documentKey" not in raw:
            self._gap()
            return
        change = Change(
            collection,
            str(raw["documentKey"]["_id"]),
            raw["operationType"],
            raw.get("fullDocument"),
            raw.get("updateDescription", {}).get("updatedFields", {}),
        )
        for listener in self._listeners.get(collection, ()):
            listener(change)
        if change.operation == "insert":
            self._arrived(collection, change.document or {})

    def _arrived(self, collection: str, document: Mapping[str, Any]) -> None:
        for where, wake in self._arrivals.get(collection, ()):
            if all(document.get(name) == value for name, value in where.items()):
                wake()

    def _forget(self, error: Exception) -> None:
        """Changes are missed from here on until a new stream is open: nothing is trusted before."""
        log.warning("follower.gap", error=type(error).__name__)
        self._token, self._missing, self._heard = None, True, 0.0

    def _gap(self) -> None:
        for forget in self._on_gap:
            forget()


class Cache(Generic[T]):
    """Values by id, loaded on demand, dropped when their document changes; at most `size`, the oldest leave first."""

    def __init__(self, follower: Follower, collection: str, size: int) -> None:
        self._follower = follower
        self._size = size
        self._items: OrderedDict[str, T] = OrderedDict()
        self._epoch = 0
        follower.listen(collection, self._changed, self.clear)

    def peek(self, item_id: str) -> T | None:
        """What memory knows, at no cost; None when it cannot be trusted or does not know."""
        return self._items.get(item_id) if self._follower.trusted else None

    async def get(self, item_id: str, load: Callable[[], Awaitable[T | None]]) -> T | None:
        """From memory, else loaded. A value loaded while a change arrived is returned and not kept."""
        known = self.peek(item_id)
        if known is not None:
            return known
        epoch = self._epoch
        loaded = await load()
        if loaded is not None and epoch == self._epoch:
            self.keep(item_id, loaded)
        return loaded

    def keep(self, item_id: str, value: T) -> None:
        self._items[item_id] = value
        self._items.move_to_end(item_id)
        if len(self._items) > self._size:
            self._items.popitem(last=False)

    def drop(self, item_id: str) -> None:
        """Forget it now; what is being loaded meanwhile is not kept either."""
        self._epoch += 1
        self._items.pop(item_id, None)

    def clear(self) -> None:
        self._epoch += 1
        self._items.clear()

    def _changed(self, change: Change) -> None:
        if change.operation != "insert":
            self.drop(change.item_id)


class Whole(Generic[T]):
    """A small collection kept whole in memory; `version` grows with every change, for what is derived from it."""

    def __init__(self, follower: Follower, collection: str, load: Callable[[dict[str, Any]], T]) -> None:
        self._follower = follower
        self._name = collection
        self._load = load
        self._readings: dict[object, list[Change]] = {}
        self.items: dict[str, T] = {}
        self.version = 0
        follower.listen(collection, self._heard, self._reload_soon)

    async def load_all(self) -> None:
        """Read everything; call after the follower has started. Changes heard while reading are laid over it."""
        documents, meanwhile = await self._read({})
        self.items = {str(one["_id"]): self._load(one) for one in documents}
        self._grow()
        for change in meanwhile:
            self._changed(change)

    async def _read(self, where: dict[str, Any]) -> tuple[list[dict[str, Any]], list[Change]]:
        """What is stored, and what changed after we asked."""
        reading = object()
        meanwhile = self._readings.setdefault(reading, [])
        try:
            return await self._follower.documents(self._name, where), meanwhile
        finally:
            del self._readings[reading]

    def get(self, item_id: str) -> T | None:
        return self.items.get(item_id)

    def _grow(self) -> None:
        self.version += 1
        self._follower.edition += 1

    def _heard(self, change: Change) -> None:
        for meanwhile in self._readings.values():
            meanwhile.append(change)
        self._changed(change)

    def _changed(self, change: Change) -> None:
        if change.document is not None:
            self._set(change.item_id, change.document)
        elif change.operation == "delete":
            self.items.pop(change.item_id, None)
            self._grow()
        else:
            self._soon(functools.partial(self._reload_one, change.item_id))

    def _set(self, item_id: str, document: dict[str, Any]) -> None:
        self.items[item_id] = self._load(document)
        self._grow()

    async def _reload_one(self, item_id: str) -> None:
        documents, meanwhile = await self._read({"_id": item_id})
        if any(one.item_id == item_id for one in meanwhile):
            return
        for document in documents:
            self._set(item_id, document)

    def _reload_soon(self) -> None:
        self._soon(self.load_all)

    def _soon(self, work: Callable[[], Awaitable[None]]) -> None:
        self._follower.reload(_until_done(work, self._reload_soon), f"reload-{self._name}")


async def _until_done(work: Callable[[], Awaitable[None]], again: Callable[[], None]) -> None:
    try:
        await work()
    except PyMongoError:
        await asyncio.sleep(_RETRY_S)
        again()
