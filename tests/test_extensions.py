"""More time for a case: asked by one, allowed by another, read by the resident; on the page as over the API."""

import asyncio
from datetime import timedelta

from schemas.staff import Grant
from server.budgets import Budget
from server.staff_push import NOTICES
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.ticking import clerk, clock_of, clocked, reminders
from tests.world import Person, World

WHY = "要等区里的鉴定结果"
ASKED = {"amount": 5, "reason": WHY}


def address(case_no: str, more: str = "") -> str:
    return f"/v1/cases/{case_no}/clocks/promised/extension{more}"


async def scene(world: World) -> tuple[Person, str, Person, Person]:
    """The resident, the number of a case of ten hours, a clerk who asks and a dispatcher who allows."""
    owner = await world.resident()
    case_no = await clocked(world, Budget(10, "hours"), owner)
    return owner, case_no, await clerk(world), await world.staff(Grant(role="dispatcher"), name="张红")


async def visit_ask(world: World) -> Visit:
    _, case_no, asker, _ = await scene(world)
    elsewhere = await world.staff(Grant(role="clerk", community_id="elsewhere"))
    return Visit(path=address(case_no), who=asker, stranger=elsewhere, body=ASKED)


async def visit_answer(world: World, more: str, **body: str) -> Visit:
    _, case_no, asker, boss = await scene(world)
    assert (await asker.post(address(case_no), ASKED)).status == 200
    return Visit(path=address(case_no, more), who=boss, shared=True, body=body)


async def visit_allow(world: World) -> Visit:
    return await visit_answer(world, "/allow")


async def visit_refuse(world: World) -> Visit:
    return await visit_answer(world, "/refuse", reason="材料已经齐了")


PATH = "/v1/cases/{case_no}/clocks/{name}/extension"
HAPPY: Happy = {
    ("POST", PATH): visit_ask,
    ("POST", f"{PATH}/allow"): visit_allow,
    ("POST", f"{PATH}/refuse"): visit_refuse,
}


async def test_another_allows_what_one_has_asked_for_and_the_resident_reads_why(world: World) -> None:
    owner, case_no, asker, boss = await scene(world)
    world.clock.advance(timedelta(hours=6))
    await world.work()
    before = (await clock_of(owner, case_no))["due_at"]
    asked = (await asker.post(address(case_no), ASKED, key="asked-once")).json["items"]
    assert next(one for one in asked if one["name"] == "promised")["asked"]["asker"] == "王芳"
    assert (await clock_of(owner, case_no))["due_at"] == before
    await world.work()
    where = {"case_no": case_no, "userid": boss.id, "title": "等您批准延长"}
    assert await world.house.db.reading(lambda reader: reader.count(NOTICES, where)) == 1

    replies = await asyncio.gather(*(boss.post(address(case_no, "/allow")) for _ in range(3)))
    assert sorted(one.status for one in replies) == [200, 409, 409]
    assert {one.code for one in replies if one.status == 409} == {"nothing_asked"}

    clock = await clock_of(owner, case_no)
    assert (clock["total"], clock["asked"], clock["left"]) == (15, None, 9)
    [more] = clock["extensions"]
    assert (more["amount"], more["reason"], more["asker"], more["approver"]) == (5, WHY, "王芳", "张红")
    assert (
        "共 15 小时（延长了 5 小时）" in (await owner.get(f"/v1/cases/{case_no}")).json["clock"]["sentence"]
    )
    steps = (await owner.get(f"/v1/cases/{case_no}/history")).json["items"][-2:]
    assert [(one["text"], one["reason"], one["by"]) for one in steps] == [
        ("申请延长承诺时限", WHY, "王芳"),
        ("承诺时限延长 5 小时", WHY, "张红"),
    ]
    await world.work()
    inbox = (await owner.get("/v1/inbox")).json["items"]
    assert [one["text"] for one in inbox if one["title"] == "办理进度通知"] == [
        f"“日常保洁”的承诺时限延长 5 小时，原因是：{WHY}"
    ]
    world.clock.advance(timedelta(hours=5, minutes=50))
    await world.work()
    assert await reminders(world, case_no) == [(50, "handler")]
    world.clock.advance(timedelta(minutes=11))
    await world.work()
    assert await reminders(world, case_no) == [(50, "handler"), (80, "leader")]


async def test_nobody_allows_their_own_nor_twice_nor_too_much(world: World) -> None:
    owner, case_no, asker, boss = await scene(world)
    assert (await boss.post(address(case_no, "/allow"))).code == "nothing_asked"
    assert (await boss.post(address(case_no), {**ASKED, "amount": 11})).code == "too_much_more"
    assert (await boss.post(address(case_no), {"amount": 5})).status == 422
    assert (await boss.post(address(case_no), ASKED)).status == 200
    assert (await boss.post(address(case_no, "/allow"))).code == "own_extension"
    assert (await asker.post(address(case_no), ASKED)).code == "extension_asked"
    assert (await asker.post(address(case_no, "/allow"))).status == 403
    admin = await world.staff(Grant(role="admin"))
    assert (await admin.post(address(case_no, "/refuse"), {"reason": "不用"})).status == 200
    assert (await clock_of(owner, case_no))["total"] == 10

    assert (await asker.post(address(case_no), ASKED)).status == 200
    assert (await boss.post(address(case_no, "/allow"))).status == 200
    assert (await asker.post(address(case_no), ASKED)).code == "extended_before"
    legal = f"/v1/cases/{case_no}/clocks/legal/extension"
    assert (await asker.post(legal, ASKED)).code == "clock_not_found"
    await owner.act(case_no, "cancel")
    assert (await asker.post(address(case_no), ASKED)).code == "clock_stopped"


async def test_it_is_asked_and_allowed_on_the_page(world: World) -> None:
    owner, case_no, asker, boss = await scene(world)
    page, theirs = f"/console/cases/{case_no}", Browser(world, asker.token)
    form = (await theirs.get(page)).form("/promised/ask")
    refused = await theirs.post(form.action, form.fields | {"amount": "20", "reason": WHY})
    assert (refused.status, "不能超过原来的时限" in refused.text) == (422, True)
    form = refused.form("/promised/ask")
    await theirs.post(form.action, form.fields | {"amount": "5", "reason": WHY})
    seen = await theirs.get(page)
    assert "等另一位同事批准" in seen.text and "/promised/allow" not in seen.body

    bosses = Browser(world, boss.token)
    form = (await bosses.get(page)).form("/promised/allow")
    await bosses.post(form.action, form.fields)
    assert "延长 5 小时：" + WHY in (await bosses.get(page)).text
    assert (await clock_of(owner, case_no))["total"] == 15
    nowhere = await bosses.post(f"{page}/clocks/promised/forget", form.fields)
    assert nowhere.status == 404
