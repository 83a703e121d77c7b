"""Giving work to workers: what is offered to one of them, how the choice was made, who was given how much."""

import datetime as dt
from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, field

from schemas.catalogue import DispatchMode
from schemas.common import Cursor, Fen, Id, Limit, Request, Text, View

OfferState = Literal["open", "taken", "declined", "expired", "withdrawn"]
DispatchState = Literal["due", "offering", "nobody", "by_hand", "given", "stopped"]
DeclineReason = Literal["busy", "far", "skill", "price", "unwell", "other"]


class FindOffers(Request, frozen=True, kw_only=True):
    """Without a state: those that can still be answered."""

    state: OfferState = "open"
    cursor: Cursor | None = None
    limit: Limit = 20


class DeclineOffer(Request, frozen=True, kw_only=True):
    reason: Annotated[DeclineReason, Meta(title="为什么不接")]
    note: Annotated[Text, Meta(title="补充说明（可不填）")] = ""


class OfferView(View, frozen=True, kw_only=True):
    """What a worker needs to decide: neither door nor name nor telephone. `case_no` is there once it is theirs;
    `left_s` are the seconds that are left to answer."""

    id: str
    mode: DispatchMode
    state: OfferState
    state_text: str
    title: str
    when: str
    start: datetime
    end: datetime
    community: str
    compound: str
    price_fen: Fen
    price_text: str
    offered_at: datetime
    expires_at: datetime
    left_s: int
    case_no: str | None
    sentence: str


class ReasonView(View, frozen=True, kw_only=True):
    value: DeclineReason
    text: str


class OffersView(View, frozen=True, kw_only=True):
    """`reasons` are those for which an offer can be declined."""

    items: list[OfferView]
    reasons: list[ReasonView]
    next: str | None = None


class FindDispatches(Request, frozen=True, kw_only=True):
    """What waits for a worker: of one provider, or of all in scope; the visit that comes first is first."""

    provider_id: Id | None = None
    state: DispatchState | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class DispatchView(View, frozen=True, kw_only=True):
    """How the work of a case finds its worker. `asked` and `refused` count workers since the time has been what it
    is; `until` is when the open offers end."""

    case_no: str
    title: str
    when: str
    start: datetime
    compound: str
    provider_id: str
    provider: str
    mode: DispatchMode
    mode_text: str
    state: DispatchState
    state_text: str
    tone: str
    sentence: str
    round: int
    open: int
    asked: int
    refused: int
    until: datetime | None
    since: datetime
    worker: str


class DispatchesView(View, frozen=True, kw_only=True):
    items: list[DispatchView]
    next: str | None = None


class PartView(View, frozen=True, kw_only=True):
    """A part of a score: `value` from 0 to 1, `points` what it adds to the 100, `fact` what it was made of."""

    name: str
    text: str
    fact: str
    value: float
    weight: int
    points: float


class ScoredView(View, frozen=True, kw_only=True):
    """A worker as they were weighed then: `reasons` say why they could not be asked, none: they could."""

    worker_id: str
    name: str
    reasons: list[str]
    score: float
    parts: list[PartView]
    chosen: bool


class ChoiceView(View, frozen=True, kw_only=True):
    """One choice and everybody who was weighed; `how` is the mode of a round, `assign` for a person's choice, or
    `nobody` when there was nobody left to ask."""

    at: datetime
    how: str
    how_text: str
    round: int
    by: str
    note: str
    weights: dict[str, int]
    items: list[ScoredView]
    next: str | None = None


class AskedView(View, frozen=True, kw_only=True):
    """An offer as the dispatcher sees it."""

    round: int
    worker_id: str
    worker: str
    state: OfferState
    state_text: str
    score: float
    offered_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    reason: str
    note: str


class ExplainedView(View, frozen=True, kw_only=True):
    """The whole way by which the work was given, in the order in which it happened."""

    dispatch: DispatchView
    choices: list[ChoiceView]
    offers: list[AskedView]


class FindFairness(Request, frozen=True, kw_only=True):
    """Days in Shanghai, both included; without them the last thirty."""

    provider_id: Id
    from_: date | None = field(default=None, name="from")
    to: date | None = None


class ShareView(View, frozen=True, kw_only=True):
    """One worker: offers that were made in the period, and the work given that lies in it. `average_score` is that
    of their offers, null where there were none."""

    worker_id: str
    worker: str
    offered: int
    taken: int
    declined: int
    expired: int
    withdrawn: int
    jobs: int
    hours: float
    average_score: float | None


class FairnessView(View, frozen=True, kw_only=True):
    """`gini` is that of the hours: 0 when all have the same, towards 1 when one has them all."""

    provider_id: str
    provider: str
    from_: date = field(name="from")
    to: date
    items: list[ShareView]
    jobs: int
    hours: float
    gini: float
    next: str | None = None


class FindDay(Request, frozen=True, kw_only=True):
    """A local date, today without one; of one provider, or of all in scope. `cursor` goes on among the workers,
    `waiting_cursor` among what has no worker; `limit` is for each of the two."""

    date: Annotated[dt.date, Meta(description="当地日期")] | None = None
    provider_id: Id | None = None
    cursor: Cursor | None = None
    waiting_cursor: Cursor | None = None
    limit: Limit = 50


class DayVisitView(View, frozen=True, kw_only=True):
    """A visit on the board; `from_min` and `to_min` are the minutes of the day that it takes of it."""

    case_no: str
    title: str
    start: dt.datetime
    end: dt.datetime
    from_min: int
    to_min: int
    state_text: str
    tone: str
    compound: str


class DayWorkerView(View, frozen=True, kw_only=True):
    """A row of the board: `shifts` in minutes of the day."""

    worker_id: str
    name: str
    provider: str
    shifts: list[list[int]]
    visits: list[DayVisitView]


class DayBoardView(View, frozen=True, kw_only=True):
    """`waiting` are visits of the day that have no worker. Either list may go on: `workers_next` is the next `cursor`,
    `waiting_next` the next `waiting_cursor`."""

    date: dt.date
    workers: list[DayWorkerView]
    workers_next: str | None
    waiting: list[DispatchView]
    waiting_next: str | None
