"""The street's calendar at the desk: a year to look at, a text to read, and what it would change before it does.

A preview writes nothing: it counts with the calendar that would be in force what the sweep will count when it is.
"""

import asyncio
import re
import tomllib
from collections.abc import Iterator
from datetime import date, timedelta

import chinese_calendar
import msgspec
from msgspec import Struct

from schemas.workdays import NewWorkdays
from server import audit, budgets, clocks, workdays
from server.cases import CASES, Case
from server.config import Settings
from server.kit.clock import today
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, Invalid
from server.sessions import Actor
from server.workdays import Calendar, CalendarFile, DayOffAndWorked, Edition

_DAY = timedelta(days=1)
_WEEKEND = 5
_MOST_DAYS = 400
_LONGEST_LINE = 60
_MOST_CASES = 2_000
_YEARS = re.compile(r"(20[0-9]{2})\s*年?\s*(完整|全年)")
_LINE = re.compile(r"(\S+?)(?:\s*(?:至|到|~|—)\s*(\S+?))?\s+(放假|休息|上班|补班)")


class CalendarUnreadable(Invalid):
    """这份放假安排看不懂，请检查后再试"""


class CalendarMoved(Conflict):
    """您预览以后日历又变了，请重新预览"""


# Reading.


def parse(text: str) -> CalendarFile:
    """A file in TOML, or lines as people write them: `2027-01-01 至 2027-01-03 放假`, `2027-01-10 上班`, `2027 年完整`.

    Raises CalendarUnreadable naming the line, DayOffAndWorked.
    """
    found = _toml(text) if re.search(r"^\s*\w+\s*=", text, re.MULTILINE) else _lines(text)
    own = CalendarFile(found.years, sorted(set(found.days_off)), sorted(set(found.working_days)))
    if both := set(own.days_off) & set(own.working_days):
        raise DayOffAndWorked(f"{min(both)} 不能既放假又上班", field="text")
    return own


def _toml(text: str) -> NewWorkdays:
    try:
        return msgspec.convert(tomllib.loads(text), NewWorkdays)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        where = f"第 {line[1]} 行" if line else "最后一行"
        raise CalendarUnreadable(f"{where}看不懂，请检查引号、括号和逗号", field="text") from error
    except (msgspec.ValidationError, ValueError) as error:
        wrong = Invalid.from_validation(error).field or "内容"
        raise CalendarUnreadable(f"“{wrong}”写得不对，日期要像 2027-01-01", field="text") from error


def _lines(text: str) -> NewWorkdays:
    years, off, works = list[int](), list[date](), list[date]()
    for number, line in enumerate(text.splitlines(), 1):
        said = line.partition("#")[0].strip()
        if not said:
            continue
        if whole := _YEARS.fullmatch(said):
            years.append(int(whole[1]))
            continue
        found = _LINE.fullmatch(said) if len(said) <= _LONGEST_LINE else None
        days = list(_span(found[1], found[2] or found[1])) if found else []
        if not days or found is None:
            raise CalendarUnreadable(f"第 {number} 行“{said[:30]}”看不懂", field="text")
        (off if found[3] in ("放假", "休息") else works).extend(days)
    if max(len(off), len(works)) > _MOST_DAYS or len(years) > 10:
        raise CalendarUnreadable("写得太多了，一次最多 400 天", field="text")
    return NewWorkdays(years=years, days_off=off, working_days=works)


def _span(first: str, last: str) -> Iterator[date]:
    """From and to, both counted; nothing for what is no date."""
    try:
        day, end = _date(first), _date(last)
    except ValueError:
        return
    while day <= end and (end - day).days < _MOST_DAYS:
        yield day
        day += _DAY


def _date(text: str) -> date:
    year, month, day = re.sub(r"[年月/.]", "-", text).removesuffix("日").split("-")
    found = date(int(year), int(month), int(day))
    if not 2020 <= found.year <= 2100:
        raise ValueError
    return found


def written(own: CalendarFile) -> str:
    """As lines, for whoever goes on from what is in force."""
    lines = [f"{year} 年完整" for year in own.years]
    lines += [f"{day} 放假" for day in own.days_off] + [f"{day} 上班" for day in own.working_days]
    return "\n".join(lines)


# Looking ahead.


class Moved(Struct, frozen=True):
    """A day that would be otherwise."""

    day: date
    works: bool


