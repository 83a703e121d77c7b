"""Bills that residents pay: looked up at the payee by account, or entered at the window."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import END, ONE_LINE, Cursor, Id, Limit, Request, View

PayeeKind = Literal["property", "pension", "medical", "electricity", "telecom", "tv", "insurance"]
BillState = Literal["open", "paying", "paid", "void"]
AccountNo = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z-]+" + END, title="户号")]
Period = Annotated[
    str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])" + END, title="账期", examples=["2026-11"])
]


class PayeeView(View, frozen=True, kw_only=True):
    """`online`: bills are looked up by account; otherwise the window enters them."""

    id: str
    name: str
    kind: PayeeKind
    kind_text: str
    phone: str
    online: bool


class PayeesView(View, frozen=True, kw_only=True):
    items: list[PayeeView]
    next: str | None = None


class LookUp(Request, frozen=True, kw_only=True):
    """All that is open on this account becomes the caller's to pay; `label` is what they call it, such as 妈妈家."""

    payee_id: Id
    account_no: AccountNo
    label: Annotated[str, Meta(max_length=20, pattern=ONE_LINE)] = ""


class NewBill(Request, frozen=True, kw_only=True):
    """Entered at the window, for a payee that cannot be asked."""

    resident_id: Id
    payee_id: Id
    account_no: AccountNo
    period: Period
    amount_fen: Annotated[int, Meta(ge=1, le=10_000_000)]
    due: date


class FindBills(Request, frozen=True, kw_only=True):
    state: BillState | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class BillView(View, frozen=True, kw_only=True):
    id: str
    payee: PayeeView
    account_no: str
    holder: str
    label: str
    period: str
    amount_fen: int
    amount_text: str
    due: date
    state: BillState
    state_text: str
    overdue: bool
    payment_id: str | None


class BillsView(View, frozen=True, kw_only=True):
    items: list[BillView]
    next: str | None = None
