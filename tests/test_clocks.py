"""A case's clocks: what they have used and when they are due, worked out by hand; reminders, once each; the API.

The tables were made with a wall calendar. What it shows of 2026 (days off in brackets):

    January    1–3 off, Sunday 4 worked
    February   … 12 四 13 五 14 六(worked) [15–23 Spring Festival] 24 二 25 26 27 五 28 六(worked)
    April      [4–6]     May [1–5], Saturday 9 worked     June [19–21]
    September  18 五 [19] 20 日(worked) 21 22 23 24 四 [25–27] 28 一 29 30 三
    October    [1–7 National Day] 8 四 9 五 10 六(worked) [11] 12 一
    November   2 一 … 23 一 24 25 26 27 五 [28 29] 30 一     December 1 二 2 3 4 五 [5 6] 7 一 … 31 四

The offices are open from 8:30 to 17:30: nine hours a day.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from schemas.staff import Grant
from server import clocks, workdays
from server.budgets import Budget, CaseClock, Extension, Pause, Unit, moment_of, read
from server.cases import CASES, Case
from server.kit.clock import SHANGHAI
from server.kit.db import Tx
from server.kit.events import EVENTS
from server.kit.sweeps import SWEEPS
from server.sessions import SYSTEM
from server.workdays import BadCalendar, Calendar, CalendarFile
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.houses import next_door
from tests.world import Person, World

PHOTO = "等您补照片"


def local(text: str) -> datetime:
    """`11-23 10:00` of 2026, or with another year before it."""
    full = text if text.count("-") == 2 else f"2026-{text}"
    return datetime.fromisoformat(full).replace(tzinfo=SHANGHAI)


class Sum(Struct, frozen=True):
    """One line of a table. `due` without a time is at the closing of that day."""

    what: str
    budget: int
    start: str
    now: str
    used: float
    due: str
    pauses: tuple[str, ...] = ()
    lost: float = 0
    more: tuple[int, ...] = ()
    off: tuple[str, ...] = ()
    worked: tuple[str, ...] = ()
    years: tuple[int, ...] = ()
    provisional: bool = False
    overdue: bool = False
    hours: tuple[str, ...] = ("08:30-17:30",)

    def clock(self, unit: Unit) -> CaseClock:
        pauses = []
        for one in self.pauses:
            at, _, until = one.partition(" → ")
            pauses.append(
                Pause(
                    at=local(at),
                    until=local(until) if until else None,
                    owner="resident",
                    reason=PHOTO,
                    by="staff:a",
                )
            )
        at = local(self.start)
        more = [Extension(at=at, amount=one, approver="staff:b", reason="要上门看") for one in self.more]
        return CaseClock(unit=unit, amount=self.budget, started_at=at, pauses=pauses, extensions=more)

    def calendar(self) -> Calendar:
        own = CalendarFile(
            list(self.years),
            [date.fromisoformat(one) for one in self.off],
            [date.fromisoformat(one) for one in self.worked],
        )
        return Calendar(own, self.hours)


ORDINARY = [
    Sum("the day it starts is not counted", 5, "11-23 10:00", "11-26 12:00", 2, "11-30"),
    Sum("a day is used up when the offices close", 5, "11-23 10:00", "11-26 17:30", 3, "11-30"),
    Sum("not a minute before", 5, "11-23 10:00", "11-26 17:29", 2, "11-30"),
    Sum("started late at night", 5, "11-23 23:50", "11-24 17:29", 0, "11-30"),
    Sum("started after midnight, that day is not counted", 5, "11-24 00:10", "11-25 18:00", 1, "12-01"),
    Sum("started on a Saturday", 1, "11-28 10:00", "11-30 09:00", 0, "11-30"),
    Sum("over its time", 2, "11-23 10:00", "11-27 18:00", 4, "11-25", overdue=True),
    Sum("at its last moment", 2, "11-23 10:00", "11-25 17:30", 2, "11-25", overdue=True),
]
HOLIDAYS = [
    Sum("Spring Festival, by way of the Saturday 14", 5, "02-12 09:00", "02-20 12:00", 2, "02-26"),
    Sum("due on the make-up Saturday before it", 1, "02-13 16:00", "02-14 18:00", 1, "02-14", overdue=True),
    Sum("started on the make-up Saturday", 1, "02-14 10:00", "02-23 20:00", 0, "02-24"),
    Sum("started on New Year's Day of the moon", 5, "02-17 08:00", "02-28 12:00", 4, "02-28"),
    Sum("the make-up Saturday after it", 2, "02-27 10:00", "03-01 12:00", 1, "03-02"),
    Sum("twenty days around it", 20, "02-09 10:00", "02-24 18:00", 6, "03-13"),
    Sum("National Day, due on Saturday 10", 3, "09-30 10:00", "10-07 12:00", 0, "10-10"),
    Sum("the make-up Sunday before it", 2, "09-18 10:00", "09-20 17:30", 1, "09-21"),
    Sum("Mid-Autumn", 1, "09-24 10:00", "09-27 18:00", 0, "09-28"),
    Sum("Mid-Autumn and National Day", 10, "09-21 10:00", "10-10 18:00", 9, "10-12"),
    Sum("New Year, its make-up Sunday", 2, "2025-12-31 10:00", "01-04 18:00", 1, "01-05"),
    Sum("Qingming", 2, "04-02 10:00", "04-06 12:00", 1, "04-07"),
    Sum("Labour Day, due on Saturday 9", 4, "04-30 10:00", "05-09 12:00", 3, "05-09"),
    Sum("Dragon Boat", 1, "06-18 10:00", "06-21 12:00", 0, "06-22"),
]
PAUSES = [
    Sum(
        "two closings",
        5,
        "11-23 10:00",
        "11-27 18:00",
        2,
        "12-02",
        pauses=("11-25 10:00 → 11-27 10:00",),
        lost=2,
    ),
    Sum(
        "within a day nothing is lost",
        5,
        "11-23 10:00",
        "11-25 18:00",
        2,
        "11-30",
        pauses=("11-25 10:00 → 11-25 15:00",),
    ),
    Sum(
        "over a weekend only Friday",
        5,
        "11-23 10:00",
        "11-30 18:00",
        4,
        "12-01",
        pauses=("11-27 10:00 → 11-30 10:00",),
        lost=1,
    ),
    Sum(
        "on a weekend nothing",
        5,
        "11-23 10:00",
        "11-30 12:00",
        4,
        "11-30",
        pauses=("11-28 09:00 → 11-29 20:00",),
    ),
    Sum(
        "from Friday night to Monday early",
        5,
        "11-23 10:00",
        "11-30 12:00",
        4,
        "11-30",
        pauses=("11-27 18:00 → 11-30 08:00",),
    ),
    Sum(
        "from night to night one day",
        5,
        "11-23 10:00",
        "11-27 09:00",
        2,
        "12-01",
        pauses=("11-25 22:00 → 11-26 22:00",),
        lost=1,
    ),
    Sum(
        "between midnight and morning nothing",
        5,
        "11-23 10:00",
        "11-26 18:00",
        3,
        "11-30",
        pauses=("11-26 02:00 → 11-26 07:00",),
    ),
    Sum(
        "over Spring Festival, 14 and 24",
        5,
        "02-12 09:00",
        "02-25 18:00",
        2,
        "02-28",
        pauses=("02-14 10:00 → 02-25 10:00",),
        lost=2,
    ),
    Sum(
        "over National Day, only September 30",
        3,
        "09-28 10:00",
        "10-08 12:00",
        1,
        "10-09",
        pauses=("09-30 16:00 → 10-08 09:00",),
        lost=1,
    ),
    Sum(
        "twice",
        5,
        "11-23 10:00",
        "11-27 18:00",
        2,
        "12-02",
        pauses=("11-24 10:00 → 11-25 10:00", "11-26 10:00 → 11-27 10:00"),
        lost=2,
    ),
    Sum("still paused", 5, "11-23 10:00", "11-27 12:00", 1, "12-02", pauses=("11-25 10:00",), lost=2),
    Sum(
        "paused as soon as it started",
        5,
        "11-23 10:00",
        "11-25 18:00",
        0,
        "12-02",
        pauses=("11-23 11:00",),
        lost=2,
    ),
    Sum(
        "four weeks in a promise of five days",
        5,
        "11-02 10:00",
        "12-02 12:00",
        1,
        "12-07",
        pauses=("11-04 10:00 → 12-02 10:00",),
        lost=20,
    ),
]
EXTENSIONS = [
    Sum("three days more", 5, "11-23 10:00", "11-26 18:00", 3, "12-03", more=(3,)),
    Sum("twice, over Spring Festival", 5, "02-12 09:00", "02-27 12:00", 5, "03-02", more=(2, 1)),
    Sum(
        "with a pause",
        2,
        "11-23 10:00",
        "11-26 18:00",
        1,
        "11-30",
        pauses=("11-24 10:00 → 11-26 10:00",),
        lost=2,
        more=(1,),
    ),
    Sum("enough to be in time again", 2, "11-23 10:00", "11-27 18:00", 4, "12-01", more=(4,)),
]
CALENDARS = [
    Sum("a day off by the street's file", 5, "11-23 10:00", "11-27 09:00", 2, "12-01", off=("2026-11-26",)),
    Sum("a Saturday worked by it", 5, "11-23 10:00", "11-28 12:00", 4, "11-28", worked=("2026-11-28",)),
    Sum("a make-up Saturday taken back", 2, "02-12 09:00", "02-16 12:00", 1, "02-24", off=("2026-02-14",)),
    Sum(
        "a day of the holiday taken back", 2, "09-30 10:00", "10-07 12:00", 0, "10-08", worked=("2026-10-07",)
    ),
    Sum(
        "a year not published knows weekends only",
        3,
        "12-31 10:00",
        "2027-01-01 18:00",
        1,
        "2027-01-05",
        provisional=True,
    ),
    Sum("the last days of a published year", 3, "12-28 10:00", "12-30 12:00", 1, "12-31"),
    Sum(
        "a year that the file gives in full",
        3,
        "12-31 10:00",
        "2027-01-01 18:00",
        0,
        "2027-01-06",
        off=("2027-01-01",),
        years=(2027,),
    ),
    Sum(
        "a year corrected but not given in full",
        3,
        "12-31 10:00",
        "2027-01-01 18:00",
        0,
        "2027-01-06",
        off=("2027-01-01",),
        provisional=True,
    ),
]
LUNCH = ("08:30-12:00", "13:30-17:30")
WORKING_HOURS = [
    Sum("within a day", 4, "11-23 10:00", "11-23 12:00", 2, "11-23 14:00"),
    Sum("into the next morning", 4, "11-23 15:00", "11-23 20:00", 2.5, "11-24 10:00"),
    Sum("over a weekend", 4, "11-27 16:30", "11-29 12:00", 1, "11-30 11:30"),
    Sum("started at night", 2, "11-23 22:00", "11-24 09:00", 0.5, "11-24 10:30"),
    Sum("a whole day ends with it", 9, "11-23 08:30", "11-23 17:30", 9, "11-23 17:30", overdue=True),
    Sum("over National Day", 10, "09-30 14:00", "10-05 12:00", 3.5, "10-08 15:00"),
    Sum("on the make-up Saturday", 2, "10-09 17:00", "10-10 09:00", 1, "10-10 10:00"),
    Sum(
        "an hour's pause",
        4,
        "11-23 09:00",
        "11-23 12:00",
        2,
        "11-23 14:00",
        pauses=("11-23 10:00 → 11-23 11:00",),
        lost=1,
    ),
    Sum(
        "a pause overnight",
        4,
        "11-23 15:00",
        "11-24 11:00",
        2,
        "11-24 13:00",
        pauses=("11-23 16:00 → 11-24 10:00",),
        lost=3,
    ),
    Sum(
        "a pause over a weekend",
        4,
        "11-27 15:00",
        "11-30 09:30",
        2,
        "11-30 11:30",
        pauses=("11-27 16:00 → 11-30 08:00",),
        lost=1.5,
    ),
    Sum("around lunch", 3, "11-23 11:00", "11-23 13:00", 1, "11-23 15:30", hours=LUNCH),
    Sum("started at lunch", 1, "11-23 12:30", "11-23 13:00", 0, "11-23 14:30", hours=LUNCH),
    Sum("two hours more", 4, "11-23 09:00", "11-23 12:00", 3, "11-23 15:00", more=(2,)),
    Sum(
        "in a year not published",
        2,
        "2027-01-01 10:00",
        "2027-01-01 11:00",
        1,
        "2027-01-01 12:00",
        provisional=True,
    ),
]
HOURS = [
    Sum("over a weekend", 48, "11-27 15:00", "11-28 15:00", 24, "11-29 15:00"),
    Sum(
        "with a pause at night",
        24,
        "11-27 15:00",
        "11-28 15:00",
        12,
        "11-29 03:00",
        pauses=("11-27 20:00 → 11-28 08:00",),
        lost=12,
    ),
    Sum("twelve hours more", 24, "11-23 10:00", "11-24 10:00", 24, "11-24 22:00", more=(12,)),
    Sum("holidays do not matter", 24, "2027-03-01 10:00", "2027-03-01 11:30", 1.5, "2027-03-02 10:00"),
    Sum("still paused", 2, "11-23 10:00", "11-23 13:00", 1, "11-23 14:00", pauses=("11-23 11:00",), lost=2),
]
DAYS = [*ORDINARY, *HOLIDAYS, *PAUSES, *EXTENSIONS, *CALENDARS]
TABLE: list[tuple[Unit, Sum]] = [
    *(("working_days", one) for one in DAYS),
    *(("working_hours", one) for one in WORKING_HOURS),
    *(("hours", one) for one in HOURS),
]


@pytest.mark.parametrize(("unit", "line"), TABLE, ids=lambda one: one if isinstance(one, str) else one.what)
def test_a_clock_reads_as_worked_out_by_hand(unit: Unit, line: Sum) -> None:
    reading = read(line.clock(unit), line.calendar(), local(line.now))

    due = local(line.due if ":" in line.due else f"{line.due} 17:30")
    assert (reading.used, reading.paused_for) == (line.used, line.lost)
    assert reading.due_at == due
    assert (reading.provisional, reading.overdue) == (line.provisional, line.overdue)
    assert reading.total == line.budget + sum(line.more)
    assert reading.left == max(reading.total - line.used, 0)


SENTENCES: list[tuple[Unit, Sum, str, str]] = [
    (
        "working_days",
        Sum("", 20, "11-02 10:00", "11-16 18:00", 0, "", pauses=("11-04 10:00 → 11-09 10:00",)),
        "已用 7 天，共 20 个工作日；为等您补照片停了 3 天",
        "还有 13 天",
    ),
    (
        "working_days",
        Sum("", 5, "11-23 10:00", "11-27 12:00", 0, "", pauses=("11-25 10:00",)),
        "已用 1 天，共 5 个工作日；现在为等您补照片暂停，已停 2 天",
        "计时暂停",
    ),
    (
        "working_days",
        Sum("", 5, "11-23 10:00", "11-25 11:00", 0, "", pauses=("11-25 10:00",)),
        "已用 1 天，共 5 个工作日；现在为等您补照片暂停",
        "计时暂停",
    ),
    (
        "working_days",
        Sum("", 2, "11-23 10:00", "11-27 18:00", 0, ""),
        "已用 4 天，共 2 个工作日；超了 2 天",
        "已超过 2 天",
    ),
    ("working_days", Sum("", 2, "11-23 10:00", "11-25 20:00", 0, ""), "已用 2 天，共 2 个工作日", "已到期"),
    (
        "working_days",
        Sum("", 5, "11-23 10:00", "11-26 18:00", 0, "", more=(3,)),
        "已用 3 天，共 8 个工作日（延长了 3 天）",
        "还有 5 天",
    ),
    (
        "working_days",
        Sum("", 3, "12-31 10:00", "12-31 18:00", 0, ""),
        "已用 0 天，共 3 个工作日；放假安排公布后，期限可能会变",
        "还有 3 天",
    ),
    (
        "working_hours",
        Sum("", 4, "11-23 15:00", "11-23 20:00", 0, ""),
        "已用 2 小时 30 分，共 4 个工作小时",
        "还有 1 小时 30 分",
    ),
    ("hours", Sum("", 1, "11-23 15:00", "11-23 15:20", 0, ""), "已用 20 分钟，共 1 小时", "还有 40 分钟"),
]


@pytest.mark.parametrize(("unit", "line", "sentence", "text"), SENTENCES, ids=lambda one: str(one)[:20])
def test_a_clock_says_it_in_a_plain_sentence(unit: Unit, line: Sum, sentence: str, text: str) -> None:
    reading = read(line.clock(unit), line.calendar(), local(line.now))
    assert (reading.sentence, reading.text) == (sentence, text)


@pytest.mark.parametrize(
    ("days", "percent", "moment"),
    [
        (5, 50, "11-26 13:00"),  # two days and a half: the middle of the third day's nine hours
        (5, 80, "11-27 17:30"),
        (5, 100, "11-30 17:30"),
        (1, 50, "11-24 13:00"),
        (1, 80, "11-24 15:42"),  # 7 h 12 min after the opening
        (20, 50, "12-07 17:30"),
        (7, 80, "12-01 13:54"),  # 5.6 days: 5 h 24 min into the sixth
    ],
)
def test_a_share_of_the_days_falls_into_working_hours(days: int, percent: int, moment: str) -> None:
    clock = Sum("", days, "11-23 10:00", "", 0, "").clock("working_days")
    assert moment_of(clock, Calendar(), days * percent / 100, clock.started_at) == local(moment)


def test_a_stopped_clock_stands_still() -> None:
    line = Sum("", 5, "11-23 10:00", "12-31 10:00", 0, "")
    clock = line.clock("working_days")
    clock.stopped_at = local("11-26 18:00")
    reading = read(clock, line.calendar(), local(line.now))
    assert (reading.used, reading.overdue, reading.text) == (3, False, "用了 3 天")


# The calendar file.


def test_the_street_s_calendar_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "days.toml"
    file.write_text("years = [2027]\ndays_off = [2027-01-01]\nworking_days = [2027-01-03]\n")
    calendar = Calendar(workdays.read_file(str(file)))
    days = [date(2027, 1, one) for one in (1, 2, 3, 4)]
    assert [calendar.works(one) for one in days] == [False, False, True, True]
    assert (calendar.provisional(days[0]), calendar.provisional(date(2028, 1, 1))) == (False, True)
    assert calendar.add_working_days(date(2026, 12, 31), 2) == date(2027, 1, 4)


@pytest.mark.parametrize(
    "text",
    [
        "holidays = []",
        "days_off = 3",
        'days_off = ["soon"]',
        "days_off = [2027-01-01]\nworking_days = [2027-01-01]",
        "=",
    ],
)
def test_a_calendar_file_that_cannot_be_used_says_what_is_wrong(tmp_path: Path, text: str) -> None:
    file = tmp_path / "days.toml"
    file.write_text(text)
    with pytest.raises(BadCalendar, match=r"days\.toml"):
        workdays.read_file(str(file))


def test_a_calendar_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadCalendar, match=r"nowhere\.toml"):
        workdays.read_file(str(tmp_path / "nowhere.toml"))


@pytest.mark.parametrize("hours", [[], ["17:30-08:30"], ["08:30-12:00", "11:00-17:30"], ["08:30-08:30"]])
def test_working_hours_follow_each_other(hours: list[str]) -> None:
    with pytest.raises(BadCalendar):
        Calendar(hours=hours)


# In a case.


async def clocked(world: World, budget: Budget, owner: Person | None = None) -> str:
    """A case with a promise that has just begun to run; its number."""
    shop = await world.shop()
    case_no: str = (await shop.booked(owner or await world.resident()))["case_no"]

    async def start(tx: Tx, case: Case) -> None:
        await clocks.start(tx, case, "promised", budget, world.house.settings)

    await changed(world, case_no, start)
    return case_no


async def changed(world: World, case_no: str, how: clocks.Change) -> None:
    async def body(tx: Tx) -> None:
        case = await tx.get(CASES, case_no)
        assert case is not None
        await clocks.change(
            tx, case, how, action="changed", text="计时有变", reason="", by=SYSTEM, channel="system"
        )

    await world.house.db.atomically(body)


async def stored_clocks(world: World, case_no: str) -> list[CaseClock]:
    case = await world.house.db.reading(lambda reader: reader.get(CASES, case_no))
    assert case is not None
    return list(case.clocks.values())


async def reminders(world: World, case_no: str) -> list[tuple[int, str]]:
    """What has been told of the case's clock, in order."""
    where = {"subject": f"clock-{case_no}.promised"}
    found = await world.house.db.reading(lambda reader: reader.all(EVENTS, where, limit=50, sort="seq"))
    return [(one.data["level"], one.data["to"]) for one in found]


