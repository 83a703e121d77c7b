"""What the moves of a booking do besides moving: seats are taken and given back, a code is asked, lateness is noted."""

from server import certificates, dispatch, rosters, slots, staff
from server.bookings import codes, fees, proof, tallies
from server.bookings.details import Booking, may_prolong
from server.cases.kinds import Act, Case
from server.kit.db import Tx
from server.kit.errors import Conflict, NotFound
from server.staff import Staff

RESIDENTS_SIDE = frozenset({"resident", "operator", "clerk"})


class HeldLongEnough(Conflict):
    """这个时间已经多留过了，不能再留，请尽快提交"""


class QuoteFirst(Conflict):
    """这项服务要先报价，居民同意后就算确认"""


class AlreadyAcknowledged(Conflict):
    """您已经接了这一单"""


class WorkerNotFound(NotFound):
    """没有这位服务人员，请从名单里选"""


class PapersMissing(Conflict):
    """这位服务人员缺证件或证件过期，不能派单"""


class OffShift(Conflict):
    """这位服务人员那时不在班，请换一位"""


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


async def prolong(act: Act) -> None:
    """The seat is held once more for as long as a new hold from now. Raises HeldLongEnough."""
    if not may_prolong(act.details):
        raise HeldLongEnough
    act.details.prolongs -= 1


async def confirm(act: Act) -> None:
    """Raises QuoteFirst for a service whose price is asked for."""
    if act.details.mode == "quote":
        raise QuoteFirst
    if act.actor.kind == "staff":
        act.case.handler_id = act.actor.id


async def escalate(act: Act) -> None:
    act.details.escalated = True


async def assign(act: Act) -> None:
    """Give the work to a worker who serves this and is free then. Only a dispatcher can do so off shift, nobody without
    the papers. Raises WorkerNotFound, WorkerBusy, PapersMissing, OffShift."""
    worker = act.tx.recall(staff.STAFF, act.form.worker_id)
    if worker is None or not staff.serves(worker, act.case.provider_id or "", act.details.category):
        raise WorkerNotFound(field="worker_id")
    if worker.id == act.case.worker_id:
        return
    off_shift = not rosters.on_shift(act.tx, worker, act.details.start, act.details.end)
    override = off_shift and act.form.off_shift and "dispatcher" in act.actor.roles
    if off_shift and not override:
        raise OffShift(f"{worker.name}那时不在班，请换一位，或先改班表", field="worker_id")
    _check_papers(act, worker)
    await dispatch.choose(act.tx, act.case, worker.id, act.actor, act.rules, override=override)
    if override:
        act.facts = {**act.facts, "off_shift": "不在班"}
    await _free_worker(act.tx, act.case, act.details)
    await _give(act, worker, slots.WorkerBusy(field="worker_id"))


def _check_papers(act: Act, worker: Staff) -> None:
    lacking = certificates.missing(
        act.tx, worker, act.details.category, act.details.date, act.case.provider_id
    )
    if lacking:
        raise PapersMissing(f"{worker.name}不能派：{'；'.join(lacking)}", field="worker_id")


async def _give(act: Act, worker: Staff, busy: Conflict) -> None:
    """The worker's own time is taken with the commit, so nobody has two visits at once."""
    booking: Booking = act.details
    slots.demand(act.tx, slots.worker_owner(worker.id), booking.date, booking.seats, 1, otherwise=busy)
    act.case.worker_id = worker.id
    booking.nobody = booking.acknowledged = False


async def assign_usual(act: Act) -> None:
    """Who came before comes again, without anybody deciding it: only where they could be asked, too. Raises
    WorkerNotFound, OffShift, PapersMissing, WorkerBusy."""
    worker = staff.find(act.tx, act.form.worker_id)
    if not staff.serves(worker, act.case.provider_id or "", act.details.category):
        raise WorkerNotFound
    if not rosters.on_shift(act.tx, worker, act.details.start, act.details.end):
        raise OffShift
    _check_papers(act, worker)
    await _give(act, worker, slots.WorkerBusy())


async def take(act: Act) -> None:
    """The worker takes what was offered to them (server/dispatch). Raises WorkerNotFound, OffShift, PapersMissing,
    WorkerBusy."""
    worker = staff.find(act.tx, act.actor.id)
    if not staff.serves(worker, act.case.provider_id or "", act.details.category):
        raise WorkerNotFound
    if not rosters.on_shift(act.tx, worker, act.details.start, act.details.end):
        raise OffShift("那个时间您不在班，不能接这一单")
    _check_papers(act, worker)
    await _give(act, worker, slots.WorkerBusy("您那个时间已经有活了，不能再接这一单"))
    act.details.acknowledged = True


async def acknowledge(act: Act) -> None:
    """Whom the work was given has seen it and will come. Raises AlreadyAcknowledged."""
    if act.details.acknowledged:
        raise AlreadyAcknowledged
    act.details.acknowledged = True


async def nobody(act: Act) -> None:
    """Everybody was asked, and nobody takes it: a person has to find somebody."""
    act.details.nobody = True


async def decline(act: Act) -> None:
    """The worker gives it back; somebody else is looked for."""
    await _free_worker(act.tx, act.case, act.details)
    act.case.worker_id = None


async def start(act: Act) -> None:
    """Raises StartCodeLocked, WrongStartCode."""
    codes.check(act.details, act.form.code, act.tx.now)
    act.details.code_tries = []


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
