"""Auto-pay: what somebody agrees to, up to how much, and what became of it with each bill."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import Id, Request, View
from schemas.payments import PaymentTone

AutoPayState = Literal["on", "paused", "stopped"]
RunState = Literal["waiting", "told", "lacking", "skipped", "paying", "paid", "failed", "over"]
Lack = Literal["", "points", "over_bill", "over_month", "card"]
ConsentTo = Literal["agree", "pause", "resume", "stop"]
Limit = Annotated[int, Meta(ge=100, le=10_000_000)]


class NewAutoPay(Request, frozen=True, kw_only=True):
    """`version` is that of the text that was shown and agreed to; a bill of more than `most_bill_fen`, or one with which
    the month's come to more than `most_month_fen`, is not paid."""

    account_id: Id
    version: Annotated[str, Meta(min_length=1, max_length=20)]
    agreed: Annotated[bool, Meta(title="我已看过并同意")]
    most_bill_fen: Limit
    most_month_fen: Limit


class LimitView(View, frozen=True, kw_only=True):
    fen: int
    text: str


class AgreementView(View, frozen=True, kw_only=True):
    """What one agrees to, point by point, and the limits that one may choose from."""

    version: str
    title: str
    points: list[str]
    bill_limits: list[LimitView]
    month_limits: list[LimitView]


class RunView(View, frozen=True, kw_only=True):
    """What becomes of one bill. `text` says what happens when, or what is lacking; `pays_at` while it will be paid by
    itself; `can_skip`: that can still be stopped. `payment_id`: it was paid by that one."""

    bill_id: str
    title: str
    amount_fen: int
    amount_text: str
    state: RunState
    state_text: str
    tone: PaymentTone
    text: str
    pays_at: datetime | None
    payment_id: str | None
    can_skip: bool


class ConsentView(View, frozen=True, kw_only=True):
    """What was agreed to or taken back, when and by whom."""

    at: datetime
    text: str


class AutoPayActionView(View, frozen=True, kw_only=True):
    name: Literal["pause", "resume", "stop"]
    text: str
    danger: bool


class AutoPayView(View, frozen=True, kw_only=True):
    """`id` is the saved account's. `runs` are its bills, the newest first, `consents` what was agreed to, the newest
    first; `agreed`: that still holds, also while it is paused; `actions` what the caller may do now. `of_text` as of a
    bill."""

    id: str
    title: str
    payee: str
    account_no: str
    of_text: str
    agreed: bool
    state: AutoPayState
    state_text: str
    tone: PaymentTone
    most_bill_fen: int
    most_month_fen: int
    limits_text: str
    month_text: str
    version: str
    consented_at: datetime
    actions: list[AutoPayActionView]
    runs: list[RunView]
    consents: list[ConsentView]


class AutoPaysView(View, frozen=True, kw_only=True):
    items: list[AutoPayView]
    next: str | None = None
