"""A refund is carried on by a worker: points first, then WeChat Pay is asked, under the same number as often as it takes.

What it says, at once, when it is asked later, or by itself, is heard once; a notification has to agree with the refund in
everything. What it cannot pay back is left to the staff, and asked for again every few hours: they may have made it good
at the platform.
"""

from datetime import datetime, timedelta
from typing import Any, Literal

from server import ledger, payments
from server.building import Building
from server.kit.chance import chance
from server.kit.db import Tx
from server.kit.events import Event, on
from server.kit.jobs import QueueOf, Settled
from server.kit.platform import Action, PlatformRefusal
from server.payments import PAYMENTS, Back, Payment
from server.refunds.acts import count
from server.refunds.notices import happened
from server.refunds.stored import BY_RULE, REFUNDS, Refund
from server.settlements import source_of

_LONGEST_REASON = 80
_LATE_LOOK = timedelta(hours=6)
_NOT_NOW = frozenset({Action.give_up, Action.bug, Action.skip, Action.dedupe})
_AT_WECHAT = frozenset({"carrying", "abnormal", "handed"})
_REFUSED = {"NOT_ENOUGH": "商户账户余额不足", "TRADE_ERROR": "微信说这笔钱现在不能退"}


@on("payment.refunding")
async def pay_back(tx: Tx, event: Event) -> None:
    """Of a payment that came to nothing, what WeChat Pay has taken: nobody has to approve that."""
    payment = await tx.get(PAYMENTS, event.subject)
    if payment is None or payment.state != "refunding" or payment.back_pay_fen:
        return
    made = Refund(
        id=f"{payment.id}R",
        payment_id=payment.id,
        resident_id=payment.resident_id,
        payee_id=payment.payee_id,
        title=payment.description,
        state="carrying",
        points_fen=0,
        pay_fen=payment.paid_fen,
        of_fen=payment.paid_fen,
        reason=payment.why or "没有缴成",
        at=tx.now,
        due_at=tx.now,
    )
    if await tx.get(REFUNDS, made.id) is None:
        await tx.change(PAYMENTS, {"_id": payment.id}, {"$inc": {"back_pay_fen": made.pay_fen}})
        await tx.insert(REFUNDS, made)


async def by_rule(tx: Tx, payment: Payment, pay_fen: int, why: str) -> Refund:
    """What comes back by the rules of what was paid for: nobody has to approve that. Raises MoreThanPaid."""
    await count(tx, payment, 0, pay_fen)
    made = Refund(
        id=f"R{chance.hex(12)}",
        payment_id=payment.id,
        resident_id=payment.resident_id,
        payee_id=payment.payee_id,
        title=payment.description,
        state="carrying",
        points_fen=0,
        pay_fen=pay_fen,
        of_fen=payment.paid_fen,
        reason=why,
        proposed_by=BY_RULE,
        proposer="按规则",
        decided_at=tx.now,
        at=tx.now,
        due_at=tx.now,
    )
    await tx.insert(REFUNDS, made)
    await payments.began_back(
        tx, payment.id, Back(id=made.id, state="carrying", points_fen=0, pay_fen=pay_fen, at=tx.now)
    )
    return made


async def carry_on(house: Building, refund: Refund) -> Settled:
    """Its next step."""
    if refund.state == "carrying" and refund.points_fen and refund.points_at is None:
        await house.db.atomically(lambda tx: _give_points(tx, refund.id), lanes=_lanes(refund))
    if refund.state not in _AT_WECHAT or (refund.state == "handed" and refund.asked_at is None):
        return {"due_at": None}  # what came back otherwise is never asked for again
    if not refund.pay_fen:
        await house.db.atomically(lambda tx: _ended(tx, refund.id, "done"))
        return None
    try:
        told = await _asked(house, refund)
    except PlatformRefusal as refusal:
        if refusal.action not in _NOT_NOW:
            raise
        return await _not_now(house, refund, refusal)
    await _heard(house, refund, told)
    return None


def _lanes(refund: Refund) -> list[str]:
    return ledger.lanes(refund.resident_id, _spent(refund))


def _spent(refund: Refund) -> str:
    """The transfer that paid with the points."""
    return f"payment/{refund.payment_id}/points"


async def _give_points(tx: Tx, refund_id: str) -> None:
    refund = await tx.get(REFUNDS, refund_id)
    if refund is None or refund.state != "carrying" or refund.points_at is not None:
        return
    name = f"refund/{refund.id}/points"
    source = await source_of(tx, refund.payment_id, name)
    await ledger.refund(tx, name, _spent(refund), refund.points_fen, source, by="system")
    await tx.change(REFUNDS, {"_id": refund.id}, {"$set": {"points_at": tx.now}})


