"""A case's clocks over HTTP and on the page: started, paused, resumed; whoever is reminded is reminded once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from schemas.staff import Grant
from server import clocks
from server.budgets import Budget, Extension
from server.cases import CASES
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.houses import next_door
from tests.ticking import PHOTO, changed, clerk, clock_of, clocked, reminders, stored_clock
from tests.world import World


async def visit(world: World, more: str = "", before: str | None = None, body: Any = None) -> Visit:
    owner = await world.resident()
    case_no = await clocked(world, Budget(48, "hours"), owner)
    staff = await clerk(world)
    elsewhere = await world.staff(Grant(role="clerk", community_id="elsewhere"))
    path = f"/v1/cases/{case_no}/clocks"
    if before is not None:
        paused = await staff.post(f"{path}/promised/{before}", {"reason": PHOTO, "owner": "resident"})
        assert paused.status == 200, paused.body
    who, stranger = (staff, elsewhere) if more else (owner, await world.resident())
    return Visit(path=path + more, who=who, stranger=stranger, body=body)


async def visit_pause(world: World) -> Visit:
    return await visit(world, "/promised/pause", body={"reason": PHOTO, "owner": "resident"})


async def visit_resume(world: World) -> Visit:
    return await visit(world, "/promised/resume", before="pause", body={})


HAPPY: Happy = {
    ("GET", "/v1/cases/{case_no}/clocks"): visit,
    ("POST", "/v1/cases/{case_no}/clocks/{name}/pause"): visit_pause,
    ("POST", "/v1/cases/{case_no}/clocks/{name}/resume"): visit_resume,
}


async def test_each_reminder_is_given_once_whoever_works(world: World) -> None:
    case_no = await clocked(world, Budget(10, "hours"))
    async with next_door(world) as other:
        told = []
        for hours in (4.9, 0.2, 2.8, 0.2, 1.8, 0.2, 24):
            world.clock.advance(timedelta(hours=hours))
            await asyncio.gather(world.work(), other.work(), world.work(), other.work())
            told.append(len(await reminders(world, case_no)))
    assert told == [0, 1, 1, 2, 2, 3, 3]
    assert await reminders(world, case_no) == [(50, "handler"), (80, "leader"), (100, "street")]


async def test_who_comes_late_gives_each_reminder_once(world: World) -> None:
    case_no = await clocked(world, Budget(10, "hours"))
    world.clock.advance(timedelta(days=3))
    await world.work()
    await world.work()
    assert await reminders(world, case_no) == [(50, "handler"), (80, "leader"), (100, "street")]


async def test_nobody_is_reminded_while_it_is_paused(world: World) -> None:
    case_no = await clocked(world, Budget(10, "hours"))
    staff = await clerk(world)
    path = f"/v1/cases/{case_no}/clocks/promised"
    world.clock.advance(timedelta(hours=4))
    assert (await staff.post(f"{path}/pause", {"reason": PHOTO, "owner": "resident"})).status == 200
    world.clock.advance(timedelta(hours=7))
    await world.work()
    assert await reminders(world, case_no) == []

    assert (await staff.post(f"{path}/resume")).status == 200
    world.clock.advance(timedelta(minutes=59))
    await world.work()
    assert await reminders(world, case_no) == []
    world.clock.advance(timedelta(minutes=2))
    await world.work()
    assert await reminders(world, case_no) == [(50, "handler")]


async def test_an_extension_puts_off_what_has_not_been_told(world: World) -> None:
    case_no = await clocked(world, Budget(10, "hours"))
    world.clock.advance(timedelta(hours=6))
    await world.work()
    more = Extension(at=world.clock.now(), amount=10, approver="staff:b", asker="staff:a", reason="要上门看")
    await changed(world, case_no, lambda tx, case: clocks.extend(tx, case, "promised", more))
    world.clock.advance(timedelta(hours=9))
    await world.work()
    assert await reminders(world, case_no) == [(50, "handler")]
    world.clock.advance(timedelta(hours=2))
    await world.work()
    assert await reminders(world, case_no) == [(50, "handler"), (80, "leader")]


async def test_nobody_is_reminded_of_a_case_that_has_ended(world: World) -> None:
    owner = await world.resident()
    case_no = await clocked(world, Budget(10, "hours"), owner)
    assert (await owner.act(case_no, "cancel")).status == 200
    world.clock.advance(timedelta(days=3))
    await world.work()
    assert await reminders(world, case_no) == []
    clock = await clock_of(owner, case_no)
    assert (clock["state"], clock["used"]) == ("stopped", 0)


async def test_the_case_shows_its_clock_to_the_resident_and_to_the_staff(world: World) -> None:
    owner = await world.resident()
    case_no = await clocked(world, Budget(10, "hours"), owner)
    staff = await clerk(world)
    world.clock.advance(timedelta(hours=3))
    await staff.post(f"/v1/cases/{case_no}/clocks/promised/pause", {"reason": PHOTO, "owner": "resident"})
    world.clock.advance(timedelta(hours=2))

    clock = (await owner.get(f"/v1/cases/{case_no}")).json["clock"]
    assert (clock["used"], clock["total"], clock["unit"]) == (3, 10, "hours")
    assert (clock["paused"], clock["paused_for"], clock["text"]) == (True, 2, "计时暂停")
    sentence = "已用 3 小时，共 10 小时；现在为等您补照片暂停，已停 2 小时"
    assert clock["sentence"] == sentence
    listed = (await staff.get("/v1/cases", box="team")).json["items"]
    assert [one["clock"]["sentence"] for one in listed] == [sentence]
    assert not (await staff.get("/v1/cases", box="overdue")).json["items"]


async def test_a_pause_is_in_the_history_with_its_reason(world: World) -> None:
    owner = await world.resident()
    case_no = await clocked(world, Budget(10, "hours"), owner)
    staff = await clerk(world)
    path = f"/v1/cases/{case_no}/clocks/promised"
    await staff.post(f"{path}/pause", {"reason": PHOTO, "owner": "resident"})
    await staff.post(f"{path}/resume")

    steps = (await owner.get(f"/v1/cases/{case_no}/history")).json["items"][-2:]
    assert [(one["text"], one["reason"], one["by"], one["role"]) for one in steps] == [
        ("承诺时限暂停", PHOTO, "王芳", "社区窗口"),
        ("承诺时限恢复", "", "王芳", "社区窗口"),
    ]
    [pause] = (await clock_of(owner, case_no))["pauses"]
    assert (pause["owner"], pause["owner_text"], pause["reason"]) == ("resident", "居民", PHOTO)


async def test_a_clock_is_paused_once_and_resumed_once(world: World) -> None:
    case_no = await clocked(world, Budget(10, "hours"))
    staff = await clerk(world)
    path, body = f"/v1/cases/{case_no}/clocks/promised", {"reason": PHOTO, "owner": "resident"}
    assert (await staff.post(f"{path}/resume")).code == "clock_runs"

    replies = await asyncio.gather(*(staff.post(f"{path}/pause", body) for _ in range(4)))
    assert sorted(one.status for one in replies) == [200, 409, 409, 409]
    assert {one.code for one in replies if one.status == 409} == {"clock_paused"}

    first = await staff.post(f"{path}/resume", key="resumed-once")
    again = await staff.post(f"{path}/resume", key="resumed-once")
    assert (first.body, again.headers["Idempotent-Replayed"]) == (again.body, "true")


async def test_what_cannot_be_paused_is_refused_by_name(world: World) -> None:
    owner = await world.resident()
    case_no = await clocked(world, Budget(10, "hours"), owner)
    staff = await clerk(world)
    path, body = f"/v1/cases/{case_no}/clocks", {"reason": PHOTO, "owner": "resident"}
    assert (await staff.post(f"{path}/legal/pause", body)).code == "clock_not_found"
    assert (await staff.post(f"{path}/promised/pause", {**body, "version": 1})).code == "version_conflict"
    assert (await staff.post(f"{path}/promised/pause", {"owner": "resident"})).status == 422
    assert (await owner.post(f"{path}/promised/pause", body)).status == 403
    await owner.act(case_no, "cancel")
    assert (await staff.post(f"{path}/promised/pause", body)).code == "clock_stopped"


async def test_a_part_in_the_case_is_not_enough_to_pause_it(world: World) -> None:
    """A clerk of another community who also manages the provider sees the case, and may not pause it."""
    case_no = await clocked(world, Budget(10, "hours"))
    case = await world.house.db.reading(lambda reader: reader.get(CASES, case_no))
    assert case is not None
    both = await world.staff(
        Grant(role="clerk", community_id="elsewhere"), Grant(role="provider", provider_id=case.provider_id)
    )
    body = {"reason": PHOTO, "owner": "resident"}
    reply = await both.post(f"/v1/cases/{case_no}/clocks/promised/pause", body)
    assert (reply.status, reply.code) == (403, "not_yours_to_pause")


async def test_a_move_of_the_case_keeps_its_clock(world: World) -> None:
    owner = await world.resident()
    shop = await world.shop()
    case_no = (await shop.brought_to("confirmed", owner))["case_no"]
    await changed(
        world,
        case_no,
        lambda tx, case: clocks.start(tx, case, "promised", Budget(10, "hours"), world.house.settings),
    )
    due = (await owner.get(f"/v1/cases/{case_no}")).json["clock"]["due_at"]
    assert (await shop.manager.act(case_no, "assign", worker_id=shop.worker.id)).status == 200
    assert (await owner.get(f"/v1/cases/{case_no}")).json["clock"]["due_at"] == due


async def test_a_clock_starts_once(world: World) -> None:
    case_no = await clocked(world, Budget(10, "hours"))
    with pytest.raises(clocks.ClockStarted):
        await changed(
            world,
            case_no,
            lambda tx, case: clocks.start(tx, case, "promised", Budget(5), world.house.settings),
        )


# What the resident hears, and the staff's page.


async def test_the_resident_is_told_why_it_waits_and_when_it_goes_on(world: World) -> None:
    owner = await world.resident()
    case_no = await clocked(world, Budget(10, "hours"), owner)
    staff = await clerk(world)
    wish = {"template_id": "tmpl-case-progress", "result": "accept"}
    await world.control("subscribe", openid=owner.openid, **wish)
    accepted = await owner.post("/v1/subscriptions", {"results": {wish["template_id"]: wish["result"]}})
    assert accepted.status == 200, accepted.body
    path = f"/v1/cases/{case_no}/clocks/promised"
    await staff.post(f"{path}/pause", {"reason": PHOTO, "owner": "resident"})
    await staff.post(f"{path}/resume")
    await world.work()

    inbox = (await owner.get("/v1/inbox")).json["items"]
    texts = {one["text"] for one in inbox if one["case_no"] == case_no}
    assert {
        "“日常保洁”的计时暂停了，原因是：等您补照片",
        "“日常保洁”继续办理，计时已经恢复",
    } <= texts
    sent = (await world.told("messages", openid=owner.openid))["items"]
    assert "tmpl-case-progress" in {one["template_id"] for one in sent}


async def test_the_page_shows_the_clock_and_pauses_it(world: World) -> None:
    case_no = await clocked(world, Budget(10, "hours"))
    browser = Browser(world, (await clerk(world)).token)
    world.clock.advance(timedelta(hours=3))
    page = await browser.get(f"/console/cases/{case_no}")
    assert "已用 3 小时，共 10 小时" in page.text
    form = page.form("/clocks/promised")

    refused = await browser.post(form.action, form.fields | {"reason": " ", "owner": "resident"})
    assert (refused.status, "请写明原因" in refused.text) == (422, True)
    form = refused.form("/clocks/promised")
    await browser.post(form.action, form.fields | {"reason": PHOTO, "owner": "resident"})
    page = await browser.get(f"/console/cases/{case_no}")
    assert "现在为等您补照片暂停" in page.text

    form = page.form("/clocks/promised")
    await browser.post(form.action, form.fields)
    page = await browser.get(f"/console/cases/{case_no}")
    assert ("现在为" in page.text, "承诺时限恢复" in page.text) == (False, True)


async def test_who_may_not_pause_sees_no_form(world: World) -> None:
    case_no = await clocked(world, Budget(10, "hours"))
    browser = Browser(world, (await world.staff(Grant(role="operator"))).token)
    page = await browser.get(f"/console/cases/{case_no}")
    assert ("承诺时限" in page.text, "暂停计时" in page.text) == (True, False)
    token = {"_xsrf": page.form("/cancel").fields["_xsrf"]}
    path = f"/console/cases/{case_no}/clocks/promised"
    refused = await browser.post(path, token | {"reason": PHOTO, "owner": "resident"})
    assert (refused.status, "只有负责这个办件的" in refused.text) == (403, True)
    clock = await stored_clock(world, case_no)
    assert clock.state == "running"
