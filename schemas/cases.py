"""A case as its people see it: where it stands, what can be done now, how it came to this."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from schemas.common import END, Cursor, FormField, Id, Limit, Request, Version, View
from schemas.ratings import ScoreView

Channel = Literal["mini_program", "phone", "window", "wecom", "console", "system"]
Box = Literal["mine", "team", "soon", "overdue", "unassigned"]


class ActionView(View, frozen=True, kw_only=True):
    """A button: POST the fields to `/v1/cases/{case_no}/{name}`. `main`: the one step that leads on, if there is one."""

    name: str
    text: str
    fields: list[FormField]
    danger: bool = False
    main: bool = False


class PersonView(View, frozen=True, kw_only=True):
    id: str
    name: str
    phone: str | None = None


class ClockView(View, frozen=True, kw_only=True):
    """What runs until `due_at`, in words. A promise by the working day or the hour also says how much of it is used,
    in `unit`, and `sentence` tells it whole; while it is `paused`, `due_at` is as if it ran again from now."""

    text: str
    due_at: datetime
    overdue: bool
    unit: Literal["working_days", "working_hours", "hours", "minutes"] | None = None
    used: float | None = None
    total: int | None = None
    paused: bool = False
    paused_for: float | None = None
    provisional: bool = False
    sentence: str = ""


class WhereView(View, frozen=True, kw_only=True):
    community_id: str | None
    community: str
    compound_id: str | None
    compound: str


class CaseView(View, frozen=True, kw_only=True):
    """`sentence` says where things stand; `details` is the kind's own view; `actions` are this caller's; `unread`
    counts the messages on it that this caller has not read, no further than 100. `part_of` is the number of the case of
    which this is a part, for those who may see that one. `behalf_text` says to this caller who does it for whom, and is
    empty where somebody does it for themselves."""

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
    behalf_text: str = ""
    provider: PersonView | None
    worker: PersonView | None
    part_of: str | None
    open: bool
    details: dict[str, Any]
    unread: int = 0


class Seen(Request, frozen=True, kw_only=True):
    """The version of the case that the caller has before their eyes; goes with the form of any move."""

    version: Version | None = None


class CasesView(View, frozen=True, kw_only=True):
    items: list[CaseView]
    next: str | None = None


class FindCases(Request, frozen=True, kw_only=True):
    """`box` is for staff: `overdue` is what was promised for a time that has passed, `soon` for one within the next ten
    minutes; `q` is a case number, a phone or its last four digits."""

    kind: Id | None = None
    state: Id | None = None
    community_id: Id | None = None
    open: bool | None = None
    box: Box | None = None
    q: Annotated[str, Meta(min_length=4, max_length=40, pattern=r"^[0-9A-Za-z-]+" + END)] | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class EventView(View, frozen=True, kw_only=True):
    """One step: who did what when, and what it changed; `facts` has more of it, such as `from` and `to`."""

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
    facts: dict[str, str] = {}


class HistoryView(View, frozen=True, kw_only=True):
    items: list[EventView]
    next: str | None = None


class CandidateView(View, frozen=True, kw_only=True):
    """Somebody of the provider who does such work; `rating` is null while nobody has rated yet. `reasons` say why the
    work cannot be given to them, `note` what speaks for them, `score` is out of 100 (server/dispatch/scoring.py)."""

    id: str
    name: str
    free: bool
    load: int
    rating: ScoreView | None = None
    score: float = 0
    reasons: list[str] = []
    note: str = ""


class CandidatesView(View, frozen=True, kw_only=True):
    items: list[CandidateView]
    next: str | None = None
