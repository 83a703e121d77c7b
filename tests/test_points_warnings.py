"""Points that are about to expire: told once for each span, once a day at most, by one of however many workers."""

import asyncio
from datetime import timedelta

from server import points
from server.kit.sweeps import SWEEPS, Round
from server.points.warnings import WARNED
from tests.test_points import Till, holder, in_force, spend_all, till
from tests.world import Person, World

TITLE = "积分到期提醒"


async def with_points(world: World, *left: int) -> tuple[Person, str, Till]:
    """Somebody whose purchases expire in so many days."""
    await in_force(world)
    here, (resident, number) = await till(world), await holder(world)
    for days in left:
        await buy(world, here, number, days)
    return resident, number, here


async def buy(world: World, here: Till, number: str, left: int, fen: int = 20000) -> None:
    days = world.house.settings.points.expire_days
    at = (world.clock.now() - timedelta(days=days - left)).isoformat()
    await here.sent(here.swipe(number, fen, at=at))


async def told(resident: Person) -> list[str]:
    """What is in their inbox of it, the newest first."""
    items = (await resident.get("/v1/inbox")).json["items"]
    return [one["text"] for one in items if one["title"] == TITLE]


async def look(world: World) -> None:
    """The round of now, whatever the last one was, and the messages of it."""
    await points.warnings.warn_all(world.house)
    await world.work()


async def anew(resident: Person) -> Person:
    return await resident.world.resident(resident.openid)


async def test_a_warning_comes_thirty_and_seven_days_before_and_each_once(world: World) -> None:
    resident, _, _ = await with_points(world, 31)
    await look(world)
    assert await told(resident) == []
    world.clock.advance(timedelta(days=1, minutes=1))
    for _ in range(2):
        await look(world)
    [text] = await told(resident)
    assert "1.00 分积分在 30 天内到期" in text
    world.clock.advance(timedelta(days=10))
    resident = await anew(resident)
    await look(world)
    assert len(await told(resident)) == 1
    world.clock.advance(timedelta(days=13))
    resident = await anew(resident)
    for _ in range(2):
        await look(world)
    texts = await told(resident)
    assert len(texts) == 2
    assert "7 天内到期" in texts[0]


async def test_nobody_hears_of_it_twice_a_day_and_the_rest_is_told_the_next(world: World) -> None:
    resident, number, here = await with_points(world, 20, 25)
    await look(world)
    assert len(await told(resident)) == 1
    await buy(world, here, number, 3)
    await look(world)
    assert len(await told(resident)) == 1
    world.clock.advance(timedelta(days=1))
    resident = await anew(resident)
    await look(world)
    first, second = await told(resident)
    assert "1.00 分积分在 7 天内到期" in first
    assert "2.00 分积分在 30 天内到期" in second


async def test_of_many_workers_that_look_at_once_one_tells(world: World) -> None:
    resident, _, _ = await with_points(world, 10)
    await asyncio.gather(*(points.warnings.warn_all(world.house) for _ in range(5)))
    await world.work()
    assert len(await told(resident)) == 1
    [warned] = await world.house.db.reading(lambda reader: reader.all(WARNED, {"_id": resident.id}, limit=2))
    assert warned.count == 1


async def test_what_was_used_in_time_is_not_warned_of(world: World) -> None:
    resident, _, _ = await with_points(world, 10)
    await spend_all(world, resident)
    await look(world)
    assert await told(resident) == []


async def test_wechat_shows_it_while_there_is_a_credit_and_the_inbox_always(world: World) -> None:
    resident, _, _ = await with_points(world, 10)
    await answer(resident, "accept")
    await look(world)
    [message] = (await world.told("messages", openid=resident.openid))["items"]
    assert (message["title"], message["data"]["number2"]) == (TITLE, "1.00")
    assert message["page"] == points.warnings.PAGE
    other, _, _ = await with_points(world, 10)
    await answer(other, "reject")
    await look(world)
    assert len(await told(other)) == 1
    assert (await world.told("messages", openid=other.openid))["items"] == []


async def answer(resident: Person, result: str) -> None:
    """To the question of the popup."""
    items = (await resident.get("/v1/subscriptions")).json["items"]
    one = next(item["template_id"] for item in items if item["title"] == TITLE)
    await resident.world.control("subscribe", openid=resident.openid, template_id=one, result=result)
    await resident.post("/v1/subscriptions", {"results": {one: result}})


async def test_the_worker_looks_by_itself_every_some_hours(world: World) -> None:
    await world.put(SWEEPS, Round(id=points.warnings.LOOKING.name, due_at=world.clock.now()))
    await world.work()
    resident, _, _ = await with_points(world, 10)
    await world.work()
    assert await told(resident) == []
    world.clock.advance(timedelta(hours=world.house.settings.points.warn_hours))
    resident = await anew(resident)
    await world.work()
    assert len(await told(resident)) == 1
