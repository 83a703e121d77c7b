"""A clock's budget: what it has used and when it is due, worked out by hand.

The tables were made with a wall calendar. What it shows of 2026 (days off in brackets):

    January    1–3 off, Sunday 4 worked
    February   … 12 四 13 五 14 六(worked) [15–23 Spring Festival] 24 二 25 26 27 五 28 六(worked)
    April      [4–6]     May [1–5], Saturday 9 worked     June [19–21]
    September  18 五 [19] 20 日(worked) 21 22 23 24 四 [25–27] 28 一 29 30 三
    October    [1–7 National Day] 8 四 9 五 10 六(worked) [11] 12 一
    November   2 一 … 23 一 24 25 26 27 五 [28 29] 30 一     December 1 二 2 3 4 五 [5 6] 7 一 … 31 四

The offices are open from 8:30 to 17:30: nine hours a day.
"""

from datetime import date, datetime

import pytest
from msgspec import Struct

from server.budgets import CaseClock, Extension, Pause, Unit, moment_of, read
from server.kit.clock import SHANGHAI
from server.workdays import Calendar, CalendarFile

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
        began = local(self.start)
        more = [Extension(at=began, amount=one, approver="staff:b", reason="要上门看") for one in self.more]
        return CaseClock(unit=unit, amount=self.budget, started_at=began, pauses=pauses, extensions=more)

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
MINUTES = [
    Sum("half an hour over midnight", 30, "11-27 23:50", "11-28 00:05", 15, "11-28 00:20"),
    Sum(
        "ten minutes' pause",
        30,
        "11-23 10:00",
        "11-23 10:30",
        20,
        "11-23 10:40",
        pauses=("11-23 10:10 → 11-23 10:20",),
        lost=10,
    ),
]
DAYS = [*ORDINARY, *HOLIDAYS, *PAUSES, *EXTENSIONS, *CALENDARS]
TABLE: list[tuple[Unit, Sum]] = [
    *(("working_days", one) for one in DAYS),
    *(("working_hours", one) for one in WORKING_HOURS),
    *(("hours", one) for one in HOURS),
    *(("minutes", one) for one in MINUTES),
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
    (
        "minutes",
        Sum("", 30, "11-23 15:00", "11-23 15:40", 0, "", pauses=("11-23 15:05 → 11-23 15:08",)),
        "已用 37 分钟，共 30 分钟；为等您补照片停了 3 分钟；超了 7 分钟",
        "已超过 7 分钟",
    ),
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
