"""How far it is by road: the straight line and what roads add to it."""

import pytest
from msgspec.structs import replace

from schemas.places import Spot
from server.config import Distances
from server.demo import street
from server.distances import apart, straight

RULES = Distances()
MIDDLE = Spot(109.98, 39.82)


@pytest.mark.parametrize(
    ("spot", "metres"),
    [
        (MIDDLE, 0),
        (Spot(109.98, 39.83), 1112),  # a hundredth of a degree north
        (Spot(109.99, 39.82), 854),  # and east, where the circles are smaller
        (Spot(-70.02, -39.82), 20_015_115),  # the other side of the earth
    ],
)
def test_the_straight_line_is_the_great_circle(spot: Spot, metres: int) -> None:
    assert apart(MIDDLE, spot) == pytest.approx(metres, rel=1e-3, abs=1)
    assert apart(spot, MIDDLE) == apart(MIDDLE, spot)


def test_the_way_is_longer_by_the_factor_of_the_place_and_driven_at_its_speed() -> None:
    there = Spot(109.98, 39.83)
    usual = straight(MIDDLE, there, RULES)
    assert (usual.metres, usual.seconds, usual.how) == (1501, 225, "straight")
    slower = straight(MIDDLE, there, replace(RULES, road_factor=2.0, speed_kmh=12.0))
    assert (slower.metres, slower.seconds) == (2224, 667)


def test_the_demos_compounds_and_landmarks_lie_apart_and_within_an_hours_drive() -> None:
    found = street.read()
    spots = [one.spot for one in found.places if one.spot] + [one.spot for one in found.landmarks]
    assert len(spots) >= 30
    for number, one in enumerate(spots):
        assert all(apart(one, other) > 50 for other in spots[:number])
        assert straight(MIDDLE, one, RULES).metres < 60_000
    assert all(one.spot for one in found.places if one.kind == "compound")
