"""What goes to thousands: by the batch, at a pace, each once or nobody knows, and nobody waits behind it."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from server import nouns, pauses
from server.app import House
from server.credits import CREDITS, credit_id
from server.gateways.wechat import WeChat
from server.ladders import CLIMBS
from server.pauses import EVERYTHING
from server.push import Message, Template, courier
from server.push import bulk as pacing
from server.residents import RESIDENTS, Resident
from server.sandbox.faults import Fault
from server.sandbox.mini_callbacks import Style
from tests.houses import next_door
from tests.pushing import TEMPLATE, again, credits, crowd, patience, run, subscribers, written
from tests.world import World

SEND = "/cgi-bin/message/subscribe/send"


@pytest.fixture(autouse=True)
def patient(world: World) -> Iterator[None]:
    with patience(world):
        yield


def shown(world: World, people: list[Resident]) -> list[int]:
    """How many messages each has received at WeChat."""
    return [one.sent for one in subscribers(world, people)]


def left_at_wechat(world: World, people: list[Resident]) -> list[int]:
    name = TEMPLATE.template_id(world.house.settings)
    return [one.credits.get(name, 0) for one in subscribers(world, people)]


async def outcomes(world: World, rows: list[Message]) -> list[str]:
    return [one.delivery for one in await again(world, rows)]


def wechat_tells(world: World) -> None:
    world.town.sandbox.world.mini.style = Style(sent=True)


async def all_told(world: World) -> None:
    async def quiet() -> bool:
        return not world.town.sandbox.world.mini._under_way

    await world.until(quiet, "WeChat has told everything")


async def test_each_who_has_a_credit_is_told_once_and_the_others_have_it_in_the_inbox(world: World) -> None:
    people = await crowd(world, [0, 1, 2] * 30)
    rows = await written(world, people, bulk=True)

    assert await run(world.house, "bulk") == 90

    assert await outcomes(world, rows) == ["no_credit", "sent", "sent"] * 30
    assert shown(world, people) == [0, 1, 1] * 30
    assert await credits(world, people) == left_at_wechat(world, people) == [0, 0, 1] * 30
    [receipt] = (await again(world, rows))[1].receipts
    assert (receipt.channel, receipt.outcome) == ("subscription", "sent")


async def test_two_messages_to_one_person_in_a_batch_take_two_credits(world: World) -> None:
    people = await crowd(world, [1, 2])
    rows = [*await written(world, people, bulk=True), *await written(world, people, bulk=True)]
    await run(world.house, "bulk")
    assert sorted(await outcomes(world, rows)) == ["no_credit", "sent", "sent", "sent"]
    assert await credits(world, people) == left_at_wechat(world, people) == [0, 0]


async def test_two_workers_tell_each_once(world: World) -> None:
    people = await crowd(world, [2] * 200)
    rows = await written(world, people, bulk=True)
    fast = replace(world.house.settings.push, bulk_per_minute=600_000)
    async with next_door(world, push=fast) as one, next_door(world, push=fast) as other:
        done = await asyncio.gather(run(one.house, "bulk"), run(other.house, "bulk"))
    assert sum(done) == 200
    assert await outcomes(world, rows) == ["sent"] * 200
    assert shown(world, people) == [1] * 200
    assert await credits(world, people) == left_at_wechat(world, people) == [1] * 200


async def test_of_whom_nothing_was_ever_heard_only_a_single_message_finds_out(world: World) -> None:
    strangers = await crowd(world, [1, 1])
    for one in strangers:
        gone = {"_id": credit_id(one.openid, TEMPLATE.name)}
        await world.house.db.alone(lambda tx, gone=gone: tx.delete(CREDITS, gone))  # type: ignore[misc]
    before = world.town.sandbox.world.calls[SEND]
    bulk = await written(world, strangers[:1], bulk=True)
    await run(world.house, "bulk")
    assert (await outcomes(world, bulk), world.town.sandbox.world.calls[SEND]) == (["no_credit"], before)
    single = await written(world, strangers[1:])
    await run(world.house, "messages")
    assert await outcomes(world, single) == ["sent"]


async def test_it_keeps_the_pace_and_a_single_message_does_not_wait_for_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four at once, then four a second; here a second is over when the test says so."""
    slow = replace(world.house.settings.push, bulk_per_minute=240)
    people = await crowd(world, [1] * 12)
    bulk = await written(world, people, bulk=True)
    seconds = 0.0
    monkeypatch.setattr(pacing, "time", SimpleNamespace(monotonic=lambda: seconds))

    async with next_door(world, push=slow) as other:
        sending = asyncio.create_task(run(other.house, "bulk"))
        await _told(world, people, 4)
        single = await written(world, await crowd(world, [1]))
        await run(other.house, "messages")
        assert await outcomes(world, single) == ["sent"]
        for number in (8, 12):
            assert (sum(shown(world, people)), sending.done()) == (number - 4, False)
            seconds += 1
            await _told(world, people, number)
        await sending
    assert await outcomes(world, bulk) == ["sent"] * 12