async def clerk(world: World) -> Person:
    return await world.staff(Grant(role="clerk", community_id=world.community))


async def visit(world: World, more: str = "", before: str | None = None, body: Any = None) -> Visit:
    owner = await world.resident()
    case_no = await clocked(world, Budget(48, "hours"), owner)
    staff = await clerk(world)
    elsewhere = await world.staff(Grant(role="clerk", community_id="elsewhere"))
    path = f"/v1/cases/{case_no}/clocks"
    if before is not None:
        paused = await staff.post(f"{path}/promised/{before}", {"reason": PHOTO, "owner": "resident"})
        assert paused.status == 200, paused.body
    who, stranger = (staff, elsewhere) if more else (owner, await world.resident())
    return Visit(path=path + more, who=who, stranger=stranger, body=body)


async def visit_pause(world: World) -> Visit:
    return await visit(world, "/promised/pause", body={"reason": PHOTO, "owner": "resident"})


async def visit_resume(world: World) -> Visit:
    return await visit(world, "/promised/resume", before="pause", body={})


HAPPY: Happy = {
    ("GET", "/v1/cases/{case_no}/clocks"): visit,
    ("POST", "/v1/cases/{case_no}/clocks/{name}/pause"): visit_pause,
    ("POST", "/v1/cases/{case_no}/clocks/{name}/resume"): visit_resume,
}


