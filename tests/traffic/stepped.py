"""The same play with one thing after the other and a clock that is set: of one seed it is the same every time."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from heapq import heappop, heappush
from itertools import count, cycle
from math import ceil
from typing import Any

from tests.houses import NextDoor
from tests.traffic.grid import Grid
from tests.traffic.people import LONGEST_S, TICK_S, Driver, Passenger, Town
from tests.world import World


class Stepped(Town):
    """Everybody sleeps until a full tick. What is asked goes to one house and the other in turn, where cars are to the
    other alone: it is the one that lets phones report as often as they like."""

    def join(self, world: World, other: NextDoor) -> None:
        self.houses = [world, other]
        self.doors = cycle(one.url for one in self.houses)
        self.at, self.order, self.turn = 0.0, count(), asyncio.Event()
        self.asleep: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        wakes = ceil((self.at + seconds) / TICK_S + 1e-9) * TICK_S
        heappush(self.asleep, (wakes, next(self.order), gate))
        self.turn.set()
        await gate

    async def ask(self, method: str, path: str, body: Any = None, *, token: str = "", base: str = "") -> Any:
        door = self.houses[1].url if method == "PUT" else next(self.doors)
        return await super().ask(method, path, body, token=token, base=base or door)

    async def play(self, driving: list[str], passengers: int, first_s: float) -> None:
        riders = [Passenger(self, number, first_s, again=False) for number in range(passengers)]
        tasks = [await self._begun(Driver(self, one).run()) for one in driving]
        calls = [await self._begun(one.run()) for one in riders]
        while not all(one.done() for one in (*calls, *tasks)):
            if self.at > first_s + LONGEST_S or all(one.done() for one in calls):
                self.over.set()
            wakes, _, gate = heappop(self.asleep)
            if wakes > self.at:
                await self._goes_by(wakes - self.at)
            self.turn.clear()
            gate.set_result(None)
            await self.turn.wait()
        await asyncio.gather(*tasks, *calls)

    async def _goes_by(self, seconds: float) -> None:
        self.at += seconds
        self.houses[0].clock.advance(timedelta(seconds=seconds))
        for one in self.houses:
            await one.work()

    async def _begun(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        async def played() -> None:
            try:
                await work
            finally:
                self.turn.set()

        self.turn.clear()
        task = asyncio.create_task(played())
        await self.turn.wait()
        return task


def town(world: World, other: NextDoor, seed: int) -> Stepped:
    made = Stepped(world.url, world.town.sandbox_url, seed, grid=Grid(3))
    made.join(world, other)
    return made
