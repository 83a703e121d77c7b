"""The price of an order: within the resident's ceiling, with every line named, and good for some minutes.

The resident agrees to one version of it; a ticket is paid before it is bought.
"""

from datetime import datetime, timedelta

from schemas.tickets import TicketQuote
from server.cases import Act
from server.catalogue import yuan
from server.config import Settings
from server.kit.clock import today
from server.kit.errors import Conflict, Invalid
from server.tickets import buying, holds, money
from server.tickets.details import Line, Passenger, Quote, QuoteState, Ticket
from server.tickets.words import seat_text


class NoSuchAlternative(Invalid):
    """居民没有选这个车次，请从他的选择里报价"""


class AboveCeiling(Conflict):
    """票价超过居民定的最高价，请居民先提高最高价"""


class QuoteHoldsTooLong(Invalid):
    """报价的有效期要在现在以后，并早于购票截止和发车时间"""


class DepartsTooSoon(Invalid):
    """这趟车的发车时间已经过了，或不是居民要的日子"""


class ArrivesBefore(Invalid):
    """到达时间要在发车时间以后"""


class NotTheirPassenger(Invalid):
    """这一单里没有这位乘客"""


class TicketQuoteChanged(Conflict):
    """报价刚刚改过，请看过新的报价再决定"""


class CeilingNotHigher(Invalid):
    """新的最高价要比原来的高"""


async def quote(act: Act) -> None:
    """Raises HeldByColleague, NoSuchAlternative, AboveCeiling, QuoteHoldsTooLong, DepartsTooSoon,
    ArrivesBefore, NotTheirPassenger."""
    holds.take(act)
    ticket: Ticket = act.details
    form: TicketQuote = act.form
    if form.alternative > len(ticket.alternatives):
        raise NoSuchAlternative(field="alternative")
    if form.depart_at <= act.tx.now or today(form.depart_at).isoformat() != ticket.day:
        raise DepartsTooSoon(field="depart_at")
    if form.arrive_at is not None and form.arrive_at <= form.depart_at:
        raise ArrivesBefore(field="arrive_at")
    made = _priced(act, ticket, form, _until(act, ticket, form))
    ticket.quotes = [*ticket.quotes, made]
    act.facts = {"total": yuan(made.total_fen), "version": str(made.version)}


def _until(act: Act, ticket: Ticket, form: TicketQuote) -> datetime:
    now, latest = act.tx.now, min(ticket.buy_by, form.depart_at)
    usual = min(now + timedelta(minutes=act.rules.tickets.quote_minutes), latest)
    until = form.valid_until or usual
    if not now < until <= latest:
        raise QuoteHoldsTooLong(field="valid_until")
    return until


def prices(ticket: Ticket, usual: int, exceptions: dict[str, int]) -> dict[str, int]:
    """By the passenger's id. Raises NotTheirPassenger, AboveCeiling."""
    known = {one.id for one in ticket.passengers}
    if not exceptions.keys() <= known:
        raise NotTheirPassenger(field="prices")
    found = {one.id: exceptions.get(one.id, usual) for one in ticket.passengers}
    if max(found.values()) > ticket.ceiling_fen:
        most = yuan(ticket.ceiling_fen)
        raise AboveCeiling(f"票价超过居民定的最高价 {most} 元，请居民先提高最高价", field="price_fen")
    return found


def _priced(act: Act, ticket: Ticket, form: TicketQuote, until: datetime) -> Quote:
    chosen = ticket.alternatives[form.alternative - 1]
    each = prices(ticket, form.price_fen, {one.passenger_id: one.price_fen for one in form.prices})
    fees = {one.id: service_fee(one, act.rules) for one in ticket.passengers}
    post = act.rules.tickets.post_fen if ticket.paper.how == "post" else 0
    lines = _lines(
        act, ticket, f"{chosen.number} {seat_text(ticket.mode, chosen.seat_class)}", each, fees, post
    )
    return Quote(
        version=len(ticket.quotes) + 1,
        alternative=form.alternative,
        number=chosen.number,
        seat_class=chosen.seat_class,
        depart_at=form.depart_at,
        arrive_at=form.arrive_at,
        prices=each,
        fees=fees,
        post_fen=post,
        lines=lines,
        total_fen=sum(one.amount_fen for one in lines),
        note=form.note,
        by=act.actor.name,
        at=act.tx.now,
        expires_at=until,
    )


