"""A service of the catalogue, version by version: what is proposed, what it changes, what became of it."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.catalogue import DispatchMode, Mode, PriceUnit, Proof
from schemas.common import END, ONE_LINE, Cursor, Fen, Id, Limit, Line, Reason, Request, Text, Version, View

VersionKind = Literal["create", "change", "retire"]
VersionState = Literal["draft", "scheduled", "published", "returned", "withdrawn"]
VersionAct = Literal["publish", "return", "withdraw"]
FieldType = Literal["text", "number", "choice", "yes_no"]

Minute = Annotated[int, Meta(ge=0, le=1440)]
Span = tuple[Minute, Minute]
Spans = Annotated[list[Span], Meta(max_length=8)]
DayKey = Annotated[str, Meta(pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}" + END)]
FieldName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,30}" + END)]
Label = Annotated[str, Meta(min_length=1, max_length=40, pattern=ONE_LINE)]
Hint = Annotated[str, Meta(max_length=60, pattern=ONE_LINE)]
Bound = Annotated[float, Meta(ge=-1_000_000_000, le=1_000_000_000)]
Notice = Annotated[int, Meta(ge=0, le=30 * 1440)]
Buffer = Annotated[int, Meta(ge=0, le=480)]


class OptionForm(Request, frozen=True, kw_only=True):
    value: Label
    text: Label


class FieldForm(Request, frozen=True, kw_only=True):
    """One question that whoever books has to answer; `options` are for a `choice`."""

    name: FieldName
    label: Label
    type: FieldType
    required: bool = False
    options: Annotated[list[OptionForm], Meta(max_length=20)] = []
    min: Bound | None = None
    max: Bound | None = None
    hint: Hint = ""


class FeeForm(Request, frozen=True, kw_only=True):
    """Cancelled less than `within_min` minutes before: so much of the price and so many fen, together."""

    within_min: Annotated[int, Meta(ge=1, le=30 * 1440)]
    percent: Annotated[int, Meta(ge=0, le=100)] = 0
    fen: Fen = 0


class ConcessionForm(Request, frozen=True, kw_only=True):
    """For residents of `min_age`, 0 for all, and with `disabled` for holders of a disability certificate."""

    min_age: Annotated[int, Meta(ge=0, le=120)] = 60
    disabled: bool = False
    percent_off: Annotated[int, Meta(ge=0, le=100)] = 0
    free_per_month: Annotated[int, Meta(ge=0, le=31)] = 0


class PoolForm(Request, frozen=True, kw_only=True):
    """People who serve at the same time: so many visits can be under way at once."""

    name: Label
    capacity: Annotated[int, Meta(ge=1, le=1000)]


class PriceForm(Request, frozen=True, kw_only=True):
    unit: PriceUnit
    amount_fen: Fen


class ServiceForm(Request, frozen=True, kw_only=True):
    """All of a service but its price, which later price lists say. Times are in minutes; `weekly` has seven days,
    Monday first, each a list of from and to; `overrides` replace those of a date, an empty list closes it. One of
    `pool_id` and `new_pool` says who serves. What is null holds as for the place, or as for cancelling."""

    name: Annotated[str, Meta(min_length=2, max_length=40, pattern=ONE_LINE)]
    category: Id
    summary: Annotated[str, Meta(min_length=2, max_length=100, pattern=ONE_LINE)]
    mode: Mode
    dispatch: DispatchMode = "assign"
    pool_id: Id | None = None
    new_pool: PoolForm | None = None
    duration_min: Annotated[int, Meta(ge=15, le=1440)]
    step_min: Annotated[int, Meta(ge=15, le=1440)] = 60
    buffer_before_min: Buffer = 0
    buffer_after_min: Buffer = 0
    lead_time_min: Notice = 120
    horizon_days: Annotated[int, Meta(ge=1, le=90)] = 14
    cancel_notice_min: Notice = 120
    proof: Annotated[list[Proof], Meta(max_length=3)] = []
    reschedule_notice_min: Notice | None = None
    cancel_fees: Annotated[list[FeeForm], Meta(max_length=6)] | None = None
    visit_fee_fen: Fen = 0
    seat_for_quote: bool = False
    max_open: Annotated[int, Meta(ge=0, le=100)] = 0
    concession: ConcessionForm | None = None
    weekly: Annotated[list[Spans], Meta(min_length=7, max_length=7)]
    overrides: Annotated[dict[DayKey, Spans], Meta(max_length=100)] = {}
    open_on_holidays: bool = False
    fields: Annotated[list[FieldForm], Meta(max_length=20)] = []
    notes: Text = ""
    rank: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class NewService(Request, frozen=True, kw_only=True):
    """`price` is what it costs until a price list says otherwise. `valid_from` is tomorrow or later; without it the
    service is there as soon as somebody else has published it."""

    service: ServiceForm
    price: PriceForm
    valid_from: date | None = None
    note: Text = ""


class ChangeService(Request, frozen=True, kw_only=True):
    """`since` is the version that was seen; a service that was retired is offered again with it."""

    since: Version
    service: ServiceForm
    valid_from: date | None = None
    note: Text = ""


class RetireService(Request, frozen=True, kw_only=True):
    """Nothing new is booked from then on; what is booked goes on."""

    since: Version
    reason: Reason
    valid_from: date | None = None


class ReturnServiceVersion(Request, frozen=True, kw_only=True):
    reason: Reason


class FindServiceVersions(Request, frozen=True, kw_only=True):
    """Newest first; `open` leaves those that wait for somebody, or for their day."""

    provider_id: Id | None = None
    open: bool = False
    cursor: Cursor | None = None
    limit: Limit = 50


class FindVersionsOfService(Request, frozen=True, kw_only=True):
    cursor: Cursor | None = None
    limit: Limit = 20


class ServiceVersionView(View, frozen=True, kw_only=True):
    """`number` 1 is what was there before the first change. `state` in a word is `state_text`; `in_force`: residents
    read it now. `actions` are what the caller may do with it."""

    service_id: str
    number: int
    name: str
    provider_id: str
    provider: str
    kind: VersionKind
    kind_text: str
    state: VersionState
    state_text: str
    tone: str
    in_force: bool
    since: int
    valid_from: date | None
    note: str
    author: str
    created_at: datetime
    decided_by: str
    decided_at: datetime | None
    reason: str
    actions: list[VersionAct]


class ServiceVersionsView(View, frozen=True, kw_only=True):
    items: list[ServiceVersionView]
    next: str | None = None


class FieldChange(View, frozen=True, kw_only=True):
    """One field as people say it, before and after; empty where there was nothing."""

    field: Line
    label: str
    before: str
    after: str


class TouchedView(View, frozen=True, kw_only=True):
    """Who has something of this service: bookings that are open keep all that was agreed; plans and people in line
    are asked again when their next day opens."""

    bookings: int
    plans: int
    waiting: int


class OneServiceVersionView(View, frozen=True, kw_only=True):
    """`changes` are against what is in force, or, once it has been published, against the version before it."""

    version: ServiceVersionView
    changes: list[FieldChange]
    service: ServiceForm
    price_text: str
    touched: TouchedView
