"""What the payer is told: it is paid, it was not to be paid, the money is back. Not what they gave up themselves."""

from typing import Literal

from server import bills, push
from server.kit.clock import SHANGHAI
from server.kit.db import Reader, Tx
from server.kit.events import Event, emit, event_id, on
from server.payments.stored import PAYMENTS, Payment
from server.payments.views import by_text
from server.points import yuan
from server.push import Notice, Template
from server.residents import RESIDENTS, Resident
from server.sessions import SYSTEM

What = Literal["settled", "failed", "expired", "refunding", "refunded"]
_SEQ: dict[What, int] = {"settled": 1, "failed": 1, "expired": 1, "refunding": 2, "refunded": 3}
_KEYS = {"thing1": "title", "amount2": "amount", "phrase3": "state", "time4": "time", "thing5": "tip"}
RESULT = Template("payment_result", "缴费结果通知", "pay", _KEYS, topic="money")
REFUND = Template("payment_refund", "退款通知", "pay", _KEYS, topic="money")
PAGE = "packages/bills/pages/receipt/index?id="


def happened(tx: Tx, payment: Payment, what: What) -> None:
    """In the transaction that made it happen."""
    if what == "expired" and payment.cancelled_at is not None:
        return
    emit(
        tx,
        Event(
            id=event_id(f"payment-{payment.id}", _SEQ[what]),
            type=f"payment.{what}",
            subject=payment.id,
            seq=_SEQ[what],
            at=tx.now,
            by={"kind": SYSTEM.kind, "id": SYSTEM.id, "name": "", "role": "system"},
            channel="system",
            data={"action": what},
        ),
    )


@on("payment.settled", "payment.failed", "payment.expired", "payment.refunded")
async def tell(tx: Tx, event: Event) -> None:
    """Whose bill it is, and who has paid it in their place."""
    payment = await tx.get(PAYMENTS, event.subject)
    for resident_id in dict.fromkeys((payment.resident_id, payment.payer)) if payment else ():
        resident = await tx.get(RESIDENTS, resident_id)
        if payment is not None and resident is not None:
            await _tell_one(tx, event, payment, resident)


async def _tell_one(tx: Tx, event: Event, payment: Payment, resident: Resident) -> None:
    what = event.data["action"]
    fen, state, tip, text = _words(payment, what, "您" if resident.id == payment.payer else "付款人")
    who = by_text(tx, payment, resident.id)
    payload = {
        "title": short(tx, payment),
        "amount": f"¥{yuan(fen)}",
        "state": state,
        "time": f"{event.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        "tip": tip,
    }
    notice = Notice(text=f"{who}：{text}" if who else text, payload=payload, page=f"{PAGE}{payment.id}")
    template = REFUND if what == "refunded" else RESULT
    await push.send(tx, event, resident, template, notice)


def short(reader: Reader, payment: Payment) -> str:
    """电费 2026-11: WeChat shows no more than twenty characters."""
    return payment.description.removeprefix(bills.payee_of(reader, payment.payee_id).name).strip()


def _words(payment: Payment, what: What, payer: str) -> tuple[int, str, str, str]:
    """So much, in which state, what to do, and the whole sentence for the inbox."""
    name, whole = f"“{payment.description}”", payment.amount_fen
    match what:
        case "settled":
            return whole, "已缴清", "点开看缴费凭证", f"{name} {yuan(whole)} 元已缴清"
        case "expired":
            text = f"{name}没有在规定时间内付款，已经取消。{_points(payment)}要缴可以再来一次"
            return whole, "没有付款", "点开可以再缴一次", text
        case "refunded":
            paid = payment.paid_fen
            text = f"{name}没有缴成，微信付的 {yuan(paid)} 元已经退回{payer}的微信"
            return paid, "已退款", f"钱已退回{payer}的微信", text
    back = f"微信付的 {yuan(payment.paid_fen)} 元正在退回。" if payment.paid_fen else ""
    text = f"{name}没有缴成：{payment.why}。{_points(payment)}{back}"
    return whole, "没有缴成", "点开看原因", text


def _points(payment: Payment) -> str:
    return f"用的 {yuan(payment.points_fen)} 分已经退回。" if payment.points_fen else ""
