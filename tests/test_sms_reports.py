"""The provider of short messages calling us: only who has the key is heard, each message's report once, and it stands
with the message that it is about."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from server.kit.db import Tx
from server.ladders import CLIMBS
from server.sms_reports import SMS_REPORTS, SmsReport
from tests.doors import Happy, Visit
from tests.purse import sms
from tests.test_ladders import URGENT, climb_of, later, missed, phoned, texts, ways
from tests.world import Person, Reply, World, unique

PATH = "/sms/report"
COVERS = {("POST", PATH)}


def report(sid: str, **changes: Any) -> dict[str, Any]:
    return {
        "user_receive_time": "2026-11-28 09:00:03",
        "nationcode": "86",
        "mobile": "13947700001",
        "report_status": "SUCCESS",
        "errmsg": "DELIVRD",
        "description": "用户短信送达成功",
        "sid": sid,
    } | changes


async def told(world: World, body: Any, key: str | None = None) -> Reply:
    """As the provider tells it, or whoever pretends to."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    right = world.house.settings.sms.report_key
    return await world.call("POST", PATH, raw=raw, query={"key": right if key is None else key})


async def kept(world: World, sid: str) -> SmsReport | None:
    return await world.house.db.reading(lambda reader: reader.get(SMS_REPORTS, sid))


async def style(world: World, **how: Any) -> None:
    """How the next reports are told."""
    await world.control("sms-reports-style", **how)


async def sent(world: World) -> tuple[Person, str]:
    """Somebody who was sent a short message, and the id of what it is about."""
    resident = await phoned(world)
    message_id = await missed(world, resident, URGENT)
    await world.work()
    assert len(await texts(resident)) == 1
    return resident, message_id


async def reported(world: World, message_id: str) -> None:
    """Its report is here."""
    number = (await climb_of(world, message_id)).sms_no
    assert number

    async def here() -> bool:
        return await kept(world, number) is not None

    await world.until(here, "a report")
    await world.work()


async def visit_report(world: World) -> Visit:
    key = world.house.settings.sms.report_key
    return Visit(path=PATH, body=[report(unique("2000:"))], query={"key": key})


HAPPY: Happy = {("POST", PATH): visit_report}


async def test_a_message_that_arrived_says_so(world: World) -> None:
    resident, message_id = await sent(world)
    await reported(world, message_id)
    assert await ways(world, message_id) == [("sms", "sent"), ("sms", "delivered")]
    assert (await climb_of(world, message_id)).sms == "delivered"
    assert len(await texts(resident)) == 1


async def test_a_message_that_did_not_arrive_says_why(world: World) -> None:
    await style(world, fail=1, errmsg="002")
    _, message_id = await sent(world)
    await reported(world, message_id)
    assert (await ways(world, message_id))[:2] == [("sms", "sent"), ("sms", "failed")]
    climb = await climb_of(world, message_id)
    assert climb.sms == "failed"


async def test_a_report_told_twice_is_written_once(world: World) -> None:
    await style(world, double=1)
    _, message_id = await sent(world)
    await reported(world, message_id)
    answer = await world.control("sms-reports-again")
    assert answer["delivered"] and answer["reply"] == {"result": 0, "errmsg": "OK"}
    number = str((await climb_of(world, message_id)).sms_no)
    assert (await told(world, [report(number, report_status="FAIL")] * 2)).json["result"] == 0
    await world.work()
    first = await kept(world, number)
    assert first is not None and first.arrived and first.due_at is None
    assert await ways(world, message_id) == [("sms", "sent"), ("sms", "delivered")]


async def test_a_lost_report_leaves_the_message_sent(world: World) -> None:
    await style(world, lose=1)
    _, message_id = await sent(world)
    await world.work()
    assert await ways(world, message_id) == [("sms", "sent")]


async def test_a_report_that_is_faster_than_our_own_books_is_not_lost(world: World) -> None:
    """It is told before the provider has answered us: nobody knows the number yet."""
    await style(world, early=1)
    _, message_id = await sent(world)
    number = (await climb_of(world, message_id)).sms_no
    assert number is not None and await kept(world, number) is not None
    for _ in range(3):
        await later(world, seconds=5)
    assert await ways(world, message_id) == [("sms", "sent"), ("sms", "delivered")]


async def test_a_report_waits_for_its_message_to_have_a_number(world: World) -> None:
    await style(world, lose=1)
    _, message_id = await sent(world)
    number = unique("2000:")
    assert (await told(world, [report(number)])).json["result"] == 0
    await world.work()
    waiting = await kept(world, number)
    assert waiting is not None and waiting.due_at is not None and waiting.due_at > world.clock.now()

    async def numbered(tx: Tx) -> None:
        await tx.change(CLIMBS, {"_id": message_id}, {"$set": {"sms_no": number}})

    await world.house.db.atomically(numbered)
    await later(world, seconds=5)
    assert await ways(world, message_id) == [("sms", "sent"), ("sms", "delivered")]
    done = await kept(world, number)
    assert done is not None and done.due_at is None


