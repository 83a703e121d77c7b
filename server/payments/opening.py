"""A payment begins: points are set aside, the bill is taken, and WeChat Pay is told of the rest."""

from datetime import timedelta

from server import bills, ledger, point_cards
from server.bills import BILLS, Bill, BillNotOpen
from server.building import Building
from server.config import Settings
from server.kit.chance import chance
from server.kit.db import Duplicate, Tx
from server.kit.errors import Conflict, Invalid
from server.payments.stored import PAYMENTS, Payment
from server.residents import Resident


class MorePointsThanBill(Invalid):
    """积分不能超过账单金额"""


class NoPointsForThis(Conflict):
    """这笔钱只能用微信付，不能用积分"""


class CardNotUsable(Conflict):
    """卡已挂失或冻结，暂时不能用积分付款"""


async def begin(
    tx: Tx,
    bill_id: str,
    payer: Resident,
    points_fen: int,
    rules: Settings,
    *,
    owner_id: str | None = None,
    proxy_id: str | None = None,
    auto: bool = False,
) -> Payment:
    """With points of whose bill it is, the rest by WeChat from the payer; `owner_id` where that is another, by a proxy.

    Raises BillNotFound, BillNotOpen, NoPointsForThis, MorePointsThanBill, CardNotUsable, NotEnoughPoints."""
    bill = await bills.find(tx, bill_id, owner_id or payer.id)
    if bill.state != "open" or bill.withdrawn or (bill.pay_by is not None and bill.pay_by <= tx.now):
        raise BillNotOpen
    if points_fen and bill.case_no is not None:
        raise NoPointsForThis(field="points_fen")
    if points_fen > bill.amount_fen:
        raise MorePointsThanBill(field="points_fen")
    payment = await _made(tx, bill, payer, points_fen, rules)
    payment.proxy_id, payment.auto = proxy_id, auto
    if points_fen:
        await _check_card(tx, bill.resident_id)
        until = tx.now + timedelta(days=rules.payees.held_days)
        await ledger.reserve(
            tx,
            f"payment/{payment.id}",
            bill.resident_id,
            points_fen,
            until,
            by="system" if auto else f"resident:{payer.id}",
            about=payment.description,
        )
    bill.state, bill.payment_id = "paying", payment.id
    if not await tx.replace(BILLS, bill, {"_id": bill.id, "state": "open"}):
        raise BillNotOpen
    try:
        await tx.insert(PAYMENTS, payment)
    except Duplicate as error:
        raise BillNotOpen from error
    return payment


async def _made(tx: Tx, bill: Bill, payer: Resident, points_fen: int, rules: Settings) -> Payment:
    whose, pay_fen = await bills.payee_now(tx, bill.payee_id), bill.amount_fen - points_fen
    what = bill.label if bill.case_no else f"{bills.KINDS[whose.kind]} {bill.period}"
    return Payment(
        id=f"P{chance.hex(12)}",
        bill_id=bill.id,
        alive=bill.id,
        resident_id=bill.resident_id,
        payer_id=payer.id,
        openid=payer.openid,
        amount_fen=bill.amount_fen,
        points_fen=points_fen,
        pay_fen=pay_fen,
        description=f"{whose.name} {what}",
        payee_id=bill.payee_id,
        payee_no=bill.payee_no,
        case_no=bill.case_no,
        online=whose.online,
        state="unpaid" if pay_fen else "confirming",
        due_at=tx.now + timedelta(seconds=rules.pay.looks_s[0]) if pay_fen else tx.now,
        expires_at=tx.now + timedelta(minutes=rules.payees.pay_minutes),
        at=tx.now,
    )


async def _check_card(tx: Tx, resident_id: str) -> None:
    """Raises CardNotUsable."""
    card = await point_cards.of(tx, resident_id)
    if card is not None and card.state != "active":
        raise CardNotUsable


async def ordered(house: Building, payment: Payment) -> Payment:
    """The order at WeChat Pay, where some of it is paid there; asked again it is the same. Raises PlatformRefusal,
    PlatformDown."""
    late = house.db.now() >= payment.expires_at
    if payment.state != "unpaid" or payment.prepay_id or late:
        return payment
    payment.prepay_id = await house.pay.prepay(
        payment.id, payment.openid, payment.pay_fen, payment.description, payment.expires_at
    )
    await house.db.alone(
        lambda tx: tx.change(PAYMENTS, {"_id": payment.id}, {"$set": {"prepay_id": payment.prepay_id}})
    )
    return payment
