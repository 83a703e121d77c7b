"""What is shown of a plan."""

from datetime import date

from schemas.plans import FindPlans, PlansView, PlanView, VisitView
from server import bookings, cases, staff
from server.bookings.kind import said
from server.cases import CASES, Case
from server.kit.clock import today
from server.kit.db import Reader
from server.plans.visits import PLANS, SHOWN, STATES, VISIT_STATES, VISITS, Plan, Visit
from server.sessions import Actor
from server.words import said_day

_WEEKDAYS = "一二三四五六日"


async def listed(reader: Reader, wanted: FindPlans, actor: Actor) -> PlansView:
    """Mine, or for staff those in scope; newest first."""
    where = cases.theirs(actor, "bookings")
    if wanted.state is not None:
        where = {**where, "state": wanted.state}
    page = await reader.page(PLANS, where, sort="-created_at", cursor=wanted.cursor, limit=wanted.limit)
    return PlansView(items=await _views(reader, page.items), next=page.next)


async def view(reader: Reader, plan: Plan) -> PlanView:
    """With the visits to come."""
    return (await _views(reader, [plan]))[0]


async def _views(reader: Reader, plans: list[Plan]) -> list[PlanView]:
    """In two queries, however many plans."""
    ids, first = [one.id for one in plans], today(reader.now).isoformat()
    coming = {"plan_id": {"$in": ids}, "day": {"$gte": first}}
    visits = await reader.all(VISITS, coming, limit=SHOWN * len(ids), sort="day") if ids else []
    numbers = [one.case_no for one in visits if one.case_no]
    found = await reader.all(CASES, {"_id": {"$in": numbers}}, limit=len(numbers)) if numbers else []
    by_number = {one.id: one for one in found}
    return [
        _view(reader, plan, [one for one in visits if one.plan_id == plan.id], by_number) for plan in plans
    ]


def _view(reader: Reader, plan: Plan, visits: list[Visit], by_number: dict[str, Case]) -> PlanView:
    return PlanView(
        id=plan.id,
        service_id=plan.service_id,
        service=plan.service,
        weekdays=plan.weekdays,
        time=_clock(plan),
        until=date.fromisoformat(plan.until),
        text=_text(plan),
        state=plan.state,
        state_text=STATES[plan.state],
        worker=_name(reader, plan.worker_id),
        resident_id=plan.resident_id,
        resident_name=plan.resident_name,
        created_at=plan.created_at,
        visits=[_visit(reader, one, by_number.get(one.case_no or "")) for one in visits],
    )


def _text(plan: Plan) -> str:
    days = "、".join(_WEEKDAYS[one - 1] for one in plan.weekdays)
    return f"每周{days} {_clock(plan)}，到 {said_day(date.fromisoformat(plan.until))}"


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
