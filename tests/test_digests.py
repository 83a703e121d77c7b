"""What can wait is told once a day in one message; what has been read by then is not told at all."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from server.kit.clock import SHANGHAI
from server.kit.jobs import Queue
from server.push import BULK, MESSAGES, LeaseLost, Notice, made, templates
from server.push.digests import DIGESTS, Digest, collect, tell
from server.residents import RESIDENTS
from tests.test_push import SUBMITTED, accept, credits_of, deliveries, received, stored
from tests.world import Person, Shop, World

DIGEST = "tmpl-digest"
_KEYS = ("service", "case_no", "time", "state", "tip")


async def set_hour(world: World, hour: int, minute: int = 0) -> None:
    world.clock.set(
        world.clock.now().astimezone(SHANGHAI).replace(hour=hour, minute=minute, second=0, microsecond=0)
    )


async def hour_has_come(world: World) -> None:
    """The hour of today's digest, and the minutes by which people are apart."""
    await set_hour(world, 18, 5)
    await world.work()


async def wanting(world: World, **topics: str) -> Person:
    """A resident who has said how topics are to be told, and accepted two digests."""
    resident = await world.resident()
    reply = await resident.patch("/v1/me", {"preferences": {"topics": topics or {"visits": "digest"}}})
    assert reply.status == 200, reply.body
    for _ in range(2):
        await accept(resident, DIGEST)
    return resident


async def told_of(world: World, resident: Person, shop: Shop | None = None) -> Shop:
    """Something of the topic happens, and is delivered as it is wanted."""
    shop = shop or await world.shop(capacity=9)
    await shop.booked(resident, world.at(10, days=3))
    await world.work()
    return shop


async def kept(world: World, resident: Person) -> list[Digest]:
    where = {"resident_id": resident.id}
    return await world.house.db.reading(lambda reader: reader.all(DIGESTS, where, limit=9, sort="_id"))


async def digests(resident: Person) -> list[dict[str, Any]]:
    """What WeChat has shown of them."""
    return [one for one in await received(resident) if one["template_id"] == DIGEST]


def queue(world: World) -> Queue[Any]:
    return next(one for one in world.house.worker().queues if one.name == "digests")


async def test_a_day_s_messages_are_told_in_one_at_its_hour(world: World) -> None:
    resident = await wanting(world)
    shop = await told_of(world, resident)
    await told_of(world, resident, shop)
    assert await deliveries(resident) == ["digest", "digest"]
    await set_hour(world, 17, 59)
    await world.work()
    assert await received(resident) == []

    await hour_has_come(world)

    [shown] = await digests(resident)
    assert shown["data"]["number2"] == "2"
    assert shown["data"]["thing1"] == "预约提交通知"
    assert shown["page"] == "pages/inbox/index"
    assert await deliveries(resident) == ["sent", "digest", "digest"]
    newest = (await resident.get("/v1/inbox")).json["items"][0]
    assert newest["text"] == "您有 2 条消息还没看：预约提交通知。不着急，有空时看看。"
    assert await credits_of(resident, DIGEST) == (1, "accepted")


async def test_the_next_day_tells_of_its_own_only(world: World) -> None:
    resident = await wanting(world)
    shop = await told_of(world, resident)
    await hour_has_come(world)
    await told_of(world, resident, shop)
    assert len(await digests(resident)) == 1

    world.clock.advance(timedelta(days=1))
    await hour_has_come(world)
    world.clock.advance(timedelta(days=1))
    await hour_has_come(world)

    assert [one["data"]["number2"] for one in await digests(resident)] == ["1", "1"]
    first, second = await kept(world, resident)
    assert (first.told, second.told) == (1, 1)
    assert not set(first.message_ids) & set(second.message_ids)


async def test_what_has_been_read_is_not_told_and_who_has_read_all_hears_nothing(world: World) -> None:
    curious, busy = await wanting(world), await wanting(world)
    shop = await told_of(world, curious)
    for _ in range(2):
        await told_of(world, busy, shop)
    await curious.post("/v1/inbox/read", {})
    newest = (await busy.get("/v1/inbox")).json["items"][0]["id"]
    await busy.post("/v1/inbox/read", {"ids": [newest]})

    await hour_has_come(world)

    assert await digests(curious) == []
    assert await credits_of(curious, DIGEST) == (2, "accepted")
    assert [one["data"]["number2"] for one in await digests(busy)] == ["1"]


async def test_of_two_workers_one_tells(world: World) -> None:
    people = [await wanting(world) for _ in range(3)]
    shop = await told_of(world, people[0])
    for one in people[1:]:
        await told_of(world, one, shop)
    await set_hour(world, 18, 5)

    await asyncio.gather(*(world.house.worker().run_due() for _ in range(2)))
    await world.work()

    assert [len(await digests(one)) for one in people] == [1, 1, 1]


