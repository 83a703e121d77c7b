"""A resident hears of whatever somebody else does in their name."""

from server import proxies, push
from server.cases.kinds import CASES, kind_of
from server.kit.clock import SHANGHAI
from server.kit.db import Tx
from server.kit.events import Event, on
from server.push import Notice, Template
from server.residents import RESIDENTS

ACTED = Template(
    "proxy_acted",
    "代办提醒",
    "proxy",
    {"thing1": "what", "time2": "time", "thing3": "tip"},
    topic="account",
    importance="high",
)
_TIP = "家人代您办的，请看看"
_LONGEST = 20


@on("*")
async def tell(tx: Tx, event: Event) -> None:
    """What was done, by whom, on which case."""
    principal_id = event.data.get("on_behalf_of")
    case = await tx.get(CASES, event.subject) if principal_id else None
    principal = await tx.get(RESIDENTS, principal_id) if principal_id else None
    if case is None or principal is None:
        return
    proxy = await tx.get(proxies.PROXIES, event.data["proxy_id"])
    holder = (proxy.holder_name if proxy else "") or "您的家人"
    action = kind_of(case).flow.actions[event.data["action"]].text
    notice = Notice(
        text=f"{holder}替您办了“{case.title}”：{action}。如果您不知道这件事，请打开办件看看，或收回代办授权。",
        payload={
            "what": case.title[:_LONGEST],
            "time": f"{event.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
            "tip": _TIP,
        },
        page=f"packages/cases/pages/case/index?case_no={case.id}",
        case_no=case.id,
    )
    await push.send(tx, event, principal, ACTED, notice)
