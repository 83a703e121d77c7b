"""Rounds that are made again and again: by one worker at a time, due anew after each."""

import asyncio
from datetime import timedelta
from typing import Any

from msgspec import Struct

from server.kit.clock import SettableClock
from server.kit.db import Database
from server.kit.metrics import Metrics
from server.kit.sweeps import SWEEPS, Round, Sweep, queue_of, set_up
from tests.kit.things import NOON

METRICS = Metrics()
EVERY = timedelta(minutes=10)


class House(Struct):
    db: Database
    settings: Any = None


class Broom(Struct):
    """Counts its rounds; the first `breaks` of them fail."""

    rounds: int = 0
    breaks: int = 0

    async def sweep(self, house: House) -> None:
        self.rounds += 1
        if self.rounds <= self.breaks:
            raise ValueError("the broom broke")

    def declared(self, name: str = "floor") -> Sweep:
        return Sweep(name, self.sweep, lambda rules: EVERY)


async def work(db: Database, *sweeps: Sweep, owner: str = "w1") -> int:
    return await queue_of(list(sweeps)).queue(House(db), 30.0).run_due(db, owner, METRICS)


async def due(db: Database, name: str = "floor") -> Any:
    row = await db.reading(lambda reader: reader.get(SWEEPS, name))
    assert row is not None
    return row.due_at


async def test_a_new_sweep_is_made_at_once_and_again_in_its_time(db: Database, clock: SettableClock) -> None:
    broom = Broom()
    await set_up(db, [broom.declared()])
    assert await work(db, broom.declared()) == 1
    assert await due(db) == NOON + EVERY

    clock.advance(EVERY - timedelta(seconds=1))
    assert await work(db, broom.declared()) == 0
    clock.advance(timedelta(seconds=1))
    assert await work(db, broom.declared()) == 1
    assert broom.rounds == 2


async def test_setting_up_again_makes_no_sweep_due(db: Database) -> None:
    broom = Broom()
    for _ in range(2):
        await asyncio.gather(*(set_up(db, [broom.declared()]) for _ in range(3)))
        await work(db, broom.declared())
    assert broom.rounds == 1


async def test_of_all_workers_one_makes_the_round(db: Database) -> None:
    broom = Broom()
    await set_up(db, [broom.declared()])
    await asyncio.gather(*(work(db, broom.declared(), owner=f"w{one}") for one in range(4)))
    assert broom.rounds == 1


async def test_a_round_that_failed_is_made_again_soon(db: Database, clock: SettableClock) -> None:
    broom = Broom(breaks=2)
    await set_up(db, [broom.declared()])
    for _ in range(3):
        await work(db, broom.declared())
        clock.advance(timedelta(minutes=1))
    assert broom.rounds == 3
    row = await db.reading(lambda reader: reader.get(SWEEPS, "floor"))
    assert row is not None and (row.attempts, row.error) == (0, "")


async def test_a_sweep_that_is_no_longer_declared_rests(db: Database) -> None:
    await db.alone(lambda tx: tx.put(SWEEPS, Round(id="chimney", due_at=NOON)))
    await work(db, Broom().declared())
    assert await due(db, "chimney") is None
