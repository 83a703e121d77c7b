"""A payment as its owner sees it, and the purchases that its points came from."""

from schemas.payments import PaymentView, SourcesView, SourceView
from server.kit.db import Reader
from server.kit.errors import NotFound
from server.ledger import REDEMPTIONS
from server.payments.stored import PAYMENTS, STATES, Payment
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


def view(payment: Payment, client_params: dict[str, str] | None = None) -> PaymentView:
    return PaymentView(
        id=payment.id,
        bill_id=payment.bill_id,
        state=payment.state,
        state_text=STATES[payment.state],
        text=_said(payment),
        amount_fen=payment.amount_fen,
        points_fen=payment.points_fen,
        pay_fen=payment.pay_fen,
        expires_at=payment.expires_at,
        at=payment.at,
        client_params=client_params,
    )


def _said(payment: Payment) -> str:
    parts = [f"积分 {yuan(payment.points_fen)} 分"] if payment.points_fen else []
    parts += [f"微信支付 {yuan(payment.pay_fen)} 元"] if payment.pay_fen else []
    text = f"{payment.description}，共 {yuan(payment.amount_fen)} 元：{'，'.join(parts)}"
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
