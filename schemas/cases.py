"""A case as its people see it: where it stands, what can be done now, how it came to this."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from schemas.common import END, Cursor, FormField, Id, Limit, Request, Version, View

Channel = Literal["mini_program", "phone", "window", "wecom", "console", "system"]
Box = Literal["mine", "team", "overdue", "unassigned"]


class ActionView(View, frozen=True, kw_only=True):
    """A button: POST the fields to `/v1/cases/{case_no}/{name}`."""

    name: str
    text: str
    fields: list[FormField]
    danger: bool = False


class PersonView(View, frozen=True, kw_only=True):
    id: str
    name: str
    phone: str | None = None


class ClockView(View, frozen=True, kw_only=True):
    """What runs until `due_at`, in words."""

    text: str
    due_at: datetime
    overdue: bool


class WhereView(View, frozen=True, kw_only=True):
    community_id: str | None
    community: str
    compound_id: str | None
    compound: str


class CaseView(View, frozen=True, kw_only=True):
    """`sentence` says where things stand; `details` is the kind's own view; `actions` are this caller's."""

    case_no: str
    kind: str
    kind_text: str
    title: str
    sentence: str
    state: str
    state_text: str
    tone: str
    actions: list[ActionView]
    version: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    clock: ClockView | None
    channel: Channel
    place: WhereView
    resident: PersonView | None
    on_behalf_of: PersonView | None
    provider: PersonView | None
    worker: PersonView | None
    open: bool
    details: dict[str, Any]


class Seen(Request, frozen=True, kw_only=True):
    """The version of the case that the caller has before their eyes; goes with the form of any move."""

    version: Version | None = None


class CasesView(View, frozen=True, kw_only=True):
    items: list[CaseView]
    next: str | None = None


class FindCases(Request, frozen=True, kw_only=True):
    """`box` is for staff; `q` is a case number, a phone or its last four digits."""

    kind: Id | None = None
    state: Id | None = None
    box: Box | None = None
    q: Annotated[str, Meta(min_length=4, max_length=40, pattern=r"^[0-9A-Za-z-]+" + END)] | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class EventView(View, frozen=True, kw_only=True):
    """One step: who did what when, and what it changed."""

    seq: int
    at: datetime
    action: str
    text: str
    source: str
    target: str
    target_text: str
    by: str
    role: str
    channel: Channel
    reason: str


class HistoryView(View, frozen=True, kw_only=True):
    items: list[EventView]
    next: str | None = None


class CandidateView(View, frozen=True, kw_only=True):
    """Somebody who could take the work at that time."""

    id: str
    name: str
    free: bool
    load: int


class CandidatesView(View, frozen=True, kw_only=True):
    items: list[CandidateView]
    next: str | None = None
