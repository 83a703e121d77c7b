"""What people do with a plan: open, pause, resume, end, skip one visit."""

from datetime import date, datetime, timedelta

from msgspec.structs import replace

from schemas.cases import Channel
from schemas.plans import NewPlan, PlanState, VisitState
from server import bookings, cases, catalogue, places
from server.bookings.kind import QuoteNeeded, address_of, contact_of
from server.cases import CASES, Case
from server.catalogue import Service
from server.config import Settings
from server.kit.chance import chance
from server.kit.clock import today
from server.kit.db import Tx
from server.kit.errors import Conflict, Invalid
from server.plans.visits import PLANS, SHOWN, VISITS, Plan, Visit, start_of, visit_id
from server.residents import Resident
from server.sessions import Actor


class WeeksOrUntil(Invalid):
    """请说明一共几周，或者到哪一天为止，两者选一个"""


class PlanTooLong(Invalid):
    """时间太长了，请缩短一些，到期后可以再续"""


class PlanTimeNotOffered(Conflict):
    """这项服务每周的这个时间不开放，请从时段列表里选"""


class PlansTooMany(Conflict):
    """定期服务太多了，请先结束不需要的"""


class PlanNotActive(Conflict):
    """这个定期服务已经暂停或结束，请刷新后再看"""


class NoVisitThatDay(Conflict):
    """这一天没有安排上门，请从列表里选"""


class AlreadySkipped(Conflict):
    """这一次已经跳过了"""


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
    if not inside or start_of(plan, day) <= tx.now:
        raise NoVisitThatDay(field="date")
    known = await tx.get(VISITS, visit_id(plan.id, day))
    if known is not None and known.state == "skipped":
        raise AlreadySkipped
    if known is not None and known.state == "booked" and known.case_no is not None:
        case = await tx.get(CASES, known.case_no)
        if case is not None and case.open:
            await cases.move(tx, case.id, "cancel", {"reason": "定期服务跳过这一次"}, actor, channel, rules)
    start = start_of(plan, day)
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
    for visit in await tx.all(VISITS, where, limit=SHOWN):
        case = await tx.get(CASES, visit.case_no or "")
        mine = cases.parts(actor, case) if case is not None else frozenset()
        if case is None or "cancel" not in _open_to(case, mine):
            continue
        await cases.move(tx, case.id, "cancel", {"reason": "定期服务暂停或结束"}, actor, channel, rules)
        await tx.change(VISITS, {"_id": visit.id}, {"$set": {"state": state}})


def _open_to(case: Case, mine: frozenset[str]) -> set[str]:
    return {one.name for one in bookings.FLOW.open_to(case.state, mine)}
