"""The car of a ride is followed on a line: by whom, from when to when, and by nobody else."""

import asyncio
import socket
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from schemas.staff import Grant
from server.drivers import DRIVERS, Driver
from server.proxies import PROXIES, Proxy
from tests.houses import next_door
from tests.riding import SQUARE, Riding, driver, later, line, north, opened, put, refused, riding
from tests.world import World, unique

COVERS = {("GET", "/v1/rides/{case_no}/live")}


async def wait(true: Any, what: str) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


async def test_the_passenger_sees_the_car_come_and_hears_when_the_ride_goes_on_and_ends(world: World) -> None:
    one = await riding(world)
    await put(one.driver, north(800))
    async with line(world, one.live, one.passenger.token) as heard:
        first = await heard.at(north(800))
        assert (first["stage"], first["goal"], first["late"]) == ("accepted", "pickup", False)
        assert first["metres_left"] == 1080 and first["eta_s"] == 162, (
            "by road: a third farther, at 24 km an hour"
        )
        assert first["text"] == "车离上车点还有约 1.1 公里，预计 3 分钟"
        later(world, 30)
        await put(one.driver, north(300), heading=180)
        assert (await heard.at(north(300)))["heading"] == 180
        await one.becomes("arrived")
        assert (await heard.hears(lambda told: told["stage"] == "arrived"))["text"] == "车已到上车点，请上车"
        await one.becomes("on_board")
        assert (await heard.hears(lambda told: told["stage"] == "on_board"))["goal"] == "dropoff"
        await one.becomes("completed")
        assert "行程已结束" in await heard.closed(4410)
    assert await refused(world, one.live, one.passenger.token) == (409, "ride_not_followed")


async def test_who_may_read_the_ride_may_follow_it_and_nobody_else(world: World) -> None:
    one, other = await riding(world), await riding(world)
    stranger = await world.resident()
    dispatcher = await world.staff(Grant(role="dispatcher"))
    accountant = await world.staff(Grant(role="accountant"))
    for somebody in (one.passenger, dispatcher):
        async with line(world, one.live, somebody.token) as heard:
            await heard.hears(lambda told: told["case_no"] == one.case_no)
    for somebody in (stranger, other.passenger, other.driver, accountant):
        assert await refused(world, one.live, somebody.token) == (404, "case_not_found")
    assert await refused(world, one.live, None) == (401, "unauthorized")
    assert await refused(world, one.live, "made-up") == (401, "session_expired")
    plain = await one.passenger.get(one.live)
    assert (plain.status, plain.code) == (400, "line_expected")
    asked = await world.call("GET", f"/v1/rides/{one.case_no}/position", token=stranger.token)
    assert asked.code == "case_not_found"


async def test_before_a_driver_has_accepted_nothing_is_to_be_seen(world: World) -> None:
    one = await riding(world, "requested")
    await put(one.driver, SQUARE)
    assert await refused(world, one.live, one.passenger.token) == (409, "ride_not_followed")
    asked = await one.passenger.get(f"/v1/rides/{one.case_no}/position")
    assert (asked.status, asked.code) == (409, "ride_not_followed")
    await one.becomes("accepted")
    seen = await one.passenger.get(f"/v1/rides/{one.case_no}/position")
    assert seen.json["spot"] == {"lng": SQUARE.lng, "lat": SQUARE.lat} and seen.json["poll_s"] == 3
    later(world, 40)
    stale = (await one.passenger.get(f"/v1/rides/{one.case_no}/position")).json
    assert stale["late"] and stale["text"].startswith("40 秒前")


async def test_a_client_without_headers_sends_its_token_as_a_subprotocol(world: World) -> None:
    one = await riding(world)
    made = await opened(world, one.live, None, ["hoelun", f"bearer.{one.passenger.token}"])
    assert made.selected_subprotocol == "hoelun"
    assert await made.read_message()
    made.close()


async def test_a_logout_ends_the_line(world: World) -> None:
    one = await riding(world)
    async with line(world, one.live, one.passenger.token) as heard:
        await heard.hears(lambda told: True)
        assert (await one.passenger.delete("/v1/sessions/current")).status == 204
        assert await heard.closed(4401) == "登录已结束"


async def test_a_login_that_runs_out_ends_the_line_and_a_quiet_line_shows_that_it_holds(world: World) -> None:
    one = await riding(world)
    own = replace(world.house.settings.positions, heartbeat_s=0.05)
    async with (
        next_door(world, positions=own) as house,
        line(house, one.live, one.passenger.token) as heard,
    ):
        await wait(lambda: len(heard.told) > 2, "heartbeats")
        world.clock.advance(timedelta(days=31))
        await heard.closed(4401)


async def test_when_another_driver_takes_over_the_line_follows_the_new_car(world: World) -> None:
    one = await riding(world)
    second = await driver(world)
    await put(one.driver, north(500))
    await put(second, north(2000))
    async with line(world, one.live, one.passenger.token) as heard:
        await heard.at(north(500))
        await one.becomes("accepted", second)
        await heard.at(north(2000))
        first = (await riding(world)).driver
        later(world, 10)
        assert (await put(first, north(700))).status == 204
        await put(second, north(1900))
        await heard.at(north(1900))
        assert north(700).lat not in [told["spot"]["lat"] for told in heard.told]


async def test_a_position_reported_at_one_process_is_seen_at_another(world: World) -> None:
    one = await riding(world)
    async with (
        next_door(world) as house,
        line(house, one.live, one.passenger.token) as heard,
    ):
        for metres in (900, 850, 800):
            later(world, 2)
            assert (await put(one.driver, north(metres))).status == 204
            await heard.at(north(metres))


