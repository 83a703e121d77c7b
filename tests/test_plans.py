"""Recurring plans: each visit booked once and in time, skipped, paused, and told when it cannot be."""

import asyncio
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.staff import Grant
from server import plans
from server.cases import CASES
from server.catalogue import CATEGORIES, SERVICES, Category, Service
from server.certificates import CERTIFICATES
from server.certificates.stored import Certificate, Paper
from server.kit.clock import SHANGHAI, today
from server.kit.events import EVENTS
from server.staff import STAFF
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.houses import next_door
from tests.world import Person, Shop, World, unique

DAILY = [1, 2, 3, 4, 5, 6, 7]


def weekday(world: World, days: int = 1) -> int:
    return (today(world.clock.now()) + timedelta(days=days)).isoweekday()


async def plan_for(who: Person, shop: Shop, **more: Any) -> dict[str, Any]:
    usual = {"service_id": shop.service_id, "weekdays": [weekday(shop.world)], "time": "10:00", "weeks": 4}
    if "until" in more:
        del usual["weeks"]
    reply = await who.post("/v1/plans", {**usual, **more})
    assert reply.status == 201, reply.body
    plan: dict[str, Any] = reply.json
    return plan


async def seen(who: Person, plan: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await who.get(f"/v1/plans/{plan['id']}")).json
    return found


async def visits(who: Person, plan: dict[str, Any]) -> list[tuple[str, str]]:
    """The visits to come: date and what became of them."""
    return [(one["date"], one["state"]) for one in (await seen(who, plan))["visits"]]


async def cases_of(world: World, who: Person) -> int:
    where = {"resident_id": who.id, "open": True}
    return await world.house.db.reading(lambda reader: reader.count(CASES, where))


async def changed(world: World, shop: Shop, **fields: Any) -> None:
    service: Service | None = world.house.db.reader().recall(SERVICES, shop.service_id)
    assert service is not None
    await world.put(SERVICES, replace(service, **fields))


async def to_the_morning_after(world: World, days: int = 1) -> None:
    day = today(world.clock.now()) + timedelta(days=days)
    world.clock.set(datetime.combine(day, time(9), SHANGHAI))
    await world.work()


async def visit_open(world: World) -> Visit:
    shop = await world.shop()
    body = {"service_id": shop.service_id, "weekdays": [1, 4], "time": "10:00", "weeks": 4}
    return Visit(who=await world.resident(), path="/v1/plans", body=body)


