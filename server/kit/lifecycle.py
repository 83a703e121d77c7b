"""What a process must know to leave without breaking a promise: is it leaving, what is still under way."""

import asyncio


class Lifecycle:
    """`draining` is read by readiness; `in_flight` is counted up and down by whoever takes work on."""

    def __init__(self) -> None:
        self.draining = False
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()

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
