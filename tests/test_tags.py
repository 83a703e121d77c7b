"""Tags: who keeps the list, who has which and why, and how anybody is rid of one."""

import asyncio
import json
from typing import Any

import pytest

from schemas.staff import Grant
from server import tags
from server.audit import AUDIT
from server.residents import RESIDENTS
from tests.browser import Browser, Seen
from tests.doors import Happy, Visit
from tests.test_announcements import elsewhere
from tests.test_residents import phone_code
from tests.world import Person, Reply, World, unique

LIST, OWN = "/v1/tags", "/v1/me/tags"
WHY = {"reason": "老人来窗口说一个人住"}


async def admin(world: World) -> Person:
    return await world.staff(Grant(role="admin"))


async def operator(world: World) -> Person:
    return await world.staff(Grant(role="operator"))


async def clerk(world: World, community: str | None = None) -> Person:
    return await world.staff(Grant(role="clerk", community_id=community or world.community))


async def made(world: World, kind: str = "desk", name: str | None = None) -> dict[str, Any]:
    body = {"name": name or unique("标签"), "kind": kind, "purpose": "天气特别冷时提醒"}
    reply = await (await admin(world)).post(LIST, body)
    assert reply.status == 201, reply.body
    tag: dict[str, Any] = reply.json
    return tag


async def give(who: Person, resident: Person, tag: dict[str, Any], **more: Any) -> Reply:
    path = f"/v1/residents/{resident.id}/tags/{tag['id']}"
    return await who.world.call("PUT", path, WHY | more, token=who.token)


def tags_of(resident: Person) -> str:
    return f"/v1/residents/{resident.id}/tags"


async def take(who: Person, resident: Person, tag: dict[str, Any]) -> Reply:
    return await who.delete(f"/v1/residents/{resident.id}/tags/{tag['id']}")


async def choose(resident: Person, tag: dict[str, Any]) -> Reply:
    return await resident.world.call("PUT", f"{OWN}/{tag['id']}", token=resident.token)


async def drop(resident: Person, tag: dict[str, Any]) -> Reply:
    return await resident.delete(f"{OWN}/{tag['id']}")


# Four ways through each door (tests/test_endpoints.py).


async def visit_list(world: World) -> Visit:
    return Visit(who=await admin(world), path=LIST)


async def visit_add(world: World) -> Visit:
    body = {"name": unique("新"), "kind": "self", "purpose": "报名时先告诉您"}
    return Visit(who=await admin(world), path=LIST, body=body)


def on_tag(what: str, body: Any = None) -> Any:
    async def visit(world: World) -> Visit:
        path = f"{LIST}/{(await made(world))['id']}/{what}"
        return Visit(who=await admin(world), path=path, body=body, shared=True)

    return visit


async def visit_rename(world: World) -> Visit:
    body = {"name": unique("改"), "purpose": "别的"}
    return Visit(
        who=await admin(world), path=f"{LIST}/{(await made(world))['id']}/edit", body=body, shared=True
    )


async def visit_own(world: World) -> Visit:
    return Visit(who=await world.resident(), path=OWN)


async def visit_choose(world: World) -> Visit:
    return Visit(who=await world.resident(), path=f"{OWN}/{(await made(world, 'self'))['id']}", shared=True)


async def visit_drop(world: World) -> Visit:
    resident, tag = await world.resident(), await made(world, "self")
    await choose(resident, tag)
    return Visit(who=resident, path=f"{OWN}/{tag['id']}", stranger=await world.resident())


def at_desk(given: bool, one: bool = True, body: Any = None) -> Any:
    async def visit(world: World) -> Visit:
        resident, window, tag = await world.resident(), await clerk(world), await made(world)
        if given:
            assert (await give(window, resident, tag)).status == 200
        path = f"/v1/residents/{resident.id}/tags" + (f"/{tag['id']}" if one else "")
        return Visit(who=window, path=path, body=body, stranger=await clerk(world, "elsewhere"))

    return visit


ONE = "/v1/residents/{resident_id}/tags"
HAPPY: Happy = {
    ("GET", LIST): visit_list,
    ("POST", LIST): visit_add,
    ("POST", LIST + "/{tag_id}/edit"): visit_rename,
    ("POST", LIST + "/{tag_id}/retire"): on_tag("retire"),
    ("POST", LIST + "/{tag_id}/restore"): on_tag("restore"),
    ("GET", OWN): visit_own,
    ("PUT", OWN + "/{tag_id}"): visit_choose,
    ("DELETE", OWN + "/{tag_id}"): visit_drop,
    ("GET", ONE): at_desk(given=True, one=False),
    ("PUT", ONE + "/{tag_id}"): at_desk(given=False, body=WHY),
    ("DELETE", ONE + "/{tag_id}"): at_desk(given=True),
}


