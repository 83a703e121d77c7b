"""Messages: the inbox always has them, WeChat shows them while credits last, and no fault loses or doubles one."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.staff import Grant
from server import nouns
from server.bookings import TEMPLATES
from server.config import Settings
from server.gateways.wechat import WeChat
from server.kit.clock import SHANGHAI
from server.kit.events import EVENTS
from server.kit.template_rules import violations
from server.push import MESSAGES, Message, Template
from server.push.outcomes import CROWDED
from server.sandbox import config as sandbox
from server.staff import STAFF, Staff
from tests.doors import Happy, Visit
from tests.world import Person, Shop, World, unique

SEND = "/cgi-bin/message/subscribe/send"
SUBMITTED = "tmpl-booking-submitted"
ALL_TEMPLATES = sorted({f"tmpl-{one.template.name.replace('_', '-')}" for one in TEMPLATES.values()})


async def accept(person: Person, *templates: str, result: str = "accept") -> dict[str, Any]:
    """The popup at WeChat, and what the client tells us of it; the subscriptions by template id."""
    for one in templates:
        await person.world.control("subscribe", openid=person.openid, template_id=one, result=result)
    reply = await person.post("/v1/subscriptions", {"results": dict.fromkeys(templates, result)})
    assert reply.status == 200, reply.body
    return {one["template_id"]: one for one in reply.json["items"]}


async def credits_of(person: Person, template: str = SUBMITTED) -> tuple[int, str]:
    items = (await person.get("/v1/subscriptions")).json["items"]
    return next((one["credits"], one["state"]) for one in items if one["template_id"] == template)


async def credits_at_wechat(person: Person, template: str = SUBMITTED) -> int:
    told = await person.world.told("credits", openid=person.openid)
    return int(told["credits"].get(template, 0))


async def received(person: Person) -> list[dict[str, Any]]:
    """What WeChat has shown this person."""
    items: list[dict[str, Any]] = (await person.world.told("messages", openid=person.openid))["items"]
    return items


async def deliveries(person: Person) -> list[str]:
    """Of the inbox, newest first."""
    return [one["delivery"] for one in (await person.get("/v1/inbox")).json["items"]]


async def sends(world: World) -> int:
    """How often WeChat was asked to send."""
    return int((await world.told("stats"))["calls"].get(SEND, 0))


async def stored(world: World, person: Person) -> list[Message]:
    return await world.house.db.reading(
        lambda reader: reader.all(MESSAGES, {"resident_id": person.id}, limit=100)
    )


async def told_once(world: World, credits: int = 1) -> tuple[Shop, Person]:
    """A resident with credits who has booked; the message is written and not yet delivered."""
    shop, resident = await world.shop(), await world.resident()
    for _ in range(credits):
        await accept(resident, SUBMITTED)
    await shop.booked(resident)
    events, *_ = world.house.worker().queues
    await events.run_due(world.house.db, "teller", world.house.metrics)
    assert len(await stored(world, resident)) == 1
    return shop, resident


async def visit_inbox(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/inbox")


async def visit_inbox_read(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/inbox/read", body={})


async def visit_subscriptions(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/subscriptions")


async def visit_answers(world: World) -> Visit:
    answers = {"results": {SUBMITTED: "accept"}}
    return Visit(who=await world.resident(), path="/v1/subscriptions", body=answers)


HAPPY: Happy = {
    ("GET", "/v1/inbox"): visit_inbox,
    ("POST", "/v1/inbox/read"): visit_inbox_read,
    ("GET", "/v1/subscriptions"): visit_subscriptions,
    ("POST", "/v1/subscriptions"): visit_answers,
}


# Credits.


async def test_an_accept_is_one_more_send_and_a_send_is_one_less(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    assert await credits_of(resident) == (0, "unknown")
    assert (await accept(resident, SUBMITTED))[SUBMITTED]["credits"] == 1
    await accept(resident, SUBMITTED)
    assert await credits_of(resident) == (2, "accepted")

    for left in (1, 0):
        await shop.booked(resident)
        await world.work()
        assert await credits_of(resident) == (left, "accepted")
        assert await credits_at_wechat(resident) == left
    assert len(await received(resident)) == 2


async def test_without_a_credit_the_message_is_in_the_inbox_only(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    await accept(resident, SUBMITTED)
    await shop.booked(resident)
    await shop.booked(resident)
    await world.work()
    asked = await sends(world)

    await shop.booked(resident)
    await world.work()

    assert sorted(await deliveries(resident)) == ["no_credit", "no_credit", "sent"]
    assert await sends(world) == asked
    assert len(await received(resident)) == 1


async def test_where_no_credit_was_ever_heard_of_one_attempt_finds_out(world: World) -> None:
    """Both tellings of an accept may be lost; WeChat knows."""
    shop, resident = await world.shop(capacity=9), await world.resident()
    await world.control("mini-callbacks-style", lose=2)
    accepted = {"openid": resident.openid, "template_id": SUBMITTED, "result": "accept"}
    await world.control("subscribe", **accepted)
    await world.control("subscribe", **accepted)
    asked = await sends(world)

    await shop.booked(resident)
    await world.work()
    await shop.booked(resident)
    await world.work()

    assert await deliveries(resident) == ["no_credit", "sent"]
    assert await sends(world) == asked + 1


async def test_wechat_saying_no_credit_zeroes_ours_and_is_not_asked_again(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    for _ in range(3):
        await resident.post("/v1/subscriptions", {"results": {SUBMITTED: "accept"}})
    assert await credits_of(resident) == (3, "accepted")
    asked = await sends(world)

    await shop.booked(resident)
    await world.work()
    await shop.booked(resident)
    await world.work()

    assert await credits_of(resident) == (0, "accepted")
    assert await deliveries(resident) == ["no_credit", "no_credit"]
    assert await sends(world) == asked + 1


@pytest.mark.parametrize(("result", "state"), [("reject", "rejected"), ("ban", "banned")])
async def test_a_rejection_is_remembered_and_takes_no_credit_away(
    world: World, result: str, state: str
) -> None:
    resident = await world.resident()
    await accept(resident, SUBMITTED)
    await accept(resident, SUBMITTED, result=result)
    assert await credits_of(resident) == (1, state)

    stranger = await world.resident()
    await accept(stranger, SUBMITTED, result=result)
    assert await credits_of(stranger) == (0, state)
    await accept(stranger, SUBMITTED)
    assert await credits_of(stranger) == (1, "accepted")


async def test_a_filtered_or_foreign_template_changes_nothing(world: World) -> None:
    resident = await world.resident()
    reply = await resident.post(
        "/v1/subscriptions", {"results": {SUBMITTED: "filter", "tmpl-other": "accept"}}
    )

    assert reply.status == 200
    assert {one["template_id"] for one in reply.json["items"]} >= set(ALL_TEMPLATES)
    assert {one["state"] for one in reply.json["items"]} == {"unknown"}


async def test_credits_are_those_of_one_person_and_template(world: World) -> None:
    resident, other = await world.resident(), await world.resident()
    await accept(resident, SUBMITTED)

    assert await credits_of(other) == (0, "unknown")
    assert await credits_of(resident, "tmpl-booking-done") == (0, "unknown")


async def test_an_accept_sent_again_under_its_key_counts_once(world: World) -> None:
    resident, key = await world.resident(), unique("key")
    for _ in range(3):
        await resident.post("/v1/subscriptions", {"results": {SUBMITTED: "accept"}}, key=key)
    assert await credits_of(resident) == (1, "accepted")


# Faults of the platform, row by row of what is done about them.


def tomorrow(world: World) -> datetime:
    day = world.clock.now().astimezone(SHANGHAI).date() + timedelta(days=1)
    return datetime.combine(day, datetime.min.time(), SHANGHAI)


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        ({"errcode": 43108}, 2),
        ({"errcode": -1, "times": 3}, 2),
        ({"errcode": 45011}, 60),
        ({"errcode": 45009}, 24 * 3600),
        ({"http_status": 500}, 120),
        ({"drop": True}, 120),
        ({"delay_ms": 1500, "drop": True}, 120),
    ],
    ids=str,
)
async def test_what_will_pass_is_tried_again_later_and_arrives_once(
    world: World, fault: dict[str, Any], seconds: int
) -> None:
    _, resident = await told_once(world)
    await world.control("faults", path=SEND, **fault)
    await world.work()
    assert await deliveries(resident) == ["queued"]
    [waiting] = await stored(world, resident)
    assert waiting.due_at is not None and waiting.error
    if seconds > 3600:
        assert waiting.due_at - tomorrow(world) < timedelta(hours=1)
        assert waiting.due_at >= tomorrow(world)
    else:
        assert timedelta(0) < waiting.due_at - world.clock.now() <= timedelta(seconds=seconds)
    asked = await sends(world)
    await world.work()
    assert await sends(world) == asked, "not before it is due"

    world.clock.set(waiting.due_at)
    await world.work()
    if seconds > 3600:  # tomorrow begins at night, and nobody is woken for this
        world.clock.advance(timedelta(hours=8))
        await world.work()

    assert await deliveries(resident) == ["sent"]
    assert len(await received(resident)) == 1
    assert await credits_of(resident) == (0, "accepted")


@pytest.mark.parametrize(
    ("errcode", "delivery"),
    [
        (40003, "refused"),
        (45168, "refused"),
        (40037, "dead"),
        (47003, "dead"),
        (43107, "dead"),
        (41030, "dead"),
    ],
)
async def test_what_will_not_pass_is_not_sent_again_and_costs_no_credit(
    world: World, errcode: int, delivery: str
) -> None:
    _, resident = await told_once(world)
    await world.control("faults", path=SEND, errcode=errcode)
    await world.work()
    asked = await sends(world)

    world.clock.advance(timedelta(days=2))
    await world.work()

    assert await sends(world) == asked
    assert await deliveries(resident) == [delivery]
    assert await credits_of(resident) == (1, "accepted")
    [message] = await stored(world, resident)
    assert message.error.startswith(str(errcode))


async def test_an_answer_lost_after_the_send_does_not_send_it_twice(world: World) -> None:
    _, resident = await told_once(world)
    await world.control("faults", path=SEND, drop=True, after=True)
    await world.work()
    assert len(await received(resident)) == 1

    world.clock.advance(timedelta(seconds=world.house.settings.push.uncertain_s))
    await world.work()

    assert len(await received(resident)) == 1
    [message] = await stored(world, resident)
    assert (message.due_at, message.delivery) == (None, "unknown")


async def test_what_never_passes_is_dead_after_the_last_attempt_and_stays_in_the_inbox(world: World) -> None:
    _, resident = await told_once(world)
    await world.control("faults", path=SEND, errcode=43108, times=100)
    attempts = world.house.settings.push.max_attempts
    asked = await sends(world)

    for _ in range(attempts + CROWDED + 3):
        await world.work()
        world.clock.advance(timedelta(minutes=11))

    assert await sends(world) == asked + attempts + CROWDED
    assert await deliveries(resident) == ["dead"]
    [message] = await stored(world, resident)
    assert (message.due_at, message.attempts) == (None, attempts)


async def test_an_expired_token_is_renewed_on_the_way(world: World) -> None:
    _, resident = await told_once(world)
    await world.control("faults", path=SEND, errcode=42001)
    await world.work()
    assert await deliveries(resident) == ["sent"]


# Faults of ours.


async def test_an_event_told_twice_writes_one_message(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    await accept(resident, SUBMITTED)
    case_no = (await shop.booked(resident))["case_no"]
    await world.work()
    again = {"$set": {"due_at": world.clock.now()}}
    assert await world.house.db.alone(lambda tx: tx.change_all(EVENTS, {"subject": case_no}, again)) == 1

    await world.work()

    assert len(await received(resident)) == 1
    assert len((await resident.get("/v1/inbox")).json["items"]) == 1
    told = await world.house.db.reading(lambda reader: reader.all(EVENTS, {"subject": case_no}, limit=9))
    assert [(one.due_at, one.error) for one in told] == [(None, "")]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_what_a_dying_worker_held_is_delivered_when_its_lease_is_over(
    world: World, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    _, resident = await told_once(world)
    usual = WeChat.send_subscribe

    async def dies(self: WeChat, *message: Any, **more: Any) -> None:
        if when == "after":
            await usual(self, *message, **more)
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(WeChat, "send_subscribe", dies)
        with pytest.raises(asyncio.CancelledError):
            await world.work()
    assert await deliveries(resident) == ["queued"]
    await world.work()
    assert await deliveries(resident) == ["queued"]

    world.clock.advance(timedelta(seconds=world.house.settings.push.lease_s))
    await world.work()
    assert await deliveries(resident) == ["queued"], "WeChat may still say that it has it"
    world.clock.advance(timedelta(seconds=world.house.settings.push.uncertain_s))
    await world.work()

    assert len(await received(resident)) == 1
    [message] = await stored(world, resident)
    assert message.due_at is None
    if when == "before":
        assert message.delivery == "sent"


async def test_messages_to_one_person_go_one_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    for _ in range(6):
        await accept(resident, SUBMITTED)
        await shop.booked(resident)
    under_way = most = 0
    usual = WeChat.send_subscribe

    async def counted(self: WeChat, *message: Any, **more: Any) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await usual(self, *message, **more)
        under_way -= 1

    monkeypatch.setattr(WeChat, "send_subscribe", counted)
    await world.work()

    assert len(await received(resident)) == 6
    assert most == 1


def test_the_stand_in_knows_every_template_with_its_parameters() -> None:
    known = {one.template_id: one for one in sandbox.TEMPLATES}
    for template in nouns.found(Template):
        own = known.get(template.template_id(Settings()))
        assert own is not None and own.keys.keys() == template.keys.keys(), template.name


async def test_two_workers_deliver_each_message_once(world: World) -> None:
    shop = await world.shop(capacity=30)
    people = [await world.resident() for _ in range(5)]
    for one in people:
        await accept(one, *ALL_TEMPLATES)
        await shop.booked(one)

    await asyncio.gather(world.work(), world.work(), world.work())
    world.clock.advance(timedelta(seconds=5))
    await world.work()

    assert [len(await received(one)) for one in people] == [1] * 5


# What is said.


async def test_long_names_are_cut_to_what_wechat_takes(world: World) -> None:
    shop = await world.shop(name="全屋深度保洁（含厨房油烟机、玻璃与阳台，自带工具）上门服务")
    resident = await world.resident()
    await accept(resident, *ALL_TEMPLATES)
    long_name = Staff(
        id=shop.worker.id,
        name="阿不都热合曼·买买提依明师傅2号",
        grants=[Grant(role="worker", provider_id=shop.provider_id)],
        skills=[shop.category],
    )
    await world.put(STAFF, long_name)

    await shop.brought_to("done", resident)
    await world.work()

    assert await deliveries(resident) == ["sent"] * 5
    for message in await received(resident):
        assert not violations(message["data"])
        assert message["data"]["thing1"].startswith("全屋深度保洁")


async def test_a_message_says_what_when_and_opens_the_case(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    await accept(resident, SUBMITTED)
    case_no = (await shop.booked(resident, world.at(14, 30, days=2).replace("14:30", "14:00")))["case_no"]
    await world.work()

    [message] = await received(resident)
    assert message["data"]["character_string2"] == case_no
    assert message["data"]["time3"] == world.at(14, days=2)[:16].replace("T", " ")
    assert message["page"].endswith(f"case_no={case_no}")
    [entry] = (await resident.get("/v1/inbox")).json["items"]
    assert (entry["case_no"], entry["title"]) == (case_no, "预约提交通知")


async def test_the_resident_is_told_of_others_cancelling_and_not_of_their_own(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    mine, theirs = await shop.booked(resident), await shop.booked(resident)
    await world.work()

    await resident.act(mine["case_no"], "cancel")
    await shop.dispatcher.act(theirs["case_no"], "cancel", reason="商家停业")
    await world.work()

    changed = [
        one for one in (await resident.get("/v1/inbox")).json["items"] if one["title"] == "预约变更通知"
    ]
    assert [one["case_no"] for one in changed] == [theirs["case_no"]]
    assert "商家停业" in changed[0]["text"]


async def test_the_text_is_that_of_the_step_though_the_case_has_moved_on(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    await shop.brought_to("completed", resident)
    await world.work()

    texts = {one["title"]: one["text"] for one in (await resident.get("/v1/inbox")).json["items"]}
    assert "已提交" in texts["预约提交通知"]
    assert "正在做" in texts["服务开始通知"]


# The inbox.


async def test_the_inbox_turns_pages_newest_first_and_counts_what_is_unread(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    for _ in range(5):
        await shop.booked(resident)
        world.clock.advance(timedelta(seconds=1))
    await world.work()

    first = (await resident.get("/v1/inbox", limit=3)).json
    second = (await resident.get("/v1/inbox", limit=3, cursor=first["next"])).json

    times = [one["at"] for one in first["items"] + second["items"]]
    assert (len(times), times) == (5, sorted(times, reverse=True))
    assert (first["unread"], second["next"]) == (5, None)
    other, opened = await world.resident(), first["items"][1]["id"]
    assert (await other.post("/v1/inbox/read", {"ids": [opened]})).status == 200
    assert (await resident.get("/v1/inbox")).json["unread"] == 5
    assert (await resident.post("/v1/inbox/read", {"ids": [opened, "unknown"]})).status == 200
    once = (await resident.get("/v1/inbox")).json
    assert (once["unread"], [one["id"] for one in once["items"] if one["read_at"]]) == (4, [opened])
    assert (await resident.post("/v1/inbox/read", {"ids": []})).status == 422
    assert (await resident.post("/v1/inbox/read")).status == 200
    after = (await resident.get("/v1/inbox")).json
    assert after["unread"] == 0
    assert all(one["read_at"] for one in after["items"])


async def test_an_inbox_holds_nobody_elses_messages(world: World) -> None:
    shop, resident, other = await world.shop(), await world.resident(), await world.resident()
    await shop.booked(resident)
    await world.work()

    assert (await other.get("/v1/inbox")).json == {"items": [], "unread": 0, "next": None}
    await other.post("/v1/inbox/read")
    assert (await resident.get("/v1/inbox")).json["unread"] == 1
