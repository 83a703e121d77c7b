"""What a process must know to leave without breaking a promise: is it leaving, what is still under way."""

import asyncio
from collections.abc import Callable


class Lifecycle:
    """`draining` is read by readiness; `in_flight` is counted up and down by whoever takes work on."""

    def __init__(self) -> None:
        self._draining = False
        self._told: list[Callable[[], None]] = []
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def draining(self) -> bool:
        return self._draining

    @draining.setter
    def draining(self, leaving: bool) -> None:
        self._draining = leaving
        if leaving:
            for call in self._told:
                call()

    def when_draining(self, call: Callable[[], None]) -> None:
        """Whoever keeps a connection open for long ends it when the process is leaving."""
        self._told.append(call)

    @property
    def in_flight(self) -> int:
        return self._in_flight

    @in_flight.setter
    def in_flight(self, count: int) -> None:
        self._in_flight = count
        if count > 0:
            self._idle.clear()
        else:
            self._idle.set()

    async def idle(self, timeout: float) -> bool:
        """Wait until nothing is in flight; False when `timeout` seconds were not enough."""
        try:
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True