async def test_each_reminder_is_given_once_whoever_works(world: World) -> None:
    case_no = await clocked(world, Budget(10, "hours"))
    async with next_door(world) as other:
        told = []
        for hours in (4.9, 0.2, 2.8, 0.2, 1.8, 0.2, 24):
            world.clock.advance(timedelta(hours=hours))
            await asyncio.gather(world.work(), other.work(), world.work(), other.work())
            told.append(len(await reminders(world, case_no)))
    assert told == [0, 1, 1, 2, 2, 3, 3]
    assert await reminders(world, case_no) == [(50, "handler"), (80, "leader"), (100, "street")]


async def test_who_comes_late_gives_each_reminder_once(world: World) -> None:
    case_no = await clocked(world, Budget(10, "hours"))
    world.clock.advance(timedelta(days=3))
    await world.work()
    await world.work()
    assert await reminders(world, case_no) == [(50, "handler"), (80, "leader"), (100, "street")]


async def test_nobody_is_reminded_while_it_is_paused(world: World) -> None:
    case_no = await clocked(world, Budget(10, "hours"))
    staff = await clerk(world)
    path = f"/v1/cases/{case_no}/clocks/promised"
    world.clock.advance(timedelta(hours=4))
    assert (await staff.post(f"{path}/pause", {"reason": PHOTO, "owner": "resident"})).status == 200
    world.clock.advance(timedelta(hours=7))
    await world.work()
    assert await reminders(world, case_no) == []

    assert (await staff.post(f"{path}/resume")).status == 200
    world.clock.advance(timedelta(minutes=59))
    await world.work()
    assert await reminders(world, case_no) == []
    world.clock.advance(timedelta(minutes=2))
    await world.work()
    assert await reminders(world, case_no) == [(50, "handler")]


