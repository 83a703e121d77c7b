"""One client, one database, one way to write: `atomically`.

Settings and retry rules follow the driver's documentation for transactions: TransientTransactionError reruns the
body, UnknownTransactionCommitResult only the commit, both within a bound; everything is majority and journalled.
"""

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

import structlog
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from server.kit.clock import Clock
from server.kit.db import patience, schema, together
from server.kit.db.caches import Follower, Whole
from server.kit.db.collection import Collection
from server.kit.db.gridfs import GridFiles
from server.kit.db.idempotency import RECEIPTS, Once, Reply
from server.kit.db.together import Together
from server.kit.db.tx import Duplicate, Handles, Last, Reader, Tx, to_its_end
from server.kit.errors import HoelunError, Unavailable

R = TypeVar("R")
Body = Callable[[Tx], Awaitable[R]]

_TRIES = 12
_MAJORITY = WriteConcern("majority", j=True)
_OUR_FAULT = frozenset({2, 9, 14, 121})
"""BadValue, FailedToParse, TypeMismatch, DocumentValidationFailure."""

log = structlog.get_logger()


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

    def __init__(self, client: Any, name: str, clock: Clock, threads: int, deadline_s: float) -> None:
        self._client = client
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="db")
        self._handle = client[name]
        self._collections = Handles(self._handle)
        self._clock = clock
        self._deadline_s = deadline_s
        self._lanes = Lanes()
        self._wholes: dict[str, Whole[Any]] = {}
        self._together = Together(self._attempts, self._attempts_together)
        self._under_way: set[asyncio.Task[Any]] = set()
        self.follower = Follower(self._handle)

    def reader(self) -> Reader:
        return Reader(self._collections, self._clock.now(), self._wholes)

    def now(self) -> datetime:
        return self._clock.now()

    def begin_request(self) -> None:
        """All that this task asks from now on shares one deadline."""
        patience.begin(self._deadline_s)

    def _patience(self) -> float:
        return patience.left(self._deadline_s)

    async def atomically(
        self, body: Body[R], *, lanes: Iterable[str] = (), with_whom: str | None = None
    ) -> R:
        """Run `body` in one transaction and return what it returns; nothing of it stays when it raises.

        Bodies with a lane in common run one after the other. Bodies that name the same `with_whom` may share a
        transaction: for those whose writes all wait for the commit.

        Past the deadline the caller gets DatabaseUnavailable at once. The attempt is cancelled, which takes effect
        when the operation that is under way has ended: a driver session must not be aborted while a thread still
        speaks on it. If that operation was the commit, the caller's idempotency key finds what came of it.
        """
        seconds = self._patience()
        give_up = asyncio.get_running_loop().time() + seconds
        work = (
            self._together.join(with_whom, body, give_up)
            if with_whom
            else self._in_lanes(body, lanes, give_up)
        )
        attempt: asyncio.Task[R] = asyncio.create_task(work, name="transaction")
        self._under_way.add(attempt)
        attempt.add_done_callback(self._ended)
        done, _ = await asyncio.wait({attempt}, timeout=seconds)
        if not done:
            attempt.cancel()
            raise DatabaseUnavailable(retry_after=1)
        try:
            return attempt.result()
        except PyMongoError as error:
            raise _outage(error) from error

    def _ended(self, attempt: asyncio.Task[Any]) -> None:
        self._under_way.discard(attempt)
        if not attempt.cancelled():
            attempt.exception()

    async def _in_lanes(self, body: Body[R], lanes: Iterable[str], give_up: float) -> R:
        async with self._lanes.hold(lanes):
            return await self._attempts(body, give_up)

    async def atomically_once(
        self,
        once: Once | None,
        body: Body[Reply],
        *,
        lanes: Iterable[str] = (),
        with_whom: str | None = None,
    ) -> Reply:
        """As `atomically`, and a repeat of `once` gets the first reply, also when the repeat was refused because
        of what the first one did."""
        if once is None:
            return await self.atomically(body, lanes=lanes, with_whom=with_whom)

        async def with_receipt(tx: Tx) -> Reply:
            reply = await body(tx)
            tx.add_made(RECEIPTS, once.receipt(reply, tx.now))
            return reply

        try:
            return await self.atomically(with_receipt, lanes=lanes, with_whom=with_whom)
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
            async with asyncio.timeout(self._patience()):
                return await body(self.reader())
        except (TimeoutError, PyMongoError) as error:
            raise _outage(error) from error

    async def alone(self, body: Body[R]) -> R:
        """Single-document writes that need no company: leases, counters, read marks."""
        try:
            async with asyncio.timeout(self._patience()):
                return await body(Tx(self._collections, self._clock.now(), self._wholes))
        except (TimeoutError, PyMongoError) as error:
            raise _outage(error) from error

    async def _attempts(self, body: Body[R], give_up: float) -> R:
        loop = asyncio.get_running_loop()
        for attempt in range(_TRIES):
            if loop.time() >= give_up:
                break
            with self._session() as session:
                try:
                    result, wrote_whole = await self._attempt(session, body)
                    written = session.operation_time
                except PyMongoError as error:
                    if not error.has_error_label("TransientTransactionError"):
                        raise
                else:
                    if wrote_whole:
                        await self.follower.told_of(written)
                    return result
            await asyncio.sleep(random.uniform(0, 0.002 * 2 ** min(attempt, 6)))
        raise DatabaseUnavailable(retry_after=1)

    async def _attempts_together(self, bodies: list[Body[Any]], give_up: float) -> list[Any]:
        """Several bodies in one transaction: for each its result or its refusal. Raises Apart, and the driver's."""
        async with asyncio.timeout_at(give_up):
            with self._session() as session:
                async with self._transaction(session):
                    parts = await together.run(bodies, lambda: self._tx(session))
                    outcomes: list[Any] = []
                    await self._in_thread(self._written_together, session.delegate, parts, outcomes)
                return outcomes

    @contextlib.contextmanager
    def _session(self) -> Iterator[Any]:
        """A driver session without the two trips to the thread pool that the driver makes for it: opening and
        closing one sends nothing over the network, since the transaction has ended by then."""
        from motor.motor_asyncio import AsyncIOMotorClientSession

        plain = self._client.delegate.start_session(causal_consistency=False)
        try:
            yield AsyncIOMotorClientSession(plain, self._client)
        finally:
            plain.end_session()

    async def _attempt(self, session: Any, body: Body[R]) -> tuple[R, bool]:
        async with self._transaction(session):
            tx = self._tx(session)
            result = await body(tx)
            await self._in_thread(self._written, session.delegate, tx.last)
        return result, tx.wrote_whole

    @contextlib.asynccontextmanager
    async def _transaction(self, session: Any) -> AsyncIterator[None]:
        session.start_transaction(ReadConcern("snapshot"), _MAJORITY, ReadPreference.PRIMARY)
        try:
            yield
        except BaseException:
            if session.in_transaction:
                await to_its_end(
                    _aborted(session)
                )  # or closing the session would abort it, on the event loop
            raise

    def _tx(self, session: Any) -> Tx:
        return Tx(self._collections, self._clock.now(), self._wholes, session)

    async def _in_thread(self, work: Callable[..., None], *arguments: Any) -> None:
        await to_its_end(asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments))

    def _written(self, session: Any, last: list[Last]) -> None:
        """The writes that could wait, and the commit. Runs in a thread."""
        for write in last:
            write(self._collections, session, False)
        _committed(session)

    def _written_together(
        self, session: Any, parts: list[tuple[Any, list[Last]]], outcomes: list[Any]
    ) -> None:
        outcomes += together.write(parts, lambda last: last(self._collections, session, True))
        _committed(session)

    async def ensure(self, collections: list[Collection[Any]]) -> None:
        """Create collections, validators and indexes where they are missing or differ."""
        await schema.ensure(self._handle, [*collections, RECEIPTS])

    async def start(self, collections: list[Collection[Any]]) -> None:
        """Check the collections, follow the changes, read the whole ones into memory."""
        await self.ensure(collections)
        await self.files().set_up()
        for one in collections:
            if one.whole:
                self._wholes[one.name] = Whole(self.follower, one.name, one.load)
        await self.follower.start()
        for whole in self._wholes.values():
            await whole.load_all()

    def files(self) -> GridFiles:
        return GridFiles(self._handle, self._deadline_s)

    async def renew(self) -> None:
        """Read the whole collections again: for when the changes could not be followed."""

        async def all_of_them(reader: Reader) -> None:
            for whole in self._wholes.values():
                await whole.load_all()

        await self.reading(all_of_them)

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
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._deadline_s)
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()


def _outage(error: Exception) -> DatabaseUnavailable:
    """What the database itself refused is a fault of ours, raised as it is; all else is called an outage."""
    if isinstance(error, OperationFailure) and error.code in _OUR_FAULT:
        raise error
    log.warning("database.unavailable", error=type(error).__name__)
    return DatabaseUnavailable(retry_after=1)


async def _aborted(session: Any) -> None:
    with contextlib.suppress(PyMongoError):
        await session.abort_transaction()


def _committed(session: Any) -> None:
    """Only the commit is repeated when its outcome is unknown."""
    for _ in range(_TRIES):
        try:
            session.commit_transaction()
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
    return Database(client, name, clock, threads, deadline_s)


__all__ = ["Database", "DatabaseUnavailable", "Duplicate", "connect"]
