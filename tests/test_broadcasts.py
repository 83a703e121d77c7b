"""Broadcasts: an announcement gets into every inbox it is for, onto the phones of those who agreed, and can be stopped."""

from typing import Any

from server.push import MESSAGES
from tests.test_announcements import community, operator, published
from tests.world import Person, World

ANNOUNCED = "tmpl-announcement-new"


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


async def test_what_is_published_is_in_every_inbox_and_on_the_phones_of_those_who_agreed(world: World) -> None:
    first, second = await world.resident(), await world.resident()
    await agreed(first)
    made = await published(await operator(world), community(world))
    await world.work()
    assert [one["delivery"] for one in await inbox(first)] == ["sent"]
    assert [one["delivery"] for one in await inbox(second)] == ["no_credit"]
    assert len(await received(first)) == 1
    assert (await inbox(first))[0]["page"].endswith(f"announcement/index?id={made['id']}")
