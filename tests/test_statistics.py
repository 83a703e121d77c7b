"""Figures of a month: counted from what was done, only for whose part of the street it is, and not at every look."""

import asyncio
import re
from datetime import timedelta
from typing import Any

from schemas.staff import Grant
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.test_payments import at_wechat, looked_up, paying, saver, seen
from tests.world import Person, Shop, World

PATH, YEAR = "/v1/statistics", "/v1/statistics/year"


async def visit(world: World) -> Visit:
    return Visit(who=await world.staff(Grant(role="admin")), path=PATH)


async def visit_year(world: World) -> Visit:
    return Visit(who=await world.staff(Grant(role="admin")), path=YEAR)


HAPPY: Happy = {("GET", PATH): visit, ("GET", YEAR): visit_year}


def count(shares: list[dict[str, object]], text: str) -> object:
    return next((one["count"] for one in shares if one["text"] == text), 0)


async def clerk(world: World) -> Person:
    return await world.staff(Grant(role="clerk", community_id=world.community))


async def test_a_provider_sees_how_much_how_quickly_and_how_well_their_own_was_done(world: World) -> None:
    shop, resident, other = await world.shop(capacity=9), await world.resident(), await world.shop()
    await shop.booked(resident, world.at(10))
    await other.booked(resident, world.at(12))
    done = (await shop.brought_to("done", resident, world.at(14)))["case_no"]
    assert (await resident.post(f"/v1/cases/{done}/rating", {"stars": 4})).status == 201

    seen = (await shop.manager.get(PATH)).json

    assert (seen["total"], seen["scope"], seen["messages"]) == (2, "我负责的范围", [])
    assert (seen["rated"], seen["stars"]) == (1, 4.0)
    assert count(seen["kinds"], "上门服务") == 2
    assert sum(one["count"] for one in seen["states"]) == 2
    assert sum(one["count"] for one in seen["days"]) == 2
    assert count(seen["ratings"], "4 星") == 1
    assert [(one["name"], one["over"], one["kept"]) for one in seen["limits"]] == [("answer", 1, 1)]
    assert (await other.manager.get(PATH)).json["total"] == 1