async def test_an_urgent_broadcast_overtakes_one_that_was_due_before_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four at once, then four a second."""
    slow = replace(world.house.settings.push, bulk_per_minute=240)
    people = await crowd(world, [1] * 40)
    before = await written(world, people, bulk=True, importance="normal")
    seconds = 0.0
    monkeypatch.setattr(pacing, "time", SimpleNamespace(monotonic=lambda: seconds))

    async with next_door(world, push=slow) as other:
        sending = asyncio.create_task(run(other.house, "bulk"))
        await _told(world, people, 4)
        warned = await crowd(world, [1] * 4)
        alarm = await written(world, warned, bulk=True, importance="urgent")
        for number in range(8, 45, 4):
            seconds += 1
            await _told(world, [*people, *warned], number)
            if number == 12:  # the four before them may have been chosen already
                assert shown(world, warned) == [1] * 4
        await sending
    assert await outcomes(world, [*before, *alarm]) == ["sent"] * 44


async def _told(world: World, people: list[Resident], number: int) -> None:
    async def so_many() -> bool:
        return sum(shown(world, people)) == number

    await world.until(so_many, f"{number} are at WeChat")


async def test_an_urgent_message_does_not_stand_behind_those_that_are_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, usual, answer = await crowd(world, [1] * 3), WeChat.send_subscribe, asyncio.Event()
    slow = {one.openid for one in people}

    async def held(self: WeChat, openid: str, *message: Any, **more: Any) -> str:
        if openid in slow:
            await answer.wait()
        return await usual(self, openid, *message, **more)

    monkeypatch.setattr(WeChat, "send_subscribe", held)
    rows = await written(world, people, importance="normal")
    async with next_door(world, push=replace(world.house.settings.push, parallel=1)) as other:
        stop, worker = asyncio.Event(), other.house.worker()
        working = asyncio.create_task(worker.run(stop))
        [warned] = await crowd(world, [1])
        alarm = await written(world, [warned], importance="urgent")
        await _told(world, [warned], 1)
        assert shown(world, people) == [0, 0, 0]
        answer.set()
        await _told(world, people, 3)
        stop.set()
        await working
    assert await outcomes(world, [*rows, *alarm]) == ["sent"] * 4


async def test_while_everything_is_paused_nothing_of_it_is_touched(world: World) -> None:
    people = await crowd(world, [1] * 3)
    rows = await written(world, people, bulk=True)
    until = world.clock.now() + timedelta(hours=1)
    await world.house.db.atomically(lambda tx: pauses.begin(tx, EVERYTHING, until, "45009 stop"))
    assert await run(world.house, "bulk") == 0
    assert await again(world, rows) == rows
    world.clock.set(until)
    await run(world.house, "bulk")
    assert await outcomes(world, rows) == ["sent"] * 3


async def test_a_refusal_in_the_middle_of_a_batch_concerns_that_one_alone(world: World) -> None:
    people = await crowd(world, [1] * 40)
    rows = await written(world, people, bulk=True)
    faults = world.town.sandbox.world.faults
    for errcode in (43101, 45168, 47003, 43108):
        faults.add(Fault(path=SEND, errcode=errcode))
    await run(world.house, "bulk")
    found = await outcomes(world, rows)
    assert sorted(one for one in found if one != "sent") == ["dead", "no_credit", "queued", "refused"]
    assert found.count("sent") == 36
    ours, there = await credits(world, people), left_at_wechat(world, people)
    assert {place for place in range(40) if ours[place] != there[place]} == {
        found.index("no_credit"),  # whose credit WeChat had only said to be gone
        found.index("queued"),  # whose credit is kept for the next attempt
    }


async def test_one_that_is_spoilt_keeps_no_other_from_going_and_is_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await crowd(world, [1] * 8)
    rows = await written(world, people, bulk=True)
    usual = courier.decide

    def spoilt(message: Message, *more: Any) -> Any:
        if message.id == rows[3].id:
            raise ValueError("no such thing")
        return usual(message, *more)

    monkeypatch.setattr(courier, "decide", spoilt)
    push = world.house.settings.push
    for _ in range(push.max_attempts):
        await run(world.house, "bulk")
        assert (await outcomes(world, rows))[:3] == ["sent"] * 3
        world.clock.advance(timedelta(seconds=push.lease_s + 1))
    assert Counter(await outcomes(world, rows)) == {"sent": 7, "dead": 1}
    assert (await again(world, rows))[3].error == "ValueError: no such thing"
    assert await credits(world, people) == [0, 0, 0, 1, 0, 0, 0, 0]


async def test_a_fault_of_ours_kills_a_single_message_only_after_the_last_attempt(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await crowd(world, [1])
    rows = await written(world, people, importance="high")

    def spoilt(*more: Any) -> Any:
        raise ValueError("no such thing")

    monkeypatch.setattr(courier, "decide", spoilt)
    push = world.house.settings.push
    for _ in range(push.max_attempts):
        assert await outcomes(world, rows) == ["queued"]
        await run(world.house, "messages")
        world.clock.advance(timedelta(minutes=11))
    [now] = await again(world, rows)
    assert (now.delivery, now.error, now.dead_at is not None) == ("dead", "ValueError: no such thing", True)
    assert await world.house.db.reading(lambda reader: reader.get(CLIMBS, now.id)) is not None
    assert await credits(world, people) == [1]


# What nobody knows.


async def killed(
    world: World,
    house: House,
    queue: str,
    after: bool,
    patched: pytest.MonkeyPatch,
    number: int = 1,
    acted: int = 99,
) -> None:
    """The worker dies while it asks WeChat for so many, before or after WeChat has acted on them, or on `acted`."""
    usual, begun, under_way = WeChat.send_subscribe, 0, 0
    all_there = asyncio.Event()

    async def hangs(self: WeChat, *message: Any, **more: Any) -> str:
        nonlocal begun, under_way
        begun += 1
        if after and begun <= acted:
            await usual(self, *message, **more)
        under_way += 1
        if under_way == number:
            all_there.set()
        await asyncio.Event().wait()
        return ""

    with patched.context() as patch:
        patch.setattr(WeChat, "send_subscribe", hangs)
        worker = asyncio.create_task(run(house, queue))
        await all_there.wait()
        worker.cancel()
        with pytest.raises(asyncio.CancelledError):
            await worker


def until_known(world: World) -> None:
    push = world.house.settings.push
    world.clock.advance(timedelta(seconds=max(push.lease_s, push.uncertain_s) + 1))


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("queue", ["messages", "bulk"])
async def test_what_a_killed_worker_had_paid_for_is_sent_once_where_wechat_tells(
    world: World, monkeypatch: pytest.MonkeyPatch, after: bool, queue: str
) -> None:
    wechat_tells(world)
    people = await crowd(world, [3, 3])
    rows = await written(world, people[:1], bulk=queue == "bulk")
    await killed(world, world.house, queue, after, monkeypatch)
    await all_told(world)
    assert await outcomes(world, rows) == ["sent" if after else "queued"]
    world.clock.advance(timedelta(seconds=20))
    await written(world, people[1:])
    await run(world.house, "messages")
    await all_told(world)

    until_known(world)
    await run(world.house, queue)

    assert await outcomes(world, rows) == ["sent"]
    assert shown(world, people) == [1, 1]
    assert await credits(world, people) == left_at_wechat(world, people) == [2, 2]


@pytest.mark.parametrize("queue", ["messages", "bulk"])
async def test_nobody_takes_up_what_a_dead_worker_had_begun_while_wechats_word_may_still_come(
    world: World, monkeypatch: pytest.MonkeyPatch, queue: str
) -> None:
    people = await crowd(world, [3])
    rows = await written(world, people, bulk=queue == "bulk")
    await killed(world, world.house, queue, True, monkeypatch)
    asked_at = int(world.clock.now().timestamp())
    world.clock.advance(timedelta(seconds=world.house.settings.push.lease_s + 1))
    await run(world.house, queue)
    assert (await outcomes(world, rows), shown(world, people)) == (["queued"], [1])
    await word(world, people[0], f"in-time-{queue}", CreateTime=asked_at)
    until_known(world)
    await run(world.house, queue)
    assert (await outcomes(world, rows), shown(world, people)) == (["sent"], [1])
    assert await credits(world, people) == left_at_wechat(world, people) == [2]


async def test_wechats_word_of_one_in_a_dead_workers_hands_says_that_the_others_were_not_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it has spoken of something else just before, and of nothing afterwards."""
    people = await crowd(world, [2, 2, 2])
    await written(world, people[:1])
    await run(world.house, "messages")
    await word(world, people[0], "just-before")
    world.clock.advance(timedelta(seconds=1))
    rows = await written(world, people[1:], bulk=True)
    await killed(world, world.house, "bulk", True, monkeypatch, number=2, acted=1)
    [reached] = [one for one, times in zip(people[1:], shown(world, people[1:]), strict=True) if times]
    asked_at = int(world.clock.now().timestamp())
    world.clock.advance(timedelta(seconds=1))
    await word(world, reached, "of-the-batch", CreateTime=asked_at)

    until_known(world)
    await run(world.house, "bulk")

    assert (await outcomes(world, rows), shown(world, people)) == (["sent", "sent"], [1, 1, 1])
    assert await credits(world, people) == left_at_wechat(world, people) == [1, 1, 1]


