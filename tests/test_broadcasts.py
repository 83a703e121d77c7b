"""Broadcasts: an announcement gets into every inbox it is for, onto phones that agreed, and can be stopped."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from server.broadcasts import BROADCASTS, CHUNKS, PLANNING, WRITING, Broadcast, Chunk, planning
from server.credits import CREDITS, Credit, credit_id
from server.kit.clock import SHANGHAI
from server.kit.db import Collection
from server.push import MESSAGES, Message
from server.residents import RESIDENTS, Resident
from tests.bench.lists import Profiler, problems
from tests.doors import Happy, Visit
from tests.test_announcements import (
    MINE,
    act,
    clerk,
    community,
    compound,
    drafted,
    elsewhere,
    ids_of,
    operator,
    published,
)
from tests.world import Person, World, unique

ANNOUNCED, TEMPLATE = "tmpl-announcement-new", "announcement_new"
ONE = "/v1/broadcasts/{broadcast_id}"


async def agreed(who: Person, times: int = 1) -> None:
    """They have tapped allow, and the phone has told us."""
    for _ in range(times):
        await who.world.control("subscribe", openid=who.openid, template_id=ANNOUNCED, result="accept")
        await who.post("/v1/subscriptions", {"results": {ANNOUNCED: "accept"}})


async def received(who: Person) -> list[Any]:
    found: list[Any] = (await who.world.told("messages", openid=who.openid))["items"]
    return found


async def inbox(who: Person) -> list[Any]:
    items: list[Any] = (await who.get("/v1/inbox")).json["items"]
    return items


async def crowd(world: World, number: int, **more: Any) -> list[str]:
    """So many residents of the compound, who never open the program; their ids in order."""
    made = [
        Resident(
            id=unique("crowd"),
            openid=unique("crowd-openid"),
            household={"compound_id": world.compound, "room": ""},  # type: ignore[arg-type]
            community_id=world.community,
            created_at=world.clock.now(),
            **more,
        )
        for _ in range(number)
    ]
    await world.put(RESIDENTS, *made)
    return sorted(one.id for one in made)


async def messages(world: World, broadcast_id: str) -> list[Message]:
    return await world.house.db.reading(
        lambda reader: reader.all(MESSAGES, {"broadcast_id": broadcast_id}, limit=1000)
    )


async def chunks(world: World, broadcast_id: str) -> list[Chunk]:
    return await world.house.db.reading(
        lambda reader: reader.all(CHUNKS, {"broadcast_id": broadcast_id}, limit=1000)
    )


async def stored(world: World, broadcast_id: str) -> Broadcast:
    found = await world.house.db.reading(lambda reader: reader.get(BROADCASTS, broadcast_id))
    assert found is not None
    return found


async def shown(who: Person, broadcast_id: str) -> Any:
    reply = await who.get(f"/v1/broadcasts/{broadcast_id}")
    assert reply.status == 200, reply.body
    return reply.json


@asynccontextmanager
async def chunks_of(world: World, size: int) -> AsyncIterator[None]:
    """A street whose chunks are so small."""
    settings = world.house.settings
    world.house.settings = replace(settings, push=replace(settings.push, chunk=size))
    try:
        yield
    finally:
        world.house.settings = settings


async def only(world: World, *names: str) -> None:
    """Let a worker do what is due in these queues alone."""
    worker = world.house.worker()
    for name in names:
        [queue] = [one for one in worker.queues if one.name == name]
        await queue.run_due(world.house.db, "test", world.house.metrics)


# Four ways through each door (tests/test_endpoints.py).


def at_desk(what: str, *before: str) -> Any:
    async def visit(world: World) -> Visit:
        who = await clerk(world)
        await crowd(world, 1)
        made = await published(who, community(world))
        await only(world, "broadcasts")
        path = f"/v1/broadcasts/{made['id']}.1"
        for each in before:
            assert (await who.post(f"{path}/{each}")).status == 200
        there, _ = await elsewhere(world)
        body = {} if what else None
        return Visit(who=who, path=path + what, body=body, stranger=await clerk(world, there))

    return visit


HAPPY: Happy = {
    ("GET", ONE): at_desk(""),
    ("POST", ONE + "/pause"): at_desk("/pause"),
    ("POST", ONE + "/resume"): at_desk("/resume", "pause"),
    ("POST", ONE + "/stop"): at_desk("/stop"),
}


# Whom it reaches.


async def test_what_is_published_is_in_every_inbox_and_on_the_phones_of_those_who_agreed(
    world: World,
) -> None:
    first, second = await world.resident(), await world.resident()
    await agreed(first)
    made = await published(await operator(world), community(world))

    await world.work()

    assert [one["delivery"] for one in await inbox(first)] == ["sent"]
    assert [one["delivery"] for one in await inbox(second)] == ["no_credit"]
    [message] = await inbox(second)
    assert message["page"] == f"packages/announcements/pages/announcement/index?id={made['id']}"
    assert message["text"] == "周三停水：上午九点到下午五点停水，请先存水。"
    [told] = await received(first)
    assert told["page"] == message["page"] and "周三停水" in str(told) and "绿苑社区" not in str(told)
    assert not await received(second)


@pytest.mark.parametrize("kind", ["street", "community", "compound"])
async def test_each_audience_is_reached_and_nobody_else(world: World, kind: str) -> None:
    there, yard = await elsewhere(world)
    near = await world.resident()
    next_door = unique("yard")
    await crowd(world, 1)
    far = await world.resident(household={"compound_id": yard, "room": ""})
    audience = {"street": {"kind": "street"}, "community": community(world), "compound": compound(world)}[
        kind
    ]
    made = await published(await operator(world), audience)

    await world.work()

    told = {one.resident_id for one in await messages(world, f"{made['id']}.1")}
    assert near.id in told and (far.id in told) == (kind == "street"), next_door
    assert len(told) == (2 if kind != "street" else len(told)) and there not in told


async def test_one_that_is_not_to_go_to_phones_is_in_no_inbox(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    made = await drafted(window, community(world))
    assert (await act(window, made["id"], "publish", push=False)).status == 200
    await world.work()
    assert await inbox(resident) == [] and made["id"] in await ids_of(resident)
    assert (await window.get(f"/v1/broadcasts/{made['id']}.1")).code == "broadcast_not_found"


async def test_a_long_term_template_needs_no_credit(world: World) -> None:
    await crowd(world, 3)
    made = await published(await clerk(world), community(world))
    settings = world.house.settings
    world.house.settings = replace(settings, push=replace(settings.push, long_term=[TEMPLATE]))
    try:
        await only(world, "broadcasts", "broadcast_chunks")
    finally:
        world.house.settings = settings
    assert {one.delivery for one in await messages(world, f"{made['id']}.1")} == {"queued"}


async def test_who_moves_or_leaves_after_it_was_planned_gets_nothing_and_who_stays_does(world: World) -> None:
    stays, moves, leaves = await world.resident(), await world.resident(), await world.resident()
    _, yard = await elsewhere(world)
    made = await published(await clerk(world), community(world))
    await only(world, "broadcasts")
    await moves.patch("/v1/me", {"household": {"compound_id": yard, "room": ""}})
    assert (await leaves.delete("/v1/me")).status in (200, 204)

    await world.work()

    assert [one.resident_id for one in await messages(world, f"{made['id']}.1")] == [stays.id]


# When.


async def test_a_scheduled_one_begins_at_its_time(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    made = await drafted(window, community(world))
    at = world.clock.now() + timedelta(hours=2)
    await act(window, made["id"], "publish", at=at.isoformat())
    await world.work()
    assert await inbox(resident) == []
    seen = await shown(window, f"{made['id']}.1")
    assert (seen["state"], [one["name"] for one in seen["actions"]]) == ("waiting", ["stop"])

    world.clock.set(at)
    await world.work()

    assert len(await inbox(resident)) == 1


@pytest.mark.parametrize(("importance", "delivery"), [("normal", "queued"), ("urgent", "sent")])
async def test_in_the_night_only_what_is_urgent_reaches_phones_and_the_inbox_has_both(
    world: World, importance: str, delivery: str
) -> None:
    window, resident = await clerk(world), await world.resident()
    await agreed(resident)
    made = await drafted(window, community(world))
    night = datetime.combine(world.clock.now().astimezone(SHANGHAI), time(23, 30), SHANGHAI)
    await act(window, made["id"], "publish", at=night.isoformat(), importance=importance)

    world.clock.set(night)
    await world.work()

    assert [one["delivery"] for one in await inbox(resident)] == [delivery]
    world.clock.set(night + timedelta(hours=8, minutes=30))
    await world.work()
    assert [one["delivery"] for one in await inbox(resident)] == ["sent"]
    assert len(await received(resident)) == 1


async def test_what_was_held_back_tells_nobody_and_can_be_published_again(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    made = await drafted(window, community(world))
    await act(window, made["id"], "publish", at=world.at(9))
    await act(window, made["id"], "hold-back")
    world.clock.advance(timedelta(days=2))
    await world.work()
    assert await inbox(resident) == []
    window = await world.sign_in(window.id)
    assert (await act(window, made["id"], "publish")).status == 200
    await world.work()
    assert len(await inbox(resident)) == 1


# Killed anywhere.


async def leased(world: World, collection: Collection[Any], where: dict[str, Any]) -> Any:
    """Taken by a worker that does nothing with it: it sleeps, or has been killed."""
    how = {"$set": {"due_at": world.clock.now() + timedelta(seconds=30)}, "$inc": {"fence": 1, "attempts": 1}}
    taken = await world.house.db.alone(lambda tx: tx.take(collection, where, how))
    assert taken is not None
    return taken


async def test_a_planner_that_is_killed_between_chunks_is_followed_by_another(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await crowd(world, 10)
    made = await published(await clerk(world), community(world))
    broadcast_id, house = f"{made['id']}.1", world.house
    async with chunks_of(world, 3):
        with monkeypatch.context() as patched:
            patched.setattr(planning, "_AT_ONCE", 1)
            await PLANNING.work(house, await leased(world, BROADCASTS, {"_id": broadcast_id}))
        assert [one.upto for one in await chunks(world, broadcast_id)] == [people[2]]
        asleep = await leased(world, BROADCASTS, {"_id": broadcast_id})
        await world.work()
        assert len(await messages(world, broadcast_id)) == 3
        world.clock.advance(timedelta(minutes=1))

        await world.work()

        assert sorted(one.resident_id for one in await messages(world, broadcast_id)) == people
        await PLANNING.work(house, asleep)
        await world.work()
        assert len(await messages(world, broadcast_id)) == 10


async def test_a_chunk_whose_worker_is_killed_is_written_by_another_and_by_nobody_twice(world: World) -> None:
    people = await crowd(world, 7)
    made = await published(await clerk(world), community(world))
    broadcast_id, house = f"{made['id']}.1", world.house
    async with chunks_of(world, 3):
        await only(world, "broadcasts")
        asleep = await leased(world, CHUNKS, {"broadcast_id": broadcast_id, "number": 2})
        await world.work()
        assert len(await messages(world, broadcast_id)) == 4
        assert (await stored(world, broadcast_id)).state == "running"
        world.clock.advance(timedelta(minutes=1))

        await world.work()

        assert sorted(one.resident_id for one in await messages(world, broadcast_id)) == people
        await WRITING.work(house, asleep)
        assert len(await messages(world, broadcast_id)) == 7


async def test_two_workers_at_once_reach_everybody_once(world: World) -> None:
    people = await crowd(world, 60)
    await world.put(
        CREDITS,
        *(
            Credit(id=credit_id(one.openid, TEMPLATE), count=1, updated_at=world.clock.now())
            for one in await everybody(world, people)
        ),
    )
    for one in await everybody(world, people):
        await world.control("subscribe", openid=one.openid, template_id=ANNOUNCED, result="accept")
    made = await published(await clerk(world), community(world))
    async with chunks_of(world, 7):
        await asyncio.gather(world.work(), world.work())
        await world.work()
    found = await messages(world, f"{made['id']}.1")
    assert sorted(one.resident_id for one in found) == people
    assert Counter(one.delivery for one in found) == {"sent": 60}
    for one in await everybody(world, people):
        shown = (await world.told("messages", openid=one.openid))["items"]
        assert len(shown) == 1


async def everybody(world: World, ids: list[str]) -> list[Resident]:
    return await world.house.db.reading(
        lambda reader: reader.all(RESIDENTS, {"_id": {"$in": ids}}, limit=len(ids))
    )


async def test_an_alarm_is_written_before_what_others_still_have_to_write(world: World) -> None:
    await crowd(world, 6)
    window = await clerk(world)
    async with chunks_of(world, 2):
        usual = await published(window, community(world))
        await only(world, "broadcasts")
        world.clock.advance(timedelta(minutes=5))
        alarm = await drafted(window, community(world))
        await act(window, alarm["id"], "publish", importance="urgent")
        await only(world, "broadcasts")
    waiting = [*await chunks(world, f"{usual['id']}.1"), *await chunks(world, f"{alarm['id']}.1")]
    in_turn = sorted((one for one in waiting if one.due_at), key=lambda one: one.due_at)
    assert [one.broadcast_id[:-2] for one in in_turn] == [alarm["id"]] * 3 + [usual["id"]] * 3

    await world.work()

    for made in (usual, alarm):
        assert (await shown(window, f"{made['id']}.1"))["written"] == 6


async def test_it_is_over_when_nothing_waits_and_its_chunks_are_cleared_away(world: World) -> None:
    await crowd(world, 5)
    window = await clerk(world)
    made = await published(window, community(world))
    await world.work()
    world.clock.advance(timedelta(minutes=1))
    await world.work()
    seen = await shown(window, f"{made['id']}.1")
    assert (seen["state"], seen["written"], seen["no_credit"], seen["actions"]) == ("done", 5, 5, [])
    assert await chunks(world, f"{made['id']}.1") == []


# Numbers, and what is read.


async def test_its_page_counts_what_became_of_whom_and_when_it_will_end(world: World) -> None:
    window, reader = await clerk(world), await world.resident()
    await agreed(reader)
    await crowd(world, 3)
    made = await published(window, community(world))
    await world.work()
    await reader.post(f"{MINE}/{made['id']}/read", {"edition": 1})
    seen = await shown(window, f"{made['id']}.1")
    figures = {name: seen[name] for name in ("total", "written", "sent", "no_credit", "waiting", "read")}
    assert figures == {"total": 4, "written": 4, "sent": 1, "no_credit": 3, "waiting": 0, "read": 1}
    assert seen["ends_at"] is None


async def test_who_opens_the_announcement_has_read_its_message(world: World) -> None:
    resident, other = await world.resident(), await world.resident()
    made = await published(await clerk(world), community(world))
    await world.work()
    await resident.post(f"{MINE}/{made['id']}/read", {"edition": 1})
    assert (await inbox(resident))[0]["read_at"] and not (await inbox(other))[0]["read_at"]


async def test_everything_it_asks_the_database_walks_an_index(world: World) -> None:
    await crowd(world, 30)
    street = await operator(world)
    async with Profiler(world.house.db._handle) as profiler, chunks_of(world, 5):
        for audience in ({"kind": "street"}, community(world), compound(world)):
            made = await published(street, audience)
            await world.work()
            await shown(street, f"{made['id']}.1")
            await act(street, made["id"], "withdraw", reason="测试")
            await world.work()
        looks = await profiler.since()
    ours = {MESSAGES.name, RESIDENTS.name, BROADCASTS.name, CHUNKS.name, CREDITS.name}
    assert not problems("broadcasts", [one for one in looks if one.collection in ours])
    counts = [one for one in looks if "broadcast_id: 1, delivery: 1" in one.plan]
    assert counts and not any(one.examined for one in counts), "messages were read to count them"
    assert RESIDENTS.name in {one.collection for one in looks}
