"""Who pays less and why nobody else learns of it: a disability certificate that the desk has seen, until it ends."""

import json
from datetime import timedelta
from typing import Any

from schemas.staff import Grant
from server.catalogue import Concession
from server.kit.clock import today
from server.residents import RESIDENTS
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.world import Person, World

NUMBER = "15270119520101001X42"
CARE = Concession(min_age=60, disabled=True, percent_off=30, free_per_month=1)


def paper(world: World, days: int = 400, **more: Any) -> dict[str, Any]:
    until = (today(world.clock.now()) + timedelta(days=days)).isoformat()
    return {"number": NUMBER, "level": 2, "valid_until": until, **more}


async def put(who: Person, resident: Person, body: dict[str, Any]) -> Any:
    return await who.world.call("PUT", f"/v1/residents/{resident.id}/disability", body, token=who.token)


async def visit_put(world: World) -> Visit:
    return await _visit(world, paper(world), recorded=False)


async def visit_recorded(world: World) -> Visit:
    return await _visit(world, None, recorded=True)


async def _visit(world: World, body: Any, recorded: bool) -> Visit:
    resident = await world.resident()
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))
    stranger = await world.staff(Grant(role="clerk", community_id="elsewhere"))
    if recorded:
        assert (await put(clerk, resident, paper(world))).status == 200
    return Visit(who=clerk, path=f"/v1/residents/{resident.id}/disability", body=body, stranger=stranger)


async def visit_own(world: World) -> Visit:
    resident = await world.resident()
    await put(await world.staff(Grant(role="operator")), resident, paper(world))
    return Visit(who=resident, path="/v1/me/disability")


HAPPY: Happy = {
    ("GET", "/v1/residents/{resident_id}/disability"): visit_recorded,
    ("PUT", "/v1/residents/{resident_id}/disability"): visit_put,
    ("DELETE", "/v1/residents/{resident_id}/disability"): visit_recorded,
    ("DELETE", "/v1/me/disability"): visit_own,
}


async def test_a_certificate_gives_the_free_visit_and_the_lower_price_until_it_ends(world: World) -> None:
    shop = await world.shop(capacity=9, concession=CARE, horizon_days=30)
    only_age = await world.shop(capacity=9, concession=Concession(min_age=60, percent_off=30))
    young = await world.resident(birth_year=world.clock.now().year - 30)
    desk = await world.staff(Grant(role="operator"))
    said = (await young.get(f"/v1/services/{shop.service_id}")).json["concession"]
    assert said == "60 岁以上或持残疾人证：每月免费 1 次，优惠 30%"
    assert (await shop.booked(young, world.at(9)))["details"]["price_fen"] == 7000

    assert (await put(desk, young, paper(world, days=5))).status == 200

    month = [(await shop.booked(young, world.at(hour)))["details"] for hour in (10, 11)]
    assert [one["price_fen"] for one in month] == [0, 4900]
    assert month[1]["price_text"] == "35.00 元/小时，60 岁以上或持残疾人证优惠价"
    assert (await only_age.booked(young, world.at(15)))["details"]["price_fen"] == 7000
    beyond = await shop.booked(young, world.at(10, days=6))
    assert beyond["details"]["price_fen"] == 7000, "it does not hold any more on the day of the visit"
    world.clock.advance(timedelta(days=5))
    expired = await shop.booked(young, world.at(12))
    assert expired["details"]["price_fen"] == 7000


async def test_the_desk_records_what_is_plausible_and_the_resident_hears_sees_and_removes_it(
    world: World,
) -> None:
    shop, resident = await world.shop(concession=CARE), await world.resident()
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        (paper(world, number=NUMBER[:-1]), "invalid"),
        (paper(world, level=3), "level_mistyped"),
        (paper(world, days=-1), "disability_expired"),
    )
    for body, code in wrong:
        refused = await put(clerk, resident, body)
        assert (refused.status, refused.code) == (422, code)
    for other in (shop.manager, shop.worker, shop.dispatcher, resident):
        assert (await put(other, resident, paper(world))).status == 403

    await world.control(
        "subscribe", openid=resident.openid, template_id="tmpl-profile-changed", result="accept"
    )

    recorded = (await put(clerk, resident, paper(world))).json
    await world.work()

    assert (recorded["level"], NUMBER in json.dumps(recorded)) == (2, False)
    assert (await resident.get("/v1/me")).json["disability"] == recorded
    told = (await resident.get("/v1/inbox")).json["items"][0]
    assert "登记了残疾人证（二级，有效期到" in told["text"] and told["delivery"] == "sent"
    assert (await resident.delete("/v1/me/disability")).status == 204
    assert (await resident.get("/v1/me")).json["disability"] is None
    assert (await shop.booked(resident))["details"]["price_fen"] == 7000
    assert (await resident.delete("/v1/me/disability")).code == "no_disability"

    await put(clerk, resident, paper(world))
    world.clock.advance(timedelta(seconds=1))
    assert (await clerk.delete(f"/v1/residents/{resident.id}/disability")).status == 204
    await world.work()
    assert "已从资料里删除" in (await resident.get("/v1/inbox")).json["items"][0]["text"]
    admin = await world.staff(Grant(role="admin"))
    rows = (await admin.get("/v1/audit", subject=resident.id, actor=clerk.id)).json["items"]
    done = {(one["what"], one["channel"]) for one in rows if one["outcome"] == "done"}
    assert {("disability.record", "window"), ("disability.remove", "window")} <= done


