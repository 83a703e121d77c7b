"""The same face: who came first is sent again where that can be, and the resident hears when it is somebody else."""

from server import push, residents, staff
from server.bookings.kind import said
from server.cases import CASES, Case
from server.dispatch import Usual
from server.kit.clock import SHANGHAI
from server.kit.db import Reader, Tx
from server.kit.events import Event, on
from server.plans.messages import CONFLICT
from server.plans.visits import PLANS, VISITS, Plan, Visit
from server.push import Notice


async def _who(reader: Reader, case: Case) -> str | None:
    visit = await reader.first(VISITS, {"case_no": case.id})
    plan = await reader.get(PLANS, visit.plan_id) if visit else None
    return plan.worker_id if plan else None


USUAL = Usual(_who)


@on("booking.assign", "booking.assign_usual", "booking.take")
async def keep_worker(tx: Tx, event: Event) -> None:
    """Who comes first is asked for again, or who follows them when they have left; anybody else is noted as a
    substitute, and the resident is told."""
    visit = await tx.first(VISITS, {"case_no": event.subject})
    case = await tx.get(CASES, event.subject)
    plan = await tx.get(PLANS, visit.plan_id) if visit else None
    if visit is None or plan is None or case is None or case.worker_id is None:
        return
    usual = tx.recall(staff.STAFF, plan.worker_id) if plan.worker_id else None
    if usual is None or not usual.active:
        followed = {"_id": plan.id, "worker_id": plan.worker_id}
        await tx.change(PLANS, followed, {"$set": {"worker_id": case.worker_id}})
        usual = None
    other = usual is not None and usual.id != case.worker_id
    await tx.change(VISITS, {"_id": visit.id}, {"$set": {"worker_id": case.worker_id, "substitute": other}})
    if usual is not None and other:
        await _tell(tx, event, plan, visit, case, usual.name)


async def _tell(tx: Tx, event: Event, plan: Plan, visit: Visit, case: Case, usual: str) -> None:
    coming = tx.recall(staff.STAFF, case.worker_id or "")
    who = coming.name if coming else "另一位师傅"
    payload = {
        "service": plan.service,
        "time": f"{visit.start.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        "state": "换师傅",
        "tip": "这次来的是另一位师傅",
    }
    text = f"{said(visit.start)} 的“{plan.service}”，平时是{usual}来，这次换{who}上门"
    page = f"packages/cases/pages/case/index?case_no={case.id}"
    notice = Notice(text=text, payload=payload, page=page, case_no=case.id)
    await push.send(tx, event, await residents.find(tx, plan.resident_id), CONFLICT, notice)
