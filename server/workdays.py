"""The Chinese calendar: statutory holidays and make-up working days 调休, as the State Council publishes them.

The published years come from chinese-calendar; a file of the street corrects them or gives a year that the package
does not know yet. A year that neither knows has its weekends only and is called provisional.
"""

import asyncio
import functools
import hashlib
import itertools
import tomllib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import chinese_calendar
import msgspec
from msgspec import Struct

from schemas.workdays import WorkdaysView
from server.config import Settings
from server.kit.clock import SHANGHAI
from server.kit.db import Collection, Duplicate, Reader, Stored, Tx
from server.kit.errors import Invalid

_DAY = timedelta(days=1)
_USUAL_HOURS = ("08:30-17:30",)
_CURRENT = "current"
_STREET = "street"


class DayOffAndWorked(Invalid):
    """同一天不能既放假又上班"""


class BadCalendar(Exception):
    """What in the calendar file cannot be used."""


@functools.lru_cache(maxsize=4096)
def statutory_holiday(day: date) -> bool:
    """A day off by decree, weekends that belong to the holiday included."""
    try:
        off, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return False
    return bool(off and name)


@functools.lru_cache(maxsize=4096)
def workday(day: date) -> bool:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


@functools.cache
def published(year: int) -> bool:
    """Whether the package knows the holidays of that year."""
    try:
        chinese_calendar.is_workday(date(year, 7, 1))
    except NotImplementedError:
        return False
    return True


@functools.cache
def last_published() -> int:
    return next(year for year in range(2100, 2000, -1) if published(year))


class CalendarFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The street's own file, TOML. `days_off` and `working_days` go before what is published; `years` are those that
    the file gives in full."""

    years: list[int] = []
    days_off: list[date] = []
    working_days: list[date] = []


class Calendar:
    """Which days and hours are worked. Made from an edition, so that all processes count alike."""

    def __init__(
        self, own: CalendarFile | None = None, hours: Iterable[str] = _USUAL_HOURS, edition: int = 0
    ) -> None:
        own = own or CalendarFile()
        self.edition = edition
        self._days_off = frozenset(own.days_off)
        self._working_days = frozenset(own.working_days)
        self._years = frozenset(own.years)
        self._windows = windows(hours)
        self._day_length = sum((end - start for start, end in self._windows), timedelta())

    def works(self, day: date) -> bool:
        if day in self._working_days:
            return True
        return day not in self._days_off and workday(day)

    def holiday(self, day: date) -> bool:
        """A day off by decree or by the street; an ordinary weekend is none, nor a day that the street works."""
        if day in self._working_days:
            return False
        return day in self._days_off or statutory_holiday(day)

    def provisional(self, day: date) -> bool:
        """The holidays of that year are not published yet: what is counted with it may still change."""
        return day.year not in self._years and not published(day.year)

    def workdays_after(self, day: date) -> Iterator[date]:
        """The working days that follow, without an end."""
        while True:
            day += _DAY
            if self.works(day):
                yield day

    def add_working_days(self, day: date, number: int) -> date:
        """The `number`-th working day after `day`, which itself is not counted (《民法典》第二百零一条)."""
        following = self.workdays_after(day)
        for _ in range(number):
            day = next(following)
        return day

    def closing(self, day: date) -> datetime:
        """When the offices close: with it a working day ends (《民法典》第二百零三条)."""
        return _midnight(day) + self._windows[-1][1]

    def within(self, day: date, share: float) -> datetime:
        """When that share of the day's working hours has passed."""
        return self.after_hours(_midnight(day), self._day_length * share)

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """The working hours between two moments."""
        total, day = timedelta(), day_of(start)
        while day <= day_of(end):
            for opens, closes in self._open(day):
                total += max(min(closes, end) - max(opens, start), timedelta())
            day += _DAY
        return total

    def after_hours(self, start: datetime, amount: timedelta) -> datetime:
        """When `amount` of working hours have passed since `start`."""
        day = day_of(start)
        while amount > timedelta():
            for opens, closes in self._open(day):
                start = max(opens, start)
                if closes - start >= amount:
                    return start + amount
                amount -= max(closes - start, timedelta())
            day += _DAY
        return start

    def _open(self, day: date) -> list[tuple[datetime, datetime]]:
        midnight = _midnight(day)
        return [(midnight + one, midnight + two) for one, two in self._windows] if self.works(day) else []


def windows(hours: Iterable[str]) -> tuple[tuple[timedelta, timedelta], ...]:
    """`08:30-12:00`, … as times of the day. Raises BadCalendar unless they follow each other."""
    found = []
    for one in hours:
        start, _, end = one.partition("-")
        found.append((_of_day(start), _of_day(end)))
    ends = [moment for pair in found for moment in pair]
    if not found or any(later <= earlier for earlier, later in itertools.pairwise(ends)):
        raise BadCalendar(f"working hours must follow each other: {', '.join(hours)}")
    return tuple(found)


def _of_day(text: str) -> timedelta:
    hour, _, minute = text.partition(":")
    return timedelta(hours=int(hour), minutes=int(minute))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def day_of(moment: datetime) -> date:
    """The day it is then in Shanghai."""
    return moment.astimezone(SHANGHAI).date()


