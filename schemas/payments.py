"""Paying a bill: with points, with WeChat Pay, or with both."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import Cursor, Limit, Request, View

PaymentState = Literal["unpaid", "confirming", "settled", "refunding", "failed", "expired"]
PaymentTone = Literal["wait", "active", "done", "late", ""]
Amount = Annotated[int, Meta(ge=0, le=10_000_000)]


class NewPayment(Request, frozen=True, kw_only=True):
    """So much by points; the rest of the bill is paid by WeChat."""

    points_fen: Amount = 0


class RefundedView(View, frozen=True, kw_only=True):
    """What comes back of a payment; `at` is since when it is in this state."""

    id: str
    state_text: str
    pay_fen: int
    points_fen: int
    at: datetime


class PaymentView(View, frozen=True, kw_only=True):
    """`title` says whose bill of when it pays, `text` with what, and why it failed; `by_text` who did it for whom where
    that are two people, or that it went by itself. `open`: it is not over, ask again, `next_text` says what comes next.
    `paid`: it has a receipt. `can_cancel`: it can be given up, so that points and bill are free. `client_params` are
    for wx.requestPayment while it is to be paid by WeChat, null otherwise."""

    id: str
    bill_id: str
    state: PaymentState
    state_text: str
    tone: PaymentTone
    open: bool
    paid: bool
    can_cancel: bool
    title: str
    by_text: str
    next_text: str
    text: str
    amount_fen: int
    points_fen: int
    pay_fen: int
    expires_at: datetime
    at: datetime
    settled_at: datetime | None
    client_params: dict[str, str] | None
    refunds: list[RefundedView]


class PaymentsView(View, frozen=True, kw_only=True):
    items: list[PaymentView]
    next: str | None = None


class FindPayments(Request, frozen=True, kw_only=True):
    cursor: Cursor | None = None
    limit: Limit = 20


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
