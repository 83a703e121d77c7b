"""Prices that are asked for: lines that add up, a time until which they hold, and an answer before any money changes.

A price that was agreed stays the price until the resident agrees to another one, at the door too.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from schemas.bookings import QuoteItem
from server import catalogue
from server.bookings import acts
from server.bookings.details import Answered, Booking, Quote, QuoteLine
from server.cases import Act
from server.kit.clock import SHANGHAI
from server.kit.errors import Conflict, Invalid

_LONGEST = timedelta(days=30)


class PriceIsFixed(Conflict):
    """这项服务按标价收费，不用报价"""


class VisitTimePassed(Conflict):
    """约的上门时间已经过了，请先和居民改约"""


class QuoteChanged(Conflict):
    """报价刚刚改过，请看过新的报价再决定"""


class BadValidUntil(Invalid):
    """报价的有效期要在现在以后、30 天以内"""


class QuoteTooHigh(Invalid):
    """报价的总额太大，请再核对一遍金额（单位是元）"""


_MOST_FEN = 10_000_000_000


def _version(act: Act, items: Sequence[QuoteItem], note: str) -> Quote:
    """Raises QuoteTooHigh."""
    lines = [QuoteLine(name=one.name, amount_fen=one.amount_fen) for one in items]
    total = sum(one.amount_fen for one in lines)
    if total > _MOST_FEN:
        raise QuoteTooHigh(field="items")
    quote = Quote(
        version=len(act.details.quotes) + 1,
        lines=lines,
        total_fen=total,
        note=note,
        by=act.actor.name,
        at=act.tx.now,
        valid_until=None,
    )
    act.facts = {"total": catalogue.yuan(total), "version": str(quote.version)}
    act.details.quotes.append(quote)
    return quote


async def quote(act: Act) -> None:
    """Raises PriceIsFixed, VisitTimePassed, BadValidUntil, QuoteTooHigh."""
    booking, now = act.details, act.tx.now
    if booking.mode != "quote":
        raise PriceIsFixed
    if booking.start <= now:
        raise VisitTimePassed
    until = act.form.valid_until or now + timedelta(hours=act.rules.bookings.quote_hours)
    if not now < until <= now + _LONGEST:
        raise BadValidUntil(field="valid_until")
    given = _version(act, act.form.items, act.form.note)
    given.valid_until = min(until, booking.start)
    act.case.handler_id = act.actor.id


async def requote(act: Act) -> None:
    """A new price at the door; the work waits for the answer. Raises QuoteTooHigh."""
    given = _version(act, act.form.items, act.reason)
    given.on_site, given.if_refused, given.before = True, act.form.if_refused, act.source


def _answer(act: Act, answer: Answered) -> Quote:
    booking: Booking = act.details
    given = booking.offer
    assert given is not None
    given.state, given.answered_at = answer, act.tx.now
    given.answered_by = act.actor.name if act.actor.kind == "staff" else "居民本人"
    act.facts = {"total": catalogue.yuan(given.total_fen), "version": str(given.version)}
    return given


async def accept(act: Act) -> None:
    """From now on it is the price. Raises QuoteChanged."""
    offer, read = act.details.offer, act.form.quote_version
    if read is not None and read != offer.version:
        raise QuoteChanged(field="quote_version")
    given = _answer(act, "accepted")
    act.details.price_fen = given.total_fen
    act.details.price_text = f"已同意报价 {catalogue.yuan(given.total_fen)} 元"
    if given.on_site:
        act.target = given.before


async def refuse(act: Act) -> None:
    """Before the visit that is the end of it; at the door what was agreed happens."""
    given = _answer(act, "refused")
    if given.on_site and given.if_refused == "continue":
        act.target = given.before
        return
    if given.on_site:
        act.details.fee_fen = act.details.visit_fee_fen
    await acts.end(act)


async def withdraw(act: Act) -> None:
    given = _answer(act, "withdrawn")
    given.answered_by = act.actor.name
    if given.on_site:
        act.target = given.before


async def reject(act: Act) -> None:
    """The provider cannot come after all; a quote that was out is void."""
    if act.details.offer is not None:
        _answer(act, "withdrawn").answered_by = act.actor.name
    await acts.end(act)


async def lapse(act: Act) -> None:
    _answer(act, "lapsed").answered_by = "系统"
    await acts.end(act)


def accept_hint(booking: Booking, now: datetime) -> str:
    given = booking.offer
    if given is None:
        return ""
    lines = "，".join(f"{one.name} {catalogue.yuan(one.amount_fen)} 元" for one in given.lines)
    until = f"，{given.valid_until.astimezone(SHANGHAI):%m-%d %H:%M} 前有效" if given.valid_until else ""
    return f"共 {catalogue.yuan(given.total_fen)} 元：{lines}{until}"


def refuse_hint(booking: Booking, now: datetime) -> str:
    given = booking.offer
    if given is None or not given.on_site:
        return "不同意就取消这次预约，不收费"
    if given.if_refused == "continue":
        return f"不同意就按原来的 {catalogue.yuan(booking.price_fen)} 元继续做"
    fee = catalogue.yuan(booking.visit_fee_fen)
    return f"不同意就不做了，付上门费 {fee} 元" if booking.visit_fee_fen else "不同意就不做了，不收费"
