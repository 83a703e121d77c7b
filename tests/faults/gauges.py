"""What a run is measured by while it goes: memory of its processes, waits, and how far it has come."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psutil
from msgspec import Struct

from tests.faults.street import Street

ROLES = ("web", "worker", "sandbox", "mongod")
_MB = 1 << 20


class Waits(Struct):
    """In milliseconds."""

    count: int
    p50_ms: float
    p99_ms: float
    longest_ms: float

    def times(self, other: "Waits") -> float:
        """How many times as long as the other one's, by the 99th of a hundred."""
        return round(self.p99_ms / other.p99_ms, 1) if other.p99_ms else 0.0


def waits(seconds: Sequence[float]) -> Waits:
    ordered = sorted(one * 1000 for one in seconds) or [0.0]

    def at(share: float) -> float:
        return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)], 1)

    return Waits(len(seconds), at(0.5), at(0.99), round(ordered[-1], 1))


class Memory(Struct):
    """In megabytes, of one process of each role: the most there was, and the last third of its life in the run against
    the first third, of whichever grew most. Who lived for less than a third of the run is not asked for growth."""

    peak_mb: dict[str, float]
    growth_mb: dict[str, float]


class Scales:
    """Resident memory of all processes, sampled, and the seconds of a core that they have used meanwhile."""

    def __init__(self, street: Street) -> None:
        self._street = street
        self._used: dict[tuple[str, int], tuple[float, float]] = {}
        self._samples: dict[tuple[str, int], list[float]] = defaultdict(list)
        self._rounds = 0

    async def weigh(self, every_s: float) -> None:
        """Until cancelled."""
        while True:
            pids = {role: self._street.processes.pids(role) for role in ROLES[:-1]}
            pids["mongod"] = [await self._street.database_pid()]
            for role, of_role in pids.items():
                for pid in of_role:
                    self._one(role, pid)
            self._rounds += 1
            await asyncio.sleep(every_s)

    def _one(self, role: str, pid: int) -> None:
        try:
            process = psutil.Process(pid)
            resident, times = process.memory_info().rss, process.cpu_times()
        except psutil.NoSuchProcess:
            return
        self._samples[role, pid].append(resident / _MB)
        used = times.user + times.system
        at_first = 0.0 if self._rounds else used
        self._used[role, pid] = (self._used.get((role, pid), (at_first, used))[0], used)

    def core_s(self) -> dict[str, float]:
        """Of each role, also of those that were killed."""
        spent = dict.fromkeys(ROLES, 0.0)
        for (role, _), (at_first, used) in self._used.items():
            spent[role] = round(spent[role] + used - at_first, 1)
        return spent

    def memory(self) -> Memory:
        peak: dict[str, float] = dict.fromkeys(ROLES, 0.0)
        growth: dict[str, float] = {}
        for (role, _), samples in self._samples.items():
            peak[role] = round(max(peak[role], *samples), 1)
            third = len(samples) // 3
            if third and 3 * len(samples) >= self._rounds:
                grown = round(_mean(samples[-third:]) - _mean(samples[:third]), 1)
                growth[role] = max(growth.get(role, grown), grown)
        return Memory(peak, growth)


def _mean(samples: Sequence[float]) -> float:
    return sum(samples) / len(samples)


class Readers:
    """Residents who open their messages, one after the other."""

    def __init__(self, street: Street, tokens: Sequence[str], seed: int = 1) -> None:
        self._street = street
        self._tokens = tokens
        self._chance = random.Random(seed)
        self.seconds: list[float] = []
        self.failed = 0

    async def read(self, every_s: float) -> None:
        """Until cancelled."""
        while True:
            told = await self._street.ask("GET", "/v1/inbox", token=self._chance.choice(self._tokens))
            self.seconds.append(told.seconds)
            self.failed += told.status != 200
            await asyncio.sleep(every_s)


class Progress:
    """How much of what is expected the sandbox has been asked to send."""

    def __init__(self, street: Street, path: str, expected: int) -> None:
        self._street = street
        self._path = path
        self._expected = max(expected, 1)
        self._before = 0
        self.share = 0.0

    async def begin(self) -> None:
        self._before = await self._calls() or 0

    async def follow(self, every_s: float) -> None:
        """Until cancelled."""
        while True:
            calls = await self._calls()
            if calls is not None:
                self.share = (calls - self._before) / self._expected
            await asyncio.sleep(every_s)

    async def reaches(self, share: float, over: Callable[[], bool]) -> bool:
        """Whether it came so far before it was over."""
        while self.share < share and not over():
            await asyncio.sleep(0.05)
        return self.share >= share

    async def _calls(self) -> int | None:
        """None: it is too busy to say."""
        told = await self._street.ask("GET", "/_control/stats", base=self._street.sandbox_url)
        return int(told.body["calls"].get(self._path, 0)) if told.status == 200 else None


@asynccontextmanager
async def meanwhile(**work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """While the body runs; a failure of it is told at the end."""
    tasks = [asyncio.create_task(one, name=name) for name, one in work.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ended:
        if isinstance(end, Exception):
            raise end