async def test_neither_provider_nor_worker_learns_who_has_a_certificate(world: World) -> None:
    """The old and the disabled have the same price in the same words; nothing else of a case differs."""
    shop = await world.shop(capacity=9, concession=CARE)
    old = await world.resident(birth_year=world.clock.now().year - 70)
    disabled = await world.resident()
    await put(await world.staff(Grant(role="operator")), disabled, paper(world))
    numbers = [
        [(await shop.brought_to("assigned", who, world.at(hour)))["case_no"] for hour in hours]
        for who, hours in ((old, (8, 11)), (disabled, (14, 17)))
    ]

    for eye in (shop.manager, shop.worker, shop.dispatcher):
        browser = Browser(world, eye.token)
        for mine, theirs in zip(*numbers, strict=True):
            views = [(await eye.get(f"/v1/cases/{one}")).json for one in (mine, theirs)]
            assert views[0]["details"]["price_text"] == views[1]["details"]["price_text"]
            assert views[0].keys() == views[1].keys()
            assert views[0]["details"].keys() == views[1]["details"].keys()
            page = await browser.get(f"/console/cases/{theirs}")
            words = [json.dumps(views[1], ensure_ascii=False), page.body]
            for text in words:
                text = text.replace(views[1]["details"]["price_text"], "")
                assert not any(one in text for one in ("残疾", "disab", NUMBER)), text
        assert (await eye.get(f"/v1/residents/{disabled.id}/disability")).status == 403
        assert (await browser.get("/console/residents")).status == 403
    month = world.at(0)[:7]
    sheet = (await shop.manager.get(f"/v1/providers/{shop.provider_id}/sheets/{month}")).json
    assert "残疾" not in json.dumps(sheet, ensure_ascii=False)


async def test_the_sheet_counts_what_the_street_owes_for_it(world: World) -> None:
    shop = await world.shop(capacity=9, concession=CARE, lead_time_min=0)
    resident = await world.resident()
    await put(await world.staff(Grant(role="operator")), resident, paper(world))
    for hour in (12, 15):
        await shop.brought_to("completed", resident, world.at(hour, days=0))
    month = world.at(0, days=0)[:7]
    total = (await shop.manager.get(f"/v1/providers/{shop.provider_id}/sheets/{month}")).json["total"]
    owed = (total["owed_fen"], total["free_visits"], total["reduced_visits"])
    assert (total["income_fen"], owed) == (4900, (7000 + 2100, 1, 1))


async def test_it_is_unreadable_in_the_database_whole_in_the_export_and_gone_with_the_account(
    world: World,
) -> None:
    resident = await world.resident()
    await put(await world.staff(Grant(role="operator")), resident, paper(world))
    read = world.house.db.reading
    kept = await read(lambda reader: reader.get(RESIDENTS, resident.id))
    assert kept is not None and kept.disability is not None
    assert NUMBER.encode() not in kept.disability.number
    await world.work()

    export = (await resident.get("/v1/me/export")).json
    profile = next(one for one in export["parts"] if one["name"] == "residents")["records"][0]
    assert (profile["disability"]["number"], profile["disability"]["level"]) == (NUMBER, 2)
    assert (await resident.delete("/v1/me")).status == 204
    gone = await read(lambda reader: reader.get(RESIDENTS, resident.id))
    assert gone is not None and gone.disability is None


async def test_the_desk_writes_it_down_on_a_page(world: World) -> None:
    resident = await world.resident()
    code = (await world.control("phone-codes", openid=resident.openid, phone="13947711923"))["code"]
    await resident.post("/v1/me/phone", {"code": code})
    clerk = Browser(world, (await world.staff(Grant(role="clerk", community_id=world.community))).token)
    stranger = Browser(world, (await world.staff(Grant(role="clerk", community_id="elsewhere"))).token)
    at = "/console/residents?phone=13947711923"
    assert "请输入完整的手机号" in (await clerk.get("/console/residents?phone=123")).text
    unseen = (await stranger.get(at)).text
    assert "王桂英" not in unseen and "登记残疾人证" not in unseen
    body = paper(world)
    page = await clerk.get(at)
    form = f"/{resident.id}"

    wrong = await clerk.press(page, form, **body | {"level": "3"})
    assert wrong.status == 422 and "证号的第 20 位就是等级" in wrong.text and NUMBER in wrong.body
    sent = await clerk.follow(await clerk.press(wrong, form, **body | {"level": "2"}))
    assert "已登记，居民会收到消息" in sent.text and "二级，有效期到" in sent.text and NUMBER not in sent.body

    remove = next(one for one in sent.forms if "remove" in one.fields)
    removed = await clerk.follow(await clerk.post(remove.action, remove.fields))
    assert "没有登记" in removed.text
    worker = Browser(world, (await world.shop()).worker.token)
    token = (await worker.get("/console/me")).forms[0].fields["_xsrf"]
    assert (await worker.post(f"/console/residents{form}", body | {"_xsrf": token})).status == 403
