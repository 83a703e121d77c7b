"""Many drivers and passengers at once, through two web processes and two workers, in time that runs faster."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient

from schemas.drivers import Vehicle
from schemas.staff import Grant
from server.config import Positions, Rides, Settings
from server.drivers import DRIVERS
from server.drivers import Driver as Row
from server.kit.clock import SharedClock
from server.kit.db import Tx
from server.staff import STAFF, Staff
from tests.faults.street import open_street
from tests.traffic.grid import Grid
from tests.traffic.history import Figures, Step, figures, kept
from tests.traffic.people import FINAL, LONGEST_S, Driver, Passenger, Town

NEAREST = {"distance": 100, "waiting": 0, "load": 0, "rating": 0}
PHONES = Positions(per_s=0)
"""How often a phone reports is counted in the machine's seconds, of which there are fewer."""
GRID = Grid(5)
_LUMP_S = 0.25


def names(count: int) -> list[str]:
    return [f"driver-{number:03d}" for number in range(1, count + 1)]


async def hire(tx: Tx, driving: list[str]) -> None:
    grant = Grant(role="driver", provider_id="provider-faults")
    for number, one in enumerate(driving):
        await tx.put(STAFF, Staff(id=one, name="示例司机", grants=[grant], phone=f"13900003{number:03d}"))
        car = Vehicle(plate=f"蒙K{30_000 + number}", model="大众朗逸", colour="白色")
        await tx.put(DRIVERS, Row(id=one, vehicle=car))


async def play(
    folder: Path,
    *,
    drivers: int = 15,
    passengers: int = 60,
    minutes: float = 10,
    pace: float = 6,
    seed: int = 1,
    weights: dict[str, int] | None = None,
) -> Figures:
    """Everybody calls once within so many minutes, then all that was begun goes on to its end."""
    rides = Rides(weights=weights) if weights else Rides()
    clock_file = folder / "clock"
    rules: dict[str, Any] = {"clock_file": str(clock_file), "rides": rides, "positions": PHONES}
    async with open_street(folder, web=2, workers=2, **rules) as street:
        await street.house.db.alone(lambda tx: hire(tx, names(drivers)))
        town = Town(street.url, street.sandbox_url, seed, pace, GRID)
        async with committed(street.settings) as steps, _running(SharedClock(clock_file), pace):
            await _played(town, names(drivers), passengers, minutes * 60)
            found = await kept(street.house.db)
            async with asyncio.timeout(10):
                over = {one.id for one in found.cases if one.state in FINAL}
                while {one.case_no for one in steps if one.target in FINAL} < over:
                    await asyncio.sleep(0.05)
        return figures(steps, found, town.called, names(drivers))


async def _played(town: Town, driving: list[str], passengers: int, first_s: float) -> None:
    """Until the last passenger's ride is over; drivers then go home."""
    asyncio.get_running_loop().call_later((first_s + LONGEST_S) / town.pace, town.over.set)
    async with asyncio.TaskGroup() as all_drivers:
        for one in driving:
            all_drivers.create_task(Driver(town, one).run())
        async with asyncio.TaskGroup() as riders:
            for number in range(passengers):
                riders.create_task(Passenger(town, number, first_s, again=False).run())
        town.over.set()


@asynccontextmanager
async def committed(settings: Settings) -> AsyncIterator[list[Step]]:
    """The steps of rides in the order of their commits, as they come."""
    steps: list[Step] = []
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(settings.mongo_url)
    only = {"operationType": "insert", "fullDocument.type": {"$regex": "^ride\\."}}
    async with client, await client[settings.database]["events"].watch([{"$match": only}]) as changes:

        async def read() -> None:
            async for change in changes:
                steps.append(Step.of(change["fullDocument"]))

        async with _beside(read()):
            yield steps


@asynccontextmanager
async def _running(clock: SharedClock, pace: float) -> AsyncIterator[None]:
    """Time goes by so many times as fast, in small lumps, for all processes."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        before = loop.time()
        while True:
            await asyncio.sleep(_LUMP_S)
            now = loop.time()
            clock.advance(timedelta(seconds=(now - before) * (pace - 1)))
            before = now

    async with _beside(run()):
        yield


@asynccontextmanager
async def _beside(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
