"""Residents hear of a new bill that they did not look up themselves, and are reminded of one they have to pay; so do
those who may pay it for them."""

from server import proxies, push
from server.bills.family import holder_text
from server.bills.stored import BILLS, KINDS, Bill
from server.bills.views import payee_of
from server.cases.by_proxy import ACTED
from server.kit.clock import SHANGHAI
from server.kit.db import Reader, Tx
from server.kit.events import Event, on
from server.points import yuan
from server.push import Notice, Template
from server.residents import RESIDENTS, Resident

_KEYS = {"thing1": "title", "amount2": "amount", "date3": "due", "thing4": "tip"}
NEW = Template("bill_new", "新账单通知", "bills", _KEYS, topic="money")
DUE = Template("bill_due", "账单到期提醒", "bills", _KEYS, topic="money", importance="high")
PAGE = "packages/bills/pages/pay/index?id="
_LONGEST = 20


@on("bill.new")
async def tell_new(tx: Tx, event: Event) -> None:
    """Whoever looked it up has it before their eyes."""
    bill = await tx.get(BILLS, event.subject)
    if bill is None or bill.state != "open" or event.data["how"] == "lookup":
        return
    text = f"有一张新账单：{_what(tx, bill)}，{bill.due.month} 月 {bill.due.day} 日前缴"
    await _tell(tx, event, bill, NEW, text, "点开就可以缴")


@on("bill.due")
async def tell_due(tx: Tx, event: Event) -> None:
    bill, days = await tx.get(BILLS, event.subject), event.data["days"]
    if bill is None or bill.state != "open":
        return
    when = "今天到期" if days == 0 else f"还有 {days} 天到期"
    await _tell(tx, event, bill, DUE, f"{_what(tx, bill)}，{when}，还没有缴", when)


async def tell_principal(tx: Tx, event: Event, what: str, page: str) -> None:
    """What a family member has done in their name; nothing where it was nobody's doing but their own."""
    proxy_id = event.data.get("proxy_id")
    principal = await tx.get(RESIDENTS, event.data["principal"]) if proxy_id else None
    if principal is None or proxy_id is None:
        return
    holder = holder_text(tx, proxy_id)
    payload = {
        "what": what.replace("“", "").replace("”", "")[:_LONGEST],
        "time": f"{event.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        "tip": "家人代您办的，请看看",
    }
    text = f"{holder}替您{what}。如果您不知道这件事，请打开看看，或收回代办授权。"
    await push.send(tx, event, principal, ACTED, Notice(text=text, payload=payload, page=page))


async def _tell(tx: Tx, event: Event, bill: Bill, template: Template, text: str, tip: str) -> None:
    payload = {
        "title": name_of(tx, bill)[:_LONGEST],
        "amount": f"¥{yuan(bill.amount_fen)}",
        "due": bill.due.isoformat(),
        "tip": tip,
    }
    for one, whose in await _readers(tx, bill):
        about = f"{whose}的账单。{text}" if whose else text
        await push.send(tx, event, one, template, Notice(text=about, payload=payload, page=PAGE + bill.id))


async def _readers(reader: Reader, bill: Bill) -> list[tuple[Resident, str]]:
    """Whose bill it is, and who may pay it for them just now; for these, whose it is."""
    held = [
        one
        for one in reader.everything(proxies.PROXIES).items.values()
        if one.principal_id == bill.resident_id
        and one.holder_id
        and "bills" in one.scopes
        and one.state(reader.now) == "active"
    ]
    whose = {bill.resident_id: ""}
    whose |= {one.holder_id: one.relation or one.principal_name or "家人" for one in held if one.holder_id}
    found = await reader.all(RESIDENTS, {"_id": {"$in": list(whose)}}, limit=len(whose))
    return [(one, whose[one.id]) for one in found]


def name_of(reader: Reader, bill: Bill) -> str:
    """As they call it, or by what it is for."""
    return bill.label or KINDS[payee_of(reader, bill.payee_id).kind]


def _what(reader: Reader, bill: Bill) -> str:
    payee = payee_of(reader, bill.payee_id)
    named = f"“{bill.label}”" if bill.label else f"{payee.name}的{KINDS[payee.kind]}"
    return f"{named} {yuan(bill.amount_fen)} 元"
