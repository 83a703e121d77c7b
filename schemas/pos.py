"""What a terminal says of a purchase."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import END, Cursor, Id, Limit, Line, Moment, Request, View
from schemas.point_cards import CardNo
from schemas.points import Category


class NewSwipe(Request, frozen=True, kw_only=True):
    """What a terminal says of one purchase. `batch` and `trace` are its own numbers: with the terminal and the day they
    name the swipe for good. `reverses`: the trace that it takes back, of the same terminal and batch."""

    batch: Annotated[str, Meta(pattern=r"^[0-9]{1,6}" + END)]
    trace: Annotated[str, Meta(pattern=r"^[0-9]{1,12}" + END)]
    card: CardNo
    category: Category
    amount_fen: Annotated[int, Meta(ge=1, le=10_000_000)]
    at: Moment
    reverses: Annotated[str, Meta(pattern=r"^[0-9]{1,12}" + END)] | None = None


class SwipeView(View, frozen=True, kw_only=True):
    """`state`: `posted`, or `waiting` for somebody to bind the card. `again`: it was known already."""

    key: str
    state: Literal["posted", "waiting"]
    points_fen: int
    text: str
    again: bool


class NewTerminal(Request, frozen=True, kw_only=True):
    """`id` is what the terminal calls itself, on its own messages and in the statement files; the whole street's where
    no community is named."""

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,20}" + END)]
    name: Line
    community_id: Id | None = None


FileState = Literal["checking", "posting", "posted", "refused"]


class FindFiles(Request, frozen=True, kw_only=True):
    cursor: Cursor | None = None
    limit: Limit = 20


class FileView(View, frozen=True, kw_only=True):
    """A statement file on its way. `id` is the SHA-256 of its content. `rows` and `sum_fen` are those of its last line,
    reversals counted with a minus; `done` of `rows` have been looked at: `posted`, `again` (known before), `waiting` for
    somebody to bind the card, or `rejected`. `known`: the same file had been sent before."""

    id: str
    state: FileState
    state_text: str
    reason: str
    size: int
    day: str
    rows: int
    sum_fen: int
    done: int
    posted: int
    again: int
    waiting: int
    rejected: int
    points_fen: int
    by: str
    at: datetime
    known: bool = False


class FilesView(View, frozen=True, kw_only=True):
    items: list[FileView]
    next: str | None = None


class RejectView(View, frozen=True, kw_only=True):
    """`row` counts the lines of the file from 1; `line` is as it stood there."""

    row: int
    line: str
    code: str
    message: str


class RejectsView(View, frozen=True, kw_only=True):
    items: list[RejectView]
    next: str | None = None
