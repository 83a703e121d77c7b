"""How far a ride is: as the map service says, asked where no transaction waits for it."""

from datetime import timedelta
from typing import Any

from msgspec import Struct, field

from schemas.places import Spot
from server.distances import Way, Ways
from server.kit.platform import PlatformDown
from tests.riding import SQUARE, north
from tests.world import World

HERE = {"spot": {"lng": SQUARE.lng, "lat": SQUARE.lat}, "text": "绿苑小区东门"}
THERE = {"spot": {"lng": SQUARE.lng, "lat": north(4000).lat}, "text": "火车站"}
ABROAD = {"spot": {"lng": 2.35, "lat": 48.85}, "text": "巴黎"}


class Map(Struct):
    """Knows one way, until it is `down`."""

    down: bool = False
    asked: list[tuple[Spot, Spot]] = field(default_factory=list)

    async def way(self, a: Spot, b: Spot) -> Way:
        self.asked.append((a, b))
        if self.down:
            raise PlatformDown("map_distance", "unreachable")
        return Way(metres=7000, seconds=900, how="provider")


async def test_a_ride_is_estimated_and_ordered_by_the_way_that_the_map_says(
    world: World, monkeypatch: Any
) -> None:
    known = Map()
    monkeypatch.setattr(world.house, "ways", Ways(world.house.settings.distances, world.clock, known))
    resident = await world.resident()
    wish = {"pickup": HERE, "dropoff": THERE}
    price = (await resident.post("/v1/ride-estimates", wish)).json
    # 7 yuan for the first 2.5 km, then 4.5 km at 1.8.
    assert (price["metres"], price["minutes"], price["fare_fen"]) == (7000, 15, 1510)
    ahead = (world.clock.now() + timedelta(hours=5)).isoformat()
    case = await resident.post("/v1/rides", wish | {"at": ahead})
    assert case.status == 201, case.body
    assert case.json["details"]["estimate"]["fare_fen"] == 1510
    assert len(known.asked) == 1, "what it said is remembered"

    refused = await resident.post("/v1/ride-estimates", wish | {"dropoff": ABROAD})
    assert (refused.status, refused.code) == (422, "outside_area")
    assert len(known.asked) == 1, "what is refused is not asked for"

    known.down = True
    back = (await resident.post("/v1/ride-estimates", {"pickup": THERE, "dropoff": HERE})).json
    assert (back["metres"], back["fare_fen"], len(known.asked)) == (5400, 1220, 2)