def service_fee(passenger: Passenger, rules: Settings) -> int:
    """Nothing from some age on, by the birthday on the document."""
    age = passenger.traveller.age
    free = age is not None and age >= rules.tickets.free_from_age
    return 0 if free else rules.tickets.service_fee_fen


def _lines(
    act: Act, ticket: Ticket, what: str, each: dict[str, int], fees: dict[str, int], post: int
) -> list[Line]:
    lines = [
        Line(name=f"{what}，{one.traveller.name_masked}", amount_fen=each[one.id])
        for one in ticket.passengers
    ]
    for one in ticket.passengers:
        free = f"（{act.rules.tickets.free_from_age} 岁以上免）" if not fees[one.id] else ""
        lines.append(Line(name=f"代购费，{one.traveller.name_masked}{free}", amount_fen=fees[one.id]))
    return [*lines, Line(name="凭证邮费", amount_fen=post)] if post else lines


def _answer(act: Act, state: QuoteState) -> Quote:
    given: Quote | None = act.details.quote
    assert given is not None
    given.state = state
    act.facts = {"total": yuan(given.total_fen), "version": str(given.version)}
    return given


async def authorise(act: Act) -> None:
    """From now on it is what is paid, until the quote runs out. Raises TicketQuoteChanged."""
    ticket: Ticket = act.details
    assert ticket.quote is not None
    if act.form.quote_version != ticket.quote.version:
        raise TicketQuoteChanged(field="quote_version")
    given = _answer(act, "authorised")
    ticket.bill_id = await money.ask(act, given.total_fen, f"quote-{given.version}", given.expires_at)


async def refuse(act: Act) -> None:
    """Another one may be offered."""
    _answer(act, "refused")
    _ask_again(act)


async def withdraw(act: Act) -> None:
    """The agent takes it back, also after it was agreed to as long as it is not paid. Raises HeldByColleague."""
    holds.take(act)
    await money.withdraw(act)
    _answer(act, "withdrawn")
    act.details.bill_id = None
    _ask_again(act)


def _ask_again(act: Act) -> None:
    act.details.answer_by = act.tx.now + timedelta(minutes=act.rules.tickets.answer_minutes)
    act.details.escalated = False


async def lapse(act: Act) -> None:
    """Nobody agreed, or nobody paid, in time. What was paid in time, though nobody has heard of it yet, is paid."""
    if act.details.bill_id and await money.is_paid(act, act.details.bill_id):
        act.target = "buying"
        money.took(act, act.details.quote.total_fen)
        return
    await money.withdraw(act)
    _answer(act, "lapsed")
    act.details.bill_id = None
    await buying.forget(act)


async def raise_ceiling(act: Act) -> None:
    """Raises CeilingNotHigher."""
    ticket: Ticket = act.details
    if act.form.ceiling_fen <= ticket.ceiling_fen:
        raise CeilingNotHigher(field="ceiling_fen")
    act.facts = {"from": yuan(ticket.ceiling_fen), "to": yuan(act.form.ceiling_fen)}
    ticket.ceiling_fen = act.form.ceiling_fen


def authorise_hint(ticket: Ticket, now: datetime) -> str:
    given = ticket.quote
    return f"共 {yuan(given.total_fen)} 元，付了款就去买票" if given else ""


def refuse_hint(ticket: Ticket, now: datetime) -> str:
    return "代办员会再找别的车次报价，不收费"