class Preview(Struct, frozen=True):
    """What a calendar would change: days, the years that it settles, and the open cases that are counted anew, of which
    so many have another limit then. `edition` is the one it was compared with."""

    edition: int
    days: list[Moved]
    years: list[int]
    cases: int
    moved: int

    @property
    def at_least(self) -> bool:
        """Whether there were too many cases to look at each."""
        return self.cases > _MOST_CASES


async def preview(reader: Reader, own: CalendarFile, rules: Settings) -> Preview:
    now = workdays.calendar(reader)
    wanted = own
    if own == CalendarFile():
        wanted = await asyncio.to_thread(workdays.read_file, rules.clocks.calendar_file)
    then = Calendar(wanted, rules.clocks.working_hours, now.edition + 1)
    cases, moved = await _counted(reader, then)
    return Preview(now.edition, list(_differing(now, then, _years(reader, own))), wanted.years, cases, moved)


def _years(reader: Reader, own: CalendarFile) -> range:
    """Those that either of the two says something of."""
    edition = workdays.in_force(reader)
    known = [*edition.days_off, *edition.working_days] if edition else []
    days = [*own.days_off, *own.working_days, *map(date.fromisoformat, known), today(reader.now)]
    return range(min(days).year, max(days).year + 1)


def _differing(now: Calendar, then: Calendar, years: range) -> Iterator[Moved]:
    day, end = date(years[0], 1, 1), date(years[-1], 12, 31)
    while day <= end:
        if now.works(day) != then.works(day):
            yield Moved(day, then.works(day))
        day += _DAY


async def _counted(reader: Reader, then: Calendar) -> tuple[int, int]:
    where = {"clock_edition": {"$lt": then.edition}}
    total, moved, looked = await reader.count(CASES, where), 0, 0
    async for case in reader.each(CASES, where):
        moved += _moves(case, then, reader)
        looked += 1
        if looked >= _MOST_CASES:
            break
        if not looked % 100:
            await asyncio.sleep(0)
    return total, moved


def _moves(case: Case, then: Calendar, reader: Reader) -> bool:
    running = [one for one in case.clocks.values() if one.state == "running" and one.due_at is not None]
    return any(budgets.moment_of(one, then, one.total, reader.now) != one.due_at for one in running)


async def put_in_force(tx: Tx, own: CalendarFile, seen: int, actor: Actor, rules: Settings) -> Edition:
    """What was previewed against the edition `seen`. Raises CalendarMoved, DayOffAndWorked."""
    known = await tx.get(workdays.CALENDARS, "current")
    if (known.number if known else 0) != seen:
        raise CalendarMoved
    audit.note(tx, actor, "console", "workdays.load", *map(str, own.years))
    return await clocks.load_calendar(tx, own, rules)


# A year to look at.


class DayCell(Struct, frozen=True):
    """`kind`: off (a weekend), holiday, extra (a weekend that is worked), or empty for an ordinary day."""

    day: date
    kind: str
    word: str


class Month(Struct, frozen=True):
    """Weeks from Monday; nothing where the month has no day."""

    number: int
    weeks: list[list[DayCell | None]]


class Year(Struct, frozen=True):
    """`provisional`: its holidays are not published yet, so it has its weekends only."""

    number: int
    provisional: bool
    months: list[Month]


def year_of(calendar: Calendar, number: int) -> Year:
    months = [Month(month, _weeks(calendar, number, month)) for month in range(1, 13)]
    return Year(number, calendar.provisional(date(number, 7, 1)), months)


def _weeks(calendar: Calendar, year: int, month: int) -> list[list[DayCell | None]]:
    day, cells = date(year, month, 1), list[DayCell | None]()
    cells += [None] * day.weekday()
    while day.month == month:
        cells.append(_cell(calendar, day))
        day += _DAY
    cells += [None] * (-len(cells) % 7)
    return [cells[start : start + 7] for start in range(0, len(cells), 7)]


def _cell(calendar: Calendar, day: date) -> DayCell:
    weekend = day.weekday() >= _WEEKEND
    if calendar.works(day):
        return DayCell(day, "extra" if weekend else "", "班" if weekend else "")
    if calendar.holiday(day):
        return DayCell(day, "holiday", _name(day) or "假")
    return DayCell(day, "off", "")


def _name(day: date) -> str:
    """Of a holiday by decree; a day off of the street has none."""
    try:
        _, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return ""
    return chinese_calendar.Holiday(name).chinese if name else ""
