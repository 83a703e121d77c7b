"""Open pages hear of changes: whose case it is decides who hears, and nothing but its number and version is told."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace
from tornado.iostream import IOStream, StreamClosedError
from tornado.tcpclient import TCPClient

from schemas.staff import Grant
from server.cases import CASES
from server.kit.db import Change
from server.live import Live, Watcher, Whose
from server.sessions import Actor
from server.staff import STAFF, Staff
from tests.browser import Browser, logged_in
from tests.houses import next_door
from tests.world import Person, World


class Line:
    """A line of server-sent events as a browser reads it."""

    def __init__(self, stream: IOStream, status: int, headers: str) -> None:
        self.stream = stream
        self.status = status
        self.headers = headers.lower()
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.over = asyncio.Event()
        self.beats = 0

    async def read(self) -> None:
        event = ""
        try:
            while True:
                line = (await self.stream.read_until(b"\n")).decode().rstrip("\r\n")
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    self.told.append((event, json.loads(line.removeprefix("data: "))))
                elif line.startswith(":"):
                    self.beats += 1
        except StreamClosedError:
            self.over.set()

    def cases(self) -> dict[str, int]:
        """The last version told of each case."""
        return {one["case_no"]: one["version"] for event, one in self.told if event == "case"}

    async def hears(self, case_no: str, version: int) -> None:
        await wait(lambda: self.cases().get(case_no, 0) >= version, f"{case_no} at {version}: {self.told}")

    async def hears_a(self, event: str) -> None:
        await wait(lambda: any(one == event for one, _ in self.told), f"{event}: {self.told}")


async def wait(true: Any, what: str) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


async def opened(world: World, person: Person) -> Line:
    """The answer's first lines; the caller reads on."""
    browser = Browser(world, person.token)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    address = urlsplit(world.url)
    stream = await TCPClient().connect(address.hostname or "", address.port or 0)
    await stream.write(f"GET /console/live HTTP/1.1\r\nHost: here\r\nCookie: {cookies}\r\n\r\n".encode())
    head = (await stream.read_until(b"\r\n\r\n")).decode()
    return Line(stream, int(head.split()[1]), head)


@asynccontextmanager
async def line(world: World, person: Person) -> AsyncIterator[Line]:
    one = await opened(world, person)
    assert one.status == 200, one.headers
    reading = asyncio.create_task(one.read())
    try:
        yield one
    finally:
        one.stream.close()
        await reading


async def test_a_change_is_told_with_number_and_version_and_nothing_else(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    async with line(world, shop.manager) as heard:
        case_no = (await shop.booked(resident, note="请轻一点敲门"))["case_no"]
        await heard.hears(case_no, 1)
        await shop.manager.act(case_no, "confirm")
        await heard.hears(case_no, 2)
        assert "text/event-stream" in heard.headers and "x-accel-buffering: no" in heard.headers
        for event, told in heard.told:
            assert set(told) == ({"case_no", "version"} if event == "case" else set())


async def test_everybody_hears_of_what_they_may_see_and_of_nothing_else(world: World) -> None:
    shop, other, resident = await world.shop(), await world.shop(), await world.resident()
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))
    far_clerk = await world.staff(Grant(role="clerk", community_id="elsewhere"))
    colleague = await world.staff(Grant(role="worker", provider_id=shop.provider_id))
    auditor = await world.staff(Grant(role="accountant"))
    hearing, deaf = (
        (shop.manager, shop.worker, clerk, shop.dispatcher),
        (other.manager, far_clerk, colleague, auditor),
    )
    async with Lines(world, (*hearing, *deaf)) as lines:
        mine = (await shop.brought_to("assigned", resident))["case_no"]
        theirs = (await other.booked(resident))["case_no"]
        for one in lines[: len(hearing)]:
            await one.hears(mine, 3)
        await lines[len(hearing)].hears(theirs, 1)
        assert theirs in lines[2].cases() and theirs in lines[3].cases()
        assert theirs not in lines[0].cases() and theirs not in lines[1].cases()
        for one in lines[len(hearing) :]:
            assert mine not in one.cases()


