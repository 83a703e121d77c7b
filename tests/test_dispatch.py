"""Work finds its worker: offered, taken by one, declined, offered again, given by hand; and every choice explained."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any

from schemas.staff import Grant
from server import staff_push
from server.catalogue import CATEGORIES, Category
from server.dispatch import DISPATCHES, gini
from server.kit.clock import SHANGHAI
from server.rosters import ROSTERS, Roster
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.world import Person, Shop, World, unique

NOON_TO_SIX = [[(12 * 60, 18 * 60)]] * 7


async def hire(world: World, shop: Shop, *names: str, skills: tuple[str, ...] | None = None) -> list[Person]:
    grant = Grant(role="worker", provider_id=shop.provider_id)
    skilled = (shop.category,) if skills is None else skills
    return [await world.staff(grant, skills=skilled, name=name) for name in names]


async def wanted(world: World, shop: Shop, resident: Person, start: str | None = None) -> str:
    """A confirmed booking for which somebody is looked for; its number."""
    case_no = (await shop.booked(resident, start))["case_no"]
    await shop.manager.act(case_no, "confirm")
    await world.work()
    return str(case_no)


async def offers_of(person: Person, **query: str) -> list[dict[str, Any]]:
    reply = await person.get("/v1/offers", **query)
    assert reply.status == 200, reply.body
    items: list[dict[str, Any]] = reply.json["items"]
    return items


async def offer_at(person: Person, start: str) -> dict[str, Any]:
    """What is offered to them for this time."""
    found = [one for one in await offers_of(person) if at(one) == start]
    assert len(found) == 1, found
    return found[0]


def at(offer: dict[str, Any]) -> str:
    return datetime.fromisoformat(offer["start"]).astimezone(SHANGHAI).isoformat()


async def take(person: Person, offer: dict[str, Any]) -> Any:
    return await person.post(f"/v1/offers/{offer['id']}/take", key=unique("key"))


async def explained(shop: Shop, case_no: str) -> Any:
    reply = await shop.dispatcher.get(f"/v1/cases/{case_no}/dispatch")
    assert reply.status == 200, reply.body
    return reply.json


async def notices(world: World, person: Person) -> list[str]:
    found = await staff_push.listed(world.house.db.reader(), person.id, None, 50)
    return [f"{one.title} {one.text}" for one in found.items]


async def visit_offers(world: World) -> Visit:
    return Visit(who=(await world.shop()).worker, path="/v1/offers")


async def visit_offer(world: World, path: str = "", body: Any = None) -> Visit:
    shop = await world.shop(dispatch="grab")
    await wanted(world, shop, await world.resident())
    other = (await world.shop()).worker
    offer = (await offers_of(shop.worker))[0]
    return Visit(who=shop.worker, path=f"/v1/offers/{offer['id']}{path}", body=body, stranger=other)


async def visit_take(world: World) -> Visit:
    return await visit_offer(world, "/take", {})


async def visit_decline(world: World) -> Visit:
    return await visit_offer(world, "/decline", {"reason": "far"})


async def visit_board(world: World) -> Visit:
    return Visit(who=(await world.shop()).manager, path="/v1/dispatch")


async def visit_explanation(world: World) -> Visit:
    shop, other = await world.shop(dispatch="grab"), await world.shop()
    case_no = await wanted(world, shop, await world.resident())
    return Visit(who=shop.manager, path=f"/v1/cases/{case_no}/dispatch", stranger=other.manager)


async def visit_fairness(world: World) -> Visit:
    shop = await world.shop()
    return Visit(who=shop.manager, path="/v1/dispatch/fairness", query={"provider_id": shop.provider_id})


HAPPY: Happy = {
    ("GET", "/v1/offers"): visit_offers,
    ("GET", "/v1/offers/{offer_id}"): visit_offer,
    ("POST", "/v1/offers/{offer_id}/take"): visit_take,
    ("POST", "/v1/offers/{offer_id}/decline"): visit_decline,
    ("GET", "/v1/dispatch"): visit_board,
    ("GET", "/v1/cases/{case_no}/dispatch"): visit_explanation,
    ("POST", "/v1/cases/{case_no}/dispatch"): visit_explanation,
    ("GET", "/v1/dispatch/fairness"): visit_fairness,
}


# Grab 抢单


async def test_a_grab_widens_until_twenty_reach_for_it_at_once_and_one_has_it(world: World) -> None:
    shop, resident = await world.shop(dispatch="grab"), await world.resident()
    people = [shop.worker, *await hire(world, shop, *(f"师傅{number:02d}" for number in range(19)))]
    case_no = await wanted(world, shop, resident)

    asked = []
    for _ in range(3):
        open_now = [one for one in people if await offers_of(one)]
        asked.append(len(open_now))
        if len(open_now) < 20:
            world.clock.advance(timedelta(minutes=5))
            assert not [one for one in people if await offers_of(one)], (
                "their time is over before the timer strikes"
            )
            await world.work()
    assert asked == [3, 8, 20]
    board = (await shop.manager.get("/v1/dispatch")).json["items"]
    assert [(one["case_no"], one["round"], one["open"]) for one in board] == [(case_no, 3, 20)]

    offers = [(await offers_of(one))[0] for one in people]
    shown = offers[0]
    assert (shown["title"], shown["compound"], shown["price_text"]) == (
        "日常保洁",
        "绿苑小区",
        "35.00 元/小时",
    )
    assert (shown["left_s"], shown["case_no"]) == (300, None)
    for secret in ("3-2-501", "13947700001", "王桂英", case_no):
        assert secret not in str(offers), "what leads to the resident is not shown before"
    assert (await people[3].get(f"/v1/cases/{case_no}")).status == 404
    assert (await people[3].act(case_no, "take")).status == 404

    replies = await asyncio.gather(*(take(one, offer) for one, offer in zip(people, offers, strict=True)))

    won = [number for number, one in enumerate(replies) if one.status == 200]
    assert len(won) == 1
    first, view = people[won[0]], replies[won[0]].json
    name = view["worker"]["name"]
    for reply in replies[: won[0]] + replies[won[0] + 1 :]:
        assert (reply.status, reply.code) == (409, "offer_taken"), reply.body
        assert reply.json["error"]["message"] == f"{name}先接了这一单"
    assert view["state"] == "assigned"
    assert "3-2-501" in view["details"]["address"] and view["details"]["contact_phone"] == "13947700001"
    step = (await resident.get(f"/v1/cases/{case_no}/history")).json["items"][-1]
    assert (step["action"], step["by"], step["role"]) == ("take", name, "服务人员")
    await world.work()
    assert sum([len(await offers_of(one)) for one in people]) == 0
    assert [one["case_no"] for one in await offers_of(first, state="taken")] == [case_no]
    assert (
        len([one for one in (await explained(shop, case_no))["offers"] if one["state"] == "withdrawn"]) == 19
    )
    told = [one["text"] for one in (await resident.get("/v1/inbox")).json["items"]]
    assert any(f"{name}会在" in one for one in told)
    assert any("有活可抢：日常保洁" in one for one in await notices(world, first))


async def test_who_has_taken_one_cannot_take_another_at_the_same_time(world: World) -> None:
    shop, resident = await world.shop(dispatch="grab"), await world.resident()
    for hour in (10, 11, 14):
        await wanted(world, shop, resident, world.at(hour))
    at_ten, at_eleven, at_two = [await offer_at(shop.worker, world.at(hour)) for hour in (10, 11, 14)]

    assert (await take(shop.worker, at_ten)).status == 200
    clash = await take(shop.worker, at_eleven)
    assert (clash.status, clash.code) == (409, "worker_busy"), clash.body
    again = await take(shop.worker, at_ten)
    assert (again.status, again.code) == (409, "offer_taken")
    assert (await take(shop.worker, at_two)).status == 200


# Rotate 轮派


async def test_twelve_jobs_go_round_four_equal_workers_three_each(world: World) -> None:
    shop, resident = await world.shop(capacity=9, dispatch="rotate"), await world.resident()
    people = [shop.worker, *await hire(world, shop, "甲", "乙", "丙")]
    cases = [
        await shop.booked(resident, world.at(8 + hour, days=day))
        for day in (1, 2)
        for hour in range(0, 12, 2)
    ]
    for case in cases:
        await shop.manager.act(case["case_no"], "confirm")

    await world.work()

    waiting = [await offers_of(one) for one in people]
    assert [len(one) for one in waiting] == [3, 3, 3, 3]
    for person, offers in zip(people, waiting, strict=True):
        for offer in offers:
            reply = await take(person, offer)
            assert reply.status == 200, reply.body
    await world.work()
    report = (
        await shop.manager.get(
            "/v1/dispatch/fairness",
            provider_id=shop.provider_id,
            **{"from": world.at(8)[:10], "to": world.at(8, days=2)[:10]},
        )
    ).json
    assert [(one["jobs"], one["hours"]) for one in report["items"]] == [(3, 6.0)] * 4
    assert (report["jobs"], report["hours"], report["gini"]) == (12, 24.0, 0.0)


async def test_declined_or_let_pass_it_goes_to_the_next_and_at_last_to_a_person(world: World) -> None:
    shop, resident = await world.shop(dispatch="rotate"), await world.resident()
    people = {one.id: one for one in (shop.worker, *await hire(world, shop, "甲", "乙"))}
    case_no = await wanted(world, shop, resident)
    order = [one["worker_id"] for one in (await explained(shop, case_no))["choices"][0]["items"]]
    one, two, three = (people[worker_id] for worker_id in order)
    assert [len(await offers_of(person)) for person in (one, two, three)] == [1, 0, 0]

    offer = (await offers_of(one))[0]
    bad = await one.post(f"/v1/offers/{offer['id']}/decline", {"reason": "no idea"})
    assert (bad.status, bad.json["error"]["field"]) == (422, "reason")
    said = await one.post(f"/v1/offers/{offer['id']}/decline", {"reason": "far", "note": "在城东"})
    assert (said.json["state"], said.json["sentence"]) == ("declined", "您没有接：太远")
    assert (await take(one, offer)).code == "offer_declined"
    await world.work()
    assert [len(await offers_of(person)) for person in (one, two, three)] == [0, 1, 0], (
        "nobody waits for the timer"
    )

    offer = (await offers_of(two))[0]
    world.clock.advance(timedelta(minutes=5))
    assert await offers_of(two) == []
    assert (await take(two, offer)).code == "offer_expired"
    # A worker process takes the row when the timer strikes, and is killed before it does anything.
    lease = {"$set": {"due_at": world.clock.now() + timedelta(seconds=30)}, "$inc": {"fence": 1}}
    await world.house.db.alone(lambda tx: tx.change(DISPATCHES, {"_id": case_no}, lease))
    await world.work()
    assert await offers_of(three) == []
    world.clock.advance(timedelta(seconds=31))
    await world.work()
    offer = (await offers_of(three))[0]
    world.clock.advance(timedelta(minutes=5))
    await world.work()

    seen = (await resident.get(f"/v1/cases/{case_no}")).json
    assert (seen["state"], seen["details"]["nobody"]) == ("confirmed", True)
    assert "还没有师傅接单" in seen["sentence"]
    board = (await shop.dispatcher.get("/v1/dispatch", state="nobody")).json["items"]
    mine = next(row for row in board if row["case_no"] == case_no)
    assert (mine["state_text"], mine["tone"], mine["asked"], mine["refused"]) == ("没人接单", "late", 3, 1)
    for person in (shop.dispatcher, shop.manager):
        told = await notices(world, person)
        assert (
            len([text for text in told if "没人接单：日常保洁" in text and "问过 3 位师傅，请指派" in text])
            == 1
        )
    asked = (await explained(shop, case_no))["offers"]
    assert [(row["round"], row["worker_id"], row["state"], row["reason"], row["note"]) for row in asked] == [
        (1, one.id, "declined", "太远", "在城东"),
        (2, two.id, "expired", "", ""),
        (3, three.id, "expired", "", ""),
    ]

    await shop.manager.post(f"/v1/cases/{case_no}/dispatch")
    await world.work()
    assert [len(await offers_of(person)) for person in (one, two, three)] == [0, 1, 0], (
        "who said no is left in peace"
    )
    given = await shop.manager.act(case_no, "assign", worker_id=three.id)
    assert given.json["details"]["nobody"] is False
    assert await offers_of(two) == []
    assert (await take(two, (await offers_of(two, state="withdrawn"))[0])).json["error"][
        "message"
    ] == "乙先接了这一单"
    assert (await shop.manager.post(f"/v1/cases/{case_no}/dispatch")).code == "nothing_to_dispatch"


async def test_given_back_it_is_offered_to_others(world: World) -> None:
    shop, resident = await world.shop(dispatch="grab"), await world.resident()
    (other,) = await hire(world, shop, "甲")
    case_no = await wanted(world, shop, resident)
    assert (await take(shop.worker, (await offers_of(shop.worker))[0])).status == 200
    await world.work()

    back = await shop.worker.act(case_no, "decline", reason="车坏了")
    assert (back.status, (await resident.get(f"/v1/cases/{case_no}")).json["state"]) == (200, "confirmed")
    await world.work()

    assert (len(await offers_of(shop.worker)), len(await offers_of(other))) == (0, 1)
    last = (await explained(shop, case_no))["choices"][-1]
    assert {row["worker_id"]: row["reasons"] for row in last["items"]} == {
        other.id: [],
        shop.worker.id: ["已经说过不接这一单"],
    }
    assert (await take(other, (await offers_of(other))[0])).json["state"] == "assigned"


# Who can be asked, and why the others cannot


async def test_everybody_who_is_left_out_is_kept_with_the_reason(world: World) -> None:
    category = unique("care")
    shop = await world.shop(dispatch="grab", category=category)
    await world.put(
        CATEGORIES, Category(id=category, name="养老", icon="heart-handshake", requires=["health"])
    )
    (unskilled,) = await hire(world, shop, "不会的", skills=())
    off_shift, busy, fit, far = await hire(world, shop, "下班的", "忙的", "合适的", "远的")
    for one in (off_shift, busy, fit, far):
        await certified(world, shop, one)
    await world.put(
        ROSTERS,
        Roster(id=off_shift.id, weekly=NOON_TO_SIX),
        Roster(id=fit.id, home_id=world.compound),
        Roster(id=far.id, home_id=world.community),
    )
    resident = await world.resident()
    taken = (await shop.booked(resident))["case_no"]
    await shop.manager.act(taken, "confirm")
    assert (await shop.manager.act(taken, "assign", worker_id=busy.id)).status == 200

    case_no = await wanted(world, shop, resident, world.at(11))

    (choice,) = (await explained(shop, case_no))["choices"]
    rows = {row["worker_id"]: row for row in choice["items"]}
    assert {one: row["reasons"] for one, row in rows.items()} == {
        fit.id: [],
        far.id: [],
        unskilled.id: ["不会做“养老”", "没有健康证"],
        off_shift.id: ["那时不在班"],
        busy.id: ["那时有活"],
        shop.worker.id: ["没有健康证"],
    }
    assert [row["worker_id"] for row in choice["items"]][:2] == [fit.id, far.id]
    assert [row["chosen"] for row in choice["items"]] == [True, True, False, False, False, False]
    # 30 of 100 for the same compound, 0.6 of it for the community; 30 waiting, 20 a free day, 4 of 5 stars of 20.
    assert (rows[fit.id]["score"], rows[far.id]["score"]) == (96.0, 84.0)
    assert [(part["name"], part["points"], part["fact"]) for part in rows[far.id]["parts"]] == [
        ("distance", 18.0, "同一社区"),
        ("waiting", 30.0, "还没有派过活"),
        ("load", 20.0, "当天还没有活"),
        ("rating", 16.0, "还没有人评分"),
    ]
    # Two hours of a day of eight are taken, and the last work was given just now.
    assert rows[busy.id]["score"] == 0 + 0 + 15 + 16

    people = (await shop.manager.get(f"/v1/cases/{case_no}/candidates")).json["items"]
    assert [one["id"] for one in people][:2] == [fit.id, far.id]
    assert {one["id"] for one in people} == {fit.id, far.id, off_shift.id, busy.id, shop.worker.id}
    no_papers = await shop.dispatcher.act(case_no, "assign", worker_id=shop.worker.id, off_shift=True)
    assert (no_papers.status, no_papers.code) == (409, "papers_missing")
    for who, override in ((shop.manager, False), (shop.manager, True), (shop.dispatcher, False)):
        refused = await who.act(case_no, "assign", worker_id=off_shift.id, off_shift=override)
        assert (refused.status, refused.code) == (409, "off_shift"), refused.body
    given = await shop.dispatcher.act(case_no, "assign", worker_id=off_shift.id, off_shift=True)
    assert (given.status, given.json["worker"]["id"]) == (200, off_shift.id)
    by_hand = (await explained(shop, case_no))["choices"][-1]
    assert (by_hand["how"], by_hand["by"], by_hand["note"]) == ("assign", "王芳", "不在班，调度员仍然派了")
    assert [row["worker_id"] for row in by_hand["items"] if row["chosen"]] == [off_shift.id]
    assert len(by_hand["items"]) == 6


async def certified(world: World, shop: Shop, worker: Person) -> None:
    """The worker has a health certificate that somebody else has approved."""
    paper = {
        "owner_id": worker.id,
        "kind": "health",
        "number": "JK20260001",
        "issuer": "疾控中心",
        "valid_until": world.at(8, days=300)[:10],
    }
    made = await shop.manager.post("/v1/certificates", paper)
    assert made.status == 201, made.body
    approved = await shop.dispatcher.post(
        f"/v1/certificates/{made.json['id']}/approve", {"version": made.json["version"]}
    )
    assert approved.status == 200, approved.body


async def test_what_changes_under_an_offer_withdraws_it(world: World) -> None:
    shop, resident = await world.shop(capacity=9, dispatch="grab"), await world.resident()
    cancelled, moved, given = [await wanted(world, shop, resident, world.at(hour)) for hour in (10, 13, 16)]
    for_cancelled, for_moved, for_given = [
        await offer_at(shop.worker, world.at(hour)) for hour in (10, 13, 16)
    ]

    await resident.act(cancelled, "cancel")
    assert (await take(shop.worker, for_cancelled)).code == "offer_withdrawn", (
        "before anybody has heard of it"
    )
    await resident.act(moved, "reschedule", start=world.at(9, days=2))
    assert (await take(shop.worker, for_moved)).code == "offer_withdrawn"
    (other,) = await hire(world, shop, "甲")
    await shop.manager.act(given, "assign", worker_id=other.id)
    late = await take(shop.worker, for_given)
    assert (late.code, late.json["error"]["message"]) == ("offer_taken", "甲先接了这一单")
    await world.work()

    assert [at(one) for one in await offers_of(shop.worker)] == [world.at(9, days=2)]
    states = {one["id"]: one["state"] for one in await offers_of(shop.worker, state="withdrawn")}
    assert states == {one["id"]: "withdrawn" for one in (for_cancelled, for_moved, for_given)}
    assert [one["case_no"] for one in (await shop.manager.get("/v1/dispatch")).json["items"]] == [moved]
    assert (await explained(shop, cancelled))["dispatch"]["state"] == "stopped"
    other_shop = await world.shop()
    assert (await other_shop.manager.get("/v1/dispatch")).json["items"] == []


# Fairness


def test_the_gini_of_some_hours_is_as_worked_out_by_hand() -> None:
    # |xᵢ − xⱼ| over all ordered pairs of 0, 2, 4 is 2 · (2 + 4 + 2) = 16; 2 n² x̄ = 2 · 9 · 2 = 36.
    assert gini([0, 2, 4]) == round(16 / 36, 4)
    assert gini([3, 3, 3]) == gini([]) == gini([0, 0]) == 0
    assert gini([0, 0, 0, 8]) == 0.75


async def test_the_report_counts_what_was_offered_and_what_was_given(world: World) -> None:
    shop, resident = await world.shop(capacity=9, dispatch="grab"), await world.resident()
    one, idle = shop.worker, (await hire(world, shop, "闲的"))[0]
    cases = [await wanted(world, shop, resident, world.at(hour)) for hour in (8, 11, 14, 17)]
    mine = {at(offer): offer for offer in await offers_of(one)}
    theirs = {at(offer): offer for offer in await offers_of(idle)}
    await take(one, mine[world.at(8)])  # 2 hours; the other's offer is withdrawn
    await take(one, mine[world.at(11)])
    await idle.post(f"/v1/offers/{theirs[world.at(14)]['id']}/decline", {"reason": "busy"})
    await take(one, mine[world.at(14)])
    await take(idle, theirs[world.at(17)])
    await world.work()
    await resident.act(cases[0], "cancel")  # what was called off is not counted as given
    await world.work()

    asked = {"provider_id": shop.provider_id, "from": world.at(8, days=0)[:10], "to": world.at(8)[:10]}
    report = (await shop.manager.get("/v1/dispatch/fairness", **asked)).json

    keys = ("worker_id", "offered", "taken", "declined", "expired", "withdrawn", "jobs", "hours")
    assert [tuple(row[key] for key in keys) for row in report["items"]] == [
        (one.id, 4, 3, 0, 0, 1, 2, 4.0),
        (idle.id, 4, 1, 1, 0, 2, 1, 2.0),
    ]
    # Of 4 and 2 hours: 2 · 2 / (2 · 4 · 3).
    assert (report["jobs"], report["hours"], report["gini"]) == (3, 6.0, round(1 / 6, 4))
    # Nobody knows where they set out from: 0 + 30 + 20 + 16 of 100 while they had no work.
    assert [row["average_score"] for row in report["items"]] == [66.0, 66.0]
    day_before = {**asked, "to": world.at(8, days=0)[:10]}
    assert (await shop.manager.get("/v1/dispatch/fairness", **day_before)).json["jobs"] == 0
    other = await world.shop()
    assert (await other.manager.get("/v1/dispatch/fairness", **asked)).code == "no_such_provider"
    wrong = {**asked, "from": date.fromisoformat(asked["to"]).replace(year=2090).isoformat()}
    assert (await shop.manager.get("/v1/dispatch/fairness", **wrong)).code == "bad_period"


async def test_workers_and_dispatchers_do_it_all_on_pages(world: World) -> None:
    shop, resident = await world.shop(capacity=9, dispatch="grab"), await world.resident()
    first, second = [await wanted(world, shop, resident, world.at(hour)) for hour in (10, 14)]
    keep, drop = [await offer_at(shop.worker, world.at(hour)) for hour in (10, 14)]
    worker, manager = Browser(world, shop.worker.token), Browser(world, shop.manager.token)

    page = await worker.get("/console/offers")
    assert "日常保洁" in page.text and "绿苑小区" in page.text and "3-2-501" not in page.body
    assert (await worker.press(page, f"{drop['id']}/decline")).status == 422
    gone = await worker.follow(await worker.press(page, f"{drop['id']}/decline", reason="price", note="太低"))
    assert "已告诉调度" in gone.text
    mine = await worker.follow(await worker.press(page, f"{keep['id']}/take"))
    assert "接到了，请按时上门" in mine.text and "3-2-501" in mine.text
    assert (await worker.get("/console/dispatch")).status == 403
    await world.work()

    board = await manager.get("/console/dispatch")
    assert "没人接单" in board.text and second in board.text and first not in board.text
    why = await manager.get(f"/console/dispatch/{second}")
    assert "价格不合适：太低" in why.text and "还没有派过活" in why.text
    again = await manager.follow(await manager.press(why, second))
    assert "已重新开始问师傅" in again.text
    shares = await manager.get("/console/fairness")
    assert "基尼系数" in shares.text and "李师傅" in shares.text
    assert "日期请写成" in (await manager.get("/console/fairness?from=x")).text