async def visit_list(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/plans")


async def opened(world: World) -> tuple[Person, Person, str]:
    shop, resident, stranger = await world.shop(), await world.resident(), await world.resident()
    plan = await plan_for(resident, shop)
    return resident, stranger, f"/v1/plans/{plan['id']}"


async def visit_plan(world: World) -> Visit:
    who, stranger, path = await opened(world)
    return Visit(who=who, path=path, stranger=stranger)


async def visit_skip(world: World) -> Visit:
    who, stranger, path = await opened(world)
    return Visit(who=who, path=f"{path}/skips", body={"date": world.at(0)[:10]}, stranger=stranger)


async def visit_pause(world: World) -> Visit:
    who, stranger, path = await opened(world)
    return Visit(who=who, path=f"{path}/pause", body={}, stranger=stranger)


async def visit_resume(world: World) -> Visit:
    who, stranger, path = await opened(world)
    await who.post(f"{path}/pause")
    return Visit(who=who, path=f"{path}/resume", stranger=stranger)


async def visit_end(world: World) -> Visit:
    who, stranger, path = await opened(world)
    return Visit(who=who, path=f"{path}/end", body={}, stranger=stranger)


HAPPY: Happy = {
    ("GET", "/v1/plans"): visit_list,
    ("POST", "/v1/plans"): visit_open,
    ("GET", "/v1/plans/{plan_id}"): visit_plan,
    ("POST", "/v1/plans/{plan_id}/skips"): visit_skip,
    ("POST", "/v1/plans/{plan_id}/pause"): visit_pause,
    ("POST", "/v1/plans/{plan_id}/resume"): visit_resume,
    ("POST", "/v1/plans/{plan_id}/end"): visit_end,
}


# Asking for it.


async def test_a_plan_says_its_rhythm_and_books_what_is_open(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()

    plan = await plan_for(resident, shop)
    await world.work()

    found = await seen(resident, plan)
    assert (found["state"], found["time"]) == ("active", "10:00")
    last = date.fromisoformat(found["until"])
    assert found["text"].endswith(f"10:00，到 {last.year} 年 {last.month} 月 {last.day} 日")
    assert [(one["date"], one["state"]) for one in found["visits"]] == [
        (world.at(0, days=1)[:10], "booked"),
        (world.at(0, days=8)[:10], "booked"),
    ]
    first = (await resident.get(f"/v1/cases/{found['visits'][0]['case_no']}")).json
    assert (first["state"], first["channel"], first["behalf_text"]) == ("submitted", "system", "")
    assert first["details"]["start"] == world.at(10)


async def test_a_plan_runs_for_weeks_or_until_a_day(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    wanted = {"service_id": shop.service_id, "weekdays": [1], "time": "10:00"}
    for more, code in (
        ({}, "weeks_or_until"),
        ({"weeks": 2, "until": world.at(0, days=9)[:10]}, "weeks_or_until"),
        ({"until": world.at(0, days=-1)[:10]}, "weeks_or_until"),
        ({"weeks": 100}, "plan_too_long"),
    ):
        reply = await resident.post("/v1/plans", {**wanted, **more})
        assert (reply.status, reply.code) == (422, code)


async def test_a_time_at_which_the_service_is_never_open_is_refused(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    wanted = {"service_id": shop.service_id, "weekdays": [1], "weeks": 4}
    for clock in ("07:00", "10:10", "19:00"):
        reply = await resident.post("/v1/plans", {**wanted, "time": clock})
        assert (reply.status, reply.code) == (409, "plan_time_not_offered")


async def test_the_desk_opens_a_plan_for_a_resident_and_the_provider_sees_it(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    operator = await world.staff(Grant(role="operator"))

    plan = await plan_for(operator, shop, resident_id=resident.id)

    assert (await seen(resident, plan))["resident_id"] == resident.id
    assert [one["id"] for one in (await shop.manager.get("/v1/plans")).json["items"]] == [plan["id"]]


# Rolling forward.


async def test_weeks_roll_forward_as_their_days_open_and_the_plan_ends(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    plan = await plan_for(resident, shop, until=world.at(0, days=15)[:10])
    await world.work()
    before = await visits(resident, plan)

    await to_the_morning_after(world, days=2)
    after = await visits(resident, plan)
    await to_the_morning_after(world, days=14)

    assert len(before) == 2
    assert [state for _, state in after] == ["booked", "booked"]
    assert after[-1][0] == (date.fromisoformat(before[0][0]) + timedelta(weeks=2)).isoformat()
    assert (await seen(resident, plan))["state"] == "ended"


async def test_two_workers_book_each_visit_once(world: World) -> None:
    shop, resident = await world.shop(capacity=4), await world.resident()
    plan = await plan_for(resident, shop, weekdays=DAILY, weeks=1)

    async def due_again(tx: Any) -> None:
        await tx.change(plans.PLANS, {"_id": plan["id"]}, {"$set": {"due_at": tx.now}})

    stored = await world.house.db.reading(lambda reader: reader.get(plans.PLANS, plan["id"]))
    assert stored is not None
    async with next_door(world) as other:
        rolls = [
            plans.roll(world.house, stored),
            plans.roll(other.house, stored),
            plans.roll(other.house, stored),
        ]
        await asyncio.gather(*rolls)
        await world.house.db.alone(due_again)
        await asyncio.gather(world.work(), other.work())

    booked = await visits(resident, plan)
    assert [state for _, state in booked] == ["booked"] * 7
    assert await cases_of(world, resident) == 7


async def test_a_full_slot_is_told_with_free_times_near_it(world: World) -> None:
    shop, resident, other = await world.shop(capacity=1), await world.resident(), await world.resident()
    await shop.booked(other, world.at(10))
    await world.control(
        "subscribe", openid=resident.openid, template_id="tmpl-plan-conflict", result="accept"
    )

    plan = await plan_for(resident, shop)
    await world.work()

    first = (await seen(resident, plan))["visits"][0]
    assert (first["state"], first["case_no"]) == ("conflict", None)
    near = [datetime.fromisoformat(one) for one in first["alternatives"]]
    assert near == [datetime.fromisoformat(world.at(hour)) for hour in (8, 12, 13)]
    message = next(
        one for one in (await resident.get("/v1/inbox")).json["items"] if "没有约上" in one["text"]
    )
    assert "附近还有空的时间" in message["text"] and message["delivery"] == "sent"
    assert (await resident.post("/v1/bookings", shop.wish(world.at(12)))).status == 201


async def test_a_holiday_is_told_and_the_weeks_after_are_booked(world: World) -> None:
    world.clock.set(datetime(2026, 9, 23, 9, tzinfo=SHANGHAI))
    shop, resident = await world.shop(open_on_holidays=False), await world.resident()

    plan = await plan_for(resident, shop, weekdays=[4], until="2026-10-15")
    await world.work()
    await to_the_morning_after(world, days=3)
    await to_the_morning_after(world, days=3)

    assert await visits(resident, plan) == [("2026-10-01", "conflict"), ("2026-10-08", "booked")]


async def test_an_event_told_twice_makes_one_message(world: World) -> None:
    shop, resident, other = await world.shop(capacity=1), await world.resident(), await world.resident()
    await shop.booked(other, world.at(10))
    await plan_for(resident, shop)
    await world.work()

    async def again(tx: Any) -> None:
        await tx.change_all(EVENTS, {"type": "plan.conflict"}, {"$set": {"due_at": tx.now}})

    await world.house.db.alone(again)
    await world.work()

    told = [one for one in (await resident.get("/v1/inbox")).json["items"] if "没有约上" in one["text"]]
    assert len(told) == 1


async def test_a_service_off_the_list_is_told_as_the_reason(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    plan = await plan_for(resident, shop)
    await changed(world, shop, active=False)

    await world.work()

    assert {state for _, state in await visits(resident, plan)} == {"conflict"}


# Skipping, pausing, ending.


async def test_one_visit_is_skipped_and_its_booking_cancelled(world: World) -> None:
    shop, resident = await world.shop(capacity=1), await world.resident()
    plan = await plan_for(resident, shop)
    await world.work()
    first = (await seen(resident, plan))["visits"][0]

    reply = await resident.post(f"/v1/plans/{plan['id']}/skips", {"date": first["date"]})
    await world.work()

    assert reply.status == 201
    assert (await resident.get(f"/v1/cases/{first['case_no']}")).json["state"] == "cancelled"
    assert [state for _, state in await visits(resident, plan)] == ["skipped", "booked"]
    assert (
        await resident.post(f"/v1/plans/{plan['id']}/skips", {"date": first["date"]})
    ).code == "already_skipped"
    assert (await (await world.resident()).post("/v1/bookings", shop.wish(world.at(10)))).status == 201


async def test_a_visit_is_skipped_before_its_day_opens(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    plan = await plan_for(resident, shop)
    third = world.at(0, days=15)[:10]

    reply = await resident.post(f"/v1/plans/{plan['id']}/skips", {"date": third})
    await to_the_morning_after(world, days=7)

    assert reply.status == 201
    assert (third, "skipped") in await visits(resident, plan)


async def test_a_day_that_is_not_the_plans_cannot_be_skipped(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    plan = await plan_for(resident, shop)
    for day in (world.at(0, days=2)[:10], world.at(0, days=-6)[:10], world.at(0, days=29)[:10]):
        reply = await resident.post(f"/v1/plans/{plan['id']}/skips", {"date": day})
        assert (reply.status, reply.code) == (409, "no_visit_that_day")


async def test_a_pause_cancels_what_is_asked_and_resuming_books_it_again(world: World) -> None:
    shop, resident = await world.shop(capacity=1), await world.resident()
    plan = await plan_for(resident, shop)
    await world.work()

    paused = await resident.post(f"/v1/plans/{plan['id']}/pause", {"cancel_booked": True})
    await world.work()
    during = await visits(resident, plan)
    assert await cases_of(world, resident) == 0
    resumed = await resident.post(f"/v1/plans/{plan['id']}/resume")
    await world.work()

    assert (paused.json["state"], resumed.json["state"]) == ("paused", "active")
    assert [state for _, state in during] == ["paused", "paused"]
    assert [state for _, state in await visits(resident, plan)] == ["booked", "booked"]
    assert await cases_of(world, resident) == 2
    assert (await resident.post(f"/v1/plans/{plan['id']}/resume")).code == "plan_not_active"


async def test_a_paused_plan_books_nothing_new(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    plan = await plan_for(resident, shop)
    await world.work()
    await resident.post(f"/v1/plans/{plan['id']}/pause")

    await to_the_morning_after(world, days=7)

    assert await cases_of(world, resident) == 2


async def test_an_ended_plan_leaves_the_bookings_unless_asked(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    kept, dropped = await plan_for(resident, shop), await plan_for(resident, shop, time="15:00")
    await world.work()

    await resident.post(f"/v1/plans/{kept['id']}/end")
    await resident.post(f"/v1/plans/{dropped['id']}/end", {"cancel_booked": True})

    assert {state for _, state in await visits(resident, kept)} == {"booked"}
    assert {state for _, state in await visits(resident, dropped)} == {"skipped"}
    assert await cases_of(world, resident) == 2


# Who comes.


async def crew(world: World, shop: Shop) -> Person:
    """Somebody else who could come."""
    grant = Grant(role="worker", provider_id=shop.provider_id)
    return await world.staff(grant, skills=[shop.category], name="赵师傅")


async def given_once(world: World, shop: Shop, resident: Person) -> tuple[dict[str, Any], str]:
    """A plan whose first visit went to 李师傅, and the number of the second, which nobody has confirmed yet."""
    plan = await plan_for(resident, shop, note="有一只猫")
    await world.work()
    first, second = [one["case_no"] for one in (await seen(resident, plan))["visits"]]
    await shop.manager.act(first, "confirm")
    assert (await shop.manager.act(first, "assign", worker_id=shop.worker.id)).status == 200
    await world.work()
    return plan, second


async def confirmed(world: World, shop: Shop, case_no: str) -> dict[str, Any]:
    assert (await shop.manager.act(case_no, "confirm")).status == 200
    await world.work()
    case: dict[str, Any] = (await shop.manager.get(f"/v1/cases/{case_no}")).json
    return case


async def choices(shop: Shop, case_no: str) -> list[tuple[str, str, list[str]]]:
    """Whom the manager can choose, in order: name, what speaks for them, what against."""
    found = (await shop.manager.get(f"/v1/cases/{case_no}/candidates")).json["items"]
    return [(one["name"], one["note"], one["reasons"]) for one in found]


async def told(who: Person) -> list[str]:
    return [one["text"] for one in (await who.get("/v1/inbox")).json["items"]]


async def how_given(shop: Shop, case_no: str) -> list[str]:
    found = (await shop.dispatcher.get(f"/v1/cases/{case_no}/dispatch")).json
    return [one["how_text"] for one in found["choices"]]


@pytest.mark.parametrize("mode", ["assign", "grab"])
async def test_who_came_first_is_sent_again_without_anybody_being_asked(world: World, mode: str) -> None:
    shop, resident = await world.shop(capacity=3, dispatch=mode), await world.resident()
    other = await crew(world, shop)
    plan, second = await given_once(world, shop, resident)

    case = await confirmed(world, shop, second)

    assert (case["state"], case["worker"]["name"]) == ("assigned", "李师傅")
    assert case["details"]["note"] == "有一只猫（定期服务）"
    assert await how_given(shop, second) == ["上次来的师傅"]
    assert (await other.get("/v1/offers")).json["items"] == []
    found = await seen(resident, plan)
    assert [(one["worker"], one["substitute"]) for one in found["visits"]] == [("李师傅", False)] * 2
    assert any("李师傅会在" in one for one in await told(resident))
    declined = await shop.worker.act(second, "decline", reason="家里有事")
    await world.work()
    assert declined.status == 200
    again = (await shop.manager.get(f"/v1/cases/{second}")).json
    assert again["state"] == "confirmed", "who has given it back is not sent again"


async def test_when_the_usual_worker_is_busy_a_substitute_is_found_and_told(world: World) -> None:
    shop, resident = await world.shop(capacity=3), await world.resident()
    other = await crew(world, shop)
    plan, second = await given_once(world, shop, resident)
    elsewhere = await shop.brought_to("assigned", await world.resident(), world.at(10, days=8))

    case = await confirmed(world, shop, second)

    assert case["state"] == "confirmed"
    assert await choices(shop, second) == [("赵师傅", "", []), ("李师傅", "上次来的师傅", ["那时有活"])]
    await shop.manager.act(elsewhere["case_no"], "cancel")
    assert (await choices(shop, second))[0] == ("李师傅", "上次来的师傅", [])
    page = await Browser(world, shop.manager.token).get(f"/console/cases/{second}")
    assert "上次来的师傅" in page.text
    assert (await shop.manager.act(second, "assign", worker_id=other.id)).status == 200
    await world.work()
    found = await seen(resident, plan)
    assert found["worker"] == "李师傅"
    assert [(one["worker"], one["substitute"]) for one in found["visits"]] == [
        ("李师傅", False),
        ("赵师傅", True),
    ]
    heard = [one for one in await told(resident) if "平时是李师傅来，这次换赵师傅上门" in one]
    assert len(heard) == 1


async def test_the_usual_worker_is_not_sent_without_the_papers_of_that_day(world: World) -> None:
    category = unique("category")
    shop, resident = await world.shop(capacity=3, category=category, dispatch="grab"), await world.resident()
    other = await crew(world, shop)
    await world.put(CATEGORIES, Category(id=category, name="护理", icon="heart", requires=["health"]))
    day = today(world.clock.now())
    for worker, days in ((shop.worker, 3), (other, 300)):
        await world.put(CERTIFICATES, health(worker, shop, day + timedelta(days=days), world))
    _, second = await given_once(world, shop, resident)

    case = await confirmed(world, shop, second)

    assert (case["state"], case["worker"]) == ("confirmed", None)
    assert (await shop.worker.get("/v1/offers")).json["items"] == []
    offer = (await other.get("/v1/offers")).json["items"][0]
    assert (await other.post(f"/v1/offers/{offer['id']}/take")).status == 200
    await world.work()
    assert any("这次换赵师傅上门" in one for one in await told(resident))


def health(worker: Person, shop: Shop, until: date, world: World) -> Certificate:
    item_id = f"worker.{worker.id}.health"
    paper = Paper(
        number=world.house.vault.seal("JK1", item_id),
        tail="JK1",
        issuer="疾控",
        valid_until=until,
        handed_in_by="manager",
        handed_in_at=world.clock.now(),
    )
    return Certificate(
        id=item_id,
        of="worker",
        owner_id=worker.id,
        provider_id=shop.provider_id,
        kind="health",
        current=paper,
    )


async def test_who_follows_a_worker_that_has_left_becomes_the_usual_one(world: World) -> None:
    shop, resident = await world.shop(capacity=3), await world.resident()
    other = await crew(world, shop)
    plan, second = await given_once(world, shop, resident)
    member = world.house.db.reader().recall(STAFF, shop.worker.id)
    assert member is not None
    await world.put(STAFF, replace(member, active=False))
    await confirmed(world, shop, second)
    await shop.manager.act(second, "assign", worker_id=other.id)
    await world.work()

    found = await seen(resident, plan)
    assert (found["worker"], found["visits"][1]["substitute"]) == ("赵师傅", False)
