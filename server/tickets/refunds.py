"""Giving tickets back 退票: what it comes to is shown first, by the rules of the moment, and holds for some minutes.

What the rules say when it is confirmed is what counts: is that something else by then, the new sum is shown instead.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from schemas.tickets import ConfirmRefund
from server import fee_rules
from server.cases import CASES, Act, Case
from server.catalogue import yuan
from server.config import Settings
from server.kit.db import Reader, Tx
from server.kit.db.collection import plain
from server.kit.errors import Conflict, HoelunError, Invalid
from server.sessions import Actor
from server.tickets import buying, holds, money
from server.tickets.details import Given, Passenger, Refund, Ticket


class NoTicketToGiveBack(Invalid):
    """这位乘客没有可以退、可以改的票"""


class RefundChanged(Conflict):
    """退票费刚刚有了变化，请看过新的金额再确认"""


def after(ticket: Ticket) -> str:
    """Where an order with tickets stands once nothing is asked of it."""
    return "ticketed" if len(ticket.bought) == len(ticket.passengers) else "partial"


def chosen(ticket: Ticket, wanted: Sequence[str]) -> list[Passenger]:
    """Those of the order who have a ticket. Raises NoTicketToGiveBack."""
    found = [one for one in ticket.passengers if one.id in wanted]
    if len(found) != len(set(wanted)) or any(one.state != "ticketed" for one in found):
        raise NoTicketToGiveBack(field="passengers")
    return found


def _quoted(reader: Reader, ticket: Ticket, wanted: list[Passenger], rules: Settings) -> Refund:
    """Raises RefundTooLate."""
    lines, number = [], 1
    for one in wanted:
        seat = one.ticket
        assert seat is not None
        told = fee_rules.quote_refund(
            reader,
            ticket.mode,
            seat.paid_fen,
            seat.depart_at,
            reader.now,
            seat.seat_class,
            late_change=one.late_change,
        )
        number = told.version
        lines.append(
            Given(
                passenger_id=one.id,
                face_fen=seat.paid_fen,
                fee_fen=told.fee_fen,
                back_fen=told.back_fen,
                text=told.text,
            )
        )
    return Refund(
        version=len(ticket.refunds) + 1,
        rule_version=number,
        lines=lines,
        at=reader.now,
        expires_at=reader.now + timedelta(minutes=rules.tickets.refund_minutes),
    )


async def ask(act: Act) -> None:
    """Show what it comes to. Raises NoTicketToGiveBack, RefundTooLate."""
    ticket: Ticket = act.details
    wanted = chosen(ticket, act.form.passengers)
    ticket.refunds = [*ticket.refunds, _quoted(act.tx, ticket, wanted, act.rules)]
    act.facts = _facts(ticket)


def _facts(ticket: Ticket) -> dict[str, str]:
    refund = ticket.refund
    return {"back": yuan(refund.back_fen), "version": str(refund.version)} if refund else {}


async def anew(
    tx: Tx, case: Case, ticket: Ticket, form: ConfirmRefund, actor: Actor, rules: Settings
) -> HoelunError | None:
    """The rules say something else by now: what they say is written beside what was shown, and shown instead."""
    shown = ticket.refund
    if shown is None or case.state != "refund_quoted" or case.timer_at is None or case.timer_at <= tx.now:
        return None
    if form.refund_version != shown.version:
        return RefundChanged(field="refund_version")
    fresh = _quoted(tx, ticket, chosen(ticket, shown.passengers), rules)
    if [(one.fee_fen, one.back_fen) for one in fresh.lines] == [
        (one.fee_fen, one.back_fen) for one in shown.lines
    ]:
        return None
    shown.state = "withdrawn"
    ticket.refunds = [*ticket.refunds, fresh]
    due = {"timer_at": fresh.expires_at, "due_at": fresh.expires_at, "updated_at": tx.now}
    change = {"$set": {"details": plain(ticket), **due}}
    if not await tx.change(CASES, {"_id": case.id, "version": case.version, "state": case.state}, change):
        return RefundChanged(field="refund_version")
    return RefundChanged(
        f"退票费刚刚有了变化，现在退 {yuan(fresh.back_fen)} 元，请看过再确认",
        field="refund_version",
        details={"refund_version": fresh.version, "back_fen": fresh.back_fen},
    )


async def confirm(act: Act) -> None:
    """Raises RefundChanged."""
    ticket: Ticket = act.details
    refund = ticket.refund
    assert refund is not None
    if act.form.refund_version != refund.version:
        raise RefundChanged(field="refund_version")
    refund.state = "confirmed"
    for line in refund.lines:
        one = ticket.passenger(line.passenger_id)
        assert one is not None
        one.state, one.given = "refunding", line
        one.note(act.tx.now, f"确认退票：{line.text}")
    holds.let_go(act)
    act.facts = _facts(ticket)


async def drop(act: Act) -> None:
    """The resident leaves it, or has not answered."""
    ticket: Ticket = act.details
    assert ticket.refund is not None
    ticket.refund.state = "lapsed" if act.action == "refund_lapse" else "withdrawn"
    act.target = after(ticket)


async def done(act: Act) -> None:
    """The agent has given them back: the money goes to the resident. Raises HeldByColleague."""
    holds.take(act)
    ticket: Ticket = act.details
    refund = ticket.refund
    assert refund is not None
    refund.state = "done"
    for line in refund.lines:
        one = ticket.passenger(line.passenger_id)
        assert one is not None
        one.state = "refunded"
        one.note(act.tx.now, f"已退票，退 {yuan(line.back_fen)} 元")
    await money.back(act, refund.back_fen, "退票")
    holds.let_go(act)
    act.facts = _facts(ticket)
    if ticket.bought:
        act.target = after(ticket)
        await buying.keep_until_after(act)
    else:
        act.target = "closed"
        await buying.forget(act)


async def failed(act: Act) -> None:
    """It could not be given back; the tickets are as good as before. Raises HeldByColleague."""
    holds.take(act)
    ticket: Ticket = act.details
    refund = ticket.refund
    assert refund is not None
    refund.state = "failed"
    for line in refund.lines:
        one = ticket.passenger(line.passenger_id)
        assert one is not None
        one.state, one.given = "ticketed", None
        one.note(act.tx.now, f"没有退成：{act.reason}")
    holds.let_go(act)
    act.target = after(ticket)


def confirm_hint(ticket: Ticket, now: datetime) -> str:
    refund = ticket.refund
    if refund is None:
        return ""
    return f"退 {yuan(refund.back_fen)} 元：{'；'.join(one.text for one in refund.lines)}"
