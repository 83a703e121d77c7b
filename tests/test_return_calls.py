"""Calls back: one member has a call at a time, the number is seen by nobody else, and everybody sees only their own."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from schemas.staff import Grant
from server.kit.clock import today
from server.return_calls import RETURN_CALLS, ReturnCall
from server.reveals import TALLIES, RevealTally
from tests.bench.lists import Profiler, problems
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.test_console_live import Lines
from tests.test_ladders import (
    CALLS,
    URGENT,
    calls_of,
    climb_of,
    does,
    later,
    missed,
    nobody_answers,
    number_of,
    operator,
    phoned,
    queue_of,
    ways,
)
from tests.world import Person, Reply, World, unique

PAGE = "/console/return-calls"


async def clerk_of(world: World, community_id: str) -> Person:
    return await world.staff(Grant(role="clerk", community_id=community_id), name="王芳")


async def waiting(world: World) -> tuple[Person, Person, dict[str, Any]]:
    """A resident whom nobody has told yet, an operator, and the call."""
    resident, desk = await phoned(world), await operator(world)
    await missed(world, resident)
    await world.work()
    (call,) = await queue_of(desk, resident)
    return resident, desk, call


async def outcome(who: Person, call: dict[str, Any], what: str, **more: Any) -> Reply:
    form = {"outcome": what, "version": call["version"], **more}
    return await who.post(f"{CALLS}/{call['id']}/outcome", form)


# What each door answers when all is well


async def _taken(world: World) -> tuple[Person, dict[str, Any]]:
    _, desk, call = await waiting(world)
    return desk, await does(desk, call, "take")


async def visit_list(world: World) -> Visit:
    return Visit(who=await operator(world), path=CALLS)


async def visit_hand_over(world: World) -> Visit:
    return Visit(who=await operator(world), path=f"{CALLS}/hand-over")


async def visit_one(world: World) -> Visit:
    _, desk, call = await waiting(world)
    return Visit(who=desk, path=f"{CALLS}/{call['id']}", stranger=await clerk_of(world, unique("elsewhere")))


async def visit_take(world: World) -> Visit:
    _, desk, call = await waiting(world)
    stranger = await clerk_of(world, unique("elsewhere"))
    return Visit(who=desk, path=f"{CALLS}/{call['id']}/take", stranger=stranger)


async def visit_release(world: World) -> Visit:
    desk, call = await _taken(world)
    stranger = await clerk_of(world, unique("elsewhere"))
    return Visit(who=desk, path=f"{CALLS}/{call['id']}/release", stranger=stranger)


async def visit_outcome(world: World) -> Visit:
    desk, call = await _taken(world)
    form = {"outcome": "reached", "version": call["version"]}
    stranger = await clerk_of(world, unique("elsewhere"))
    return Visit(who=desk, path=f"{CALLS}/{call['id']}/outcome", body=form, stranger=stranger)


async def visit_undo(world: World) -> Visit:
    desk, call = await _taken(world)
    assert (await outcome(desk, call, "reached")).status == 200
    stranger = await clerk_of(world, unique("elsewhere"))
    return Visit(who=desk, path=f"{CALLS}/{call['id']}/undo", stranger=stranger)


HAPPY: Happy = {
    ("GET", CALLS): visit_list,
    ("POST", CALLS + "/hand-over"): visit_hand_over,
    ("GET", CALLS + "/{call_id}"): visit_one,
    ("POST", CALLS + "/{call_id}/take"): visit_take,
    ("POST", CALLS + "/{call_id}/release"): visit_release,
    ("POST", CALLS + "/{call_id}/outcome"): visit_outcome,
    ("POST", CALLS + "/{call_id}/undo"): visit_undo,
}


# The queue


async def test_what_is_urgent_comes_first_then_whoever_waits_longest(world: World) -> None:
    desk = await operator(world)
    first, second, urgent = [await phoned(world) for _ in range(3)]
    for one in (first, second):
        await missed(world, one)
        await world.work()
        world.clock.advance(timedelta(minutes=1))
    await missed(world, urgent, URGENT)
    await world.work()
    await later(world, minutes=11)

    async def order() -> list[str]:
        items = (await desk.get(CALLS, limit="100")).json["items"]
        ours = {first.id: "first", second.id: "second", urgent.id: "urgent"}
        return [ours[one["resident"]["id"]] for one in items if one["resident"]["id"] in ours]

    assert await order() == ["urgent", "first", "second"]
    (call,) = await queue_of(desk, first)
    await nobody_answers(desk, call)
    assert await order() == ["urgent", "second", "first"], "who was tried waits anew"


async def test_one_call_tells_a_resident_everything(world: World) -> None:
    resident, desk, call = await waiting(world)
    await missed(world, resident, text="请来窗口取证")
    await world.work()
    (call,) = await queue_of(desk, resident)
    assert [one["text"] for one in call["messages"]] == ["请补交身份证", "请来窗口取证"]
    taken = await does(desk, call, "take")
    assert "有 2 件事要告诉您" in taken["say"]
    assert (await outcome(desk, taken, "reached")).json["outcome"] == "reached"
    for one in call["messages"]:
        assert (await ways(world, one["message_id"]))[-1] == ("return_call", "reached")


async def test_what_comes_while_somebody_is_calling_is_not_passed_off_as_told(world: World) -> None:
    resident, desk, call = await waiting(world)
    taken = await does(desk, call, "take")
    await missed(world, resident, text="请来窗口取证")
    await world.work()
    reply = await outcome(desk, taken, "reached")
    assert (reply.status, reply.code) == (409, "return_call_changed")
    fresh = (await desk.get(f"{CALLS}/{call['id']}")).json
    assert "请来窗口取证" in fresh["say"]
    assert (await outcome(desk, fresh, "reached")).status == 200


async def test_reading_one_of_two_leaves_the_other_to_be_told(world: World) -> None:
    resident, desk, call = await waiting(world)
    other = await missed(world, resident, text="请来窗口取证")
    await world.work()
    await resident.post("/v1/inbox/read", {"ids": [call["messages"][0]["message_id"]]})
    (call,) = await queue_of(desk, resident)
    assert [one["ended"] for one in call["messages"]] == ["read", None]
    taken = await does(desk, call, "take")
    assert "请补交身份证" not in taken["say"]
    await resident.post("/v1/inbox/read", {"ids": [other]})
    assert (await outcome(desk, taken, "reached")).code == "return_call_over"


async def test_of_what_changed_twice_only_the_last_is_told(world: World) -> None:
    resident, desk = await phoned(world), await operator(world)
    old = await missed(world, resident, text="王师傅 9:00 上门", case_no="HB-1")
    other = await missed(world, resident, text="李师傅 9:00 上门", case_no="HB-2")
    await world.work()
    world.clock.advance(timedelta(minutes=1))
    new = await missed(world, resident, text="赵师傅 10:00 上门", case_no="HB-1")
    await world.work()
    (call,) = await queue_of(desk, resident)
    assert {one["message_id"]: one["ended"] for one in call["messages"]} == {
        old: "replaced",
        other: None,
        new: None,
    }
    assert "王师傅" not in (await does(desk, call, "take"))["say"]
    assert (await climb_of(world, old)).ended == "replaced"


async def test_pages_of_the_queue_follow_each_other(world: World) -> None:
    ours = set()
    for _ in range(3):
        resident, desk, _ = await waiting(world)
        ours.add(resident.id)
    clerk = await clerk_of(world, world.community)
    for who in (desk, clerk):
        seen, cursor = list[str](), ""
        while True:
            found = (await who.get(CALLS, limit="2", **({"cursor": cursor} if cursor else {}))).json
            seen += [one["resident"]["id"] for one in found["items"]]
            cursor = found["next"]
            if not cursor:
                break
        assert ours <= set(seen) and len(seen) == len(set(seen))


# Who has it


async def test_the_number_is_for_whoever_has_the_call_and_on_record(world: World) -> None:
    resident, desk, call = await waiting(world)
    colleague, boss = await operator(world), await world.staff(Grant(role="admin"))
    number = await number_of(resident)
    taken = await does(desk, call, "take")
    assert taken["phone"] == number and taken["resident"]["name"] == "王桂英"
    for other in (colleague, boss):
        seen = await other.get(f"{CALLS}/{call['id']}")
        assert number not in seen.body.decode() and "王桂英" not in seen.body.decode()
        assert seen.json["actions"] == []
    rows = (await boss.get("/v1/audit", actor=desk.id, what="residents.reveal")).json["items"]
    assert [one["reason"] for one in rows] == ["要给居民回电话"]

    released = await does(desk, taken, "release")
    assert released["phone"] == "" and number not in str(released)


async def test_of_two_operators_one_has_it(world: World) -> None:
    _, desk, call = await waiting(world)
    colleague = await operator(world)
    replies = await asyncio.gather(*(one.post(f"{CALLS}/{call['id']}/take") for one in (desk, colleague)))
    assert sorted(one.status for one in replies) == [200, 409]
    assert {one.code for one in replies if one.status == 409} == {"return_call_taken"}
    loser = desk if replies[0].status == 409 else colleague
    assert (await outcome(loser, replies[0].json | {"version": 2}, "reached")).code == "return_call_taken"


async def test_a_double_tap_is_one_look_and_one_try(world: World) -> None:
    _, desk, call = await waiting(world)
    taken = [await desk.post(f"{CALLS}/{call['id']}/take", key="tap-1") for _ in range(2)]
    assert taken[0].json == taken[1].json
    form = {"outcome": "not_reached", "version": taken[0].json["version"]}
    tried = [await desk.post(f"{CALLS}/{call['id']}/outcome", form, key="tap-2") for _ in range(2)]
    assert [one.json["tries"] for one in tried] == [1, 1]
    assert (await desk.get(f"{CALLS}/{call['id']}")).json["tries"] == 1
    again = await desk.post(f"{CALLS}/{call['id']}/outcome", form)
    assert again.code == "return_call_not_yours"


async def test_who_forgets_a_call_does_not_keep_it(world: World) -> None:
    _, desk, call = await waiting(world)
    colleague = await operator(world)
    await does(desk, call, "take")
    world.clock.advance(timedelta(minutes=29))
    assert (await colleague.post(f"{CALLS}/{call['id']}/take")).code == "return_call_taken"
    world.clock.advance(timedelta(minutes=2))
    lapsed = (await desk.get(f"{CALLS}/{call['id']}")).json
    assert (lapsed["state"], lapsed["phone"], lapsed["actions"]) == ("open", "", ["take"])
    taken = await does(colleague, call, "take")
    assert taken["mine"]
    assert (await outcome(desk, taken, "reached")).code == "return_call_taken"


async def test_at_the_end_of_a_shift_everything_goes_back(world: World) -> None:
    desk = await operator(world)
    ours = []
    for _ in range(2):
        _, _, call = await waiting(world)
        ours.append(await does(desk, call, "take"))
    reply = await desk.post(f"{CALLS}/hand-over")
    assert reply.json == {"released": 2}
    for call in ours:
        assert (await desk.get(f"{CALLS}/{call['id']}")).json["state"] == "open"


@pytest.mark.parametrize("role", ["reviewer", "dispatcher", "accountant", "worker", "elder_team"])
async def test_other_roles_have_no_queue(world: World, role: Any) -> None:
    _, _, call = await waiting(world)
    grant = Grant(role=role, community_id=world.community, compound_id=world.compound)
    if role == "worker":
        grant = Grant(role=role, provider_id="nobody")
    who = await world.staff(grant)
    assert (await who.get(CALLS)).status == 403
    assert (await who.post(f"{CALLS}/{call['id']}/take")).status == 403
    browser = Browser(world, who.token)
    assert (await browser.get(PAGE)).status == 403
    assert PAGE not in (await browser.get("/console/me")).body


async def test_an_administrator_looks_and_does_not_call(world: World) -> None:
    resident, _, call = await waiting(world)
    boss = await world.staff(Grant(role="admin"))
    assert len(await queue_of(boss, resident)) == 1
    assert (await boss.post(f"{CALLS}/{call['id']}/take")).status == 403


async def test_a_window_has_its_own_community_and_nobody_else_s(world: World) -> None:
    resident, _, call = await waiting(world)
    own, stranger = await clerk_of(world, world.community), await clerk_of(world, unique("elsewhere"))
    assert len(await queue_of(own, resident)) == 1
    assert await queue_of(stranger, resident) == []
    for action in ("take", "release", "undo"):
        assert (await stranger.post(f"{CALLS}/{call['id']}/{action}")).status == 404
    assert (await outcome(stranger, call, "reached")).status == 404
    assert (await does(own, call, "take"))["phone"] == await number_of(resident)


async def test_who_has_taken_enough_calls_today_leaves_the_rest_to_colleagues(world: World) -> None:
    resident, desk, call = await waiting(world)
    (_, _, second), (_, _, third) = await waiting(world), await waiting(world)
    most = world.house.settings.return_calls.takes_per_day
    taken = RevealTally(
        id=f"{desk.id}|{today(world.clock.now())}|return_calls",
        count=most - 1,
        expires_at=world.clock.now() + timedelta(days=2),
    )
    await world.put(TALLIES, taken)
    tap = await desk.post(f"{CALLS}/{call['id']}/take", key=unique("tap"))
    assert tap.json["phone"] == await number_of(resident), "the last one"

    browser = Browser(world, desk.token)
    refused = await browser.press(await browser.get(PAGE), f"{second['id']}/take")

    assert refused.status == 429 and "请同事接着打" in refused.text and "我来打" in refused.text
    assert (await desk.post(f"{CALLS}/{second['id']}/take")).code == "called_enough"
    assert (await desk.get(f"{CALLS}/{second['id']}")).json["state"] == "open"
    assert (await does(desk, call, "take"))["mine"], "what one has may be kept for longer"
    assert (await does(await operator(world), second, "take"))["mine"]
    look = await desk.post(f"/v1/residents/{resident.id}/reveal", {"reason": "identity"})
    assert look.json["left"] == world.house.settings.desk.reveals_per_day - 1, "takes are not looks"
    world.clock.advance(timedelta(days=1))
    assert (await does(await world.sign_in(desk.id), third, "take"))["mine"]


async def test_who_has_looked_up_enough_residents_today_still_takes_calls(world: World) -> None:
    resident, desk, call = await waiting(world)
    look, most = f"/v1/residents/{resident.id}/reveal", world.house.settings.desk.reveals_per_day
    looks = await asyncio.gather(*(desk.post(look, {"reason": "identity"}) for _ in range(most + 1)))
    assert sorted(one.status for one in looks) == [200] * most + [429]

    taken = await does(desk, call, "take")

    assert taken["phone"] == await number_of(resident)
    boss = await world.staff(Grant(role="admin"))
    rows = (await boss.get("/v1/audit", actor=desk.id, what="residents.reveal")).json["items"]
    assert "要给居民回电话" in [one["reason"] for one in rows], "a take is on record as a look is"


async def test_an_open_page_hears_that_somebody_waits_and_other_desks_do_not(world: World) -> None:
    desk, auditor = await operator(world), await world.staff(Grant(role="accountant"))
    resident = await phoned(world)
    async with Lines(world, (desk, auditor)) as lines:
        await missed(world, resident)
        await world.work()
        await lines[0].hears_a("box")
        assert lines[1].told == []


# What came of it


async def test_a_wrong_outcome_is_taken_back_within_minutes_by_whoever_wrote_it(world: World) -> None:
    resident, desk, call = await waiting(world)
    colleague = await operator(world)
    taken = await does(desk, call, "take")
    over = (await outcome(desk, taken, "reached")).json
    assert (over["state"], over["actions"]) == ("closed", ["undo"])
    await world.work()
    assert (await colleague.post(f"{CALLS}/{call['id']}/undo")).code == "return_call_settled"
    back = await does(desk, over, "undo")
    assert (back["state"], back["mine"], back["messages"][0]["ended"]) == ("taken", True, None)

    await world.work()
    world.clock.advance(timedelta(minutes=1))
    over = (await outcome(desk, back, "reached")).json
    await later(world, minutes=6)
    assert (await desk.post(f"{CALLS}/{call['id']}/undo")).code == "return_call_settled"
    (stored,) = await calls_of(world, resident)
    assert stored.outcome == "reached"


async def test_after_an_undo_the_ladder_goes_on(world: World) -> None:
    resident, desk, call = await waiting(world)
    over = (await outcome(desk, await does(desk, call, "take"), "reached")).json
    await world.work()
    await does(desk, over, "undo")
    await world.work()
    await later(world, hours=25)
    told = await world.told("sms", phone=(await stored_phone(world, resident)))
    assert len(told["items"]) == 1


async def stored_phone(world: World, resident: Person) -> str:
    return str((await world.house.resident(resident.id)).phone)


async def test_a_call_that_is_not_needed_says_why(world: World) -> None:
    _, desk, call = await waiting(world)
    taken = await does(desk, call, "take")
    assert (await outcome(desk, taken, "not_needed")).status == 422
    over = (await outcome(desk, taken, "not_needed", reason="家人已经来窗口办了")).json
    assert (over["outcome"], over["reason"]) == ("not_needed", "家人已经来窗口办了")


async def test_nobody_records_what_they_have_not_taken(world: World) -> None:
    _, desk, call = await waiting(world)
    assert (await outcome(desk, call, "reached")).code == "return_call_not_yours"
    assert (await desk.post(f"{CALLS}/{call['id']}/release")).code == "return_call_not_yours"


async def test_two_messages_at_once_make_one_call(world: World) -> None:
    resident = await phoned(world)
    for _ in range(6):
        await missed(world, resident)
    await asyncio.gather(*(world.work() for _ in range(3)))
    await world.work()
    where = {"resident_id": resident.id, "open": True}
    (call,) = await world.house.db.reading(lambda reader: reader.all(RETURN_CALLS, where, limit=10))
    assert len(call.messages) == 6


# The page


async def test_at_the_page_an_operator_takes_reads_out_and_writes_down(world: World) -> None:
    resident, desk, call = await waiting(world)
    browser, number = Browser(world, desk.token), await number_of(resident)
    page = await browser.get(PAGE)
    assert page.status == 200 and "等着接电话" in page.text
    assert number not in page.body and "王桂英" not in page.text
    assert f'href="{PAGE}"' in page.body

    taken = await browser.follow(await browser.press(page, f"{call['id']}/take"))
    assert f"tel:{number}" in taken.body and "照着念" in taken.text and "请补交身份证" in taken.text
    told = next(one for one in taken.forms if one.fields.get("outcome") == "reached")
    seen = await browser.follow(await browser.post(told.action, told.fields))
    assert "已记下：告知了" in seen.text and "记错了，改回去" in seen.text
    twice = await browser.follow(await browser.post(told.action, told.fields))
    assert twice.status == 200

    back = await browser.follow(await browser.press(seen, f"{call['id']}/undo"))
    assert "还是您在打" in back.text and f"tel:{number}" in back.body
    handed = await browser.follow(await browser.press(back, "/hand-over"))
    assert "已全部放回去" in handed.text and number not in handed.body


async def test_the_page_says_why_something_was_not_done(world: World) -> None:
    _, desk, call = await waiting(world)
    colleague = await operator(world)
    browser = Browser(world, desk.token)
    page = await browser.get(PAGE)
    await does(colleague, call, "take")
    late = await browser.press(page, f"{call['id']}/take")
    assert late.status == 409 and "同事正在打这通电话" in late.text
    assert "正在打" in (await browser.get(f"{PAGE}?state=taken")).text
    assert (await browser.get(f"{PAGE}?state=closed&cursor=nonsense")).status == 200


async def test_nobody_waits_and_the_page_says_so(world: World) -> None:
    quiet = await clerk_of(world, unique("elsewhere"))
    page = await Browser(world, quiet.token).get(PAGE)
    assert "没有要打的电话" in page.text
    assert (await Browser(world, quiet.token).get(f"{PAGE}?state=closed")).status == 200


async def test_a_long_queue_is_read_off_its_indexes(world: World) -> None:
    desk, clerk = await operator(world), await clerk_of(world, world.community)
    now = world.clock.now()
    calls = [
        ReturnCall(
            id=unique("call"),
            resident_id=unique("nobody"),
            community_id=world.community if number % 2 else None,
            open=number % 3 > 0,
            order=f"1 {number:06d}",
            since=now,
            messages=[],
            until=now + timedelta(seconds=number) if number % 50 == 1 else None,
            ended_at=None if number % 3 > 0 else now - timedelta(minutes=number),
        )
        for number in range(3000)
    ]
    await world.put(RETURN_CALLS, *calls)
    found: list[str] = []
    async with Profiler(world.house.db._handle) as profiler:
        for who in (desk, clerk):
            for state in ("open", "taken", "closed"):
                await profiler.since()
                first = (await who.get(CALLS, state=state)).json
                assert first["next"], (state, "more than a page is there")
                assert (await who.get(CALLS, state=state, cursor=first["next"])).status == 200
                page = await Browser(world, who.token).get(f"{PAGE}?state={state}")
                assert page.status == 200
                found += problems(state, await profiler.since())
    assert not [one for one in found if "return_calls" in one or "residents" in one], "\n".join(found)
