"""What is kept: the plan, and each visit of it."""

from datetime import date, datetime, time
from typing import Any

from schemas.bookings import NewBooking
from schemas.common import Address, Contact
from schemas.plans import NewPlan, PlanState, VisitState
from server import cases
from server.keeping import Keeping, by_resident
from server.kit.clock import SHANGHAI
from server.kit.db import TEXT, Collection, Index, Reader, Stored
from server.kit.errors import NotFound
from server.kit.jobs import DUE, Leased
from server.sessions import Actor

SHOWN = 100


class PlanNotFound(NotFound):
    """没有找到这个定期服务"""


class Plan(Leased, kw_only=True):
    """`worker_id` is who came first and is sent again (server/plans/faces.py). `due_at`: when the next day may be
    booked."""

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
    Index(("case_no",), only={"case_no": TEXT}),
)

STATES: dict[PlanState, str] = {"active": "进行中", "paused": "已暂停", "ended": "已结束"}
VISIT_STATES: dict[VisitState, str] = {
    "booked": "已预约",
    "skipped": "已跳过",
    "paused": "暂停中",
    "conflict": "没约上",
}


VISITED = Keeping(title="定期服务的每一次", collection=VISITS, find=by_resident)


def visit_id(plan_id: str, day: date) -> str:
    return f"{plan_id}|{day.isoformat()}"


def start_of(plan: Plan, day: date) -> datetime:
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


async def find(reader: Reader, plan_id: str, actor: Actor) -> Plan:
    """Raises PlanNotFound, also for what is somebody else's."""
    plan = await reader.first(PLANS, {"$and": [{"_id": plan_id}, cases.theirs(actor, "bookings")]})
    if plan is None:
        raise PlanNotFound
    return plan
