"""What is stored of payments and of what WeChat Pay has told us wrongly."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from schemas.payments import PaymentState, PaymentTone
from server.kit.db import MOMENT, TEXT, Collection, Index, Stored
from server.kit.jobs import DUE, Leased

STATES: dict[PaymentState, str] = {
    "unpaid": "等您付款",
    "confirming": "正在缴费",
    "settled": "已缴清",
    "refunding": "正在退款",
    "failed": "没有缴成，已退回",
    "expired": "超时未付，已取消",
}
TONES: dict[PaymentState, PaymentTone] = {
    "unpaid": "wait",
    "confirming": "active",
    "settled": "done",
    "refunding": "wait",
    "failed": "late",
    "expired": "",
}
OVER: frozenset[PaymentState] = frozenset({"settled", "failed", "expired"})
BackState = Literal["carrying", "abnormal", "done", "closed"]
BACK_STATES: dict[BackState, str] = {
    "carrying": "正在退",
    "abnormal": "正在处理",
    "done": "已退",
    "closed": "微信没有退成",
}


class Back(Struct, frozen=True, kw_only=True):
    """A refund of a payment, once it was decided; `id` is the refund's, `at` when it came into its state."""

    id: str
    state: BackState
    points_fen: int
    pay_fen: int
    at: datetime


class Payment(Leased, kw_only=True):
    """`id` is the order's number at WeChat Pay and the payment's at the payee, so whatever is asked twice is done once.
    Of the bill `points_fen` are reserved in the ledger and `pay_fen` are paid by WeChat. `alive` is the bill's id while
    the payment is not over: a bill has one such payment. `why` says why it failed, to the resident.
    `cancelled_at` is when they gave it up themselves. `payer_id` is who pays by WeChat and has done it all, which is
    another than `resident_id`, whose bill and points they are, where it was done by the proxy `proxy_id`. `auto`: nobody
    did it just then, it was agreed to before (server/auto_pay).

    `paid_at` is when WeChat Pay took `paid_fen`. `back_points_fen` and `back_pay_fen` are what refunds take of it, also
    those that nobody has approved yet; `refunds` has those that were decided. `case_no` is the case that it pays for.

    A worker carries it on whenever it is due; each step can be done again.
    """

    bill_id: str
    alive: str | None
    resident_id: str
    payer_id: str = ""
    proxy_id: str | None = None
    auto: bool = False
    openid: str
    amount_fen: int
    points_fen: int
    pay_fen: int
    description: str
    payee_id: str
    payee_no: str
    case_no: str | None = None
    online: bool
    state: PaymentState
    prepay_id: str = ""
    transaction_id: str = ""
    paid_fen: int = 0
    paid_at: datetime | None = None
    back_points_fen: int = 0
    back_pay_fen: int = 0
    refunds: list[Back] = []
    looked: int = 0
    why: str = ""
    expires_at: datetime
    at: datetime
    settled_at: datetime | None = None
    cancelled_at: datetime | None = None

    @property
    def payer(self) -> str:
        return self.payer_id or self.resident_id


class PayRefusal(Stored, kw_only=True):
    """A notification that was not believed, and why; nothing of its content."""

    why: str
    about: str
    at: datetime


PAYMENTS: Collection[Payment] = Collection(
    "payments",
    Payment,
    Index(("alive",), unique=True, only={"alive": TEXT}),
    Index(("resident_id", "-at", "-_id")),
    Index(("payer_id", "-at", "-_id")),
    Index(("-at", "-_id")),
    Index(("state", "-at", "-_id")),
    Index(("payee_id", "-at", "-_id")),
    Index(("paid_at", "_id"), only={"paid_at": MOMENT}),
    Index(("settled_at", "_id"), only={"settled_at": MOMENT}),
    DUE,
)
REFUSALS: Collection[PayRefusal] = Collection("pay_refusals", PayRefusal, Index(("-at", "-_id")))
