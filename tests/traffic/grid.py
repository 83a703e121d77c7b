"""Streets that cross every 250 metres around the middle of Dongsheng, and driving along them."""

from math import copysign, cos, hypot, radians
from random import Random

from msgspec import Struct

from schemas.places import Spot

CENTRE = Spot(109.9802, 39.8226)
BLOCK_M = 250
_LAT_M = 111_195
_LNG_M = _LAT_M * cos(radians(CENTRE.lat))


class Grid(Struct, frozen=True):
    """`blocks` to each side of the middle."""

    blocks: int

    def crossing(self, chance: Random) -> Spot:
        east, north = (chance.randint(-self.blocks, self.blocks) * BLOCK_M for _ in range(2))
        return moved(CENTRE, east, north)

    def other(self, chance: Random, than: Spot) -> Spot:
        """A crossing at least two blocks away."""
        while apart(found := self.crossing(chance), than) < 2 * BLOCK_M:
            pass
        return found


def moved(spot: Spot, east: float, north: float) -> Spot:
    return Spot(round(spot.lng + east / _LNG_M, 6), round(spot.lat + north / _LAT_M, 6))


def between(a: Spot, b: Spot) -> tuple[float, float]:
    """Metres to the east and to the north."""
    return (b.lng - a.lng) * _LNG_M, (b.lat - a.lat) * _LAT_M


def apart(a: Spot, b: Spot) -> float:
    return hypot(*between(a, b))


def driven(spot: Spot, goal: Spot, metres: float) -> Spot:
    """So far along the streets: first to the east or west, then to the north or south."""
    east, north = between(spot, goal)
    across = min(abs(east), metres)
    along = min(abs(north), metres - across)
    if across >= abs(east) and along >= abs(north):
        return goal
    return moved(spot, copysign(across, east), copysign(along, north))
