"""Where a case stands, without signing in: by its number and the end of the phone, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from server.cases import CASES
from server.config import Progress
from tests.counter import open_counter
from tests.doors import Happy, Visit
from tests.houses import next_door
from tests.world import Reply, World

TAIL = "0001"
"""Of the phone that every resident of tests/world.py has."""


async def booked(world: World) -> dict[str, Any]:
    return await (await world.shop()).booked(await world.resident())


async def asked(world: World, case_no: str, tail: str = TAIL, **headers: str) -> Reply:
    body = {"case_no": case_no, "phone_tail": tail}
    return await world.call("POST", "/v1/progress", body, headers=headers)


async def visit_progress(world: World) -> Visit:
    case_no = (await booked(world))["case_no"]
    return Visit(path="/v1/progress", body={"case_no": case_no, "phone_tail": TAIL})


HAPPY: Happy = {("POST", "/v1/progress"): visit_progress}


async def test_the_number_and_the_end_of_the_phone_say_where_a_case_stands(world: World) -> None:
    case = await booked(world)

    reply = await asked(world, case["case_no"])

    assert reply.status == 200, reply.body
    assert reply.json["state_text"] == case["state_text"]
    assert reply.json["clock_text"] == case["clock"]["text"]
    assert case["state_text"] in reply.json["aloud"] and case["title"] in reply.json["aloud"]


async def test_nothing_is_said_of_who_it_is_for_who_comes_where_and_when(world: World) -> None:
    shop, resident = await world.shop(), await world.resident(name="斯琴高娃")
    case = await shop.brought_to("assigned", resident)

    reply = await asked(world, case["case_no"])

    text = reply.body.decode()
    assert set(reply.json) == {"case_no", "item", "state_text", "tone", "aloud", "clock_text", "steps"}
    for secret in ("斯琴", "李师傅", "爱洁家政", "绿苑", "3-2-501", "1394770", case["start_code"], "10:00"):
        assert secret not in text, secret


@pytest.mark.parametrize("how", ["{no}", " {low} ", "{dashless}", "{wide}"])
async def test_a_number_is_known_however_it_is_typed(world: World, how: str) -> None:
    case_no = (await booked(world))["case_no"]
    typed = how.format(
        no=case_no,
        low=case_no.lower(),
        dashless=case_no.replace("-", ""),
        wide=case_no.replace("-", "－"),
    )
    assert (await asked(world, typed)).json["case_no"] == case_no


async def test_what_does_not_fit_is_refused_in_one_and_the_same_words(world: World) -> None:
    case = await booked(world)
    ended = await booked(world)
    await world.house.db.alone(lambda tx: _end_long_ago(tx, ended["case_no"]))
    known = case["case_no"]
    slip = known[:-1] + str((int(known[-1]) + 1) % 10)

    replies = [
        await asked(world, known, "9999"),
        await asked(world, slip),
        await asked(world, "SP-20260101-0000001"),
        await asked(world, "no such thing"),
        await asked(world, ended["case_no"]),
    ]

    assert {(one.status, one.code) for one in replies} == {(404, "progress_not_found")}
    assert len({one.json["error"]["message"] for one in replies}) == 1
    assert len({tuple(sorted(one.json["error"])) for one in replies}) == 1
    assert len({tuple(sorted(one.headers)) for one in replies}) == 1


async def _end_long_ago(tx: Any, case_no: str) -> None:
    then = tx.now - timedelta(days=91)
    await tx.change(CASES, {"_id": case_no}, {"$set": {"open": False, "updated_at": then}})


async def test_what_has_ended_can_be_asked_for_some_time_longer(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("cancelled", resident)
    world.clock.advance(timedelta(days=89))
    assert (await asked(world, case["case_no"])).json["state_text"] == case["state_text"]
    world.clock.advance(timedelta(days=2))
    assert (await asked(world, case["case_no"])).code == "progress_not_found"


@pytest.mark.parametrize(
    "body",
    [
        {"case_no": "HB-20261124-0001375"},
        {"case_no": "HB-20261124-0001375", "phone_tail": "00a1"},
        {"case_no": "HB-20261124-0001375", "phone_tail": "13947700001"},
        {"case_no": "HB-20261124-0001375", "phone_tail": {"$ne": ""}},
        {"case_no": {"$gt": ""}, "phone_tail": "0001"},
        {"case_no": "HB", "phone_tail": "0001"},
    ],
)
async def test_what_is_no_question_is_refused(world: World, body: dict[str, Any]) -> None:
    assert (await world.call("POST", "/v1/progress", body)).status == 422


async def test_one_number_is_not_tried_again_and_again_by_whomever(world: World) -> None:
    known = (await booked(world))["case_no"]
    narrow = Progress(number_per_hour=1, number_burst=3)
    async with next_door(world, progress=narrow) as door:
        for number in (known, "SP-20260101-0000001"):
            tails = [await asked(door, number, f"{5000 + one}") for one in range(5)]
            assert [one.status for one in tails] == [404] * 3 + [429] * 2, number
            assert tails[3].code == "asked_for_too_often"
            assert 1 <= int(tails[3].headers["Retry-After"]) <= 3600
        assert (await asked(door, known, TAIL)).status == 429, "not even rightly, or a guess would show"
        assert (await asked(door, known.replace("-", ""), TAIL)).status == 429
    assert (await asked(world, known, TAIL)).status == 200


async def test_one_address_does_not_try_number_after_number(world: World) -> None:
    narrow = Progress(address_per_hour=1, address_burst=3)
    http = {"http": _behind_a_proxy(world)}
    async with next_door(world, progress=narrow, **http) as door:
        sent = {"X-Forwarded-For": "203.0.113.7"}
        replies = [await asked(door, f"SP-20260101-000000{one}", **sent) for one in range(5)]
        assert [one.status for one in replies] == [404] * 3 + [429] * 2
        other = await asked(door, "SP-20260101-0000001", **{"X-Forwarded-For": "203.0.113.8"})
        assert other.status == 404


def _behind_a_proxy(world: World) -> Any:
    return replace(world.house.settings.http, proxies=["127.0.0.1"])


async def test_an_approval_is_told_step_by_step_and_in_one_sentence_without_a_name(world: World) -> None:
    counter, resident = await open_counter(world), await world.resident(name="斯琴高娃")
    case_no = await counter.accepted(resident)

    told = await asked(world, case_no)

    assert told.json["item"] == "高龄津贴" and told.json["state_text"] == "街道审核"
    assert told.json["aloud"].startswith("您申请的高龄津贴，") and "街道审核" in told.json["aloud"]
    assert [one["state"] for one in told.json["steps"]] == ["done", "done", "now", "ahead", "ahead"]
    text = told.body.decode()
    for secret in ("斯琴", "王芳", "李强", "6217", "绿苑小区", "身份证"):
        assert secret not in text, secret


async def test_an_approval_that_was_denied_says_no_more_than_that(world: World) -> None:
    counter, resident = await open_counter(world), await world.resident()
    case_no = await counter.denied(resident)
    told = await asked(world, case_no)
    assert told.json["state_text"] == "不予"
    assert "不满 80 岁" not in told.body.decode() and "示例办法" not in told.body.decode()
