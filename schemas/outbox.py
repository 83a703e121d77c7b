"""What is on its way out of the house: to telephones of residents and staff."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import ONE_LINE, Cursor, Limit, Request, View

Stage = Literal["waiting", "dead"]


class LetterView(View, frozen=True, kw_only=True):
    """One message. `title` says what it is about, never to whom or what; `next_at` is when it is tried next, `dead_at`
    when it was given up; `error` is what the last attempt came to."""

    id: str
    title: str
    attempts: int
    error: str
    next_at: datetime | None
    dead_at: datetime | None


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
    """What was given up, newest first; or what is to be tried next, in that order and no more than a page."""

    stage: Stage = "dead"
    cursor: Cursor | None = None
    limit: Limit = 20


class LettersView(View, frozen=True, kw_only=True):
    items: list[LetterView]
    next: str | None = None


class TryAgain(Request, frozen=True, kw_only=True):
    """One message, or all of the queue that were given up."""

    id: Annotated[str, Meta(min_length=1, max_length=300, pattern=ONE_LINE)] | None = None


class AgainView(View, frozen=True, kw_only=True):
    """`count` are tried again; `left`: there are more of the kind, ask once more."""

    count: Annotated[int, Meta(ge=0)]
    left: bool
