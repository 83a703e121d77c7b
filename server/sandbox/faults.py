"""Trouble on request: a path's next answers become an error code, a status, a delay or a dropped line."""

from msgspec import UNSET, Struct, UnsetType


class Fault(Struct, kw_only=True, forbid_unknown_fields=True):
    """`times` answers are spoilt, then it is gone. `after` does the work first and spoils or delays only the answer.

    `path` may be `*` for every call of the platforms. `delay_ms` goes together with any of the others.
    """

    path: str
    errcode: int | UnsetType = UNSET
    http_status: int | UnsetType = UNSET
    delay_ms: float = 0.0
    drop: bool = False
    after: bool = False
    times: int = 1

    @property
    def delay_s(self) -> float:
        return self.delay_ms / 1000

    @property
    def spoils(self) -> bool:
        """Whether the caller gets something else than the answer; if not, the fault only delays it."""
        return self.drop or self.errcode is not UNSET or self.http_status is not UNSET


class Faults:
    """Faults in the order they were asked for; the oldest that fits a call is spent first."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self.waiting.append(fault)

    def clear(self) -> None:
        self.waiting.clear()

    def take(self, path: str) -> Fault | None:
        for fault in self.waiting:
            if fault.path in (path, "*"):
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
                return fault
        return None
