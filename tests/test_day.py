"""The dispatch board: a day of one's own people, and work that is given from it by the same move as anywhere."""

import re

from schemas.staff import Grant
from server.rosters import ROSTERS, Roster
from server.staff import STAFF, Staff
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.world import Person, Shop, World, unique

PATH = "/v1/dispatch/day"


async def visit(world: World) -> Visit:
    return Visit(who=(await world.shop()).manager, path=PATH)


HAPPY: Happy = {("GET", PATH): visit}


async def confirmed(world: World, shop: Shop, resident: Person, hour: int) -> str:
    case_no = str((await shop.brought_to("confirmed", resident, world.at(hour)))["case_no"])
    await world.work()
    return case_no


async def test_the_board_shows_who_works_when_and_what_has_nobody_yet(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    day = world.at(10)[:10]
    week = [[(8 * 60, 12 * 60), (14 * 60, 18 * 60)]] * 7
    await world.put(ROSTERS, Roster(id=shop.worker.id, weekly=week))
    given = (await shop.brought_to("assigned", resident, world.at(10)))["case_no"]
    waits = await confirmed(world, shop, resident, 15)

    board = (await shop.manager.get(PATH, date=day)).json

    [row] = board["workers"]
    assert (row["worker_id"], row["shifts"]) == (shop.worker.id, [[480, 720], [840, 1080]])
    [visit] = row["visits"]
    assert (visit["case_no"], visit["from_min"], visit["to_min"]) == (given, 600, 720)
    assert ([one["case_no"] for one in board["waiting"]], board["waiting_next"]) == ([waits], None)
    other_day = (await shop.manager.get(PATH, date="2027-03-01")).json
    assert (other_day["workers"][0]["visits"], other_day["waiting"]) == ([], [])
    street = (await shop.dispatcher.get(PATH, date=day, provider_id=shop.provider_id)).json
    assert [one["case_no"] for one in street["waiting"]] == [waits]
    assert (await shop.manager.get(PATH, date="soon")).status == 422
    assert (await shop.worker.get(PATH)).status == 403


async def test_nobody_sees_the_people_and_visits_of_another_provider(world: World) -> None:
    shop, other, resident = await world.shop(), await world.shop(), await world.resident()
    await confirmed(world, other, resident, 15)
    day = world.at(15)[:10]

    mine = (await shop.manager.get(PATH, date=day)).json
    asked = (await shop.manager.get(PATH, date=day, provider_id=other.provider_id)).json

    assert [one["worker_id"] for one in mine["workers"]] == [shop.worker.id] and mine["waiting"] == []
    assert (asked["workers"], asked["waiting"]) == ([], [])


async def test_a_visit_is_chosen_weighed_and_given_on_the_board(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    waits = await confirmed(world, shop, resident, 15)
    browser, day = Browser(world, shop.manager.token), world.at(15)[:10]

    page = await browser.get(f"/console/day?date={day}&case={waits}")
    assert page.status == 200 and "派给这位" in page.text and "分" in page.text
    form = next(one for one in page.forms if one.fields.get("worker_id") == shop.worker.id)
    stale = await browser.post(form.action, form.fields | {"version": "99"})
    assert (stale.status, waits in stale.text) == (409, True)
    sent = await browser.post(form.action, form.fields)
    seen = await browser.follow(sent)
    again = await browser.post(form.action, form.fields)

    assert "已派给" in seen.text and "这一天没有等师傅的活" in seen.text
    assert again.status == 303, "a double tap is one tap"
    case = (await resident.get(f"/v1/cases/{waits}")).json
    assert case["state"] == "assigned"
    assert (await shop.worker.get(f"/v1/cases/{waits}")).status == 200
    history = (await resident.get(f"/v1/cases/{waits}/history")).json["items"]
    assert [one["action"] for one in history].count("assign") == 1


async def test_who_is_busy_is_refused_with_the_reason_and_keeps_what_they_have(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    await shop.brought_to("assigned", resident, world.at(15))
    waits = await confirmed(world, shop, resident, 15)
    browser, day = Browser(world, shop.manager.token), world.at(15)[:10]

    page = await browser.get(f"/console/day?date={day}&case={waits}")
    assert "派不了：" in page.text
    dropped = next(one for one in page.forms if one.fields.get("worker_id") == "")
    busy = await browser.post(
        dropped.action, dropped.fields | {"case_no": waits, "worker_id": shop.worker.id}
    )
    assert (busy.status, "这位师傅那个时间已有安排" in busy.text) == (409, True)
    assert (await resident.get(f"/v1/cases/{waits}")).json["state"] == "confirmed"
    stranger = Browser(world, (await world.shop()).manager.token)
    theirs = await stranger.get("/console/day")
    form = next(one for one in theirs.forms if "worker_id" in one.fields)
    foreign = await stranger.post(form.action, form.fields | {"case_no": waits, "worker_id": shop.worker.id})
    assert foreign.status == 404
    assert (await stranger.get(f"/console/day?case={waits}")).status == 404
    assert (await Browser(world, shop.worker.token).get("/console/day")).status == 403


async def test_dropped_on_somebody_of_another_provider_it_stays_and_the_board_says_so(world: World) -> None:
    shop, other, resident = await world.shop(), await world.shop(), await world.resident()
    waits = await confirmed(world, shop, resident, 15)
    browser = Browser(world, shop.dispatcher.token)
    page = await browser.get(f"/console/day?date={world.at(15)[:10]}&provider_id={shop.provider_id}")
    dropped = next(one for one in page.forms if one.fields.get("worker_id") == "")
    wrong = await browser.post(
        dropped.action, dropped.fields | {"case_no": waits, "worker_id": other.worker.id}
    )
    assert (wrong.status, "请从下面选一位" in wrong.text, "派给这位" in wrong.text) == (404, True, True)
    assert (await resident.get(f"/v1/cases/{waits}")).json["state"] == "confirmed"


async def test_both_lists_of_the_board_go_on_by_their_cursors_and_keep_to_the_provider(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    others = [
        await world.staff(Grant(role="worker", provider_id=shop.provider_id), name=one) for one in "乙丙"
    ]
    waits = [await confirmed(world, shop, resident, hour) for hour in (9, 12, 15)]
    wanted = {"date": world.at(9)[:10], "provider_id": shop.provider_id, "limit": 2}

    first = (await shop.dispatcher.get(PATH, **wanted)).json
    rest = (
        await shop.dispatcher.get(
            PATH, **wanted, cursor=first["workers_next"], waiting_cursor=first["waiting_next"]
        )
    ).json

    shown = [one["worker_id"] for one in first["workers"] + rest["workers"]]
    assert sorted(shown) == sorted([shop.worker.id, *(one.id for one in others)])
    assert (len(first["workers"]), rest["workers_next"], rest["waiting_next"]) == (2, None, None)
    assert [one["case_no"] for one in first["waiting"] + rest["waiting"]] == waits
    assert (await shop.dispatcher.get(PATH, cursor="no cursor")).code == "bad_cursor"
    assert (await shop.dispatcher.get(PATH, limit=101)).status == 422


async def test_the_page_of_the_board_leads_on_and_a_day_that_nobody_can_mean_is_today(world: World) -> None:
    shop = await world.shop()
    crew = [Staff(id=unique("crew"), name=f"师傅{n}", grants=[_works(shop)]) for n in range(31)]
    await world.put(STAFF, *crew)
    browser = Browser(world, shop.manager.token)
    first = await browser.get("/console/day")
    following = re.search(r'href="(/console/day\?[^"]*)" data-workers-next', first.body)
    assert following
    second = await browser.get(following[1].replace("&amp;", "&"))
    found = [len(re.findall("data-worker=", one.body)) for one in (first, second)]
    assert found == [30, 2] and "回到第一页" in second.text
    for odd in ("1066-10-14", "soon"):
        assert (await browser.get(f"/console/day?date={odd}")).status == 200


def _works(shop: Shop) -> Grant:
    return Grant(role="worker", provider_id=shop.provider_id)