# The list.


async def test_the_administrator_adds_renames_retires_and_restores_and_sees_how_many_have_each(
    world: World,
) -> None:
    who, tag = await admin(world), await made(world, "self")
    residents = [await world.resident() for _ in range(2)]
    for one in residents:
        await choose(one, tag)

    renamed = await who.post(f"{LIST}/{tag['id']}/edit", {"name": unique("养狗"), "purpose": "打疫苗的通知"})
    [seen] = [one for one in (await who.get(LIST, kind="self")).json["items"] if one["id"] == tag["id"]]

    assert renamed.json == seen
    assert (seen["residents"], seen["purpose"], seen["kind_text"]) == (2, "打疫苗的通知", "居民自己选")
    assert not [one for one in (await who.get(LIST, kind="desk")).json["items"] if one["id"] == tag["id"]]
    rows = await world.house.db.reader().all(AUDIT, {"subjects": tag["id"]}, limit=9, sort="at")
    assert sorted(one.what for one in rows) == ["tag.add", "tag.edit"]


async def test_two_tags_have_two_names_also_when_they_are_made_at_once(world: World) -> None:
    who, other, name = await admin(world), await made(world), unique("同名")
    body = {"name": name, "kind": "desk", "purpose": "看望"}

    replies = await asyncio.gather(*(who.post(LIST, body) for _ in range(3)))

    assert sorted(one.status for one in replies) == [201, 409, 409]
    assert {one.code for one in replies} == {"", "tag_name_taken"}
    renamed = await who.post(f"{LIST}/{other['id']}/edit", {"name": name, "purpose": "看望"})
    assert (renamed.status, renamed.code) == (409, "tag_name_taken")


async def test_there_are_no_more_tags_than_one_can_look_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = await made(world)
    who = await admin(world)
    await who.post(f"{LIST}/{tag['id']}/retire")
    monkeypatch.setattr(tags, "MOST", len(tags.active(world.house.db.reader())))
    refused = await who.post(LIST, {"name": unique("多"), "kind": "self", "purpose": "多一个"})
    assert (refused.status, refused.code) == (409, "too_many_tags")
    assert (await who.post(f"{LIST}/{tag['id']}/restore")).code == "too_many_tags"


async def test_a_retired_tag_is_taken_off_whoever_has_it_in_portions_and_offered_to_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tags, "_AT_ONCE", 2)
    who, desk, tag, kept = await admin(world), await operator(world), await made(world), await made(world)
    residents = [await world.resident() for _ in range(5)]
    for one in residents:
        assert (await give(desk, one, tag)).status == (await give(desk, one, kept)).status == 200

    assert (await who.post(f"{LIST}/{tag['id']}/retire")).json["active"] is False
    await world.work()

    for one in residents:
        assert [each["id"] for each in (await one.get(OWN)).json["given"]] == [kept["id"]]
    assert tag["id"] not in [one["id"] for one in (await desk.get(tags_of(residents[0]))).json["free"]]
    assert (await give(desk, residents[0], tag)).code == "tag_not_found"
    assert (await who.post(f"{LIST}/{tag['id']}/restore")).json == tag | {"active": True, "residents": 0}
    assert (await give(desk, residents[0], tag)).status == 200


async def test_one_that_is_restored_before_the_worker_came_stays_with_those_who_have_it(world: World) -> None:
    who, tag, resident = await admin(world), await made(world, "self"), await world.resident()
    await choose(resident, tag)
    await who.post(f"{LIST}/{tag['id']}/retire")
    await who.post(f"{LIST}/{tag['id']}/restore")
    await world.work()
    assert chosen(await resident.get(OWN)) >= {tag["id"]}


# What a resident has, and chooses.


def chosen(reply: Reply) -> set[str]:
    return {one["id"] for one in reply.json["chosen"] if one["chosen"]}


async def test_a_resident_chooses_and_drops_what_they_want_to_hear_of_as_often_as_they_like(
    world: World,
) -> None:
    resident, tag = await world.resident(), await made(world, "self")
    for _ in range(2):
        assert chosen(await choose(resident, tag)) == {tag["id"]}
    assert chosen(await resident.get(OWN)) == {tag["id"]}
    assert chosen(await drop(resident, tag)) == set()
    assert chosen(await resident.get(OWN)) == set()
    assert (await drop(resident, tag)).code == "tag_not_there"
    stored = await world.house.db.reader().get(RESIDENTS, resident.id)
    assert stored is not None and stored.declined == [], "what one chose oneself was never declined"


