"""Street → community → compound."""

from typing import Literal

from schemas.common import View

PlaceKind = Literal["street", "community", "compound"]


class PlaceView(View, frozen=True, kw_only=True):
    id: str
    kind: PlaceKind
    name: str
    parent_id: str | None = None


class PlacesView(View, frozen=True, kw_only=True):
    items: list[PlaceView]
    next: str | None = None
