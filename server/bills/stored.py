"""What is stored of payees and bills, and the words for it."""

from datetime import date, datetime
from typing import Literal

from schemas.bills import BillState, PayeeKind
from server.kit.db import TEXT, Collection, Index, Stored
from server.kit.errors import Conflict, Invalid, NotFound
from server.kit.jobs import DUE, Leased

KINDS: dict[PayeeKind, str] = {
    "property": "物业费",
    "pension": "养老保险",
    "medical": "医疗保险",
    "electricity": "电费",
    "telecom": "电话宽带费",
    "tv": "电视费",
    "insurance": "保险费",
    "ride": "打车费",
    "ticket": "车票机票",
}
OF_CASES: frozenset[PayeeKind] = frozenset({"ride", "ticket"})
"""What a case costs (server/charges.py): no window enters it and nobody looks it up."""
STATES: dict[BillState, str] = {"open": "待缴", "paying": "正在缴", "paid": "已缴", "void": "已作废"}
REMIND_DAYS = 3
Ended = Literal["", "paid", "expired", "withdrawn"]


class PayeeNotFound(NotFound):
    """没有这家收费单位"""


class PayeeNotOnline(Conflict):
    """这家收费单位不能网上查账单，请到社区窗口办理"""


class BillNotFound(NotFound):
    """没有这张账单"""


class BillNotOpen(Conflict):
    """这张账单已经缴过或正在缴"""


class BillKnown(Conflict):
    """这个账期的账单已经录入过了"""


class NotTheirBill(Invalid):
    """只能办自己的账单；替家人缴费，要请家人先把缴费的代办权交给您"""


class Payee(Stored, kw_only=True):
    """`online`: the collecting agency knows its bills."""

    name: str
    kind: PayeeKind
    phone: str = ""
    online: bool = True
    active: bool = True


class Bill(Leased, kw_only=True):
    """`payee_no` is the payee's own number of it; with the payee it is there once. `payment_id` is the one payment that
    is under way, or that has paid it. `auto_at` is when it will be paid from points by itself, where that was agreed to
    (server/auto_pay).

    It is due when its resident is reminded next, `remind_days` before the last day and on that day; `reminded` says of
    what they were. `told` counts its events. `void_reason` is why the window has taken it out.

    `case_no` is what it is for, where it is no payee's but the price of a case: `label` is what it is called then. With
    `pay_by` it is void when that has come and nobody has begun to pay it. `withdrawn`: it is not wanted any more, so what
    is paid just now goes back. Of `cash_fen`, taken at the window or by the driver `cash_by`, `cash_back_fen` are to be
    given back there. `ended` is how it ended, once that was told.
    """

    payee_id: str
    payee_no: str
    account_no: str
    holder: str = ""
    label: str = ""
    resident_id: str
    period: str
    amount_fen: int
    due: date
    state: BillState = "open"
    payment_id: str | None = None
    void_reason: str = ""
    source: str
    at: datetime
    auto_at: datetime | None = None
    remind_days: int = REMIND_DAYS
    reminded: list[str] = []
    told: int = 0
    case_no: str | None = None
    pay_by: datetime | None = None
    withdrawn: bool = False
    cash_fen: int = 0
    cash_by: str = ""
    cash_back_fen: int = 0
    ended: Ended = ""


PAYEES: Collection[Payee] = Collection("payees", Payee, whole=True)
BILLS: Collection[Bill] = Collection(
    "bills",
    Bill,
    Index(("payee_id", "payee_no"), unique=True),
    Index(("payee_id", "account_no")),
    Index(("resident_id", "-at", "-_id")),
    Index(("case_no",), only={"case_no": TEXT}),
    DUE,
)
