"""How far messages get: counted from the rows alone, and told of when it is less than usual."""

from datetime import timedelta
from typing import Any

from schemas.staff import Grant
from tests.doors import Happy, Visit
from tests.pushed import written
from tests.world import Person, World


async def visit(world: World) -> Visit:
    return Visit(who=await world.staff(Grant(role="operator")), path="/v1/push-figures")


HAPPY: Happy = {("GET", "/v1/push-figures"): visit}


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
        world, world.clock.now(), ("sent", 3, ""), ("no_credit", 2, "43101 zero_credit"), ("dead", 1, "40037 config_alert")
    )
    await counted(world)
    found = await figures(boss)
    assert len(found["days"]) == 14
    day = found["days"][-1]
    assert (day["written"], day["sent"], day["no_credit"], day["dead"], day["reach"]) == (6, 3, 2, 1, 50)
    [template] = [one for one in found["templates"] if one["template"] == "booking_done"]
    assert [(one["errcode"], one["count"]) for one in template["errors"]] == [("43101", 2), ("40037", 1)]
