"""What the staff does with a refund: one proposes it, another says yes. What has been proposed cannot be proposed again:
the payment counts what is on its way back, and that never comes to more than was paid."""

from typing import Any

from msgspec.structs import replace

from schemas.refunds import NewRefund, RefundAction
from server import audit, payments
from server.kit.chance import chance
from server.kit.db import Tx
from server.kit.errors import Conflict, Forbidden, NotFound
from server.payments import PAYMENTS, Back, Payment
from server.refunds.notices import happened
from server.refunds.stored import FLOW, REFUNDS, Refund
from server.sessions import Actor


class RefundNotFound(NotFound):
    """没有这笔退款"""


class NotRefundable(Conflict):
    """这笔缴费没有缴清，不能退款"""


class MoreThanPaid(Conflict):
    """退款超过了还可以退的金额"""


class RefundAnswered(Conflict):
    """这笔退款的状态已经变了，请刷新后再看"""


class OwnRefund(Forbidden):
    """自己办的这一步要由另一位同事来核"""


async def propose(tx: Tx, new: NewRefund, actor: Actor) -> Refund:
    """Raises PaymentNotFound, NotRefundable, MoreThanPaid."""
    payment = await tx.get(PAYMENTS, new.payment_id)
    if payment is None:
        raise payments.PaymentNotFound(field="payment_id")
    await count(tx, payment, new.points_fen, new.pay_fen)
    made = Refund(
        id=f"R{chance.hex(12)}",
        payment_id=payment.id,
        resident_id=payment.resident_id,
        payee_id=payment.payee_id,
        title=payment.description,
        state="proposed",
        points_fen=new.points_fen,
        pay_fen=new.pay_fen,
        of_fen=payment.paid_fen,
        reason=new.reason,
        proposed_by=actor.id,
        proposer=actor.name,
        at=tx.now,
    )
    await tx.insert(REFUNDS, made)
    audit.note(tx, actor, "console", "refund.propose", made.id, payment.id)
    happened(tx, made, "proposed")
    return made


async def count(tx: Tx, payment: Payment, points_fen: int, pay_fen: int) -> None:
    """So much more is on its way back. Raises NotRefundable, MoreThanPaid."""
    there = {"settled": payment.points_fen, "refunding": 0}.get(payment.state)
    if there is None:
        raise NotRefundable
    room = {
        "_id": payment.id,
        "state": payment.state,
        "back_points_fen": {"$not": {"$gt": there - points_fen}},
        "back_pay_fen": {"$not": {"$gt": payment.paid_fen - pay_fen}},
    }
    more = {"$inc": {"back_points_fen": points_fen, "back_pay_fen": pay_fen}}
    if points_fen > there or pay_fen > payment.paid_fen or not await tx.change(PAYMENTS, room, more):
        raise MoreThanPaid(field="points_fen" if points_fen > there - payment.back_points_fen else "pay_fen")


async def approve(tx: Tx, refund_id: str, actor: Actor) -> Refund:
    """From here on a worker carries it. Raises RefundNotFound, RefundAnswered, OwnRefund."""
    refund = await _taken(tx, refund_id, "approve", actor)
    back = Back(
        id=refund.id, state="carrying", points_fen=refund.points_fen, pay_fen=refund.pay_fen, at=tx.now
    )
    await payments.began_back(tx, refund.payment_id, back)
    how = {"state": "carrying", "due_at": tx.now, "decided_at": tx.now}
    return await _moved(tx, refund, how | _by("decide", actor))


async def decline(tx: Tx, refund_id: str, reason: str, actor: Actor) -> Refund:
    """Not to be, or not yet: a proposal is over, a refund said to be done otherwise is open again.

    Raises RefundNotFound, RefundAnswered.
    """
    refund = await _taken(tx, refund_id, "decline", actor)
    if refund.state == "handed":
        return await _moved(tx, refund, {"state": "abnormal", "answer": reason})
    await payments.not_back(tx, refund.payment_id, refund.points_fen, refund.pay_fen)
    how = {"state": "declined", "answer": reason, "decided_at": tx.now}
    return await _moved(tx, refund, how | _by("decide", actor))


async def retry(tx: Tx, refund_id: str, actor: Actor) -> Refund:
    """Ask WeChat Pay again, under the same number. Raises RefundNotFound, RefundAnswered."""
    refund = await _taken(tx, refund_id, "retry", actor)
    how = {"state": "carrying", "due_at": tx.now, "attempts": 0, "looked": 0, "asked_at": None}
    return await _moved(tx, refund, how)


async def hand(tx: Tx, refund_id: str, note: str, actor: Actor) -> Refund:
    """The money has come back otherwise, says one. Raises RefundNotFound, RefundAnswered."""
    refund = await _taken(tx, refund_id, "hand", actor)
    return await _moved(tx, refund, {"state": "handed", "handed_note": note} | _by("hand", actor))


async def confirm(tx: Tx, refund_id: str, actor: Actor) -> Refund:
    """So it has, says another. Raises RefundNotFound, RefundAnswered, OwnRefund."""
    refund = await _taken(tx, refund_id, "confirm", actor)
    moved = await _moved(tx, refund, {"state": "done", "due_at": None, "done_at": tx.now})
    await payments.ended_back(tx, moved.payment_id, moved.id, "done")
    happened(tx, moved, "done")
    return moved


_WHO = {"decide": ("decided_by", "decider"), "hand": ("handed_by", "hander")}


def _by(what: str, actor: Actor) -> dict[str, Any]:
    by, name = _WHO[what]
    return {by: actor.id, name: actor.name}


def may(refund: Refund, action: RefundAction, actor: Actor) -> bool:
    """Whether they can do it now."""
    step = FLOW[action]
    return refund.state in step.sources and not (step.other and _before(refund) == actor.id)


def _before(refund: Refund) -> str:
    return refund.handed_by if refund.state == "handed" else refund.proposed_by


async def _taken(tx: Tx, refund_id: str, action: RefundAction, actor: Actor) -> Refund:
    refund = await tx.get(REFUNDS, refund_id)
    if refund is None:
        raise RefundNotFound
    if refund.state not in FLOW[action].sources:
        raise RefundAnswered
    if not may(refund, action, actor):
        raise OwnRefund
    audit.note(tx, actor, "console", f"refund.{action}", refund.id, refund.payment_id)
    return refund


async def _moved(tx: Tx, refund: Refund, how: dict[str, Any]) -> Refund:
    if not await tx.change(REFUNDS, {"_id": refund.id, "state": refund.state}, {"$set": how}):
        raise RefundAnswered
    return replace(refund, **how)
