"""Recurring plans: the same visit every week, booked as far ahead as the service's days are open.

A plan is rolled forward by a leased job. Each visit is a document of its own whose id is plan and date, written in the
transaction that places the booking: however many workers roll, and wherever one is killed, a visit is booked once.
What cannot be booked is told at once, with free times near it.
"""

from datetime import date, datetime, time, timedelta
from typing import Any, Protocol

from msgspec.structs import replace

from schemas.bookings import NewBooking
from schemas.cases import Channel
from schemas.common import Address, Contact
from schemas.plans import FindPlans, NewPlan, PlanState, PlansView, PlanView, VisitState, VisitView
from server import bookings, cases, catalogue, places, push, residents, sessions, slots, staff
from server.bookings.kind import QuoteNeeded, address_of, contact_of, said
from server.cases import CASES, Case, CaseNumbers
from server.catalogue import Service
from server.config import Settings
from server.keeping import Keeping, by_resident
from server.kit.chance import chance
from server.kit.clock import SHANGHAI, today
from server.kit.db import Collection, Database, Duplicate, Index, Reader, Stored, Tx
from server.kit.errors import Conflict, HoelunError, Invalid, NotFound, Unavailable
from server.kit.events import Event, emit, event_id, on
from server.kit.jobs import DUE, Leased, QueueOf, Settled
from server.push import Notice, Template
from server.residents import Resident
from server.sessions import SYSTEM, Actor

_WEEKDAYS = "一二三四五六日"
_SHOWN = 100
_AFTER_MIDNIGHT = time(0, 5)


class WeeksOrUntil(Invalid):
    """请说明一共几周，或者到哪一天为止，两者选一个"""


class PlanTooLong(Invalid):
    """时间太长了，请缩短一些，到期后可以再续"""


class PlanTimeNotOffered(Conflict):
    """这项服务每周的这个时间不开放，请从时段列表里选"""


class PlansTooMany(Conflict):
    """定期服务太多了，请先结束不需要的"""


class PlanNotFound(NotFound):
    """没有找到这个定期服务"""


class PlanNotActive(Conflict):
    """这个定期服务已经暂停或结束，请刷新后再看"""


class NoVisitThatDay(Conflict):
    """这一天没有安排上门，请从列表里选"""


class AlreadySkipped(Conflict):
    """这一次已经跳过了"""


class Plan(Leased, kw_only=True):
    """`worker_id` is who came first and is asked to come again. `due_at`: when the next day may be booked."""

    resident_id: str
    resident_name: str
    opened_by: str
    service_id: str
    service: str
    provider_id: str
    community_id: str | None
    compound_id: str | None
    worker_id: str | None = None
    weekdays: list[int]
    minute: int
    first: str
    until: str
    address: Address
    contact: Contact
    form: dict[str, Any]
    note: str
    state: PlanState = "active"
    version: int = 1
    created_at: datetime


class Visit(Stored, kw_only=True):
    """`id` is `plan|YYYY-MM-DD`: a day of a plan is booked, skipped or found impossible once."""

    plan_id: str
    resident_id: str
    day: str
    start: datetime
    state: VisitState
    case_no: str | None = None
    worker_id: str | None = None
    substitute: bool = False
    reason: str = ""
    alternatives: list[datetime] = []


PLANS: Collection[Plan] = Collection(
    "plans",
    Plan,
    Index(("resident_id", "-created_at", "-_id")),
    Index(("community_id", "-created_at", "-_id")),
    Index(("provider_id", "-created_at", "-_id")),
    Index(("-created_at", "-_id")),
    DUE,
)
VISITS: Collection[Visit] = Collection(
    "visits",
    Visit,
    Index(("plan_id", "day", "_id")),
    Index(("resident_id",)),
    Index(("case_no",), only={"case_no": {"$type": "string"}}),
)

STATES: dict[PlanState, str] = {"active": "进行中", "paused": "已暂停", "ended": "已结束"}
VISIT_STATES: dict[VisitState, str] = {
    "booked": "已预约",
    "skipped": "已跳过",
    "paused": "暂停中",
    "conflict": "没约上",
}


class House(Protocol):
    """What rolling forward needs of the building."""

    db: Database
    settings: Settings
    case_numbers: CaseNumbers


def visit_id(plan_id: str, day: date) -> str:
    return f"{plan_id}|{day.isoformat()}"


