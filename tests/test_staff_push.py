"""Work notices: who of the staff is told what, once, in their list and through WeCom."""

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from schemas.staff import Grant
from server.staff import STAFF
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.world import Person, Shop, World


async def visit_inbox(world: World) -> Visit:
    return Visit(path="/v1/staff/inbox", who=(await world.shop()).manager, query={"limit": 5})


async def visit_read(world: World) -> Visit:
    return Visit(path="/v1/staff/inbox/read", who=(await world.shop()).manager, body={"ids": ["nothing"]})


HAPPY: Happy = {
    ("GET", "/v1/staff/inbox"): visit_inbox,
    ("POST", "/v1/staff/inbox/read"): visit_read,
}


async def titles(world: World, who: Person) -> set[str]:
    """What they were told, each once; each also arrived at the sandbox, in the same words."""
    await world.work()
    items = (await who.get("/v1/staff/inbox", limit=50)).json["items"]
    arrived = (await world.told("messages", userid=who.id))["items"]
    assert sorted(one["title"] for one in arrived) == sorted(one["title"] for one in items)
    assert all(one["delivery"] == "sent" for one in items)
    told = {one["title"] for one in items}
    assert len(told) == len(items)
    return told


async def colleague(world: World, shop: Shop) -> Person:
    return await world.staff(
        Grant(role="worker", provider_id=shop.provider_id), skills=[shop.category], name="李强"
    )


async def test_each_is_told_what_concerns_them_and_nobody_of_their_own_acts(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    other = await colleague(world, shop)
    no = (await shop.booked(resident))["case_no"]
    await world.work()
    [card] = (await world.told("messages", userid=shop.manager.id))["items"]
    assert (card["msgtype"], card["title"]) == ("template_card", "新预约")
    assert card["url"].endswith(f"/console/cases/{no}") and "绿苑小区" in card["lines"][1]

    await shop.manager.act(no, "confirm")
    await shop.manager.act(no, "assign", worker_id=shop.worker.id)
    assert await titles(world, shop.worker) == {"新派单"}
    told = (await shop.worker.get("/v1/staff/inbox")).json["items"][0]
    assert "13947700001" in told["text"] and told["page"] == f"/console/cases/{no}"
    await resident.act(no, "reschedule", start=world.at(14))
    await resident.post(f"/v1/cases/{no}/messages", {"text": "请带梯子"})
    await resident.post(f"/v1/cases/{no}/messages", {"text": "还有拖把"})
    await world.work()
    await shop.manager.act(no, "assign", worker_id=other.id)
    await world.work()
    await resident.act(no, "cancel")

    assert await titles(world, shop.worker) == {"新派单", "改约", "居民留言", "派单取消"}
    assert await titles(world, other) == {"新派单", "预约取消"}
    assert await titles(world, shop.manager) == {"新预约", "居民改约", "预约取消"}
    assert await titles(world, shop.dispatcher) == set()

    partner = await world.staff(Grant(role="provider", provider_id=shop.provider_id), name="赵敏")
    own = (await shop.brought_to("confirmed", resident, world.at(16)))["case_no"]
    await world.work()
    await shop.manager.act(own, "cancel", reason="师傅病了")
    assert await titles(world, partner) == {"新预约", "预约取消"}
    mine = (await shop.manager.get("/v1/staff/inbox")).json["items"]
    assert [one["title"] for one in mine if one["case_no"] == own] == ["新预约"]


async def test_a_quote_a_late_answer_a_dispute_and_an_appeal_reach_who_has_to_act(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    no = (await shop.brought_to("quoted", resident, world.at(9, days=3)))["case_no"]
    await resident.act(no, "accept_quote", quote_version=1)
    assert await titles(world, shop.manager) == {"新预约", "居民同意报价"}
    await shop.brought_to("disputed", resident, world.at(11, days=3))
    await shop.booked(resident, world.at(15, days=3))
    world.clock.advance(timedelta(minutes=31))
    assert await titles(world, shop.dispatcher) >= {"居民有争议", "商家超时没答复"}
    await shop.brought_to("appealed", resident, world.at(16, days=0))
    assert "居民申诉" in await titles(world, shop.dispatcher)


async def test_whom_wecom_cannot_reach_is_shown_and_a_busy_platform_is_asked_again(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    await world.control("users", userid=shop.manager.id, blocked=True)
    no = (await shop.booked(resident))["case_no"]
    await world.work()
    notice = (await shop.manager.get("/v1/staff/inbox")).json["items"][0]
    assert (notice["case_no"], notice["delivery"]) == (no, "undeliverable")
    page = await Browser(world, shop.manager.token).get("/console/notices")
    assert "企业微信没有送到" in page.text

    await world.control("users", userid=shop.manager.id, blocked=False)
    await world.control("faults", path="/cgi-bin/message/send", errcode=45009, times=1)
    await shop.booked(resident, world.at(15))
    await world.work()
    assert (await shop.manager.get("/v1/staff/inbox")).json["items"][0]["delivery"] == "queued"
    world.clock.advance(timedelta(seconds=61))
    await world.work()
    assert (await shop.manager.get("/v1/staff/inbox")).json["items"][0]["delivery"] == "sent"
    assert (await world.told("messages", userid=shop.manager.id))["sent"] == 1


async def test_the_list_is_paged_and_read_by_its_owner_alone(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    stranger = await world.shop()
    for hour in (10, 12, 14):
        await shop.booked(resident, world.at(hour))
    await world.work()
    first = (await shop.manager.get("/v1/staff/inbox", limit=2)).json
    rest = (await shop.manager.get("/v1/staff/inbox", limit=2, cursor=first["next"])).json
    assert (first["unread"], len(first["items"]), len(rest["items"]), rest["next"]) == (3, 2, 1, None)

    one: dict[str, Any] = {"ids": [first["items"][0]["id"]]}
    assert (await stranger.manager.post("/v1/staff/inbox/read", one)).json == {"unread": 0}
    assert (await shop.manager.post("/v1/staff/inbox/read", one)).json == {"unread": 2}
    browser = Browser(world, shop.manager.token)
    page = await browser.get("/console/notices")
    assert "2 条没看" in page.text and '<em class="num">2</em>' in page.body
    assert '<em class="num">2</em>' in (await browser.get("/console/me")).body
    [form] = [one for one in page.forms if one.fields.get("id") == first["items"][1]["id"]]
    opened = await browser.post("/console/notices", form.fields)
    assert opened.location == first["items"][1]["page"]
    assert (await shop.manager.get("/v1/staff/inbox")).json["unread"] == 1
    assert (await shop.manager.post("/v1/staff/inbox/read")).json == {"unread": 0}


async def test_who_has_left_is_told_nothing_and_the_words_go_with_the_resident(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    manager = world.house.db.reader().recall(STAFF, shop.manager.id)
    assert manager is not None
    await world.put(STAFF, replace(manager, active=False))
    no = (await shop.booked(resident))["case_no"]
    await shop.dispatcher.act(no, "cancel")
    await world.work()
    await world.put(STAFF, manager)
    other = await shop.brought_to("completed", resident, world.at(15))
    await world.work()
    items = (await shop.manager.get("/v1/staff/inbox")).json["items"]
    assert {one["case_no"] for one in items} == {other["case_no"]}
    export = (await resident.get("/v1/me/export")).json["parts"]
    assert any(one["name"] == "work_notices" and one["records"] for one in export)
    assert (await resident.delete("/v1/me")).status == 204
    assert {one["text"] for one in (await shop.worker.get("/v1/staff/inbox")).json["items"]} == {""}
