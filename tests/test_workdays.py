"""The Chinese calendar as published: holidays, the days that make up for them, and ordinary weeks.

2026 as the State Council gave it: National Day from 1 to 7 October, worked for on 20 September and 10 October.
"""

import asyncio
import os
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from schemas.staff import Grant
from server import clocks, workdays
from server.budgets import Budget
from server.cases import CASES
from server.kit.clock import SHANGHAI
from server.kit.sweeps import SWEEPS
from server.workdays import BadCalendar, Calendar, statutory_holiday, workday
from tests.doors import Happy, Visit
from tests.ticking import calendar_file, clock_of, clocked, due_day, put_in_force, said, ten_days
from tests.world import World

NATIONAL_DAY = [date(2026, 10, 1) + timedelta(days=one) for one in range(7)]


@pytest.mark.parametrize("day", NATIONAL_DAY)
def test_a_holiday_is_one_also_where_it_is_a_weekend(day: date) -> None:
    assert statutory_holiday(day)
    assert not workday(day)


@pytest.mark.parametrize("day", [date(2026, 9, 20), date(2026, 10, 10), date(2026, 2, 14), date(2026, 1, 4)])
def test_a_make_up_day_is_worked_though_it_is_a_weekend(day: date) -> None:
    assert day.weekday() >= 5
    assert workday(day)
    assert not statutory_holiday(day)


@pytest.mark.parametrize("day", [date(2026, 11, 28), date(2026, 11, 29)])
def test_an_ordinary_weekend_is_free_and_no_holiday(day: date) -> None:
    assert not workday(day)
    assert not statutory_holiday(day)


def test_ordinary_weekdays_are_worked() -> None:
    week = [date(2026, 11, 23) + timedelta(days=one) for one in range(5)]
    assert all(workday(day) and not statutory_holiday(day) for day in week)


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 1, 1),
        date(2026, 2, 17),
        date(2026, 4, 5),
        date(2026, 5, 1),
        date(2026, 6, 19),
        date(2026, 9, 25),
    ],
)
def test_the_other_holidays_of_the_year_are_known(day: date) -> None:
    assert statutory_holiday(day)


def test_a_year_not_yet_published_knows_its_weekends() -> None:
    saturday, monday = date(2094, 1, 2), date(2094, 1, 4)
    assert (workday(saturday), workday(monday)) == (False, True)
    assert not statutory_holiday(date(2094, 10, 1))


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


# The calendar changes.


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
        case = await world.house.db.reading(lambda reader: reader.get(CASES, case_no))
        assert case is not None and case.promised_at is not None and case.due_at is not None
        assert case.promised_at == case.turn
        assert (
            case.due_at.astimezone(SHANGHAI).date() == days[4]
        )  # half of five days: the third that is worked


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


# What an administrator loads.


async def visit_calendar(world: World) -> Visit:
    return Visit(path="/v1/workdays", who=await world.staff(Grant(role="worker", provider_id="p")))


async def visit_load(world: World) -> Visit:
    return Visit(path="/v1/workdays", who=await world.staff(Grant(role="admin")), body={}, shared=True)


HAPPY: Happy = {("GET", "/v1/workdays"): visit_calendar, ("POST", "/v1/workdays"): visit_load}


async def test_a_year_that_is_published_moves_open_clocks_and_says_so(world: World) -> None:
    """By the package 2027 is not known: weekends only, provisional, until an administrator loads it."""
    owner, admin = await world.resident(), await world.staff(Grant(role="admin"))
    case_no = await clocked(world, Budget(40), owner)
    before = await clock_of(owner, case_no)
    assert before["provisional"] is True
    await world.work()
    off = ["2027-01-01", "2027-01-04"]
    loaded = await admin.post("/v1/workdays", {"years": [2027], "days_off": off}, key="load-2027")
    assert loaded.status == 200, loaded.body
    again = await admin.post("/v1/workdays", {"years": [2027], "days_off": off}, key="load-2027")
    assert again.json["edition"] == loaded.json["edition"]
    await world.work()

    after = await clock_of(owner, case_no)
    moved = Calendar().add_working_days(datetime.fromisoformat(before["due_at"]).date(), 2)
    assert (after["provisional"], after["due_at"][:10]) == (False, moved.isoformat())
    [step] = [
        one
        for one in (await owner.get(f"/v1/cases/{case_no}/history")).json["items"]
        if one["text"] == "期限重新计算"
    ]
    assert step["reason"].startswith("放假安排有变，承诺时限从 2027 年 1 月")
    inbox = (await owner.get("/v1/inbox")).json["items"]
    assert [one for one in inbox if "期限有变" in one["text"] and one["case_no"] == case_no]
    await clocks.keep_to_calendar(world.house)
    assert (await admin.get("/v1/workdays")).json["days_off"] == off, "the sweep keeps what was loaded"
    rows = (await admin.get("/v1/audit", actor=admin.id)).json["items"]
    assert "workdays.post" in {one["what"] for one in rows}

    both = {"days_off": ["2027-01-01"], "working_days": ["2027-01-01"]}
    assert (await admin.post("/v1/workdays", both)).code == "day_off_and_worked"
    assert (await admin.post("/v1/workdays", {})).json["days_off"] == []
    await world.work()
    assert (await clock_of(owner, case_no))["due_at"] == before["due_at"]


async def test_a_file_is_loaded_from_the_command_line(world: World, tmp_path: Path) -> None:
    file = tmp_path / "days.toml"
    file.write_text("days_off = [2033-01-03]\n")
    settings = world.house.settings
    given = {"HOELUN_MONGO_URL": settings.mongo_url, "HOELUN_DATABASE": settings.database}
    command = [sys.executable, "-m", "server", "calendar", str(file)]
    ran = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **given, "HOELUN_ENVIRONMENT": "test"}, stdout=-1, stderr=-1
    )
    told, wrong = await ran.communicate()
    assert (ran.returncode, b"is in force" in told) == (0, True), wrong

    async def known() -> bool:
        return not workdays.calendar(world.house.db.reader()).works(date(2033, 1, 3))

    await world.until(known, "the calendar")
    admin = await world.staff(Grant(role="admin"))
    rows = (await admin.get("/v1/audit", limit=50)).json["items"]
    assert [one["actor_kind"] for one in rows if one["what"] == "workdays.load"] == ["system"]
    await admin.post("/v1/workdays", {})
    await put_in_force(world)
