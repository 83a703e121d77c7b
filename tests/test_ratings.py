"""Ratings over HTTP: once for each case, in time, in the words that the kind offers, counted for who served."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from server.cases import CASES
from server.kit.events import EVENTS
from server.ratings import RATINGS
from tests.afterwards import completed
from tests.counter import FORM, MATERIALS, Counter, ok, open_counter
from tests.doors import Happy, Visit
from tests.test_proxies import trusted
from tests.world import Person, Shop, World


def path_of(case: dict[str, Any]) -> str:
    return f"/v1/cases/{case['case_no']}/rating"


async def visit_sheet(world: World) -> Visit:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("completed", resident)
    return Visit(who=resident, path=path_of(case), stranger=await world.resident())


async def visit_rating(world: World) -> Visit:
    visit = await visit_sheet(world)
    return Visit(who=visit.who, path=visit.path, stranger=visit.stranger, body={"stars": 5})


HAPPY: Happy = {
    ("GET", "/v1/cases/{case_no}/rating"): visit_sheet,
    ("POST", "/v1/cases/{case_no}/rating"): visit_rating,
}


async def told(world: World) -> None:
    """The worker does all that is due; then every event comes a second time."""
    await world.work()
    await world.house.db.alone(
        lambda tx: tx.change_all(EVENTS, {"due_at": None}, {"$set": {"due_at": tx.now, "attempts": 0}})
    )
    await world.work()


async def test_a_rating_has_stars_dimensions_words_and_a_name_for_its_level(world: World) -> None:
    _, resident, case = await completed(world)
    body = {"stars": 5, "dimensions": {"punctual": 5, "quality": 4}, "tags": ["有礼貌"], "text": "很好"}

    reply = await resident.post(path_of(case), body)
    sheet = (await resident.get(path_of(case))).json

    assert reply.status == 201, reply.body
    assert reply.json["level"] == "非常满意"
    assert {name: reply.json[name] for name in body} == body
    assert (sheet["rating"], sheet["can_rate"]) == (reply.json, False)


async def test_the_sheet_says_what_can_be_said(world: World) -> None:
    shop, resident, case = await completed(world)

    sheet = (await resident.get(path_of(case))).json

    assert [one["text"] for one in sheet["levels"]] == [
        "非常满意",
        "满意",
        "基本满意",
        "不满意",
        "非常不满意",
    ]
    assert [one["text"] for one in sheet["dimensions"]] == ["准时", "态度", "质量"]
    assert (sheet["rating"], sheet["can_rate"]) == (None, True)
    assert (await shop.manager.get(path_of(case))).json["can_rate"] is False


async def test_a_case_is_rated_once(world: World) -> None:
    _, resident, case = await completed(world)
    assert (await resident.post(path_of(case), {"stars": 4})).status == 201

    again = await resident.post(path_of(case), {"stars": 1})

    assert (again.status, again.code) == (409, "already_rated")
    assert (await resident.get(path_of(case))).json["rating"]["stars"] == 4


async def test_a_repeat_with_the_same_key_gets_the_first_answer(world: World) -> None:
    _, resident, case = await completed(world)

    first = await resident.post(path_of(case), {"stars": 4}, key="rate-once")
    repeat = await resident.post(path_of(case), {"stars": 4}, key="rate-once")

    assert (first.status, repeat.status, repeat.body) == (201, 201, first.body)
    assert repeat.headers["Idempotent-Replayed"] == "true"


async def test_of_two_ratings_at_once_one_counts(world: World) -> None:
    shop, resident, case = await completed(world)

    replies = await asyncio.gather(
        *(resident.post(path_of(case), {"stars": stars}, key=f"race-{stars}") for stars in (1, 3, 5))
    )

    assert sorted(one.status for one in replies) == [201, 409, 409]
    assert {one.code for one in replies if one.status == 409} == {"already_rated"}
    won = next(one.json["stars"] for one in replies if one.status == 201)
    await world.until(lambda: scored(shop, won), "the score of one rating")


async def scored(shop: Shop, average: float, count: int = 1) -> bool:
    service = await shop.manager.get(f"/v1/services/{shop.service_id}")
    return service.json["provider"]["rating"] == {"average": average, "count": count}


async def test_averages_are_shown_for_the_provider_and_the_worker(world: World) -> None:
    shop, resident, case = await completed(world)
    service = f"/v1/services/{shop.service_id}"
    assert (await resident.get(service)).json["provider"]["rating"] is None
    others = [await shop.brought_to("done", resident, world.at(hour)) for hour in (12, 15)]

    for one, stars in zip([case, *others], (5, 5, 4), strict=True):
        assert (await resident.post(path_of(one), {"stars": stars})).status == 201
    await world.until(lambda: scored(shop, 4.7, 3), "three ratings in memory")

    waiting = await shop.brought_to("confirmed", resident, world.at(17))
    people = (await shop.manager.get(f"/v1/cases/{waiting['case_no']}/candidates")).json["items"]
    assert [one["rating"] for one in people if one["id"] == shop.worker.id] == [{"average": 4.7, "count": 3}]


@pytest.mark.parametrize("state", ["submitted", "in_service", "disputed", "cancelled"])
async def test_what_is_not_done_is_not_rated(world: World, state: str) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to(state, resident)

    reply = await resident.post(path_of(case), {"stars": 5})

    assert (reply.status, reply.code) == (409, "too_early_to_rate")
    assert (await resident.get(path_of(case))).json["can_rate"] is False


async def test_the_time_for_rating_ends(world: World) -> None:
    _, resident, case = await completed(world)
    world.clock.advance(timedelta(days=15, seconds=1))
    resident = await world.resident(openid=resident.openid)

    reply = await resident.post(path_of(case), {"stars": 5})

    assert (reply.status, reply.code) == (409, "too_late_to_rate")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"stars": 0}, "stars"),
        ({"stars": 6}, "stars"),
        ({}, "stars"),
        ({"stars": 5, "dimensions": {"taste": 5}}, "dimensions.taste"),
        ({"stars": 5, "tags": ["味道好"]}, "tags"),
        ({"stars": 5, "text": "好" * 501}, "text"),
    ],
)
async def test_a_bad_rating_is_refused_and_says_where(world: World, body: dict[str, Any], field: str) -> None:
    _, resident, case = await completed(world)

    reply = await resident.post(path_of(case), body)

    assert (reply.status, reply.json["error"]["field"]) == (422, field), reply.body
    assert (await resident.get(path_of(case))).json["rating"] is None


async def test_staff_cannot_rate(world: World) -> None:
    shop, _, case = await completed(world)
    for one in (shop.manager, shop.worker, shop.dispatcher):
        assert (await one.post(path_of(case), {"stars": 5})).status == 403


async def test_a_son_rates_for_his_mother_while_he_has_her_proxy(world: World) -> None:
    shop, mother, case = await completed(world)
    son = await world.resident(name="李强")
    assert (await son.post(path_of(case), {"stars": 1})).status == 404
    proxy_id = await trusted(mother, son)
    assert (await son.get(path_of(case))).json["can_rate"] is True

    reply = await son.post(path_of(case), {"stars": 1})

    assert reply.status == 201, reply.body
    followup = await mother.get(f"/v1/cases/HF{case['case_no'][2:]}")
    assert followup.json["resident"]["id"] == mother.id
    other = await shop.brought_to("done", mother, world.at(15))
    await mother.delete(f"/v1/proxies/{proxy_id}")
    assert (await son.post(path_of(other), {"stars": 1})).status in (403, 404)


async def test_the_resident_is_asked_once_when_it_is_completed(world: World) -> None:
    _, resident, case = await completed(world)
    await told(world)

    inbox = (await resident.get("/v1/inbox")).json["items"]

    asked = [one for one in inbox if one["title"] == "服务评价提醒"]
    assert [one["case_no"] for one in asked] == [case["case_no"]]


async def test_who_has_rated_already_is_not_asked(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("done", resident)
    await resident.post(path_of(case), {"stars": 5})
    await resident.act(case["case_no"], "accept")
    await world.work()

    inbox = (await resident.get("/v1/inbox")).json["items"]

    assert "服务评价提醒" not in [one["title"] for one in inbox]


async def test_a_low_rating_and_its_follow_up_are_stored_together(world: World) -> None:
    _, resident, case = await completed(world)
    await resident.post(path_of(case), {"stars": 2, "text": "没做干净"})
    await told(world)

    async def stored(reader: Any) -> tuple[Any, list[Any]]:
        mine = {"kind": "followup", "resident_id": resident.id}
        return await reader.get(RATINGS, case["case_no"]), await reader.all(CASES, mine, limit=10)

    rating, followups = await world.house.db.reading(stored)
    assert rating.stars == 2
    assert [one.details["about"] for one in followups] == [case["case_no"]]


# Approvals: the national levels, in other respects when somebody of the staff took it in


@pytest.mark.parametrize(
    ("taken_in_by", "respects"),
    [
        ("resident", ["一次办好", "流程简便", "办得快", "指南清楚"]),
        ("clerk", ["服务态度", "一次告知", "等候时间", "业务熟练"]),
        ("operator", ["服务态度", "一次告知", "等候时间", "业务熟练"]),
    ],
)
async def test_an_approval_is_rated_in_the_respects_of_how_it_came_in(
    world: World, taken_in_by: str, respects: list[str]
) -> None:
    counter, resident = await open_counter(world), await world.resident()
    case_no = await _granted_through(counter, resident, taken_in_by)

    sheet = (await resident.get(f"/v1/cases/{case_no}/rating")).json
    name = sheet["dimensions"][0]["name"]
    other = "attitude" if name == "once" else "once"
    refused = await resident.post(f"/v1/cases/{case_no}/rating", {"stars": 5, "dimensions": {other: 5}})
    said = {"stars": 5, "dimensions": {name: 5}, "tags": sheet["tags"][:1]}
    given = await resident.post(f"/v1/cases/{case_no}/rating", said)

    assert [one["text"] for one in sheet["dimensions"]] == respects
    assert (refused.status, refused.code) == (422, "unknown_dimension")
    assert (given.status, given.json["level"]) == (201, "非常满意")


async def _granted_through(counter: Counter, resident: Person, who: str) -> str:
    if who == "resident":
        return await counter.granted(resident)
    person = {"clerk": counter.clerk, "operator": counter.operator}[who]
    new = {"item_id": counter.code, "form": FORM, "resident_id": resident.id}
    case_no: str = (await ok(person.post("/v1/approvals", new)))["case_no"]
    given = [{"key": one, "paper": True} for one in MATERIALS]
    await ok(person.act(case_no, "edit", materials=given, delivery="electronic"))
    await ok(person.act(case_no, "submit", truthful=True))
    await ok(counter.clerk.act(case_no, "take_up"))
    await counter.judged(case_no)
    await ok(counter.clerk.act(case_no, "accept"))
    await ok(counter.reviewer.act(case_no, "pass"))
    await ok(counter.decider.act(case_no, "grant"))
    return case_no


async def test_an_approval_is_rated_once_it_is_decided_also_against_them_and_not_before(world: World) -> None:
    counter, resident = await open_counter(world), await world.resident()
    early, denied = await counter.decision(resident), await counter.denied(resident)

    refused = await resident.post(f"/v1/cases/{early}/rating", {"stars": 5})
    given = await resident.post(f"/v1/cases/{denied}/rating", {"stars": 3})
    again = await resident.post(f"/v1/cases/{denied}/rating", {"stars": 1})

    assert (refused.status, refused.code) == (409, "too_early_to_rate")
    assert (given.status, given.json["level"]) == (201, "基本满意")
    assert (again.status, again.code) == (409, "already_rated")


async def test_the_applicant_is_asked_to_rate_as_soon_as_it_is_decided(world: World) -> None:
    counter, resident = await open_counter(world), await world.resident()
    case_no = await counter.denied(resident)
    await world.work()
    inbox = (await resident.get("/v1/inbox")).json["items"]
    assert [one["case_no"] for one in inbox if one["title"] == "服务评价提醒"] == [case_no]
