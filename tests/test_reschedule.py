"""Changing the time: the new seat or none, never both, never neither, however many change at once."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.staff import Grant
from server import slots
from server.bookings import BOOKING
from server.cases import CASES
from server.slots import OCCUPANCY
from tests.houses import next_door
from tests.world import Shop, World


async def counted(world: World, owner: str) -> Counter[tuple[str, str]]:
    """What the day documents of a pool or a worker hold, by day and quarter."""
    prefix = f"{owner}|"
    days = await world.house.db.reading(lambda reader: reader.all(OCCUPANCY, {}, limit=10_000))
    mine = [one for one in days if one.id.startswith(prefix)]
    return Counter({(one.id[len(prefix) :], cell): n for one in mine for cell, n in one.cells.items() if n})


async def booked(world: World, shop: Shop) -> Counter[tuple[str, str]]:
    """What the bookings that still hold a seat say that they hold."""
    found = await world.house.db.reading(
        lambda reader: reader.all(CASES, {"provider_id": shop.provider_id, "open": True}, limit=10_000)
    )
    details = [BOOKING.details_of(one) for one in found if one.state not in ("no_show", "appealed")]
    return Counter((one.day, cell) for one in details for cell in one.seats)


async def in_order(world: World, shop: Shop) -> None:
    """The counters are the sum of the bookings, and nobody is sold twice."""
    pool = await counted(world, shop.pool_id)
    assert pool == await booked(world, shop)


async def test_the_new_seat_is_taken_and_the_old_one_is_free(world: World) -> None:
    shop, resident, other = await world.shop(capacity=1), await world.resident(), await world.resident()
    case = await shop.booked(resident, world.at(10))

    moved = await resident.act(case["case_no"], "reschedule", start=world.at(14, days=3))

    assert (moved.status, moved.json["state"]) == (200, "submitted")
    details = moved.json["details"]
    assert (details["start"], details["reschedules"]) == (world.at(14, days=3), 1)
    assert details["cancel_free_until"] == world.at(12, days=3)
    await in_order(world, shop)
    assert (await other.post("/v1/bookings", shop.wish(world.at(14, days=3)))).code == "slot_taken"
    assert (await other.post("/v1/bookings", shop.wish(world.at(10)))).status == 201


async def test_a_visit_can_move_within_its_own_time(world: World) -> None:
    """With one person free there is never a second seat to move to."""
    shop, resident = await world.shop(capacity=1), await world.resident()
    case = await shop.brought_to("assigned", resident, world.at(10))

    moved = await resident.act(case["case_no"], "reschedule", start=world.at(11))

    assert (moved.status, moved.json["state"], moved.json["worker"]["id"]) == (
        200,
        "assigned",
        shop.worker.id,
    )
    await in_order(world, shop)
    assert sum((await counted(world, slots.worker_owner(shop.worker.id))).values()) == 8


async def test_a_worker_who_is_busy_then_is_free_and_another_is_looked_for(world: World) -> None:
    shop, resident = await world.shop(capacity=2), await world.resident()
    await shop.brought_to("assigned", resident, world.at(14))
    case = await shop.brought_to("assigned", resident, world.at(10))

    moved = (await resident.act(case["case_no"], "reschedule", start=world.at(15))).json

    assert (moved["state"], moved["worker"]) == ("confirmed", None)
    assert sum((await counted(world, slots.worker_owner(shop.worker.id))).values()) == 8
    await in_order(world, shop)


async def test_history_and_inbox_say_from_when_to_when(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("confirmed", resident, world.at(10))
    await resident.act(case["case_no"], "reschedule", start=world.at(12))
    await world.work()

    step = (await resident.get(f"/v1/cases/{case['case_no']}/history")).json["items"][-1]
    told = (await resident.get("/v1/inbox")).json["items"][0]

    assert (step["action"], step["source"], step["target"]) == ("reschedule", "confirmed", "confirmed")
    times = {name: datetime.fromisoformat(text) for name, text in step["facts"].items()}
    assert times == {
        "from": datetime.fromisoformat(world.at(10)),
        "to": datetime.fromisoformat(world.at(12)),
    }
    assert "10:00 改到" in step["reason"] and "12:00" in told["text"]


async def test_what_cannot_be_changed_is_refused_by_name_and_changes_nothing(world: World) -> None:
    shop = await world.shop(capacity=1, cancel_notice_min=30, reschedule_notice_min=240)
    resident, other = await world.resident(), await world.resident()
    case = await shop.booked(resident, world.at(10))
    await shop.booked(other, world.at(14))

    async def refusal(start: Any) -> str:
        return (await resident.act(case["case_no"], "reschedule", start=start)).code

    assert await refusal(world.at(14)) == await refusal(world.at(15)) == "slot_taken"
    assert await refusal(world.at(10)) == "same_time"
    assert await refusal(world.at(8, days=0)) == "slot_in_past"
    assert await refusal(world.at(10, 30)) == await refusal(world.at(23)) == "slot_not_offered"
    assert await refusal(world.at(10, days=30)) == "slot_too_far"
    assert await refusal("morgen") == await refusal(None) == "invalid"
    assert (await resident.get(f"/v1/cases/{case['case_no']}")).json["version"] == 1
    for hour in (16, 17):
        assert await refusal(world.at(hour)) == ""
    assert await refusal(world.at(18)) == "too_many_reschedules"
    await in_order(world, shop)


@pytest.mark.parametrize(("late_by_ms", "code"), [(0, ""), (1, "reschedule_too_late")])
async def test_changing_has_a_notice_of_its_own(world: World, late_by_ms: int, code: str) -> None:
    shop, resident = await world.shop(cancel_notice_min=30, reschedule_notice_min=240), await world.resident()
    case = await shop.booked(resident, world.at(18, days=0))
    assert case["details"]["reschedule_until"] == world.at(14, days=0)

    world.clock.set(datetime.fromisoformat(world.at(14, days=0)) + timedelta(milliseconds=late_by_ms))

    assert (await resident.act(case["case_no"], "reschedule", start=world.at(10))).code == code


async def test_changing_the_time_does_not_buy_time_to_answer(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.booked(resident)
    world.clock.advance(timedelta(minutes=29))
    moved = (await resident.act(case["case_no"], "reschedule", start=world.at(12))).json
    assert moved["clock"]["due_at"] == case["clock"]["due_at"]


async def test_the_desk_changes_the_time_and_a_stranger_does_not(world: World) -> None:
    shop, resident, stranger = await world.shop(), await world.resident(), await world.resident()
    desk = await world.staff(Grant(role="operator"))
    case = await shop.booked(resident)

    assert (await stranger.act(case["case_no"], "reschedule", start=world.at(12))).status == 404
    assert (
        await shop.manager.act(case["case_no"], "reschedule", start=world.at(12))
    ).code == "not_allowed_now"
    assert (await desk.act(case["case_no"], "reschedule", start=world.at(12))).status == 200


async def test_reschedules_that_cross_through_two_houses_lose_and_oversell_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred changes in a row of rounds, between two full days; half of them through another process."""
    shop = await world.shop(capacity=3, duration_min=60, cancel_notice_min=0)
    many = replace(world.house.settings.bookings, max_reschedules=1000)
    monkeypatch.setattr(world.house, "settings", replace(world.house.settings, bookings=many))
    people = [await world.resident() for _ in range(8)]
    starts = [world.at(10, days=day) for day in (1, 2)]
    cases = [(await shop.booked(one, starts[number % 2]))["case_no"] for number, one in enumerate(people[:5])]
    async with next_door(world) as other:
        outcomes: Counter[str] = Counter()
        for turn in range(40):
            whose = [one if number % 2 else other.meets(one) for number, one in enumerate(people)]
            replies = await asyncio.gather(
                *(
                    whose[number].act(case_no, "reschedule", start=starts[(number + turn + 1) % 2])
                    for number, case_no in enumerate(cases)
                )
            )
            outcomes.update(one.code or "moved" for one in replies)
            cells = await counted(world, shop.pool_id)
            assert max(cells.values()) <= 3
            assert sum(cells.values()) == 4 * len(cases)
    assert sum(outcomes.values()) == 200
    assert set(outcomes) <= {"moved", "slot_taken", "same_time", "version_conflict"}, outcomes
    assert outcomes["moved"] >= 40
    await in_order(world, shop)


async def test_bookings_and_reschedules_that_want_one_seat_share_it_out_once(world: World) -> None:
    shop = await world.shop(capacity=1, duration_min=60)
    people = [await world.resident() for _ in range(10)]
    cases = [
        (await shop.booked(one, world.at(10 + number)))["case_no"] for number, one in enumerate(people[:5])
    ]
    wanted = world.at(18)
    async with next_door(world) as other:
        replies = await asyncio.gather(
            *(
                other.meets(one).act(no, "reschedule", start=wanted)
                for one, no in zip(people, cases, strict=False)
            ),
            *(one.post("/v1/bookings", shop.wish(wanted)) for one in people[5:]),
        )
    assert len([one for one in replies if one.status in (200, 201)]) == 1
    assert [one.code for one in replies].count("slot_taken") == 9
    await in_order(world, shop)
