"""At the door: the start code cannot be guessed, and nobody at home is shown by photos."""

import asyncio
from datetime import datetime, timedelta

from tests import pictures
from tests.browser import Browser
from tests.test_attachments import attached
from tests.world import World

WRONG = ("0000", "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011")


def wrong(code: str) -> list[str]:
    return [one for one in WRONG if one != code]


async def test_five_wrong_codes_lock_the_door_for_a_quarter_of_an_hour(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    case = await shop.brought_to("en_route", resident, world.at(12, days=0))
    no, code = case["case_no"], case["start_code"]
    for left in (4, 3, 2):
        refused = await shop.worker.act(no, "start", code=wrong(code)[left])
        assert (refused.status, refused.code) == (409, "wrong_start_code")
        assert f"还可以试 {left} 次" in refused.json["error"]["message"]
    world.clock.advance(timedelta(minutes=15))
    assert (
        "还可以试 4 次" in (await shop.worker.act(no, "start", code=wrong(code)[0])).json["error"]["message"]
    )

    browser = Browser(world, shop.worker.token)
    page = await browser.get(f"/console/cases/{no}")
    pressed = await browser.press(page, "/start", code=wrong(code)[1])
    assert pressed.status == 409 and "还可以试 3 次" in pressed.text, "the page counts the same way"
    at_once = await asyncio.gather(*(shop.worker.act(no, "start", code=one) for one in wrong(code)[:8]))
    codes = sorted(one.code for one in at_once)
    assert codes == ["start_code_locked"] * 6 + ["wrong_start_code"] * 2, (
        "however many ask at the same moment"
    )

    locked = await shop.worker.act(no, "start", code=code)
    assert (locked.status, locked.code) == (409, "start_code_locked"), "the right one has to wait too"
    assert "15 分钟" in locked.json["error"]["message"] and int(locked.headers["Retry-After"]) == 900
    await world.work()
    assert "输错" in (await resident.get(f"/v1/cases/{no}")).json["details"]["code_warning"]
    assert "输错" in (await resident.get("/v1/inbox")).json["items"][0]["text"]
    told = (await shop.dispatcher.get("/v1/staff/inbox")).json["items"]
    assert "开始口令输错多次" in [one["title"] for one in told]

    world.clock.advance(timedelta(minutes=15))
    started = await shop.worker.act(no, "start", code=code)
    assert (started.status, started.json["state"]) == (200, "in_service")
    assert (await resident.get(f"/v1/cases/{no}")).json["details"]["code_warning"] == ""


async def test_a_right_code_is_never_counted_and_its_repeat_is_answered_again(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("en_route", resident)
    first = await shop.worker.act(case["case_no"], "start", key="start-1", code=case["start_code"])
    again = await shop.worker.act(case["case_no"], "start", key="start-1", code=case["start_code"])
    assert (first.status, again.body) == (200, first.body)
    other = await world.shop()
    assert (await other.worker.act(case["case_no"], "start", code="0000")).status == 404


async def test_nobody_at_home_is_shown_by_photos_where_the_service_asks_for_them(world: World) -> None:
    shop, resident = await world.shop(proof=["no_show"]), await world.resident()
    case = await shop.brought_to("en_route", resident, world.at(12, days=0))
    no, reason = case["case_no"], "敲门没有人，电话没人接"
    world.clock.set(datetime.fromisoformat(case["details"]["start"]) + timedelta(minutes=20))
    refused = await shop.worker.act(no, "no_show", reason=reason)
    assert (refused.status, refused.code) == (422, "no_show_photos_missing")
    assert refused.json["error"]["field"] == "photos"
    door = (await attached(shop.worker, no, pictures.photo()))["id"]
    stolen = (await attached(resident, no, pictures.photo()))["id"]
    assert (
        await shop.worker.act(no, "no_show", reason=reason, photos=[stolen])
    ).code == "attachment_not_found"

    noted = await shop.worker.act(no, "no_show", reason=reason, photos=[door])

    assert (noted.status, noted.json["state"]) == (200, "no_show")
    seen = (await resident.get(f"/v1/cases/{no}")).json
    appeal = next(one for one in seen["actions"] if one["name"] == "appeal")
    assert seen["details"]["no_show_photos"] == [door] and "1 张现场照片" in appeal["fields"][0]["hint"]
    files = (await resident.get(f"/v1/cases/{no}/attachments")).json["items"]
    assert [(one["id"], one["use"]) for one in files] == [(door, "no_show")]
    assert (await world.call("GET", files[0]["url"])).status == 200


async def test_a_desk_and_a_service_that_asks_for_none_do_without_photos(world: World) -> None:
    shop, resident = await world.shop(proof=["no_show"]), await world.resident()
    case = await shop.brought_to("en_route", resident, world.at(12, days=0))
    world.clock.set(datetime.fromisoformat(case["details"]["start"]) + timedelta(minutes=20))
    by_desk = await shop.dispatcher.act(case["case_no"], "no_show", reason="师傅打来电话")
    assert by_desk.status == 200
    plain = await world.shop()
    await plain.brought_to("no_show", resident, world.at(14, days=0))
