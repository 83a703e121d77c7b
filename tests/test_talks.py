"""Messages on a case: said once, in order, heard by the other side, marked until read, and nobody else's business."""

import asyncio
from typing import Any

import pytest

from schemas.staff import Grant
from server.kit.template_rules import violations
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.world import Person, Shop, World

TEMPLATE = "tmpl-case-message"


async def booked(world: World) -> tuple[Shop, Person, str]:
    shop, resident = await world.shop(), await world.resident()
    case_no: str = (await shop.booked(resident))["case_no"]
    return shop, resident, case_no


async def said(who: Person, case_no: str, text: str, key: str | None = None) -> dict[str, Any]:
    reply = await who.post(f"/v1/cases/{case_no}/messages", {"text": text}, key=key)
    assert reply.status == 201, reply.body
    talk: dict[str, Any] = reply.json
    return talk


async def conversation(who: Person, case_no: str, **query: Any) -> dict[str, Any]:
    reply = await who.get(f"/v1/cases/{case_no}/messages", **query)
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json
    return found


async def visit_talks(world: World) -> Visit:
    _, resident, case_no = await booked(world)
    return Visit(who=resident, path=f"/v1/cases/{case_no}/messages", stranger=await world.resident())


async def visit_saying(world: World) -> Visit:
    shop, _, case_no = await booked(world)
    other = await world.shop()
    path = f"/v1/cases/{case_no}/messages"
    return Visit(who=shop.manager, path=path, body={"text": "您好"}, stranger=other.manager)


async def visit_read(world: World) -> Visit:
    _, resident, case_no = await booked(world)
    return Visit(
        who=resident, path=f"/v1/cases/{case_no}/messages/read", body={}, stranger=await world.resident()
    )


HAPPY: Happy = {
    ("GET", "/v1/cases/{case_no}/messages"): visit_talks,
    ("POST", "/v1/cases/{case_no}/messages"): visit_saying,
    ("POST", "/v1/cases/{case_no}/messages/read"): visit_read,
}


async def test_a_conversation_reads_in_order_and_says_who_spoke(world: World) -> None:
    shop, resident, case_no = await booked(world)
    await said(resident, case_no, "门铃坏了，请敲门")
    await said(shop.manager, case_no, "好的，师傅会敲门")

    theirs = await conversation(resident, case_no)

    assert [one["text"] for one in theirs["items"]] == ["好的，师傅会敲门", "门铃坏了，请敲门"]
    assert [(one["side"], one["by"], one["mine"]) for one in theirs["items"]] == [
        ("staff", "王芳", False),
        ("resident", "王桂英", True),
    ]
    assert theirs["items"][0]["role"] and theirs["next"] is None
    assert [one["mine"] for one in (await conversation(shop.manager, case_no))["items"]] == [True, False]


async def test_pages_of_a_conversation_neither_skip_nor_repeat(world: World) -> None:
    _, resident, case_no = await booked(world)
    for number in range(5):
        await said(resident, case_no, f"第 {number} 句")
    found: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await conversation(resident, case_no, limit=2, **cursor)
        found += [one["text"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert found == [f"第 {number} 句" for number in (4, 3, 2, 1, 0)]


async def test_messages_are_no_move_of_the_flow(world: World) -> None:
    _, resident, case_no = await booked(world)
    before = (await resident.get(f"/v1/cases/{case_no}")).json
    await said(resident, case_no, "还有一件事")
    after = (await resident.get(f"/v1/cases/{case_no}")).json
    assert (after["version"], after["state"]) == (before["version"], before["state"])
    steps = (await resident.get(f"/v1/cases/{case_no}/history")).json["items"]
    assert len(steps) == before["version"]


async def test_tapped_twice_it_is_said_once(world: World) -> None:
    shop, resident, case_no = await booked(world)
    path, body = f"/v1/cases/{case_no}/messages", {"text": "请早点来"}
    replies = await asyncio.gather(*(resident.post(path, body, key="tap-1") for _ in range(4)))
    assert {one.status for one in replies} == {201}
    assert len({one.json["id"] for one in replies}) == 1
    assert sum("Idempotent-Replayed" in one.headers for one in replies) == 3
    other = await resident.post(path, {"text": "晚点也行"}, key="tap-1")
    assert (other.status, other.code) == (409, "idempotency_mismatch")
    assert len((await conversation(shop.manager, case_no))["items"]) == 1


async def test_two_who_speak_at_once_are_both_heard_in_some_order(world: World) -> None:
    shop, resident, case_no = await booked(world)
    speakers = [resident, shop.manager, shop.dispatcher] * 3
    await asyncio.gather(*(said(one, case_no, f"第 {n} 句") for n, one in enumerate(speakers)))
    items = (await conversation(resident, case_no))["items"]
    assert sorted(one["text"] for one in items) == [f"第 {n} 句" for n in range(9)]
    assert len({one["id"] for one in items}) == 9


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": "   "}, "text"),
        ({"text": "长" * 501}, "text"),
        ({"text": "响铃\u0007"}, "text"),
        ({"text": "你好", "to": "x"}, "to"),
        ({"text": 5}, "text"),
        ({"attachments": ["a"] * 10}, "attachments"),
        ({"attachments": ["../x"]}, "attachments[0]"),
    ],
)
async def test_what_cannot_be_said_is_refused_by_its_field(
    world: World, body: dict[str, Any], field: str
) -> None:
    _, resident, case_no = await booked(world)
    reply = await resident.post(f"/v1/cases/{case_no}/messages", body)
    assert (reply.status, reply.json["error"]["field"]) == (422, field)
    assert (await conversation(resident, case_no))["items"] == []


