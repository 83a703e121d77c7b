"""Bills 账单: what a resident may pay, from payees that are asked by account or from the window.

A bill is known by its payee and the payee's own number; looked up twice it is the same bill, and while it is open it
belongs to whoever looked it up last.
"""

from datetime import date, datetime
from typing import Any

from schemas.bills import (
    BillState,
    BillsView,
    BillView,
    FindBills,
    LookUp,
    NewBill,
    PayeeKind,
    PayeesView,
    PayeeView,
)
from server import audit
from server.kit.chance import chance
from server.kit.clock import today
from server.kit.db import Collection, Duplicate, Index, Reader, Stored, Tx
from server.kit.errors import Conflict, NotFound
from server.points import yuan
from server.sessions import Actor

KINDS: dict[PayeeKind, str] = {
    "property": "物业费",
    "pension": "养老保险",
    "medical": "医疗保险",
    "electricity": "电费",
    "telecom": "电话宽带费",
    "tv": "电视费",
    "insurance": "保险费",
}
STATES: dict[BillState, str] = {"open": "待缴", "paying": "正在缴", "paid": "已缴", "void": "已作废"}


class PayeeNotFound(NotFound):
    """没有这家收费单位"""


class PayeeNotOnline(Conflict):
    """这家收费单位不能网上查账单，请到社区窗口办理"""


class BillNotFound(NotFound):
    """没有这张账单"""


class BillOfAnother(Conflict):
    """这张账单正由别人缴，请与家人核对"""


class BillNotOpen(Conflict):
    """这张账单已经缴过或正在缴"""


class BillKnown(Conflict):
    """这个账期的账单已经录入过了"""


class Payee(Stored, kw_only=True):
    """`online`: the collecting agency knows its bills."""

    name: str
    kind: PayeeKind
    phone: str = ""
    online: bool = True
    active: bool = True


class Bill(Stored, kw_only=True):
    """`payee_no` is the payee's own number of it; with the payee it is there once. `payment_id` is the one payment that
    is under way, or that has paid it."""

    payee_id: str
    payee_no: str
    account_no: str
    holder: str = ""
    label: str = ""
    resident_id: str
    period: str
    amount_fen: int
    due: date
    state: BillState = "open"
    payment_id: str | None = None
    source: str
    at: datetime


PAYEES: Collection[Payee] = Collection("payees", Payee, whole=True)
BILLS: Collection[Bill] = Collection(
    "bills",
    Bill,
    Index(("payee_id", "payee_no"), unique=True),
    Index(("resident_id", "-at", "-_id")),
)


def payee(reader: Reader, payee_id: str) -> Payee:
    """Raises PayeeNotFound."""
    found = reader.recall(PAYEES, payee_id)
    if found is None or not found.active:
        raise PayeeNotFound(field="payee_id")
    return found


def payees(reader: Reader) -> PayeesView:
    found = (one for one in reader.everything(PAYEES).items.values() if one.active)
    return PayeesView(items=[view_payee(one) for one in sorted(found, key=lambda one: (one.kind, one.name))])


def view_payee(one: Payee) -> PayeeView:
    return PayeeView(
        id=one.id,
        name=one.name,
        kind=one.kind,
        kind_text=KINDS[one.kind],
        phone=one.phone,
        online=one.online,
    )


def to_look_up(reader: Reader, wanted: LookUp) -> Payee:
    """Raises PayeeNotFound, PayeeNotOnline."""
    found = payee(reader, wanted.payee_id)
    if not found.online:
        raise PayeeNotOnline(field="payee_id")
    return found


async def take_up(tx: Tx, resident_id: str, wanted: LookUp, found: list[Any]) -> list[Bill]:
    """What the payee has open on the account, as bills of this resident; those of somebody else's stay theirs."""
    kept = []
    for due in found:
        known = await tx.first(BILLS, {"payee_id": wanted.payee_id, "payee_no": due.bill_no})
        bill = known or Bill(
            id=chance.hex(12),
            payee_id=wanted.payee_id,
            payee_no=due.bill_no,
            account_no=wanted.account_no,
            holder=due.holder,
            label=wanted.label,
            resident_id=resident_id,
            period=due.period,
            amount_fen=due.amount_fen,
            due=date.fromisoformat(due.due),
            source="gateway",
            at=tx.now,
        )
        if bill.resident_id != resident_id and bill.state == "open":
            bill.resident_id, bill.label, bill.at = resident_id, wanted.label, tx.now
        if bill.resident_id == resident_id:
            if bill.state == "open":
                bill.amount_fen = due.amount_fen
            await tx.put(BILLS, bill)
            kept.append(bill)
    return kept


async def enter(tx: Tx, new: NewBill, actor: Actor) -> Bill:
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
    try:
        await tx.insert(BILLS, bill)
    except Duplicate as error:
        raise BillKnown(field="period") from error
    audit.note(tx, actor, "window", "bills.enter", bill.id, new.resident_id)
    return bill


async def find(reader: Reader, bill_id: str, resident_id: str) -> Bill:
    """A bill of this resident. Raises BillNotFound."""
    found = await reader.get(BILLS, bill_id)
    if found is None or found.resident_id != resident_id:
        raise BillNotFound
    return found


async def listed(reader: Reader, resident_id: str, wanted: FindBills) -> BillsView:
    """The newest first. Raises BadCursor."""
    where: dict[str, Any] = {"resident_id": resident_id}
    if wanted.state is not None:
        where["state"] = wanted.state
    page = await reader.page(BILLS, where, sort="-at", cursor=wanted.cursor, limit=wanted.limit)
    return BillsView(items=[view(reader, one) for one in page.items], next=page.next)


def view(reader: Reader, bill: Bill) -> BillView:
    whose = reader.recall(PAYEES, bill.payee_id) or Payee(
        id=bill.payee_id, name=bill.payee_id, kind="property"
    )
    return BillView(
        id=bill.id,
        payee=view_payee(whose),
        account_no=bill.account_no,
        holder=bill.holder,
        label=bill.label,
        period=bill.period,
        amount_fen=bill.amount_fen,
        amount_text=f"{yuan(bill.amount_fen)} 元",
        due=bill.due,
        state=bill.state,
        state_text=STATES[bill.state],
        overdue=bill.state == "open" and bill.due < today(reader.now),
        payment_id=bill.payment_id,
    )
