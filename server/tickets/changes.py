"""Changing tickets 改签: the agent offers another train, the resident agrees and pays what it costs more, the agent buys.

Until the new ticket is bought the old one is good: whatever goes wrong on the way changes nothing but the money back.
"""

from datetime import datetime, timedelta

from schemas.tickets import OfferChange
from server import fee_rules
from server.cases import Act
from server.catalogue import yuan
from server.kit.db import Reader
from server.kit.errors import Conflict, Invalid
from server.tickets import buying, holds, money
from server.tickets.details import Change, ChangeState, Moved, Passenger, Seat, Ticket
from server.tickets.quotes import ArrivesBefore, DepartsTooSoon, NotTheirPassenger
from server.tickets.refunds import after, chosen
from server.tickets.words import SEATS, trip_text


class ChangeChanged(Conflict):
    """改签的报价刚刚改过，请看过新的再决定"""


class ChangeAboveCeiling(Conflict):
    """新票价超过居民定的最高价，请居民先提高最高价"""


class NoSuchSeat(Invalid):
    """火车票和飞机票的席别不一样，请重新选"""


class ChangeResultsIncomplete(Invalid):
    """每位改签的乘客都要写明新票，各一次"""


def _now(act: Act) -> Change:
    found: Change | None = act.details.change
    assert found is not None
    return found


def _people(act: Act) -> list[Passenger]:
    return [one for one in act.details.passengers if one.id in _now(act).passengers]


async def ask(act: Act) -> None:
    """Raises NoTicketToGiveBack."""
    ticket: Ticket = act.details
    wanted = chosen(ticket, act.form.passengers)
    made = Change(
        version=len(ticket.changes) + 1,
        passengers=[one.id for one in wanted],
        wish=act.form.wish,
        at=act.tx.now,
    )
    ticket.changes = [*ticket.changes, made]
    for one in wanted:
        one.state = "changing"
        one.note(act.tx.now, f"申请改签：{act.form.wish}")
    holds.let_go(act)


async def offer(act: Act) -> None:
    """Raises HeldByColleague, NoSuchSeat, DepartsTooSoon, ArrivesBefore, NotTheirPassenger, ChangeAboveCeiling,
    ChangeTooLate."""
    holds.take(act)
    ticket: Ticket = act.details
    form: OfferChange = act.form
    if form.seat_class not in SEATS[ticket.mode]:
        raise NoSuchSeat(field="seat_class")
    if form.depart_at <= act.tx.now:
        raise DepartsTooSoon(field="depart_at")
    if form.arrive_at is not None and form.arrive_at <= form.depart_at:
        raise ArrivesBefore(field="arrive_at")
    change, exceptions = _now(act), {one.passenger_id: one.price_fen for one in form.prices}
    if not exceptions.keys() <= set(change.passengers):
        raise NotTheirPassenger(field="prices")
    if max(form.price_fen, *exceptions.values(), 0) > ticket.ceiling_fen:
        raise ChangeAboveCeiling(field="price_fen")
    change.lines = [
        _line(act.tx, ticket, one, exceptions.get(one.id, form.price_fen), form) for one in _people(act)
    ]
    change.number, change.seat_class = form.number.upper(), form.seat_class
    change.depart_at, change.arrive_at = form.depart_at, form.arrive_at
    change.state = "offered"
    change.expires_at = min(
        act.tx.now + timedelta(minutes=act.rules.tickets.change_minutes),
        *(one.ticket.depart_at for one in _people(act) if one.ticket),
        form.depart_at,
    )
    act.facts = {"pay": yuan(change.pay_fen), "back": yuan(change.back_fen)}


def _line(reader: Reader, ticket: Ticket, one: Passenger, new_fen: int, form: OfferChange) -> Moved:
    seat = one.ticket
    assert seat is not None
    told = fee_rules.quote_change(
        reader,
        ticket.mode,
        seat.paid_fen,
        seat.depart_at,
        reader.now,
        seat.seat_class,
        new_face_fen=new_fen,
        new_depart_at=form.depart_at,
    )
    return Moved(
        passenger_id=one.id,
        old_fen=seat.paid_fen,
        new_fen=new_fen,
        fee_fen=told.fee_fen,
        pay_fen=told.pay_fen,
        back_fen=told.back_fen,
        late=told.late,
        text=told.text,
    )