class Lines:
    """Several people's lines at once."""

    def __init__(self, world: World, people: tuple[Person, ...]) -> None:
        self.world, self.people = world, people
        self.kept: list[Any] = []

    async def __aenter__(self) -> list[Line]:
        self.kept = [line(self.world, one) for one in self.people]
        return [await one.__aenter__() for one in self.kept]

    async def __aexit__(self, *_: object) -> None:
        for one in self.kept:
            await one.__aexit__(None, None, None)


async def test_whoever_loses_a_case_hears_that_their_lists_changed_and_no_more_of_it(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    had = await shop.brought_to("assigned", resident)
    case_no = had["case_no"]
    await Browser(world, shop.worker.token).get(f"/console/cases/{case_no}")
    async with line(world, shop.worker) as heard:
        await shop.worker.act(case_no, "decline", reason="车坏了")
        await heard.hears_a("box")
        await shop.dispatcher.act(case_no, "cancel")
        async with line(world, shop.dispatcher) as other:
            again = (await shop.booked(resident))["case_no"]
            await other.hears(again, 1)
        assert heard.cases().get(case_no, 0) <= had["version"], (
            "what was done while it was still theirs may come late"
        )


def test_what_a_page_has_shown_outlasts_an_older_change_that_comes_late() -> None:
    """The stream may tell of a case after a page has shown it and before that page's line is open."""
    told: dict[str, Any] = {}
    follower: Any = SimpleNamespace(listen=lambda name, change, *missed: told.__setitem__(name, change))
    worker = Actor("staff", "worker", grants=(Grant(role="worker", provider_id="p"),))
    live = Live(follower, lambda session_id: worker, per_member=1, per_process=1)
    place = SimpleNamespace(community_id="c", compound_id="h")
    theirs = SimpleNamespace(id="worker")
    view: Any = SimpleNamespace(
        case_no="HB-1", place=place, provider=SimpleNamespace(id="p"), worker=theirs, version=3
    )
    live.shown(view)
    told[CASES.name](Change(CASES.name, "HB-1", "update", None, {"worker_id": "worker", "version": 3}))
    with live.watch(worker) as watcher:
        told[CASES.name](Change(CASES.name, "HB-1", "update", None, {"worker_id": None, "version": 4}))
        assert watcher.taken(worker).box


async def test_a_message_is_told_though_the_case_stays_as_it_is(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    async with line(world, shop.manager) as heard:
        said = await resident.post(f"/v1/cases/{case_no}/messages", {"text": "门铃坏了"})
        assert said.status == 201
        await heard.hears(case_no, 1)
        assert "门铃" not in str(heard.told)


async def test_a_change_costs_one_look_for_all_pages_and_none_where_memory_knows(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    live = world.house.live
    async with Lines(world, (shop.manager, shop.dispatcher, shop.manager)) as lines:
        reads = live.reads
        await resident.post(f"/v1/cases/{case_no}/messages", {"text": "一"})
        for one in lines:
            await one.hears(case_no, 1)
        assert live.reads - reads <= 1
        reads = live.reads
        await shop.manager.act(case_no, "confirm")
        await resident.post(f"/v1/cases/{case_no}/messages", {"text": "二"})
        for one in lines:
            await one.hears(case_no, 2)
        assert live.reads == reads


async def test_a_grant_that_is_taken_away_is_felt_at_once(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))
    async with line(world, clerk) as heard, line(world, shop.manager) as other:
        first = (await shop.booked(resident))["case_no"]
        await heard.hears(first, 1)
        await world.put(STAFF, Staff(id=clerk.id, name="王芳", grants=[], skills=[]))
        second = (await shop.booked(resident))["case_no"]
        await other.hears(second, 1)
        assert second not in heard.cases()


async def test_a_logout_ends_the_line_and_so_does_the_end_of_the_session(world: World) -> None:
    shop = await world.shop()
    async with line(world, shop.manager) as heard:
        browser = Browser(world, shop.manager.token)
        await browser.press(await browser.get("/console/me"), "/console/logout")
        await heard.hears_a("over")
        await asyncio.wait_for(heard.over.wait(), 10)
    settings = world.house.settings
    own = {"live": replace(settings.live, heartbeat_s=0.05), "http": replace(settings.http, idle_s=60.0)}
    async with next_door(world, **own) as house, line(house, shop.dispatcher) as heard:
        await wait(lambda: heard.beats > 1, "a heartbeat")
        world.clock.advance(timedelta(hours=13))
        await heard.hears_a("over")
        await asyncio.wait_for(heard.over.wait(), 10)


async def test_a_page_that_looks_by_itself_keeps_no_login_alive(world: World) -> None:
    shop = await world.shop()
    idle = timedelta(minutes=world.house.settings.sessions.console_idle_minutes)
    signed_in = await logged_in(world, shop.manager.id)
    world.clock.advance(idle * 0.7)
    assert (await signed_in.get("/console", {"X-Watch": "1"})).status == 200
    world.clock.advance(idle * 0.7)
    assert (await signed_in.get("/console", {"X-Watch": "1"})).status == 302


async def test_nobody_without_a_login_and_no_resident_gets_a_line(world: World) -> None:
    resident = await world.resident()
    assert (await opened(world, replace(resident, token="nobody"))).status == 401
    assert (await opened(world, resident)).status in (401, 403)


async def test_lines_are_counted_for_each_member_and_for_the_process(world: World) -> None:
    shop = await world.shop()
    own = replace(world.house.settings.live, per_member=2, per_process=3)
    async with next_door(world, live=own) as house:
        async with Lines(house, (shop.manager, shop.manager)):
            assert (await opened(house, shop.manager)).status == 429
            async with line(house, shop.worker):
                assert (await opened(house, shop.dispatcher)).status == 503
        await wait(lambda: len(house.house.live) == 0, "all lines closed")
        async with line(house, shop.manager):
            assert len(house.house.live) == 1


async def test_a_page_that_does_not_read_is_cut_off_and_others_still_hear(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    own = replace(world.house.settings.live, slow_s=0.2, heartbeat_s=0.001)
    async with next_door(world, live=own) as house:
        stuck = await opened(house, shop.manager)
        assert stuck.status == 200
        await wait(lambda: len(house.house.live) == 1, "a line")
        stuck.stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        async with line(house, shop.dispatcher) as heard:
            for one in house.house.live._watchers.values():
                if one.member == shop.manager.id:
                    one._cases = {f"HB-{number}": 1 for number in range(400_000)}
                    one._wake.set()
            await wait(lambda: len(house.house.live) == 1, "the stuck line is gone")
            case_no = (await shop.booked(resident))["case_no"]
            await heard.hears(case_no, 1)
        stuck.stream.close()


async def test_a_process_that_leaves_ends_its_lines_at_once(world: World) -> None:
    shop = await world.shop()
    async with next_door(world) as house:
        one = await opened(house, shop.manager)
        reading = asyncio.create_task(one.read())
        await wait(lambda: len(house.house.live) == 1, "a line")
    await asyncio.wait_for(one.over.wait(), 5)
    await reading
    assert ("over", {}) not in one.told


async def test_many_changes_become_one_word_for_a_page_that_is_behind(world: World) -> None:
    somebody = Actor("staff", "somebody", grants=(Grant(role="dispatcher"),))
    whose = Whose(None, None, None, None, 1)
    for known in (somebody, None):
        watcher = Watcher(somebody)
        for number in range(500):
            watcher.tell(f"HB-{number}", None, whose, known)
        assert await watcher.wakes(1)
        news = watcher.taken(somebody)
        assert news.box and len(news.cases) <= 50
        watcher.end()
        assert not await watcher.wakes(1)


async def test_a_visit_that_waits_for_a_worker_is_told_when_it_has_got_to_the_board(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    await world.work()
    async with line(world, shop.dispatcher) as heard:
        confirmed = (await shop.manager.act(case_no, "confirm")).json["version"]
        await heard.hears(case_no, confirmed)
        heard.told.clear()
        await world.work()
        await heard.hears(case_no, confirmed)
        assert heard.cases() == {case_no: confirmed}, "the case itself is as it was"


async def test_whoever_writes_announcements_hears_that_there_is_another_one_and_nobody_else(
    world: World,
) -> None:
    desk, writer = await world.staff(Grant(role="operator")), await world.staff(Grant(role="admin"))
    auditor = await world.staff(Grant(role="accountant"))
    async with Lines(world, (desk, auditor)) as lines:
        draft = {"audience": {"kind": "street"}, "title": "停水通知", "text": "明天上午停水。"}
        assert (await writer.post("/v1/staff-announcements", draft)).status == 201
        await lines[0].hears_a("box")
        assert lines[1].told == []