async def test_an_extension_puts_off_what_has_not_been_told(world: World) -> None:
    case_no = await clocked(world, Budget(10, "hours"))
    world.clock.advance(timedelta(hours=6))
    await world.work()
    boss = SYSTEM
    await changed(world, case_no, lambda tx, case: clocks.extend(tx, case, "promised", 10, boss, "要上门看"))
    world.clock.advance(timedelta(hours=9))
    await world.work()
    assert await reminders(world, case_no) == [(50, "handler")]
    world.clock.advance(timedelta(hours=2))
    await world.work()
    assert await reminders(world, case_no) == [(50, "handler"), (80, "leader")]


async def test_nobody_is_reminded_of_a_case_that_has_ended(world: World) -> None:
    owner = await world.resident()
    case_no = await clocked(world, Budget(10, "hours"), owner)
    assert (await owner.act(case_no, "cancel")).status == 200
    world.clock.advance(timedelta(days=3))
    await world.work()
    assert await reminders(world, case_no) == []
    [clock] = (await owner.get(f"/v1/cases/{case_no}/clocks")).json["items"]
    assert (clock["state"], clock["used"]) == ("stopped", 0)


async def test_the_case_shows_its_clock_to_the_resident_and_to_the_staff(world: World) -> None:
    owner = await world.resident()
    case_no = await clocked(world, Budget(10, "hours"), owner)
    staff = await clerk(world)
    world.clock.advance(timedelta(hours=3))
    await staff.post(f"/v1/cases/{case_no}/clocks/promised/pause", {"reason": PHOTO, "owner": "resident"})
    world.clock.advance(timedelta(hours=2))

    clock = (await owner.get(f"/v1/cases/{case_no}")).json["clock"]
    assert (clock["used"], clock["total"], clock["unit"]) == (3, 10, "hours")
    assert (clock["paused"], clock["paused_for"], clock["text"]) == (True, 2, "计时暂停")
    sentence = "已用 3 小时，共 10 小时；现在为等您补照片暂停，已停 2 小时"
    assert clock["sentence"] == sentence
    listed = (await staff.get("/v1/cases", box="team")).json["items"]
    assert [one["clock"]["sentence"] for one in listed] == [sentence]
    assert not (await staff.get("/v1/cases", box="overdue")).json["items"]


