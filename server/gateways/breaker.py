"""A platform that keeps failing is left alone for a while: our own requests fail fast and do not queue."""

from datetime import datetime, timedelta
from enum import StrEnum

from server.kit.clock import Clock


class State(StrEnum):
    closed = "closed"
    open = "open"
    half_open = "half_open"


class Breaker:
    """Opens after `failures` in a row; one call may try every `cool_off_s`, and its success closes it again.

    The right to try lapses with the next cool-off, so a trial that never reports back blocks nobody for ever.
    """

    def __init__(self, clock: Clock, *, failures: int = 5, cool_off_s: float = 10.0) -> None:
        self._clock = clock
        self._limit = failures
        self._cool_off = timedelta(seconds=cool_off_s)
        self._failed = 0
        self._open_until: datetime | None = None

    @property
    def state(self) -> State:
        if self._open_until is None:
            return State.closed
        return State.open if self._clock.now() < self._open_until else State.half_open

    @property
    def wait_s(self) -> float:
        """Seconds until a call may try again; 0 when one may try now."""
        if self._open_until is None:
            return 0.0
        return max(0.0, (self._open_until - self._clock.now()).total_seconds())

    def allows(self) -> bool:
        """Whether a call may go out now. Half open, saying yes uses up the one trial of this cool-off."""
        match self.state:
            case State.open:
                return False
            case State.half_open:
                self._hold_off()
        return True

    def succeeded(self) -> None:
        self._failed = 0
        self._open_until = None

    def failed(self) -> None:
        self._failed += 1
        if self._failed >= self._limit:
            self._hold_off()

    def _hold_off(self) -> None:
        self._open_until = self._clock.now() + self._cool_off
