"""Follow-up calls over HTTP and on the page: opened by a low rating, closed with a result, heard by the resident."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from server import workdays
from server.followups import FLOW
from server.kit.clock import SHANGHAI, today
from server.kit.flow import Row
from tests.afterwards import beside, completed
from tests.browser import Browser
from tests.test_ratings import path_of, told
from tests.walks import Stage, Walk, label
from tests.world import Person, Shop, World

FORMS: Mapping[str, dict[str, Any]] = {
    "call": {"note": "说没擦窗户，约了重做"},
    "close": {"outcome": "solved", "note": "商家已免费重做"},
}


async def opened(world: World, stars: int = 1) -> tuple[Shop, Person, str]:
    """The number of the follow-up of a booking with a low rating."""
    shop, resident, case = await completed(world)
    body = {"stars": stars, "text": "窗户没擦", "tags": ["没做干净"]}
    reply = await resident.post(path_of(case), body)
    assert reply.status == 201, reply.body
    return shop, resident, f"HF{case['case_no'][2:]}"


async def on_stage(world: World, state: str) -> Stage:
    shop, resident, case_no = await opened(world)
    for action in {"opened": (), "called": ("call",), "closed": ("call", "close")}[state]:
        reply = await shop.dispatcher.act(case_no, action, **FORMS[action])
        assert reply.status == 200, reply.body
    return await beside(world, shop, resident, case_no, {"provider", "worker"})


WALK = Walk(FLOW, on_stage, FORMS)


@pytest.mark.parametrize("state", WALK.states())
async def test_what_the_table_does_not_allow_is_refused(world: World, state: str) -> None:
    await WALK.refusals(world, state)


@pytest.mark.parametrize(("row", "part"), WALK.moves(), ids=label)
async def test_what_the_table_allows_leads_to_its_target(world: World, row: Row, part: str) -> None:
    await WALK.move(world, row, part)


@pytest.mark.parametrize(("stars", "opens"), [(1, True), (2, True), (3, False), (5, False)])
async def test_only_a_low_rating_opens_one(world: World, stars: int, opens: bool) -> None:
    _, resident, case_no = await opened(world, stars)
    assert (await resident.get(f"/v1/cases/{case_no}")).status == (200 if opens else 404)


async def test_a_refused_rating_opens_none(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("completed", resident)
    await resident.post(path_of(case), {"stars": 5})

    refused = await resident.post(path_of(case), {"stars": 1})

    assert refused.status == 409
    assert (await resident.get(f"/v1/cases/HF{case['case_no'][2:]}")).status == 404


async def test_it_is_promised_for_the_fifth_working_day(world: World) -> None:
    shop, _, case_no = await opened(world)
    case = (await shop.dispatcher.get(f"/v1/cases/{case_no}")).json

    due = datetime.fromisoformat(case["clock"]["due_at"]).astimezone(SHANGHAI)

    expected = workdays.calendar(world.house.db.reader()).add_working_days(today(world.clock.now()), 5)
    assert due.date() == expected
    called = (await shop.dispatcher.act(case_no, "call")).json
    assert called["clock"]["due_at"] == case["clock"]["due_at"], "a call does not put off the end"


async def test_it_waits_in_the_inbox_of_the_street_until_somebody_calls(world: World) -> None:
    shop, _, case_no = await opened(world)

    async def numbers(box: str) -> list[str]:
        items = (await shop.dispatcher.get("/v1/cases", box=box, kind="followup", limit=100)).json["items"]
        return [one["case_no"] for one in items]

    assert case_no in await numbers("unassigned")
    await shop.dispatcher.act(case_no, "call")
    assert case_no not in await numbers("unassigned")
    assert case_no in await numbers("mine")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"note": "已重做"}, "outcome"),
        ({"outcome": "solved"}, "note"),
        ({"outcome": "solved", "note": ""}, "note"),
        ({"outcome": "forgotten", "note": "已重做"}, "outcome"),
    ],
)
async def test_it_cannot_be_closed_without_a_result_and_a_note(
    world: World, form: dict[str, Any], field: str
) -> None:
    shop, _, case_no = await opened(world)
    await shop.dispatcher.act(case_no, "call")

    reply = await shop.dispatcher.act(case_no, "close", **form)

    assert (reply.status, reply.json["error"]["field"]) == (422, field), reply.body
    assert (await shop.dispatcher.get(f"/v1/cases/{case_no}")).json["state"] == "called"


async def test_nobody_is_given_up_before_the_third_call(world: World) -> None:
    shop, _, case_no = await opened(world)
    given_up = {"outcome": "unreachable", "note": "三次都没有人接"}
    for _ in range(2):
        await shop.dispatcher.act(case_no, "call", note="没有人接")
    early = await shop.dispatcher.act(case_no, "close", **given_up)
    await shop.dispatcher.act(case_no, "call", note="没有人接")
    late = await shop.dispatcher.act(case_no, "close", **given_up)

    assert (early.status, early.code, late.status) == (409, "too_few_calls", 200)


async def test_the_resident_hears_that_somebody_calls_and_what_came_of_it_once_each(world: World) -> None:
    shop, resident, case_no = await opened(world)
    for action, form in FORMS.items():
        await shop.dispatcher.act(case_no, action, **form)
    await told(world)

    inbox = (await resident.get("/v1/inbox")).json["items"]

    texts = [one["text"] for one in inbox if one["case_no"] == case_no]
    assert len(texts) == 2
    assert any("会打电话" in one for one in texts)
    assert any("问题已解决" in one and "商家已免费重做" in one for one in texts)


async def test_the_notes_of_the_calls_are_not_for_the_resident(world: World) -> None:
    shop, resident, case_no = await opened(world)
    await shop.dispatcher.act(case_no, "call", **FORMS["call"])

    theirs = (await resident.get(f"/v1/cases/{case_no}")).json["details"]
    staffs = (await shop.dispatcher.get(f"/v1/cases/{case_no}")).json["details"]

    assert (theirs["calls_made"], theirs["calls"]) == (1, [])
    assert staffs["calls"] == [FORMS["call"]["note"]]


async def test_there_is_nobody_to_send(world: World) -> None:
    shop, _, case_no = await opened(world)
    reply = await shop.dispatcher.get(f"/v1/cases/{case_no}/candidates")
    assert (reply.status, reply.json["items"]) == (200, [])


async def test_the_rated_case_shows_the_rating_and_leads_there_but_not_for_the_provider(world: World) -> None:
    shop, _, case_no = await opened(world)
    address = f"/console/cases/HB{case_no[2:]}"

    streets = await Browser(world, shop.dispatcher.token).get(address)
    providers = await Browser(world, shop.manager.token).get(address)

    assert "非常不满意" in streets.text and f'href="/console/cases/{case_no}"' in streets.body
    assert "非常不满意" in providers.text and case_no not in providers.body


async def test_it_is_called_and_closed_on_the_page(world: World) -> None:
    shop, _, case_no = await opened(world)
    desk, address = Browser(world, shop.dispatcher.token), f"/console/cases/{case_no}"

    page = await desk.get(address)
    assert "窗户没擦" in page.text and "非常不满意" in page.text and "没做干净" in page.text
    page = await desk.follow(await desk.press(page, "/call", note="约了重做"))
    assert "约了重做" in page.text and "问题已解决" in page.text
    refused = await desk.press(page, "/close", note="商家已重做")
    assert refused.status == 422 and "请把“回访结果”填好" in refused.text and "商家已重做" in refused.body
    page = await desk.follow(await desk.press(refused, "/close", outcome="solved", note="商家已重做"))

    assert "回访结果：问题已解决" in page.text
    assert (await shop.dispatcher.get(f"/v1/cases/{case_no}")).json["state"] == "closed"
