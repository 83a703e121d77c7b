"""`scripts/bench --transfers`: transfers of the ledger against the bare driver's same writes, in turns in one run.

The bare part does what cannot be left out: two balances changed, two entries and a transfer written, in one
transaction with the same concerns, into collections with the same indexes. It reads nothing, numbers nothing and seals
nothing. Spread: two thousand residents; hot: all of one, whose account every transfer changes: there the bare driver runs
its transactions again and again, as its documentation says, and ours queue.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
from motor.motor_asyncio import AsyncIOMotorClient
from msgspec import Struct
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from server import ledger
from server.kit import mongod
from server.kit.clock import Clock
from server.kit.db import Database, connect
from server.ledger import ACCOUNTS, ENTRIES, LOTS, REDEMPTIONS, RESERVES, TRANSFERS, Leg, common, own

BOOKS = (ACCOUNTS, TRANSFERS, ENTRIES, LOTS, RESERVES, REDEMPTIONS)
AT_ONCE, THREADS, DEADLINE_S = 16, 16, 30.0
RESIDENTS = 2000
ROUNDS = 5
COUNT, HOT_COUNT = 600, 100
SPREAD_MUST, HOT_MUST = 0.5, 0.5
_MAJORITY = WriteConcern("majority", j=True)

One = Callable[[int], Awaitable[None]]


class Pace(Struct, frozen=True):
    """Of one round: transfers a second, and CPU of client and database for each."""

    a_second: float
    cpu_us: float


class Bare:
    """Motor alone."""

    def __init__(self, client: Any, name: str) -> None:
        self.client = client
        self.db = client[name]

    async def transfer(self, transfer_id: str, resident_id: str, amount: int) -> None:
        legs = [(common("issuer", transfer_id), -amount), (own("held", resident_id), amount)]
        moment = Clock().now()

        async def written(session: Any) -> None:
            transfer = {
                "_id": transfer_id,
                "kind": "accrual",
                "legs": [{"account_id": account_id, "amount": fen} for account_id, fen in legs],
                "at": moment,
                "by": "bench",
                "why": {"text": TEXT},
                "reverses": None,
            }
            entries = []
            for account_id, fen in legs:
                how = {
                    "$inc": {"balance": fen, "seq": 1},
                    "$set": {"head": SEAL, "touched_at": moment},
                    "$setOnInsert": {"book": account_id.partition(":")[0], "about": resident_id},
                }
                await self.db.accounts.update_one({"_id": account_id}, how, upsert=True, session=session)
                entry = {
                    "_id": f"{account_id}#{transfer_id}",
                    "account_id": account_id,
                    "seq": 1,
                    "transfer_id": transfer_id,
                    "kind": "accrual",
                    "amount": fen,
                    "balance": fen,
                    "at": moment,
                    "seal": SEAL,
                }
                entries.append(entry)
            await self.db.entries.insert_many(entries, session=session)
            await self.db.transfers.insert_one(transfer, session=session)

        async with await self.client.start_session() as session:
            await session.with_transaction(written, ReadConcern("snapshot"), _MAJORITY)


SEAL = "0" * 64
TEXT = "超市消费 128.50 元 × 0.5 %，按 2026-10 费率，积 0.64 分"


async def ours(db: Database, transfer_id: str, resident_id: str, amount: int) -> None:
    legs = [Leg(common("issuer", transfer_id), -amount), Leg(own("held", resident_id), amount)]
    await db.atomically(
        lambda tx: ledger.post(tx, transfer_id, "accrual", legs, by="bench", why={"text": TEXT}),
        lanes=ledger.lanes(resident_id, transfer_id),
    )


async def _round(one: One, count: int, database: psutil.Process) -> Pace:
    todo = iter(range(count))

    async def writer() -> None:
        for number in todo:
            await one(number)

    before, cpu, began = database.cpu_times(), time.process_time(), time.perf_counter()
    await asyncio.gather(*(writer() for _ in range(AT_ONCE)))
    seconds = time.perf_counter() - began
    after = database.cpu_times()
    spent = time.process_time() - cpu + after.user + after.system - before.user - before.system
    return Pace(count / seconds, spent / count * 1e6)


class Transfers:
    """Paired rounds: bare and ours, one after the other, on the same database server."""

    def __init__(self, db: Database, bare: Bare, database: psutil.Process, scale: float) -> None:
        self.db, self.bare, self.database = db, bare, database
        self.counts = [max(int(one * scale), 2 * AT_ONCE) for one in (COUNT, HOT_COUNT)]
        self.names = iter(range(10_000_000))

    def _named(self, hot: bool) -> tuple[str, str]:
        number = next(self.names)
        return f"swipe/bench/{number}", "hot" if hot else f"resident-{number % RESIDENTS}"

    async def _ours(self, hot: bool) -> Pace:
        return await _round(lambda _: ours(self.db, *self._named(hot), 64), self.counts[hot], self.database)

    async def _bare(self, hot: bool) -> Pace:
        return await _round(
            lambda _: self.bare.transfer(*self._named(hot), 64), self.counts[hot], self.database
        )

    async def compared(self, hot: bool) -> list[tuple[Pace, Pace]]:
        """Each round's (bare, ours)."""
        return [(await self._bare(hot), await self._ours(hot)) for _ in range(ROUNDS)]


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def told(what: str, rounds: list[tuple[Pace, Pace]], must: float) -> tuple[str, bool]:
    """A line, and whether the median of the rounds' ratios reaches what it must."""
    ratios = [mine.a_second / theirs.a_second for theirs, mine in rounds]
    cpu = median([theirs.cpu_us / mine.cpu_us for theirs, mine in rounds])
    theirs = median([one.a_second for one, _ in rounds])
    mine = median([one.a_second for _, one in rounds])
    holds = median(ratios) >= must
    line = (
        f"{what:<8} bare {theirs:6.0f}/s  ours {mine:6.0f}/s  ratio {median(ratios):.2f} "
        f"({min(ratios):.2f}-{max(ratios):.2f}) of rate, {cpu:.2f} of CPU  ≥ {must} {'reached' if holds else 'MISSED'}"
    )
    return line, holds


async def main(scale: float) -> int:
    with tempfile.TemporaryDirectory(prefix="hoelun-bench-") as folder:
        async with mongod.running(Path(folder) / "mongo") as database:
            db = connect(database.url, "bench_ours", Clock(), threads=THREADS, deadline_s=DEADLINE_S)
            twin = connect(database.url, "bench_bare", Clock(), threads=THREADS, deadline_s=DEADLINE_S)
            client: Any = AsyncIOMotorClient(database.url, w="majority", journal=True)
            for one in (db, twin):
                await one.ensure(list(BOOKS))
            bare = Bare(client, "bench_bare")
            bench = Transfers(db, bare, psutil.Process(database.pid), scale)
            spread, hot = await bench.compared(hot=False), await bench.compared(hot=True)
            wrong = [line async for line in ledger.differences(db.reader())]
            for each in (db, twin):
                await each.close()
            client.close()
    lines = [told("spread", spread, SPREAD_MUST), told("hot", hot, HOT_MUST)]
    print("\n".join([*(line for line, _ in lines), *wrong]))
    return 0 if all(holds for _, holds in lines) and not wrong else 1
