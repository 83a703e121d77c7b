"""What the moves of a booking do besides moving: seats are taken and given back, a code is asked, lateness is noted."""

import hmac

from server import certificates, slots, staff
from server.bookings import fees, proof, tallies
from server.bookings.details import Booking
from server.cases.kinds import Act, Case
from server.kit.db import Tx
from server.kit.errors import Conflict, NotFound

RESIDENTS_SIDE = frozenset({"resident", "operator", "clerk"})


class WrongStartCode(Conflict):
    """开始口令不对，请居民再念一遍"""


class QuoteFirst(Conflict):
    """这项服务要先报价，居民同意后就算确认"""


class WorkerNotFound(NotFound):
    """没有这位服务人员，请从名单里选"""


class PapersMissing(Conflict):
    """这位服务人员缺证件或证件过期，不能派单"""


async def end(act: Act, *, used: bool = False) -> None:
    """The booking is over: the pool has somebody free again, so has the worker, and it is counted no more."""
    await leave(act)
    await tallies.release(act.tx, act.details, used=used)


async def leave(act: Act) -> None:
    """The provider's seat and the worker's time are free again."""
    booking: Booking = act.details
    if booking.seated:
        await slots.give_back(act.tx, booking.pool_id, booking.date, booking.seats)
    await _free_worker(act.tx, act.case, booking)


async def close(act: Act) -> None:
    """The work is done and paid: only the count of what is open goes down, the time is past. When it was done before its
    time, that time is free again."""
    if act.details.start > act.tx.now:
        await end(act, used=True)
    else:
        await tallies.release(act.tx, act.details, used=True)


async def _free_worker(tx: Tx, case: Case, booking: Booking) -> None:
    """The worker's time is their own again; an ended case still names who was to come."""
    if case.worker_id is not None:
        await slots.give_back(tx, slots.worker_owner(case.worker_id), booking.date, booking.seats)


async def confirm(act: Act) -> None:
    """Raises QuoteFirst for a service whose price is asked for."""
    if act.details.mode == "quote":
        raise QuoteFirst
    if act.actor.kind == "staff":
        act.case.handler_id = act.actor.id


async def escalate(act: Act) -> None:
    act.details.escalated = True


async def assign(act: Act) -> None:
    """Give the work to a worker who serves this and is free then. Raises WorkerNotFound, WorkerBusy,
    PapersMissing."""
    booking: Booking = act.details
    worker = act.tx.recall(staff.STAFF, act.form.worker_id)
    provider_id = act.case.provider_id or ""
    if worker is None or not staff.serves(worker, provider_id, booking.category):
        raise WorkerNotFound(field="worker_id")
    if worker.id == act.case.worker_id:
        return
    lacking = certificates.missing(act.tx, worker, booking.category, booking.date, provider_id)
    if lacking:
        raise PapersMissing(f"{worker.name}不能派：{'；'.join(lacking)}", field="worker_id")
    await _free_worker(act.tx, act.case, booking)
    busy = slots.WorkerBusy(field="worker_id")
    slots.demand(act.tx, slots.worker_owner(worker.id), booking.date, booking.seats, 1, otherwise=busy)
    act.case.worker_id = worker.id


async def decline(act: Act) -> None:
    await _free_worker(act.tx, act.case, act.details)
    act.case.worker_id = None


async def start(act: Act) -> None:
    """Raises WrongStartCode."""
    if not hmac.compare_digest(act.form.code, act.details.start_code):
        raise WrongStartCode(field="code")


async def finish(act: Act) -> None:
    await proof.take(act)
    act.details.finish_note = act.form.note


async def cancel(act: Act) -> None:
    """The seat is free again; on the resident's side, inside the notice, it is late and costs what was agreed."""
    booking: Booking = act.details
    theirs = bool(act.actor.roles & RESIDENTS_SIDE)
    bound = act.source != "held" and not booking.suspension
    booking.late_cancel = theirs and bound and act.tx.now > booking.free_until
    if booking.late_cancel:
        booking.fee_fen = fees.fee_fen(booking, act.tx.now)
    await end(act, used=booking.late_cancel)
