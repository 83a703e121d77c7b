"""An order of tickets as its people see it."""

from datetime import datetime

from schemas.tickets import (
    AlternativeView,
    ChangeLineView,
    ChangeView,
    DeliveryView,
    LineView,
    RefundLineView,
    RefundView,
    TicketDetails,
    TicketPassengerView,
    TicketQuoteView,
    TicketStepView,
)
from server import fee_rules
from server.cases import Case
from server.catalogue import yuan
from server.kit.clock import today
from server.kit.db import Reader
from server.tickets import holds
from server.tickets.details import Change, Given, Line, Paper, Passenger, Quote, Refund, Ticket
from server.tickets.words import (
    DELIVERIES,
    DELIVERY_STATES,
    MODES,
    PARTIES,
    PASSENGER_STATES,
    route,
    seat_text,
    trip_text,
)
from server.words import local, said

_SEES_CODE = frozenset({"resident", "operator", "clerk"})


def show(reader: Reader, case: Case, ticket: Ticket, mine: frozenset[str]) -> TicketDetails:
    quote, change = ticket.quote, ticket.change
    held = holds.held_by(reader, case, ticket)
    return TicketDetails(
        mode=ticket.mode,
        mode_text=MODES[ticket.mode],
        origin=ticket.origin,
        destination=ticket.destination,
        route_text=route(ticket),
        day=ticket.day,
        alternatives=_alternatives(ticket),
        ceiling_fen=ticket.ceiling_fen,
        ceiling_text=f"{yuan(ticket.ceiling_fen)} 元",
        buy_by=local(ticket.buy_by),
        party=ticket.party,
        party_text=PARTIES[ticket.party],
        passengers=[_passenger(ticket, one) for one in ticket.passengers],
        contact_name=ticket.contact_name,
        contact_phone=ticket.contact_phone,
        delivery=_delivery(ticket.paper, mine),
        note=ticket.note,
        quote=_quote(ticket, quote) if quote else None,
        quotes=[_quote(ticket, one) for one in ticket.quotes],
        bill_id=(change.bill_id if change else None) or ticket.bill_id if case.open else None,
        paid_fen=ticket.paid_fen,
        paid_in_cash=ticket.in_cash,
        back_fen=ticket.back_fen,
        cash_back_fen=ticket.cash_back_fen,
        record_no=ticket.record_no,
        held_by=held,
        held_until=_moment(ticket.held_until) if held else None,
        escalated=ticket.escalated,
        refund=_refund(ticket, ticket.refund) if ticket.refund else None,
        change=_change(ticket, change) if change else None,
        rule_text=_rule(reader, ticket),
        wiped=ticket.wiped_from is not None and ticket.wiped_from <= reader.now,
        ride_no=ticket.ride_no,
    )


def _rule(reader: Reader, ticket: Ticket) -> str:
    body = fee_rules.in_force(reader, ticket.mode, today(reader.now)).body
    return f"退票、改签按{body.source}收费" if body.source else ""


def _moment(moment: datetime | None) -> str | None:
    return local(moment) if moment else None


def _alternatives(ticket: Ticket) -> list[AlternativeView]:
    return [
        AlternativeView(
            rank=rank,
            number=one.number,
            seat_class=one.seat_class,
            seat_text=seat_text(ticket.mode, one.seat_class),
            depart_at=_moment(one.depart_at),
            text=trip_text(ticket.mode, one.number, one.seat_class, one.depart_at),
        )
        for rank, one in enumerate(ticket.alternatives, start=1)
    ]


def _lines(lines: list[Line]) -> list[LineView]:
    return [
        LineView(name=one.name, amount_fen=one.amount_fen, amount_text=f"{yuan(one.amount_fen)} 元")
        for one in lines
    ]


