"""Shifts: who is on when, who may change it, and what was given that now lies outside."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from schemas.staff import Grant
from server.rosters import Roster, covers
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.world import World

DAYTIME = [[[480, 720], [720, 1080]]] * 5 + [[], []]


async def visit_rosters(world: World) -> Visit:
    return Visit(who=(await world.shop()).manager, path="/v1/rosters")


async def visit_roster(world: World, body: Any = None) -> Visit:
    shop, other = await world.shop(), await world.shop()
    path = f"/v1/rosters/{shop.worker.id}"
    return Visit(who=shop.manager, path=path, body=body, stranger=other.manager)


async def visit_change(world: World) -> Visit:
    return await visit_roster(world, {"weekly": DAYTIME, "version": 0})


HAPPY: Happy = {
    ("GET", "/v1/rosters"): visit_rosters,
    ("GET", "/v1/rosters/{worker_id}"): visit_roster,
    ("PUT", "/v1/rosters/{worker_id}"): visit_change,
}


def test_a_visit_lies_wholly_in_the_shifts_or_it_does_not() -> None:
    monday = datetime(2026, 11, 23, tzinfo=UTC) - timedelta(hours=8)  # midnight in Shanghai
    day_shift: list[Any] = [(480, 720), (720, 1080)]
    night = [[(0, 120), (1320, 1440)]] * 7
    roster = Roster(
        id="w", weekly=[day_shift] * 5 + [[], []], days={"2026-11-24": [], "2026-11-28": [(540, 600)]}
    )
    hour = timedelta(hours=1)
    for day, start, hours, inside in (
        (0, 8, 10, True),
        (0, 11, 2, True),
        (0, 7, 2, False),
        (0, 17, 2, False),
        (1, 9, 1, False),
        (5, 9, 1, True),
        (5, 9, 2, False),
        (6, 9, 1, False),
    ):
        at = monday + timedelta(days=day) + start * hour
        assert covers(roster, at, at + hours * hour) is inside, (day, start, hours)
    assert covers(Roster(id="w", weekly=night), monday + 23 * hour, monday + 26 * hour)
    assert not covers(Roster(id="w", weekly=night), monday + 23 * hour, monday + 27 * hour)
    assert covers(Roster(id="w"), monday, monday + 48 * hour)


async def test_a_manager_changes_it_and_hears_what_lies_outside_now(world: World) -> None:
    shop = await world.shop()
    case_no = (await shop.brought_to("assigned", await world.resident()))["case_no"]
    path = f"/v1/rosters/{shop.worker.id}"
    first = (await shop.worker.get(path)).json
    assert (first["version"], first["text"], first["outside"]) == (0, "没有排班，随时在班", [])
    day = world.at(10)[:10]
    wanted = {
        "weekly": [[[480, 1080]]] * 7,
        "days": [{"date": day, "shifts": [], "note": "请假"}],
        "home_id": world.compound,
        "version": 0,
    }

    changed = await world.call("PUT", path, wanted, token=shop.manager.token)

    assert changed.status == 200, changed.body
    assert [one["case_no"] for one in changed.json["outside"]] == [case_no]
    assert changed.json["text"] == "周一至周日 08:00-18:00"
    assert (changed.json["home"], changed.json["days"][0]["text"]) == ("绿苑小区", "休息")
    stale = await world.call("PUT", path, wanted, token=shop.manager.token)
    assert (stale.status, stale.code) == (409, "roster_changed")
    bad = [
        ({"weekly": [[[600, 540]]] * 7}, "bad_shift"),
        ({"weekly": [[[540, 700], [600, 800]]] * 7}, "bad_shift"),
        ({"days": wanted["days"] * 2}, "day_twice"),
        ({"home_id": "nowhere"}, "home_unknown"),
        ({"weekly": [[]]}, "invalid"),
    ]
    for fields, code in bad:
        refused = await world.call("PUT", path, {**wanted, "version": 1, **fields}, token=shop.manager.token)
        assert (refused.status, refused.code) == (422, code), refused.body

    listed = (await shop.dispatcher.get("/v1/rosters", provider_id=shop.provider_id)).json["items"]
    assert [(one["worker_id"], len(one["outside"])) for one in listed] == [(shop.worker.id, 1)]
    other = await world.shop()
    assert (await world.call("PUT", path, wanted, token=other.manager.token)).status == 404
    assert (await other.worker.get(path)).status == 404
    assert (await (await world.staff(Grant(role="clerk"))).get("/v1/rosters")).status == 403

    page = await Browser(world, shop.manager.token).get(f"/console/rosters/{shop.worker.id}")
    browser = Browser(world, shop.manager.token)
    wrong = await browser.press(page, shop.worker.id, day1="八点")
    assert (wrong.status, "班次请写成" in wrong.text) == (422, True)
    saved = await browser.press(page, shop.worker.id, day1="08:00-12:00 14:00-18:00", days=f"{day} 休息")
    seen = await browser.follow(saved)
    assert "班表已保存；有 1 件已派的活在班外" in seen.text and case_no in seen.text
    assert (await shop.worker.get(path)).json["weekly"][0] == [[480, 720], [840, 1080]]
    assert date.fromisoformat(day)
