"""Street → community → compound."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.common import View

PlaceKind = Literal["street", "community", "compound"]


class Spot(Struct, frozen=True, forbid_unknown_fields=True):
    """A point on the map in degrees, sent and answered alike: GCJ-02, which maps in China draw in, and in which
    `wx.getLocation` and `wx.chooseLocation` give it when asked for `gcj02`."""

    lng: Annotated[float, Meta(ge=-180, le=180, description="经度")]
    lat: Annotated[float, Meta(ge=-90, le=90, description="纬度")]


class PlaceView(View, frozen=True, kw_only=True):
    id: str
    kind: PlaceKind
    name: str
    parent_id: str | None = None
    spot: Spot | None = None


class PlacesView(View, frozen=True, kw_only=True):
    items: list[PlaceView]
    next: str | None = None