def _quote(ticket: Ticket, quote: Quote) -> TicketQuoteView:
    return TicketQuoteView(
        version=quote.version,
        alternative=quote.alternative,
        number=quote.number,
        seat_class=quote.seat_class,
        seat_text=seat_text(ticket.mode, quote.seat_class),
        depart_at=local(quote.depart_at),
        arrive_at=_moment(quote.arrive_at),
        when=said(quote.depart_at),
        lines=_lines(quote.lines),
        total_fen=quote.total_fen,
        total_text=f"{yuan(quote.total_fen)} 元",
        service_fee_fen=sum(quote.fees.values()),
        expires_at=local(quote.expires_at),
        note=quote.note,
        by=quote.by,
        at=local(quote.at),
        state=quote.state,
    )


def _passenger(ticket: Ticket, one: Passenger) -> TicketPassengerView:
    seat = one.ticket
    return TicketPassengerView(
        id=one.id,
        name_masked=one.traveller.name_masked,
        id_no_masked=one.traveller.id_no_masked,
        state=one.state,
        state_text=PASSENGER_STATES[one.state],
        number=seat.number if seat else "",
        seat_text=seat_text(ticket.mode, seat.seat_class) if seat else "",
        depart_at=local(seat.depart_at) if seat else None,
        arrive_at=_moment(seat.arrive_at) if seat else None,
        ticket_no=seat.ticket_no if seat else "",
        carriage=seat.carriage if seat else "",
        seat=seat.seat if seat else "",
        record_no=seat.record_no if seat else "",
        price_fen=seat.paid_fen if seat else 0,
        service_fee_fen=one.fee_fen,
        reason=one.reason,
        refund=_given(ticket, one.given) if one.given else None,
        history=[TicketStepView(at=local(step.at), text=step.text) for step in one.history],
    )


def _given(ticket: Ticket, line: Given) -> RefundLineView:
    return RefundLineView(
        passenger_id=line.passenger_id,
        name_masked=_name(ticket, line.passenger_id),
        face_fen=line.face_fen,
        fee_fen=line.fee_fen,
        back_fen=line.back_fen,
        text=line.text,
    )


def _name(ticket: Ticket, passenger_id: str) -> str:
    found = ticket.passenger(passenger_id)
    return found.traveller.name_masked if found else ""


def _refund(ticket: Ticket, refund: Refund) -> RefundView:
    return RefundView(
        version=refund.version,
        rule_version=refund.rule_version,
        lines=[_given(ticket, one) for one in refund.lines],
        back_fen=refund.back_fen,
        back_text=f"{yuan(refund.back_fen)} 元",
        expires_at=local(refund.expires_at),
        state=refund.state,
    )


def _change(ticket: Ticket, change: Change) -> ChangeView:
    lines = [
        ChangeLineView(
            passenger_id=one.passenger_id,
            name_masked=_name(ticket, one.passenger_id),
            old_fen=one.old_fen,
            new_fen=one.new_fen,
            fee_fen=one.fee_fen,
            pay_fen=one.pay_fen,
            back_fen=one.back_fen,
            text=one.text,
        )
        for one in change.lines
    ]
    return ChangeView(
        version=change.version,
        passenger_ids=change.passengers,
        wish=change.wish,
        number=change.number,
        seat_class=change.seat_class,
        seat_text=seat_text(ticket.mode, change.seat_class),
        depart_at=_moment(change.depart_at),
        arrive_at=_moment(change.arrive_at),
        when=said(change.depart_at) if change.depart_at else "",
        lines=lines,
        pay_fen=change.pay_fen,
        back_fen=change.back_fen,
        pay_text=_pay_text(change),
        expires_at=_moment(change.expires_at),
        state=change.state,
        bill_id=change.bill_id,
    )


def _pay_text(change: Change) -> str:
    if not change.lines:
        return ""
    if change.pay_fen:
        return f"要补 {yuan(change.pay_fen)} 元"
    return f"退您 {yuan(change.back_fen)} 元" if change.back_fen else "不用补钱"


def _delivery(paper: Paper, mine: frozenset[str]) -> DeliveryView:
    return DeliveryView(
        how=paper.how,
        how_text=DELIVERIES[paper.how],
        address=paper.address,
        state=paper.state,
        state_text=DELIVERY_STATES[paper.state],
        code=paper.code if paper.code and paper.state == "ready" and mine & _SEES_CODE else None,
        carrier=paper.carrier,
        tracking_no=paper.tracking_no,
    )
