"""Telling the resident what could not be booked, and remembering who came."""

from server import push, residents
from server.bookings.kind import said
from server.cases import CASES
from server.kit.clock import SHANGHAI
from server.kit.db import Tx
from server.kit.events import Event, on
from server.plans.visits import PLANS, VISITS
from server.push import Notice, Template

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


@on("booking.assign", "booking.take")
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
