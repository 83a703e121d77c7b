"""Another time for the same booking: the new seat is taken and the old one given back in one transaction, or neither.

Where the old and the new visit share quarters of a day, only the difference changes hands: nobody has to find two
free people to move their own booking by an hour.
"""

from datetime import date, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from server import catalogue, slots
from server.bookings import tallies
from server.bookings.details import Booking
from server.cases import CASES, Act, parts
from server.catalogue import Service
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict
from server.sessions import Actor
from server.words import said


class SameTime(Conflict):
    """新的时间和原来一样，不用改"""


class TooManyReschedules(Conflict):
    """改约次数已经用完，可以取消后重新预约"""


class RescheduleTooLate(Conflict):
    """离上门时间太近，不能在这里改约了，请打电话联系商家"""


class NoLongerOffered(Conflict):
    """这项服务现在不能改时间了；原来约好的时间照常上门，有事请打电话联系商家"""


class ScheduleMoved(Conflict):
    """师傅的安排刚刚有了变化，请再试一次"""


def changeable_until(booking: Booking) -> datetime:
    return booking.change_until or booking.free_until


async def reschedule(act: Act) -> None:
    """Raises TooManyReschedules, RescheduleTooLate, SameTime, NoLongerOffered, the Slot… refusals, ProviderFull."""
    booking, start = act.details, act.form.start
    if booking.changes >= act.rules.bookings.max_reschedules:
        raise TooManyReschedules
    if act.tx.now > changeable_until(booking):
        raise RescheduleTooLate
    if start == booking.start:
        raise SameTime(field="start")
    service = _as_booked(act.tx, booking)
    if booking.seated:
        slots.check_offered(act.tx, service, start)
    else:
        slots.check_open(act.tx, service, start)
    day, seats = slots.seat(service, start)
    pool = catalogue.pool_of(act.tx, service)
    if booking.seated:
        most, taken = slots.capacity(pool, day), slots.SlotTaken(field="start")
        await _swap(act.tx, booking, (booking.pool_id, pool.id), day, seats, most, taken)
    if act.case.worker_id is not None:
        await _worker(act, day, seats)
    await tallies.change_day(
        act.tx, booking, catalogue.provider_of(act.tx, service.provider_id), day.isoformat()
    )
    act.facts = {"from": booking.start.isoformat(), "to": start.isoformat()}
    act.reason = f"{said(booking.start)} 改到 {said(start)}"
    _moved(booking, start, day, seats, pool.id)


def _as_booked(reader: Reader, booking: Booking) -> Service:
    """The hours of today, and as long a visit as was agreed. Raises NoLongerOffered."""
    try:
        service = catalogue.find(reader, booking.service_id)
    except catalogue.ServiceNotFound as error:
        raise NoLongerOffered from error
    return replace(service, duration_min=(booking.end - booking.start) // timedelta(minutes=1))


async def _swap(
    tx: Tx,
    booking: Booking,
    owners: tuple[str, str],
    day: date,
    seats: list[str],
    most: int,
    otherwise: Conflict,
) -> None:
    """`owners`: whose day is left and whose is entered."""
    before, after = owners
    shared = set(booking.seats) & set(seats) if (before, booking.date) == (after, day) else set()
    gained = [one for one in seats if one not in shared]
    lost = [one for one in booking.seats if one not in shared]
    if gained:
        slots.demand(tx, after, day, gained, most, otherwise)
    if lost:
        await slots.give_back(tx, before, booking.date, lost)


async def _worker(act: Act, day: date, seats: list[str]) -> None:
    """The worker comes at the new time if they are free then; else somebody else has to be found."""
    booking: Booking = act.details
    owner = slots.worker_owner(act.case.worker_id or "")
    known = await act.tx.get(slots.OCCUPANCY, slots.day_id(owner, day))
    own = set(booking.seats) if day == booking.date else set[str]()
    busy = known is not None and any(known.cells.get(one, 0) for one in seats if one not in own)
    if busy:
        await slots.give_back(act.tx, owner, booking.date, booking.seats)
        act.case.worker_id, act.target = None, "confirmed"
    else:
        await _swap(act.tx, booking, (owner, owner), day, seats, 1, ScheduleMoved())


def _moved(booking: Booking, start: datetime, day: date, seats: list[str], pool_id: str) -> None:
    """What was agreed holds for the new time: as long before it as it was before the old one."""
    later = start - booking.start
    booking.change_until = changeable_until(booking) + later
    booking.free_until += later
    booking.end += later
    booking.start, booking.day, booking.seats, booking.pool_id = start, day.isoformat(), seats, pool_id
    booking.acknowledged = False
    booking.changes += 1
    booking.nobody = False


async def contended(reader: Reader, case_no: str, actor: Actor, body: dict[str, Any]) -> list[str]:
    """The days that a change of time will write to: those of one process take turns instead of colliding."""
    case = await reader.get(CASES, case_no)
    if case is None or case.kind != "booking" or not parts(actor, case):
        return []
    try:
        day = slots.day_of_pool(
            reader, case.details["service_id"], datetime.fromisoformat(str(body["start"]))
        )
    except (KeyError, ValueError, OverflowError):
        return []
    old = slots.day_id(case.details["pool_id"], date.fromisoformat(case.details["day"]))
    return [old, day] if day else [old]


def hint(booking: Booking, now: datetime) -> str:
    return f"从可预约的时间里选；{said(changeable_until(booking))} 以前可以改，已改 {booking.changes} 次"
