"""The time inside the sandbox: the clock it was given, moved on by /_control/clock."""

from datetime import datetime, timedelta
from typing import Protocol


class Now(Protocol):
    def now(self) -> datetime: ...


class SandboxClock:
    """Advances a settable clock itself, and counts its own offset over one that only tells the time."""

    def __init__(self, clock: Now) -> None:
        self._clock = clock
        self._offset = timedelta(0)

    def now(self) -> datetime:
        return self._clock.now() + self._offset

    def seconds(self) -> float:
        return self.now().timestamp()

    def advance(self, by: timedelta) -> None:
        move = getattr(self._clock, "advance", None)
        if callable(move):
            move(by)
        else:
            self._offset += by
