"""A ride from its price to its end, and what may happen on the way."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec

from schemas.rides import NewRide
from schemas.staff import Grant
from server import cases, charges
from server.cases import CASES
from server.config import Rides
from server.drivers import DRIVERS
from server.rides import order
from server.rides.stored import WATCHES
from server.sessions import SYSTEM, Actor
from tests.houses import next_door
from tests.riding import SQUARE, at, driver, later, north, put
from tests.world import Person, World

RULES = Rides()
HERE = {"spot": {"lng": SQUARE.lng, "lat": SQUARE.lat}, "text": "绿苑小区东门"}
THERE = {"spot": {"lng": SQUARE.lng, "lat": north(4000).lat}, "text": "火车站"}
WISH = {"pickup": HERE, "dropoff": THERE}

COVERS = {
    ("POST", "/v1/ride-estimates"),
    ("POST", "/v1/rides"),
    ("GET", "/v1/ride-offers"),
    ("POST", "/v1/ride-offers/{offer_id}/accept"),
    ("POST", "/v1/ride-offers/{offer_id}/decline"),
    ("GET", "/v1/rides/{case_no}/choices"),
    ("GET", "/v1/rides/{case_no}/drivers"),
    ("GET", "/v1/rides/fairness"),
    ("GET", "/v1/driver"),
    ("POST", "/v1/driver/duty"),
    ("GET", "/v1/driver/earnings"),
    ("GET", "/v1/drivers"),
    ("POST", "/v1/drivers/{driver_id}/vehicle"),
}


async def free_driver(world: World, metres: float) -> Person:
    """Somebody on duty, so far to the north of the square."""
    person = await driver(world)
    assert (await put(person, north(metres))).status == 204
    return person


async def nobody_else(world: World) -> None:
    """Drivers of other tests have gone home, and nobody else waits for a car."""
    home = {"$set": {"on_duty": False, "ride_no": None, "offer_id": None}}
    await world.house.db.alone(lambda tx: tx.change_all(DRIVERS, {}, home))
    over = {"$set": {"state": "cancelled", "open": False, "timer_at": None, "due_at": None}}
    await world.house.db.alone(lambda tx: tx.change_all(CASES, {"kind": "ride", "open": True}, over))


async def called(world: World, resident: Person, **more: Any) -> dict[str, Any]:
    reply = await resident.post("/v1/rides", WISH | more)
    assert reply.status == 201, reply.body
    await world.work()
    case: dict[str, Any] = (await resident.get(f"/v1/cases/{reply.json['case_no']}")).json
    return case


async def offered(person: Person) -> dict[str, Any] | None:
    found: dict[str, Any] | None = (await person.get("/v1/driver")).json["offer"]
    return found


async def taken(world: World, resident: Person, person: Person, **more: Any) -> dict[str, Any]:
    await called(world, resident, **more)
    offer = await offered(person)
    assert offer is not None
    reply = await person.post(f"/v1/ride-offers/{offer['id']}/accept")
    assert reply.status == 200, reply.body
    case: dict[str, Any] = reply.json
    return case


async def test_a_ride_goes_from_its_price_to_its_end(world: World) -> None:
    await nobody_else(world)
    resident, near, far = (
        await world.resident(),
        await free_driver(world, 300),
        await free_driver(world, 1200),
    )
    price = await resident.post("/v1/ride-estimates", WISH)
    assert price.status == 200, price.body
    # 4 km and 35 % for the roads are 5.4 km: 7 yuan for the first 2.5, then 1.8 for each.
    assert (price.json["metres"], price.json["fare_fen"]) == (5400, 1220)
    assert price.json["wait_minutes"] >= 1

    case = await called(world, resident, pay="cash")
    assert (case["kind"], case["state"], case["case_no"][:2]) == ("ride", "offered", "DC")
    assert (await resident.post("/v1/rides", WISH)).code == "already_riding"
    offer = await offered(near)
    assert offer is not None and await offered(far) is None
    assert (offer["left_s"], offer["metres"], offer["pickup"]) == (15, 300, "绿苑小区东门")
    assert (await far.post(f"/v1/ride-offers/{offer['id']}/accept")).code == "ride_offer_not_found"
    mine = await near.post(f"/v1/ride-offers/{offer['id']}/accept")
    assert (mine.status, mine.json["state"], mine.json["details"]["code"]) == (200, "accepted", None)
    seen = (await resident.get(f"/v1/cases/{case['case_no']}")).json
    assert seen["details"]["driver"]["plate"] == "蒙K12345" and seen["details"]["can_follow"]
    code, case_no = seen["details"]["code"], case["case_no"]

    assert (await near.act(case_no, "board", code=code)).code == "not_allowed_now"
    assert (await near.act(case_no, "arrive")).json["state"] == "arrived"
    wrong = "0000" if code != "0000" else "1111"
    assert (await near.act(case_no, "board", code=wrong)).code == "wrong_start_code"
    assert (await near.act(case_no, "no_show", note="等了")).code == "passenger_may_come"
    later(world, 8 * 60 + 1)
    assert (await near.act(case_no, "board", code=code)).json["state"] == "on_board"
    assert (await resident.act(case_no, "cancel")).code == "not_allowed_now"
    done = await near.act(case_no, "complete", metres=5400)
    fare = done.json["details"]["fare"]
    # Eight minutes of waiting are three beyond the free five, at 0.3 yuan: 13.1 in all.
    assert (done.json["state"], fare["total_fen"], fare["waited_s"]) == ("completed", 1310, 481)
    assert sum(one["amount_fen"] for one in fare["lines"]) == fare["total_fen"]
    assert done.json["details"]["cash"] and done.json["details"]["paid"]
    page = (await near.get("/v1/driver")).json
    assert (page["ride"], page["today"]) == (None, {"rides": 1, "fare_fen": 1310, "cash_fen": 1310})
    assert (await near.get("/v1/driver/earnings")).json["fare_fen"] == 1310


async def test_the_choice_can_be_explained_and_the_shares_compared(world: World) -> None:
    await nobody_else(world)
    resident, near, small = (
        await world.resident(),
        await free_driver(world, 500),
        await free_driver(world, 100),
    )
    dispatcher = await world.staff(Grant(role="dispatcher"))
    vehicle = {"plate": "蒙K23456", "model": "奇瑞", "colour": "红色", "seats": 2}
    assert (await dispatcher.post(f"/v1/drivers/{small.id}/vehicle", vehicle)).status == 200
    case = await called(world, resident, people=3)
    told = (await dispatcher.get(f"/v1/rides/{case['case_no']}/choices")).json
    (choice,) = told["items"]
    rows = {one["worker_id"]: one for one in choice["items"]}
    assert rows[near.id]["chosen"] and rows[small.id]["reasons"] == ["座位不够"]
    assert {one["name"] for one in rows[near.id]["parts"]} == {"distance", "waiting", "load", "rating"}
    assert round(sum(one["points"] for one in rows[near.id]["parts"]), 2) == rows[near.id]["score"]
    assert told["offers"][0]["driver_id"] == near.id
    near_by = (await dispatcher.get(f"/v1/rides/{case['case_no']}/drivers")).json["items"]
    assert {one["id"] for one in near_by} >= {near.id, small.id}
    shares = (await dispatcher.get("/v1/rides/fairness")).json
    assert {near.id, small.id} <= {one["driver_id"] for one in shares["items"]}
    assert 0 <= shares["gini"] <= 1
    assert (await dispatcher.get("/v1/drivers", limit=2)).status == 200
    for path in (f"/v1/rides/{case['case_no']}/choices", "/v1/drivers"):
        assert (await near.get(path)).status == 403


async def test_who_does_not_answer_or_declines_is_passed_over_until_nobody_is_left(world: World) -> None:
    await nobody_else(world)
    resident, near, far = (
        await world.resident(),
        await free_driver(world, 200),
        await free_driver(world, 2500),
    )
    case = await called(world, resident)
    first = await offered(near)
    assert first is not None
    later(world, 16)
    assert (await near.post(f"/v1/ride-offers/{first['id']}/accept")).code == "ride_offer_expired"
    await world.work()
    second = await offered(far)
    assert second is not None, "farther around than the first radius"
    seen = (await resident.get(f"/v1/cases/{case['case_no']}")).json
    assert seen["details"]["radius_m"] == RULES.radii_m[1]
    declined = await far.post(f"/v1/ride-offers/{second['id']}/decline", {"reason": "far"})
    assert (declined.status, declined.json["state"]) == (200, "declined")
    assert (await far.post(f"/v1/ride-offers/{second['id']}/decline", {"reason": "far"})).code == (
        "ride_offer_answered"
    )
    for one in (near, far):
        await one.post("/v1/driver/duty", {"on": False})
    later(world, RULES.give_up_minutes * 60)
    await world.work()
    seen = (await resident.get(f"/v1/cases/{case['case_no']}")).json
    assert (seen["state"], seen["open"]) == ("no_driver", False)
    assert RULES.help_phone in seen["sentence"]
    assert (await resident.post("/v1/rides", WISH)).status == 201, "it can be called again"


async def test_a_worker_that_is_killed_between_the_call_and_the_offer_leaves_it_to_the_next(
    world: World,
) -> None:
    await nobody_else(world)
    resident, person = await world.resident(), await free_driver(world, 200)
    case = (await resident.post("/v1/rides", WISH)).json
    lease = {"$set": {"due_at": world.clock.now() + timedelta(seconds=10)}, "$inc": {"fence": 1}}
    await world.house.db.alone(lambda tx: tx.change(WATCHES, {"_id": case["case_no"]}, lease))
    await world.work()
    assert await offered(person) is None
    later(world, 11)
    await world.work()
    assert await offered(person) is not None


async def test_of_all_who_reach_for_it_through_two_processes_one_thing_happens(world: World) -> None:
    await nobody_else(world)
    async with next_door(world) as other:
        for _ in range(3):
            await nobody_else(world)
            resident, person = await world.resident(), await free_driver(world, 200)
            case = await called(world, resident)
            offer = await offered(person)
            assert offer is not None
            path = f"/v1/ride-offers/{offer['id']}/accept"
            replies = await asyncio.gather(
                person.post(path),
                other.meets(person).post(path),
                other.meets(resident).act(case["case_no"], "cancel"),
            )
            state = (await resident.get(f"/v1/cases/{case['case_no']}")).json["state"]
            won = [one.status for one in replies[:2]].count(200)
            assert won <= 1 and state in ("accepted", "cancelled"), [one.body for one in replies]
            row = await world.house.db.reading(lambda reader, who=person: reader.get(DRIVERS, who.id))
            assert row is not None
            assert (row.ride_no, row.offer_id) == (case["case_no"] if state == "accepted" else None, None)


async def test_two_who_call_at_once_never_get_the_same_driver(world: World) -> None:
    await nobody_else(world)
    people = [await free_driver(world, 100 + 50 * one) for one in range(3)]
    residents = [await world.resident() for _ in range(5)]
    async with next_door(world) as other:
        await asyncio.gather(*(one.post("/v1/rides", WISH) for one in residents))
        await asyncio.gather(world.work(), other.work())
    asked = [await offered(one) for one in people]
    assert all(asked) and len({one["id"] for one in asked if one}) == 3
    states = [(await one.get("/v1/cases", kind="ride")).json["items"][0]["state"] for one in residents]
    assert sorted(states) == ["offered"] * 3 + ["requested"] * 2


async def test_a_driver_who_gives_up_or_vanishes_is_replaced_and_not_asked_again(world: World) -> None:
    await nobody_else(world)
    resident, one, two = await world.resident(), await free_driver(world, 100), await free_driver(world, 900)
    case_no = (await taken(world, resident, one))["case_no"]
    assert (await one.act(case_no, "give_up", reason="no")).status == 422
    assert (await one.act(case_no, "give_up", reason="car", note="爆胎")).status == 200
    await world.work()
    assert await offered(one) is None
    offer = await offered(two)
    assert offer is not None
    assert (await two.post(f"/v1/ride-offers/{offer['id']}/accept")).status == 200
    later(world, RULES.vanish_s + 1)
    await world.work()
    seen = (await resident.get(f"/v1/cases/{case_no}")).json
    assert (seen["state"], seen["details"]["give_ups"], seen["worker"]) == ("requested", 2, None)
    assert (await two.get("/v1/driver")).json["on_duty"] is False
    steps = (await resident.get(f"/v1/cases/{case_no}/history")).json["items"]
    assert "lost" in [step["action"] for step in steps]


async def test_it_is_called_off_in_each_state_for_what_was_said_before(world: World) -> None:
    for state, wait, fee in (
        ("offered", 0, 0),
        ("accepted", 60, 0),
        ("accepted", 4 * 60, 300),
        ("arrived", 4 * 60, 300),
    ):
        await nobody_else(world)
        resident, person = await world.resident(), await free_driver(world, 3000)
        case = await called(world, resident)
        if state != "offered":
            offer = await offered(person)
            assert offer is not None
            await person.post(f"/v1/ride-offers/{offer['id']}/accept")
        if state == "arrived":
            await person.act(case["case_no"], "arrive")
        later(world, wait)
        hint = (await resident.get(f"/v1/cases/{case['case_no']}")).json["details"]["cancel_fee_fen"]
        gone = await resident.act(case["case_no"], "cancel")
        assert (gone.json["state"], gone.json["details"]["fee_fen"], hint) == ("cancelled", fee, fee)
        again = await resident.post("/v1/rides", WISH)
        assert again.code == ("fare_owed" if fee else ""), again.body
        if not fee:
            await resident.act(again.json["case_no"], "cancel")


async def test_a_ride_ahead_is_looked_for_before_its_time(world: World) -> None:
    await nobody_else(world)
    resident, person = await world.resident(), await free_driver(world, 100)
    case = await called(world, resident, at=world.at(12, days=0))
    assert case["state"] == "scheduled"
    past = await resident.post("/v1/rides", WISH | {"at": world.at(1, days=-1)})
    assert (past.status, past.code) == (422, "ride_time_past")
    world.clock.advance(timedelta(hours=2, minutes=41))
    assert (await put(person, north(100))).status == 204
    await world.work()
    assert (await offered(person) or {}).get("way_metres") == 5400
    outside = WISH | {"pickup": at(north(99_000)) | {"text": "远方"}}
    assert (await resident.post("/v1/rides", outside)).code == "outside_area"


async def test_what_is_owed_has_to_be_paid_before_the_next_car(world: World) -> None:
    await nobody_else(world)
    resident, person = await world.resident(), await free_driver(world, 100)
    case_no = (await taken(world, resident, person))["case_no"]
    await person.act(case_no, "arrive")
    code = (await resident.get(f"/v1/cases/{case_no}")).json["details"]["code"]
    await person.act(case_no, "board", code=code)
    await person.act(case_no, "complete", metres=60_000)
    await world.work()
    seen = (await resident.get(f"/v1/cases/{case_no}")).json["details"]
    # 12.2 yuan were said: never more than 30 % above.
    assert (seen["fare"]["total_fen"], seen["owed_fen"], seen["paid"]) == (1586, 1586, False)
    assert seen["fare"]["lines"][-1]["name"] == "capped"
    assert (await resident.get(f"/v1/bills/{seen['bill_id']}")).json["amount_fen"] == 1586
    assert (await resident.post("/v1/rides", WISH)).code == "fare_owed"
    assert (await resident.delete("/v1/me")).code == "charge_still_open"
    await world.house.db.atomically(lambda tx: charges.settle_in_cash(tx, case_no, SYSTEM))
    await world.work()
    seen = (await resident.get(f"/v1/cases/{case_no}")).json["details"]
    assert (seen["owed_fen"], seen["paid"]) == (0, True)
    assert (await resident.post("/v1/rides", WISH)).status == 201
    told = [one["text"] for one in (await resident.get("/v1/inbox")).json["items"]]
    assert any("来接您" in one for one in told) and any("已到达，车费 15.86 元" in one for one in told)
    assert (await resident.post(f"/v1/cases/{case_no}/rating", {"stars": 5})).status in (200, 201)


async def test_a_ride_that_waits_for_its_tickets_is_not_looked_for(world: World) -> None:
    await nobody_else(world)
    person = await free_driver(world, 100)

    async def held(resident: Person) -> str:
        found = await world.house.resident(resident.id)
        number = await world.house.case_numbers.next("DC", world.clock.now())
        new = msgspec.convert(WISH, NewRide)
        actor = Actor("resident", resident.id, "", ())

        async def ordered(tx: Any) -> str:
            rules = world.house.settings
            case = await order(tx, actor, found, new, number, "mini_program", rules, held_for="PW-1")
            return case.id

        case_no: str = await world.house.db.atomically(ordered)
        return case_no

    async def moved(case_no: str, action: str, **form: Any) -> str:
        rules = world.house.settings
        move = world.house.db.atomically(
            lambda tx: cases.move(tx, case_no, action, form, SYSTEM, "system", rules)
        )
        return (await move).state

    resident = await world.resident()
    first = await held(resident)
    await world.work()
    assert await offered(person) is None
    assert (await resident.act(first, "cancel")).code == "not_allowed_now"
    assert await moved(first, "drop", reason="没有票") == "cancelled"
    second = await held(resident)
    assert await moved(second, "release") == "requested"
    await world.work()
    assert await offered(person) is not None