async def test_what_is_the_desks_to_say_nobody_chooses_and_what_is_ones_own_no_desk_puts(
    world: World,
) -> None:
    resident, desk = await world.resident(), await operator(world)
    theirs, own = await made(world), await made(world, "self")
    for reply in (
        await choose(resident, theirs),
        await choose(resident, {"id": "nothing"}),
        await give(desk, resident, own),
    ):
        assert (reply.status, reply.code) == (404, "tag_not_found")
    await choose(resident, own)
    assert (await take(desk, resident, own)).code == "tag_not_there"
    seen = (await desk.get(tags_of(resident))).json
    assert own["id"] not in json.dumps(seen), "what somebody chose is not the desk's to know"


# What the desk puts on somebody.


async def test_the_desk_puts_a_tag_on_with_a_reason_and_the_resident_hears_sees_who_and_why(
    world: World,
) -> None:
    resident, window, tag = await world.resident(), await clerk(world), await made(world)
    accepted = {"openid": resident.openid, "template_id": "tmpl-profile-changed", "result": "accept"}
    await world.control("subscribe", **accepted)

    assert (await give(window, resident, tag)).status == 200
    await world.work()

    [given] = (await resident.get(OWN)).json["given"]
    assert given == {
        "id": tag["id"],
        "name": tag["name"],
        "purpose": tag["purpose"],
        "reason": WHY["reason"],
        "by": "王芳",
        "at": given["at"],
    }
    told = (await resident.get("/v1/inbox")).json["items"][0]
    assert tag["name"] in told["text"] and WHY["reason"] in told["text"] and told["delivery"] == "sent"
    assert (await give(window, resident, tag)).code == "tag_already_there"


async def test_the_resident_takes_it_off_with_one_tap_and_who_put_it_hears(world: World) -> None:
    resident, window, tag = await world.resident(), await clerk(world), await made(world)
    await give(window, resident, tag)

    assert (await drop(resident, tag)).json["given"] == []
    await world.work()

    [told] = (await window.get("/v1/staff/inbox")).json["items"]
    assert tag["name"] in told["text"] and told["page"] == f"/console/residents/{resident.id}/tags"
    assert "王桂英" not in json.dumps(told, ensure_ascii=False), "the notice outlives the account"
    [declined] = (await window.get(tags_of(resident))).json["declined"]
    assert declined["id"] == tag["id"]


async def test_what_a_resident_declined_is_put_on_again_only_after_asking_them(world: World) -> None:
    resident, window, tag = await world.resident(), await clerk(world), await made(world)
    await give(window, resident, tag)
    await drop(resident, tag)

    refused = await give(window, resident, tag)
    agreed = await give(window, resident, tag, asked=True)

    assert (refused.status, refused.code, refused.json["error"]["field"]) == (409, "tag_declined", "asked")
    assert agreed.status == 200 and agreed.json["declined"] == []
    assert [one["id"] for one in (await resident.get(OWN)).json["given"]] == [tag["id"]]


async def test_the_desk_takes_its_own_off_again_and_every_act_is_in_the_audit(world: World) -> None:
    resident, window, tag = await world.resident(), await clerk(world), await made(world)
    path = f"{tags_of(resident)}/{tag['id']}"
    for _ in range(2):
        assert (await world.call("PUT", path, WHY, token=window.token, key="put-once")).status == 200
    await window.get(tags_of(resident))
    assert (await take(window, resident, tag)).json["given"] == []
    assert (await take(window, resident, tag)).code == "tag_not_there"
    await world.work()
    assert "取消了给您标的" in (await resident.get("/v1/inbox")).json["items"][0]["text"]
    rows = await world.house.db.reader().all(AUDIT, {"actor_id": window.id}, limit=20, sort="at")
    done = [one.what for one in rows if one.outcome == "done" and resident.id in one.subjects]
    assert sorted(done) == ["tag.put", "tag.remove", "tags.get"]


async def test_a_window_tags_residents_of_its_own_community_only(world: World) -> None:
    resident, tag = await world.resident(), await made(world)
    stranger = await clerk(world, (await elsewhere(world))[0])
    for reply in (
        await give(stranger, resident, tag),
        await take(stranger, resident, tag),
        await stranger.get(tags_of(resident)),
    ):
        assert (reply.status, reply.code) == (404, "resident_not_found")
    for role in ("dispatcher", "reviewer", "admin"):
        assert (await give(await world.staff(Grant(role=role)), resident, tag)).status == 403
    assert (await resident.get(OWN)).json["given"] == []