class Edition(Stored, kw_only=True):
    """The calendar in force, one for all processes; `number` grows with every change, `until` is the package's last
    published year. The row `street` is what an administrator has loaded: it goes before the file in the settings."""

    number: int
    digest: str
    until: int
    years: list[int]
    days_off: list[str]
    working_days: list[str]
    hours: list[str]


CALENDARS: Collection[Edition] = Collection("calendars", Edition, whole=True)


def calendar(reader: Reader) -> Calendar:
    """The calendar in force; until one has been published, that of the package."""
    return calendar_of(in_force(reader))


def in_force(reader: Reader) -> Edition | None:
    """Null until one has been published."""
    return reader.recall(CALENDARS, _CURRENT)


def calendar_of(edition: Edition | None) -> Calendar:
    if edition is None:
        return _USUAL
    facts = (tuple(edition.years), tuple(edition.days_off), tuple(edition.working_days), tuple(edition.hours))
    return _made(edition.number, *facts)


@functools.lru_cache(maxsize=16)
def _made(
    number: int,
    years: tuple[int, ...],
    days_off: tuple[str, ...],
    working_days: tuple[str, ...],
    hours: tuple[str, ...],
) -> Calendar:
    return Calendar(_own(years, days_off, working_days), hours, number)


_USUAL = Calendar()


def read_file(path: str) -> CalendarFile:
    """The street's calendar file; an empty path is an empty file. Raises BadCalendar."""
    if not path:
        return CalendarFile()
    try:
        own = msgspec.convert(tomllib.loads(Path(path).read_text("utf-8")), CalendarFile)
    except (OSError, ValueError) as error:
        raise BadCalendar(f"{path}: {error}") from error
    if both := set(own.days_off) & set(own.working_days):
        raise BadCalendar(f"{path}: {min(both)} is both a day off and a working day")
    return own


def problems(settings: Settings) -> list[str]:
    """What of the calendar's settings cannot be used."""
    try:
        windows(settings.clocks.working_hours)
        read_file(settings.clocks.calendar_file)
    except BadCalendar as error:
        return [str(error)]
    return []


def digest(own: CalendarFile, hours: list[str]) -> str:
    return hashlib.sha256(msgspec.json.encode([own, hours, last_published()])).hexdigest()


async def publish(tx: Tx, own: CalendarFile, settings: Settings) -> Edition:
    """Put this calendar in force if it differs from the one that is. A process whose package knows fewer years than
    the edition in force changes nothing: it is being replaced."""
    current, wanted = await tx.get(CALENDARS, _CURRENT), digest(own, settings.clocks.working_hours)
    if current is not None and (current.digest == wanted or current.until > last_published()):
        return current
    edition = _edition(_CURRENT, current.number + 1 if current else 1, own, settings)
    if current is None:
        await tx.insert(CALENDARS, edition)
    elif not await tx.replace(CALENDARS, edition, {"_id": _CURRENT, "number": current.number}):
        raise Duplicate(CALENDARS.name)
    return edition


async def load(tx: Tx, own: CalendarFile, settings: Settings) -> Edition:
    """Keep what an administrator gives and put it in force at once; an empty one takes back what was loaded before, so
    that the file in the settings is in force again. Raises DayOffAndWorked."""
    if both := set(own.days_off) & set(own.working_days):
        raise DayOffAndWorked(f"{min(both)} 不能既放假又上班", field="days_off")
    known = await tx.get(CALENDARS, _STREET)
    await tx.put(CALENDARS, _edition(_STREET, known.number + 1 if known else 1, own, settings))
    if own == CalendarFile():
        own = await asyncio.to_thread(read_file, settings.clocks.calendar_file)
    return await publish(tx, own, settings)


async def loaded(reader: Reader) -> CalendarFile | None:
    """What an administrator has loaded; it is in force as long as it says anything."""
    known = await reader.get(CALENDARS, _STREET)
    own = _own(known.years, known.days_off, known.working_days) if known else CalendarFile()
    return own if own != CalendarFile() else None


def view(edition: Edition | None) -> WorkdaysView:
    return WorkdaysView(
        edition=edition.number if edition else 0,
        published_until=edition.until if edition else last_published(),
        years=edition.years if edition else [],
        days_off=[date.fromisoformat(one) for one in edition.days_off] if edition else [],
        working_days=[date.fromisoformat(one) for one in edition.working_days] if edition else [],
        hours=edition.hours if edition else list(_USUAL_HOURS),
    )


def _own(years: Iterable[int], days_off: Iterable[str], working_days: Iterable[str]) -> CalendarFile:
    return CalendarFile(
        list(years), [*map(date.fromisoformat, days_off)], [*map(date.fromisoformat, working_days)]
    )


def _edition(item_id: str, number: int, own: CalendarFile, settings: Settings) -> Edition:
    return Edition(
        id=item_id,
        number=number,
        digest=digest(own, settings.clocks.working_hours),
        until=last_published(),
        years=own.years,
        days_off=[one.isoformat() for one in own.days_off],
        working_days=[one.isoformat() for one in own.working_days],
        hours=settings.clocks.working_hours,
    )