async def test_everybody_gets_the_positions_of_their_own_ride_and_of_no_other(world: World) -> None:
    rides = [await riding(world) for _ in range(40)]
    async with Lines(world, rides) as lines:
        for step in range(3):
            later(world, 2)
            here = [north(100 * number + step) for number in range(len(rides))]
            await asyncio.gather(*(put(one.driver, spot) for one, spot in zip(rides, here, strict=True)))
            for heard, spot in zip(lines, here, strict=True):
                await heard.at(spot)
        for number, (one, heard) in enumerate(zip(rides, lines, strict=True)):
            own = {north(100 * number + step).lat for step in range(3)}
            assert {told["case_no"] for told in heard.told} == {one.case_no}
            assert {told["spot"]["lat"] for told in heard.told if told["spot"]} == own
            assert len(heard.told) <= 6, "nobody is woken by others' cars"


class Lines:
    """The passengers' lines of several rides at once."""

    def __init__(self, world: World, rides: list[Riding]) -> None:
        self.kept = [line(world, one.live, one.passenger.token) for one in rides]

    async def __aenter__(self) -> list[Any]:
        return [await one.__aenter__() for one in self.kept]

    async def __aexit__(self, *_: object) -> None:
        for one in self.kept:
            await one.__aexit__(None, None, None)


async def test_nothing_goes_up_the_line(world: World) -> None:
    one = await riding(world)
    async with line(world, one.live, one.passenger.token) as heard:
        await heard.socket.write_message("hello")
        assert await heard.closed(1003) == "这条线只往下发"
    async with line(world, one.live, one.passenger.token) as heard:
        await heard.socket.write_message("x" * 300)
        await heard.closed(1009)
    async with line(world, one.live, one.passenger.token) as heard:
        stream = heard.socket.protocol.stream
        await stream.write(b"\xff\xff garbage that is no frame at all")
        async with asyncio.timeout(10):
            await heard.over.wait()
    await wait(lambda: len(world.house.onlookers) == 0, "all lines are gone")


async def test_lines_are_counted_for_each_member_and_for_the_process(world: World) -> None:
    one, other = await riding(world), await riding(world)
    own = replace(world.house.settings.positions, per_member=1, per_process=2)
    async with next_door(world, positions=own) as house:
        async with line(house, one.live, one.passenger.token):
            assert await refused(house, one.live, one.passenger.token) == (429, "followers_too_many")
            async with line(house, other.live, other.passenger.token):
                third = await riding(world)
                assert await refused(house, third.live, third.passenger.token) == (503, "lines_too_many")
        await wait(lambda: len(house.house.onlookers) == 0, "all lines closed")
        async with line(house, one.live, one.passenger.token) as heard:
            await heard.hears(lambda told: True)


async def test_who_does_not_read_is_cut_off_and_others_still_hear(world: World) -> None:
    one = await riding(world)
    own = replace(world.house.settings.positions, slow_s=0.2, heartbeat_s=30)
    async with next_door(world, positions=own) as house:
        stuck = await opened(house, one.live, one.passenger.token)
        stuck.protocol.stream.io_loop.remove_handler(stuck.protocol.stream.socket)
        stuck.protocol.stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        dispatcher = await world.staff(Grant(role="dispatcher"))
        async with line(house, one.live, dispatcher.token) as heard:
            await heard.hears(lambda told: True)
            lines = house.house.onlookers
            [slow] = [each for each in lines._all if each.member == f"resident:{one.passenger.id}"]
            real = lines.told

            async def large(trip: Any) -> bytes:
                return (await real(trip))[:-1] + b" " * 30_000_000 + b"}"

            lines.told = large
            slow.tell()
            await asyncio.sleep(0.05)
            lines.told = real
            await wait(lambda: len(lines) == 1, "the stuck line is gone")
            await put(one.driver, north(100))
            await heard.at(north(100))


async def test_a_process_that_leaves_says_when_to_come_back(world: World) -> None:
    one = await riding(world)
    async with next_door(world) as house:
        async with line(house, one.live, one.passenger.token) as heard:
            await heard.hears(lambda told: True)
            house.house.lifecycle.draining = True
            reason = await heard.closed(1001)
            assert 1000 <= int(reason.removeprefix("again_ms=")) < 2000
        house.house.lifecycle.draining = False


async def test_off_duty_nobody_reports_where_they_are(world: World) -> None:
    me = await driver(world, on_duty=False)
    reply = await put(me, SQUARE)
    assert (reply.status, reply.code) == (409, "not_on_duty")
    await world.put(DRIVERS, Driver(id=me.id, on_duty=True))
    assert (await put(me, SQUARE)).status == 204, "at once, whatever memory has heard of"


async def test_who_holds_the_passengers_proxy_follows_until_it_is_taken_back(world: World) -> None:
    one, daughter, now = await riding(world), await world.resident(), world.clock.now()
    proxy = Proxy(
        id=unique("proxy"),
        principal_id=one.passenger.id,
        principal_name="王桂英",
        holder_id=daughter.id,
        scopes=["bookings"],
        code_expires_at=now,
        created_at=now,
        accepted_at=now,
        expires_at=now + timedelta(days=9),
    )
    await world.put(PROXIES, proxy)
    async with line(world, one.live, daughter.token) as heard:
        await heard.hears(lambda told: True)
        await world.put(PROXIES, replace(proxy, revoked_at=now))
        await heard.closed(4404)
