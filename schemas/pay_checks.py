"""The bill of a day as WeChat Pay has it, compared with ours, and what became of each difference."""

from datetime import date, datetime
from typing import Literal

from schemas.common import Cursor, Limit, Reason, Request, View

CheckState = Literal["waiting", "compared"]
DifferenceKind = Literal["missing_there", "missing_here", "amount", "state", "doubled"]
DifferenceState = Literal["open", "resolved", "confirmed", "gone"]
DifferenceAction = Literal["resolve", "confirm", "return"]


class FindChecks(Request, frozen=True, kw_only=True):
    cursor: Cursor | None = None
    limit: Limit = 20


class FindDifferences(Request, frozen=True, kw_only=True):
    state: DifferenceState | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class AnswerDifference(Request, frozen=True, kw_only=True):
    """Why it is so and what was done; or why that is not enough."""

    reason: Reason


class SumsView(View, frozen=True, kw_only=True):
    payments: int
    paid_fen: int
    refunds: int
    refunded_fen: int


class PayCheckView(View, frozen=True, kw_only=True):
    """`unsettled` are the differences that nobody has answered for, or no second person yet."""

    day: date
    state: CheckState
    state_text: str
    ours: SumsView
    theirs: SumsView
    differences: int
    unsettled: int
    runs: int
    ran_at: datetime | None


class PayChecksView(View, frozen=True, kw_only=True):
    items: list[PayCheckView]
    next: str | None = None


class PayDifferenceView(View, frozen=True, kw_only=True):
    """`number` is the order's, or of a refund the refund's; what one side does not have is null there. `payment_id` is
    ours, empty where we have none."""

    id: str
    day: date
    kind: DifferenceKind
    kind_text: str
    refund: bool
    number: str
    payment_id: str
    ours_fen: int | None
    theirs_fen: int | None
    ours_state: str
    theirs_state: str
    state: DifferenceState
    state_text: str
    reason: str
    resolved_by: str
    confirmed_by: str
    returned: str
    at: datetime
    actions: list[DifferenceAction]


class PayDifferencesView(View, frozen=True, kw_only=True):
    items: list[PayDifferenceView]
    next: str | None = None
