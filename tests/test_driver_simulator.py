"""Drivers and passengers played by a seed through two houses (the short form of `scripts/drivers --prove`)."""

from msgspec.structs import replace

from tests.houses import next_door
from tests.traffic.grid import CENTRE, apart, driven, moved
from tests.traffic.history import Step, figures, holding, kept
from tests.traffic.people import FINAL
from tests.traffic.proof import PHONES, committed, hire, names
from tests.traffic.stepped import town
from tests.world import World

DRIVERS, PASSENGERS, FIRST_S = names(3), 6, 60.0


async def test_of_a_play_through_two_houses_the_history_is_right_and_every_score_follows_from_its_table(
    world: World,
) -> None:
    await world.house.db.atomically(lambda tx: hire(tx, DRIVERS))
    async with next_door(world, positions=PHONES) as other, committed(world.house.settings) as steps:
        played = town(world, other, seed=2)
        await played.play(DRIVERS, PASSENGERS, FIRST_S)
        found = await kept(world.house.db)
        ended = {one.id for one in found.cases if one.state in FINAL}
        await world.until(
            lambda: _heard(steps, ended), "the ends of the rides that the database has committed"
        )
    told = figures(steps, found, played.called, DRIVERS)
    assert told.wrong == [] and "positions_too_many" not in played.told, played.told
    assert told.called == PASSENGERS == sum(told.ends.values())
    assert told.ends["completed"] >= PASSENGERS / 2, told
    assert told.offers["taken"] >= told.ends["completed"]

    # The same books with something wrong in them.
    offer, one = found.offers[0], found.cases[0]
    for broken in (
        replace(found, offers=[replace(offer, score=offer.score + 1), *found.offers[1:]]),
        replace(found, offers=[replace(offer, driver_id="somebody"), *found.offers[1:]]),
        replace(found, cases=[replace(one, state="requested", open=True), *found.cases[1:]]),
        replace(found, cases=found.cases[1:]),
    ):
        assert figures(steps, broken, played.called, DRIVERS).wrong
    assert figures(steps[:-1], found, played.called, DRIVERS).wrong


async def _heard(steps: list[Step], ended: set[str]) -> bool:
    return {one.case_no for one in steps if one.target in FINAL} >= ended


def step(case_no: str, target: str, after: str | None, before: str | None = None) -> Step:
    return Step(case_no, 1, "x", target, {"before": before, "after": after})


def test_a_ride_with_two_drivers_and_a_driver_with_two_rides_are_noticed() -> None:
    first = step("DC1", "accepted", "a")
    assert not list(holding([first, step("DC2", "accepted", "b")]))
    assert list(holding([first, step("DC2", "accepted", "a")]))
    assert list(holding([first, step("DC1", "accepted", "b")]))
    given_back = step("DC1", "requested", None, "a")
    assert not list(holding([first, given_back, step("DC1", "accepted", "b"), step("DC2", "accepted", "a")]))


def test_the_way_is_driven_along_the_streets() -> None:
    goal = moved(CENTRE, 300, -400)
    assert round(apart(CENTRE, goal)) == 500
    half = driven(CENTRE, goal, 350)
    assert (round(apart(CENTRE, half)), round(apart(half, goal))) == (304, 350)
    assert driven(half, goal, 351) == goal
