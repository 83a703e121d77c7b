"""Complaints over HTTP: the provider answers in time or the street decides; both sides see why; an end is an end."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from schemas.staff import Grant
from server.complaints import FLOW
from server.kit.flow import Row
from tests.afterwards import beside, completed
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.test_ratings import told
from tests.walks import Stage, Walk, label
from tests.world import Person, Shop, World

FORMS: Mapping[str, dict[str, Any]] = {
    "answer": {"answer": "明天免费重做"},
    "arbitrate": {"reason": "不同意只重做一半"},
    "decide": {"ruling": "resident", "reason": "照片能看出没有擦"},
    "reopen": {"reason": "说好的重做没有来"},
}


def wish(case: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"case_no": case["case_no"], "reason": "quality", "text": "窗户一扇也没擦", **more}


async def filed(world: World) -> tuple[Shop, Person, str]:
    shop, resident, about = await completed(world)
    reply = await resident.post("/v1/complaints", wish(about))
    assert reply.status == 201, reply.body
    return shop, resident, reply.json["case_no"]


async def visit_complaints(world: World) -> Visit:
    _, resident, about = await completed(world)
    return Visit(who=resident, path="/v1/complaints", body=wish(about))


async def visit_sheet(world: World) -> Visit:
    _, resident, about = await completed(world)
    return Visit(
        who=resident, path=f"/v1/cases/{about['case_no']}/complaint", stranger=await world.resident()
    )


HAPPY: Happy = {
    ("POST", "/v1/complaints"): visit_complaints,
    ("GET", "/v1/cases/{case_no}/complaint"): visit_sheet,
}

WAYS: Mapping[str, tuple[str, ...]] = {
    "filed": (),
    "answered": ("answer",),
    "arbitrating": ("answer", "arbitrate"),
    "settled": ("answer", "accept"),
    "decided": ("answer", "arbitrate", "decide"),
    "closed": ("answer", "accept", "seal"),
}


async def brought_to(world: World, state: str) -> tuple[Shop, Person, str]:
    shop, resident, case_no = await filed(world)
    who = {"answer": shop.manager, "decide": shop.dispatcher}
    for action in WAYS[state]:
        if action == "seal":
            world.clock.advance(timedelta(days=7, seconds=1))
            await world.work()
        else:
            reply = await who.get(action, resident).act(case_no, action, **FORMS.get(action, {}))
            assert reply.status == 200, reply.body
    return shop, resident, case_no


async def on_stage(world: World, state: str) -> Stage:
    shop, resident, case_no = await brought_to(world, state)
    other = await world.shop()
    if state == "closed":  # a week has passed: the staff have to sign in again
        shop.manager, shop.worker, shop.dispatcher, other.manager = [
            await world.sign_in(one.id) for one in (shop.manager, shop.worker, shop.dispatcher, other.manager)
        ]
    nobody = {"another_provider", "worker"}
    return await beside(world, shop, resident, case_no, nobody, another_provider=other.manager)


WALK = Walk(FLOW, on_stage, FORMS)


@pytest.mark.parametrize("state", WALK.states())
async def test_what_the_table_does_not_allow_is_refused(world: World, state: str) -> None:
    await WALK.refusals(world, state)


@pytest.mark.parametrize(("row", "part"), WALK.moves(), ids=label)
async def test_what_the_table_allows_leads_to_its_target(world: World, row: Row, part: str) -> None:
    await WALK.move(world, row, part)


# Opening.


async def test_the_sheet_has_the_reasons_and_then_the_number(world: World) -> None:
    _, resident, about = await completed(world)
    path = f"/v1/cases/{about['case_no']}/complaint"

    before = (await resident.get(path)).json
    complaint = (await resident.post("/v1/complaints", wish(about))).json
    after = (await resident.get(path)).json

    assert "做得不好" in [one["text"] for one in before["reasons"]]
    assert (before["case_no"], before["can_complain"]) == (None, True)
    assert (after["case_no"], after["can_complain"]) == (complaint["case_no"], False)
    assert complaint["details"]["reason_text"] == "做得不好"


async def test_a_case_is_complained_about_once_also_at_once(world: World) -> None:
    _, resident, about = await completed(world)

    replies = await asyncio.gather(
        *(resident.post("/v1/complaints", wish(about), key=f"once-{number}") for number in range(3))
    )
    again = await resident.post("/v1/complaints", wish(about))

    assert sorted(one.status for one in replies) == [201, 409, 409]
    assert (again.status, again.code) == (409, "already_complained")


async def test_nobody_complains_about_what_is_not_theirs(world: World) -> None:
    shop, _, about = await completed(world)
    stranger = await world.resident()
    assert (await stranger.post("/v1/complaints", wish(about))).status == 404
    assert (await shop.manager.post("/v1/complaints", wish(about))).status == 403
    assert (await world.call("POST", "/v1/complaints", wish(about))).status == 401


async def test_the_desk_complains_for_who_calls(world: World) -> None:
    _, resident, about = await completed(world)
    operator = await world.staff(Grant(role="operator"))

    reply = await operator.post("/v1/complaints", wish(about))

    assert (reply.status, reply.json["on_behalf_of"]["id"]) == (201, resident.id)
    assert (await resident.get(f"/v1/cases/{reply.json['case_no']}")).status == 200


async def test_a_reason_that_is_not_offered_is_refused(world: World) -> None:
    _, resident, about = await completed(world)
    for bad, field in (({"reason": "weather"}, "reason"), ({"text": ""}, "text")):
        reply = await resident.post("/v1/complaints", wish(about, **bad))
        assert (reply.status, reply.json["error"]["field"]) == (422, field)


async def test_a_held_slot_and_a_complaint_are_nothing_to_complain_about(world: World) -> None:
    shop, resident, complaint = await filed(world)
    held = await shop.brought_to("held", resident, world.at(15))
    for case_no in (complaint, held["case_no"]):
        reply = await resident.post("/v1/complaints", wish({"case_no": case_no}))
        assert (reply.status, reply.code) == (409, "not_about_this")


async def test_the_time_for_complaining_ends(world: World) -> None:
    _, resident, about = await completed(world)
    world.clock.advance(timedelta(days=30, seconds=1))
    resident = await world.resident(openid=resident.openid)

    reply = await resident.post("/v1/complaints", wish(about))

    assert (reply.status, reply.code) == (409, "too_late_to_complain")


# Timers.


async def test_without_an_answer_in_48_hours_the_street_decides(world: World) -> None:
    shop, resident, case_no = await filed(world)
    world.clock.advance(timedelta(hours=47, minutes=59))
    await world.work()
    assert (await resident.get(f"/v1/cases/{case_no}")).json["state"] == "filed"

    world.clock.advance(timedelta(minutes=1, seconds=1))
    manager = await world.sign_in(shop.manager.id)
    late = await manager.act(case_no, "answer", **FORMS["answer"])
    seen = (await resident.get(f"/v1/cases/{case_no}")).json
    await world.work()
    after = (await resident.get(f"/v1/cases/{case_no}")).json

    assert (late.status, late.code) == (409, "time_is_up")
    assert (seen["state"], seen["open"], seen["actions"]) == ("arbitrating", True, [])
    assert (after["state"], after["open"], after["version"]) == ("arbitrating", True, 2)
    heard = await manager.act(case_no, "answer", **FORMS["answer"])
    assert (heard.json["state"], heard.json["details"]["answered_in_time"]) == ("arbitrating", False)
    assert heard.json["clock"]["due_at"] == after["clock"]["due_at"]


async def test_an_answer_that_nobody_objects_to_settles_it(world: World) -> None:
    _, resident, case_no = await brought_to(world, "answered")
    world.clock.advance(timedelta(days=3, seconds=1))
    await world.work()
    assert (await resident.get(f"/v1/cases/{case_no}")).json["state"] == "settled"


@pytest.mark.parametrize("state", ["settled", "decided"])
async def test_after_a_week_it_is_closed_for_good(world: World, state: str) -> None:
    _, resident, case_no = await brought_to(world, state)
    world.clock.advance(timedelta(days=7, seconds=1))

    late = await resident.act(case_no, "reopen", **FORMS["reopen"])
    await world.work()
    never = await resident.act(case_no, "reopen", **FORMS["reopen"])

    assert (late.status, late.code) == (409, "time_is_up")
    assert (never.status, never.code) == (409, "not_allowed_now")
    assert (await resident.get(f"/v1/cases/{case_no}")).json["open"] is False


async def test_it_is_taken_up_again_once(world: World) -> None:
    shop, resident, case_no = await brought_to(world, "decided")
    assert (await resident.act(case_no, "reopen", **FORMS["reopen"])).json["state"] == "arbitrating"
    await shop.dispatcher.act(case_no, "decide", **FORMS["decide"])

    again = await resident.act(case_no, "reopen", **FORMS["reopen"])

    assert (again.status, again.code) == (409, "reopened_before")


# What is heard and seen.


async def test_the_resident_hears_of_every_step_once(world: World) -> None:
    shop, resident, case_no = await brought_to(world, "decided")
    await resident.act(case_no, "reopen", **FORMS["reopen"])
    await told(world)

    inbox = (await resident.get("/v1/inbox")).json["items"]

    texts = [one["text"] for one in inbox if one["case_no"] == case_no]
    assert len(texts) == 5
    for words in ("已转给爱洁家政", "明天免费重做", "支持居民。照片能看出没有擦"):
        assert any(words in one for one in texts), (words, texts)
    steps = (await shop.manager.get(f"/v1/cases/{case_no}/history")).json["items"]
    assert [one["reason"] for one in steps if one["action"] == "decide"] == ["照片能看出没有擦"]


async def test_a_decision_needs_its_reason(world: World) -> None:
    shop, _, case_no = await brought_to(world, "arbitrating")
    for form, field in (({"ruling": "resident"}, "reason"), ({"reason": "照片"}, "ruling")):
        reply = await shop.dispatcher.act(case_no, "decide", **form)
        assert (reply.status, reply.json["error"]["field"]) == (422, field)


async def test_a_provider_sees_its_own_complaints_only(world: World) -> None:
    shop, _, case_no = await filed(world)
    other = await world.shop()
    mine = (await shop.manager.get("/v1/cases", kind="complaint")).json["items"]
    theirs = (await other.manager.get("/v1/cases", kind="complaint")).json["items"]
    assert ([one["case_no"] for one in mine], theirs) == ([case_no], [])


async def test_it_is_answered_and_decided_on_the_page(world: World) -> None:
    shop, resident, case_no = await filed(world)
    address = f"/console/cases/{case_no}"
    provider, street = Browser(world, shop.manager.token), Browser(world, shop.dispatcher.token)

    page = await provider.get(address)
    assert "窗户一扇也没擦" in page.text and "做得不好" in page.text
    page = await provider.follow(await provider.press(page, "/answer", answer="明天免费重做"))
    assert "明天免费重做" in page.text
    await resident.act(case_no, "arbitrate", **FORMS["arbitrate"])
    page = await street.get(address)
    decided = await street.press(page, "/decide", ruling="both", reason="各让一步")
    page = await street.follow(decided)

    assert "双方都有责任" in page.text and "各让一步" in page.text