def _start(plan: Plan, day: date) -> datetime:
    return datetime.combine(day, time(*divmod(plan.minute, 60)), SHANGHAI)


def wish(wanted: NewPlan | Plan, start: datetime, resident_id: str | None, note: str) -> NewBooking:
    """The booking that a visit is."""
    return NewBooking(
        service_id=wanted.service_id,
        start=start,
        address=wanted.address,
        contact=wanted.contact,
        form=wanted.form,
        note=note,
        resident_id=resident_id,
    )


# Opening, pausing, ending.


async def open_plan(tx: Tx, actor: Actor, resident: Resident, wanted: NewPlan, rules: Settings) -> Plan:
    """Raises WeeksOrUntil, PlanTooLong, ServiceNotFound, QuoteNeeded, PlanTimeNotOffered, PlansTooMany, BadForm,
    AddressNeeded, ContactNeeded, CompoundNotFound."""
    service = catalogue.find(tx, wanted.service_id)
    if service.mode != "slot":
        raise QuoteNeeded(field="service_id")
    first = today(tx.now)
    until = _until(wanted, first, rules)
    minute = int(wanted.time[:2]) * 60 + int(wanted.time[3:])
    _check_rhythm(service, wanted.weekdays, minute)
    mine = {"resident_id": resident.id, "state": {"$in": ["active", "paused"]}}
    if await tx.count(PLANS, mine, limit=rules.plans.most_open) >= rules.plans.most_open:
        raise PlansTooMany
    address, contact = address_of(resident, wanted.address), contact_of(resident, wanted.contact)
    where = places.locate(tx, address.compound_id)
    plan = Plan(
        id=chance.hex(12),
        resident_id=resident.id,
        resident_name=resident.name or contact.name,
        opened_by=actor.key,
        service_id=service.id,
        service=service.name,
        provider_id=service.provider_id,
        community_id=where.community_id,
        compound_id=where.compound_id,
        weekdays=sorted(set(wanted.weekdays)),
        minute=minute,
        first=first.isoformat(),
        until=until.isoformat(),
        address=address,
        contact=contact,
        form=catalogue.check_form(service, wanted.form),
        note=wanted.note,
        created_at=tx.now,
        due_at=tx.now,
    )
    tx.add(PLANS, plan)
    return plan


def _until(wanted: NewPlan, first: date, rules: Settings) -> date:
    if wanted.weeks is not None and wanted.until is None:
        until = first + timedelta(weeks=wanted.weeks, days=-1)
    elif wanted.until is not None and wanted.weeks is None and wanted.until >= first:
        until = wanted.until
    else:
        raise WeeksOrUntil(field="weeks")
    if until > first + timedelta(weeks=rules.plans.longest_weeks):
        raise PlanTooLong(field="weeks")
    return until


def _check_rhythm(service: Service, weekdays: list[int], minute: int) -> None:
    """Every one of the weekdays is usually open at that time."""
    for weekday in weekdays:
        usual = service.weekly[weekday - 1]
        starts = [
            one
            for opening, closing in usual
            for one in range(opening, closing - service.duration_min + 1, service.step_min)
        ]
        if minute not in starts:
            raise PlanTimeNotOffered(field="time")


async def find(reader: Reader, plan_id: str, actor: Actor) -> Plan:
    """Raises PlanNotFound, also for what is somebody else's."""
    plan = await reader.first(PLANS, {"$and": [{"_id": plan_id}, cases.theirs(actor, "bookings")]})
    if plan is None:
        raise PlanNotFound
    return plan


async def pause(
    tx: Tx, plan: Plan, cancel_booked: bool, actor: Actor, channel: Channel, rules: Settings
) -> Plan:
    """Nothing new is booked until it is resumed. Raises PlanNotActive."""
    await _become(tx, plan, "paused", frozenset({"active"}), None)
    if cancel_booked:
        await _cancel_booked(tx, plan, "paused", actor, channel, rules)
    return plan


async def resume(tx: Tx, plan: Plan) -> Plan:
    """Book on; visits that the pause cancelled are booked again. Raises PlanNotActive."""
    await _become(tx, plan, "active", frozenset({"paused"}), tx.now)
    paused = {"plan_id": plan.id, "state": "paused", "day": {"$gte": today(tx.now).isoformat()}}
    await tx.delete_all(VISITS, paused)
    return plan


