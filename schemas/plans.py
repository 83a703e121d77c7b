"""Recurring plans: the same visit every week, booked ahead by itself."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from schemas.common import END, Address, Contact, Cursor, Day, Id, Limit, Request, Text, View

PlanState = Literal["active", "paused", "ended"]
VisitState = Literal["booked", "skipped", "paused", "conflict"]
Weekday = Annotated[int, Meta(ge=1, le=7, description="1 周一 … 7 周日")]
TimeOfDay = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]" + END, examples=["09:00"])]


class NewPlan(Request, frozen=True, kw_only=True):
    """Every week on these weekdays at this time, for `weeks` or `until` a date (one of the two).

    `address` and `contact` default to the resident's own. Staff name the resident they ask for.
    """

    service_id: Id
    weekdays: Annotated[list[Weekday], Meta(min_length=1, max_length=7)]
    time: TimeOfDay
    weeks: Annotated[int, Meta(ge=1, le=520)] | None = None
    until: Day | None = None
    address: Address | None = None
    contact: Contact | None = None
    form: dict[str, Any] = {}
    note: Text = ""
    resident_id: Id | None = None


class SkipVisit(Request, frozen=True, kw_only=True):
    date: Day


class StopVisits(Request, frozen=True, kw_only=True):
    """`cancel_booked`: what is booked already is cancelled, too, where it still can be."""

    cancel_booked: bool = False


class VisitView(View, frozen=True, kw_only=True):
    """One visit of a plan. A `conflict` could not be booked: `reason` says why, `alternatives` are free times near it.

    `substitute`: somebody else than the usual worker comes. `case_state` is that of the booking.
    """

    date: Day
    start: datetime
    when: str
    state: VisitState
    state_text: str
    case_no: str | None
    case_state: str | None
    case_state_text: str | None
    worker: str
    substitute: bool
    reason: str
    alternatives: list[datetime]


class PlanView(View, frozen=True, kw_only=True):
    """`text` is the rhythm as people say it; `visits` are those to come."""

    id: str
    service_id: str
    service: str
    weekdays: list[int]
    time: str
    until: Day
    text: str
    state: PlanState
    state_text: str
    worker: str
    resident_id: str
    resident_name: str
    created_at: datetime
    visits: list[VisitView]


class PlansView(View, frozen=True, kw_only=True):
    items: list[PlanView]
    next: str | None = None


class FindPlans(Request, frozen=True, kw_only=True):
    state: PlanState | None = None
    cursor: Cursor | None = None
    limit: Limit = 20
