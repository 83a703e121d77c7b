"""Where people often want to go."""

from typing import Literal

from schemas.common import View
from schemas.places import Spot

LandmarkKind = Literal["station", "airport", "hospital", "office", "market", "park"]


class LandmarkView(View, frozen=True, kw_only=True):
    id: str
    name: str
    kind: LandmarkKind
    kind_text: str
    spot: Spot


class LandmarksView(View, frozen=True, kw_only=True):
    items: list[LandmarkView]
    next: str | None = None
