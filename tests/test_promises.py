"""What is promised by a state: its clock starts, stops and begins anew with it, and the staff hear of it in time."""

from datetime import timedelta
from typing import Any

from pymongo import AsyncMongoClient

from schemas.staff import Grant
from server.cases import CASES, Case
from server.staff_push import NOTICES
from tests.test_complaints import filed
from tests.ticking import clerk, clock_of, reminders, stored_clock
from tests.world import Person, World


async def stored(world: World, case_no: str) -> Case:
    case = await world.house.db.reading(lambda reader: reader.get(CASES, case_no))
    assert case is not None
    return case


async def told(world: World, case_no: str, who: Person) -> list[str]:
    """The titles of what somebody was told of this case's clocks, in order."""
    where = {"case_no": case_no, "userid": who.id, "title": {"$regex": "^时限"}}
    found = await world.house.db.reading(lambda reader: reader.all(NOTICES, where, limit=20, sort="at"))
    return [one.title for one in found]


async def writes_with(world: World, case_no: str) -> list[str]:
    """The collections that were written to in the transaction that made the case."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(world.house.settings.mongo_url)
    async with client:
        name = world.house.settings.database
        made = {"o.applyOps": {"$elemMatch": {"ns": f"{name}.cases", "op": "i", "o._id": case_no}}}
        entry = await client["local"]["oplog.rs"].find_one(made, sort=[("$natural", -1)])
    assert entry is not None
    return sorted(one["ns"].removeprefix(f"{name}.") for one in entry["o"]["applyOps"])


async def test_a_booking_s_answer_is_a_clock_that_costs_no_write(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    booked = await resident.post("/v1/bookings", shop.wish(world.at(10)), key="book-once")
    case_no = booked.json["case_no"]

    assert await writes_with(world, case_no) == ["cases", "events", "idempotency", "occupancy"]
    clock = booked.json["clock"]
    assert (clock["unit"], clock["used"], clock["total"], clock["text"]) == ("minutes", 0, 30, "还有 30 分钟")
    assert (await stored(world, case_no)).due_at == world.clock.now() + timedelta(minutes=15)


async def test_handler_leader_and_street_hear_of_a_booking_once_each(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    admin = await world.staff(Grant(role="admin"))
    other = await world.shop()
    case_no = (await shop.booked(resident))["case_no"]
    seen = []
    for minutes in (14, 2, 7, 2, 4, 2, 60):
        world.clock.advance(timedelta(minutes=minutes))
        await world.work()
        await world.work()
        seen.append(
            (len(await told(world, case_no, shop.manager)), len(await told(world, case_no, shop.dispatcher)))
        )
    assert seen == [(0, 0), (1, 0), (1, 0), (2, 0), (2, 0), (2, 1), (2, 1)]
    assert await told(world, case_no, admin) == ["时限已到"]
    assert await told(world, case_no, other.manager) == []
    assert await reminders(world, case_no, "answer") == [(50, "handler"), (80, "leader"), (100, "street")]
    case = (await resident.get(f"/v1/cases/{case_no}")).json
    assert (case["details"]["escalated"], case["clock"]["overdue"]) == (True, True)
    assert (await stored(world, case_no)).due_at is None

    assert (await shop.manager.act(case_no, "confirm")).status == 200
    clock = await clock_of(resident, case_no, "answer")
    assert (clock["state"], clock["used"]) == ("stopped", 91)


async def test_an_answer_in_time_needs_no_reminder(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    world.clock.advance(timedelta(minutes=10))
    await shop.manager.act(case_no, "confirm")
    world.clock.advance(timedelta(hours=2))
    await world.work()
    assert await reminders(world, case_no, "answer") == []


async def test_a_quote_taken_back_begins_the_answer_anew(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case: dict[str, Any] = await shop.brought_to("quoted", resident)
    world.clock.advance(timedelta(minutes=20))
    await world.work()
    await shop.manager.act(case["case_no"], "withdraw_quote", reason="算错了")
    clock = await clock_of(resident, case["case_no"], "answer")
    assert (clock["state"], clock["used"], clock["left"]) == ("running", 0, 30)
    world.clock.advance(timedelta(minutes=31))
    await world.work()
    assert await reminders(world, case["case_no"], "answer") == [
        (50, "handler"),
        (80, "leader"),
        (100, "street"),
    ]


async def test_a_complaint_counts_the_answer_by_the_hour_and_the_decision_by_the_day(world: World) -> None:
    shop, resident, case_no = await filed(world)
    clock = (await resident.get(f"/v1/cases/{case_no}")).json["clock"]
    assert (clock["unit"], clock["total"], clock["sentence"]) == ("hours", 48, "已用 0 分钟，共 48 小时")
    world.clock.advance(timedelta(hours=49))
    await world.work()
    assert await reminders(world, case_no, "answer") == [(50, "handler"), (80, "leader"), (100, "street")]
    assert len(await told(world, case_no, shop.manager)) == 2

    seen = (await resident.get(f"/v1/cases/{case_no}")).json
    assert (seen["state"], seen["clock"]["unit"]) == ("arbitrating", "working_days")
    decision = await stored_clock(world, case_no, "decision")
    assert decision.state == "running" and decision.run == 1
    dispatcher = await world.sign_in(shop.dispatcher.id)
    await dispatcher.act(case_no, "decide", ruling="resident", reason="照片能看出没有擦")
    await resident.act(case_no, "reopen", reason="说好的重做没有来")
    again = await stored_clock(world, case_no, "decision")
    assert (again.run, again.state, again.remind) == (
        2,
        "running",
        {"handler": 50, "leader": 80, "street": 100},
    )


async def test_a_pause_puts_off_what_happens_at_the_end(world: World) -> None:
    """The provider asked for a photo: the street does not take over meanwhile."""
    _, resident, case_no = await filed(world)
    world.clock.advance(timedelta(hours=47))
    staff, path = await clerk(world), f"/v1/cases/{case_no}/clocks/answer"
    assert (await staff.post(f"{path}/pause", {"reason": "等您补照片", "owner": "resident"})).status == 200
    world.clock.advance(timedelta(hours=24))
    await world.work()
    assert (await resident.get(f"/v1/cases/{case_no}")).json["state"] == "filed"
    assert (await (await world.sign_in(staff.id)).post(f"{path}/resume")).status == 200
    world.clock.advance(timedelta(minutes=59))
    await world.work()
    assert (await resident.get(f"/v1/cases/{case_no}")).json["state"] == "filed"
    world.clock.advance(timedelta(minutes=2))
    await world.work()
    assert (await resident.get(f"/v1/cases/{case_no}")).json["state"] == "arbitrating"
