"""The working-day calendar: which days the street has off, or works although they are a weekend."""

from datetime import date
from typing import Annotated

from msgspec import Meta

from schemas.common import Request, View

Days = Annotated[list[date], Meta(max_length=400)]


class NewWorkdays(Request, frozen=True, kw_only=True):
    """Goes before what the State Council has published; `years` are those that it gives in full. Empty, it takes back
    what was loaded before."""

    years: Annotated[list[Annotated[int, Meta(ge=2020, le=2100)]], Meta(max_length=10)] = []
    days_off: Days = []
    working_days: Days = []


class WorkdaysView(View, frozen=True, kw_only=True):
    """The calendar in force: `edition` grows with every change; later than `published_until` it knows the weekends
    only, but for `years`. `hours` are the windows of a working day."""

    edition: int
    published_until: int
    years: list[int]
    days_off: list[date]
    working_days: list[date]
    hours: list[str]
