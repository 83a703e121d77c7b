"""Figures of a month: counted from what was done, only for whose part of the street it is, and not at every look."""

import asyncio
from datetime import timedelta

from schemas.staff import Grant
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.world import Person, World

PATH = "/v1/statistics"


async def visit(world: World) -> Visit:
    return Visit(who=await world.staff(Grant(role="admin")), path=PATH)


HAPPY: Happy = {("GET", PATH): visit}


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
