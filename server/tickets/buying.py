"""Buying: paid first, then each passenger has a ticket or a reason why not, and what was not bought is given back.

The sums: of a passenger without a ticket the price and the fee come back, of one with a cheaper ticket the difference.
A party that wants to travel together or not at all gets everything back when one has no ticket.
"""

from datetime import timedelta

from schemas.tickets import PassengerResult
from server import passengers
from server.cases import Act
from server.catalogue import yuan
from server.kit.errors import Conflict, Invalid
from server.tickets import holds, money, papers
from server.tickets.details import Passenger, Quote, Seat, Ticket
from server.tickets.words import trip_text


class ResultsIncomplete(Invalid):
    """每位乘客都要写明结果，各一次"""


class PriceAboveQuote(Conflict):
    """实际票价比居民付的高，不能这样出票，请重新报价"""


class RecordNumberMissing(Invalid):
    """请填写取票号或订单号"""


class WhyNotBought(Invalid):
    """没买到的乘客请写明原因"""


class BeingBought(Conflict):
    """正在买票，现在不能取消；出票后可以退票"""


async def paid(act: Act) -> None:
    """WeChat has it."""
    money.took(act, act.details.quote.total_fen)


async def pay_cash(act: Act) -> None:
    """The window has it. Raises NothingToPay, BillNotOpen."""
    money.took(act, await money.take_cash(act))


async def watch(act: Act) -> None:
    """The time to answer, or to buy, is nearly or wholly over; what was paid goes back then."""
    ticket: Ticket = act.details
    if act.tx.now < ticket.buy_by:
        ticket.escalated, ticket.warned = (
            act.source == "submitted" or ticket.escalated,
            act.source == "buying",
        )
        return
    act.target = "expired" if act.source == "submitted" else "failed"
    if act.source == "buying":
        _nobody(act, "到了购票截止时间")
        await money.all_back(act, "到截止时间没有买到票")
    await forget(act)


def _nobody(act: Act, why: str) -> None:
    for one in act.details.passengers:
        one.state, one.reason, one.ticket, one.fee_fen = "failed", why, None, 0
        one.note(act.tx.now, f"没买到：{why}")


async def record(act: Act) -> None:
    """Raises HeldByColleague, ResultsIncomplete, PriceAboveQuote, RecordNumberMissing, WhyNotBought."""
    holds.take(act)
    ticket: Ticket = act.details
    quote = ticket.quote
    assert quote is not None
    results = {one.passenger_id: one for one in act.form.results}
    if results.keys() != {one.id for one in ticket.passengers} or len(results) != len(act.form.results):
        raise ResultsIncomplete(field="results")
    got = [one for one in act.form.results if one.ok]
    if got and not act.form.record_no:
        raise RecordNumberMissing(field="record_no")
    for one in ticket.passengers:
        _result(act, quote, one, results[one.id])
    holds.let_go(act)
    if not got or (ticket.party == "all" and len(got) < len(results)):
        await _failed(act, bool(got))
        return
    await _bought(act, quote, len(got) == len(results))


def _result(act: Act, quote: Quote, passenger: Passenger, result: PassengerResult) -> None:
    if not result.ok:
        if not result.reason:
            raise WhyNotBought(field="results")
        passenger.state, passenger.reason = "failed", result.reason
        passenger.note(act.tx.now, f"没买到：{result.reason}")
        return
    price = quote.prices[passenger.id] if result.price_fen is None else result.price_fen
    if price > quote.prices[passenger.id]:
        raise PriceAboveQuote(field="results")
    passenger.state, passenger.fee_fen = "ticketed", quote.fees[passenger.id]
    passenger.ticket = Seat(
        number=quote.number,
        seat_class=quote.seat_class,
        depart_at=quote.depart_at,
        arrive_at=quote.arrive_at,
        record_no=act.form.record_no,
        ticket_no=result.ticket_no,
        carriage=result.carriage,
        seat=result.seat,
        paid_fen=price,
    )
    said = trip_text(act.details.mode, quote.number, quote.seat_class, quote.depart_at)
    passenger.note(act.tx.now, f"出票：{said}，{result.carriage} {result.seat}".rstrip("， "))


async def _failed(act: Act, some: bool) -> None:
    """Where some were bought for a party that goes together or not at all, those are not kept either."""
    act.target = "failed"
    if some:
        for one in act.details.passengers:
            if one.ticket is not None:
                one.state, one.ticket, one.fee_fen, one.reason = "failed", None, 0, "同行的人没买到，一起不买"
                one.note(act.tx.now, one.reason)
    await money.all_back(act, "没有买到票，全部退还")
    await forget(act)


async def _bought(act: Act, quote: Quote, everybody: bool) -> None:
    ticket: Ticket = act.details
    act.target = "ticketed" if everybody else "partial"
    ticket.record_no = act.form.record_no
    back = 0
    for one in ticket.passengers:
        whole = quote.prices[one.id] + quote.fees[one.id]
        back += whole - (one.ticket.paid_fen + one.fee_fen if one.ticket else 0)
    await money.back(act, back, "没买到的票和差价")
    papers.ready(act)
    act.facts = {"record_no": ticket.record_no, "back": yuan(back)}
    await keep_until_after(act)


async def keep_until_after(act: Act) -> None:
    """The papers are needed until some days after the last of the trips."""
    ticket: Ticket = act.details
    ends = [one.ticket.arrive_at or one.ticket.depart_at for one in ticket.bought if one.ticket]
    ticket.wiped_from = max(ends, default=act.tx.now) + timedelta(days=act.rules.tickets.wipe_days)
    await passengers.wipe_at(act.tx, act.case.id, ticket.wiped_from)


async def forget(act: Act) -> None:
    """Nobody travels: the papers are not needed any more."""
    act.details.wiped_from = act.tx.now
    await passengers.wipe_at(act.tx, act.case.id, act.tx.now)


async def cancel(act: Act) -> None:
    """Free at all times; once it is paid, as long as nobody is at it. Raises BeingBought."""
    ticket: Ticket = act.details
    if act.source == "buying":
        if holds.holder(act.case, ticket, act.tx.now) is not None:
            raise BeingBought
        _nobody(act, "订单取消")
        await money.all_back(act, "买票前取消")
    else:
        await money.withdraw(act)
        if ticket.quote is not None:
            ticket.quote.state = "refused"
        ticket.bill_id = None
    await forget(act)


async def refuse(act: Act) -> None:
    """The agency cannot do it. Raises HeldByColleague."""
    holds.take(act)
    holds.let_go(act)
    await forget(act)
