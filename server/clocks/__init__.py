"""A case's clocks: what was promised by the working day or the hour, and who is reminded of it."""

from server.clocks.acts import (
    REMINDERS,
    Change,
    ClockNotFound,
    ClockPaused,
    ClockRuns,
    ClockStarted,
    ClockStopped,
    change,
    extend,
    pause,
    resume,
    start,
    stop,
)
from server.clocks.calendar import CALENDAR, keep_to_calendar
from server.clocks.desk import OWNER_TEXTS, may_pause, pause_by_hand, resume_by_hand, views

__all__ = [
    "CALENDAR",
    "OWNER_TEXTS",
    "REMINDERS",
    "Change",
    "ClockNotFound",
    "ClockPaused",
    "ClockRuns",
    "ClockStarted",
    "ClockStopped",
    "change",
    "extend",
    "keep_to_calendar",
    "may_pause",
    "pause",
    "pause_by_hand",
    "resume",
    "resume_by_hand",
    "start",
    "stop",
    "views",
]
