"""A rating: five levels for the whole, finer ones by kind of case, and what the resident adds in words."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from schemas.common import Id, Line, Request, Text, View

Stars = Annotated[int, Meta(ge=1, le=5, title="满意程度", description="5 非常满意，1 非常不满意")]


class NewRating(Request, frozen=True, kw_only=True):
    """`dimensions` and `tags` are those that the kind of case offers; all but the stars may be left out."""

    stars: Stars
    dimensions: Annotated[dict[Id, Stars], Meta(max_length=10)] = {}
    tags: Annotated[list[Line], Meta(max_length=8)] = []
    text: Text = ""


class ScoreView(View, frozen=True, kw_only=True):
    """The average of all ratings so far, to one decimal, and of how many it is."""

    average: float
    count: int


class LevelView(View, frozen=True, kw_only=True):
    stars: int
    text: str


class DimensionView(View, frozen=True, kw_only=True):
    name: str
    text: str


class RatingView(View, frozen=True, kw_only=True):
    """A rating that was given; `level` is its Chinese name."""

    case_no: str
    stars: int
    level: str
    dimensions: dict[str, int]
    tags: list[str]
    text: str
    at: datetime


class RatingSheet(View, frozen=True, kw_only=True):
    """What the rating page is drawn from: `until` is when the time for it ends, null while it has not begun to run."""

    rating: RatingView | None
    can_rate: bool
    until: datetime | None
    levels: list[LevelView]
    dimensions: list[DimensionView]
    tags: list[str]
