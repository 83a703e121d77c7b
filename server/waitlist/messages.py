"""The resident hears that it is their turn, or that the wait was in vain."""

from msgspec import structs

from server import push, residents
from server.kit.clock import SHANGHAI
from server.kit.db import Tx
from server.kit.events import Event, on
from server.push import Notice, Template
from server.waitlist.entries import STATES, WAITLIST
from server.waitlist.views import sentence

_PAGE = "packages/me/pages/ahead/index"


OFFERED = Template(
    "waitlist_offered",
    "候补空位通知",
    "wait",
    {"thing1": "service", "time3": "time", "phrase4": "state", "thing5": "tip"},
    topic="visits",
    importance="urgent",
)
_TOLD = {"offered": "请在留号时间内提交", "missed": "可以换个时间", "refused": "请看看原因"}


@on("waitlist.*")
async def tell(tx: Tx, event: Event) -> None:
    """The resident hears that it is their turn, or that the wait was in vain."""
    state, entry = event.data["target"], await tx.get(WAITLIST, event.subject)
    if entry is None or state not in _TOLD:
        return
    then = structs.replace(entry, state=state)
    payload = {
        "service": entry.service,
        "time": f"{(entry.offer_until or tx.now).astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        "state": STATES[then.state],
        "tip": _TOLD[state],
    }
    case = entry.case_no if state == "offered" else None
    page = f"packages/cases/pages/case/index?case_no={case}" if case else _PAGE
    notice = Notice(text=sentence(then, 0), payload=payload, page=page, case_no=case)
    await push.send(tx, event, await residents.find(tx, entry.resident_id), OFFERED, notice)
