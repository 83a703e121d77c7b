"""What a late cancellation costs: the table that was in force when it was booked, never a later one."""

from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from schemas.catalogue import CancelFee
from server import catalogue
from server.bookings.details import Booking
from server.cases.kinds import Case
from server.catalogue import Service
from server.config import Settings
from server.kit.db import Reader

_DONE = frozenset({"done", "disputed", "completed"})


def table(service: Service, rules: Settings) -> list[CancelFee]:
    """The service's own rows, else those of the place."""
    if service.cancel_fees is not None:
        return service.cancel_fees
    return rules.bookings.cancel_fees


class Terms(Protocol):
    """What a fee is counted from: a booking, or what somebody else keeps of it."""

    @property
    def start(self) -> datetime: ...
    @property
    def price_fen(self) -> int: ...
    @property
    def agreed(self) -> bool: ...
    @property
    def free_until(self) -> datetime: ...
    @property
    def cancel_fees(self) -> list[CancelFee]: ...
    @property
    def suspension(self) -> str: ...


def fee_fen(booking: Terms, now: datetime) -> int:
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


class Owed(Struct, frozen=True):
    """What the resident owes whom, in words that both sides read."""

    fen: int = 0
    text: str = ""


def owed(reader: Reader, case: Case, booking: Booking) -> Owed:
    """What is due by now: the price when the work is done, or the fee of what came to nothing. Nobody collects it here:
    the resident pays the provider."""
    done = case.state in _DONE
    fen = booking.price_fen if done else booking.fee_fen
    if not fen:
        return Owed()
    what = "服务费" if done else "晚取消的费用" if booking.late_cancel else "上门费"
    provider = catalogue.provider_of(reader, case.provider_id or "")
    company = provider.name if provider else "商家"
    text = f"居民应付 {catalogue.yuan(fen)} 元（{what}），付给{company}，平台不代收"
    return Owed(fen, text)