async def test_nobody_else_hears_or_speaks(world: World) -> None:
    shop, resident, case_no = await booked(world)
    await said(resident, case_no, "门口密码是 2468")
    other = await world.shop()
    strangers = [
        await world.resident(),
        other.manager,
        shop.worker,
        await world.staff(Grant(role="accountant")),
    ]
    for stranger in strangers:
        path = f"/v1/cases/{case_no}/messages"
        for reply in (await stranger.get(path), await stranger.post(path, {"text": "？"})):
            assert (reply.status, reply.code) == (404, "case_not_found")
            assert b"2468" not in reply.body


# Who hears of it.


async def test_the_resident_finds_what_staff_said_in_the_inbox_and_in_wechat(world: World) -> None:
    shop, resident, case_no = await booked(world)
    await world.control("subscribe", openid=resident.openid, template_id=TEMPLATE, result="accept")
    await resident.post("/v1/subscriptions", {"results": {TEMPLATE: "accept"}})
    long = "师傅路上堵车，要晚到二十分钟左右，给您添麻烦了，请在家等一等"
    await said(shop.manager, case_no, long)
    await world.work()

    found = [one for one in (await resident.get("/v1/inbox")).json["items"] if long in one["text"]]

    assert [(one["case_no"], one["delivery"]) for one in found] == [(case_no, "sent")]
    shown = (await world.told("messages", openid=resident.openid))["items"]
    sent = [one for one in shown if one["template_id"] == TEMPLATE]
    assert len(sent) == 1
    data = sent[0]["data"]
    assert not violations(data) and data["character_string2"] == case_no


async def test_nobody_is_told_of_their_own_words(world: World) -> None:
    _, resident, case_no = await booked(world)
    await world.work()
    before = len((await resident.get("/v1/inbox")).json["items"])
    await said(resident, case_no, "我再想想")
    await world.work()
    assert len((await resident.get("/v1/inbox")).json["items"]) == before


async def test_what_the_other_side_said_is_unread_until_the_reader_says_so(world: World) -> None:
    shop, resident, case_no = await booked(world)
    await said(shop.manager, case_no, "您好")
    await said(shop.manager, case_no, "明天九点到")
    first = await conversation(resident, case_no)
    assert (first["unread"], [one["unread"] for one in first["items"]]) == (2, [True, True])
    assert (await conversation(shop.manager, case_no))["unread"] == 0
    await resident.post(f"/v1/cases/{case_no}/messages/read")
    assert (await conversation(resident, case_no))["unread"] == 0


# The staff's pages.


async def test_staff_see_the_mark_read_the_message_and_answer_it_on_the_page(world: World) -> None:
    shop, resident, case_no = await booked(world)
    await said(resident, case_no, "楼下<b>没有</b>门禁")
    browser, address = Browser(world, shop.manager.token), f"/console/cases/{case_no}"
    assert "新留言" in (await browser.get("/console?box=team")).text
    watched = await browser.get(address, {"X-Watch": "1"})
    page = await browser.get(address)
    for seen in (watched, page):
        assert "1 条新留言" in seen.text and "楼下<b>没有</b>门禁" in seen.text
        assert "<b>没有</b>" not in seen.body

    sent = await browser.press(page, "/messages", text="知道了，谢谢")

    assert (sent.status, sent.location) == (303, f"{address}#talk")
    assert "已发给居民" not in (await browser.get(address, {"X-Watch": "1"})).text, "it is for the next page"
    after = await browser.follow(sent)
    assert "已发给居民" in after.text and "知道了，谢谢" in after.text and "新留言" not in after.text
    assert "新留言" not in (await browser.get("/console?box=team")).text
    talk = (await conversation(resident, case_no))["items"][0]
    assert (talk["text"], talk["side"]) == ("知道了，谢谢", "staff")


async def test_a_colleague_s_look_hides_nothing(world: World) -> None:
    shop, resident, case_no = await booked(world)
    await said(resident, case_no, "请回个电话")
    await Browser(world, shop.dispatcher.token).get(f"/console/cases/{case_no}")
    assert "新留言" in (await Browser(world, shop.manager.token).get("/console?box=team")).text


async def test_an_answer_sent_twice_from_the_page_is_said_once(world: World) -> None:
    shop, resident, case_no = await booked(world)
    browser = Browser(world, shop.manager.token)
    form = (await browser.get(f"/console/cases/{case_no}")).form("/messages")
    fields = form.fields | {"text": "马上到"}
    for _ in range(2):
        assert (await browser.post(form.action, fields)).status == 303
    assert len((await conversation(resident, case_no))["items"]) == 1
    refused = await browser.post(form.action, fields | {"_xsrf": "0" * 64})
    assert refused.status == 403


async def test_an_answer_that_cannot_be_sent_stays_in_its_box(world: World) -> None:
    shop, _, case_no = await booked(world)
    browser = Browser(world, shop.manager.token)
    page = await browser.get(f"/console/cases/{case_no}")
    refused = await browser.press(page, "/messages", text="  ")
    assert (refused.status, "请写一句话" in refused.text) == (422, True)
    too_long = await browser.press(page, "/messages", text="长" * 501)
    assert too_long.status == 422 and "长" * 501 in too_long.body
