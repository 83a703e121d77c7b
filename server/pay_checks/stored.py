"""What is stored of the daily comparison."""

from collections.abc import Mapping
from datetime import date, datetime

from msgspec import Struct

from schemas.pay_checks import CheckState, DifferenceAction, DifferenceKind, DifferenceState
from server.kit.db import Collection, Index, Stored
from server.kit.jobs import DUE, Leased

CHECK_STATES: Mapping[CheckState, str] = {"waiting": "等微信的账单", "compared": "已对账"}
KINDS: Mapping[DifferenceKind, str] = {
    "missing_there": "微信没有",
    "missing_here": "我们没有",
    "amount": "金额不同",
    "state": "状态不同",
    "doubled": "微信记了两次",
}
STATES: Mapping[DifferenceState, str] = {
    "open": "待查",
    "resolved": "待复核",
    "confirmed": "已核实",
    "gone": "再对时已一致",
}
UNSETTLED: tuple[DifferenceState, ...] = ("open", "resolved")


class Step(Struct, frozen=True):
    """The state in which it can be done; `other`: not by whoever gave the reason."""

    source: DifferenceState
    other: bool = False


FLOW: Mapping[DifferenceAction, Step] = {
    "resolve": Step("open"),
    "confirm": Step("resolved", other=True),
    "return": Step("resolved"),
}


class Sums(Struct, frozen=True, kw_only=True):
    payments: int = 0
    paid_fen: int = 0
    refunds: int = 0
    refunded_fen: int = 0


class PayCheck(Leased, kw_only=True):
    """`id` is the day, `at` its midnight in Shanghai."""

    day: date
    at: datetime
    state: CheckState = "waiting"
    ours: Sums = Sums()
    theirs: Sums = Sums()
    differences: int = 0
    runs: int = 0
    ran_at: datetime | None = None


class Facts(Struct, frozen=True, kw_only=True):
    """What two sides disagree in; of what one of them does not have, nothing."""

    payment_id: str
    ours_fen: int | None = None
    theirs_fen: int | None = None
    ours_state: str = ""
    theirs_state: str = ""


class PayDifference(Stored, kw_only=True):
    """`id` is made of day, kind and number: compared again it is the same. `returned` is why a colleague did not confirm
    it. One whose facts have changed is open again."""

    day: date
    kind: DifferenceKind
    refund: bool
    number: str
    facts: Facts
    state: DifferenceState = "open"
    reason: str = ""
    resolved_by: str = ""
    resolver: str = ""
    confirmed_by: str = ""
    confirmer: str = ""
    returned: str = ""
    run: int
    at: datetime


CHECKS: Collection[PayCheck] = Collection("pay_checks", PayCheck, Index(("-at", "-_id")), DUE)
DIFFERENCES: Collection[PayDifference] = Collection(
    "pay_differences",
    PayDifference,
    Index(("day", "-at", "-_id")),
    Index(("day", "state", "-at", "-_id")),
    Index(("state", "-at", "-_id")),
)