async def test_a_pause_is_in_the_history_with_its_reason(world: World) -> None:
    owner = await world.resident()
    case_no = await clocked(world, Budget(10, "hours"), owner)
    staff = await clerk(world)
    path = f"/v1/cases/{case_no}/clocks/promised"
    await staff.post(f"{path}/pause", {"reason": PHOTO, "owner": "resident"})
    await staff.post(f"{path}/resume")

    steps = (await owner.get(f"/v1/cases/{case_no}/history")).json["items"][-2:]
    assert [(one["text"], one["reason"], one["by"], one["role"]) for one in steps] == [
        ("承诺时限暂停", PHOTO, "王芳", "社区窗口"),
        ("承诺时限恢复", "", "王芳", "社区窗口"),
    ]
    [pause] = (await owner.get(f"/v1/cases/{case_no}/clocks")).json["items"][0]["pauses"]
    assert (pause["owner"], pause["owner_text"], pause["reason"]) == ("resident", "居民", PHOTO)


async def test_a_clock_is_paused_once_and_resumed_once(world: World) -> None:
    case_no = await clocked(world, Budget(10, "hours"))
    staff = await clerk(world)
    path, body = f"/v1/cases/{case_no}/clocks/promised", {"reason": PHOTO, "owner": "resident"}
    assert (await staff.post(f"{path}/resume")).code == "clock_runs"

    replies = await asyncio.gather(*(staff.post(f"{path}/pause", body) for _ in range(4)))
    assert sorted(one.status for one in replies) == [200, 409, 409, 409]
    assert {one.code for one in replies if one.status == 409} == {"clock_paused"}

    first = await staff.post(f"{path}/resume", key="resumed-once")
    again = await staff.post(f"{path}/resume", key="resumed-once")
    assert (first.body, again.headers["Idempotent-Replayed"]) == (again.body, "true")


