"""Bills as whoever may see them sees them."""

from typing import Any

from schemas.bills import BillsView, BillView, FindBills, PayeesView, PayeeView
from server import ledger, point_cards
from server.bills import family
from server.bills.stored import BILLS, KINDS, OF_CASES, PAYEES, STATES, Bill, Payee
from server.kit.clock import today
from server.kit.db import Reader
from server.points import yuan
from server.sessions import Actor
from server.words import said


def payees(reader: Reader) -> PayeesView:
    """Those that have bills of their own."""
    known = reader.everything(PAYEES).items.values()
    found = (one for one in known if one.active and one.kind not in OF_CASES)
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


def payee_of(reader: Reader, payee_id: str) -> Payee:
    """Also of one that is not there any more."""
    return reader.recall(PAYEES, payee_id) or Payee(id=payee_id, name=payee_id, kind="property")


async def listed(reader: Reader, actor: Actor, wanted: FindBills) -> BillsView:
    """Theirs and those of their family, the newest first. Raises BadCursor, NotTheirBill."""
    whom = family.residents_of(actor) if wanted.of is None else [family.whose(actor, wanted.of)]
    state: dict[str, Any] = {} if wanted.state is None else {"state": wanted.state}
    page = await reader.merged(
        BILLS,
        [{"resident_id": one, **state} for one in whom],
        sort="-at",
        cursor=wanted.cursor,
        limit=wanted.limit,
    )
    return BillsView(items=[view(reader, one, actor) for one in page.items], next=page.next)


async def closely(reader: Reader, bill: Bill, actor: Actor) -> BillView:
    """With how many of its resident's points could pay it now: no more is said of what somebody else has."""
    return view(reader, bill, actor, usable_fen=await usable(reader, bill))


async def usable(reader: Reader, bill: Bill) -> int:
    """In fen; none while the card is lost or frozen, nor for what a case costs."""
    if bill.case_no is not None:
        return 0
    card = await point_cards.of(reader, bill.resident_id)
    if card is not None and card.state != "active":
        return 0
    return max(0, min((await ledger.balances(reader, bill.resident_id))["resident"], bill.amount_fen))


def view(
    reader: Reader, bill: Bill, actor: Actor | None = None, *, usable_fen: int | None = None
) -> BillView:
    return BillView(
        id=bill.id,
        payee=view_payee(payee_of(reader, bill.payee_id)),
        account_no=bill.account_no,
        holder=bill.holder,
        label=bill.label,
        of=bill.resident_id if actor and actor.kind == "resident" and actor.id != bill.resident_id else None,
        of_text=family.principal_text(reader, actor, bill.resident_id),
        period=bill.period,
        amount_fen=bill.amount_fen,
        amount_text=f"{yuan(bill.amount_fen)} 元",
        due=bill.due,
        due_text=_due_text(bill, reader),
        state=bill.state,
        state_text=STATES[bill.state],
        overdue=bill.state == "open" and bill.due < today(reader.now),
        auto_text=f"{said(bill.auto_at)} 自动用积分缴" if bill.auto_at and bill.state == "open" else "",
        payment_id=bill.payment_id,
        points_usable_fen=usable_fen,
        case_no=bill.case_no,
        pay_by=bill.pay_by,
    )


def _due_text(bill: Bill, reader: Reader) -> str:
    """How long there is left to pay it; empty once it is paid."""
    if bill.state not in ("open", "paying"):
        return ""
    if bill.pay_by is not None:
        return f"请在 {said(bill.pay_by)} 前付款"
    days = (bill.due - today(reader.now)).days
    if days < 0:
        return f"已过期 {-days} 天"
    return "今天到期" if days == 0 else f"还有 {days} 天到期"
