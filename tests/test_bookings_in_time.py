"""What becomes of a booking in time: held, escalated, confirmed by itself, cancelled late."""

import asyncio
from datetime import datetime, timedelta

import pytest

from schemas.staff import Grant
from tests.bookings import book, confirmed, refused, seen, steps
from tests.world import Person, World

# Holding.


@pytest.mark.parametrize("minutes", [5, 15])
async def test_a_hold_lasts_five_minutes_and_fifteen_at_the_desk(world: World, minutes: int) -> None:
    shop, resident = await world.shop(), await world.resident()
    desk = await world.staff(Grant(role="operator"))
    at_desk = {"resident_id": resident.id} if minutes == 15 else {}
    case = (await book(desk if at_desk else resident, shop, hold=True, **at_desk)).json
    expires = datetime.fromisoformat(case["expires_at"])
    assert (case["state"], expires - world.clock.now()) == ("held", timedelta(minutes=minutes))

    world.clock.set(expires - timedelta(milliseconds=1))
    await world.work()
    assert (await seen(resident, case))["state"] == "held"
    world.clock.set(expires)
    await world.work()

    ended = await seen(resident, case)
    assert (ended["state"], ended["open"], ended["actions"]) == ("expired", False, [])
    assert [one["action"] for one in await steps(resident, case)] == ["hold", "expire"]


