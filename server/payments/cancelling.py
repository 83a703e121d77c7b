"""Who does not want to pay after all says so: the payment's time is up at once, and the worker closes the order and gives
points and bill back. What is paid in that very moment is paid back, as after any time that is up."""

from server.kit.db import Tx
from server.kit.errors import Conflict
from server.payments.stored import OVER, PAYMENTS, Payment
from server.payments.views import find
from server.sessions import Actor


class PaymentUnderWay(Conflict):
    """钱已经付了，正在缴费，不能取消；缴不成会自动退回"""


async def cancel(tx: Tx, payment_id: str, actor: Actor) -> Payment:
    """Done again it changes nothing. Raises PaymentNotFound, PaymentUnderWay."""
    payment = await find(tx, payment_id, actor)
    if payment.cancelled_at is not None or payment.state in OVER:
        return payment
    unpaid = {"_id": payment.id, "state": "unpaid", "paid_fen": 0}
    now = {"cancelled_at": tx.now, "expires_at": tx.now, "due_at": tx.now, "attempts": 0}
    if payment.state != "unpaid" or not await tx.change(PAYMENTS, unpaid, {"$set": now}):
        raise PaymentUnderWay
    payment.cancelled_at = payment.expires_at = tx.now
    return payment


async def cut_short(tx: Tx, payment_id: str) -> None:
    """What it pays for is not wanted any more; one that was paid already goes on, and its money goes back afterwards."""
    now = {"cancelled_at": tx.now, "expires_at": tx.now, "due_at": tx.now, "attempts": 0}
    await tx.change(PAYMENTS, {"_id": payment_id, "state": "unpaid", "paid_fen": 0}, {"$set": now})