async def test_who_leaves_has_no_tags_and_had_them_by_name_in_the_export(world: World) -> None:
    resident, window = await world.resident(), await clerk(world)
    tag, own, off = await made(world), await made(world, "self"), await made(world)
    await give(window, resident, tag)
    await give(window, resident, off)
    await drop(resident, off)
    await choose(resident, own)

    parts = {one["title"]: one["records"] for one in (await resident.get("/v1/me/export")).json["parts"]}
    assert (await resident.delete("/v1/me")).status == 204

    [profile] = parts["个人资料"]
    exported = [(one["name"], one["by"], one["reason"]) for one in profile["tags"]]
    assert exported == [(tag["name"], "王芳", WHY["reason"]), (own["name"], "", "")]
    assert [one["name"] for one in profile["declined"]] == [off["name"]]
    left = await world.house.db.reader().get(RESIDENTS, resident.id)
    assert left is not None and (left.tags, left.declined) == ([], [])


# The console's pages.


async def test_the_list_is_kept_on_its_page(world: World) -> None:
    browser = Browser(world, (await admin(world)).token)
    name = unique("独居")
    page = await browser.get("/console/tags")
    refused = await browser.press(page, "/console/tags", name=name, kind="desk", purpose=" ")
    assert refused.status == 422 and "请写明用来做什么" in refused.text and name in refused.body
    page = await browser.follow(
        await browser.press(page, "/console/tags", name=name, kind="desk", purpose="看望")
    )
    assert "已添加" in page.text and name in page.text
    tag = next(one for one in tags.active(world.house.db.reader()) if one.name == name)
    again = await browser.press(page, "/console/tags", name=name, kind="desk", purpose="看望")
    assert again.status == 409 and "已经有叫这个名字的标签了" in again.text
    refused = await browser.press(page, f"/{tag.id}/edit", name=" ", purpose="看望老人")
    assert refused.status == 422 and "请填写名字" in refused.text
    page = await browser.follow(await browser.press(refused, f"/{tag.id}/edit", name=f"{name}老"))
    assert "已改好" in page.text and "看望老人" in page.text
    page = await browser.follow(await browser.press(page, f"/{tag.id}/retire"))
    assert "已停用" in page.text
    page = await browser.follow(await browser.press(page, f"/{tag.id}/restore"))
    assert "已恢复" in page.text
    for role in ("operator", "clerk", "accountant"):
        other = Browser(world, (await world.staff(Grant(role=role, community_id=world.community))).token)
        assert (await other.get("/console/tags")).status == 403


async def test_the_window_finds_a_caller_and_puts_a_tag_on_or_takes_it_off(world: World) -> None:
    resident, tag, window = await world.resident(), await made(world), await clerk(world)
    phone = f"139{unique('')[1:].zfill(8)}"
    await resident.post("/v1/me/phone", {"code": await phone_code(resident, phone)})
    browser, at = Browser(world, window.token), f"/console/residents/{resident.id}/tags"
    found = await browser.get(f"/console/residents?phone={phone}")
    assert at in found.body
    page = await browser.get(at)
    refused = await browser.press(page, "/tags", tag_id=tag["id"], reason=" ")
    assert refused.status == 422 and "请写明为什么标" in refused.text, (refused.status, refused.text)
    page = await browser.follow(await browser.press(page, "/tags", tag_id=tag["id"], reason="一个人住"))
    assert "已标好" in page.text and "一个人住" in page.text
    assert tag["name"] in (await browser.get(f"/console/residents?phone={phone}")).text
    await drop(resident, tag)
    page = await browser.get(at)
    assert "自己取消了" in page.text
    refused = await browser.press(page, "/tags", tag_id=tag["id"], reason="一个人住")
    assert refused.status == 409 and "先问过本人" in refused.text and 'name="asked"' in refused.body
    page = await browser.follow(
        await browser.press(refused, "/tags", tag_id=tag["id"], reason="一个人住", asked="1")
    )
    assert "已标好" in page.text
    page = await browser.follow(await browser.post(at, removal(page)))
    assert "已取消" in page.text and (await resident.get(OWN)).json["given"] == []


def removal(page: Seen) -> dict[str, str]:
    return next(one.fields for one in page.forms if "remove" in one.fields)
