"""The Chinese calendar: statutory holidays and make-up working days 调休, as the State Council publishes them.

The published years come from chinese-calendar; a year not yet published knows weekends only.
"""

import datetime
import functools

import chinese_calendar


@functools.lru_cache(maxsize=4096)
def statutory_holiday(day: datetime.date) -> bool:
    """A day off by decree, weekends that belong to the holiday included."""
    try:
        off, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return False
    return bool(off and name)


@functools.lru_cache(maxsize=4096)
def workday(day: datetime.date) -> bool:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5
