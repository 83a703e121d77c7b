"""What the resident hears of the clocks of their case: why it waits, when it goes on, when its date moves."""

from server import push, residents
from server.cases import CASES, Case
from server.kit.clock import SHANGHAI
from server.kit.db import Tx
from server.kit.events import Event, on
from server.push import Notice, Template

PROGRESS = Template(
    "case_progress",
    "办理进度通知",
    "progress",
    {"thing1": "what", "character_string2": "case_no", "time3": "time", "phrase4": "state", "thing5": "tip"},
    topic="approvals",
)
_NEWS = {
    "clock.paused": ("已暂停", "请看办件里写的原因"),
    "clock.resumed": ("继续办理", "计时已经恢复"),
    "clock.recounted": ("期限有变", "请看办件里新的期限"),
    "clock.extended": ("期限延长", "请看办件里新的期限和原因"),
}
_LONGEST_THING = 20


@on(*_NEWS)
async def tell(tx: Tx, event: Event) -> None:
    """The resident reads why their case waits, and when it goes on."""
    case = await tx.get(CASES, event.subject)
    if case is None or case.resident_id is None:
        return
    resident = await residents.find(tx, case.resident_id)
    state, tip = _NEWS[event.type]
    payload = {
        "what": case.title[:_LONGEST_THING],
        "case_no": case.id,
        "time": f"{event.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        "state": state,
        "tip": tip,
    }
    page = f"packages/cases/pages/case/index?case_no={case.id}"
    notice = Notice(text=_news(case, event), payload=payload, page=page, case_no=case.id)
    await push.send(tx, event, resident, PROGRESS, notice)


def _news(case: Case, event: Event) -> str:
    reason = event.data["reason"]
    match event.type:
        case "clock.paused":
            return f"“{case.title}”的计时暂停了，原因是：{reason}"
        case "clock.resumed":
            return f"“{case.title}”继续办理，计时已经恢复"
        case "clock.extended":
            return f"“{case.title}”的{event.data['text']}，原因是：{reason}"
    return f"“{case.title}”的期限有变：{reason}"
