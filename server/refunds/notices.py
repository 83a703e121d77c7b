"""Who is told of a refund: the resident when it has come back, or has not; the bookkeepers when one of them is needed."""

from typing import Literal

from server import push, staff, staff_push
from server.kit.clock import SHANGHAI
from server.kit.db import Reader, Tx
from server.kit.events import Event, emit, on
from server.payments import PAYMENTS
from server.payments.news import PAGE, REFUND
from server.points import yuan
from server.push import Notice
from server.refunds.stored import REFUNDS, Refund
from server.residents import RESIDENTS
from server.sessions import SYSTEM
from server.staff_push import Word

What = Literal["proposed", "abnormal", "done", "closed"]


def happened(tx: Tx, refund: Refund, what: What) -> None:
    """In the transaction that made it happen."""
    by = refund.proposed_by if what == "proposed" else SYSTEM.id
    emit(
        tx,
        Event(
            id=f"refund-{refund.id}.{what}.{tx.now:%Y%m%d%H%M%S%f}",
            type=f"refund.{what}",
            subject=refund.id,
            seq=int(tx.now.timestamp()),
            at=tx.now,
            by={"kind": "staff" if what == "proposed" else SYSTEM.kind, "id": by, "name": "", "role": ""},
            channel="console" if what == "proposed" else "system",
            data={"action": what},
        ),
    )


@on("refund.done", "refund.closed")
async def tell(tx: Tx, event: Event) -> None:
    """Whose bill it was, and who has paid it by WeChat; of a payment that came to nothing its own news tell."""
    refund = await tx.get(REFUNDS, event.subject)
    payment = await tx.get(PAYMENTS, refund.payment_id) if refund and refund.proposed_by else None
    if refund is None or payment is None:
        return
    done = event.data["action"] == "done"
    payload = {
        "title": refund.title,
        "amount": f"¥{yuan(refund.points_fen + refund.pay_fen)}",
        "state": "已退款" if done else "没有退成",
        "time": f"{event.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        "tip": "点开看退到了哪里" if done else "社区会再联系您",
    }
    notice = Notice(text=_text(refund, done), payload=payload, page=f"{PAGE}{refund.payment_id}")
    for one in await tx.all(RESIDENTS, {"_id": {"$in": [payment.resident_id, payment.payer]}}, limit=2):
        await push.send(tx, event, one, REFUND, notice)


def said(refund: Refund) -> str:
    """What comes back to where."""
    parts = [f"积分 {yuan(refund.points_fen)} 分"] if refund.points_fen else []
    parts += [f"微信支付 {yuan(refund.pay_fen)} 元"] if refund.pay_fen else []
    return "，".join(parts)


def _text(refund: Refund, done: bool) -> str:
    if done:
        return f"“{refund.title}”已退款：{said(refund)}，原路退回。原因：{refund.reason}"
    points = f"积分 {yuan(refund.points_fen)} 分已退回。" if refund.points_fen else ""
    return f"“{refund.title}”的微信支付 {yuan(refund.pay_fen)} 元没有退成，社区会再联系您。{points}"


@on("refund.proposed", "refund.abnormal", "refund.closed")
async def call(tx: Tx, event: Event) -> None:
    """Those who keep the books; not who proposed it."""
    refund = await tx.get(REFUNDS, event.subject)
    if refund is None:
        return
    title = {"proposed": "退款待审核", "abnormal": "退款异常，要处理", "closed": "微信没有退成，要处理"}
    word = Word(
        title=title[event.data["action"]],
        text=f"{refund.title}：{said(refund)}。{refund.why or refund.reason}",
        page=f"/console/refunds/{refund.id}",
    )
    await staff_push.send_all(tx, event, bookkeepers(tx), word)


def bookkeepers(reader: Reader) -> list[str]:
    members = reader.everything(staff.STAFF).items.values()
    return sorted(
        one.id for one in members if one.active and any(grant.role == "accountant" for grant in one.grants)
    )
