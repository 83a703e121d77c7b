"""Figures of a month: how much was asked for, how quickly and how well it was done."""

from datetime import datetime

from schemas.common import Month, Request, View


class FindStatistics(Request, frozen=True, kw_only=True):
    """A month by the local calendar; without one it is the present one."""

    month: Month | None = None


class ShareView(View, frozen=True, kw_only=True):
    """One of the parts that a whole falls into, in words."""

    name: str
    text: str
    count: int


class LimitView(View, frozen=True, kw_only=True):
    """A kind of deadline: `kept` of those that are `over` were kept; `hours` is how long they took on average."""

    name: str
    text: str
    over: int
    kept: int
    hours: float | None


class ReachView(View, frozen=True, kw_only=True):
    """Of the `count` messages about cases of a community, `sent` got to WeChat; all of them are in the inbox."""

    name: str
    text: str
    count: int
    sent: int


class AmountView(View, frozen=True, kw_only=True):
    """A part of a sum, in words."""

    name: str
    text: str
    fen: int


class MoneyView(View, frozen=True, kw_only=True):
    """What was paid on residents' behalf in the month: `paid_fen` for so many `bills`, with points and with WeChat Pay;
    `back_fen` of it has been given back since. `outstanding_fen` are the points that residents had at the end of the
    month, or have now, in fen of points: 100 are one, which is a yuan."""

    bills: int
    paid_fen: int
    points_fen: int
    pay_fen: int
    back_fen: int
    kinds: list[AmountView]
    outstanding_fen: int


class StatisticsView(View, frozen=True, kw_only=True):
    """Of the cases that were opened in the month and lie in the caller's scope.

    `hours` is how long it took on average from opening to the end, of those that have ended. `stars` is the average of
    `rated` ratings, of five. `messages` says what became of the messages to residents, and `reach` how many of them got
    to WeChat in each community, and `money` is what was paid for residents: all three for the whole street only.
    `counted_at`: figures are some minutes old.
    """

    month: str
    scope: str
    total: int
    ended: int
    hours: float | None
    rated: int
    stars: float | None
    days: list[ShareView]
    kinds: list[ShareView]
    states: list[ShareView]
    communities: list[ShareView]
    channels: list[ShareView]
    ratings: list[ShareView]
    limits: list[LimitView]
    messages: list[ShareView]
    reach: list[ReachView]
    money: MoneyView | None
    counted_at: datetime


class MonthView(View, frozen=True, kw_only=True):
    """A month in short. Of the deadlines that are `over`, `kept` were kept, which is `rate` per cent of them; `stars` is
    the average of `rated` ratings. Null where there is nothing to take a share or an average of, and what was paid for
    residents and the points they had where the caller does not answer for the whole street."""

    month: str
    total: int
    over: int
    kept: int
    rate: int | None
    rated: int
    stars: float | None
    paid_fen: int | None
    outstanding_fen: int | None


class YearView(View, frozen=True, kw_only=True):
    """The last twelve months, the present one last. `counted_at` is when the oldest of these figures was counted."""

    scope: str
    items: list[MonthView]
    next: str | None = None
    counted_at: datetime
