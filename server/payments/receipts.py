"""The receipt of a paid bill as PDF: what was paid to whom and with what, what came back of it, and for whose points they
were the purchases that the points came from."""

from typing import Any

from server import bills
from server.bills import BILLS
from server.config import Settings
from server.documents import slips
from server.documents.slips import Slip
from server.kit.clock import SHANGHAI
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict
from server.payments.news import short
from server.payments.stored import Payment
from server.payments.views import find, sources, view
from server.points import yuan
from server.residents import RESIDENTS
from server.sessions import Actor

TEMPLATE = "receipt.typ"
_DIGITS, _PLACES, _GROUPS = "零壹贰叁肆伍陆柒捌玖", ("", "拾", "佰", "仟"), ("", "万", "亿")
_GROUP = 10_000
_MOST_SOURCES = 100


class NotPaidYet(Conflict):
    """这笔缴费还没有缴清，没有凭证"""


def slip_id(payment_id: str, actor: Actor) -> str:
    return f"receipt.{payment_id}.{actor.id}"


async def ask(tx: Tx, payment_id: str, actor: Actor, rules: Settings) -> Slip:
    """Have it drawn. Raises PaymentNotFound, NotPaidYet."""
    payment = await find(tx, payment_id, actor)
    if payment.state != "settled":
        raise NotPaidYet
    facts = await _facts(tx, payment, actor, rules)
    title = f"缴费凭证 {payment.description}"
    return await slips.ask(tx, slip_id(payment_id, actor), actor.id, TEMPLATE, facts, title, rules)


async def _facts(reader: Reader, payment: Payment, actor: Actor, rules: Settings) -> dict[str, Any]:
    """All that the paper says, as text."""
    shown = view(reader, payment, actor)
    owner = await reader.get(RESIDENTS, payment.resident_id)
    bill = await reader.get(BILLS, payment.bill_id)
    whose = bills.payee_of(reader, payment.payee_id)
    rows = [
        ("缴费人", owner.name if owner else ""),
        ("收费单位", whose.name),
        ("项目", short(reader, payment)),
        ("户号", " · ".join(filter(None, (bill.account_no, bill.holder))) if bill else ""),
        (
            "积分",
            f"{yuan(payment.points_fen)} 分，抵 {yuan(payment.points_fen)} 元" if payment.points_fen else "",
        ),
        ("微信支付", f"{yuan(payment.pay_fen)} 元" if payment.pay_fen else ""),
        ("微信支付单号", payment.transaction_id),
        (
            "缴清时间",
            f"{payment.settled_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}" if payment.settled_at else "",
        ),
        ("经办", shown.by_text),
    ]
    own = payment.resident_id == actor.id and payment.points_fen
    found = (await sources(reader, payment, None, _MOST_SOURCES)) if own else None
    return {
        "office": rules.documents.office,
        "title": "缴费凭证",
        "number": payment.id,
        "amount": yuan(payment.amount_fen),
        "capital": capital(payment.amount_fen),
        "rows": [list(one) for one in rows if one[1]],
        "refunds": [
            [
                f"{one.at.astimezone(SHANGHAI):%Y-%m-%d}",
                one.state_text,
                yuan(one.points_fen),
                yuan(one.pay_fen),
            ]
            for one in shown.refunds
        ],
        "sources": [
            [f"{one.at.astimezone(SHANGHAI):%Y-%m-%d}", one.text, yuan(one.points_fen)]
            for one in (found.items if found else [])
        ],
        "more": bool(found and found.next),
    }


def capital(fen: int) -> str:
    """大写金额, as receipts have it: 捌拾元整, 壹佰零伍元零叁分."""
    yuan_, jiao, fen = fen // 100, fen // 10 % 10, fen % 10
    whole = f"{_whole(yuan_)}元" if yuan_ else ""
    if not jiao and not fen:
        return f"{whole or '零元'}整"
    tens = f"{_DIGITS[jiao]}角" if jiao else "零" if whole else ""
    return whole + tens + (f"{_DIGITS[fen]}分" if fen else "")


def _whole(number: int) -> str:
    """In groups of four digits; a gap in the middle is said as one 零."""
    groups = []
    while number:
        number, rest = divmod(number, _GROUP)
        groups.append(rest)
    told = ""
    for place in reversed(range(len(groups))):
        if not groups[place]:
            continue
        gap = told and (groups[place] < _GROUP // 10 or (place + 1 < len(groups) and not groups[place + 1]))
        told += ("零" if gap else "") + _four(groups[place]) + _GROUPS[place]
    return told


def _four(number: int) -> str:
    told, gap = "", False
    for place in reversed(range(4)):
        digit = number // 10**place % 10
        if digit:
            told += ("零" if gap and told else "") + _DIGITS[digit] + _PLACES[place]
        gap = not digit
    return told
