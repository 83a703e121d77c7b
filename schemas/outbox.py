"""What is on its way out of the house: to telephones of residents and staff."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import END, ONE_LINE, Cursor, Limit, Request, View
from schemas.push import Channel, Importance

Stage = Literal["waiting", "dead", "all"]
Act = Literal["retry", "drop"]
Word = Annotated[str, Meta(max_length=64, pattern=r"^[a-z_]*" + END)]
Errcode = Annotated[str, Meta(max_length=10, pattern=r"^-?[0-9]*" + END)]
LetterId = Annotated[str, Meta(min_length=1, max_length=300, pattern=ONE_LINE)]


class AttemptView(View, frozen=True, kw_only=True):
    """One attempt to reach somebody, by which channel, and what came of it in words."""

    channel: Channel
    channel_text: str
    at: datetime
    outcome_text: str


class LetterView(View, frozen=True, kw_only=True):
    """One message. `title` says what it is about, never to whom or what; `since` is when it was written, `state_text` how
    it stands; `next_at` is when it is tried next, `dead_at` when it was given up; `error` is what the last attempt came
    to, `errcode` the number in it. `actions` are what can be done about it."""

    id: str
    title: str
    template: str
    lane: str | None
    importance: Importance | None
    importance_text: str
    since: datetime | None
    state_text: str
    attempts: int
    error: str
    errcode: str
    error_text: str
    next_at: datetime | None
    dead_at: datetime | None
    receipts: list[AttemptView]
    actions: list[Act]


class QueueView(View, frozen=True, kw_only=True):
    """`waiting` and `dead` are counted no further than 1,000; `waiting_s` is for how long the oldest has been due. What
    goes to thousands at once has a `lane` of its own in the same queue."""

    name: str
    lane: str | None
    title: str
    waiting: int
    dead: int
    waiting_s: int


class OutboxView(View, frozen=True, kw_only=True):
    queues: list[QueueView]


class FindLetters(Request, frozen=True, kw_only=True):
    """What was given up, newest first; what is to be tried next, in that order and no more than a page; or, of messages
    to residents, all of the last days. `state` is why one waits, or what became of it; `template` and `state` in the
    words of the rows; `errcode` is the number of the last error. All of these may be empty."""

    stage: Stage = "dead"
    lane: Word = ""
    template: Word = ""
    state: Word = ""
    errcode: Errcode = ""
    cursor: Cursor | None = None
    limit: Limit = 20


class LettersView(View, frozen=True, kw_only=True):
    items: list[LetterView]
    next: str | None = None


class TryAgain(Request, frozen=True, kw_only=True):
    """One message, or all of the queue that were given up."""

    id: LetterId | None = None


class AgainView(View, frozen=True, kw_only=True):
    """`count` are tried again; `left`: there are more of the kind, ask once more."""

    count: Annotated[int, Meta(ge=0)]
    left: bool


class DropLetter(Request, frozen=True, kw_only=True):
    """One message that is not to be sent any more, and why."""

    id: LetterId
    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=ONE_LINE)]