async def end(
    tx: Tx, plan: Plan, cancel_booked: bool, actor: Actor, channel: Channel, rules: Settings
) -> Plan:
    """Raises PlanNotActive."""
    await _become(tx, plan, "ended", frozenset({"active", "paused"}), None)
    if cancel_booked:
        await _cancel_booked(tx, plan, "skipped", actor, channel, rules)
    return plan


async def _become(
    tx: Tx, plan: Plan, state: PlanState, before: frozenset[PlanState], due_at: datetime | None
) -> None:
    how = {"$set": {"state": state, "due_at": due_at, "attempts": 0}, "$inc": {"version": 1, "fence": 1}}
    if not await tx.change(PLANS, {"_id": plan.id, "state": {"$in": sorted(before)}}, how):
        raise PlanNotActive
    plan.state, plan.due_at, plan.version = state, due_at, plan.version + 1


async def skip(tx: Tx, plan: Plan, day: date, actor: Actor, channel: Channel, rules: Settings) -> Plan:
    """Not that one time. Raises NoVisitThatDay, AlreadySkipped, and what cancelling the booking raises."""
    inside = plan.first <= day.isoformat() <= plan.until and day.isoweekday() in plan.weekdays
    if not inside or _start(plan, day) <= tx.now:
        raise NoVisitThatDay(field="date")
    known = await tx.get(VISITS, visit_id(plan.id, day))
    if known is not None and known.state == "skipped":
        raise AlreadySkipped
    if known is not None and known.state == "booked" and known.case_no is not None:
        case = await tx.get(CASES, known.case_no)
        if case is not None and case.open:
            await cases.move(tx, case.id, "cancel", {"reason": "定期服务跳过这一次"}, actor, channel, rules)
    start = _start(plan, day)
    visit = known or Visit(
        id=visit_id(plan.id, day),
        plan_id=plan.id,
        resident_id=plan.resident_id,
        day=day.isoformat(),
        start=start,
        state="skipped",
    )
    await tx.put(VISITS, replace(visit, state="skipped", reason="", alternatives=[]))
    # The roll-forward writes the plan too: whichever of the two is second sees what the first has done.
    await tx.change(PLANS, {"_id": plan.id}, {"$inc": {"version": 1}})
    return plan


async def _cancel_booked(
    tx: Tx, plan: Plan, state: VisitState, actor: Actor, channel: Channel, rules: Settings
) -> None:
    """What is booked and can still be cancelled is; work that is under way is left alone."""
    where = {"plan_id": plan.id, "state": "booked", "day": {"$gte": today(tx.now).isoformat()}}
    for visit in await tx.all(VISITS, where, limit=_SHOWN):
        case = await tx.get(CASES, visit.case_no or "")
        mine = cases.parts(actor, case) if case is not None else frozenset()
        if case is None or "cancel" not in _open_to(case, mine):
            continue
        await cases.move(tx, case.id, "cancel", {"reason": "定期服务暂停或结束"}, actor, channel, rules)
        await tx.change(VISITS, {"_id": visit.id}, {"$set": {"state": state}})


def _open_to(case: Case, mine: frozenset[str]) -> set[str]:
    return {one.name for one in bookings.FLOW.open_to(case.state, mine)}


# Rolling forward.


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
        and (one != made or _start(plan, one) >= plan.created_at + timedelta(minutes=service.lead_time_min))
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
    start = _start(plan, day)
    resident = await residents.find(tx, plan.resident_id)
    wanted = wish(plan, start, resident.id, _noted(tx, plan))
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


def _noted(reader: Reader, plan: Plan) -> str:
    """The resident's own note, and who should come if that can be."""
    usual = reader.recall(staff.STAFF, plan.worker_id) if plan.worker_id else None
    hint = f"定期服务，请尽量派{usual.name}" if usual else "定期服务"
    return f"{plan.note}（{hint}）"[:500] if plan.note else hint


async def _note(tx: Tx, plan_id: str, service: Service, day: date, reason: str, rules: Settings) -> None:
    plan = await _current(tx, plan_id, day)
    if plan is None:
        return
    start = _start(plan, day)
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
VISITED = Keeping(title="定期服务的每一次", collection=VISITS, find=by_resident)


# Telling the resident, and remembering who came.

