"""Broadcasts 群发: an edition of an announcement on its way to the phones of everybody it is for."""

from datetime import datetime
from typing import Literal

from schemas.common import Request, View

BroadcastImportance = Literal["normal", "urgent"]
BroadcastState = Literal["waiting", "running", "paused", "stopped", "done"]


class PauseBroadcast(Request, frozen=True):
    """Nothing more goes to phones until it is resumed."""


class ResumeBroadcast(Request, frozen=True):
    """It goes on where it was."""


class StopBroadcast(Request, frozen=True):
    """Nothing more goes to phones, and nobody else gets it into the inbox."""


class BroadcastActionView(View, frozen=True, kw_only=True):
    name: str
    text: str


class BroadcastView(View, frozen=True, kw_only=True):
    """`total`: for how many residents it is, as far as they have been gone through (`planned`: all of them have).

    `written` are in their inboxes; of those WeChat has `sent`, `no_credit` have no subscription left, WeChat `refused`,
    `unknown` may have been shown or not, `inbox_only` go to nobody's phone any more, and the others are `waiting`.
    `read` have opened the announcement. `ends_at` is an estimate, null where there is none.
    """

    id: str
    announcement_id: str
    edition: int
    importance: BroadcastImportance
    state: BroadcastState
    state_text: str
    tone: str
    by: str
    at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    planned: bool
    total: int
    written: int
    sent: int
    no_credit: int
    refused: int
    unknown: int
    inbox_only: int
    waiting: int
    read: int
    per_minute: int
    ends_at: datetime | None
    actions: list[BroadcastActionView]
