"""Charges 费用: what a case costs is a bill of its own, paid by WeChat like any other, or in cash.

A noun asks for it in the transaction that makes it due and hears `charge.paid` or `charge.expired`, with `case_no`,
`bill_id` and `amount_fen`. What comes back of it by the noun's own rules nobody else has to approve.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from schemas.bills import PayeeKind
from server import catalogue, payments, refunds
from server.bills import BILLS, PAYEES, Bill, BillNotOpen, Payee
from server.cases import Case
from server.kit.chance import chance
from server.kit.clock import today
from server.kit.db import Reader, Tx
from server.kit.db.collection import plain
from server.kit.errors import Conflict
from server.kit.events import EVENTS, Event, emit, event_id, on
from server.payments import PAYMENTS
from server.sessions import Actor

NAMES: dict[PayeeKind, str] = {"ride": "街道便民打车", "ticket": "街道车票代购"}
"""Who is paid, where the case has no provider."""
_MOST = 20


class MoreThanCharged(Conflict):
    """要退的比收的多，请核对金额"""


class Given(Struct, frozen=True):
    """What comes back: `pay_fen` to WeChat, on its way; `cash_fen` has to be handed over at the window."""

    pay_fen: int = 0
    cash_fen: int = 0


async def charge(
    tx: Tx,
    case: Case,
    amount_fen: int,
    title: str,
    pay_by: datetime | None = None,
    name: str = "",
    *,
    due_days: int = 0,
) -> Bill:
    """Have it paid, by `pay_by` where that is given, else it is due in `due_days` and stays; asked again under the same
    `name` it is the same bill. `title` is what it is for, `东胜站 → 呼和浩特东 2 张`, and is shown to whoever pays."""
    payee, number = await _payee(tx, case), f"{case.id}/{name or 'whole'}"
    there = await tx.first(BILLS, {"payee_id": payee.id, "payee_no": number})
    if there is not None:
        return there
    due = pay_by or tx.now + timedelta(days=due_days)
    made = Bill(
        id=chance.hex(12),
        payee_id=payee.id,
        payee_no=number,
        account_no=case.id,
        label=title,
        resident_id=case.resident_id or "",
        period=f"{today(tx.now):%Y-%m}",
        amount_fen=amount_fen,
        due=today(due),
        source="case",
        at=tx.now,
        case_no=case.id,
        pay_by=pay_by,
        due_at=pay_by or tx.now,
    )
    await tx.insert(BILLS, made)
    return made


async def _payee(tx: Tx, case: Case) -> Payee:
    """The case's provider, as somebody who is paid; there from the first time on."""
    kind: PayeeKind = "ticket" if case.kind == "ticket" else "ride"
    provider = catalogue.provider_of(tx, case.provider_id or "")
    name = provider.name if provider else NAMES[kind]
    payee = Payee(id=f"{kind}-{case.provider_id or 'street'}", name=name, kind=kind, online=False)
    if tx.recall(PAYEES, payee.id) is None:
        new = {key: value for key, value in plain(payee).items() if key not in ("id", "_id")}
        await tx.change(PAYEES, {"_id": payee.id}, {"$setOnInsert": new}, upsert=True)
    return payee


async def of(reader: Reader, case_no: str) -> list[Bill]:
    """All that was asked for, the oldest first."""
    found = await reader.all(BILLS, {"case_no": case_no}, limit=_MOST)
    return sorted(found, key=lambda one: (one.at, one.id))


async def cancel(tx: Tx, case_no: str) -> None:
    """What is not paid need not be; what is paid in this very moment goes back by itself."""
    for bill in await of(tx, case_no):
        if bill.state == "open":
            done = {"state": "void", "ended": "withdrawn", "withdrawn": True, "due_at": None}
            if not await tx.change(BILLS, {"_id": bill.id, "state": "open"}, {"$set": done}):
                raise BillNotOpen
        elif bill.state == "paying" and bill.payment_id is not None:
            over = {"withdrawn": True, "pay_by": tx.now, "due_at": tx.now}
            await tx.change(BILLS, {"_id": bill.id, "state": "paying"}, {"$set": over})
            await payments.cut_short(tx, bill.payment_id)


async def settle_in_cash(tx: Tx, case_no: str, by: Actor) -> int:
    """Somebody has taken the money; so much in fen. Raises BillNotOpen while it is being paid by WeChat."""
    taken = 0
    for bill in await of(tx, case_no):
        if bill.state == "paying":
            raise BillNotOpen
        if bill.state != "open" or bill.withdrawn:
            continue
        paid = {
            "state": "paid",
            "ended": "paid",
            "cash_fen": bill.amount_fen,
            "cash_by": by.key,
            "due_at": None,
        }
        if not await tx.change(BILLS, {"_id": bill.id, "state": "open"}, {"$set": paid}):
            raise BillNotOpen
        _tell(tx, bill, "paid")
        taken += bill.amount_fen
    return taken


async def give_back(tx: Tx, case_no: str, amount_fen: int, why: str) -> Given:
    """So much of what was paid for the case, the last payment first, by the noun's own rule. Raises MoreThanCharged."""
    left, given = amount_fen, Given()
    for bill in reversed(await of(tx, case_no)):
        if bill.state != "paid" or not left:
            continue
        cash = min(left, bill.cash_fen - bill.cash_back_fen)
        if cash:
            more = {"$inc": {"cash_back_fen": cash}}
            await tx.change(BILLS, {"_id": bill.id, "cash_back_fen": bill.cash_back_fen}, more)
        paid = 0 if cash or not bill.payment_id else await _to_wechat(tx, bill.payment_id, left, why)
        given = Given(given.pay_fen + paid, given.cash_fen + cash)
        left -= paid + cash
    if left:
        raise MoreThanCharged
    return given


async def _to_wechat(tx: Tx, payment_id: str, most_fen: int, why: str) -> int:
    payment = await tx.get(PAYMENTS, payment_id)
    part = min(most_fen, payment.paid_fen - payment.back_pay_fen) if payment else 0
    if payment is not None and part:
        await refunds.by_rule(tx, payment, part, why)
    return part


# What is told.


@on("payment.settled")
async def heard_paid(tx: Tx, event: Event) -> None:
    """Once for each bill; of what is not wanted any more the money goes back."""
    payment = await tx.get(PAYMENTS, event.subject)
    if payment is None or payment.case_no is None:
        return
    bill = await tx.take(BILLS, {"_id": payment.bill_id, "ended": ""}, {"$set": {"ended": "paid"}})
    if bill is None:
        return
    if bill.withdrawn:
        await _to_wechat(tx, payment.id, payment.paid_fen, "订单已经取消")
    else:
        _tell(tx, bill, "paid")


@on("bill.expired")
async def heard_expired(tx: Tx, event: Event) -> None:
    """Not of what the noun itself has taken back."""
    bill = await tx.get(BILLS, event.subject)
    told = event_id(f"charge-{event.subject}", _SEQ["expired"])
    if bill is not None and bill.ended == "expired" and await tx.get(EVENTS, told) is None:
        _tell(tx, bill, "expired")


_SEQ = {"paid": 1, "expired": 2}


def _tell(tx: Tx, bill: Bill, what: str) -> None:
    emit(
        tx,
        Event(
            id=event_id(f"charge-{bill.id}", _SEQ[what]),
            type=f"charge.{what}",
            subject=bill.id,
            seq=_SEQ[what],
            at=tx.now,
            by={"kind": "system", "id": "system", "name": "", "role": "system"},
            channel="system",
            data={"case_no": bill.case_no, "bill_id": bill.id, "amount_fen": bill.amount_fen},
        ),
    )
