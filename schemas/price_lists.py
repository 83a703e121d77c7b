"""A provider's prices, version by version."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.catalogue import PriceListState, PriceUnit, PriceView
from schemas.common import Fen, Id, Reason, Request, Text, View

Change = Literal["same", "dearer", "cheaper", "new", "gone", "otherwise"]


class NewLine(Request, frozen=True, kw_only=True):
    service_id: Id
    unit: PriceUnit
    amount_fen: Fen


class NewPriceList(Request, frozen=True, kw_only=True):
    """`valid_from` is tomorrow or later; a service that is left out keeps the price it has."""

    valid_from: date
    prices: Annotated[list[NewLine], Meta(min_length=1, max_length=200)]
    note: Text = ""


class ReturnPriceList(Request, frozen=True, kw_only=True):
    reason: Reason


class FindChanges(Request, frozen=True, kw_only=True):
    """`since`: the version to compare with; the approved one before it if left out."""

    since: Annotated[int, Meta(ge=1)] | None = None


class PriceLineView(View, frozen=True, kw_only=True):
    service_id: str
    service: str
    price: PriceView


class PriceListView(View, frozen=True, kw_only=True):
    """`in_force`: it says today what at least one service costs. `number` 1 is what was there before all lists."""

    provider_id: str
    number: int
    state: PriceListState
    state_text: str
    in_force: bool
    valid_from: date | None
    lines: list[PriceLineView]
    note: str
    author: str
    created_at: datetime | None
    approved_by: str
    approved_at: datetime | None
    reason: str


class PriceListsView(View, frozen=True, kw_only=True):
    items: list[PriceListView]
    next: str | None = None


class PriceChange(View, frozen=True, kw_only=True):
    """`before` or `after` is null where a version says nothing of the service; `change` in a word."""

    service_id: str
    service: str
    before: PriceView | None
    after: PriceView | None
    difference_fen: int | None
    change: Change


class PriceChangesView(View, frozen=True, kw_only=True):
    provider_id: str
    since: int
    number: int
    changes: list[PriceChange]