async def test_a_worker_that_dies_while_telling_leaves_it_to_the_next_and_it_is_told_once(
    world: World,
) -> None:
    resident = await wanting(world)
    await told_of(world, resident)
    await set_hour(world, 18, 5)
    taken = await queue(world)._take(world.house.db, "dies")
    assert taken is not None and taken.resident_id == resident.id
    await world.work()
    assert await digests(resident) == []

    world.clock.advance(timedelta(seconds=31))
    await world.work()
    with pytest.raises(LeaseLost):  # it was only slow
        await tell(world.house, taken)
    await world.work()

    assert len(await digests(resident)) == 1
    assert await deliveries(resident) == ["sent", "digest"]


async def test_a_worker_that_dies_before_it_has_settled_a_message_loses_none_and_counts_none_twice(
    world: World,
) -> None:
    resident = await wanting(world)
    shop = await world.shop()
    await shop.booked(resident, world.at(10, days=3))
    queues = {one.name: one for one in world.house.worker().queues}
    events, messages = queues["events"], queues["messages"]
    await events.run_due(world.house.db, "teller", world.house.metrics)
    taken = await messages._take(world.house.db, "dies")
    assert taken is not None
    world.clock.advance(timedelta(seconds=31))
    await world.work()
    rules = world.house.settings.push
    with pytest.raises(LeaseLost):
        await world.house.db.atomically(lambda tx: collect(tx, taken, rules))

    [digest] = await kept(world, resident)
    assert digest.message_ids == [taken.id]


async def test_what_comes_when_the_day_s_has_just_been_told_is_told_the_next_day(world: World) -> None:
    """The clocks of two processes are never quite the same."""
    resident = await wanting(world)
    shop = await told_of(world, resident)
    await hour_has_come(world)
    await set_hour(world, 17, 59)
    await told_of(world, resident, shop)

    today, tomorrow = await kept(world, resident)
    assert today.due_at is None and len(today.message_ids) == 1
    assert tomorrow.due_at is not None and tomorrow.due_at - world.clock.now() > timedelta(days=1)
    assert len(tomorrow.message_ids) == 1


async def test_what_goes_to_thousands_is_collected_and_waits_out_the_night_like_anything_else(
    world: World,
) -> None:
    collecting, asleep = await wanting(world), await wanting(world, visits="now")
    await accept(asleep, SUBMITTED)
    await set_hour(world, 23)
    notice = Notice(text="明天停水", payload=dict.fromkeys(_KEYS, "停水"), page="pages/inbox/index")
    for one in (collecting, asleep):
        resident = await world.house.db.reading(lambda reader, one=one: reader.get(RESIDENTS, one.id))
        assert resident is not None
        template = templates()["booking_submitted"]
        message = made(f"ann-1.1.{one.id}", world.clock.now(), resident, template, notice)
        message.lane, message.broadcast_id = BULK, "ann-1.1"
        await world.put(MESSAGES, message)
    await world.work()

    assert await deliveries(collecting) == ["digest"]
    assert await deliveries(asleep) == ["queued"]
    assert len(await kept(world, collecting)) == 1
    [waiting] = await stored(world, asleep)
    assert waiting.held == "quiet"


async def test_no_wish_about_a_topic_silences_the_digest_itself(world: World) -> None:
    resident = await wanting(world, visits="digest", account="inbox")
    await told_of(world, resident)
    await hour_has_come(world)
    assert len(await digests(resident)) == 1


async def test_who_sleeps_at_that_hour_is_told_when_the_quiet_is_over(world: World) -> None:
    resident = await wanting(world)
    quiet = {"start": "13:00:00", "end": "20:00:00"}
    await resident.patch("/v1/me", {"preferences": {"quiet_hours": quiet}})
    await told_of(world, resident)
    await hour_has_come(world)
    assert await digests(resident) == []

    await set_hour(world, 20, 5)
    await world.work()
    assert len(await digests(resident)) == 1


async def test_without_a_credit_the_digest_is_in_the_inbox(world: World) -> None:
    resident = await world.resident()
    await resident.patch("/v1/me", {"preferences": {"topics": {"visits": "digest"}}})
    await told_of(world, resident)
    await hour_has_come(world)
    assert await deliveries(resident) == ["no_credit", "digest"]
    assert await digests(resident) == []


async def test_who_leaves_is_told_nothing_and_nothing_is_kept(world: World) -> None:
    resident = await wanting(world, visits="digest", account="digest")
    shop = await world.shop()
    case = await shop.booked(resident)
    await world.work()
    assert len(await kept(world, resident)) == 1
    assert (await resident.act(case["case_no"], "cancel")).status == 200
    assert (await resident.delete("/v1/me")).status == 204

    assert await kept(world, resident) == []
    await hour_has_come(world)
    assert await received(resident) == []
    assert await stored(world, resident) == []


def test_the_hour_is_the_street_s() -> None:
    from server.config import Push
    from server.push.digests import _next

    def moment(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)

    rules = Push(digest_at="08:30")
    assert _next(moment("2026-11-27T08:29:59"), rules) == moment("2026-11-27T08:30")
    assert _next(moment("2026-11-27T08:30"), rules) == moment("2026-11-28T08:30")
    assert _next(moment("2026-12-31T23:59"), rules) == moment("2027-01-01T08:30")
