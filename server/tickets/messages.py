"""What a resident is told about their tickets, and when."""

from msgspec import Struct
from msgspec.structs import replace

from schemas.push import Importance
from server import push, residents
from server.cases import CASES, Case
from server.kit.clock import SHANGHAI
from server.kit.db import Tx
from server.kit.events import Event, on
from server.push import Notice, Template
from server.tickets.details import Ticket
from server.tickets.kind import TICKET
from server.tickets.words import route

_USUAL = {
    "thing1": "trip",
    "character_string2": "case_no",
    "time3": "time",
    "phrase4": "state",
    "thing5": "tip",
}
QUOTED = Template("ticket_quoted", "车票报价通知", "pay", _USUAL, topic="tickets", importance="urgent")
ISSUED = Template("ticket_issued", "出票结果通知", "progress", _USUAL, topic="tickets", importance="high")
CHANGED = Template("ticket_changed", "车票进展通知", "progress", _USUAL, topic="tickets", importance="high")
_LONGEST = 20


class Told(Struct, frozen=True):
    """`tip` is the platform's line of at most 20 characters; the inbox has the whole sentence. `importance` where it is
    not the template's own."""

    template: Template
    state: str
    tip: str
    importance: Importance | None = None


TEMPLATES: dict[str, Told] = {
    "quote": Told(QUOTED, "等您决定", "请看报价，过时作废"),
    "authorise": Told(QUOTED, "等您付款", "付了款就去买票"),
    "withdraw_quote": Told(CHANGED, "报价收回", "代办员会再报价", "normal"),
    "lapse": Told(CHANGED, "已过期", "没有付款，可重新提交", "normal"),
    "buy": Told(CHANGED, "正在买票", "有结果会通知您", "normal"),
    "pay_cash": Told(CHANGED, "已付款", "有结果会通知您", "normal"),
    "record": Told(ISSUED, "有结果了", "请看车次座位和取票号"),
    "refuse": Told(CHANGED, "不能代购", "可以换个日子或车次"),
    "offer_change": Told(QUOTED, "改签报价", "请看新车次，过时作废"),
    "refuse_change": Told(CHANGED, "不能改签", "原来的票照用"),
    "confirm_bought_change": Told(ISSUED, "已改签", "请看新的车次和座位"),
    "change_failed": Told(CHANGED, "没有改成", "原来的票照用"),
    "change_lapse": Told(CHANGED, "改签过期", "原来的票照用"),
    "record_refund": Told(CHANGED, "已退票", "退款会原路退回", "normal"),
    "refund_failed": Told(CHANGED, "没有退成", "原来的票照用"),
    "post": Told(CHANGED, "已寄出", "凭证已寄出，请留意快递", "normal"),
    "cancel": Told(CHANGED, "已取消", "付过的钱会退回"),
}
_ENDS = {
    "expired": Told(CHANGED, "已过期", "没有买票，可重新提交"),
    "failed": Told(ISSUED, "没买到", "付的钱全部退回"),
}


@on("ticket.*")
async def tell(tx: Tx, event: Event) -> None:
    """Tell the resident of a step that matters to them, unless it was their own."""
    told = _ENDS.get(event.data["target"]) or TEMPLATES.get(event.data["action"])
    case = await tx.get(CASES, event.subject)
    own = event.by["kind"] == "resident" and event.data["action"] != "authorise"
    if told is None or own or case is None or case.resident_id is None:
        return
    resident = await residents.find(tx, case.resident_id)
    ticket: Ticket = TICKET.details_of(case)
    notice = Notice(
        text=_text(tx, case, ticket, event),
        payload=_payload(case, ticket, event, told),
        page=f"packages/cases/pages/case/index?case_no={case.id}",
        case_no=case.id,
        importance=told.importance,
    )
    await push.send(tx, event, resident, told.template, notice)


def _text(tx: Tx, case: Case, ticket: Ticket, event: Event) -> str:
    """The sentence of the step itself, though the case may have moved on since."""
    then = replace(case, state=event.data["target"])
    sentence = TICKET.sentence(tx, then, ticket, frozenset({"resident"}))
    return "；".join([sentence, *_seats(ticket, event), *filter(None, [event.data.get("reason")])])


def _seats(ticket: Ticket, event: Event) -> list[str]:
    """Where each of them sits, once there are tickets."""
    if event.data["action"] not in ("record", "confirm_bought_change") or event.data["target"] == "failed":
        return []
    told = [
        f"{one.traveller.name_masked} {one.ticket.carriage} {one.ticket.seat}".rstrip()
        for one in ticket.bought
        if one.ticket
    ]
    return [*told, f"取票号 {ticket.record_no}"]


def _payload(case: Case, ticket: Ticket, event: Event, told: Told) -> dict[str, str]:
    quote = ticket.quotes[-1] if ticket.quotes else None
    at = quote.depart_at if quote else event.at
    return {
        "trip": route(ticket)[:_LONGEST],
        "case_no": case.id,
        "time": f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        "state": told.state,
        "tip": told.tip,
    }
