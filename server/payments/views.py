"""A payment as its owner sees it, and the purchases that its points came from."""

from collections.abc import Mapping
from typing import Any

from schemas.payments import PaymentsView, PaymentView, RefundedView, SourcesView, SourceView
from server import bills
from server.kit.db import Reader
from server.kit.errors import NotFound
from server.ledger import REDEMPTIONS
from server.payments.stored import BACK_STATES, OVER, PAYMENTS, STATES, TONES, Back, Payment
from server.points import yuan
from server.pos import SWIPES
from server.sessions import Actor
from server.words import clock_time


class PaymentNotFound(NotFound):
    """没有这笔缴费"""


async def find(reader: Reader, payment_id: str, actor: Actor) -> Payment:
    """Of a bill of theirs or of their family, or one that they have paid. Raises PaymentNotFound."""
    found = await reader.get(PAYMENTS, payment_id)
    if found is None or not (found.payer == actor.id or found.resident_id in bills.residents_of(actor)):
        raise PaymentNotFound
    return found


async def find_own(reader: Reader, payment_id: str, actor: Actor) -> Payment:
    """One of their own bills. Raises PaymentNotFound."""
    found = await find(reader, payment_id, actor)
    if found.resident_id != actor.id:
        raise PaymentNotFound
    return found


async def listed(reader: Reader, actor: Actor, cursor: str | None, limit: int) -> PaymentsView:
    """Of their own bills, and what they have paid for others; the newest first. Raises BadCursor."""
    mine: list[Mapping[str, Any]] = [
        {"resident_id": actor.id},
        {"payer_id": actor.id, "resident_id": {"$ne": actor.id}},
    ]
    page = await reader.merged(PAYMENTS, mine, sort="-at", cursor=cursor, limit=limit)
    return PaymentsView(items=[view(reader, one, actor) for one in page.items], next=page.next)


def may_pay(payment: Payment, actor: Actor) -> bool:
    """Whether it is theirs to pay by WeChat: not any more where the proxy was taken back."""
    own = payment.proxy_id is None or actor.acts_for(payment.resident_id, bills.scope_of(payment.case_no))
    return payment.state == "unpaid" and payment.payer == actor.id and own


def view(
    reader: Reader, payment: Payment, actor: Actor, client_params: dict[str, str] | None = None
) -> PaymentView:
    cancelled = payment.cancelled_at is not None
    return PaymentView(
        id=payment.id,
        bill_id=payment.bill_id,
        state=payment.state,
        state_text=_state(payment),
        tone=TONES[payment.state],
        open=payment.state not in OVER,
        paid=payment.state == "settled",
        can_cancel=payment.state == "unpaid" and not cancelled,
        title=payment.description,
        by_text=by_text(reader, payment, actor.id),
        next_text=_next(reader, payment, "您" if payment.payer == actor.id else "付款人"),
        text=_said(payment),
        amount_fen=payment.amount_fen,
        points_fen=payment.points_fen,
        pay_fen=payment.pay_fen,
        expires_at=payment.expires_at,
        at=payment.at,
        settled_at=payment.settled_at,
        client_params=None if cancelled else client_params,
        refunds=[_back(one) for one in payment.refunds],
    )


def by_text(reader: Reader, payment: Payment, resident_id: str) -> str:
    """Who did it for whom, as the one or the other is told; empty for what somebody did for themselves."""
    if payment.auto:
        return "自动缴费"
    if payment.proxy_id is None:
        return ""
    if resident_id == payment.resident_id:
        return f"由 {bills.holder_text(reader, payment.proxy_id)} 代您缴"
    return f"替 {bills.principal_of(reader, payment.proxy_id)} 缴"


def _next(reader: Reader, payment: Payment, payer: str) -> str:
    match payment.state:
        case "unpaid" if payment.cancelled_at is not None:
            return "正在关掉微信的订单，马上就好"
        case "unpaid":
            return f"请{payer}在 {clock_time(payment.expires_at)} 前用微信付 {yuan(payment.pay_fen)} 元，过时自动取消"
        case "confirming":
            return f"正在交给{bills.payee_of(reader, payment.payee_id).name}，请稍候"
        case "refunding":
            return f"没有缴成，微信付的 {yuan(payment.paid_fen)} 元正在退回{payer}的微信"
    return ""


_CANCELLED = {"unpaid": "正在取消", "expired": "已取消"}


def _state(payment: Payment) -> str:
    usual = STATES[payment.state]
    return usual if payment.cancelled_at is None else _CANCELLED.get(payment.state, usual)


def _said(payment: Payment) -> str:
    parts = [f"积分 {yuan(payment.points_fen)} 分"] if payment.points_fen else []
    parts += [f"微信支付 {yuan(payment.pay_fen)} 元"] if payment.pay_fen else []
    text = f"共 {yuan(payment.amount_fen)} 元：{'，'.join(parts)}"
    return f"{text}。{payment.why}" if payment.why else text


def _back(one: Back) -> RefundedView:
    return RefundedView(
        id=one.id,
        state_text=BACK_STATES[one.state],
        pay_fen=one.pay_fen,
        points_fen=one.points_fen,
        at=one.at,
    )


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