CONFLICT = Template(
    "plan_conflict",
    "定期服务变更通知",
    "plan",
    {"thing1": "service", "time3": "time", "phrase4": "state", "thing5": "tip"},
)


@on("plan.conflict")
async def tell(tx: Tx, event: Event) -> None:
    """A visit of the plan could not be booked: the resident hears why, and which times near it are free."""
    plan, visit = await tx.get(PLANS, event.subject), await tx.get(VISITS, event.data["visit"])
    if plan is None or visit is None:
        return
    payload = {
        "service": plan.service,
        "time": f"{visit.start.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        "state": "没约上",
        "tip": "请换个时间或跳过",
    }
    near = "、".join(said(one) for one in visit.alternatives)
    advice = f"附近还有空的时间：{near}" if near else "前后几天都约满了，可以加入候补"
    text = f"{said(visit.start)} 的“{plan.service}”没有约上：{event.data['reason']}。{advice}"
    page = f"packages/bookings/pages/plan/index?plan_id={plan.id}"
    notice = Notice(text=text, payload=payload, page=page)
    await push.send(tx, event, await residents.find(tx, plan.resident_id), CONFLICT, notice)


@on("booking.assign")
async def keep_worker(tx: Tx, event: Event) -> None:
    """Who comes first is asked for again; somebody else is noted as a substitute."""
    visit = await tx.first(VISITS, {"case_no": event.subject})
    case = await tx.get(CASES, event.subject)
    if visit is None or case is None or case.worker_id is None:
        return
    await tx.change(PLANS, {"_id": visit.plan_id, "worker_id": None}, {"$set": {"worker_id": case.worker_id}})
    plan = await tx.get(PLANS, visit.plan_id)
    other = plan is not None and plan.worker_id != case.worker_id
    await tx.change(VISITS, {"_id": visit.id}, {"$set": {"worker_id": case.worker_id, "substitute": other}})


# Looking at it.


async def listed(reader: Reader, wanted: FindPlans, actor: Actor) -> PlansView:
    """Mine, or for staff those in scope; newest first."""
    where = cases.theirs(actor, "bookings")
    if wanted.state is not None:
        where = {**where, "state": wanted.state}
    page = await reader.page(PLANS, where, sort="-created_at", cursor=wanted.cursor, limit=wanted.limit)
    return PlansView(items=[await view(reader, one) for one in page.items], next=page.next)


async def view(reader: Reader, plan: Plan) -> PlanView:
    """With the visits to come."""
    coming = {"plan_id": plan.id, "day": {"$gte": today(reader.now).isoformat()}}
    visits = await reader.all(VISITS, coming, limit=_SHOWN, sort="day")
    numbers = [one.case_no for one in visits if one.case_no]
    found = await reader.all(CASES, {"_id": {"$in": numbers}}, limit=_SHOWN) if numbers else []
    by_number = {one.id: one for one in found}
    return PlanView(
        id=plan.id,
        service_id=plan.service_id,
        service=plan.service,
        weekdays=plan.weekdays,
        time=_clock(plan),
        until=date.fromisoformat(plan.until),
        text=f"每周{'、'.join(_WEEKDAYS[one - 1] for one in plan.weekdays)} {_clock(plan)}，到 {plan.until}",
        state=plan.state,
        state_text=STATES[plan.state],
        worker=_name(reader, plan.worker_id),
        resident_id=plan.resident_id,
        resident_name=plan.resident_name,
        created_at=plan.created_at,
        visits=[_visit(reader, one, by_number.get(one.case_no or "")) for one in visits],
    )


def _clock(plan: Plan) -> str:
    hour, minute = divmod(plan.minute, 60)
    return f"{hour:02d}:{minute:02d}"


def _name(reader: Reader, worker_id: str | None) -> str:
    worker = reader.recall(staff.STAFF, worker_id) if worker_id else None
    return worker.name if worker else ""


def _visit(reader: Reader, visit: Visit, case: Case | None) -> VisitView:
    return VisitView(
        date=date.fromisoformat(visit.day),
        start=visit.start,
        when=said(visit.start),
        state=visit.state,
        state_text=VISIT_STATES[visit.state],
        case_no=visit.case_no,
        case_state=case.state if case else None,
        case_state_text=bookings.FLOW.states[case.state].text if case else None,
        worker=_name(reader, visit.worker_id),
        substitute=visit.substitute,
        reason=visit.reason,
        alternatives=visit.alternatives,
    )
