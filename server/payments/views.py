"""A payment as its owner sees it, and the purchases that its points came from."""

from schemas.payments import PaymentsView, PaymentView, SourcesView, SourceView
from server.kit.db import Reader
from server.kit.errors import NotFound
from server.ledger import REDEMPTIONS
from server.payments.stored import OVER, PAYMENTS, STATES, TONES, Payment
from server.points import yuan
from server.pos import SWIPES


class PaymentNotFound(NotFound):
    """没有这笔缴费"""


async def find(reader: Reader, payment_id: str, resident_id: str) -> Payment:
    """Raises PaymentNotFound."""
    found = await reader.get(PAYMENTS, payment_id)
    if found is None or found.resident_id != resident_id:
        raise PaymentNotFound
    return found


async def listed(reader: Reader, resident_id: str, cursor: str | None, limit: int) -> PaymentsView:
    """The newest first. Raises BadCursor."""
    where = {"resident_id": resident_id}
    page = await reader.page(PAYMENTS, where, sort="-at", cursor=cursor, limit=limit)
    return PaymentsView(items=[view(one) for one in page.items], next=page.next)


def view(payment: Payment, client_params: dict[str, str] | None = None) -> PaymentView:
    cancelled = payment.cancelled_at is not None
    return PaymentView(
        id=payment.id,
        bill_id=payment.bill_id,
        state=payment.state,
        state_text=_state(payment),
        tone=TONES[payment.state],
        open=payment.state not in OVER,
        can_cancel=payment.state == "unpaid" and not cancelled,
        title=payment.description,
        text=_said(payment),
        amount_fen=payment.amount_fen,
        points_fen=payment.points_fen,
        pay_fen=payment.pay_fen,
        expires_at=payment.expires_at,
        at=payment.at,
        settled_at=payment.settled_at,
        client_params=None if cancelled else client_params,
    )


_CANCELLED = {"unpaid": "正在取消", "expired": "已取消"}


def _state(payment: Payment) -> str:
    usual = STATES[payment.state]
    return usual if payment.cancelled_at is None else _CANCELLED.get(payment.state, usual)


def _said(payment: Payment) -> str:
    parts = [f"积分 {yuan(payment.points_fen)} 分"] if payment.points_fen else []
    parts += [f"微信支付 {yuan(payment.pay_fen)} 元"] if payment.pay_fen else []
    text = f"共 {yuan(payment.amount_fen)} 元：{'，'.join(parts)}"
    return f"{text}。{payment.why}" if payment.why else text


async def sources(reader: Reader, payment: Payment, cursor: str | None, limit: int) -> SourcesView:
    """The purchases whose points were used, the oldest first; none while it is not settled. The cursor is a number."""
    paid = await reader.get(REDEMPTIONS, f"payment/{payment.id}/points")
    parts = paid.parts if paid else []
    start = int(cursor) if cursor and cursor.isascii() and cursor.isdigit() else 0
    shown = parts[start : start + limit]
    keys = [one.lot_id.removeprefix("swipe/") for one in shown]
    found = await reader.all(SWIPES, {"_id": {"$in": keys}}, limit=len(keys)) if keys else []
    swipes = {one.id: one for one in found}
    items = [
        SourceView(key=key, at=swipes[key].at, text=swipes[key].text, points_fen=one.fen)
        for key, one in zip(keys, shown, strict=True)
        if key in swipes
    ]
    following = str(start + limit) if start + limit < len(parts) else None
    return SourcesView(items=items, next=following)