async def test_what_cannot_be_paused_is_refused_by_name(world: World) -> None:
    owner = await world.resident()
    case_no = await clocked(world, Budget(10, "hours"), owner)
    staff = await clerk(world)
    path, body = f"/v1/cases/{case_no}/clocks", {"reason": PHOTO, "owner": "resident"}
    assert (await staff.post(f"{path}/legal/pause", body)).code == "clock_not_found"
    assert (await staff.post(f"{path}/promised/pause", {**body, "version": 1})).code == "version_conflict"
    assert (await staff.post(f"{path}/promised/pause", {"owner": "resident"})).status == 422
    assert (await owner.post(f"{path}/promised/pause", body)).status == 403
    await owner.act(case_no, "cancel")
    assert (await staff.post(f"{path}/promised/pause", body)).code == "clock_stopped"


async def test_a_part_in_the_case_is_not_enough_to_pause_it(world: World) -> None:
    """A clerk of another community who also manages the provider sees the case, and may not pause it."""
    case_no = await clocked(world, Budget(10, "hours"))
    case = await world.house.db.reading(lambda reader: reader.get(CASES, case_no))
    assert case is not None
    both = await world.staff(
        Grant(role="clerk", community_id="elsewhere"), Grant(role="provider", provider_id=case.provider_id)
    )
    body = {"reason": PHOTO, "owner": "resident"}
    reply = await both.post(f"/v1/cases/{case_no}/clocks/promised/pause", body)
    assert (reply.status, reply.code) == (403, "not_yours_to_pause")


