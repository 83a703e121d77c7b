"""Paying a bill: with points, with WeChat Pay, or with both."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import Cursor, Limit, Request, View

PaymentState = Literal["unpaid", "confirming", "settled", "refunding", "failed", "expired"]
Amount = Annotated[int, Meta(ge=0, le=10_000_000)]


class NewPayment(Request, frozen=True, kw_only=True):
    """So much by points; the rest of the bill is paid by WeChat."""

    points_fen: Amount = 0


class PaymentView(View, frozen=True, kw_only=True):
    """`client_params` are for wx.requestPayment while the payment is `unpaid`, null otherwise."""

    id: str
    bill_id: str
    state: PaymentState
    state_text: str
    text: str
    amount_fen: int
    points_fen: int
    pay_fen: int
    expires_at: datetime
    at: datetime
    client_params: dict[str, str] | None


class SourceView(View, frozen=True, kw_only=True):
    """A purchase whose points went into the payment; `key` is the swipe's."""

    key: str
    at: datetime
    text: str
    points_fen: int


class SourcesView(View, frozen=True, kw_only=True):
    items: list[SourceView]
    next: str | None = None


class FindSources(Request, frozen=True, kw_only=True):
    cursor: Cursor | None = None
    limit: Limit = 20
