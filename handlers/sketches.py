"""A sketch of who is where: points on a plane of a few kilometres, drawn as SVG. No map of anybody's is asked for."""

from math import cos, radians

from msgspec import Struct

from schemas.places import Spot

WIDE, HIGH = 960.0, 460.0
_EDGE = 44.0
_LEAST_M = 1_500.0
_METRES_A_DEGREE = 111_320.0
_BARS_M = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)


class Mark(Struct, frozen=True):
    """Something at a spot. `kind` is how it is drawn, `text` stands beside it, `title` is said when it is pointed at;
    with a `link` it leads there. `to` is where a line goes from it."""

    spot: Spot
    kind: str
    text: str = ""
    title: str = ""
    link: str = ""
    to: Spot | None = None


class Drawn(Struct, frozen=True):
    """A mark in the picture's own units."""

    mark: Mark
    x: float
    y: float
    to: tuple[float, float] | None
    leftwards: bool


class Sketch(Struct, frozen=True):
    """`bar` is how long the scale's bar is drawn, and `bar_m` how many metres that is."""

    marks: list[Drawn]
    bar: float
    bar_m: int


def sketch(marks: list[Mark]) -> Sketch | None:
    """North is up; whatever there is fits in, and is never stretched. None where there is nothing to draw."""
    spots = [one.spot for one in marks] + [one.to for one in marks if one.to is not None]
    if not spots:
        return None
    west, east = min(one.lng for one in spots), max(one.lng for one in spots)
    south, north = min(one.lat for one in spots), max(one.lat for one in spots)
    middle = Spot((west + east) / 2, (south + north) / 2)
    across = _METRES_A_DEGREE * cos(radians(middle.lat))
    wide_m = max((east - west) * across, _LEAST_M)
    high_m = max((north - south) * _METRES_A_DEGREE, _LEAST_M)
    scale = min((WIDE - 2 * _EDGE) / wide_m, (HIGH - 2 * _EDGE) / high_m)

    def place(spot: Spot) -> tuple[float, float]:
        x = WIDE / 2 + (spot.lng - middle.lng) * across * scale
        y = HIGH / 2 - (spot.lat - middle.lat) * _METRES_A_DEGREE * scale
        return round(x, 1), round(y, 1)

    drawn = [
        Drawn(one, *place(one.spot), place(one.to) if one.to else None, place(one.spot)[0] > WIDE * 0.75)
        for one in marks
    ]
    bar_m = max((one for one in _BARS_M if one * scale <= WIDE / 4), default=_BARS_M[0])
    return Sketch(drawn, round(bar_m * scale, 1), bar_m)
