"""A case and what a kind of case brings: its flow, its details, its words."""

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from schemas.cases import Channel
from server import nouns
from server.budgets import Budget, CaseClock
from server.config import Settings
from server.kit.db import NUMBER, TEXT, Collection, Index, Reader, Tx
from server.kit.db.collection import plain
from server.kit.flow import Flow
from server.kit.jobs import DUE, Leased
from server.sessions import Actor

ENDED = datetime(2500, 1, 1, tzinfo=UTC)
"""The turn of what has ended is behind it, of what is open before it."""


STILL_OPEN = {"open": True, "turn": {"$lt": ENDED}}
"""The filter for what has not ended: beside a community, a provider, a worker or a handler its index has no others."""


class Case(Leased, kw_only=True):
    """`id` is the case number. `timer_at` is when the state's timer strikes, `promised_at` what was promised; `due_at`
    is when a worker looks at it next, for the timer or to remind somebody of a clock.

    `turn` is what the staff's lists sort by: what was promised first, then what is open without a promise, the oldest
    first, then what has ended, the latest first (server/cases/turns.py).

    `part_of` is the number of the case that this one is a part of, `proxy_id` the proxy by which it was asked for,
    `copied_to` who of the staff may read it besides.

    `phone_tail` is what a person on the phone can name first: the last four digits of the number to call back.
    `clocks` are what was promised by the working day or the hour, by name; `clock_edition` is that of the calendar by
    which the open ones were last counted. `timer_clock` names the clock whose end is the timer, where it is no `Promise`.
    """

    kind: str
    title: str
    state: str
    version: int
    open: bool
    channel: Channel
    resident_id: str | None
    resident_name: str
    opened_by: str
    community_id: str | None
    compound_id: str | None
    provider_id: str | None = None
    worker_id: str | None = None
    handler_id: str | None = None
    part_of: str | None = None
    proxy_id: str | None = None
    copied_to: list[str] = []
    created_at: datetime
    updated_at: datetime
    timer_at: datetime | None = None
    timer_clock: str = ""
    promised_at: datetime | None = None
    phone: str
    phone_tail: str
    details: dict[str, Any]
    clocks: dict[str, CaseClock] = {}
    clock_edition: int | None = None
    turn: datetime = ENDED


APART = {"kind": "approval"}
"""The kind that the staff have lists of their own for; the others pay nothing for its indexes."""

CASES: Collection[Case] = Collection(
    "cases",
    Case,
    Index(("resident_id", "-created_at", "-_id")),
    Index(("community_id", "turn", "_id")),
    Index(("provider_id", "turn", "_id")),
    Index(("worker_id", "turn", "_id"), only={"worker_id": TEXT}),
    Index(("handler_id", "turn", "_id"), only={"handler_id": TEXT}),
    Index(("turn", "_id")),
    Index(("kind", "turn", "_id"), only=APART),
    Index(("kind", "community_id", "turn", "_id"), only=APART),
    Index(("phone_tail", "-created_at", "-_id")),
    Index(("clock_edition",), only={"clock_edition": NUMBER}),
    DUE,
)
"""Every index costs each booking a write (docs/performance.md): one for each way in that is asked for often."""


class Act(Struct):
    """One move being made: what `do` of an action may read and change. `form` is of the action's own type.

    `do` may set `target` to another of the row's; `facts` go into the history beside the reason.
    """

    tx: Tx
    case: Case
    details: Any
    form: Any
    actor: Actor
    action: str
    source: str
    target: str
    rules: Settings
    reason: str = ""
    facts: dict[str, str] = {}
    proxy_id: str = ""
    channel: Channel = "system"
    worker_before: str | None = None


class Promise(Struct, frozen=True):
    """A clock that runs while a case is in one of these states: it begins with the move that enters them, stops with
    the one that leaves them, and begins anew when they are entered again.

    `timer`: its end is when the state's timer strikes, so a pause or an extension puts that off too.
    """

    clock: str
    states: frozenset[str]
    budget: Callable[[Settings], Budget]
    timer: bool = False


class Kind(Struct, frozen=True):
    """What a noun declares to have its own kind of case.

    `details` is the stored Struct; `deadlines` gives (timer_at, promised_at) of the state just entered;
    `promises` are the clocks that its states start and stop;
    `sentence` says where things stand; `show` is the view of the details for somebody with these parts;
    `proxy_scope` is what a family proxy must allow for somebody to act as the resident does (server/proxies.py).
    `deputies` are the parts in which a colleague may act for somebody who is away.
    `call_later`: who did the work can still be called when it has ended.
    `struck` is the state that a timer leads to, where its row has several; `most_more` by how much one of its clocks may
    be extended at most; `shows_files` says to which parts the files of such a case are shown.
    """

    name: str
    text: str
    prefix: str
    flow: Flow
    details: type[Struct]
    deadlines: Callable[[Act], tuple[datetime | None, datetime | None]]
    sentence: Callable[[Reader, Case, Any, frozenset[str]], str]
    show: Callable[[Reader, Case, Any, frozenset[str]], Struct]
    unassigned: frozenset[str] = frozenset()
    promises: tuple[Promise, ...] = ()
    proxy_scope: str | None = None
    deputies: frozenset[str] = frozenset()
    call_later: bool = True
    struck: Callable[[Reader, Case], str] | None = None
    most_more: Callable[[Reader, Case, str], int] | None = None
    shows_files: Callable[[Reader, Case, frozenset[str]], bool] | None = None

    def details_of(self, case: Case) -> Any:
        return msgspec.convert(case.details, self.details, builtin_types=(datetime, bytes))

    def store_details(self, details: Struct) -> dict[str, Any]:
        stored: dict[str, Any] = plain(details)
        return stored


@functools.cache
def kinds() -> dict[str, Kind]:
    """Every kind that some noun declares, by name."""
    return {one.name: one for one in nouns.found(Kind)}


def kind_of(case: Case) -> Kind:
    return kinds()[case.kind]
