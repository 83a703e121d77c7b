"""A payment is carried on by a worker: asked for, confirmed at the payee, settled or given back. Each step can be done
again, so a worker that dies between two of them loses and doubles nothing.

WeChat Pay's notification only brings the worker here sooner: what counts is what the platform answers when it is asked,
or a notification that agrees with the payment in everything.
"""

from datetime import timedelta
from typing import Any

from server import ledger
from server.bills import BILLS
from server.building import Building
from server.kit.chance import chance
from server.kit.db import Tx
from server.kit.jobs import QueueOf, Settled
from server.kit.platform import Action, PlatformRefusal
from server.payments.news import happened
from server.payments.stored import PAYMENTS, REFUSALS, Payment, PayRefusal

_PAID = ("SUCCESS", "REFUND")


async def carry_on(house: Building, payment: Payment) -> Settled:
    """The next step of whatever state it is in."""
    match payment.state:
        case "unpaid":
            return await _look(house, payment)
        case "confirming":
            return await _confirm(house, payment)
    return {"due_at": None}


# Whether it has been paid.


async def _look(house: Building, payment: Payment) -> Settled:
    try:
        told = await house.pay.query(payment.id)
    except PlatformRefusal as refusal:
        if refusal.action is not Action.skip:
            raise
        return await _wait_or_end(house, payment)
    if told.trade_state in _PAID:
        await hear(house, told)
        return None
    return await _wait_or_end(house, payment)


async def _wait_or_end(house: Building, payment: Payment) -> Settled:
    now = house.db.now()
    if now < payment.expires_at:
        looks = house.settings.pay.looks_s
        wait = timedelta(seconds=looks[min(payment.looked, len(looks) - 1)])
        return {"due_at": min(now + wait, payment.expires_at), "looked": payment.looked + 1, "attempts": 0}
    try:
        await house.pay.close(payment.id)
    except PlatformRefusal as refusal:
        if refusal.action is not Action.skip:  # it was paid in this moment: the next look finds it
            return {"due_at": now + timedelta(seconds=house.settings.pay.looks_s[0]), "attempts": 0}
    await house.db.atomically(lambda tx: _give_up(tx, payment.id, "expired", ""), lanes=_lanes(payment))
    return None


async def hear(house: Building, told: Any) -> bool:
    """What WeChat Pay says of an order, from a query or a notification that was verified; False where it is not believed.

    Amount, merchant, program and payer have to be those of the payment.
    """
    payment = await house.db.reading(lambda reader: reader.get(PAYMENTS, told.out_trade_no))
    wrong = _disagrees(house, payment, told)
    if wrong or payment is None:
        await refused(house, wrong, told.out_trade_no)
        return False
    if told.trade_state in _PAID:
        await house.db.atomically(lambda tx: _paid(tx, payment.id, told))
    return True


def _disagrees(house: Building, payment: Payment | None, told: Any) -> str:
    if payment is None:
        return "unknown order"
    right = {
        "mchid": (told.mchid, house.settings.pay.mchid),
        "appid": (told.appid, house.settings.wechat.appid),
        "openid": (told.openid, payment.openid),
        "amount": (told.paid_fen, payment.pay_fen),
    }
    return next((name for name, (said, ours) in right.items() if said != ours), "")


async def refused(house: Building, why: str, about: str) -> None:
    """On record, without anything of what was sent."""
    row = PayRefusal(id=chance.hex(12), why=why, about=about[:64], at=house.db.now())
    await house.db.alone(lambda tx: tx.insert(REFUSALS, row))


async def _paid(tx: Tx, payment_id: str, told: Any) -> None:
    """Once: a payment that was given up meanwhile is paid back."""
    payment = await tx.get(PAYMENTS, payment_id)
    if payment is None or payment.paid_fen:
        return
    how = {
        "paid_fen": told.paid_fen,
        "paid_at": told.paid_at or tx.now,
        "transaction_id": told.transaction_id,
    }
    how |= {"due_at": tx.now, "attempts": 0}
    if payment.state == "unpaid":
        how["state"] = "confirming"
    elif payment.state == "expired":
        how |= {"state": "refunding", "due_at": None, "why": "付款时订单已经取消"}
        happened(tx, payment, "refunding")
    await tx.change(PAYMENTS, {"_id": payment.id, "state": payment.state, "paid_fen": 0}, {"$set": how})


# The payee.


async def _confirm(house: Building, payment: Payment) -> Settled:
    """Asked until there is an answer: the payee knows the payment by its number. However long that takes, the points
    stay set aside."""
    if payment.points_fen and not await house.db.alone(lambda tx: ledger.hold(tx, f"payment/{payment.id}")):
        return await _fall_through(house, payment, "积分预留的时间已经过了")
    if payment.online:
        try:
            await house.payees.pay(payment.id, payment.payee_no, payment.amount_fen)
        except PlatformRefusal as refusal:
            if refusal.action is not Action.give_up:
                raise
            return await _fall_through(house, payment, _WHY.get(refusal.errmsg, "收费单位没有收下这笔钱"))
    await house.db.atomically(lambda tx: _settle(tx, payment.id), lanes=_lanes(payment))
    return None


async def _fall_through(house: Building, payment: Payment, why: str) -> Settled:
    await house.db.atomically(lambda tx: _give_up(tx, payment.id, "failed", why), lanes=_lanes(payment))
    return None


_WHY = {
    "PAID_ALREADY": "这张账单已经缴过了",
    "OTHER_AMOUNT": "账单金额变了，请重新查一次再缴",
    "NO_BILL": "收费单位说没有这张账单",
}


def _lanes(payment: Payment) -> list[str]:
    return ledger.lanes(payment.resident_id, f"payment/{payment.id}/points")


async def _settle(tx: Tx, payment_id: str) -> None:
    """The points are the payee's, the bill is paid."""
    payment = await tx.get(PAYMENTS, payment_id)
    if payment is None or payment.state != "confirming":
        return
    if payment.points_fen:
        name = f"payment/{payment.id}/points"
        to = ledger.common("payee", name, payment.payee_id)
        await ledger.spend(tx, f"payment/{payment.id}", name, payment.points_fen, to, by="system")
    how = {"state": "settled", "alive": None, "due_at": None, "settled_at": tx.now}
    await tx.change(PAYMENTS, {"_id": payment.id, "state": "confirming"}, {"$set": how})
    await tx.change(BILLS, {"_id": payment.bill_id, "payment_id": payment.id}, {"$set": {"state": "paid"}})
    happened(tx, payment, "settled")


# Giving back.


async def _give_up(tx: Tx, payment_id: str, state: str, why: str) -> None:
    """The points go back, the bill can be paid again; what was paid by WeChat is paid back next (server/refunds)."""
    payment = await tx.get(PAYMENTS, payment_id)
    if payment is None or payment.state not in ("unpaid", "confirming"):
        return
    if payment.points_fen:
        await ledger.release(tx, f"payment/{payment.id}", by="system")
    back = payment.paid_fen > 0
    how: dict[str, Any] = {"alive": None, "why": why, "attempts": 0}
    how |= {"state": "refunding" if back else state, "due_at": None}
    await tx.change(PAYMENTS, {"_id": payment.id, "state": payment.state}, {"$set": how})
    free = {"state": "open", "payment_id": None}
    await tx.change(BILLS, {"_id": payment.bill_id, "payment_id": payment.id}, {"$set": free})
    happened(tx, payment, "expired" if state == "expired" else "failed")
    if back:
        happened(tx, payment, "refunding")


CARRYING: QueueOf[Payment] = QueueOf("payments", PAYMENTS, carry_on)