async def test_an_answer_that_was_lost_is_learned_from_the_report(world: World) -> None:
    """The provider has it, we do not know: it is not sent again, and the report tells our own number of it."""
    await style(world, ext=True)
    await world.control("faults", path="/sms/SendSms", drop=True, after=True)
    resident = await phoned(world)
    message_id = await missed(world, resident, URGENT)
    await world.work()
    assert len(await texts(resident)) == 1
    (one,) = (await world.told("sms-reports"))["items"][-1:]
    await world.until(lambda: kept(world, one["fields"]["sid"]), "a report")
    await later(world, minutes=1)
    climb = await climb_of(world, message_id)
    assert (climb.sms, climb.sms_no) == ("delivered", one["fields"]["sid"])
    assert ("sms", "delivered") in await ways(world, message_id)
    await later(world, hours=30)
    assert len(await texts(resident)) == 1


async def test_a_report_of_a_number_that_nobody_knows_is_given_up(world: World) -> None:
    number = unique("2000:nobody")
    assert (await told(world, [report(number)])).json == {"result": 0, "errmsg": "OK"}
    for _ in range(20):
        await later(world, minutes=30)
    found = await kept(world, number)
    assert found is not None and (found.due_at, found.error) == (None, "unknown")


async def test_who_has_not_the_key_is_not_heard(world: World) -> None:
    number = unique("2000:")
    for key in ("", "example-report-ke", "example-report-key2", "ключ"):
        reply = await told(world, [report(number)], key)
        assert (reply.status, reply.code) == (403, "callback_refused"), key
    reply = await world.call("POST", PATH, [report(number)])
    assert (reply.status, reply.code) == (403, "callback_refused")
    assert await kept(world, number) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 5_000,
        {},
        [],
        [1],
        [{"sid": "2000:1"}],
        [report("2000:1") | {"report_status": "MAYBE"}],
        [report("")],
        [report("2000:" + "1" * 200)],
        [report(f"2000:{number}") for number in range(101)],
        {"sid": "2000:1", "report_status": "SUCCESS"},
    ],
)
async def test_what_is_no_report_is_refused_without_a_word_why(world: World, body: Any) -> None:
    reply = await told(world, body)
    assert (reply.status, reply.code) == (403, "callback_refused")


async def test_a_body_beyond_measure_is_not_read(world: World) -> None:
    assert (await told(world, b" " * (1 << 17))).status in (403, 413)


async def test_where_no_key_is_set_nobody_is_heard(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    keyless = structs.replace(sms("http://127.0.0.1:9"), report_key="")
    monkeypatch.setattr(
        world.house, "settings", structs.replace(world.house.settings, sms=keyless), raising=True
    )
    assert (await told(world, [report(unique("2000:"))], "")).status == 403


async def test_reports_of_many_messages_come_in_one_go(world: World) -> None:
    numbers = [unique("2000:") for _ in range(100)]
    assert (await told(world, [report(one) for one in numbers])).json["result"] == 0
    assert all([await kept(world, one) for one in (numbers[0], numbers[57], numbers[99])])


async def test_health_lists_the_provider_and_goes_on_without_it(world: World) -> None:
    world.clock.advance(timedelta(minutes=1))
    ready = await world.call("GET", "/health/ready")
    assert (ready.status, ready.json["parts"]["sms"]) == (200, "ok")
    world.clock.advance(timedelta(minutes=1))
    await world.control("faults", path="/sms/SmsPackagesStatistics", http_status=503, times=3)
    ready = await world.call("GET", "/health/ready")
    assert (ready.status, ready.json["parts"]["sms"]) == (200, "PlatformDown")
    await world.control("faults", method="DELETE")


async def test_calls_to_the_provider_are_counted(world: World) -> None:
    await sent(world)
    page = (await world.call("GET", "/metrics")).body.decode()
    assert 'hoelun_platform_calls_total{api="send_sms",outcome="ok"}' in page


async def test_the_same_report_at_many_doors_at_once_is_kept_once(world: World) -> None:
    numbers = [unique("2000:") for _ in range(5)]
    body = [report(one) for one in numbers]
    replies = await asyncio.gather(*(told(world, body) for _ in range(12)))
    assert {one.status for one in replies} == {200}
    assert all([await kept(world, one) for one in numbers])
