"""A plan is rolled forward by a leased job, as far ahead as the service's days are open.

A visit is written in the transaction that places its booking: however many workers roll, and wherever one is killed,
it is booked once. What cannot be booked is noted with free times near it.
"""

from datetime import date, datetime, time, timedelta
from typing import Protocol

from server import bookings, catalogue, residents, sessions, slots
from server.cases import CaseNumbers
from server.catalogue import Service
from server.config import Settings
from server.kit.clock import SHANGHAI, today
from server.kit.db import Database, Duplicate, Tx
from server.kit.errors import HoelunError, Unavailable
from server.kit.events import Event, emit, event_id
from server.kit.jobs import QueueOf, Settled
from server.plans.visits import PLANS, VISITS, Plan, Visit, start_of, visit_id, wish
from server.sessions import SYSTEM

_AFTER_MIDNIGHT = time(0, 5)


class House(Protocol):
    """What rolling forward needs of the building."""

    db: Database
    settings: Settings
    case_numbers: CaseNumbers


async def roll(house: House, plan: Plan) -> Settled:
    """Book every day of the plan that is open by now and not yet settled; then wait for the next midnight."""
    if plan.state != "active":
        return {"due_at": None}
    reader = house.db.reader()
    service = reader.recall(catalogue.SERVICES, plan.service_id)
    now = reader.now
    if service is not None:
        for day in _days(plan, service, now):
            await _settle(house, plan, service, day)
    if plan.until < today(now).isoformat():
        await house.db.alone(lambda tx: _over(tx, plan))
        return {"due_at": None}
    midnight = datetime.combine(today(now) + timedelta(days=1), _AFTER_MIDNIGHT, SHANGHAI)
    return {"due_at": midnight, "attempts": 0, "error": ""}


async def _over(tx: Tx, plan: Plan) -> None:
    await tx.change(PLANS, {"_id": plan.id, "state": "active"}, {"$set": {"state": "ended"}})


def _days(plan: Plan, service: Service, now: datetime) -> list[date]:
    first = max(today(now), date.fromisoformat(plan.first))
    last = min(date.fromisoformat(plan.until), today(now) + timedelta(days=service.horizon_days - 1))
    ahead = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    made = today(plan.created_at)
    return [
        one
        for one in ahead
        if one.isoweekday() in plan.weekdays
        and (one != made or start_of(plan, one) >= plan.created_at + timedelta(minutes=service.lead_time_min))
    ]


async def _settle(house: House, plan: Plan, service: Service, day: date) -> None:
    """One visit: booked, or noted with the reason why not; nothing if somebody has settled it."""
    known = await house.db.reading(lambda reader: reader.get(VISITS, visit_id(plan.id, day)))
    if known is not None:
        return
    case_no = await house.case_numbers.next(bookings.BOOKING.prefix, house.db.now())
    lane = [slots.day_id(service.pool_id, day)]
    try:
        await house.db.atomically(lambda tx: _book(tx, plan.id, day, case_no, house.settings), lanes=lane)
    except Duplicate:
        return
    except HoelunError as refusal:
        if isinstance(refusal, Unavailable):
            raise
        reason = refusal.message
        await house.db.atomically(lambda tx: _note(tx, plan.id, service, day, reason, house.settings))


async def _current(tx: Tx, plan_id: str, day: date) -> Plan | None:
    """The plan as it is now, kept from changing meanwhile; None when this day is settled or nothing is to be booked."""
    plan = await tx.take(PLANS, {"_id": plan_id, "state": "active"}, {"$inc": {"version": 1}})
    settled = await tx.get(VISITS, visit_id(plan_id, day))
    return plan if settled is None else None


async def _book(tx: Tx, plan_id: str, day: date, case_no: str, rules: Settings) -> None:
    plan = await _current(tx, plan_id, day)
    if plan is None:
        return
    start = start_of(plan, day)
    resident = await residents.find(tx, plan.resident_id)
    wanted = wish(plan, start, resident.id, _noted(plan))
    case = await bookings.place(
        tx, sessions.of_resident(resident), resident, wanted, case_no, "system", rules
    )
    visit = Visit(
        id=visit_id(plan.id, day),
        plan_id=plan.id,
        resident_id=plan.resident_id,
        day=day.isoformat(),
        start=start,
        state="booked",
        case_no=case.id,
    )
    tx.add(VISITS, visit)


def _noted(plan: Plan) -> str:
    """The resident's own note, and that it is a visit of many."""
    return f"{plan.note}（定期服务）"[:500] if plan.note else "定期服务"


async def _note(tx: Tx, plan_id: str, service: Service, day: date, reason: str, rules: Settings) -> None:
    plan = await _current(tx, plan_id, day)
    if plan is None:
        return
    start = start_of(plan, day)
    own = rules.plans
    near = await slots.nearest(tx, service, start, days=own.alternatives_days, most=own.alternatives)
    visit = Visit(
        id=visit_id(plan.id, day),
        plan_id=plan.id,
        resident_id=plan.resident_id,
        day=day.isoformat(),
        start=start,
        state="conflict",
        reason=reason,
        alternatives=near,
    )
    tx.add(VISITS, visit)
    emit(
        tx,
        Event(
            id=event_id(plan.id, plan.version),
            type="plan.conflict",
            subject=plan.id,
            seq=plan.version,
            at=tx.now,
            by={"kind": SYSTEM.kind, "id": SYSTEM.id, "name": "", "role": "system"},
            channel="system",
            data={"action": "conflict", "visit": visit.id, "reason": reason},
        ),
    )


ROLLS = QueueOf("plans", PLANS, roll)
