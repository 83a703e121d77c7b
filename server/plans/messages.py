"""Telling the resident what could not be booked."""

from server import push, residents
from server.bookings.kind import said
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
    topic="visits",
    importance="high",
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
    page = "packages/me/pages/ahead/index"
    notice = Notice(text=text, payload=payload, page=page)
    await push.send(tx, event, await residents.find(tx, plan.resident_id), CONFLICT, notice)
