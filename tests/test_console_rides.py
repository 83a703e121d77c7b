"""The dispatcher's page of cars: who is on duty, where, and who is not heard of."""

import html
import re
from datetime import timedelta

import pytest

from handlers.sketches import HIGH, WIDE, Mark, sketch
from schemas.places import Spot
from schemas.staff import Grant
from server.rides import board
from tests.browser import Browser
from tests.riding import SQUARE, driver, later, north, put
from tests.test_rides import called, free_driver, nobody_else, taken
from tests.world import World

PATH = "/console/rides"


async def test_cars_on_duty_are_drawn_and_listed_and_who_is_not_heard_of_stands_first(world: World) -> None:
    desk = Browser(world, (await world.staff(Grant(role="dispatcher"))).token)
    heard, silent, home = await driver(world), await driver(world), await driver(world, on_duty=False)
    assert (await put(heard, SQUARE)).status == (await put(silent, north(900))).status == 204
    page = await desk.get(PATH)
    assert "失去联系" not in page.text and page.body.count('<circle class="free"') == 2
    assert "500 米" in page.body, "a scale"

    later(world, 40)
    assert (await put(heard, SQUARE)).status == 204
    page = await desk.get(PATH)

    assert page.body.index(f'id="{silent.id}"') < page.body.index(f'id="{heard.id}"')
    assert page.text.count("失去联系") == 1 and page.body.count('<circle class="lost"') == 1
    assert "位置 0 秒前更新" in page.text and home.id not in page.body
    assert (await Browser(world, heard.token).get(PATH)).status == 403
    world.clock.advance(timedelta(seconds=1))


def test_a_sketch_holds_all_there_is_north_up_and_unstretched() -> None:
    marks = [Mark(north(metres), "free") for metres in (0, 1000, 4000)]
    drawn = sketch([*marks, Mark(SQUARE, "free", to=Spot(SQUARE.lng + 0.02, SQUARE.lat))])
    assert drawn is not None and sketch([]) is None
    low, middle, high, east = drawn.marks
    assert low.y > middle.y > high.y and east.to is not None and east.to[0] > east.x
    assert all(0 <= one.x <= WIDE and 0 <= one.y <= HIGH for one in drawn.marks)
    a_km = low.y - middle.y
    assert abs((low.y - high.y) - 4 * a_km) < 1
    assert abs((east.to[0] - east.x) / a_km - 1.71) < 0.02, "a degree to the east is shorter up here"


async def test_a_ride_is_followed_from_the_search_to_its_fare_and_the_choice_is_told_in_words(
    world: World,
) -> None:
    await nobody_else(world)
    dispatcher, resident = await world.staff(Grant(role="dispatcher")), await world.resident()
    _, far = await free_driver(world, 300), await free_driver(world, 1200)
    desk = Browser(world, dispatcher.token)
    assert "现在没有行程" in (await desk.get(f"{PATH}?queue=looking")).text

    case = await called(world, resident, pay="cash", wheelchair=False)
    case_no, address = case["case_no"], f"/console/cases/{case['case_no']}"
    page = await desk.get(f"{PATH}?queue=looking")
    assert f'href="{address}"' in page.body and "正在问 张强" in page.text and "叫车已 0 分" in page.text
    assert "绿苑小区东门 → 火车站" in page.text
    assert case_no not in (await desk.get(f"{PATH}?queue=going")).body

    told = await desk.get(f"{PATH}/{case_no}/choices")
    assert told.status == 200 and "离乘客 300 米" in told.text and "问了张强，总分" in told.text
    assert "今天还没有跑" in told.text and "等答复" in told.text
    sheet = await desk.get(address)
    assert f'href="{PATH}/{case_no}/choices"' in sheet.body and "问过 1 次" in sheet.text
    form = sheet.form("/assign")
    assert f'value="{far.id}"' in sheet.body
    assert re.search(r"蒙K12345 · 离乘客 (1199|1200|1201) 米 · 得分", sheet.text), sheet.text
    assert "正在问这一单" in sheet.text, "who is asked can still answer"
    busy = await driver(world, ride_no="DC-20261128-0999999")
    refused = await desk.post(form.action, form.fields | {"driver_id": busy.id})
    assert (refused.status, "现在有乘客" in refused.text) == (409, True)
    moved = await desk.follow(await desk.post(form.action, form.fields | {"driver_id": far.id}))
    assert "已办好：派车" in moved.text and "蒙K12345 · 白色大众朗逸" in moved.text
    again = await desk.follow(await desk.post(form.action, form.fields | {"driver_id": far.id}))
    assert again.status == 200, "a form sent twice moves once"
    assert case_no in (await desk.get(f"{PATH}?queue=going")).body

    code = (await resident.get(f"/v1/cases/{case_no}")).json["details"]["code"]
    await far.act(case_no, "arrive")
    assert (await far.act(case_no, "board", code=code)).json["state"] == "on_board"
    assert (await far.act(case_no, "complete", metres=20_000)).json["state"] == "completed"
    page = await desk.get(f"{PATH}?queue=trouble")
    assert case_no in page.body and "已封顶" in page.text
    sheet = await desk.get(address)
    assert "付了现金 已付清" in sheet.text and "司机填的" in sheet.text and "部分不收" in sheet.text

    shares = await desk.get(f"{PATH}/fairness")
    assert "共 1 趟" in shares.text and "趟数基尼系数" in shares.text
    assert "日期请写成" in (await desk.get(f"{PATH}/fairness?from=x")).text
    mine = await Browser(world, far.token).get("/console/driver/earnings")
    assert (
        "共 1 单" in mine.text and (await Browser(world, far.token).get(mine_before(mine.body))).status == 200
    )
    for path in ("/fairness", f"/{case_no}/choices"):
        assert (await Browser(world, far.token).get(PATH + path)).status == 403


def mine_before(body: str) -> str:
    found = re.search(r'href="(/console/driver/earnings\?to=[\d-]+)"', body)
    assert found is not None
    return found[1]


async def test_what_goes_wrong_stands_apart_and_the_desk_can_cancel(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await nobody_else(world)
    desk = Browser(world, (await world.staff(Grant(role="dispatcher"))).token)
    first, second = await world.resident(), await world.resident()
    given_up = await free_driver(world, 300)
    case = await taken(world, first, given_up)
    nobody = await called(world, second)
    assert (await given_up.act(case["case_no"], "give_up", reason="car", note="")).status == 200
    page = await desk.get(f"{PATH}?queue=trouble")
    assert "张强去不了：车出了问题" in page.text and nobody["case_no"] not in page.body
    monkeypatch.setattr(board, "PAGE", 1)
    top = await desk.get(PATH)
    following = re.search(r'href="(/console/rides\?cursor=[^"]+)"', top.body)
    assert following is not None and top.body.count("data-row=") == 1
    rest = await desk.get(html.unescape(following[1]))
    assert rest.body.count("data-row=") == 1 and "回到第一页" in rest.text
    assert {case["case_no"], nobody["case_no"]} == set(
        re.findall(r'data-row="(DC-[\d-]+)"', top.body + rest.body)
    )
    cancelled = await desk.press(
        await desk.get(f"/console/cases/{case['case_no']}"), "/cancel", reason="居民打电话说不去了"
    )
    assert "已取消" in (await desk.follow(cancelled)).text
    assert "没有找到车" not in page.text
    assert (await desk.get(f"{PATH}?cursor=nonsense")).text.count("从第一页看") >= 1
