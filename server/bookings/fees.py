"""What a late cancellation costs: the table that was in force when it was booked, never a later one."""

from datetime import datetime, timedelta

from schemas.catalogue import CancelFee
from server import catalogue
from server.bookings.details import Booking
from server.catalogue import Service
from server.config import Settings


def table(service: Service, rules: Settings) -> list[CancelFee]:
    """The service's own rows, else those of the place."""
    if service.cancel_fees is not None:
        return service.cancel_fees
    return rules.bookings.cancel_fees


def fee_fen(booking: Booking, now: datetime) -> int:
    """What it costs the resident to cancel now: never more than the price, nothing while it is free to cancel."""
    if not booking.agreed or booking.suspension or now <= booking.free_until:
        return 0
    left = booking.start - now
    rows = [one for one in booking.cancel_fees if left < timedelta(minutes=one.within_min)]
    if not rows:
        return 0
    row = min(rows, key=lambda one: one.within_min)
    return min(booking.price_fen * row.percent // 100 + row.fen, booking.price_fen)


def hint(booking: Booking, now: datetime) -> str:
    """What stands beside the button: it is said before it is done."""
    fee = fee_fen(booking, now)
    if fee:
        return f"现在取消要付 {catalogue.yuan(fee)} 元（商家取消不收费）"
    return (
        "现在取消不收费"
        if booking.suspension or now <= booking.free_until
        else "已过免费取消的时间，这次不收费"
    )
