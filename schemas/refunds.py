"""Paying back a payment, wholly or in part: proposed by one, approved by another, carried out by itself."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import Cursor, Id, Limit, Reason, Request, View

RefundState = Literal["proposed", "declined", "carrying", "abnormal", "handed", "done", "closed"]
RefundAction = Literal["approve", "decline", "retry", "hand", "confirm"]
Part = Annotated[int, Meta(ge=0, le=10_000_000)]


class NewRefund(Request, frozen=True, kw_only=True):
    """So much of the points and so much of what WeChat Pay has taken; the resident reads the reason."""

    payment_id: Id
    points_fen: Part = 0
    pay_fen: Part = 0
    reason: Reason

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.points_fen and not self.pay_fen:
            raise ValueError("Expected an amount in field `points_fen` or `pay_fen`")


class AnswerRefund(Request, frozen=True, kw_only=True):
    """Why it is not to be, or how the money has come back otherwise."""

    reason: Reason


class FindRefunds(Request, frozen=True, kw_only=True):
    """`open`: what somebody has to look at."""

    state: RefundState | Literal["open"] | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class RefundView(View, frozen=True, kw_only=True):
    """`why` is what WeChat Pay said where it did not pay back; `actions` are what the caller may do now. Nobody has
    proposed a refund of a payment that came to nothing: `proposed_by` is empty."""

    id: str
    payment_id: str
    title: str
    state: RefundState
    state_text: str
    points_fen: int
    pay_fen: int
    text: str
    reason: str
    why: str
    proposed_by: str
    decided_by: str
    decided_at: datetime | None
    answer: str
    handed_by: str
    handed_note: str
    done_at: datetime | None
    at: datetime
    actions: list[RefundAction]


class RefundsView(View, frozen=True, kw_only=True):
    items: list[RefundView]
    next: str | None = None
