"""Where drivers are: what their phones may report, who of them is near, and how long it is known."""

from datetime import timedelta
from typing import Any

from schemas.places import Spot
from server.positions import POSITIONS, near
from tests.doors import Happy, Visit
from tests.houses import next_door
from tests.riding import PATH, SQUARE, at, driver, north, put
from tests.world import World


async def nearby(world: World, spot: Spot, radius_m: float = 3000, **more: Any) -> list[tuple[str, int]]:
    found = await world.house.db.reading(lambda reader: near(reader, spot, radius_m, 10, **more))
    return [(one.driver_id, one.metres) for one in found]


async def reports(world: World) -> Visit:
    return Visit(path=PATH, who=await driver(world), body=at(SQUARE))


HAPPY: Happy = {("PUT", PATH): reports}


async def test_who_is_near_is_found_the_nearest_first_and_only_while_the_report_is_fresh(
    world: World,
) -> None:
    here = Spot(110.2, 39.6)
    people = [await driver(world) for _ in range(4)]
    for one, metres in zip(people, (900, 100, 400, 3500), strict=True):
        assert (await put(one, north(metres, here))).status == 204
    found = await nearby(world, here)
    assert [who for who, _ in found] == [people[1].id, people[2].id, people[0].id]
    assert [round(metres, -2) for _, metres in found] == [100, 400, 900]
    assert await nearby(world, here, among=[people[0].id, people[3].id]) == [found[2]]
    assert await nearby(world, here, 500) == found[:2]

    async def within(tx: Any) -> list[Any]:
        await tx.change(POSITIONS, {"_id": people[0].id}, {"$set": {"heading": 1.0}})
        return await near(tx, here, 3000, 10)

    inside = await world.house.db.atomically(within)
    assert [(one.driver_id, one.metres) for one in inside] == found, "the same inside a transaction"
    world.clock.advance(timedelta(seconds=31))
    assert await nearby(world, here) == []


async def test_what_cannot_be_or_is_old_is_refused_by_its_name(world: World) -> None:
    me = await driver(world)
    now = world.clock.now()
    assert (await put(me, SQUARE, at=(now - timedelta(seconds=10)).isoformat())).status == 204
    refused = {
        "position_outdated": [
            await put(me, SQUARE, at=(now - timedelta(seconds=11)).isoformat()),
            await put(me, SQUARE, at=(now - timedelta(seconds=61)).isoformat()),
        ],
        "position_implausible": [await put(me, north(30_000))],
        "position_vague": [await put(me, SQUARE, accuracy_m=501)],
    }
    for code, replies in refused.items():
        for reply in replies:
            assert (reply.status, reply.code) == (409, code), reply.body
    world.clock.advance(timedelta(seconds=600))
    assert (await put(me, north(20_000))).status == 204, "with time somebody can have come that far"
    assert (await put(me, Spot(200, 0))).json["error"]["field"] == "spot.lng"


async def test_a_phone_that_reports_too_often_is_told_to_wait(world: World) -> None:
    me = await driver(world)
    replies = [await put(me, SQUARE) for _ in range(12)]
    assert replies[0].status == 204 and replies[-1].code == "positions_too_many", replies[-1].body
    assert int(replies[-1].headers["Retry-After"]) >= 1


async def test_another_process_knows_where_somebody_is_without_asking_the_database(world: World) -> None:
    me = await driver(world)
    async with next_door(world) as other:
        assert (await put(me, SQUARE)).status == 204

        async def heard() -> bool:
            return me.id in other.house.whereabouts._rows

        await other.until(heard, "the stream's word")
        far = await put(other.meets(me), north(30_000))
        assert far.code == "position_implausible"