async def test_a_move_of_the_case_keeps_its_clock(world: World) -> None:
    owner = await world.resident()
    shop = await world.shop()
    case_no = (await shop.booked(owner))["case_no"]
    await changed(
        world,
        case_no,
        lambda tx, case: clocks.start(tx, case, "promised", Budget(10, "hours"), world.house.settings),
    )
    due = (await owner.get(f"/v1/cases/{case_no}")).json["clock"]["due_at"]
    assert (await shop.manager.act(case_no, "confirm")).status == 200
    assert (await owner.get(f"/v1/cases/{case_no}")).json["clock"]["due_at"] == due


async def test_a_clock_starts_once(world: World) -> None:
    case_no = await clocked(world, Budget(10, "hours"))
    with pytest.raises(clocks.ClockStarted):
        await changed(
            world,
            case_no,
            lambda tx, case: clocks.start(tx, case, "promised", Budget(5), world.house.settings),
        )


# The calendar changes.


@asynccontextmanager
async def calendar_file(world: World, folder: Path) -> AsyncIterator[Path]:
    """The street keeps a calendar file, for a while."""
    file, usual = folder / "days.toml", world.house.settings
    rules = replace(usual.clocks, calendar_file=str(file))
    world.house.settings = replace(usual, clocks=rules)
    yield file
    world.house.settings = usual
    await put_in_force(world)


async def put_in_force(world: World) -> None:
    """What the sweep does, and its news everywhere."""
    await clocks.keep_to_calendar(world.house)
    stored = await world.house.db.reading(lambda reader: reader.get(workdays.CALENDARS, "current"))
    assert stored is not None

    async def known() -> bool:
        return workdays.calendar(world.house.db.reader()).edition == stored.number

    await world.until(known, "the calendar's edition")


def ten_days(world: World) -> list[date]:
    first = world.clock.now().astimezone(SHANGHAI).date()
    return [first + timedelta(days=one) for one in range(10)]


async def test_a_calendar_that_changes_moves_what_is_due_and_says_so(world: World, tmp_path: Path) -> None:
    days, owner = ten_days(world), await world.resident()
    async with calendar_file(world, tmp_path) as file:
        file.write_text(f"working_days = [{', '.join(map(str, days))}]\n")
        await put_in_force(world)
        case_no = await clocked(world, Budget(5), owner)
        assert (await due_day(owner, case_no)) == days[5]

        rest = [one for one in days if one != days[3]]
        file.write_text(f"days_off = [{days[3]}]\nworking_days = [{', '.join(map(str, rest))}]\n")
        await put_in_force(world)
        await clocks.keep_to_calendar(world.house)

        assert (await due_day(owner, case_no)) == days[6]
        steps = (await owner.get(f"/v1/cases/{case_no}/history")).json["items"]
        told = [one["reason"] for one in steps if one["text"] == "期限重新计算"]
        assert told == [f"放假安排有变，承诺时限从 {said(days[5])}改到 {said(days[6])}"]
        reminder = await world.house.db.reading(
            lambda reader: reader.get(clocks.REMINDERS, f"{case_no}.promised.street")
        )
        assert reminder is not None and reminder.due_at is not None
        assert reminder.due_at.astimezone(SHANGHAI).date() == days[6]


def said(day: date) -> str:
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


async def due_day(who: Person, case_no: str) -> date:
    due = (await who.get(f"/v1/cases/{case_no}")).json["clock"]["due_at"]
    return datetime.fromisoformat(due).astimezone(SHANGHAI).date()