async def accept(act: Act) -> None:
    """Where it costs nothing more it is bought at once, else when that is paid. Raises ChangeChanged."""
    change = _now(act)
    if act.form.change_version != change.version:
        raise ChangeChanged(field="change_version")
    change.state = "accepted"
    holds.let_go(act)
    if change.pay_fen:
        assert change.expires_at is not None
        act.target = "change_paying"
        change.bill_id = await money.ask(act, change.pay_fen, f"change-{change.version}", change.expires_at)


async def paid(act: Act) -> None:
    _took(act, _now(act).pay_fen)


async def pay_cash(act: Act) -> None:
    """Raises NothingToPay, BillNotOpen."""
    _took(act, await money.take_cash(act))


def _took(act: Act, amount_fen: int) -> None:
    ticket, change = act.details, _now(act)
    ticket.paid_fen += amount_fen
    change.paid_fen = amount_fen
    if change.bill_id:
        ticket.settled = [*ticket.settled, change.bill_id]
    change.bill_id = None


def _end(act: Act, state: ChangeState, said: str) -> None:
    """The old tickets are what counts."""
    change = _now(act)
    change.state = state
    for one in _people(act):
        one.state = "ticketed"
        one.note(act.tx.now, said)
    change.bill_id = None
    holds.let_go(act)
    act.target = after(act.details)


async def withdraw(act: Act) -> None:
    await money.withdraw(act)
    _end(act, "withdrawn", "不改签了，原来的票照用")


async def decline(act: Act) -> None:
    _end(act, "declined", "没有同意改签，原来的票照用")


async def lapse(act: Act) -> None:
    """What was paid in time, though nobody has heard of it yet, is paid."""
    change = _now(act)
    if change.bill_id and await money.is_paid(act, change.bill_id):
        act.target = "rebooking"
        _took(act, change.pay_fen)
        return
    await money.withdraw(act)
    _end(act, "lapsed", "改签过了时间，原来的票照用")


async def refuse(act: Act) -> None:
    """There is no such train. Raises HeldByColleague."""
    holds.take(act)
    _end(act, "failed", f"改签办不了：{act.reason}")


async def failed(act: Act) -> None:
    """The new one could not be had; what was paid for it comes back. Raises HeldByColleague."""
    holds.take(act)
    await money.back(act, _now(act).paid_fen, "改签没有办成")
    _end(act, "failed", f"改签没有办成：{act.reason}，原来的票照用")


async def done(act: Act) -> None:
    """The new tickets take the old ones' place. Raises HeldByColleague, ChangeResultsIncomplete."""
    holds.take(act)
    ticket, change = act.details, _now(act)
    results = {one.passenger_id: one for one in act.form.results}
    if results.keys() != set(change.passengers) or len(results) != len(act.form.results):
        raise ChangeResultsIncomplete(field="results")
    lines = {one.passenger_id: one for one in change.lines}
    assert change.depart_at is not None and change.seat_class is not None
    said = trip_text(ticket.mode, change.number, change.seat_class, change.depart_at)
    for one in _people(act):
        result, old = results[one.id], one.ticket
        assert old is not None
        one.ticket = Seat(
            number=change.number,
            seat_class=change.seat_class,
            depart_at=change.depart_at,
            arrive_at=change.arrive_at,
            record_no=act.form.record_no or old.record_no,
            ticket_no=result.ticket_no,
            carriage=result.carriage,
            seat=result.seat,
            paid_fen=lines[one.id].new_fen,
        )
        one.late_change = one.late_change or lines[one.id].late
    await money.back(act, change.back_fen, "改签差价")
    _end(act, "done", f"已改签：{said}")
    act.facts = {"back": yuan(change.back_fen)}
    await buying.keep_until_after(act)


def accept_hint(ticket: Ticket, now: datetime) -> str:
    change = ticket.change
    return "；".join(one.text for one in change.lines) if change else ""
