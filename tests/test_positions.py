"""Where drivers are: what their phones may report, who of them is near, and how long it is known."""

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from schemas.places import Spot
from schemas.positions import ReportPosition
from server import drivers
from server.positions import POSITIONS, drawn, made, near, note, tracks, travelled
from tests.doors import Happy, Visit
from tests.houses import next_door
from tests.riding import PATH, SQUARE, at, driver, later, north, put, riding
from tests.world import World


def report(spot: Spot) -> ReportPosition:
    return ReportPosition(spot=spot)


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


async def test_with_a_passenger_on_board_the_way_is_measured_and_a_car_that_stands_drives_nowhere(
    world: World,
) -> None:
    one = await riding(world)
    await put(one.driver, north(-400))
    await one.becomes("on_board")

    async def on_board() -> bool:
        return (await world.house.trips.known(one.case_no)).stage == "on_board"

    await world.until(on_board, "memory to hear of it")
    for metres in (0, 7, -6, 150, 300, 300, 280, 600):
        later(world, 10)
        assert (await put(one.driver, north(metres))).status == 204
    read = world.house.db.reading
    assert await read(lambda reader: travelled(reader, one.case_no)) == 600 + 2 * 20
    assert len(await read(lambda reader: drawn(reader, one.case_no))) == 5
    assert await read(lambda reader: travelled(reader, "DC-nobody")) is None
    exported = (await one.passenger.get("/v1/me/export")).body.decode()
    assert "行车轨迹" in exported and one.case_no in exported
    later(world, 8 * 24 * 3600)
    await tracks.sweep(world.house)
    assert await read(lambda reader: travelled(reader, one.case_no)) is None


async def test_a_line_that_gets_too_long_keeps_its_metres_and_both_its_ends(world: World) -> None:
    one = await riding(world)
    rules = replace(world.house.settings.positions, track_points=10)
    for number in range(60):
        later(world, 5)
        row = made(one.driver.id, report(north(25 * number)), one.case_no, None, world.clock.now(), rules)
        await world.house.db.alone(lambda tx, row=row: note(tx, one.case_no, row, rules))
    read = world.house.db.reading
    assert await read(lambda reader: travelled(reader, one.case_no)) == 59 * 25
    line = await read(lambda reader: drawn(reader, one.case_no))
    assert 3 <= len(line) <= 10 and line[0] == north(0) and line[-1] == north(59 * 25)
    assert line == sorted(line, key=lambda spot: spot.lat)


async def test_with_the_end_of_duty_it_is_forgotten_where_they_are_but_not_in_the_middle_of_a_ride(
    world: World,
) -> None:
    free, busy = await driver(world), (await riding(world)).driver
    here = Spot(110.4, 39.4)
    for one in (free, busy):
        assert (await put(one, here)).status == 204
        await world.house.db.atomically(lambda tx, one=one: drivers.go_off_duty(tx, one.id))
    assert [who for who, _ in await nearby(world, here)] == [busy.id]
    ride_no = (await world.house.db.reading(lambda reader: drivers.of(reader, busy.id))).ride_no
    await world.house.db.atomically(lambda tx: drivers.free(tx, busy.id, ride_no or ""))
    assert await nearby(world, here) == []