async def test_a_hold_whose_time_is_up_is_over_before_the_worker_comes_round(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.booked(resident, hold=True)
    world.clock.advance(timedelta(minutes=5))

    late = await resident.act(case["case_no"], "submit")
    view = await seen(resident, case)

    assert refused(late)[:2] == (409, "time_is_up")
    assert refused(await resident.act(case["case_no"], "cancel"))[:2] == (409, "time_is_up")
    assert (view["state"], view["actions"], view["open"], view["expires_at"]) == ("expired", [], False, None)
    await world.work()
    assert (await seen(resident, case))["state"] == "expired"


async def test_a_hold_submitted_in_time_does_not_expire(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.booked(resident, hold=True)
    world.clock.advance(timedelta(minutes=4, seconds=59))
    submitted = (await resident.act(case["case_no"], "submit")).json

    world.clock.advance(timedelta(minutes=10))
    await world.work()

    assert (submitted["state"], submitted["expires_at"]) == ("submitted", None)
    assert (await seen(resident, case))["state"] == "submitted"


async def test_a_hold_is_prolonged_once_by_whoever_books_and_then_expires(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    desk = await world.staff(Grant(role="operator"))
    case = await shop.booked(resident, hold=True)
    assert [(one["name"], one["main"]) for one in case["actions"]] == [
        ("submit", True),
        ("prolong", False),
        ("cancel", False),
    ]
    world.clock.advance(timedelta(minutes=4))

    assert (await shop.manager.act(case["case_no"], "prolong")).status == 409
    longer = (await resident.act(case["case_no"], "prolong")).json
    again = await resident.act(case["case_no"], "prolong")

    left = datetime.fromisoformat(longer["expires_at"]) - world.clock.now()
    assert (longer["state"], left) == ("held", timedelta(minutes=5))
    assert "prolong" not in [one["name"] for one in longer["actions"]]
    assert refused(again)[:2] == (409, "held_long_enough")
    assert refused(await desk.act(case["case_no"], "prolong"))[:2] == (409, "held_long_enough")
    world.clock.advance(timedelta(minutes=4, seconds=59))
    await world.work()
    assert (await seen(resident, case))["state"] == "held"
    world.clock.advance(timedelta(seconds=1))
    await world.work()
    assert (await seen(resident, case))["state"] == "expired"
    assert [one["action"] for one in await steps(resident, case)] == ["hold", "prolong", "expire"]


# What time does.


async def test_no_answer_in_thirty_minutes_is_escalated_exactly_once(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.booked(resident)
    assert datetime.fromisoformat(case["clock"]["due_at"]) - world.clock.now() == timedelta(minutes=30)

    world.clock.advance(timedelta(minutes=29, seconds=59))
    await world.work()
    assert not (await seen(resident, case))["details"]["escalated"]
    world.clock.advance(timedelta(seconds=1))
    for _ in range(3):
        await asyncio.gather(world.work(), world.work())
        world.clock.advance(timedelta(hours=1))

    late = await seen(shop.dispatcher, case)
    assert (late["state"], late["details"]["escalated"], late["clock"]["overdue"]) == (
        "submitted",
        True,
        True,
    )
    assert [one["action"] for one in await steps(resident, case)] == ["submit", "escalate"]
    overdue = (await shop.dispatcher.get("/v1/cases", box="overdue")).json["items"]
    assert case["case_no"] in [one["case_no"] for one in overdue]
    assert (await shop.dispatcher.act(case["case_no"], "confirm")).json["state"] == "confirmed"


async def test_an_answer_in_time_is_not_escalated(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await confirmed(shop, resident)
    world.clock.advance(timedelta(hours=2))
    await world.work()
    assert "escalate" not in [one["action"] for one in await steps(resident, case)]


async def test_done_work_confirms_itself_after_forty_eight_hours(world: World) -> None:
    shop, resident = await world.shop(lead_time_min=0), await world.resident()
    case = await shop.brought_to("done", resident)
    ends = datetime.fromisoformat(case["expires_at"])
    assert ends - world.clock.now() == timedelta(hours=48)

    world.clock.set(ends - timedelta(milliseconds=1))
    await world.work()
    assert (await seen(resident, case))["state"] == "done"
    world.clock.set(ends)
    assert (await seen(resident, case))["state"] == "completed"
    assert refused(await resident.act(case["case_no"], "dispute", reason="太晚了"))[:2] == (409, "time_is_up")
    await world.work()

    last = (await steps(resident, case))[-1]
    assert (last["action"], last["target"], last["by"]) == ("accept", "completed", "系统")


async def test_disputed_work_does_not_confirm_itself(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("disputed", resident)
    world.clock.advance(timedelta(days=3))
    await world.work()
    assert (await seen(resident, case))["state"] == "disputed"


# Cancelling and declining.


@pytest.mark.parametrize(("late_by_ms", "late"), [(0, False), (1, True)])
async def test_a_cancellation_within_the_notice_is_noted_as_late(
    world: World, late_by_ms: int, late: bool
) -> None:
    shop, resident = await world.shop(cancel_notice_min=120), await world.resident()
    case = await shop.booked(resident, world.at(14, days=0))
    assert case["details"]["cancel_free_until"] == world.at(12, days=0)

    world.clock.set(datetime.fromisoformat(world.at(12, days=0)) + timedelta(milliseconds=late_by_ms))
    assert ((await seen(resident, case))["details"]["cancel_free_until"] is None) == late
    cancelled = (await resident.act(case["case_no"], "cancel")).json

    assert (cancelled["state"], cancelled["details"]["late_cancel"]) == ("cancelled", late)
    assert cancelled["details"]["cancel_free_until"] is None


@pytest.mark.parametrize("who", ["manager", "dispatcher"])
async def test_a_late_cancellation_of_the_other_side_is_not_the_residents(world: World, who: str) -> None:
    shop, resident = await world.shop(cancel_notice_min=120), await world.resident()
    case = await confirmed(shop, resident, world.at(10, days=0))
    reply = await getattr(shop, who).act(case["case_no"], "cancel", reason="师傅病了")

    assert reply.status == 200
    assert not (await seen(resident, case))["details"]["late_cancel"]


async def test_a_hold_given_up_is_never_late(world: World) -> None:
    shop, resident = await world.shop(cancel_notice_min=120), await world.resident()
    case = await shop.booked(resident, world.at(10, days=0), hold=True)
    assert not (await resident.act(case["case_no"], "cancel")).json["details"]["late_cancel"]


@pytest.mark.parametrize(
    ("state", "who", "action"),
    [
        ("submitted", "manager", "reject"),
        ("assigned", "worker", "decline"),
        ("disputed", "dispatcher", "settle"),
    ],
)
async def test_whoever_turns_something_down_says_why(world: World, state: str, who: str, action: str) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to(state, resident)
    person: Person = getattr(shop, who)

    assert refused(await person.act(case["case_no"], action)) == (422, "invalid", "reason")
    assert refused(await person.act(case["case_no"], action, reason="")) == (422, "invalid", "reason")
    assert (await seen(resident, case))["version"] == case["version"]
    assert (await person.act(case["case_no"], action, reason="示例原因")).status == 200
    assert (await steps(resident, case))[-1]["reason"] == "示例原因"
