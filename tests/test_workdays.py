"""The Chinese calendar as published: holidays, the days that make up for them, and ordinary weeks.

2026 as the State Council gave it: National Day from 1 to 7 October, worked for on 20 September and 10 October.
"""

from datetime import date, timedelta

import pytest

from server.workdays import statutory_holiday, workday

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
