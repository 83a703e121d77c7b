"""The hours of a roster, and whether a stretch of time lies in them."""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from server.catalogue import Hours
from server.kit.clock import SHANGHAI
from server.kit.db import Collection, Reader, Stored
from server.staff import Staff

DAY_MIN = 24 * 60


class Roster(Stored, kw_only=True):
    """`id` is the worker's. `weekly` has seven lists of hours, Monday first, in minutes of the day; None: always.
    `days` replace those of a date: none for a day of leave, others for a swapped shift. `home_id` is the community or
    compound from which the worker sets out.
    """

    weekly: list[list[Hours]] | None = None
    days: dict[str, list[Hours]] = {}
    notes: dict[str, str] = {}
    home_id: str | None = None
    version: int = 0
    changed_by: str = ""
    changed_at: datetime | None = None


ROSTERS: Collection[Roster] = Collection("rosters", Roster, whole=True)


def on_shift(reader: Reader, worker: Staff, start: datetime, end: datetime) -> bool:
    """Whether the worker is on shift for the whole of [start, end)."""
    roster = reader.recall(ROSTERS, worker.id)
    return roster is None or covers(roster, start, end)


def home_of(reader: Reader, worker: Staff) -> str | None:
    """The community or compound from which the worker sets out, where it is known."""
    roster = reader.recall(ROSTERS, worker.id)
    return roster.home_id if roster else None


def covers(roster: Roster, start: datetime, end: datetime) -> bool:
    """Whether the roster's hours hold all of [start, end), over midnight too."""
    return all(_within(hours_of(roster, day), wanted) for day, wanted in _by_day(start, end))


def hours_of(roster: Roster, day: date) -> list[Hours]:
    """The hours of a local date."""
    other = roster.days.get(day.isoformat())
    if other is not None:
        return other
    return roster.weekly[day.weekday()] if roster.weekly is not None else [(0, DAY_MIN)]


def _by_day(start: datetime, end: datetime) -> Iterator[tuple[date, Hours]]:
    """The minutes of each local day that [start, end) touches."""
    day = start.astimezone(SHANGHAI).date()
    while (midnight := datetime.combine(day, time(), SHANGHAI).astimezone(UTC)) < end:
        minutes = [(one - midnight) / timedelta(minutes=1) for one in (start, end)]
        yield day, (max(int(minutes[0]), 0), min(math.ceil(minutes[1]), DAY_MIN))
        day += timedelta(days=1)


def _within(hours: list[Hours], wanted: Hours) -> bool:
    """Shifts that follow each other without a break are one."""
    reached, until = wanted
    for opening, closing in sorted(hours):
        if opening <= reached < closing:
            reached = closing
    return reached >= until
