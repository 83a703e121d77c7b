"""What goes to thousands at once: taken, paid for and written down by the batch, at the platform's pace.

A batch costs a handful of trips to the database, however many messages it has. How many are taken is what the pace
allows now, so that nobody waits with a lease in hand; messages to one person never wait for any of it.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from msgspec import Struct

from server.config import Settings
from server.credits import CREDITS, Credit, credit_id, person_id
from server.kit.chance import chance
from server.kit.db import Database, DatabaseUnavailable, Reader, Tx
from server.kit.jobs import Queue, RetryPolicy, Settled
from server.kit.metrics import Metrics
from server.kit.pace import Pace
from server.push.courier import Courier, back, still
from server.push.outcomes import Outcome
from server.push.stored import BULK, BULKS, MESSAGES, LeaseLost, Message
from server.residents import RESIDENTS

log = structlog.get_logger()
_AT_ONCE = 2
"""While one batch is at the platform the next is paid for."""
_LOOK_FOR = 4
"""Batches of which one is chosen at random: workers seldom want the same."""


Gate = Callable[[Message], Awaitable[Settled]]


async def open_to_all(message: Message) -> Settled:
    """No broadcast is ever held up."""
    return None


class Batch(Struct, frozen=True):
    """`settled` are those that need not go, with what becomes of them."""

    going: list[Message]
    settled: list[tuple[Message, Outcome]]


class Bulk(Queue[Message]):
    """The queue of the BULKS, of all processes together `bulk_per_minute`, what is urgent first."""

    def __init__(self, courier: Courier, settings: Settings, gate: Gate = open_to_all) -> None:
        """`gate` says of a message what is set on it instead, where its broadcast does not go on; None: it goes."""
        push = settings.push
        super().__init__(
            "bulk",
            MESSAGES,
            courier.deliver,
            lease_s=push.lease_s,
            parallel=push.parallel,
            retry=RetryPolicy(attempts=push.max_attempts),
            where={"lane": {"$in": list(BULKS)}},
        )
        per_s = push.bulk_per_minute / 60 / settings.worker_processes
        self._courier = courier
        self._gate = gate
        self._most = max(1, min(push.batch, push.parallel * 4, int(per_s)))
        self._fill_s = self._most / per_s
        self._pace = Pace(per_s, self._most)
        self._calls = asyncio.Semaphore(push.parallel)
        self._stop = asyncio.Event()

    async def run(
        self, db: Database, owner: str, metrics: Metrics, wake: asyncio.Event, stop: asyncio.Event
    ) -> None:
        self._stop = stop
        await super().run(db, owner, metrics, wake, stop)

    async def run_due(self, db: Database, owner: str, metrics: Metrics) -> int:
        """Work off what is due, at the pace that is allowed, until stopped; how many messages that was."""
        return sum(await asyncio.gather(*(self._rounds(db, owner, metrics) for _ in range(_AT_ONCE))))

    async def _rounds(self, db: Database, owner: str, metrics: Metrics) -> int:
        done = 0
        while not self._stop.is_set() and not await self._courier.paused():
            ids = await db.reading(self._found)
            if not ids:
                break
            mine = await self._allowed(ids)
            if mine:
                done += await self._round(db, mine, f"{owner}.{chance.hex(8)}", metrics)
        return done

    async def _found(self, reader: Reader) -> list[str]:
        for lane in BULKS:
            if found := await self._due_in(lane, reader):
                return found
        return []

    async def _due_in(self, lane: str, reader: Reader) -> list[str]:
        pipeline: list[Mapping[str, Any]] = [
            {"$match": {"lane": lane, "due_at": {"$lte": reader.now}}},
            {"$sort": {"due_at": 1}},
            {"$limit": self._most * _LOOK_FOR},
            {"$project": {"_id": 1}},
        ]
        return [str(one["_id"]) for one in await reader.groups(MESSAGES, pipeline)]

    async def _allowed(self, ids: list[str]) -> list[str]:
        """As many of them as may be sent now; none after a wait for when a batch may."""
        wanted = min(len(ids), self._most)
        number = sum(1 for _ in range(wanted) if not self._pace.late(BULK, time.monotonic()))
        if not number:
            await asyncio.sleep(self._fill_s * wanted / self._most)
        return random.sample(ids, number)

    async def _round(self, db: Database, ids: list[str], token: str, metrics: Metrics) -> int:
        """How many were worked off. Where a fault of ours comes in between nobody knows what came of a message."""
        now = db.now()
        due = {"_id": {"$in": ids}, "due_at": {"$lte": now}}
        lease = {"$set": {"due_at": now + self._lease, "owner": token}, "$inc": {"fence": 1, "attempts": 1}}
        if not await db.alone(lambda tx: tx.change_all(MESSAGES, due, lease)):
            return 0
        done = await self._worked(db, ids, token)
        metrics.jobs.labels(self.name, "done").inc(done)
        return done

    async def _worked(self, db: Database, ids: list[str], token: str) -> int:
        """A batch in which something is spoilt is worked off one by one, so that the others go."""
        try:
            batch = await db.atomically(lambda tx: self._paid(tx, ids, token))
        except LeaseLost:
            return 0
        except DatabaseUnavailable:
            raise
        except Exception as fault:
            log.error("push.batch_failed", messages=len(ids), exc_info=fault)
            if len(ids) == 1:
                return await self._spoilt(db, ids[0], token, fault)
            return sum([await self._worked(db, [one], token) for one in ids])
        answers = await asyncio.gather(*(self._asked(one) for one in batch.going), return_exceptions=True)
        results = [*batch.settled]
        for message, answer in zip(batch.going, answers, strict=True):
            if isinstance(answer, Outcome):
                results.append((message, answer))
            else:
                log.error("push.failed", job=message.id, exc_info=answer)
        await self._written(db, results)
        return len(batch.going) + len(batch.settled)

    async def _spoilt(self, db: Database, name: str, token: str, fault: Exception) -> int:
        """It is tried again when its lease is over, and given up after the last attempt."""
        over = {"_id": name, "owner": token, "attempts": {"$gte": self._retry.attempts}}
        told = f"{type(fault).__name__}: {fault}"[:500]
        dead = {"due_at": None, "delivery": "dead", "error": told, "dead_at": db.now()}
        return int(await db.alone(lambda tx: tx.change(MESSAGES, over, {"$set": dead})))

    async def _paid(self, tx: Tx, ids: list[str], token: str) -> Batch:
        """Whom of them to tell, each of which has a credit for it that is taken. Raises LeaseLost."""
        where = {"_id": {"$in": ids}, "owner": token, "delivery": "queued"}
        batch = Batch([], [])
        waiting: list[Message] = []
        for message in await tx.all(MESSAGES, where, limit=len(ids)):
            outcome = await self._kept_back(message) or await self._courier.beforehand(message)
            if outcome is None:
                waiting.append(message)
            else:
                batch.settled.append((message, outcome))
        if not waiting:
            return batch
        people = {"_id": {"$in": sorted({one.resident_id for one in waiting})}}
        residents = {one.id: one for one in await tx.all(RESIDENTS, people, limit=len(waiting))}
        names = {credit_id(one.openid, one.template) for one in waiting}
        names |= {person_id(one.openid) for one in waiting}
        rows = await tx.all(CREDITS, {"_id": {"$in": sorted(names)}}, limit=len(names))
        known = {one.id: one for one in rows}
        taken: Counter[str] = Counter()
        for message in waiting:
            outcome = self._courier.judged(message, residents.get(message.resident_id), known, tx)
            outcome = outcome or self._charged(message, known, taken)
            if outcome is None:
                batch.going.append(message)
            else:
                batch.settled.append((message, still(message, outcome)))
        await self._charge(tx, batch.going, taken, token)
        return batch

    async def _kept_back(self, message: Message) -> Outcome | None:
        instead = await self._gate(message)
        if instead is None:
            return None
        return still(message, Outcome(**{"attempts": message.attempts, **instead}, money=back(message)))

    def _charged(self, message: Message, known: Mapping[str, Credit], taken: Counter[str]) -> Outcome | None:
        """What was never accepted as far as we know is not tried: there would be thousands of such tries."""
        name = credit_id(message.openid, message.template)
        credit = known.get(name)
        if not self._courier.costs(message):
            return None if credit is not None else Outcome(delivery="no_credit")
        if message.paid:
            return None
        if credit is None or credit.count <= taken[name]:
            return Outcome(delivery="no_credit")
        taken[name] += 1
        return None

    async def _charge(self, tx: Tx, going: list[Message], taken: Counter[str], token: str) -> None:
        if taken:
            await tx.change_each(
                CREDITS,
                [
                    ({"_id": name, "count": {"$gte": number}}, {"$inc": {"count": -number}})
                    for name, number in taken.items()
                ],
            )
        for costs in {self._courier.costs(one) for one in going}:
            ids = [one.id for one in going if self._courier.costs(one) == costs]
            paid = {"$set": {"paid": costs, "asked_at": tx.now}}
            if await tx.change_all(MESSAGES, {"_id": {"$in": ids}, "owner": token}, paid) != len(ids):
                raise LeaseLost

    async def _asked(self, message: Message) -> Outcome:
        async with self._calls, self._courier.turn(message):
            return await self._courier.asked(message)

    async def _written(self, db: Database, results: list[tuple[Message, Outcome]]) -> None:
        """All that changes nothing but messages in one trip, the others each with what follows."""
        plain = [(message, outcome) for message, outcome in results if outcome.plain]
        if plain:
            await db.alone(
                lambda tx: tx.change_each(
                    MESSAGES,
                    [
                        ({"_id": message.id, "fence": message.fence}, self._courier.change(outcome, tx))
                        for message, outcome in plain
                    ],
                )
            )
        for message, outcome in results:
            if not outcome.plain:
                try:
                    await self._courier.settled(message, outcome)
                except LeaseLost:
                    log.info("push.lease_lost", job=message.id)
