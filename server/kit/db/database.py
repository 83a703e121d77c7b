"""One client, one database, one way to write: `atomically`.

Settings and retry rules follow the driver's documentation for transactions: TransientTransactionError reruns the
body, UnknownTransactionCommitResult only the commit, both within a bound; everything is majority and journalled.
"""

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from pymongo.errors import ConnectionFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from server.kit.clock import Clock
from server.kit.db import schema
from server.kit.db.caches import Follower, Whole
from server.kit.db.collection import Collection
from server.kit.db.idempotency import RECEIPTS, Once, Reply
from server.kit.db.tx import Duplicate, Reader, Tx
from server.kit.errors import HoelunError, Unavailable

R = TypeVar("R")
Body = Callable[[Tx], Awaitable[R]]

_TRIES = 12
_MAJORITY = WriteConcern("majority", j=True)


class DatabaseUnavailable(Unavailable):
    """系统正忙，请稍后再试，已填写的内容不会丢"""


class Lanes:
    """Requests of this process for one contended document queue up, instead of colliding in the database."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @contextlib.asynccontextmanager
    async def hold(self, names: Iterable[str]) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            for name in sorted(set(names)):
                await stack.enter_async_context(self._one(name))
            yield

    @contextlib.asynccontextmanager
    async def _one(self, name: str) -> AsyncIterator[None]:
        lock, users = self._locks.get(name, (asyncio.Lock(), 0))
        self._locks[name] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks.pop(name)
            if users > 1:
                self._locks[name] = (lock, users - 1)


class Database:
    """The database of this process. Every method raises DatabaseUnavailable when the deadline passes."""

    def __init__(self, client: Any, name: str, clock: Clock, deadline_s: float) -> None:
        self._client = client
        self._handle = client[name]
        self._clock = clock
        self._deadline_s = deadline_s
        self._lanes = Lanes()
        self._wholes: dict[str, Whole[Any]] = {}
        self.follower = Follower(self._handle)

    def reader(self) -> Reader:
        return Reader(self._handle, self._clock.now(), self._wholes)

    def now(self) -> datetime:
        return self._clock.now()

    async def atomically(self, body: Body[R], *, lanes: Iterable[str] = ()) -> R:
        """Run `body` in one transaction and return what it returns; nothing of it stays when it raises."""
        try:
            async with asyncio.timeout(self._deadline_s):
                async with self._lanes.hold(lanes):
                    return await self._attempts(body)
        except TimeoutError as error:
            raise DatabaseUnavailable(retry_after=1) from error
        except PyMongoError as error:
            raise DatabaseUnavailable(retry_after=1) from error

    async def atomically_once(
        self, once: Once | None, body: Body[Reply], *, lanes: Iterable[str] = ()
    ) -> Reply:
        """As `atomically`, and a repeat of `once` gets the first reply, also when the repeat was refused because
        of what the first one did."""
        if once is None:
            return await self.atomically(body, lanes=lanes)

        async def with_receipt(tx: Tx) -> Reply:
            reply = await body(tx)
            await tx.insert(RECEIPTS, once.receipt(reply, tx.now))
            return reply

        try:
            return await self.atomically(with_receipt, lanes=lanes)
        except HoelunError as refusal:
            if isinstance(refusal, Unavailable):
                raise
            receipt = await self.reading(lambda reader: reader.get(RECEIPTS, once.receipt_id))
            if receipt is None:
                raise
            return once.replay(receipt)

    async def replay(self, once: Once) -> Reply | None:
        """The stored first reply, where there is one."""
        receipt = await self.reading(lambda reader: reader.get(RECEIPTS, once.receipt_id))
        return None if receipt is None else once.replay(receipt)

    async def reading(self, body: Callable[[Reader], Awaitable[R]]) -> R:
        """A read under the request's deadline."""
        try:
            async with asyncio.timeout(self._deadline_s):
                return await body(self.reader())
        except (TimeoutError, PyMongoError) as error:
            raise DatabaseUnavailable(retry_after=1) from error

    async def alone(self, body: Body[R]) -> R:
        """Single-document writes that need no company: leases, counters, read marks."""
        try:
            async with asyncio.timeout(self._deadline_s):
                return await body(Tx(self._handle, self._clock.now(), self._wholes))
        except (TimeoutError, PyMongoError) as error:
            raise DatabaseUnavailable(retry_after=1) from error

    async def _attempts(self, body: Body[R]) -> R:
        for attempt in range(_TRIES):
            async with await self._client.start_session() as session:
                try:
                    return await self._attempt(session, body)
                except PyMongoError as error:
                    if not error.has_error_label("TransientTransactionError"):
                        raise
            await asyncio.sleep(random.uniform(0, 0.002 * 2 ** min(attempt, 6)))
        raise DatabaseUnavailable(retry_after=1)

    async def _attempt(self, session: Any, body: Body[R]) -> R:
        session.start_transaction(ReadConcern("snapshot"), _MAJORITY, ReadPreference.PRIMARY)
        try:
            result = await body(Tx(self._handle, self._clock.now(), self._wholes, session))
        except BaseException:
            if session.in_transaction:
                await asyncio.shield(_aborted(session))
            raise
        await _committed(session)
        return result

    async def ensure(self, collections: list[Collection[Any]]) -> None:
        """Create collections, validators and indexes where they are missing or differ."""
        await schema.ensure(self._handle, [*collections, RECEIPTS])

    async def start(self, collections: list[Collection[Any]]) -> None:
        """Check the collections, follow the changes, read the whole ones into memory."""
        await self.ensure(collections)
        for one in collections:
            if one.whole:
                self._wholes[one.name] = Whole(self.follower, one.name, one.load)
        await self.follower.start()
        for whole in self._wholes.values():
            await whole.load_all()

    async def renew(self) -> None:
        """Read the whole collections again: for when the changes could not be followed."""
        for whole in self._wholes.values():
            await whole.load_all()

    async def problems(self, collections: list[Collection[Any]]) -> list[str]:
        return await schema.problems(self._handle, [*collections, RECEIPTS])

    async def ping(self) -> None:
        try:
            async with asyncio.timeout(self._deadline_s):
                await self._client.admin.command("ping")
        except (TimeoutError, PyMongoError) as error:
            raise DatabaseUnavailable from error

    async def drop(self) -> None:
        """Forget everything (`demo --fresh`, tests)."""
        await self._client.drop_database(self._handle.name)

    async def close(self) -> None:
        await self.follower.close()
        self._client.close()


async def _aborted(session: Any) -> None:
    with contextlib.suppress(PyMongoError):
        await session.abort_transaction()


async def _committed(session: Any) -> None:
    for _ in range(_TRIES):
        try:
            await session.commit_transaction()
            return
        except PyMongoError as error:
            if not error.has_error_label("UnknownTransactionCommitResult"):
                raise
    raise ConnectionFailure("the outcome of a commit stayed unknown")


def connect(url: str, name: str, clock: Clock, *, threads: int, deadline_s: float) -> Database:
    """A client for the running event loop. The driver's thread pool is sized once, before its first import."""
    os.environ.setdefault("MOTOR_MAX_WORKERS", str(threads))
    from motor.motor_asyncio import AsyncIOMotorClient

    client: Any = AsyncIOMotorClient(
        url,
        tz_aware=True,
        w="majority",
        journal=True,
        readConcernLevel="majority",
        serverSelectionTimeoutMS=5000,
        connectTimeoutMS=1000,
        heartbeatFrequencyMS=500,
        maxPoolSize=threads * 4,
        io_loop=asyncio.get_running_loop(),
    )
    return Database(client, name, clock, deadline_s)


__all__ = ["Database", "DatabaseUnavailable", "Duplicate", "connect"]
