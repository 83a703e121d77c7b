"""Rows that are due are leased, worked off and finished; a worker that dies leaves them to the next one.

A lease moves `due_at` into the future and raises `fence`, so one index finds the work and a worker that slept
through its lease cannot finish what another has taken since.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

import structlog
from msgspec import Struct

from server.kit.db import MOMENT, Collection, Database, DatabaseUnavailable, Index, Stored
from server.kit.metrics import Metrics

log = structlog.get_logger()

_POLL_S = 1.0
_DOUBLINGS = 60


class Leased(Stored, kw_only=True):
    """A row that a worker works off when it is due; `due_at` null: nothing to do. `dead_at`: it was given up then."""

    due_at: datetime | None = None
    dead_at: datetime | None = None
    fence: int = 0
    attempts: int = 0
    owner: str = ""
    error: str = ""
    request_id: str = ""


DUE = Index(("due_at",), only={"due_at": MOMENT})
DEAD = Index(("-dead_at", "-_id"), only={"dead_at": MOMENT})
"""For queues whose rows can be given up: what was, newest first."""

L = TypeVar("L", bound=Leased)
Settled = dict[str, Any] | None


class RetryPolicy(Struct, frozen=True):
    """Waits double from `first_s` to `longest_s`, with a tenth of jitter; after `attempts` the row is dead."""

    attempts: int = 8
    first_s: float = 1.0
    longest_s: float = 600.0

    def wait(self, attempts: int) -> timedelta:
        seconds = min(self.first_s * 2 ** min(attempts - 1, _DOUBLINGS), self.longest_s)
        return timedelta(seconds=seconds * random.uniform(0.9, 1.1))


FOREVER = RetryPolicy(attempts=1_000_000, longest_s=60)
"""For what must not be given up: it is tried again at least every minute."""


class Queue(Generic[L]):
    """Works off one collection.

    `handle` returns what to set on the row when it is done (`{"due_at": None, …}`), or None when it has settled the
    row itself. An exception is a failed attempt: retried by the policy, dead after the last; `dead` is then set too.
    `where` are the rows that are this queue's, by fields that an index has before `due_at`. Nothing is taken up while it
    `rests`.
    """

    def __init__(
        self,
        name: str,
        collection: Collection[L],
        handle: Callable[[L], Awaitable[Settled]],
        *,
        lease_s: float = 30.0,
        parallel: int = 8,
        retry: RetryPolicy,
        dead: Mapping[str, Any] | None = None,
        where: Mapping[str, Any] | None = None,
        rests: Callable[[], bool] = lambda: False,
    ) -> None:
        self.name = name
        self.collection = collection
        self.where = where or {}
        self._handle = handle
        self._lease = timedelta(seconds=lease_s)
        self._parallel = parallel
        self._retry = retry
        self._dead = dead or {}
        self._rests = rests

    async def run_due(self, db: Database, owner: str, metrics: Metrics) -> int:
        """Work off everything that is due now; how many rows that was. One looks first: where nothing is due, the others
        need not ask the database."""
        first = await self._take(db, owner)
        if first is None:
            return 0
        others = (self._drain(db, owner, metrics) for _ in range(self._parallel - 1))
        return sum(await asyncio.gather(self._drain(db, owner, metrics, first), *others))

    async def run(
        self, db: Database, owner: str, metrics: Metrics, wake: asyncio.Event, stop: asyncio.Event
    ) -> None:
        """Work until stopped; `wake` saves the wait, the poll catches what the wake missed."""
        while not stop.is_set():
            wake.clear()
            try:
                await self.run_due(db, owner, metrics)
            except DatabaseUnavailable:
                log.info("jobs.database_unavailable", queue=self.name)
            await _first_of(wake, stop, _POLL_S)

    async def _drain(self, db: Database, owner: str, metrics: Metrics, row: L | None = None) -> int:
        done, row = 0, row or await self._take(db, owner)
        while row is not None:
            await self._work(db, row, metrics)
            done, row = done + 1, await self._take(db, owner)
        return done

    async def _take(self, db: Database, owner: str) -> L | None:
        if self._rests():
            return None
        now = db.now()
        return await db.alone(
            lambda tx: tx.take(
                self.collection,
                {**self.where, "due_at": {"$lte": now}},
                {"$set": {"due_at": now + self._lease, "owner": owner}, "$inc": {"fence": 1, "attempts": 1}},
                sort="due_at",
            )
        )

    async def _work(self, db: Database, row: L, metrics: Metrics) -> None:
        with structlog.contextvars.bound_contextvars(job=row.id, request_id=row.request_id):
            try:
                settled = await self._handle(row)
                outcome = "done"
            except DatabaseUnavailable:
                raise
            except Exception as error:
                settled = self._failed(db.now(), row, error)
                outcome = "retry" if settled["due_at"] else "dead"
        metrics.jobs.labels(self.name, outcome).inc()
        if settled is not None:
            if self._dead and self._dead.items() <= settled.items():
                settled = {**settled, "dead_at": db.now()}
            await self._finish(db, row, settled)

    def _failed(self, now: datetime, row: L, error: Exception) -> dict[str, Any]:
        dead = row.attempts >= self._retry.attempts
        log.warning("jobs.failed", queue=self.name, dead=dead, attempts=row.attempts, exc_info=error)
        told = f"{type(error).__name__}: {error}"[:500]
        if dead:
            return {"due_at": None, "error": told, **self._dead}
        return {"due_at": now + self._retry.wait(row.attempts), "error": told}

    async def _finish(self, db: Database, row: L, settled: dict[str, Any]) -> None:
        await db.alone(
            lambda tx: tx.change(self.collection, {"_id": row.id, "fence": row.fence}, {"$set": settled})
        )


async def due(db: Database, queues: Sequence[Queue[Any]]) -> set[str]:
    """The names of the queues that have something to do now, in one trip for all of them."""
    first, *others = queues
    pipeline = _look(first, db.now())
    for one in others:
        pipeline.append({"$unionWith": {"coll": one.collection.name, "pipeline": _look(one, db.now())}})
    rows = await db.reading(lambda reader: reader.groups(first.collection, pipeline))
    return {row["queue"] for row in rows}


def _look(queue: Queue[Any], now: datetime) -> list[dict[str, Any]]:
    named = {"$project": {"_id": 0, "queue": {"$literal": queue.name}}}
    return [{"$match": {**queue.where, "due_at": {"$lte": now}}}, {"$limit": 1}, named]


async def _first_of(wake: asyncio.Event, stop: asyncio.Event, seconds: float) -> None:
    waits = [asyncio.ensure_future(wake.wait()), asyncio.ensure_future(stop.wait())]
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for one in waits:
        one.cancel()


class Premises(Protocol):
    """What the work of a noun's own queue or sweep is given of the building."""

    @property
    def settings(self) -> Any: ...
    @property
    def db(self) -> Database: ...


class QueueOf(Generic[L]):
    """A queue that a noun declares beside its collection; every worker finds it and works it off.

    `work` is as a Queue's `handle`, given the building first.
    """

    def __init__(
        self,
        name: str,
        collection: Collection[L],
        work: Callable[[Any, L], Awaitable[Settled]],
        *,
        parallel: int = 4,
        retry: RetryPolicy = FOREVER,
        dead: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.collection = collection
        self.work = work
        self.parallel = parallel
        self.retry = retry
        self.dead = dead

    def queue(self, premises: Premises, lease_s: float) -> Queue[L]:
        return Queue(
            self.name,
            self.collection,
            lambda row: self.work(premises, row),
            lease_s=lease_s,
            parallel=self.parallel,
            retry=self.retry,
            dead=self.dead,
        )
