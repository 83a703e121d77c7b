"""What is stored of a bundle that was asked for: its parts as their own cases stood when somebody last looked.

The parts' cases are the truth; what is kept here is drawn anew from them (`look`), so it does not matter in which
order, or how often, somebody is told that one of them has moved.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct

from schemas.bundles import Fault, IfPartFails
from schemas.catalogue import CancelFee
from server import bookings, catalogue, slots
from server.bookings import fees
from server.bookings.details import Booking
from server.cases import CASES, Case
from server.kit.db import Reader
from server.kit.errors import HoelunError
from server.kit.events import EVENTS, Event, history_of

LEFT_OUT = "left_out"
FAILED = frozenset({LEFT_OUT, "expired", "rejected", "cancelled", "no_show", "appealed", "upheld"})
LEAVING = {
    "held": "cancel",
    "submitted": "cancel",
    "quoted": "refuse_quote",
    "confirmed": "cancel",
    "assigned": "cancel",
}
"""How a part is given up that has not begun."""
UNDER_WAY = frozenset({"en_route", "in_service", "requoted"})
COMPLETED = "completed"

_BY_ACTION: dict[str, Fault] = {"reject": "provider", "withdraw_quote": "provider", "overturn": "street"}
_BY_ROLE: dict[str, Fault] = {"provider": "provider", "dispatcher": "street", "system": "street"}
_SEEN = ("state", "service_id", "start", "price_fen", "agreed", "free_until", "fee_fen", "suspension")
_NEAR_DAYS = 7
_NEAR_MOST = 3
_LATEST = 10


class Part(Struct, kw_only=True):
    """`wish` is what was filled in, as a NewBooking has it. `settled`: it failed, and who asked for it knows and goes
    on without it; `reason` and `fault` say why it failed, `former` are the cases that it had before."""

    part: str
    name: str
    required: bool
    after: str | None = None
    gap_min: int = 0
    wish: dict[str, Any] = {}
    case_no: str | None = None
    service_id: str
    service: str
    state: str
    start: datetime
    end: datetime
    price_fen: int
    price_text: str
    agreed: bool
    free_until: datetime
    cancel_fees: list[CancelFee] = []
    suspension: str = ""
    fee_fen: int = 0
    reason: str = ""
    fault: Fault | None = None
    alternatives: list[datetime] = []
    settled: bool = False
    former: list[str] = []

    @property
    def failed(self) -> bool:
        return self.state in FAILED

    @property
    def going_on(self) -> bool:
        return self.state not in FAILED and self.state != COMPLETED

    @property
    def can_leave(self) -> bool:
        return self.state in LEAVING

    @property
    def lacking(self) -> bool:
        """It has failed, is needed, and nobody has said yet what is to be done."""
        return self.failed and self.required and not self.settled

    @property
    def state_text(self) -> str:
        return "没约上" if self.state == LEFT_OUT else bookings.FLOW.states[self.state].text


class Bundled(Struct, kw_only=True):
    """Stored details of a bundle's case. `spares` are numbers for cases with which parts may be replaced."""

    bundle_id: str
    name: str
    if_part_fails: IfPartFails
    free_after: list[Fault]
    answer_hours: int
    parts: list[Part]
    spares: list[str] = []
    answer_by: datetime | None = None

    def part(self, name: str) -> Part | None:
        return next((one for one in self.parts if one.part == name), None)

    @property
    def lacking(self) -> list[Part]:
        return [one for one in self.parts if one.lacking]

    @property
    def leaving(self) -> list[Part]:
        """What cancelling the rest would cancel."""
        return [one for one in self.parts if one.can_leave]

    @property
    def free_because(self) -> Part | None:
        """The part whose failure makes it free to cancel the rest."""
        return next((one for one in self.lacking if one.fault in self.free_after), None)

    @property
    def fee_fen(self) -> int:
        return sum(one.fee_fen for one in self.parts)

    def leaving_fen(self, now: datetime) -> int:
        """What cancelling the rest costs now."""
        return 0 if self.free_because else sum(fees.fee_fen(one, now) for one in self.leaving)

    @property
    def stage(self) -> str:
        """The state that follows from the parts. Who has called off everything themselves is not asked."""
        going_on = any(one.going_on for one in self.parts)
        if any(going_on or one.fault != "resident" for one in self.lacking):
            return "attention"
        if going_on:
            return "open"
        return "completed" if any(one.state == COMPLETED for one in self.parts) else "cancelled"


def drawn(part: Part, case: Case, booking: Booking) -> Part:
    """The part as its case stands."""
    part.case_no = case.id
    part.service_id, part.service = booking.service_id, booking.service
    part.state = case.state
    part.start, part.end = booking.start, booking.end
    part.price_fen, part.price_text, part.agreed = booking.price_fen, booking.price_text, booking.agreed
    part.free_until, part.cancel_fees, part.suspension = (
        booking.free_until,
        booking.cancel_fees,
        booking.suspension,
    )
    part.fee_fen = booking.fee_fen
    return part


class News(Struct, frozen=True):
    """What is new since somebody last looked: parts whose state changed, and of these the ones that failed."""

    moved: list[Part] = []
    failed: list[Part] = []
    changed: bool = False


async def look(reader: Reader, bundled: Bundled) -> News:
    """Draw every part anew from its case."""
    numbers = [one.case_no for one in bundled.parts if one.case_no]
    found = {
        one.id: one for one in await reader.all(CASES, {"_id": {"$in": numbers}}, limit=len(numbers) or 1)
    }
    moved, failed, changed = list[Part](), list[Part](), False
    for part in bundled.parts:
        case = found.get(part.case_no or "")
        if case is None:
            continue
        state, had_failed, before = part.state, part.failed, _terms(part)
        drawn(part, case, bookings.BOOKING.details_of(case))
        changed = changed or _terms(part) != before
        if part.state != state:
            moved.append(part)
        if part.failed and part.state != state:
            await _explain(reader, part, case)
            failed += [] if had_failed else [part]
    return News(moved, failed, changed)


def _terms(part: Part) -> tuple[Any, ...]:
    """What is seen of a part's case from outside."""
    return tuple(getattr(part, name) for name in _SEEN)


async def _explain(reader: Reader, part: Part, case: Case) -> None:
    """Why it failed, by whom, and when else there is somebody free."""
    latest = await reader.all(EVENTS, history_of(case.id), limit=_LATEST, sort="-_id")
    step = next((one for one in latest if one.data.get("target") == case.state), None)
    part.fault = _fault(step) if step is not None else "resident"
    why = step.data.get("reason", "") if step is not None else ""
    part.reason = f"{part.state_text}：{why}" if why else part.state_text
    part.alternatives = await near(reader, part.service_id, part.start)


def _fault(step: Event) -> Fault:
    action, role = step.data["action"], step.by["role"]
    by_role = _BY_ROLE.get(role) if action == "cancel" else None
    return by_role or _BY_ACTION.get(action) or "resident"


async def near(
    reader: Reader, service_id: str, start: datetime, earliest: datetime | None = None
) -> list[datetime]:
    """Free times of the service nearest to one that could not be had; none where it is not offered any more."""
    try:
        service = catalogue.find(reader, service_id)
    except HoelunError:
        return []
    found = await slots.nearest(reader, service, start, days=_NEAR_DAYS, most=_NEAR_MOST * 4)
    later = [one for one in found if (earliest is None or one >= earliest) and one != start]
    return sorted(sorted(later, key=lambda one: (abs(one - start), one))[:_NEAR_MOST])
