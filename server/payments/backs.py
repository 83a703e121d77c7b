"""What of a payment is on its way back, or has come back: its refunds (server/refunds) are counted here, so that never
more goes back than was paid, and its owner sees them with it."""

from server.kit.db import Tx
from server.payments.news import happened
from server.payments.stored import PAYMENTS, Back, BackState, Payment


async def began_back(tx: Tx, payment_id: str, back: Back) -> None:
    """It was decided; from now on the owner sees it."""
    row = {
        "id": back.id,
        "state": back.state,
        "points_fen": back.points_fen,
        "pay_fen": back.pay_fen,
        "at": back.at,
    }
    await tx.change(PAYMENTS, {"_id": payment_id}, {"$push": {"refunds": row}})


async def not_back(tx: Tx, payment_id: str, points_fen: int, pay_fen: int) -> None:
    """So much can be asked for again."""
    less = {"$inc": {"back_points_fen": -points_fen, "back_pay_fen": -pay_fen}}
    await tx.change(PAYMENTS, {"_id": payment_id}, less)


async def ended_back(tx: Tx, payment_id: str, back_id: str, state: BackState) -> None:
    """How a refund stands; with the one of a payment that came to nothing that payment is over."""
    where = {"_id": payment_id, "refunds.id": back_id}
    await tx.change(PAYMENTS, where, {"$set": {"refunds.$.state": state, "refunds.$.at": tx.now}})
    payment = await tx.get(PAYMENTS, payment_id)
    if payment is not None and state == "done" and payment.state == "refunding":
        await _paid_back(tx, payment)


async def _paid_back(tx: Tx, payment: Payment) -> None:
    how = {"state": "failed", "alive": None, "due_at": None, "settled_at": tx.now}
    if await tx.change(PAYMENTS, {"_id": payment.id, "state": "refunding"}, {"$set": how}):
        happened(tx, payment, "refunded")
