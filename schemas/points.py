"""Points of the post-office card: what is there, how it came, what a purchase earns."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import END, ONE_LINE, Cursor, Fen, Id, Limit, Line, Month, Reason, Request, View
from schemas.point_cards import CardView

RateState = Literal["draft", "returned", "approved"]
Category = Annotated[
    str, Meta(min_length=1, max_length=30, pattern=r"^[a-z][a-z0-9_]*" + END, title="消费类别")
]
Permyriad = Annotated[int, Meta(ge=0, le=10_000, description="万分之几：50 是 0.5 %")]
Percent = Annotated[int, Meta(ge=0, le=1000)]


class Rate(Request, frozen=True, kw_only=True):
    """What one kind of purchase earns, in ten-thousandths of what was paid."""

    category: Category
    name: Line
    permyriad: Permyriad


class Campaign(Request, frozen=True, kw_only=True):
    """For some days the points of one category, or of all, are so many per cent of the usual."""

    name: Line
    category: Category | None = None
    first: date
    last: date
    percent: Percent

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.last < self.first:
            raise ValueError("Expected a day that is not before `first` in field `last`")


class NewRates(Request, frozen=True, kw_only=True):
    """A version of the rates: in force from the midnight that begins `valid_from`, when another person has approved it.

    Points are rounded down to the fen, or to the nearest with `half_up`; a purchase below `minimum_fen` earns none; in
    one day a resident earns `daily_cap_fen` points at most, any number if it is 0.
    """

    valid_from: date
    rates: Annotated[list[Rate], Meta(min_length=1, max_length=100)]
    rounding: Literal["down", "half_up"] = "down"
    minimum_fen: Fen = 0
    daily_cap_fen: Fen = 0
    campaigns: Annotated[list[Campaign], Meta(max_length=50)] = []
    note: Annotated[str, Meta(max_length=200, pattern=ONE_LINE)] = ""


class ReturnRates(Request, frozen=True, kw_only=True):
    reason: Reason


class RatesView(View, frozen=True, kw_only=True):
    number: int
    state: RateState
    state_text: str
    in_force: bool
    valid_from: date
    rates: list[Rate]
    rounding: Literal["down", "half_up"]
    minimum_fen: int
    daily_cap_fen: int
    campaigns: list[Campaign]
    note: str
    author: str
    approved_by: str
    reason: str


class RatesListView(View, frozen=True, kw_only=True):
    items: list[RatesView]
    next: str | None = None


class Preview(Request, frozen=True, kw_only=True):
    """A purchase that has not been made."""

    category: Category
    amount_fen: Annotated[int, Meta(ge=1, le=10_000_000)]


class PreviewView(View, frozen=True, kw_only=True):
    points_fen: int
    text: str


class FindPoints(Request, frozen=True, kw_only=True):
    """`resident_id`: of somebody who lets the caller look at their points; without it the caller's own."""

    resident_id: Id | None = None


class ExpiringView(View, frozen=True, kw_only=True):
    """What expires within so many days, if it is not used before; `first_on` is the day on which the first of it does."""

    days: int
    fen: int
    first_on: date
    text: str


class PointsView(View, frozen=True, kw_only=True):
    """In fen of points: 100 are a point, a point is a yuan. `owed_fen` is what reversed purchases had earned and was
    spent already; the next points go there first. `held_text` and `owed_text` explain the two where there is something.
    `expiring` has the settings' spans, the longest first, as far as something expires in them. `card` is shown to its
    holder only."""

    balance_fen: int
    held_fen: int
    owed_fen: int
    text: str
    held_text: str
    owed_text: str
    expiring: list[ExpiringView]
    card: CardView | None


class PointsEntryView(View, frozen=True, kw_only=True):
    """`amount_fen` is what the balance gained or lost; `text` explains it. `seq` counts the entries of the account and
    opens this one; `payment_id` is the payment that it belongs to, if any."""

    id: str
    seq: int
    at: datetime
    kind: str
    kind_text: str
    amount_fen: int
    balance_fen: int
    text: str
    payment_id: str | None


class PointsEntriesView(View, frozen=True, kw_only=True):
    items: list[PointsEntryView]
    next: str | None = None


class FindEntries(Request, frozen=True, kw_only=True):
    """`month`: those of one month only."""

    resident_id: Id | None = None
    month: Month | None = None
    cursor: Cursor | None = None
    limit: Limit = 20