async def test_a_calendar_that_changes_elsewhere_leaves_the_history_alone(
    world: World, tmp_path: Path
) -> None:
    owner = await world.resident()
    async with calendar_file(world, tmp_path) as file:
        file.write_text("days_off = [2031-01-01]\n")
        await put_in_force(world)
        case_no = await clocked(world, Budget(5), owner)
        before = (await owner.get(f"/v1/cases/{case_no}")).json["version"]
        file.write_text("days_off = [2031-01-02]\n")
        await put_in_force(world)
        assert (await owner.get(f"/v1/cases/{case_no}")).json["version"] == before
        case = await world.house.db.reading(lambda reader: reader.get(CASES, case_no))
        edition = workdays.calendar(world.house.db.reader()).edition
        assert case is not None and case.clock_edition == case.clocks["promised"].edition == edition


async def test_a_calendar_file_that_breaks_leaves_the_last_one_in_force(world: World, tmp_path: Path) -> None:
    async with calendar_file(world, tmp_path) as file:
        file.write_text("days_off = [2031-01-01]\n")
        await put_in_force(world)
        before = workdays.calendar(world.house.db.reader())
        file.write_text("days_off = tomorrow\n")
        await put_in_force(world)
        assert workdays.calendar(world.house.db.reader()) is before


async def test_the_sweep_is_made_by_the_worker(world: World, tmp_path: Path) -> None:
    async with calendar_file(world, tmp_path) as file:
        file.write_text("days_off = [2032-01-01]\n")
        before = await edition(world)
        await world.work()
        row = await world.house.db.reading(lambda reader: reader.get(SWEEPS, clocks.CALENDAR.name))
        assert row is not None and row.due_at is not None
        world.clock.set(row.due_at)
        await world.work()
        assert await edition(world) == before + 1


async def edition(world: World) -> int:
    stored = await world.house.db.reading(lambda reader: reader.get(workdays.CALENDARS, "current"))
    return stored.number if stored else 0


# What the resident hears, and the staff's page.


async def test_the_resident_is_told_why_it_waits_and_when_it_goes_on(world: World) -> None:
    owner = await world.resident()
    case_no = await clocked(world, Budget(10, "hours"), owner)
    staff = await clerk(world)
    wish = {"template_id": "tmpl-case-progress", "result": "accept"}
    await world.control("subscribe", openid=owner.openid, **wish)
    accepted = await owner.post("/v1/subscriptions", {"results": {wish["template_id"]: wish["result"]}})
    assert accepted.status == 200, accepted.body
    path = f"/v1/cases/{case_no}/clocks/promised"
    await staff.post(f"{path}/pause", {"reason": PHOTO, "owner": "resident"})
    await staff.post(f"{path}/resume")
    await world.work()

    inbox = (await owner.get("/v1/inbox")).json["items"]
    texts = {one["text"] for one in inbox if one["case_no"] == case_no}
    assert {
        "“日常保洁”的计时暂停了，原因是：等您补照片",
        "“日常保洁”继续办理，计时已经恢复",
    } <= texts
    sent = (await world.told("messages", openid=owner.openid))["items"]
    assert "tmpl-case-progress" in {one["template_id"] for one in sent}


async def test_the_page_shows_the_clock_and_pauses_it(world: World) -> None:
    case_no = await clocked(world, Budget(10, "hours"))
    browser = Browser(world, (await clerk(world)).token)
    world.clock.advance(timedelta(hours=3))
    page = await browser.get(f"/console/cases/{case_no}")
    assert "已用 3 小时，共 10 小时" in page.text
    form = page.form("/clocks/promised")

    refused = await browser.post(form.action, form.fields | {"reason": " ", "owner": "resident"})
    assert (refused.status, "请写明原因" in refused.text) == (422, True)
    form = refused.form("/clocks/promised")
    await browser.post(form.action, form.fields | {"reason": PHOTO, "owner": "resident"})
    page = await browser.get(f"/console/cases/{case_no}")
    assert "现在为等您补照片暂停" in page.text

    form = page.form("/clocks/promised")
    await browser.post(form.action, form.fields)
    page = await browser.get(f"/console/cases/{case_no}")
    assert ("现在为" in page.text, "承诺时限恢复" in page.text) == (False, True)


async def test_who_may_not_pause_sees_no_form(world: World) -> None:
    case_no = await clocked(world, Budget(10, "hours"))
    browser = Browser(world, (await world.staff(Grant(role="operator"))).token)
    page = await browser.get(f"/console/cases/{case_no}")
    assert ("承诺时限" in page.text, "暂停计时" in page.text) == (True, False)
    token = {"_xsrf": page.form("/cancel").fields["_xsrf"]}
    path = f"/console/cases/{case_no}/clocks/promised"
    refused = await browser.post(path, token | {"reason": PHOTO, "owner": "resident"})
    assert (refused.status, "只有负责这个办件的" in refused.text) == (403, True)
    [clock] = await stored_clocks(world, case_no)
    assert clock.state == "running"
