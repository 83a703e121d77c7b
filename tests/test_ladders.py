"""What matters reaches whom WeChat did not show it to: by telephone, by SMS, once each, and no further than needed."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.staff import Grant
from server import ladders
from server.kit.events import Event, event_id
from server.kit.platform import Action, PlatformDown, PlatformRefusal
from server.ladders import CLIMBS, Climb
from server.push import MESSAGES, Message, Notice, Template, made
from server.residents import RESIDENTS
from server.return_calls import RETURN_CALLS, ReturnCall
from tests.applying import Office, open_office
from tests.world import Person, World, unique

CALLS = "/v1/return-calls"
URGENT = Template("ride_changed", "用车进展通知", "ride", {}, topic="rides", importance="urgent")
HIGH = Template("approval_supplement", "补正材料通知", "approve", {}, topic="approvals", importance="high")


async def phoned(world: World) -> Person:
    """A resident whom WeChat shows nothing, with a number of their own."""
    resident = await world.resident()
    number = f"139{int(unique('n').partition('-')[2]):08d}"
    await world.house.db.alone(
        lambda tx: tx.change(RESIDENTS, {"_id": resident.id}, {"$set": {"phone": number}})
    )
    world.house.profile_changed(resident.id)
    return resident


async def number_of(person: Person) -> str:
    return str((await person.get("/v1/me")).json["phone"])


async def texts(person: Person) -> list[str]:
    """The SMS that their telephone has received."""
    told = await person.world.told("sms", phone=await number_of(person))
    return [one["text"] for one in told["items"]]


async def missed(
    world: World,
    resident: Person,
    template: Template = HIGH,
    text: str = "请补交身份证",
    case_no: str | None = None,
) -> str:
    """A message that WeChat could not show, on the first rung; its id."""
    message_id = unique("message")

    async def settled(tx: Any) -> None:
        whose = await tx.get(RESIDENTS, resident.id)
        notice = Notice(text=text, payload={}, page="pages/x", case_no=case_no)
        message = made(message_id, tx.now, whose, template, notice)
        message = replace(message, due_at=None, delivery="no_credit")
        await tx.insert(MESSAGES, message)
        await ladders.begin(tx, message)

    await world.house.db.atomically(settled)
    return message_id


async def no_reports(world: World) -> None:
    """The provider never says what became of an SMS."""
    await world.control("sms-reports-style", lose=1000)


async def climb_of(world: World, message_id: str) -> Climb:
    found = await world.house.db.reading(lambda reader: reader.get(CLIMBS, message_id))
    assert found is not None
    return found


async def ways(world: World, message_id: str) -> list[tuple[str, str]]:
    """The receipts of a message: channel and outcome."""
    message = await world.house.db.reading(lambda reader: reader.get(MESSAGES, message_id))
    assert message is not None
    return [(one.channel, one.outcome) for one in message.receipts if one.channel != "subscription"]


async def calls_of(world: World, resident: Person) -> list[ReturnCall]:
    where = {"resident_id": resident.id}
    return await world.house.db.reading(lambda reader: reader.all(RETURN_CALLS, where, limit=10))


async def operator(world: World) -> Person:
    return await world.staff(Grant(role="operator"), name="陈话务")


async def queue_of(who: Person, resident: Person, **query: str) -> list[dict[str, Any]]:
    """The calls of this resident as somebody at a desk sees them."""
    reply = await who.get(CALLS, limit="100", **query)
    assert reply.status == 200, reply.body
    return [one for one in reply.json["items"] if one["resident"]["id"] == resident.id]


async def does(who: Person, call: dict[str, Any], action: str, **form: Any) -> dict[str, Any]:
    reply = await who.post(f"{CALLS}/{call['id']}/{action}", form)
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json
    return found


async def nobody_answers(desk: Person, call: dict[str, Any]) -> dict[str, Any]:
    taken = await does(desk, call, "take")
    return await does(desk, taken, "outcome", outcome="not_reached", version=taken["version"])


async def later(world: World, **how_much: float) -> None:
    world.clock.advance(timedelta(**how_much))
    await world.work()


# The whole way, with the real parts


async def supplement(world: World) -> tuple[Office, Person]:
    office = await open_office(world)
    owner = await phoned(world)
    office.owner = owner
    await office.supplementing()
    await world.work()
    return office, owner


async def test_who_has_no_credits_is_called_three_times_and_then_gets_an_sms(world: World) -> None:
    await no_reports(world)
    office, owner = await supplement(world)
    inbox = (await owner.get("/v1/inbox")).json["items"]
    assert [one["delivery"] for one in inbox if one["title"] == "补正材料通知"] == ["no_credit"]
    (call,) = await queue_of(office.operator, owner)
    assert call["phone"] == "" and "****" in call["resident"]["phone"]
    assert call["messages"][0]["why_text"] == "没有订阅，或者次数用完了"

    taken = await does(office.operator, call, "take")
    assert taken["phone"] == await number_of(owner)
    assert "王桂英" in taken["say"] and taken["messages"][0]["text"].rstrip("。") in taken["say"]
    released = await does(office.operator, taken, "outcome", outcome="not_reached", version=taken["version"])
    assert (released["state"], released["tries_left"], released["phone"]) == ("open", 2, "")
    for _ in range(2):
        call = await nobody_answers(office.operator, released)
    assert (call["state"], call["outcome"]) == ("closed", "unreachable")
    assert await texts(owner) == []

    await world.work()
    (sms,) = await texts(owner)
    assert "补正材料通知" in sms and "小程序" in sms
    message_id = call["messages"][0]["message_id"]
    assert await ways(world, message_id) == [
        ("return_call", "waiting"),
        ("return_call", "not_reached"),
        ("return_call", "not_reached"),
        ("return_call", "unreachable"),
        ("sms", "sent"),
    ]
    await later(world, days=2)
    assert len(await texts(owner)) == 1
    climb = await climb_of(world, message_id)
    assert (climb.ended, climb.due_at) == ("tried", None)


async def test_who_reads_it_meanwhile_is_neither_called_nor_written_to(world: World) -> None:
    office, owner = await supplement(world)
    (call,) = await queue_of(office.operator, owner)

    assert (await owner.post("/v1/inbox/read", {})).status == 200
    assert await queue_of(office.operator, owner) == []
    (over,) = await queue_of(office.operator, owner, state="closed")
    assert (over["id"], over["outcome"]) == (call["id"], "read")
    reply = await office.operator.post(f"{CALLS}/{call['id']}/take")
    assert (reply.status, reply.code) == (409, "return_call_over")
    await world.work()
    await later(world, hours=30)
    assert await texts(owner) == []
    assert (await climb_of(world, call["messages"][0]["message_id"])).ended == "read"


async def test_the_operators_are_told_once_however_many_wait(world: World) -> None:
    desk, clerk = await operator(world), await world.staff(Grant(role="clerk", community_id=world.community))
    for _ in range(3):
        await missed(world, await phoned(world))
        await world.work()
    found = (await desk.get("/v1/staff/inbox")).json["items"]
    assert [one["title"] for one in found] == ["有居民等着接电话"]
    assert found[0]["page"] == "/console/return-calls" and "请打电话告诉他们" in found[0]["text"]
    assert (await clerk.get("/v1/staff/inbox")).json["items"] == []


# How far, and how fast


async def test_what_is_urgent_is_sent_at_once_and_called_about_when_it_is_not_read(world: World) -> None:
    resident, desk = await phoned(world), await operator(world)
    message_id = await missed(world, resident, URGENT, "司机五分钟后到")
    await world.work()
    assert len(await texts(resident)) == 1
    assert await queue_of(desk, resident) == []

    await later(world, minutes=9)
    assert await queue_of(desk, resident) == []
    await later(world, minutes=1)
    (call,) = await queue_of(desk, resident)
    assert call["urgent"] and call["messages"][0]["why_text"] == "短信发了还没有看"
    taken = await does(desk, call, "take")
    await does(desk, taken, "outcome", outcome="reached", version=taken["version"])
    await later(world, hours=30)
    assert (await climb_of(world, message_id)).ended == "told"
    assert len(await texts(resident)) == 1


async def test_what_is_urgent_and_was_read_in_time_is_not_called_about(world: World) -> None:
    resident, desk = await phoned(world), await operator(world)
    await missed(world, resident, URGENT)
    await world.work()
    await resident.post("/v1/inbox/read", {})
    await later(world, minutes=15)
    assert await calls_of(world, resident) == []
    assert len(await texts(resident)) == 1
    assert await queue_of(desk, resident) == []


async def test_a_call_that_nobody_made_in_a_day_becomes_an_sms(world: World) -> None:
    resident, desk = await phoned(world), await operator(world)
    await missed(world, resident)
    await world.work()
    await later(world, hours=23)
    assert len(await texts(resident)) == 0
    desk = await world.sign_in(desk.id)
    assert len(await queue_of(desk, resident)) == 1

    await later(world, hours=2)
    assert len(await texts(resident)) == 1
    (call,) = await calls_of(world, resident)
    assert (call.open, call.outcome) == (False, "unreachable")


async def test_at_night_only_what_is_urgent_calls_and_writes(world: World) -> None:
    calm, woken = await phoned(world), await phoned(world)
    world.clock.advance(timedelta(hours=14))
    await missed(world, calm)
    await missed(world, woken, URGENT)
    await world.work()
    assert await calls_of(world, calm) == []
    assert len(await texts(await again(calm))) == 0
    assert len(await texts(await again(woken))) == 1

    await later(world, hours=8, minutes=10)
    assert len(await calls_of(world, calm)) == 1


async def again(person: Person) -> Person:
    """The same resident, signed in anew."""
    code = (await person.world.control("codes", openid=person.openid))["code"]
    reply = await person.world.call("POST", "/v1/sessions", {"code": code})
    return replace(person, token=reply.json["token"])


@pytest.mark.parametrize("importance", ["normal", "low"])
async def test_of_what_is_not_important_the_inbox_is_enough(world: World, importance: Any) -> None:
    resident = await phoned(world)
    plain = replace(HIGH, importance=importance)
    message_id = await missed(world, resident, plain)
    await world.work()
    assert await world.house.db.reading(lambda reader: reader.get(CLIMBS, message_id)) is None
    assert await calls_of(world, resident) == []


async def test_a_message_to_thousands_is_never_called_about(world: World) -> None:
    resident = await phoned(world)

    async def begun(tx: Any) -> None:
        whose = await tx.get(RESIDENTS, resident.id)
        message = made(unique("bulk"), tx.now, whose, URGENT, Notice(text="停水", payload={}, page="pages/x"))
        message.lane = "bulk"
        await ladders.begin(tx, message)

    await world.house.db.atomically(begun)
    await world.work()
    assert await calls_of(world, resident) == [] and await texts(resident) == []


async def test_who_wants_no_calls_gets_the_sms_at_once_and_who_wants_neither_is_left_in_peace(
    world: World,
) -> None:
    await no_reports(world)
    uncalled, unwritten, neither = [await phoned(world) for _ in range(3)]
    await uncalled.patch("/v1/me", {"preferences": {"calls": False}})
    await unwritten.patch("/v1/me", {"preferences": {"sms": False}})
    await neither.patch("/v1/me", {"preferences": {"sms": False, "calls": False}})
    first, second, third = [await missed(world, one) for one in (uncalled, unwritten, neither)]
    await world.work()
    assert await ways(world, first) == [("return_call", "skipped"), ("sms", "sent")]
    assert await ways(world, second) == [("return_call", "waiting")]
    assert await ways(world, third) == [("return_call", "skipped"), ("sms", "skipped")]
    assert (await climb_of(world, third)).ended == "tried"

    await later(world, hours=25)
    unwritten = await again(unwritten)
    assert await texts(unwritten) == []
    assert [one.open for one in await calls_of(world, unwritten)] == [True]


async def test_without_a_number_nothing_is_left_but_the_inbox(world: World) -> None:
    resident = await phoned(world)
    await world.house.db.alone(
        lambda tx: tx.change(RESIDENTS, {"_id": resident.id}, {"$set": {"phone": None}})
    )
    message_id = await missed(world, resident)
    await world.work()
    assert await ways(world, message_id) == [("return_call", "skipped"), ("sms", "skipped")]
    assert len((await resident.get("/v1/inbox")).json["items"]) == 1


async def test_who_closes_the_account_is_called_no_more(world: World) -> None:
    resident = await phoned(world)
    message_id = await missed(world, resident)
    await world.work()
    (call,) = await calls_of(world, resident)
    assert (await resident.delete("/v1/me")).status == 204
    await later(world, hours=30)
    assert await calls_of(world, resident) == []
    assert await world.house.db.reading(lambda reader: reader.get(CLIMBS, message_id)) is None
    assert (await (await operator(world)).get(f"{CALLS}/{call.id}")).status == 404


# An SMS goes once, or nobody knows


class Provider:
    """In the place of the provider: answers as it is told, and counts."""

    configured = True

    def __init__(self, *answers: Exception | str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def send(self, phone: str, text: str, out_id: str) -> str:
        self.asked.append(out_id)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_a_worker_that_dies_between_the_sms_and_its_book_sends_no_second_one(world: World) -> None:
    resident, desk = await phoned(world), await operator(world)
    message_id = await missed(world, resident, URGENT)
    house = world.house
    leased = await house.db.alone(
        lambda tx: tx.take(
            CLIMBS,
            {"_id": message_id},
            {"$set": {"due_at": house.db.now() + timedelta(seconds=30)}, "$inc": {"fence": 1}},
        )
    )
    assert leased is not None
    sms = await house.db.atomically(lambda tx: ladders._step(tx, leased, house.settings, True))
    assert sms is not None
    await house.sms.send(sms.phone, sms.text, leased.id)
    assert (await climb_of(world, message_id)).sms == "sending"

    await later(world, seconds=31)
    assert len(await texts(resident)) == 1
    assert (await climb_of(world, message_id)).sms == "unknown"
    assert ("sms", "unknown") in await ways(world, message_id)
    assert len(await queue_of(desk, resident)) == 1, "nobody knows, so somebody calls"


async def test_an_uncertain_answer_is_not_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = await phoned(world)
    provider = Provider(PlatformDown("send_sms", "timeout", uncertain=True))
    monkeypatch.setattr(world.house, "sms", provider)
    message_id = await missed(world, resident, URGENT)
    await world.work()
    await later(world, hours=1)
    assert provider.asked == [message_id]
    assert await ways(world, message_id) == [("sms", "unknown"), ("return_call", "waiting")]


async def test_what_has_certainly_not_gone_is_sent_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = await phoned(world)
    provider = Provider(
        PlatformDown("send_sms", "unreachable"),
        PlatformRefusal("send_sms", 1023, "", Action.throttle),
        PlatformRefusal("send_sms", 1024, "", Action.defer),
        "number-1",
    )
    monkeypatch.setattr(world.house, "sms", provider)
    message_id = await missed(world, resident, URGENT)
    for minutes in (0, 1, 1, 60):
        await later(world, minutes=minutes)
    climb = await climb_of(world, message_id)
    assert (len(provider.asked), climb.sms, climb.sms_no) == (4, "sent", "number-1")
    assert await ways(world, message_id) == [("sms", "sent")]


async def test_a_number_that_cannot_be_written_to_is_called(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = await phoned(world)
    refusal = PlatformRefusal("send_sms", 1016, "", Action.drop_recipient)
    monkeypatch.setattr(world.house, "sms", Provider(refusal))
    message_id = await missed(world, resident, URGENT)
    await world.work()
    assert await ways(world, message_id) == [("sms", "refused"), ("return_call", "waiting")]


async def test_an_sms_that_did_not_arrive_brings_the_telephone_back_once(world: World) -> None:
    await world.control("sms-reports-style", fail=1, double=1)
    resident = await phoned(world)
    message_id = await missed(world, resident)
    await world.work()
    await later(world, hours=25)

    async def failed() -> bool:
        await world.work()
        return ("sms", "failed") in await ways(world, message_id)

    await world.until(failed, "a report that says no")
    await later(world, hours=1)
    calls = await calls_of(world, resident)
    assert sorted((one.open, one.outcome) for one in calls) == [(False, "unreachable"), (True, None)]
    assert next(one for one in calls if one.open).messages[0].why == "sms_failed"
    assert len(await texts(await again(resident))) == 1


async def test_beginning_twice_climbs_once(world: World) -> None:
    resident = await phoned(world)
    message_id = await missed(world, resident)
    message = await world.house.db.reading(lambda reader: reader.get(MESSAGES, message_id))
    assert isinstance(message, Message)
    await world.house.db.atomically(lambda tx: ladders.begin(tx, message))
    await world.work()
    await world.house.db.atomically(lambda tx: ladders.begin(tx, message))
    await world.work()
    assert await ways(world, message_id) == [("return_call", "waiting")]


async def test_what_came_of_a_call_is_heard_twice_and_done_once(world: World) -> None:
    resident, desk = await phoned(world), await operator(world)
    message_id = await missed(world, resident)
    await world.work()
    (call,) = await queue_of(desk, resident)
    taken = await does(desk, call, "take")
    await does(desk, taken, "outcome", outcome="reached", version=taken["version"])
    await world.work()
    event = Event(
        id=event_id(unique("again"), 1),
        type="return_call.ended",
        subject=call["id"],
        seq=1,
        at=world.clock.now(),
        by={},
        channel="system",
        data={},
    )
    await world.house.db.atomically(lambda tx: ladders.follow.hear(tx, event))
    await later(world, hours=30)
    assert (await climb_of(world, message_id)).ended == "told"
    assert await texts(await again(resident)) == []
