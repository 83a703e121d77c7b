"""Bills that residents pay: looked up at the payee by account, or entered at the window."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import END, ONE_LINE, Cursor, Id, Limit, Request, View

PayeeKind = Literal[
    "property", "pension", "medical", "electricity", "telecom", "tv", "insurance", "ride", "ticket"
]
BillState = Literal["open", "paying", "paid", "void"]
AccountNo = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z-]+" + END, title="户号")]
Label = Annotated[str, Meta(max_length=20, pattern=ONE_LINE, title="叫什么", examples=["妈妈家的电费"])]
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
    """All that is open on this account becomes the caller's to pay, or that of the resident for whom they ask; `label` is
    what they call it, such as 妈妈家."""

    payee_id: Id
    account_no: AccountNo
    label: Label = ""
    resident_id: Id | None = None


class NewBill(Request, frozen=True, kw_only=True):
    """Entered at the window, for a payee that cannot be asked."""

    resident_id: Id
    payee_id: Id
    account_no: AccountNo
    period: Period
    amount_fen: Annotated[int, Meta(ge=1, le=10_000_000)]
    due: date


class FindBills(Request, frozen=True, kw_only=True):
    """`of`: of this resident only, oneself or somebody for whom one may pay."""

    state: BillState | None = None
    of: Id | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class BillView(View, frozen=True, kw_only=True):
    """`of_text` says for whom it is, `母亲 王桂英`, and is empty for one's own; `of` is that resident, or null.
    `due_text` says how long there is to pay it, `auto_text` when that happens by itself. `points_usable_fen`: how many
    points of whose bill it is could pay it now; null in lists. `case_no` is what it is for, a ride or a ticket order,
    where it is no bill of a payee: such a one is paid by WeChat alone, until `pay_by` where that is given."""

    id: str
    payee: PayeeView
    account_no: str
    holder: str
    label: str
    of: str | None
    of_text: str
    period: str
    amount_fen: int
    amount_text: str
    due: date
    due_text: str
    state: BillState
    state_text: str
    overdue: bool
    auto_text: str
    payment_id: str | None
    points_usable_fen: int | None
    case_no: str | None = None
    pay_by: datetime | None = None


class BillsView(View, frozen=True, kw_only=True):
    items: list[BillView]
    next: str | None = None
