"""What residents are told of: every topic in words, as it is told to this person."""

from typing import Any, get_args

from schemas.push import Topic
from server.push import templates
from server.topics import TOPICS
from tests.doors import Happy, Visit
from tests.world import Person, World


async def visit_topics(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/topics")


HAPPY: Happy = {("GET", "/v1/topics"): visit_topics}


async def seen(person: Person) -> dict[str, Any]:
    """By topic, and the hours."""
    told = (await person.get("/v1/topics")).json
    return {one["topic"]: one for one in told["items"]} | {"quiet": told["quiet_hours"]}


async def prefer(person: Person, **preferences: Any) -> None:
    reply = await person.patch("/v1/me", {"preferences": preferences})
    assert reply.status == 200, reply.body


def test_every_topic_has_words_and_every_template_a_topic() -> None:
    assert list(TOPICS) == list(get_args(Topic))
    assert {one.topic for one in templates().values()} <= set(TOPICS)


async def test_a_choice_is_seen_with_what_it_does_not_hold_for(world: World) -> None:
    resident = await world.resident()
    before = await seen(resident)
    assert before["money"]["how"] == "now"
    assert before["money"]["note"] == ""
    assert before["visits"]["note"] == "服务评价提醒不急，每天 18:00 汇总。"
    assert [one["text"] for one in before["money"]["ways"]] == ["马上告诉我", "每天汇总一次", "只放在消息里"]

    await prefer(resident, topics={"money": "inbox", "talks": "digest"})

    after = await seen(resident)
    assert (after["money"]["how"], after["talks"]["how"]) == ("inbox", "digest")
    assert "账单到期提醒" in after["money"]["note"] and "要紧" in after["money"]["note"]
    assert "新账单" not in after["money"]["note"]
    assert after["visits"] == before["visits"]


async def test_the_quiet_hours_are_the_streets_until_somebody_has_their_own(world: World) -> None:
    resident = await world.resident()
    street = {"start": "22:00:00", "end": "07:00:00"}
    assert (await seen(resident))["quiet"] == street

    await prefer(resident, quiet_hours={"start": "20:30:00", "end": "08:00:00"})
    assert (await seen(resident))["quiet"] == {"start": "20:30:00", "end": "08:00:00"}

    await prefer(resident, quiet_hours={"start": "00:00:00", "end": "00:00:00"})
    assert (await seen(resident))["quiet"] is None

    await prefer(resident, quiet_hours=None)
    assert (await seen(resident))["quiet"] == street