async def test_a_deadline_that_was_missed_counts_as_not_kept(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    await shop.booked(resident)
    world.clock.advance(timedelta(hours=2))

    [limit] = (await shop.manager.get(PATH)).json["limits"]

    assert (limit["over"], limit["kept"], limit["hours"]) == (1, 0, None)


async def test_the_street_sees_all_and_a_window_its_community(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    await shop.booked(resident)
    await world.work()
    street = (await (await world.staff(Grant(role="dispatcher"))).get(PATH)).json
    window = (await (await clerk(world)).get(PATH)).json
    elsewhere = (await (await world.staff(Grant(role="clerk", community_id="nowhere"))).get(PATH)).json

    assert street["scope"] == "全街道" and street["total"] >= window["total"] > 0
    assert sum(one["count"] for one in street["communities"]) == street["total"]
    assert sum(one["count"] for one in street["messages"]) > 0
    assert len(window["communities"]) == 1
    assert (elsewhere["total"], elsewhere["hours"], elsewhere["stars"]) == (0, None, None)


async def test_figures_are_counted_once_for_all_who_ask_and_anew_after_five_minutes(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    await shop.booked(resident, world.at(10))
    looks = await asyncio.gather(*(shop.manager.get(PATH) for _ in range(8)))
    assert len({one.json["counted_at"] for one in looks}) == 1
    await shop.booked(resident, world.at(12))
    assert (await shop.manager.get(PATH)).json["total"] == 1, "as it was counted a moment ago"

    world.clock.advance(timedelta(minutes=5))

    assert (await shop.manager.get(PATH)).json["total"] == 2


async def test_another_month_is_empty_and_one_to_come_is_not_there(world: World) -> None:
    shop = await world.shop()
    await shop.booked(await world.resident())
    before = (await shop.manager.get(PATH, month="2026-02")).json
    assert (before["total"], len(before["days"])) == (0, 28)
    assert (await shop.manager.get(PATH, month="2099-01")).code == "month_not_yet"
    for month in ("2026-13", "2026-1", "x", ""):
        assert (await shop.manager.get(PATH, month=month)).status == 422
    assert (await shop.worker.get(PATH)).status == 403


async def test_the_page_draws_them_and_the_table_has_every_figure(world: World) -> None:
    shop = await world.shop()
    await shop.booked(await world.resident())
    browser = Browser(world, shop.manager.token)

    page = await browser.get("/console/statistics")
    table = await browser.get("/console/statistics/table")

    assert page.status == 200 and page.body.count('<rect x="') >= 28
    assert "按类别" in page.text and "上门服务 1" in page.text
    rows = table.body.lstrip("\ufeff").splitlines()
    assert "办件,总数,1" in rows and "按类别,上门服务,1" in rows
    wrong = await browser.get("/console/statistics?month=soon")
    assert (wrong.status, "月份请写成" in wrong.text) == (422, True)
    assert (await Browser(world, shop.worker.token).get("/console/statistics")).status == 403


async def aged(world: World, shop: Shop, resident: Person, stars: int) -> None:
    """A visit that was done and rated."""
    done = (await shop.brought_to("done", resident, world.at(14)))["case_no"]
    assert (await resident.post(f"/v1/cases/{done}/rating", {"stars": stars})).status == 201


async def test_a_year_has_every_month_with_how_much_how_timely_and_how_well(world: World) -> None:
    shop, resident, other = await world.shop(capacity=9), await world.resident(), await world.shop()
    await aged(world, shop, resident, 5)
    world.clock.advance(timedelta(days=70))
    shop, other, resident = (
        await shop.signed_in_anew(),
        await other.signed_in_anew(),
        await world.resident(resident.openid),
    )
    await aged(world, shop, resident, 2)
    await shop.booked(resident, world.at(16))
    world.clock.advance(timedelta(hours=2))

    year = (await shop.manager.get(YEAR)).json

    months = year["items"]
    assert (len(months), year["next"], months[-1]["month"]) == (12, None, world.at(0, days=0)[:7])
    assert [(one["total"], one["stars"]) for one in months if one["total"]] == [(1, 5.0), (2, 2.0)]
    last = months[-1]
    assert (last["over"], last["kept"], last["rate"], last["rated"]) == (2, 1, 50, 1)
    assert [one["rate"] for one in months if not one["total"]] == [None] * 10
    assert not any(one["total"] for one in (await other.manager.get(YEAR)).json["items"])
    assert (await shop.worker.get(YEAR)).status == 403


async def test_what_is_long_past_is_counted_anew_after_an_hour_and_the_present_after_five_minutes(
    world: World,
) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    first = (await shop.manager.get(YEAR)).json["counted_at"]
    await shop.booked(resident, world.at(12))
    world.clock.advance(timedelta(minutes=6))
    later = (await shop.manager.get(YEAR)).json
    assert (later["items"][-1]["total"], later["counted_at"]) == (1, first)
    world.clock.advance(timedelta(minutes=55))
    assert (await shop.manager.get(YEAR)).json["counted_at"] > first


async def test_the_year_is_drawn_as_lines_with_the_numbers_beside_them_and_comes_as_a_table(
    world: World,
) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    await aged(world, shop, resident, 4)
    browser = Browser(world, shop.manager.token)

    page = await browser.get("/console/statistics/year")
    table = await browser.get("/console/statistics/year/table")

    assert (
        page.body.count("<polyline") == 3 and len(re.findall(r'<circle [^>]*r="4"><title>', page.body)) == 14
    )
    month = int(world.at(0, days=0)[5:7])
    assert f'role="img" aria-label="满意度：{month} 月 4 星"' in page.body
    assert "100% 1 次里 1 次" in page.text and "4.0 星 1 人" in page.text
    rows = table.body.lstrip("\ufeff").splitlines()
    assert len(rows) == 13 and rows[-1] == f"{world.at(0, days=0)[:7]},1,1,1,100,1,4.0"
    assert rows[1].endswith(",0,0,0,,0,")
    assert (await Browser(world, shop.worker.token).get("/console/statistics/year")).status == 403


async def test_the_street_sees_in_which_community_messages_got_to_wechat(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    boss = await world.staff(Grant(role="dispatcher"))
    await shop.booked(resident, world.at(9))
    await world.work()
    seen = (await boss.get(PATH)).json
    assert sum(one["count"] for one in seen["reach"]) == sum(one["count"] for one in seen["messages"])
    assert sum(one["sent"] for one in seen["reach"]) == count(seen["messages"], "已送到微信")
    assert {one["name"] for one in seen["reach"]} <= {one["name"] for one in seen["communities"]}
    assert (await (await clerk(world)).get(PATH)).json["reach"] == []
    page = await Browser(world, boss.token).get("/console/statistics")
    assert "消息送到微信（按社区）" in page.text


async def settled(world: World, who: Person, fen: int, points_fen: int) -> None:
    """A bill that was paid with points and, as far as they do not go, by WeChat."""
    payment = await paying(who, await looked_up(world, who, fen), points_fen)
    if fen > points_fen:
        await seen(who, payment)
        await at_wechat(world, payment, notify=True)
    await world.until(lambda: settles(world, who, payment), "the payment")


async def settles(world: World, who: Person, payment: dict[str, Any]) -> bool:
    await world.work()
    return (await seen(who, payment))["state"] == "settled"


async def test_the_street_sees_what_was_paid_for_residents_and_what_their_points_came_to_by_month(
    world: World,
) -> None:
    resident, first = await saver(world, 6_000), world.at(0, days=0)[:7]
    await settled(world, resident, 8_000, 3_000)
    await settled(world, resident, 500, 500)
    world.clock.advance(timedelta(days=40))
    resident = await world.resident(resident.openid)
    await settled(world, resident, 1_000, 1_000)
    boss = await world.staff(Grant(role="dispatcher"))

    before, now = (await boss.get(PATH, month=first)).json["money"], (await boss.get(PATH)).json["money"]

    assert (before["bills"], before["paid_fen"], before["points_fen"], before["pay_fen"]) == (
        2,
        8_500,
        3_500,
        5_000,
    )
    assert [(one["text"], one["fen"]) for one in before["kinds"]] == [("电费", 8_500)]
    assert (before["outstanding_fen"], now["outstanding_fen"]) == (2_500, 1_500)
    assert (now["bills"], now["paid_fen"], now["back_fen"]) == (1, 1_000, 0)
    months = {one["month"]: one for one in (await boss.get(YEAR)).json["items"]}
    assert (months[first]["paid_fen"], months[first]["outstanding_fen"]) == (8_500, 2_500)
    assert sum(one["paid_fen"] for one in months.values()) == 9_500
    assert (await (await clerk(world)).get(PATH)).json["money"] is None
    browser = Browser(world, boss.token)
    page, year = (
        await browser.get(f"/console/statistics?month={first}"),
        await browser.get("/console/statistics/year"),
    )
    assert "85.00 元" in page.text and "25.00 分" in page.text
    assert year.body.count("<polyline") == 5 and "85.00 25.00" in year.text
    table = (await browser.get(f"/console/statistics/table?month={first}")).body.splitlines()
    assert "代缴,金额（元）,85.00" in table and "积分,居民还没用的（分）,25.00" in table
