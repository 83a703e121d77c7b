"""What a terminal says of a purchase."""

from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import END, Moment, Request, View
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
