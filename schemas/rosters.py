"""Who works when: what a manager writes down of a worker's week, and what comes of it."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from schemas.common import ONE_LINE, Id, Request, View

MinuteOfDay = Annotated[int, Meta(ge=0, le=1440)]
Shift = Annotated[list[MinuteOfDay], Meta(min_length=2, max_length=2, description="从几分到几分")]
Shifts = Annotated[list[Shift], Meta(max_length=6)]


class RosterDay(Request, frozen=True, kw_only=True):
    """A date that is otherwise: no shifts for a day of leave, others for a swapped one."""

    date: date
    shifts: Shifts = []
    note: Annotated[str, Meta(max_length=60, pattern=ONE_LINE)] = ""


class NewRoster(Request, frozen=True, kw_only=True):
    """The whole roster. `weekly` has the shifts of seven days, Monday first, in minutes of the day; null: always on
    shift. `home_id` is the community or compound from which the worker sets out; `version` that of the roster as it
    was seen, 0 for one that is not there."""

    weekly: Annotated[list[Shifts], Meta(min_length=7, max_length=7)] | None = None
    days: Annotated[list[RosterDay], Meta(max_length=400)] = []
    home_id: Id | None = None
    version: Annotated[int, Meta(ge=0)]


class FindRosters(Request, frozen=True, kw_only=True):
    provider_id: Id | None = None


class OutsideView(View, frozen=True, kw_only=True):
    """A visit that was given to the worker and lies outside the roster as it is now."""

    case_no: str
    title: str
    when: str
    start: datetime


class RosterDayView(View, frozen=True, kw_only=True):
    date: date
    shifts: list[Shift]
    note: str
    text: str


class RosterView(View, frozen=True, kw_only=True):
    """`text` says the week in words; `outside` are visits of theirs that somebody has to look after."""

    worker_id: str
    worker: str
    providers: list[str]
    weekly: list[list[Shift]] | None
    days: list[RosterDayView]
    home_id: str | None
    home: str
    version: int
    text: str
    changed_by: str
    changed_at: datetime | None
    outside: list[OutsideView]


class RostersView(View, frozen=True, kw_only=True):
    items: list[RosterView]
    next: str | None = None
