"""Statements 对账单: what came to a resident's points in a month and what they went for; and one entry, opened."""

from datetime import date, datetime

from schemas.common import Cursor, Id, Limit, Request, View
from schemas.points import PointsEntryView


class FindMonths(Request, frozen=True, kw_only=True):
    """`resident_id`: of somebody who lets the caller look at their points."""

    resident_id: Id | None = None
    cursor: Cursor | None = None
    limit: Limit = 12


class PointsMonthView(View, frozen=True, kw_only=True):
    """A month's points in fen: `earned_fen` by purchases, less what was taken back for returned ones; `used_fen` for
    bills, less what came back; `expired_fen`; `closing_fen` at its end. `running`: it is not over yet."""

    month: str
    text: str
    running: bool
    earned_fen: int
    used_fen: int
    expired_fen: int
    closing_fen: int


class PointsMonthsView(View, frozen=True, kw_only=True):
    """From this month back to the first with points."""

    items: list[PointsMonthView]
    next: str | None = None


class FindStatement(Request, frozen=True, kw_only=True):
    resident_id: Id | None = None


class AskStatement(Request, frozen=True, kw_only=True):
    """Have the statement drawn as PDF."""

    resident_id: Id | None = None


class StatementLine(View, frozen=True, kw_only=True):
    """What one kind of entries made of the balance; `count` is how many they were."""

    kind: str
    text: str
    count: int
    fen: int


class StatementSwipes(View, frozen=True, kw_only=True):
    """The purchases that points came from, less what was returned."""

    count: int
    amount_fen: int
    points_fen: int
    text: str


class StatementBill(View, frozen=True, kw_only=True):
    """A bill that was paid in this month."""

    payment_id: str
    text: str
    at: datetime
    amount_fen: int
    points_fen: int
    pay_fen: int


class StatementView(View, frozen=True, kw_only=True):
    """In fen of points. `opening_fen` and all `lines` together are `closing_fen`. `held_fen` is set aside for payments
    under way at the end, `owed_fen` what was owed then. `until` is the end of the month, or now while it is `running`."""

    month: str
    title: str
    running: bool
    until: datetime
    holder: str
    opening_fen: int
    lines: list[StatementLine]
    closing_fen: int
    held_fen: int
    owed_fen: int
    swipes: StatementSwipes
    bills: list[StatementBill]
    text: str


class SwipeFacts(View, frozen=True, kw_only=True):
    """A purchase with the card. `place` is the terminal's; `returned_fen` of its amount and `taken_back_fen` of its
    points went back."""

    key: str
    at: datetime
    place: str
    category_text: str
    card: str
    amount_fen: int
    points_fen: int
    returned_fen: int
    taken_back_fen: int
    text: str


class LotFacts(View, frozen=True, kw_only=True):
    """What is left of the points that a purchase brought, and until when they can be used."""

    left_fen: int
    expires_on: date
    text: str


class OpenedEntryView(View, frozen=True, kw_only=True):
    """An entry with the purchase that it is about, if it is about one."""

    entry: PointsEntryView
    swipe: SwipeFacts | None
    lot: LotFacts | None