async def _asked(house: Building, refund: Refund) -> Any:
    if refund.asked_at is not None:
        return await house.pay.query_refund(refund.id)
    reason = refund.reason[:_LONGEST_REASON]
    return await house.pay.refund(refund.id, refund.payment_id, refund.pay_fen, refund.of_fen, reason)


async def _not_now(house: Building, refund: Refund, refusal: PlatformRefusal) -> Settled:
    """A refund that the platform does not know is asked for anew; one that it will not make is the staff's."""
    if refusal.action is Action.skip and refund.asked_at is not None:
        return {"asked_at": None, "due_at": house.db.now() + _wait(house, refund), "attempts": 0}
    why = _REFUSED.get(refusal.errmsg, "微信没有接受这笔退款")
    await house.db.atomically(lambda tx: _stuck(tx, refund.id, why))
    return None


async def hear(house: Building, told: Any) -> bool:
    """What WeChat Pay tells us by itself; False where it is not believed, which is on record then."""
    refund = await house.db.reading(lambda reader: reader.get(REFUNDS, told.out_refund_no))
    wrong = _disagrees(house, refund, told)
    if wrong or refund is None:
        await payments.refused(house, wrong, told.out_refund_no)
        return False
    await _heard(house, refund, told)
    return True


def _disagrees(house: Building, refund: Refund | None, told: Any) -> str:
    if refund is None:
        return "unknown refund"
    right = {
        "mchid": (told.mchid, house.settings.pay.mchid),
        "order": (told.out_trade_no, refund.payment_id),
        "amount": (told.refund_fen, refund.pay_fen),
        "total": (told.total_fen, refund.of_fen),
    }
    return next((name for name, (said, ours) in right.items() if said != ours), "")


async def look_now(house: Building, refund: Refund) -> None:
    """Ask WeChat Pay just now, as somebody is waiting. Raises PlatformRefusal, PlatformDown."""
    if refund.state in _AT_WECHAT and refund.asked_at is not None:
        await _heard(house, refund, await house.pay.query_refund(refund.id))


async def _heard(house: Building, refund: Refund, told: Any) -> None:
    match told.status:
        case "SUCCESS":
            await house.db.atomically(lambda tx: _ended(tx, refund.id, "done", told))
        case "CLOSED":
            await house.db.atomically(lambda tx: _ended(tx, refund.id, "closed", told))
        case "ABNORMAL":
            await house.db.atomically(lambda tx: _stuck(tx, refund.id, "用户的收款账户有问题", told))
        case _:
            wait = house.db.now() + _wait(house, refund)
            await house.db.atomically(lambda tx: _waiting(tx, refund, wait, told))


def _wait(house: Building, refund: Refund) -> timedelta:
    looks = house.settings.pay.looks_s
    return timedelta(seconds=looks[min(refund.looked, len(looks) - 1)])


def _said(told: Any) -> dict[str, Any]:
    found = {"refund_id": told.refund_id} if told is not None and told.refund_id else {}
    return found | ({"asked_at": told.made_at} if told is not None and told.made_at else {})


async def _waiting(tx: Tx, refund: Refund, due_at: datetime, told: Any) -> None:
    how = {"due_at": due_at, "attempts": 0, "looked": refund.looked + 1} | _said(told)
    await tx.change(REFUNDS, {"_id": refund.id, "state": "carrying"}, {"$set": how})


async def _stuck(tx: Tx, refund_id: str, why: str, told: Any = None) -> None:
    refund = await tx.get(REFUNDS, refund_id)
    if refund is None or refund.state not in _AT_WECHAT:
        return
    how = {"why": why, "attempts": 0, "due_at": tx.now + _LATE_LOOK} | _said(told)
    if refund.state != "carrying":
        await tx.change(REFUNDS, {"_id": refund.id, "state": refund.state}, {"$set": how})
        return
    await tx.change(REFUNDS, {"_id": refund.id, "state": "carrying"}, {"$set": how | {"state": "abnormal"}})
    await payments.ended_back(tx, refund.payment_id, refund.id, "abnormal")
    happened(tx, refund, "abnormal")


async def _ended(tx: Tx, refund_id: str, state: Literal["done", "closed"], told: Any = None) -> None:
    """Once; of what is closed the money can be asked for under another number."""
    refund = await tx.get(REFUNDS, refund_id)
    if refund is None or refund.state not in _AT_WECHAT:
        return
    how = {"state": state, "due_at": None, "done_at": tx.now} | _said(told)
    await tx.change(REFUNDS, {"_id": refund.id, "state": refund.state}, {"$set": how})
    if state == "closed":
        await payments.not_back(tx, refund.payment_id, 0, refund.pay_fen)
    await payments.ended_back(tx, refund.payment_id, refund.id, state)
    happened(tx, refund, state)


CARRYING: QueueOf[Refund] = QueueOf("refunds", REFUNDS, carry_on)
