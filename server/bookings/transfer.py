"""The provider cannot come: the street calls off what is not agreed yet, holds up what is, and finds somebody else.

A transfer takes the seat with the new provider and gives the old one back in one transaction, or does neither.
"""

from datetime import datetime, timedelta

from server import catalogue, slots
from server.bookings import acts, quotes, tallies
from server.bookings.details import Booking
from server.cases import Act
from server.catalogue import Service
from server.kit.errors import Conflict


class SameProvider(Conflict):
    """这项服务还是原来的商家，请选另一家"""


class NotTheSameService(Conflict):
    """只能转给同一类服务的商家"""


class VisitHasBegun(Conflict):
    """约的上门时间已经过了，请先和居民改约"""


async def call_off(act: Act) -> None:
    """By the street, at no cost; a quote that was out is void."""
    booking: Booking = act.details
    booking.suspension = act.form.suspension_id
    await quotes.reject(act)


async def hold_up(act: Act) -> None:
    """It stays as it is until somebody else has been found."""
    act.details.suspension = act.form.suspension_id


async def go_on(act: Act) -> None:
    act.details.suspension = ""


async def transfer(act: Act) -> None:
    """To another provider's service of the same kind, at the same time, at no higher price than was agreed.

    Raises ServiceNotFound, SameProvider, NotTheSameService, VisitHasBegun, SlotNotOffered, SlotTaken, ProviderFull.
    """
    booking: Booking = act.details
    service = catalogue.find(act.tx, act.form.service_id)
    _check(act, booking, service)
    pool = catalogue.pool_of(act.tx, service)
    day, seats = slots.seat(service, booking.start)
    seated = service.mode == "slot" or service.seat_for_quote
    if seated:
        taken = slots.SlotTaken(field="service_id")
        slots.demand(act.tx, pool.id, day, seats, slots.capacity(pool, day), otherwise=taken)
    await acts.leave(act)
    provider = catalogue.provider_of(act.tx, service.provider_id)
    await tallies.change_provider(act.tx, booking, provider)
    old = catalogue.provider_of(act.tx, act.case.provider_id or "")
    act.facts = {"from": old.name if old else "", "to": provider.name if provider else ""}
    act.case.provider_id, act.case.title = service.provider_id, service.name
    act.case.worker_id, act.case.handler_id = None, None
    booking.pool_id, booking.seats, booking.seated = pool.id, seats, seated
    booking.end = booking.start + timedelta(minutes=service.duration_min)
    _reprice(booking, service)
    booking.service_id, booking.service = service.id, service.name
    booking.service_version, booking.proof = service.version_id, service.proof
    booking.escalated, booking.suspension = False, ""


def _check(act: Act, booking: Booking, service: Service) -> None:
    if service.provider_id == act.case.provider_id:
        raise SameProvider(field="service_id")
    if service.category != booking.category or service.mode != booking.mode:
        raise NotTheSameService(field="service_id")
    if booking.start <= act.tx.now:
        raise VisitHasBegun
    slots.check_within(act.tx, service, booking.start)


def _reprice(booking: Booking, service: Service) -> None:
    """What was agreed with the old provider binds the new one, where it is a listed price; a quote is asked anew."""
    if booking.mode == "quote":
        for one in booking.quotes:
            one.state = "withdrawn" if one.state in ("offered", "accepted") else one.state
        booking.price_fen, booking.price_text = service.price.amount_fen, catalogue.price_view(service).text
        return
    if catalogue.total_fen(service) < booking.price_fen:
        booking.price_fen, booking.price_text = (
            catalogue.total_fen(service),
            catalogue.price_view(service).text,
        )


def transfer_hint(booking: Booking, now: datetime) -> str:
    return f"同类服务的编号；价格不会高于原来的 {catalogue.yuan(booking.price_fen)} 元"
