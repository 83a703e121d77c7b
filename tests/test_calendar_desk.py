"""The street's calendar on a page: a year to look at, a file previewed and put in force, and the way back."""

from datetime import date, timedelta
from typing import Any

import pytest

from schemas.staff import Grant
from server import workday_desk, workdays
from server.budgets import Budget
from server.workday_desk import CalendarUnreadable, parse
from server.workdays import CalendarFile, DayOffAndWorked
from tests.browser import Browser, Seen
from tests.ticking import clocked, due_day, ten_days
from tests.world import World

PAGE = "/console/calendar"


async def admin_of(world: World) -> Browser:
    return Browser(world, (await world.staff(Grant(role="admin"))).token)


async def edition(world: World) -> int:
    known = await world.house.db.reading(lambda reader: reader.get(workdays.CALENDARS, "current"))
    return known.number if known else 0


async def put(admin: Browser, text: str) -> Seen:
    previewed = await admin.press(await admin.get(PAGE), "/calendar", text=text)
    assert previewed.status == 200, previewed.text
    done = await admin.press(previewed, "/load")
    assert done.status == 303, done.text
    return await admin.follow(done)


async def test_a_year_shows_its_holidays_its_make_up_days_and_what_is_not_known_yet(world: World) -> None:
    clerk = Browser(world, (await world.staff(Grant(role="clerk", community_id=world.community))).token)
    seen = await clerk.get(f"{PAGE}?year=2026")
    assert "2026 年" in seen.text and "1 国庆" in seen.text and "10 班" in seen.text
    assert "换放假安排" not in seen.text, "a clerk looks and does not change"
    later = await clerk.get(f"{PAGE}?year=2094")
    assert "暂定，只有周末" in later.text and "国庆" not in later.text
    assert (await clerk.get(f"{PAGE}?year=1900")).status == 200
    worker = await world.staff(Grant(role="worker", provider_id="p"))
    assert (await Browser(world, worker.token).get(PAGE)).status == 403


async def test_a_file_is_previewed_confirmed_once_and_taken_back(world: World) -> None:
    days, owner, admin = ten_days(world), await world.resident(), await admin_of(world)
    await put(admin, "\n".join(f"{day} 上班" for day in days))
    case_no = await clocked(world, Budget(5), owner)
    assert await due_day(owner, case_no) == days[5]
    before, new = await edition(world), [f"{day} 上班" for day in days if day != days[3]]

    page = await admin.get(PAGE)
    text = "\n".join([*new, f"{days[3]} 放假", "2094 年完整"])
    previewed = await admin.press(page, "/calendar", text=text)
    assert f"{days[3]} 周" in previewed.text and "改为放假" in previewed.text
    assert "1 天和现在不一样" in previewed.text and "确定下来的年份： 2094" in previewed.text
    counted = await world.house.db.reading(
        lambda reader: workday_desk.preview(reader, parse(text), world.house.settings)
    )
    assert f"{counted.cases} 件没办完的要重新算期限" in previewed.text and counted.moved >= 1
    assert await edition(world) == before, "looking changes nothing"
    assert await due_day(owner, case_no) == days[5]

    first = await admin.press(previewed, "/load")
    again = await admin.press(previewed, "/load")
    assert (first.status, again.status) == (303, 303)
    assert await edition(world) == before + 1, "sent twice it is done once"
    await world.work()
    assert await due_day(owner, case_no) == days[6]
    rows = (await (await world.staff(Grant(role="admin"))).get("/v1/audit", what="workdays.load")).json
    assert rows["items"][0]["actor_kind"] == "staff"

    back = await admin.press(await admin.get(PAGE), "/calendar", text="")
    assert "按国家公布的日历算" in back.text
    home = await admin.follow(await admin.press(back, "/load"))
    assert "新的日历已生效" in home.text
    assert await world.house.db.reading(workdays.loaded) is None


async def test_what_was_previewed_against_another_edition_is_previewed_again(world: World) -> None:
    admin, other = await admin_of(world), await admin_of(world)
    previewed = await admin.press(await admin.get(PAGE), "/calendar", text="2095-01-04 放假")
    await put(other, "2095-01-05 放假")
    late = await admin.press(previewed, "/load")
    assert late.status == 409 and "请重新预览" in late.text and "2095-01-04 放假" in late.text
    await put(admin, "")


async def test_only_an_administrator_changes_the_calendar(world: World) -> None:
    dispatcher = Browser(world, (await world.staff(Grant(role="dispatcher"))).token)
    token = (await dispatcher.get(PAGE)).forms[0].fields["_xsrf"]
    before = await edition(world)
    for path in (PAGE, f"{PAGE}/load"):
        given = {"_xsrf": token, "text": "2095-01-04 放假", "edition": str(before)}
        assert (await dispatcher.post(path, given)).status == 403
    assert await edition(world) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2027-01-01 也许放假", "第 1 行"),
        ("2027-01-01 放假\n2027-02-30 放假", "第 2 行"),
        ("days_off = [2027-01-01\n", "看不懂"),
        ("holidays = []", "holidays"),
        ('days_off = ["soon"]', "days_off"),
        ("1999-01-01 放假", "第 1 行"),
        ("2027-01-01 放假\n2027-01-01 上班", "不能既放假又上班"),
        ("x" * 20_001, "太大了"),
        ("\u4e00至" * 100, "第 1 行"),
    ],
    ids=lambda one: one[:20],
)
async def test_a_file_that_cannot_be_used_says_where(world: World, text: str, said: str) -> None:
    admin = await admin_of(world)
    before = await edition(world)
    wrong = await admin.press(await admin.get(PAGE), "/calendar", text=text)
    assert wrong.status == 422 and said in wrong.text
    token = wrong.forms[0].fields["_xsrf"]
    loaded = await admin.post(f"{PAGE}/load", {"_xsrf": token, "text": text, "edition": str(before)})
    assert loaded.status == 422 and await edition(world) == before


def year(number: int, *days: int) -> list[date]:
    return [date(number, 1, day) for day in days]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", CalendarFile()),
        ("2027-01-01 放假  # 元旦", CalendarFile([], year(2027, 1))),
        ("2027-01-01 至 2027-01-03 放假", CalendarFile([], year(2027, 1, 2, 3))),
        ("2027年1月1日至2027年1月2日 休息", CalendarFile([], year(2027, 1, 2))),
        ("2027/1/10 补班\n2027 全年", CalendarFile([2027], [], year(2027, 10))),
        (
            "years = [2027]\ndays_off = [2027-01-01]\nworking_days = [2027-01-10]",
            CalendarFile([2027], year(2027, 1), year(2027, 10)),
        ),
    ],
)
def test_a_file_is_read_in_both_ways(text: str, wanted: CalendarFile) -> None:
    assert parse(text) == wanted
    assert parse(workday_desk.written(wanted)) == wanted


@pytest.mark.parametrize("wrong", ["2027-01-03 至 2027-01-01 放假", "2027-01-01 至 2029-01-01 放假"])
def test_a_span_that_goes_backwards_or_on_for_years_is_refused(wrong: str) -> None:
    with pytest.raises((CalendarUnreadable, DayOffAndWorked)):
        parse(wrong)


def test_each_day_of_a_year_is_there_once() -> None:
    shown = workday_desk.year_of(workdays.Calendar(), 2028)
    cells: list[Any] = [one for month in shown.months for week in month.weeks for one in week if one]
    assert [one.day for one in cells] == [date(2028, 1, 1) + timedelta(days=one) for one in range(366)]
    assert all(len(week) == 7 for month in shown.months for week in month.weeks)
