"""The way without a map: a straight line, longer by what roads usually add to it."""

from math import asin, cos, radians, sin, sqrt
from typing import Literal

from msgspec import Struct

from schemas.places import Spot
from server.config import Distances

_EARTH_M = 6_371_008.8
_SECONDS_AN_HOUR = 3600


class Way(Struct, frozen=True, kw_only=True):
    """`how`: from the straight line, or said by the map service."""

    metres: int
    seconds: int
    how: Literal["straight", "provider"] = "straight"


def apart(a: Spot, b: Spot) -> float:
    """Metres as the crow flies, by the haversine formula on a sphere of the earth's mean radius."""
    up, across = radians(b.lat - a.lat), radians(b.lng - a.lng)
    part = sin(up / 2) ** 2 + cos(radians(a.lat)) * cos(radians(b.lat)) * sin(across / 2) ** 2
    return 2 * _EARTH_M * asin(sqrt(min(1.0, part)))


def straight(a: Spot, b: Spot, rules: Distances) -> Way:
    """The crow's way times `road_factor`, at `speed_kmh`; asks nobody, so it may stand inside a transaction."""
    metres = round(apart(a, b) * rules.road_factor)
    return Way(metres=metres, seconds=round(metres * _SECONDS_AN_HOUR / (rules.speed_kmh * 1000)))
