"""How many bookings somebody has open: one document for each who is counted, raised by the booking itself.

Counting the bookings and then adding one would let two at once pass; a conditional update does not. Only what some
rule limits is counted, and each booking remembers what was counted for it.
"""

from server.bookings.details import Booking, Tally
from server.catalogue import Provider, Service
from server.config import Settings
from server.kit.db import Collection, Stored, Tx
from server.kit.errors import Conflict


class TooManyOpen(Conflict):
    """您还有好几个预约没有完成，请先完成或取消一个再约"""


class TooManyOfThis(Conflict):
    """这项服务您已约满，请先完成或取消一个再约"""


class ProviderFull(Conflict):
    """商家那天已约满，请换一天"""


class FreeVisitsUsed(Conflict):
    """本月的免费次数刚刚用完，请再提交一次，会按优惠价预约"""


class BookingTally(Stored, kw_only=True):
    """`id` is `resident:…` or `provider:…|day`; dots are not used in the names of `counts`."""

    counts: dict[str, int] = {}


TALLIES: Collection[BookingTally] = Collection("booking_tallies", BookingTally)

Limit = tuple[Tally, int, Conflict]


def _safe(name: str) -> str:
    return name.replace("%", "%25").replace(".", "%2E").replace("$", "%24")


def free_visits(resident_id: str, service_id: str, month: str) -> Tally:
    return Tally(id=f"resident:{resident_id}", path=f"counts.free {_safe(service_id)} {month}", spent=True)


def provider_day(provider_id: str, day: str) -> Tally:
    return Tally(id=f"provider:{provider_id}|{day}", path="counts.day")


async def count(tx: Tx, tally: Tally) -> int:
    known = await tx.get(TALLIES, tally.id)
    return known.counts.get(tally.path.removeprefix("counts."), 0) if known else 0


def take(
    tx: Tx,
    booking: Booking,
    resident_id: str,
    service: Service,
    provider: Provider | None,
    free: Tally | None,
    rules: Settings,
) -> None:
    """Count this booking wherever a limit is set; one write for each limit, none without.

    Raises with the commit: TooManyOpen, TooManyOfThis, FreeVisitsUsed, ProviderFull.
    """
    owner = f"resident:{resident_id}"
    mine: list[Limit] = []
    if rules.bookings.max_open:
        mine.append((Tally(id=owner, path="counts.open"), rules.bookings.max_open, TooManyOpen()))
    if service.max_open:
        path = f"counts.of {_safe(service.id)}"
        mine.append((Tally(id=owner, path=path), service.max_open, TooManyOfThis(field="service_id")))
    if free is not None and service.concession is not None:
        mine.append((free, service.concession.free_per_month, FreeVisitsUsed(field="service_id")))
    for limit in mine:
        _demand(tx, limit)
    if provider is not None and provider.daily_bookings:
        _demand(tx, _of_provider(provider, booking.day))
        booking.tallies.append(provider_day(provider.id, booking.day))
    booking.tallies += [tally for tally, _, _ in mine]


def _of_provider(provider: Provider, day: str) -> Limit:
    return provider_day(provider.id, day), provider.daily_bookings, ProviderFull(field="start")


def _demand(tx: Tx, limit: Limit) -> None:
    tally, most, otherwise = limit
    where = {"_id": tally.id, tally.path: {"$not": {"$gte": most}}}
    tx.demand(TALLIES, where, {"$inc": {tally.path: 1}}, otherwise)


async def change_day(tx: Tx, booking: Booking, provider: Provider | None, day: str) -> None:
    """The visit is on another day: it counts there instead. Raises ProviderFull with the commit."""
    counted = [one for one in booking.tallies if one.id.startswith("provider:")]
    if provider is None or not counted or day == booking.day:
        return
    await _less(tx, counted)
    _demand(tx, _of_provider(provider, day))
    booking.tallies = [one for one in booking.tallies if one not in counted]
    booking.tallies.append(provider_day(provider.id, day))


async def change_provider(tx: Tx, booking: Booking, provider: Provider | None) -> None:
    """Another provider comes that day: it counts with them. Raises ProviderFull with the commit."""
    counted = [one for one in booking.tallies if one.id.startswith("provider:")]
    await _less(tx, counted)
    booking.tallies = [one for one in booking.tallies if one not in counted]
    if provider is not None and provider.daily_bookings:
        _demand(tx, _of_provider(provider, booking.day))
        booking.tallies.append(provider_day(provider.id, booking.day))


async def release(tx: Tx, booking: Booking, *, used: bool) -> None:
    """The booking is over; a free visit that was not used can be had again, also when that is found out later."""
    spent = [one for one in booking.tallies if one.spent and used]
    await _less(tx, [one for one in booking.tallies if one not in spent])
    booking.tallies = spent


async def _less(tx: Tx, tallies: list[Tally]) -> None:
    for owner in sorted({one.id for one in tallies}):
        paths = [one.path for one in tallies if one.id == owner]
        held = {path: {"$gte": 1} for path in paths}
        await tx.change(TALLIES, {"_id": owner, **held}, {"$inc": dict.fromkeys(paths, -1)})
