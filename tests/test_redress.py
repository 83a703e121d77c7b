"""Putting right what a public service was rated badly for: by somebody who had no hand in it, with a longer time for a
reason, and a second look when the resident objects."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.staff import Grant
from server import workdays
from server.kit.clock import SHANGHAI, today
from server.kit.flow import Row
from server.redress import FLOW
from server.staff import STAFF, Staff
from tests.browser import Browser
from tests.counter import Counter, ok, open_counter
from tests.test_ratings import told
from tests.walks import Stage, Walk, label
from tests.world import Person, World

FORMS: Mapping[str, dict[str, Any]] = {
    "call": {"note": "说等了一上午，已向窗口核实"},
    "take_longer": {"reason": "要调三年前的档案"},
    "answer": {"outcome": "solved", "note": "已向您道歉，窗口改为随到随办"},
    "object": {"text": "没有人向我道歉"},
    "recheck": {"upheld": True, "note": "已由负责人登门道歉"},
}
ONWARD = {
    "opened": (),
    "called": ("call",),
    "answered": ("call", "answer"),
    "objected": ("call", "answer", "object"),
    "closed": ("call", "answer", "object", "recheck"),
}


async def opened(world: World, stars: int = 1) -> tuple[Counter, Person, str]:
    """The number of what a low rating of a granted approval has opened."""
    counter, resident = await open_counter(world), await world.resident()
    case_no = await counter.granted(resident)
    body = {"stars": stars, "text": "等了一上午", "tags": ["办得太慢"]}
    reply = await resident.post(f"/v1/cases/{case_no}/rating", body)
    assert reply.status == 201, reply.body
    return counter, resident, f"CP{case_no[2:]}"


async def brought_to(world: World, state: str) -> tuple[Counter, Person, str, Person]:
    """And somebody of the street who has had no hand in it."""
    counter, resident, case_no = await opened(world)
    second = await world.staff(Grant(role="reviewer"), name="白云")
    who = {"object": resident, "recheck": second}
    for action in ONWARD[state]:
        await ok(who.get(action, counter.operator).act(case_no, action, **FORMS[action]))
    return counter, resident, case_no, second


async def on_stage(world: World, state: str) -> Stage:
    counter, resident, case_no, second = await brought_to(world, state)
    cast = {
        "resident": resident,
        "another_resident": await world.resident(),
        "operator": counter.operator,
        "clerk": counter.colleague,
        "dispatcher": await world.staff(Grant(role="dispatcher")),
        "reviewer": second,
        "admin": await world.staff(Grant(role="admin")),
        "worker": await world.staff(Grant(role="worker", provider_id="nobody")),
    }
    nobody = {"another_resident", "worker"}
    parts = {name: frozenset() if name in nobody else frozenset({name}) for name in cast}
    return Stage((await resident.get(f"/v1/cases/{case_no}")).json, cast, parts)


WALK = Walk(FLOW, on_stage, FORMS)


@pytest.mark.parametrize("state", WALK.states())
async def test_what_the_table_does_not_allow_is_refused(world: World, state: str) -> None:
    await WALK.refusals(world, state)


@pytest.mark.parametrize(("row", "part"), WALK.moves(), ids=label)
async def test_what_the_table_allows_leads_to_its_target(world: World, row: Row, part: str) -> None:
    await WALK.move(world, row, part)


@pytest.mark.parametrize(("stars", "opens"), [(1, True), (2, True), (3, False)])
async def test_only_a_low_rating_opens_one(world: World, stars: int, opens: bool) -> None:
    _, resident, case_no = await opened(world, stars)
    assert (await resident.get(f"/v1/cases/{case_no}")).status == (200 if opens else 404)
    assert (await resident.get(f"/v1/cases/HF{case_no[2:]}")).status == 404, "and no call of the other kind"


def due(case: dict[str, Any]) -> Any:
    return datetime.fromisoformat(case["clock"]["due_at"]).astimezone(SHANGHAI).date()


async def test_what_is_simple_has_five_working_days_and_what_is_complicated_fifteen_in_all(
    world: World,
) -> None:
    counter, _, case_no = await opened(world)
    calendar, day = workdays.calendar(world.house.db.reader()), today(world.clock.now())
    before = (await counter.operator.get(f"/v1/cases/{case_no}")).json

    longer = (await counter.operator.act(case_no, "take_longer", **FORMS["take_longer"])).json

    assert due(before) == calendar.add_working_days(day, 5)
    assert (due(longer), longer["clock"]["total"]) == (calendar.add_working_days(day, 15), 15)
    assert longer["details"]["longer"] == FORMS["take_longer"]["reason"]


async def test_it_takes_longer_once_for_a_reason_and_by_no_other_door(world: World) -> None:
    counter, _, case_no = await opened(world)
    operator = counter.operator
    assert (await operator.act(case_no, "take_longer")).status == 422
    await ok(operator.act(case_no, "take_longer", **FORMS["take_longer"]))

    again = await operator.act(case_no, "take_longer", reason="还要更久")
    dispatcher = await world.staff(Grant(role="dispatcher"))
    asked = {"amount": 5, "reason": "还要更久"}
    other = await dispatcher.post(f"/v1/cases/{case_no}/clocks/promised/extension", asked)

    assert (again.status, again.code) == (409, "took_longer_before")
    assert (other.status, other.code) == (409, "not_extendable")
    assert (await operator.get(f"/v1/cases/{case_no}")).json["clock"]["total"] == 15


async def test_who_had_a_hand_in_the_rated_case_does_not_look_into_it(world: World) -> None:
    counter, _, case_no = await opened(world)
    grants = [Grant(role="clerk", community_id=world.community), Grant(role="operator")]
    await world.put(STAFF, Staff(id=counter.clerk.id, name="王芳", grants=grants))

    for action in ("claim", "call", "take_longer"):
        reply = await counter.clerk.act(case_no, action, **FORMS.get(action, {}))
        assert (reply.status, reply.code) == (403, "own_case_rated"), action


async def test_the_second_look_is_not_taken_by_whoever_decided_or_answered(world: World) -> None:
    counter, _, case_no, second = await brought_to(world, "objected")
    for first in (counter.reviewer, counter.decider):
        for action in ("claim", "recheck"):
            reply = await first.act(case_no, action, **FORMS.get(action, {}))
            assert (reply.status, reply.code) == (403, "second_person_needed"), action

    ended = await second.act(case_no, "recheck", **FORMS["recheck"])

    assert (ended.status, ended.json["open"]) == (200, False)


async def test_the_resident_objects_once_and_then_it_is_over(world: World) -> None:
    _, resident, case_no, _ = await brought_to(world, "closed")
    again = await resident.act(case_no, "object", **FORMS["object"])
    assert (again.status, again.code) == (409, "not_allowed_now")


async def test_who_says_nothing_to_the_answer_for_some_days_agrees(world: World) -> None:
    _, resident, case_no, _ = await brought_to(world, "answered")
    world.clock.advance(timedelta(days=5, minutes=1))
    late = await (await world.resident(openid=resident.openid)).act(case_no, "object", **FORMS["object"])
    await world.work()

    case = (await resident.get(f"/v1/cases/{case_no}")).json

    assert (late.status, late.code) == (409, "time_is_up")
    assert (case["state"], case["open"]) == ("closed", False)


async def test_the_case_itself_says_to_the_resident_what_came_of_it(world: World) -> None:
    _, resident, case_no, second = await brought_to(world, "answered")
    answered = (await resident.get(f"/v1/cases/{case_no}")).json["sentence"]
    await ok(resident.act(case_no, "object", **FORMS["object"]))
    await ok(second.act(case_no, "recheck", **FORMS["recheck"]))
    closed = (await resident.get(f"/v1/cases/{case_no}")).json["sentence"]
    assert "窗口改为随到随办。您还有意见" in answered
    assert "登门道歉" in closed and "意见成立" in closed


async def test_the_second_look_has_a_clock_of_its_own(world: World) -> None:
    _, _, case_no, second = await brought_to(world, "objected")
    case = (await second.get(f"/v1/cases/{case_no}")).json
    calendar = workdays.calendar(world.house.db.reader())
    assert due(case) == calendar.add_working_days(today(world.clock.now()), 5)


async def test_the_resident_hears_what_came_of_it_and_what_came_of_the_objection_once_each(
    world: World,
) -> None:
    _, resident, case_no, _ = await brought_to(world, "closed")
    await told(world)

    inbox = (await resident.get("/v1/inbox")).json["items"]

    texts = [one["text"] for one in inbox if one["case_no"] == case_no]
    assert len(texts) == 4, texts
    assert any("已经整改" in one and "已向您道歉" in one and "再提一次" in one for one in texts)
    assert any("意见成立" in one and "登门道歉" in one for one in texts)


async def test_those_it_is_about_are_not_asked_to_see_to_it(world: World) -> None:
    counter, _, case_no, second = await brought_to(world, "objected")
    await told(world)

    async def notices(who: Person) -> list[str]:
        items = (await who.get("/v1/staff/inbox")).json["items"]
        return [one["title"] for one in items if one["case_no"] == case_no]

    assert "居民对处理结果有意见" in await notices(second)
    assert await notices(counter.decider) == []


async def test_what_the_calls_noted_is_not_for_the_resident(world: World) -> None:
    counter, resident, case_no, _ = await brought_to(world, "called")
    theirs = (await resident.get(f"/v1/cases/{case_no}")).json["details"]
    staffs = (await counter.operator.get(f"/v1/cases/{case_no}")).json["details"]
    assert (theirs["calls_made"], theirs["calls"]) == (1, [])
    assert staffs["calls"] == [FORMS["call"]["note"]]


async def test_it_is_called_answered_and_looked_at_again_on_the_page(world: World) -> None:
    counter, resident, case_no = await opened(world)
    second = await world.staff(Grant(role="reviewer"), name="白云")
    desk, address = Browser(world, counter.operator.token), f"/console/cases/{case_no}"

    page = await desk.get(address)
    assert "等了一上午" in page.text and "非常不满意" in page.text
    page = await desk.follow(await desk.press(page, "/call", **FORMS["call"]))
    page = await desk.follow(await desk.press(page, "/answer", **FORMS["answer"]))
    assert "已经整改" in page.text
    await ok(resident.act(case_no, "object", **FORMS["object"]))
    street = Browser(world, second.token)
    page = await street.get(address)
    assert "没有人向我道歉" in page.text
    page = await street.follow(await street.press(page, "/recheck", upheld="1", note="已由负责人登门道歉"))

    assert "居民的意见成立" in page.text and "登门道歉" in page.text
