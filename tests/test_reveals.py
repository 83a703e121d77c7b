"""What a resident's name, telephone and door are is shown to a desk that says why, and that is on record."""

import asyncio
import itertools
from datetime import timedelta

from schemas.staff import Grant
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.world import Person, World

_numbers = itertools.count(70_000_001)
WHY = {"reason": "callback"}


def path(resident: Person) -> str:
    return f"/v1/residents/{resident.id}/reveal"


async def clerk(world: World, community_id: str = "") -> Person:
    return await world.staff(Grant(role="clerk", community_id=community_id or world.community))


async def caller(world: World) -> tuple[Person, str]:
    """A resident of the window's community who has a telephone."""
    resident = await world.resident()
    phone = f"139{next(_numbers):08d}"
    code = (await world.control("phone-codes", openid=resident.openid, phone=phone))["code"]
    assert (await resident.post("/v1/me/phone", {"code": code})).status == 200
    household = {"compound_id": world.compound, "room": "3-2-501"}
    assert (await resident.patch("/v1/me", {"name": "王桂英", "household": household})).status == 200
    return resident, phone


async def visit(world: World) -> Visit:
    resident = await world.resident()
    return Visit(
        who=await clerk(world), path=path(resident), body=WHY, stranger=await clerk(world, "elsewhere")
    )


HAPPY: Happy = {("POST", "/v1/residents/{resident_id}/reveal"): visit}


async def test_the_page_is_masked_until_a_reason_is_given_and_the_records_have_it(world: World) -> None:
    resident, phone = await caller(world)
    desk = await clerk(world)
    browser = Browser(world, desk.token)

    page = await browser.get(f"/console/residents?phone={phone}")
    masked = page.body.replace(f'value="{phone}"', "")
    assert "王**" in page.text and "绿苑小区" in page.text
    assert not any(one in masked for one in ("王桂英", phone, "3-2-501"))
    without = await browser.press(page, f"{resident.id}/reveal")
    assert without.status == 422 and "请选一个原因" in without.text and "王桂英" not in without.body
    unsaid = await browser.press(page, f"{resident.id}/reveal", reason="other")
    assert unsaid.status == 422 and "王桂英" not in unsaid.body

    seen = await browser.press(page, f"{resident.id}/reveal", reason="other", note="送老年证上门")

    assert seen.status == 200 and all(one in seen.text for one in ("王桂英", phone, "绿苑小区 3-2-501"))
    again = await browser.press(page, f"{resident.id}/reveal", reason="other", note="送老年证上门")
    assert "王桂英" in again.text, "a double tap shows the same"
    boss = await world.staff(Grant(role="admin"))
    rows = (await boss.get("/v1/audit", actor=desk.id, what="residents.reveal")).json["items"]
    assert [(one["subjects"], one["reason"]) for one in rows] == [([resident.id], "送老年证上门")]
    records = await Browser(world, boss.token).get(f"/console/audit?actor={desk.id}")
    assert "查看居民完整信息" in records.text and "送老年证上门" in records.text
    assert "王**" in (await browser.get(f"/console/residents?phone={phone}")).text, "it is shown once"


async def test_a_day_has_only_so_many_looks_also_when_they_come_at_once(world: World) -> None:
    resident, _ = await caller(world)
    desk, most = await clerk(world), world.house.settings.desk.reveals_per_day

    replies = await asyncio.gather(*(desk.post(path(resident), WHY) for _ in range(most + 5)))

    assert sorted(one.status for one in replies) == [200] * most + [429] * 5
    assert {one.code for one in replies if one.status == 429} == {"revealed_enough"}
    assert min(one.json["left"] for one in replies if one.status == 200) == 0
    assert (await (await clerk(world)).post(path(resident), WHY)).json["left"] == most - 1
    world.clock.advance(timedelta(days=1))
    anew = await world.sign_in(desk.id)
    assert (await anew.post(path(resident), WHY)).status == 200


async def test_it_is_for_desks_that_answer_for_the_resident_alone(world: World) -> None:
    resident, _ = await caller(world)
    assert (await (await clerk(world, "elsewhere")).post(path(resident), WHY)).status == 404
    for role in ("reviewer", "dispatcher", "admin", "accountant"):
        assert (await (await world.staff(Grant(role=role))).post(path(resident), WHY)).status == 403
    assert (await resident.post(path(resident), WHY)).status == 403
    assert (await (await clerk(world)).post(path(resident), {"reason": "curious"})).status == 422
    operator = await world.staff(Grant(role="operator"))
    assert (await operator.post(path(resident), WHY)).json["name"] == "王桂英"


async def test_over_json_too_a_caller_is_masked_until_a_reason_is_given(world: World) -> None:
    resident, phone = await caller(world)
    desk, window = await world.staff(Grant(role="operator")), await clerk(world)
    dispatcher = await world.staff(Grant(role="dispatcher"))
    for who in (desk, window, dispatcher):
        found = await who.get("/v1/residents", phone=phone)
        [card] = found.json["items"]
        assert (card["id"], card["name"], card["compound"]) == (resident.id, "王**", "绿苑小区")
        assert not any(one in found.body.decode() for one in ("王桂英", phone, "3-2-501"))
    assert (await dispatcher.post(path(resident), WHY)).status == 403
    assert (await desk.post(path(resident), {})).status == 422

    whole = (await desk.post(path(resident), WHY)).json

    assert (whole["name"], whole["phone"], whole["home"]) == ("王桂英", phone, "绿苑小区 3-2-501")
    admin = await world.staff(Grant(role="admin"))
    [look] = (await admin.get("/v1/audit", actor=desk.id, subject=resident.id, what="residents.reveal")).json[
        "items"
    ]
    assert look["reason"] == "要给居民回电话"
