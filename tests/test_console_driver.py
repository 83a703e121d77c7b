"""A driver's page without scripts: the car, on and off duty, and where it is."""

import pytest

from schemas.staff import Grant
from server.kit.gcj02 import from_wgs84
from server.places import PLACES, Place
from tests.browser import Browser, Seen, at_the_platform
from tests.riding import SQUARE, driver, later
from tests.test_rides import called, free_driver, nobody_else, offered
from tests.world import Person, World, unique

PATH = "/console/driver"
CAR = {"plate": "蒙K12345", "model": "捷达", "colour": "白色", "seats": "4"}


async def newcomer(world: World) -> Person:
    return await world.staff(Grant(role="driver", provider_id=unique("provider")), name="张强")


async def sent(browser: Browser, page: Seen, ending: str, **filled: str) -> Seen:
    return await browser.follow(await browser.press(page, ending, **filled))


async def test_a_driver_writes_down_the_car_goes_on_duty_and_home_again(world: World) -> None:
    person = await newcomer(world)
    browser = Browser(world, person.token)

    page = await browser.get(PATH)
    assert "您在休息" in page.text and "登记后才能接单" in page.text
    assert "geolocation=(self)" in page.headers["Permissions-Policy"]
    assert "geolocation=()" in (await browser.get("/console")).headers["Permissions-Policy"]
    form = await browser.get(PATH + "/vehicle")
    wrong = await browser.press(form, "/vehicle", **CAR | {"plate": "12345"})
    assert (wrong.status, "请按提示填好" in wrong.text, 'value="捷达"' in wrong.body) == (422, True, True)
    page = await sent(browser, form, "/vehicle", **CAR)
    assert "车辆已保存" in page.text and "蒙K12345 · 白色捷达 · 4 座" in page.text

    duty = page.form("/duty")
    page = await browser.follow(await browser.post(duty.action, duty.fields))
    assert "空车，等着接单" in page.text and "还没有收到位置" in page.text
    again = await browser.follow(await browser.post(duty.action, duty.fields))
    assert "空车，等着接单" in again.text, "a double tap is one tap"
    busy = await browser.press(await browser.get(PATH + "/vehicle"), "/vehicle", **CAR | {"colour": "红色"})
    assert (busy.status, "请先收车" in busy.text) == (409, True)
    page = await sent(browser, page, "/duty")
    assert "您在休息" in page.text and "已收车" in page.text


async def test_where_the_telephone_is_is_drawn_as_maps_draw_it_and_forgotten_when_they_go_home(
    world: World,
) -> None:
    person = await driver(world)
    browser = Browser(world, person.token)
    page = await browser.get(PATH)
    here = {
        "_xsrf": page.form("/duty").fields["_xsrf"],
        "lng": "109.98",
        "lat": "39.82",
        "accuracy_m": "12.5",
    }

    assert (await browser.post(PATH + "/position", here)).status == 204

    row = await world.house.whereabouts.last(person.id)
    assert row is not None and row.accuracy_m == 12.5
    assert (row.spot.lng, row.spot.lat) == pytest.approx(from_wgs84(109.98, 39.82))
    assert "位置 0 秒前更新" in (await browser.get(PATH)).text
    assert (await browser.post(PATH + "/position", here | {"lat": "91"})).status == 422
    assert (await browser.post(PATH + "/position", here | {"_xsrf": "0"})).status == 403
    await sent(browser, await browser.get(PATH), "/duty")
    assert (await browser.post(PATH + "/position", here)).status == 409


async def test_whose_telephone_cannot_say_where_it_is_chooses_a_place(world: World) -> None:
    person = await driver(world)
    square = Place(id=unique("compound"), kind="compound", name="广场小区", spot=SQUARE)
    await world.put(PLACES, square)
    browser = Browser(world, person.token)
    page = await browser.get(PATH)
    token = page.form("/duty").fields["_xsrf"]
    nowhere = await browser.post(PATH + "/stand", {"_xsrf": token, "place_id": "nowhere"})
    assert (nowhere.status, "没有这个小区" in nowhere.text) == (404, True)
    page = await sent(browser, page, "/stand", place_id=square.id)
    assert "已记下您在哪里等客" in page.text and "位置 0 秒前更新" in page.text
    row = await world.house.whereabouts.last(person.id)
    assert row is not None and row.spot == SQUARE


async def test_a_driver_begins_on_this_page_and_others_have_none(world: World) -> None:
    person = await newcomer(world)
    shop = await world.shop()
    assert (await Browser(world, shop.worker.token).get(PATH)).status == 403
    page = await Browser(world, shop.worker.token).get("/console")
    form = {"_xsrf": page.form("/logout").fields["_xsrf"], "on": "yes"}
    assert (await Browser(world, shop.worker.token).post(PATH + "/duty", form)).status == 403
    platform = Browser(world)
    begun = await platform.follow(await platform.press(await at_the_platform(platform), "", userid=person.id))
    assert begun.url.endswith(PATH) and "您在休息" in begun.text


async def test_a_ride_is_taken_begun_with_the_code_and_ended_through_the_page(world: World) -> None:
    await nobody_else(world)
    person, resident = await free_driver(world, 300), await world.resident()
    case_no = (await called(world, resident, pay="cash", wheelchair=False))["case_no"]
    browser = Browser(world, person.token)

    page = await browser.get(PATH)
    assert 'data-left="15"' in page.body and "绿苑小区东门" in page.text and "付现金" in page.text
    offer = page.form("/accept")
    empty = await browser.press(page, "/decline")
    assert empty.status == 422 and await offered(person) is not None
    page = await browser.follow(await browser.post(offer.action, offer.fields))
    assert "去接乘客" in page.text and 'href="tel:' in page.body and "uri.amap.com" in page.body
    again = await browser.post(offer.action, offer.fields)
    assert again.status == 303, "a double tap is one tap"
    page = await sent(browser, page, "/arrive")
    assert "免费等候还剩" in page.text
    code = (await resident.get(f"/v1/cases/{case_no}")).json["details"]["code"]
    assert code not in page.body
    wrong = await browser.press(page, "/board", code="0000" if code != "0000" else "1111")
    assert wrong.status in (409, 422) and 'role="alert"' in wrong.body
    page = await sent(browser, wrong, "/board", code=code)
    assert "送乘客到 火车站" in page.text
    page = await sent(browser, page, "/complete", km="5.4")
    assert "车费 12.20 元" in page.text and "现金已收" in page.text and "空车，等着接单" in page.text
    assert (await resident.get(f"/v1/cases/{case_no}")).json["state"] == "completed"
    late = await browser.press(wrong, "/board", code=code)
    assert late.status == 303, "sent once more, it is what it was"


async def test_an_offer_that_is_declined_or_over_is_gone_from_the_page(world: World) -> None:
    await nobody_else(world)
    person, resident = await free_driver(world, 300), await world.resident()
    await called(world, resident)
    browser = Browser(world, person.token)
    page = await browser.get(PATH)
    later(world, 16)
    late = await browser.press(page, "/accept")
    assert late.status == 409 and "data-offer" not in late.body
