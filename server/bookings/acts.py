"""What the moves of a booking do besides moving: seats are taken and given back, a code is asked, lateness is noted."""

import hmac
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from server import slots, staff
from server.cases.kinds import Act, Case
from server.kit.clock import SHANGHAI
from server.kit.db import Tx
from server.kit.errors import Conflict, NotFound

RESIDENTS_SIDE = frozenset({"resident", "operator", "clerk"})


class WrongStartCode(Conflict):
    """开始口令不对，请居民再念一遍"""


class WorkerNotFound(NotFound):
    """没有这位服务人员，请从名单里选"""


class TooEarlyForNoShow(Conflict):
    """还没到可以登记“上门无人”的时间，请再等一等并打电话联系"""


class Booking(Struct, kw_only=True):
    """Stored details. `seats` are the quarters held in the pool's day, `worker_day` where the worker's are held."""

    service_id: str
    service: str
    category: str
    pool_id: str
    start: datetime
    end: datetime
    day: str
    seats: list[str]
    price_fen: int
    price_text: str
    address: str
    contact_name: str
    contact_phone: str
    note: str
    form: dict[str, Any]
    start_code: str
    free_until: datetime
    late_cancel: bool = False
    escalated: bool = False
    finish_note: str = ""


async def free_seat(act: Act) -> None:
    """The pool has somebody free again, and so has the worker."""
    booking: Booking = act.details
    day = datetime.fromisoformat(booking.day).date()
    await slots.give_back(act.tx, booking.pool_id, day, booking.seats)
    await _free_worker(act.tx, act.case, booking)


async def _free_worker(tx: Tx, case: Case, booking: Booking) -> None:
    """The worker's time is their own again; an ended case still names who was to come."""
    if case.worker_id is not None:
        day = datetime.fromisoformat(booking.day).date()
        await slots.give_back(tx, slots.worker_owner(case.worker_id), day, booking.seats)


async def confirm(act: Act) -> None:
    if act.actor.kind == "staff":
        act.case.handler_id = act.actor.id


async def escalate(act: Act) -> None:
    act.details.escalated = True


async def assign(act: Act) -> None:
    """Give the work to a worker who serves this and is free then. Raises WorkerNotFound, WorkerBusy."""
    booking: Booking = act.details
    worker = act.tx.recall(staff.STAFF, act.form.worker_id)
    provider_id = act.case.provider_id or ""
    if worker is None or not staff.serves(worker, provider_id, booking.category):
        raise WorkerNotFound(field="worker_id")
    if worker.id == act.case.worker_id:
        return
    await _free_worker(act.tx, act.case, booking)
    day = datetime.fromisoformat(booking.day).date()
    busy = slots.WorkerBusy(field="worker_id")
    slots.demand(act.tx, slots.worker_owner(worker.id), day, booking.seats, 1, otherwise=busy)
    act.case.worker_id = worker.id


async def decline(act: Act) -> None:
    await _free_worker(act.tx, act.case, act.details)
    act.case.worker_id = None


async def start(act: Act) -> None:
    """Raises WrongStartCode."""
    if not hmac.compare_digest(act.form.code, act.details.start_code):
        raise WrongStartCode(field="code")


async def finish(act: Act) -> None:
    act.details.finish_note = act.form.note


async def no_show(act: Act) -> None:
    """Only after the grace that the street gives. Raises TooEarlyForNoShow."""
    grace = timedelta(minutes=act.rules.bookings.no_show_grace_minutes)
    if act.tx.now < act.details.start + grace:
        until = (act.details.start + grace).astimezone(SHANGHAI)
        raise TooEarlyForNoShow(f"请等到 {until:%H:%M}，并打电话联系居民后再登记")
    await free_seat(act)


async def cancel(act: Act) -> None:
    """The seat is free again; on the resident's side, inside the notice, it is noted as late."""
    theirs = bool(act.actor.roles & RESIDENTS_SIDE)
    act.details.late_cancel = theirs and act.source != "held" and act.tx.now > act.details.free_until
    await free_seat(act)
