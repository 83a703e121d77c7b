"""What can be booked, with whom, at what price, and when."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, field

from schemas.common import Cursor, Fen, FormField, Id, Limit, Request, View
from schemas.ratings import ScoreView

Proof = Literal["before", "after", "no_show"]
Mode = Literal["slot", "quote"]
DispatchMode = Literal["assign", "grab", "rotate"]
PriceListState = Literal["draft", "returned", "approved"]
PriceUnit = Literal["free", "visit", "hour", "trip", "month", "quote"]


class CategoryView(View, frozen=True, kw_only=True):
    id: str
    name: str
    icon: str


class PriceView(View, frozen=True, kw_only=True):
    """`amount_fen` per `unit`; `total_fen` for the usual duration; `text` as people say it."""

    unit: PriceUnit
    amount_fen: Fen
    total_fen: Fen
    text: str


class ComingPrice(View, frozen=True, kw_only=True):
    """What it will cost for whoever books from that day on; what is booked before keeps its price."""

    price: PriceView
    from_: date = field(name="from")
    text: str


class CancelFee(View, frozen=True, kw_only=True):
    """Cancelled less than `within_min` minutes before: so much of the price and so many fen, together."""

    within_min: Annotated[int, Meta(ge=1)]
    percent: Annotated[int, Meta(ge=0, le=100)] = 0
    fen: Fen = 0


class ProviderCard(View, frozen=True, kw_only=True):
    """`rating` is null while nobody has rated yet."""

    id: str
    name: str
    phone: str
    rating: ScoreView | None = None


class ServiceView(View, frozen=True, kw_only=True):
    """`cancel_fees` null: those of the place; `concession` says for whom it is cheaper; `visit_fee_fen` is due when
    somebody came for nothing because a new price was not accepted at the door."""

    id: str
    name: str
    category: str
    category_name: str
    summary: str
    mode: Mode
    provider: ProviderCard
    price: PriceView
    coming_price: ComingPrice | None
    duration_min: int
    lead_time_min: int
    horizon_days: int
    cancel_notice_min: int
    proof: list[Proof]
    reschedule_notice_min: int
    cancel_fees: list[CancelFee] | None
    visit_fee_fen: Fen
    concession: str
    fields: list[FormField]
    notes: str


class ServicesView(View, frozen=True, kw_only=True):
    """In the order of the catalogue; the services of a street usually fit on one page."""

    items: list[ServiceView]
    categories: list[CategoryView]
    next: str | None = None


class FindServices(Request, frozen=True, kw_only=True):
    category: Id | None = None
    cursor: Cursor | None = None
    limit: Limit = 100


class FindSlots(Request, frozen=True, kw_only=True):
    """`from` defaults to today in Shanghai."""

    from_: date | None = field(default=None, name="from")
    days: Annotated[int, Meta(ge=1, le=31)] = 14


class SlotView(View, frozen=True, kw_only=True):
    start: datetime
    end: datetime
    free: int


class DayView(View, frozen=True, kw_only=True):
    """`note` says why a day has no slots, where it has none."""

    date: date
    slots: list[SlotView]
    note: str = ""


class SlotsView(View, frozen=True, kw_only=True):
    service_id: str
    days: list[DayView]
