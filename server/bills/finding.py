"""Bills come from a payee that is asked by account, or from the window."""

from datetime import date, datetime
from typing import Any, Literal

from msgspec import Struct

from schemas.bills import LookUp, NewBill
from server import audit
from server.bills.noted import note
from server.bills.stored import (
    BILLS,
    PAYEES,
    REMIND_DAYS,
    Bill,
    BillKnown,
    Payee,
    PayeeNotFound,
    PayeeNotOnline,
)
from server.kit.chance import chance
from server.kit.db import Duplicate, Reader, Tx
from server.sessions import SYSTEM, Actor

How = Literal["lookup", "schedule", "window"]


class Wish(Struct, frozen=True, kw_only=True):
    """How a bill was found, what it is called, and how many days before its last one its resident is reminded. A schedule
    takes it from somebody else only if it has been theirs since before `left_before` and they are none of the `savers`
    of the account."""

    how: How = "lookup"
    label: str = ""
    remind_days: int = REMIND_DAYS
    left_before: datetime | None = None
    savers: frozenset[str] = frozenset()


_LOOKED_UP = Wish()
_AT_THE_WINDOW = Wish(how="window")


def payee(reader: Reader, payee_id: str) -> Payee:
    """Raises PayeeNotFound."""
    found = reader.recall(PAYEES, payee_id)
    if found is None or not found.active:
        raise PayeeNotFound(field="payee_id")
    return found


async def payee_now(reader: Reader, payee_id: str) -> Payee:
    """Also one that memory does not know yet. Raises PayeeNotFound."""
    if reader.recall(PAYEES, payee_id) is None and (there := await reader.get(PAYEES, payee_id)):
        return there
    return payee(reader, payee_id)


def to_look_up(reader: Reader, payee_id: str) -> Payee:
    """Raises PayeeNotFound, PayeeNotOnline."""
    found = payee(reader, payee_id)
    if not found.online:
        raise PayeeNotOnline(field="payee_id")
    return found


async def take_up(
    tx: Tx,
    resident_id: str,
    wanted: LookUp,
    found: list[Any],
    wish: Wish = _LOOKED_UP,
    by: Actor = SYSTEM,
) -> list[Bill]:
    """What the payee has open on the account, as bills of this resident; looked up by somebody, also what was open as
    another's."""
    kept = []
    for due in found:
        known = await tx.first(BILLS, {"payee_id": wanted.payee_id, "payee_no": due.bill_no})
        bill = known or _of_gateway(tx, resident_id, wanted, due)
        another = bill.resident_id != resident_id
        if another and not _may_take(bill, wish):
            continue
        if bill.state == "open":
            bill.amount_fen, bill.due = due.amount_fen, date.fromisoformat(due.due)
        if known is None or another:
            bill.resident_id, bill.at = resident_id, tx.now
            _begin(tx, bill, wish, by)
        await tx.put(BILLS, bill)
        kept.append(bill)
    return kept


def _may_take(bill: Bill, wish: Wish) -> bool:
    left = wish.left_before is not None and bill.at < wish.left_before
    return bill.state == "open" and (wish.how == "lookup" or (left and bill.resident_id not in wish.savers))


def _of_gateway(tx: Tx, resident_id: str, wanted: LookUp, due: Any) -> Bill:
    return Bill(
        id=chance.hex(12),
        payee_id=wanted.payee_id,
        payee_no=due.bill_no,
        account_no=wanted.account_no,
        holder=due.holder,
        resident_id=resident_id,
        period=due.period,
        amount_fen=due.amount_fen,
        due=date.fromisoformat(due.due),
        source="gateway",
        at=tx.now,
    )


def _begin(tx: Tx, bill: Bill, wish: Wish, by: Actor) -> None:
    """It is somebody's now: named as they name it, to be reminded of as they like."""
    bill.label, bill.remind_days, bill.reminded = wish.label, wish.remind_days, []
    bill.auto_at = None
    bill.due_at = tx.now
    note(tx, bill, "new", by, how=wish.how)


async def enter(tx: Tx, new: NewBill, actor: Actor, wish: Wish = _AT_THE_WINDOW) -> Bill:
    """Raises PayeeNotFound, BillKnown."""
    payee(tx, new.payee_id)
    bill = Bill(
        id=chance.hex(12),
        payee_id=new.payee_id,
        payee_no=f"{new.account_no}/{new.period}",
        account_no=new.account_no,
        resident_id=new.resident_id,
        period=new.period,
        amount_fen=new.amount_fen,
        due=new.due,
        source="window",
        at=tx.now,
    )
    _begin(tx, bill, wish, actor)
    try:
        await tx.insert(BILLS, bill)
    except Duplicate as error:
        raise BillKnown(field="period") from error
    audit.note(tx, actor, "window", "bills.enter", bill.id, new.resident_id)
    return bill
