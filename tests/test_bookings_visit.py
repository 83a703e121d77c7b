"""The visit of a booking: who is sent, and what happens at the door."""

import asyncio
from datetime import datetime, timedelta

from msgspec.structs import replace

from schemas.staff import Grant
from server.staff import STAFF
from tests.bookings import another_worker, busy_quarters, confirmed, refused, seen, steps
from tests.world import World

# Assigning.


async def test_a_worker_takes_the_place_of_another_whose_time_is_free_again(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    second = await another_worker(shop, name="张师傅")
    case = await shop.brought_to("assigned", resident)
    assert await busy_quarters(world, shop.worker) == 8

    changed = await shop.manager.act(case["case_no"], "assign", worker_id=second.id)

    assert changed.json["worker"]["name"] == "张师傅"
    assert (await busy_quarters(world, shop.worker), await busy_quarters(world, second)) == (0, 8)
    assert (await shop.worker.get(f"/v1/cases/{case['case_no']}")).status == 404
    again = await shop.manager.act(case["case_no"], "assign", worker_id=second.id)
    assert (again.status, await busy_quarters(world, second)) == (200, 8)


async def test_a_worker_who_is_busy_then_cannot_be_sent_and_nothing_changes(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    second = await another_worker(shop)
    await shop.brought_to("assigned", resident, world.at(11))
    case = await confirmed(shop, resident, world.at(10))
    taken = {"worker_id": shop.worker.id}

    assert refused(await shop.manager.act(case["case_no"], "assign", **taken)) == (
        409,
        "worker_busy",
        "worker_id",
    )
    await shop.manager.act(case["case_no"], "assign", worker_id=second.id)
    assert refused(await shop.manager.act(case["case_no"], "assign", **taken))[:2] == (409, "worker_busy")

    assert (await seen(resident, case))["worker"]["id"] == second.id
    assert await busy_quarters(world, second) == 8


async def test_one_worker_wanted_for_two_visits_at_once_gets_one(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    cases = [await confirmed(shop, resident, world.at(hour)) for hour in (10, 11, 10)]

    replies = await asyncio.gather(
        *(shop.manager.act(one["case_no"], "assign", worker_id=shop.worker.id) for one in cases)
    )

    assert sorted(one.status for one in replies) == [200, 409, 409]
    assert await busy_quarters(world, shop.worker) == 8


async def test_only_the_providers_own_active_people_with_the_skill_can_be_sent(world: World) -> None:
    shop, resident, other_shop = await world.shop(), await world.resident(), await world.shop()
    case = await confirmed(shop, resident)
    unskilled, left = await another_worker(shop, skills=["moving"]), await another_worker(shop)
    member = world.house.db.reader().recall(STAFF, left.id)
    assert member is not None
    await world.put(STAFF, replace(member, active=False))

    for wrong in ("nobody", unskilled.id, left.id, other_shop.worker.id, shop.manager.id):
        reply = await shop.manager.act(case["case_no"], "assign", worker_id=wrong)
        assert refused(reply) == (404, "worker_not_found", "worker_id"), wrong
    assert (await shop.manager.act(case["case_no"], "assign")).status == 422


async def test_a_worker_who_declines_is_free_and_the_case_waits_for_another(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("assigned", resident)

    declined = await shop.worker.act(case["case_no"], "decline", reason="病了")

    assert (declined.json["state"], declined.json["worker"]) == ("confirmed", None)
    assert await busy_quarters(world, shop.worker) == 0
    assert (await shop.worker.get(f"/v1/cases/{case['case_no']}")).status == 404


async def test_a_cancelled_visit_still_says_who_was_to_come(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("assigned", resident)
    await resident.act(case["case_no"], "cancel")

    assert (await seen(shop.worker, case))["state"] == "cancelled"
    assert (await seen(resident, case))["worker"]["id"] == shop.worker.id
    assert await busy_quarters(world, shop.worker) == 0


async def test_the_free_workers_are_proposed_first(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    idle, unskilled = await another_worker(shop, name="张师傅"), await another_worker(shop, skills=["moving"])
    await shop.brought_to("assigned", resident, world.at(10))
    case = await confirmed(shop, resident, world.at(11))
    path = f"/v1/cases/{case['case_no']}/candidates"

    items = (await shop.manager.get(path)).json["items"]

    assert [(one["id"], one["free"], one["load"]) for one in items] == [
        (idle.id, True, 0),
        (shop.worker.id, False, 8),
    ]
    assert unskilled.id not in [one["id"] for one in items]
    assert (await resident.get(path)).status == 403


# At the door.


async def test_the_work_starts_with_the_code_that_the_resident_reads_out(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("en_route", resident)
    code = case["start_code"]
    wrong = f"{(int(code) + 1) % 10_000:04d}"

    assert refused(await shop.worker.act(case["case_no"], "start", code=wrong)) == (
        409,
        "wrong_start_code",
        "code",
    )
    for malformed in ("12", "12345", "abcd", 1234, None):
        assert (await shop.worker.act(case["case_no"], "start", code=malformed)).status == 422
    assert (await shop.worker.act(case["case_no"], "start")).status == 422
    assert (await shop.worker.act(case["case_no"], "start", code=code)).json["state"] == "in_service"


async def test_the_start_code_is_for_the_resident_and_the_desk_while_the_case_is_open(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("en_route", resident)
    desk = await world.staff(Grant(role="operator"))
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))
    admin = await world.staff(Grant(role="admin"))

    for who in (resident, desk, clerk):
        assert (await seen(who, case))["details"]["start_code"] == case["start_code"]
    for who in (shop.worker, shop.manager, shop.dispatcher, admin):
        assert (await seen(who, case))["details"]["start_code"] is None
        listed = (await who.get("/v1/cases", q=case["case_no"])).json["items"]
        assert [one["details"]["start_code"] for one in listed] == [None]
    await desk.act(case["case_no"], "cancel")
    assert (await seen(resident, case))["details"]["start_code"] is None


async def test_nobody_at_home_can_be_noted_after_fifteen_minutes(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("en_route", resident, world.at(11, days=0))
    start = datetime.fromisoformat(case["details"]["start"])

    world.clock.set(start + timedelta(minutes=15) - timedelta(milliseconds=1))
    assert refused(await shop.worker.act(case["case_no"], "no_show", reason="无人"))[:2] == (
        409,
        "too_early_for_no_show",
    )
    world.clock.set(start + timedelta(minutes=15))
    ended = await shop.worker.act(case["case_no"], "no_show", reason="敲门无人应")

    assert ended.json["state"] == "no_show"
    assert (await steps(resident, case))[-1]["reason"] == "敲门无人应"
    assert await busy_quarters(world, shop.worker) == 0


async def test_what_the_worker_notes_at_the_end_is_shown(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("in_service", resident)
    await shop.worker.act(case["case_no"], "finish", note="厨房也擦了")
    details = (await seen(resident, case))["details"]
    assert (details["finish_note"], details["cancel_free_until"]) == ("厨房也擦了", None)