@pytest.mark.parametrize("after", [False, True])
async def test_where_wechat_tells_nothing_what_goes_to_thousands_is_never_sent_twice(
    world: World, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    people = await crowd(world, [3] * 16)
    rows = await written(world, people, bulk=True)
    await killed(world, world.house, "bulk", after, monkeypatch, 16)
    until_known(world)
    await run(world.house, "bulk")
    world.clock.advance(timedelta(days=1))
    await run(world.house, "bulk")
    assert await outcomes(world, rows) == ["unknown"] * 16
    assert shown(world, people) == [int(after)] * 16
    assert await credits(world, people) == [2] * 16


async def test_wechats_word_that_comes_late_still_says_that_it_was_shown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await crowd(world, [3])
    rows = await written(world, people, bulk=True)
    await killed(world, world.house, "bulk", True, monkeypatch)
    asked_at = int(world.clock.now().timestamp())
    until_known(world)
    await run(world.house, "bulk")
    assert await outcomes(world, rows) == ["unknown"]
    await word(world, people[0], "late-1", CreateTime=asked_at)
    [now] = await again(world, rows)
    assert (now.delivery, now.msgid) == ("sent", "late-1")


async def word(world: World, person: Resident, msgid: str, code: Any = 0, **more: Any) -> None:
    """WeChat says what became of a message."""
    mini = world.town.sandbox.world.mini
    item = {
        "TemplateId": TEMPLATE.template_id(world.house.settings),
        "MsgID": msgid,
        "ErrorCode": code,
        "ErrorStatus": "success" if not code else "system failed",
    }
    fields = {
        "ToUserName": "gh_demo00000000",
        "FromUserName": person.openid,
        "CreateTime": int(world.clock.now().timestamp()),
        "MsgType": "event",
        "Event": "subscribe_msg_sent_event",
        "List": [item],
    }
    sent = await mini.send(fields | more)
    assert sent.delivered, sent


async def test_an_answer_that_was_lost_is_not_asked_for_again_though_there_are_credits(world: World) -> None:
    wechat_tells(world)
    people = await crowd(world, [2])
    rows = await written(world, people)
    world.town.sandbox.world.faults.add(Fault(path=SEND, drop=True, after=True))
    await run(world.house, "messages")
    await all_told(world)
    until_known(world)
    await run(world.house, "messages")
    [now] = await again(world, rows)
    assert (now.delivery, now.error, now.due_at) == ("sent", "", None)
    assert shown(world, people) == [1]
    assert await credits(world, people) == left_at_wechat(world, people) == [1]


async def test_a_lost_request_is_sent_again_when_wechat_tells_of_others_and_not_of_it(world: World) -> None:
    wechat_tells(world)
    people = await crowd(world, [2, 1])
    rows = await written(world, people[:1])
    world.town.sandbox.world.faults.add(Fault(path=SEND, drop=True))
    await run(world.house, "messages")
    [waiting] = await again(world, rows)
    assert (waiting.held, waiting.attempts) == ("doubt", 1)
    world.clock.advance(timedelta(seconds=15))
    await written(world, people[1:])
    await run(world.house, "messages")
    await all_told(world)
    assert await outcomes(world, rows) == ["queued"]
    until_known(world)
    await run(world.house, "messages")
    assert await outcomes(world, rows) == ["sent"]
    assert await credits(world, people) == left_at_wechat(world, people) == [1, 0]


async def test_where_the_settings_say_that_wechat_tells_no_other_word_is_needed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await crowd(world, [2])
    rows = await written(world, people, bulk=True)
    telling = replace(world.house.settings.push, sent_events=True)
    async with next_door(world, push=telling) as other:
        await killed(world, other.house, "bulk", False, monkeypatch)
        until_known(world)
        await run(other.house, "bulk")
    assert await outcomes(world, rows) == ["sent"]
    assert await credits(world, people) == left_at_wechat(world, people) == [1]


async def test_wechats_word_may_be_here_before_its_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await crowd(world, [1, 1])
    singles, bulk = await written(world, people[:1]), await written(world, people[1:], bulk=True)
    usual = WeChat.send_subscribe

    async def answers_late(self: WeChat, openid: str, *message: Any, **more: Any) -> str:
        msgid = await usual(self, openid, *message, **more)
        person = next(one for one in people if one.openid == openid)
        await word(world, person, f"early-{openid}")
        return msgid

    monkeypatch.setattr(WeChat, "send_subscribe", answers_late)
    await run(world.house, "messages")
    await run(world.house, "bulk")
    found = await again(world, [*singles, *bulk])
    assert [(one.delivery, one.msgid, len(one.receipts)) for one in found] == [
        ("sent", f"early-{one.openid}", 1) for one in people
    ]
    assert await credits(world, people) == [0, 0]


async def test_a_word_of_failure_for_an_important_message_is_told_otherwise(world: World) -> None:
    people = await crowd(world, [1, 1])
    rows = [
        *await written(world, people[:1], importance="high"),
        *await written(world, people[1:], bulk=True),
    ]
    await run(world.house, "messages")
    await run(world.house, "bulk")
    for person in people:
        await word(world, person, f"failed-{person.id}", 43000)
        await word(
            world, person, f"failed-{person.id}", 43000, CreateTime=int(world.clock.now().timestamp()) + 1
        )
    assert await outcomes(world, rows) == ["refused", "refused"]
    climbs = [
        await world.house.db.reading(lambda reader, name=one.id: reader.get(CLIMBS, name))  # type: ignore[misc]
        for one in rows
    ]
    assert [one is not None for one in climbs] == [True, False]


async def test_the_word_is_for_the_message_that_was_asked_for_before_it(world: World) -> None:
    people = await crowd(world, [3])
    rows = []
    for _ in range(2):
        rows += await written(world, people)
        await run(world.house, "messages")
        world.clock.advance(timedelta(seconds=30))
    began = world.clock.now()
    for number, seconds in ((1, 30), (0, 60)):
        at = int((began - timedelta(seconds=seconds)).timestamp())
        await word(world, people[0], f"of-{number}", CreateTime=at)
    assert [one.msgid for one in await again(world, rows)] == ["of-0", "of-1"]


async def test_a_platform_that_is_down_costs_no_attempts_while_nobody_asks_it(world: World) -> None:
    people = await crowd(world, [1] * 30)
    rows = await written(world, people)
    async with next_door(world) as other:
        world.town.sandbox.world.faults.add(Fault(path=SEND, http_status=503, times=10_000))
        for _ in range(12):
            await run(other.house, "messages")
            world.clock.advance(timedelta(seconds=12))
        found = await again(world, rows)
        assert {one.delivery for one in found} == {"queued"}
        assert max(one.attempts for one in found) <= 3
        world.town.sandbox.world.faults.clear()
        for _ in range(20):
            world.clock.advance(timedelta(seconds=30))
            await run(other.house, "messages")
    assert await outcomes(world, rows) == ["sent"] * 30
    assert shown(world, people) == [1] * 30


@pytest.mark.parametrize("bulk", [False, True])
async def test_while_wechat_is_left_alone_what_waits_is_not_taken_up_again_and_again(
    world: World, bulk: bool
) -> None:
    people, queue = await crowd(world, [1] * 60), "bulk" if bulk else "messages"
    rows = await written(world, people, bulk=bulk)
    async with next_door(world, push=replace(world.house.settings.push, parallel=4, batch=4)) as other:
        world.town.sandbox.world.faults.add(Fault(path=SEND, errcode=-1, times=10_000))
        for _ in range(12):
            await run(other.house, queue)
            world.clock.advance(timedelta(seconds=12))
        touched = [one.fence for one in await again(world, rows)]
        assert 0 < sum(touched) < 2 * 60, "a handful each time that WeChat is tried, not all of them"
        world.town.sandbox.world.faults.clear()
        await run(other.house, queue)
        assert Counter(await outcomes(world, rows))["sent"] > 30, "they go at once when one has come through"
        for _ in range(20):
            world.clock.advance(timedelta(seconds=30))
            await run(other.house, queue)
    assert await outcomes(world, rows) == ["sent"] * 60
    assert shown(world, people) == [1] * 60


# Long-term subscriptions, and what was overtaken.


async def test_a_long_term_subscription_takes_no_credit_and_ends_when_wechat_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = TEMPLATE.template_id(world.house.settings)
    there = world.town.sandbox.world.templates
    monkeypatch.setitem(there, name, replace(there[name], kind="long_term"))
    push = replace(world.house.settings.push, long_term=[TEMPLATE.name])
    async with next_door(world, push=push) as other:
        resident = other.meets(await world.resident())
        [row] = await world.house.db.reading(
            lambda reader: reader.all(RESIDENTS, {"openid": resident.openid}, limit=1)
        )
        await world.control("subscribe", openid=resident.openid, template_id=name, result="accept")
        for bulk in (False, True, False):
            rows = await written(world, [row], bulk=bulk)
            await run(other.house, "bulk" if bulk else "messages")
            assert await outcomes(world, rows) == ["sent"]
        items = (await resident.get("/v1/subscriptions")).json["items"]
        [mine] = [one for one in items if one["template_id"] == name]
        assert (mine["long_term"], mine["state"], mine["credits"]) == (True, "accepted", 1)
        assert sum(one["long_term"] for one in items) == 1

        subscribers(world, [row])[0].results[name] = "reject"
        rows = await written(world, [row])
        await run(other.house, "messages")
        before = world.town.sandbox.world.calls[SEND]
        rows += await written(world, [row])
        await run(other.house, "messages")
        assert await outcomes(world, rows) == ["no_credit", "no_credit"]
        assert world.town.sandbox.world.calls[SEND] == before
        items = (await resident.get("/v1/subscriptions")).json["items"]
        assert [one["state"] for one in items if one["template_id"] == name] == ["rejected"]


async def test_a_long_term_template_of_whom_nothing_is_known_is_tried_for_one_and_not_for_thousands(
    world: World,
) -> None:
    push = replace(world.house.settings.push, long_term=["booking_started"])
    [template] = [one for one in nouns.found(Template) if one.name == "booking_started"]
    people = await crowd(world, [1])
    async with next_door(world, push=push) as other:
        bulk = await written(world, people, template, bulk=True)
        await run(other.house, "bulk")
        single = await written(world, people, template)
        await run(other.house, "messages")
    assert await outcomes(world, [*bulk, *single]) == ["no_credit", "no_credit"]
    [now] = await again(world, single)
    assert now.error == "43101 zero_credit"


async def test_what_has_waited_is_not_told_when_something_newer_about_the_same_case_is(world: World) -> None:
    people = await crowd(world, [4] * 3)
    world.clock.set(world.clock.now() + timedelta(hours=14))
    cases = [f"HB-20261128-{number:07d}" for number in range(3)]
    first = [
        (await written(world, [one], importance="normal", case_no=case))[0]
        for one, case in zip(people, cases, strict=True)
    ]
    await run(world.house, "messages")
    assert {one.held for one in await again(world, first)} == {"quiet"}
    world.clock.advance(timedelta(minutes=5))
    newer = await written(world, people[:1], importance="normal", case_no=cases[0])
    other = await written(world, people[1:2], importance="normal", case_no="HB-20261128-0009999")
    await run(world.house, "messages")
    world.clock.advance(timedelta(hours=9))
    await run(world.house, "messages")

    assert await outcomes(world, [*first, *newer, *other]) == ["replaced", "sent", "sent", "sent", "sent"]
    assert shown(world, people) == [1, 2, 1]
    assert await credits(world, people) == left_at_wechat(world, people) == [3, 2, 3]


async def test_what_was_paid_for_and_then_overtaken_gives_its_credit_back_and_urgent_is_never_overtaken(
    world: World,
) -> None:
    people = await crowd(world, [2, 2])
    case: dict[str, Any] = {"case_no": "HB-20261128-0000001"}
    rows = await written(world, people[:1], importance="high", **case)
    world.town.sandbox.world.faults.add(Fault(path=SEND, errcode=45011))
    await run(world.house, "messages")
    assert await credits(world, people[:1]) == [1]
    rows += await written(world, people[1:], importance="urgent", **case)
    await run(world.house, "messages")
    assert [one.held for one in await again(world, rows)] == ["throttled", "throttled"]
    world.clock.advance(timedelta(seconds=61))
    rows += await written(world, people, importance="high", **case)
    await run(world.house, "messages")
    assert await outcomes(world, rows) == ["replaced", "sent", "sent", "sent"]
    assert await credits(world, people) == left_at_wechat(world, people) == [1, 0]
