"""A case's clocks: what was promised by the working day or the hour, and who is reminded of it."""

from server.budgets import UNITS
from server.clocks.acts import (
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
from server.clocks.calendar import CALENDAR, keep_to_calendar, load_calendar
from server.clocks.desk import OWNER_TEXTS, may_pause, pause_by_hand, resume_by_hand, views
from server.clocks.extensions import allow_extension, ask_extension, may_allow, refuse_extension
from server.clocks.reminders import remind

__all__ = [
    "CALENDAR",
    "OWNER_TEXTS",
    "UNITS",
    "Change",
    "ClockNotFound",
    "ClockPaused",
    "ClockRuns",
    "ClockStarted",
    "ClockStopped",
    "allow_extension",
    "ask_extension",
    "change",
    "extend",
    "keep_to_calendar",
    "load_calendar",
    "may_allow",
    "may_pause",
    "pause",
    "pause_by_hand",
    "refuse_extension",
    "remind",
    "resume",
    "resume_by_hand",
    "start",
    "stop",
    "views",
]
