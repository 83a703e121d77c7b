"""Internal notes: written once, read by colleagues, and never by a resident, however they ask."""

import json
from datetime import timedelta

from schemas.staff import Grant
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.world import Person, Shop, World, unique

SECRET = "这户上次投诉过，说话请留意"


async def noted(world: World) -> tuple[Shop, Person, str]:
    shop, resident = await world.shop(), await world.resident()
    case_no: str = (await shop.booked(resident))["case_no"]
    written = await shop.dispatcher.post(f"/v1/cases/{case_no}/notes", {"text": SECRET})
    assert written.status == 201, written.body
    return shop, resident, case_no


async def visit_notes(world: World) -> Visit:
    shop, _, case_no = await noted(world)
    return Visit(who=shop.manager, path=f"/v1/cases/{case_no}/notes", stranger=(await world.shop()).manager)


async def visit_noting(world: World) -> Visit:
    shop, _, case_no = await noted(world)
    other = (await world.shop()).manager
    return Visit(who=shop.manager, path=f"/v1/cases/{case_no}/notes", body={"text": "已电话"}, stranger=other)


HAPPY: Happy = {
    ("GET", "/v1/cases/{case_no}/notes"): visit_notes,
    ("POST", "/v1/cases/{case_no}/notes"): visit_noting,
}


async def test_colleagues_read_a_note_and_it_says_who_wrote_it(world: World) -> None:
    shop, _, case_no = await noted(world)
    [note] = (await shop.manager.get(f"/v1/cases/{case_no}/notes")).json["items"]
    assert (note["text"], note["by"], note["mine"], note["street_only"]) == (SECRET, "王芳", False, False)
    assert note["role"]


async def test_no_call_of_a_resident_shows_a_note_and_nothing_is_sent(world: World) -> None:
    shop, resident, case_no = await noted(world)
    page = Browser(world, shop.dispatcher.token)
    written = await page.press(await page.get(f"/console/cases/{case_no}"), "/notes", text=SECRET)
    assert written.status == 303
    await world.work()
    for path in (
        f"/v1/cases/{case_no}",
        f"/v1/cases/{case_no}/history",
        f"/v1/cases/{case_no}/messages",
        f"/v1/cases/{case_no}/attachments",
        "/v1/cases",
        "/v1/inbox",
        "/v1/me",
        "/v1/me/export",
    ):
        reply = await resident.get(path)
        assert (reply.status, SECRET in reply.body.decode()) == (200, False), path
    assert (await resident.get(f"/v1/cases/{case_no}/notes")).status == 403
    assert (await resident.post(f"/v1/cases/{case_no}/notes", {"text": "我也写"})).status == 403
    sent = [await world.told("messages", openid=resident.openid)]
    for member in (shop.manager, shop.worker, shop.dispatcher):
        sent.append(await world.told("messages", userid=member.id))
    assert SECRET not in json.dumps(sent, ensure_ascii=False)


async def test_what_is_for_the_street_alone_is_not_read_by_the_provider(world: World) -> None:
    shop, _, case_no = await noted(world)
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))
    path, inside = f"/v1/cases/{case_no}/notes", {"text": "商家上月被投诉三次", "street_only": True}
    world.clock.advance(timedelta(seconds=1))
    assert (await clerk.post(path, inside)).status == 201
    read = [one["text"] for one in (await shop.dispatcher.get(path)).json["items"]]
    assert read == [inside["text"], SECRET]
    assert [one["text"] for one in (await shop.manager.get(path)).json["items"]] == [SECRET]
    page = await Browser(world, shop.manager.token).get(f"/console/cases/{case_no}")
    assert SECRET in page.text and inside["text"] not in page.text
    refused = await shop.manager.post(path, inside, key=unique("key"))
    assert (refused.status, refused.code) == (403, "not_of_the_street")


async def test_a_note_sent_twice_is_noted_once_and_is_on_record(world: World) -> None:
    shop, _, case_no = await noted(world)
    for _ in range(2):
        again = await shop.manager.post(f"/v1/cases/{case_no}/notes", {"text": "已电话"}, key="same")
        assert again.status == 201
    assert len((await shop.manager.get(f"/v1/cases/{case_no}/notes")).json["items"]) == 2
    admin = await world.staff(Grant(role="admin"))
    rows = (await admin.get("/v1/audit", subject=case_no)).json["items"]
    assert "notes.post" in {one["what"] for one in rows}


async def test_notes_go_on_page_by_page_newest_first(world: World) -> None:
    shop, _, case_no = await noted(world)
    path = f"/v1/cases/{case_no}/notes"
    for text in ("二", "三"):
        world.clock.advance(timedelta(seconds=1))
        await shop.dispatcher.post(path, {"text": text}, key=unique("key"))
    first = (await shop.manager.get(path, limit=2)).json
    rest = (await shop.manager.get(path, limit=2, cursor=first["next"])).json
    assert [one["text"] for one in first["items"] + rest["items"]] == ["三", "二", SECRET]
    assert rest["next"] is None


async def test_an_empty_note_is_refused_and_the_page_says_so(world: World) -> None:
    shop, _, case_no = await noted(world)
    blank = await shop.manager.post(f"/v1/cases/{case_no}/notes", {"text": "  "})
    assert (blank.status, blank.code) == (422, "note_empty")
    page = Browser(world, shop.manager.token)
    refused = await page.press(await page.get(f"/console/cases/{case_no}"), "/notes", text="  ")
    assert (refused.status, "请写一句话" in refused.text) == (422, True)


async def test_notes_go_when_the_resident_leaves(world: World) -> None:
    shop, resident, case_no = await noted(world)
    assert (await resident.act(case_no, "cancel")).status == 200
    assert (await resident.delete("/v1/me")).status == 204
    assert (await shop.dispatcher.get(f"/v1/cases/{case_no}/notes")).json["items"] == []
