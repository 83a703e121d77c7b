"""How far messages get: counted from the rows alone, and told of when it is less than usual."""

from datetime import datetime, timedelta
from typing import Any

from schemas.push import Delivery
from schemas.staff import Grant
from server.push import MESSAGES, Message
from tests.doors import Happy, Visit
from tests.world import Person, World, unique


async def visit(world: World) -> Visit:
    return Visit(who=await world.staff(Grant(role="operator")), path="/v1/push-figures")


HAPPY: Happy = {("GET", "/v1/push-figures"): visit}


def message(at: datetime, delivery: Delivery, template: str = "booking_done", **more: Any) -> Message:
    return Message(
        id=unique("message"),
        resident_id="resident-of-figures",
        openid="openid-of-figures",
        template=template,
        title="服务完成通知",
        text="服务已完成",
        payload={},
        page="",
        case_no=None,
        at=at,
        delivery=delivery,
        **more,
    )


async def written(world: World, *deliveries: tuple[Delivery, int, str], days_ago: int = 0) -> None:
    """So many messages that have come to that, with that error."""
    at = world.clock.now() - timedelta(days=days_ago)
    rows = [message(at, name, error=error) for name, count, error in deliveries for _ in range(count)]
    await world.put(MESSAGES, *rows)


async def counted(world: World, minutes: int = 4) -> None:
    world.clock.advance(timedelta(minutes=minutes))
    await world.work()


async def figures(who: Person, **query: Any) -> Any:
    reply = await who.get("/v1/push-figures", **query)
    assert reply.status == 200, reply.body
    return reply.json


async def test_each_outcome_and_error_is_counted_by_day_and_template(world: World) -> None:
    boss = await world.staff(Grant(role="admin"))
    await world.work()
    await written(
        world, ("sent", 3, ""), ("no_credit", 2, "43101 zero_credit"), ("dead", 1, "40037 config_alert")
    )
    await counted(world)
    found = await figures(boss)
    assert len(found["days"]) == 14
    day = found["days"][-1]
    assert (day["written"], day["sent"], day["no_credit"], day["dead"], day["reach"]) == (6, 3, 2, 1, 50)
    [template] = [one for one in found["templates"] if one["template"] == "booking_done"]
    assert [(one["errcode"], one["count"]) for one in template["errors"]] == [("43101", 2), ("40037", 1)]
