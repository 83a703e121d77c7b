"""What somebody waits for, and the times that would do."""

from datetime import date, datetime, timedelta

from schemas.bookings import NewBooking
from schemas.waitlist import NewWaiting
from server import slots
from server.catalogue import Service
from server.config import Settings
from server.kit.clock import today
from server.kit.db import Reader
from server.kit.errors import Invalid
from server.waitlist.entries import Waiting


class StartOrDate(Invalid):
    """请选一个时间，或者选一整天，两者选一个"""


def wish(resident_id: str | None, wanted: NewWaiting | Waiting, start: datetime) -> NewBooking:
    """The booking that an offer would be."""
    return NewBooking(
        service_id=wanted.service_id,
        start=start,
        hold=True,
        address=wanted.address,
        contact=wanted.contact,
        form=wanted.form,
        note=wanted.note,
        resident_id=resident_id,
    )


def day_of(wanted: NewWaiting) -> date:
    if wanted.start is not None and wanted.date is None:
        return today(wanted.start)
    if wanted.date is not None and wanted.start is None:
        return wanted.date
    raise StartOrDate(field="start")


def chances_of(reader: Reader, service: Service, day: date, start: datetime | None) -> list[datetime]:
    """The times of the wish that can still be booked. Raises the refusal that says why there are none."""
    if start is not None:
        slots.check_offered(reader, service, start)
        return [start]
    starts = slots.starts_of(reader, service, day)
    if not starts:
        raise slots.SlotNotOffered(field="date")
    slots.check_offered(reader, service, starts[-1])
    soonest = reader.now + timedelta(minutes=service.lead_time_min)
    return [one for one in starts if one >= soonest]


def next_look(chances: list[datetime], service: Service, now: datetime, rules: Settings) -> datetime:
    """Soon again, and once more when the last chance has just gone."""
    over = chances[-1] - timedelta(minutes=service.lead_time_min) + timedelta(seconds=1)
    return min(now + timedelta(minutes=rules.waitlist.look_minutes), over)
