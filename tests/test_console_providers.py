"""The pages of providers: a manager hands in, the street approves, suspends, transfers; a month can be printed."""

from datetime import timedelta

from schemas.staff import Grant
from server.catalogue import PRICE_LISTS
from server.certificates import CERTIFICATES
from server.kit.clock import SHANGHAI, today
from tests.browser import Browser
from tests.pictures import photo
from tests.world import World


async def test_a_manager_hands_in_and_the_street_decides_on_the_page(world: World) -> None:
    shop, other, admin = await world.shop(), await world.shop(), await world.staff(Grant(role="admin"))
    resident = await world.resident()
    at = f"/console/providers/{shop.provider_id}"
    manager, dispatcher = Browser(world, shop.manager.token), Browser(world, shop.dispatcher.token)
    listed = await manager.get("/console/providers")
    assert at in listed.body and other.provider_id not in listed.body
    assert (await Browser(world, other.manager.token).get(at)).status == 404
    assert (await Browser(world, shop.worker.token).get("/console/providers")).status == 403

    until = (today(world.clock.now()) + timedelta(days=20)).isoformat()
    paper = {"owner_id": shop.worker.id, "kind": "health", "number": "JK-2026-0042", "valid_until": until}
    page = await manager.get(at)
    wrong = await manager.press(page, "/hand-in", **paper | {"issuer": "疾控", "kind": "licence"})
    assert wrong.status == 422 and "营业执照和保险属于商家" in wrong.text and "JK-2026-0042" in wrong.body
    sent = await manager.press(wrong, "/hand-in", **paper | {"issuer": "东胜区疾控中心"})
    assert sent.status == 303
    assert "健康证已交，等街道审核" in (await manager.follow(sent)).text
    prices = {f"price:{shop.service_id}": "38.50", "valid_from": world.at(0)[:10]}
    drafted = await manager.follow(await manager.press(await manager.get(at), "/draft-prices", **prices))
    assert "第 2 版价格表已交" in drafted.text

    async def draft_shown() -> bool:
        return "38.50 元/小时" in (await manager.get(at)).text

    await world.until(draft_shown, "the draft on the page")
    forbidden = await manager.post(
        f"{at}/suspend", {"_xsrf": page.forms[0].fields["_xsrf"], "reason": "自己停"}
    )
    assert forbidden.status == 404

    async def both_known() -> bool:
        reader = world.house.db.reader()
        paper_id, prices_id = f"worker.{shop.worker.id}.health", f"{shop.provider_id}|2"
        return None not in (reader.recall(CERTIFICATES, paper_id), reader.recall(PRICE_LISTS, prices_id))

    await world.until(both_known, "what was handed in")
    seen = await dispatcher.get(at)
    assert "****0042" in seen.text and "JK-2026-0042" not in seen.body
    approved = await dispatcher.follow(await dispatcher.press(seen, "/approve-paper"))
    assert "健康证已通过，马上生效" in approved.text
    priced = await dispatcher.follow(await dispatcher.press(await dispatcher.get(at), "/approve-prices"))
    assert "第 2 版价格表" in priced.text
    assert "李师傅健康证" in (await dispatcher.get("/console/providers")).text

    case = await shop.brought_to("confirmed", resident)
    stopped = await dispatcher.press(await dispatcher.get(at), "/suspend", reason="投诉核实中")
    assert "已暂停，正在处理已有的预约" in (await dispatcher.follow(stopped)).text
    await world.work()
    work = await dispatcher.get(at)
    assert "要另外安排的上门" in work.text and case["case_no"] in work.text
    moved = await dispatcher.press(work, "/transfer", service_id=other.service_id)
    assert moved.status == 303, moved.text
    assert (await resident.get(f"/v1/cases/{case['case_no']}")).json["provider"]["id"] == other.provider_id
    own = await dispatcher.press(await dispatcher.get(at), "/lift", reason="已整改")
    assert own.status == 403 and "不能自己恢复" in own.text
    boss = Browser(world, admin.token)
    lifted = await boss.follow(await boss.press(await boss.get(at), "/lift", reason="已整改"))
    assert "已恢复服务" in lifted.text

    month = f"{world.clock.now().astimezone(SHANGHAI):%Y-%m}"
    sheet = await manager.get(f"{at}/sheets/{month}")
    assert "月报" in sheet.text and "街道应补" in sheet.text
    file = await manager.get(f"{at}/sheets/{month}/csv")
    assert file.headers["Content-Type"] == "text/csv; charset=utf-8" and file.body.startswith("\ufeff")
    assert (await Browser(world, other.manager.token).get(f"{at}/sheets/{month}/csv")).status == 404


async def test_an_application_is_entered_on_the_page_and_goes_on_as_a_case(world: World) -> None:
    shop = await world.shop()
    dispatcher = Browser(world, shop.dispatcher.token)
    day = (today(world.clock.now()) + timedelta(days=365)).isoformat()
    filled = {
        **{"name": "敖包家政", "phone": "0477-8300009", "daily_bookings": "8"},
        **{"licence_number": "91150602", "licence_issuer": "市监局", "licence_until": day},
        **{"insurance_number": "PICC1", "insurance_issuer": "人保财险"},
        f"category:{shop.category}": "1",
    }
    page = await dispatcher.get("/console/providers")
    wrong = await dispatcher.press(page, "/console/providers", insurance_until="2020-01-01", **filled)
    assert wrong.status == 422 and "已经过期" in wrong.text and "敖包家政" in wrong.body
    sent = await dispatcher.press(wrong, "/console/providers", insurance_until=day, **filled)
    case = await dispatcher.follow(sent)
    assert "“敖包家政”申请入驻，请传执照照片后交审核" in case.text
    case_no = case.url.rpartition("/")[2]
    path = f"/v1/cases/{case_no}/attachments"
    jpeg = {"Content-Type": "image/jpeg"}
    for _ in range(2):
        sent_photo = await world.call("POST", path, raw=photo(), token=shop.dispatcher.token, headers=jpeg)
        assert sent_photo.status == 201
    page = await dispatcher.get(case.url)
    ticks = {name: "1" for name in page.form("/hand_in").named if name.startswith("photos:")}
    assert len(ticks) == 2
    handed = await dispatcher.follow(await dispatcher.press(page, "/hand_in", **ticks))
    admin = Browser(world, (await world.staff(Grant(role="admin"))).token)
    reviewed = await admin.get(case.url)
    assert handed.status == reviewed.status == 200 and reviewed.body.count('class="file"') == 2
    done = await admin.follow(await admin.press(reviewed, "/approve"))
    assert "“敖包家政”已入驻" in done.text and "看服务商" in done.text
