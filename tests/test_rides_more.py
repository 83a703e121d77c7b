"""A ride when something goes otherwise: a wrong code, nobody there, a driver who vanishes or goes home, somebody else
who orders or sends."""

import asyncio
from datetime import timedelta
from typing import Any

from schemas.drivers import Vehicle
from schemas.staff import Grant
from server.config import Rides
from server.drivers import DRIVERS
from server.kit.events import EVENTS, history_of
from server.positions import POSITIONS, travelled
from server.rides.stored import RIDE_OFFERS
from server.staff import STAFF
from tests.houses import next_door
from tests.riding import CAR, later, north, put
from tests.test_proxies import family, trusted
from tests.test_rides import WISH, called, free_driver, nobody_else, offered, taken
from tests.test_start_code import wrong
from tests.world import Person, World

RULES = Rides()


async def code_of(resident: Person, case_no: str) -> str:
    code: str = (await resident.get(f"/v1/cases/{case_no}")).json["details"]["code"]
    return code


async def on_board(world: World, resident: Person, person: Person, **more: Any) -> str:
    case_no: str = (await taken(world, resident, person, **more))["case_no"]
    assert (await person.act(case_no, "arrive")).status == 200
    code = await code_of(resident, case_no)
    assert (await person.act(case_no, "board", code=code)).json["state"] == "on_board"
    return case_no


async def steps(who: Person, case_no: str) -> list[str]:
    found = (await who.get(f"/v1/cases/{case_no}/history")).json["items"]
    return [one["action"] for one in found]


async def heard(world: World, who: Person, path: str = "/v1/inbox") -> list[dict[str, Any]]:
    await world.work()
    items: list[dict[str, Any]] = (await who.get(path)).json["items"]
    return items


async def test_five_wrong_codes_lock_the_ride_and_its_passenger_hears_of_it(world: World) -> None:
    await nobody_else(world)
    resident, person = await world.resident(), await free_driver(world, 100)
    case_no = (await taken(world, resident, person))["case_no"]
    await person.act(case_no, "arrive")
    code = await code_of(resident, case_no)
    tried = await asyncio.gather(*(person.act(case_no, "board", code=one) for one in wrong(code)[:8]))
    assert sorted(one.code for one in tried) == ["start_code_locked"] * 4 + ["wrong_start_code"] * 4
    locked = await person.act(case_no, "board", code=code)
    assert (locked.status, locked.code) == (409, "start_code_locked"), "the right one has to wait too"
    assert "乘车口令" in locked.json["error"]["message"]
    assert any("输错" in one["text"] for one in await heard(world, resident))
    assert (
        "请不要把口令告诉任何人"
        in (await resident.get(f"/v1/cases/{case_no}")).json["details"]["code_warning"]
    )
    later(world, 15 * 60)
    assert (await person.act(case_no, "board", code=code)).json["state"] == "on_board"


async def test_who_is_not_there_pays_what_was_agreed_but_not_before_the_time_was_waited(world: World) -> None:
    await nobody_else(world)
    resident, person = await world.resident(), await free_driver(world, 100)
    at = (world.clock.now() + timedelta(minutes=15)).isoformat()
    case_no = (await taken(world, resident, person, at=at))["case_no"]
    await person.act(case_no, "arrive")
    note = {"note": "等了，打了两次电话"}
    later(world, RULES.no_show_minutes * 60 + 1)
    early = await person.act(case_no, "no_show", **note)
    assert (early.status, early.code) == (409, "passenger_may_come"), "who comes early waits on their own"
    assert "9:25" in early.json["error"]["message"]
    assert (await person.act(case_no, "no_show")).status == 422
    later(world, 15 * 60)
    gone = await person.act(case_no, "no_show", **note)
    assert (gone.status, gone.json["state"]) == (200, "no_show"), gone.body
    assert (gone.json["details"]["fee_fen"], gone.json["details"]["paid"]) == (RULES.no_show_fee_fen, False)
    assert (await person.get("/v1/driver")).json["ride"] is None
    inbox = await heard(world, resident)
    assert any("按约定收 5.00 元" in one["text"] for one in inbox), inbox
    seen = (await resident.get(f"/v1/cases/{case_no}")).json["details"]
    assert (seen["owed_fen"], seen["no_show_note"]) == (500, note["note"])
    assert (await resident.get(f"/v1/bills/{seen['bill_id']}")).json["amount_fen"] == 500
    assert (await resident.post("/v1/rides", WISH)).code == "fare_owed"


async def test_with_the_passenger_on_board_a_silent_phone_is_told_to_dispatchers_and_nothing_is_lost(
    world: World,
) -> None:
    await nobody_else(world)
    dispatcher = await world.staff(Grant(role="dispatcher"))
    resident, person = await world.resident(), await free_driver(world, 100)
    case_no = await on_board(world, resident, person)
    for _ in range(2):
        later(world, RULES.vanish_s + 1)
        inbox = await heard(world, dispatcher, "/v1/staff/inbox")
        assert [one["title"] for one in inbox].count("行程中失去位置") == 1, "once, however long it lasts"
    seen = (await resident.get(f"/v1/cases/{case_no}")).json
    assert (seen["state"], seen["worker"]["id"]) == ("on_board", person.id)
    assert (await steps(resident, case_no)).count("out_of_sight") == 1
    page = (await person.get("/v1/driver")).json
    assert (page["on_duty"], page["ride"]["case_no"]) == (True, case_no)
    done = await person.act(case_no, "complete", cash=True)
    assert (done.json["state"], done.json["details"]["fare"]["total_fen"]) == ("completed", 1220)


async def test_a_dispatcher_sends_somebody_and_who_was_asked_is_free_again(world: World) -> None:
    await nobody_else(world)
    resident, asked, sent = (
        await world.resident(),
        await free_driver(world, 100),
        await free_driver(world, 5000),
    )
    dispatcher, bare = await world.staff(Grant(role="dispatcher")), await world.staff(Grant(role="driver"))
    case_no = (await called(world, resident))["case_no"]
    offer = await offered(asked)
    assert offer is not None
    for driver_id, status, code in (
        (dispatcher.id, 404, "driver_not_found"),
        (bare.id, 409, "vehicle_missing"),
    ):
        reply = await dispatcher.act(case_no, "assign", driver_id=driver_id)
        assert (reply.status, reply.code) == (status, code)
    assert (await resident.act(case_no, "assign", driver_id=sent.id)).code == "not_allowed_now"
    given = await dispatcher.act(case_no, "assign", driver_id=sent.id)
    assert (given.status, given.json["state"], given.json["worker"]["id"]) == (200, "accepted", sent.id)
    assert given.json["details"]["eta_at"] is not None, "how long they need is known from where they are"
    assert (await asked.post(f"/v1/ride-offers/{offer['id']}/accept")).code == "ride_gone"
    page = (await asked.get("/v1/driver")).json
    assert (page["on_duty"], page["offer"]) == (True, None)
    other = await world.resident()
    second = (await called(world, other))["case_no"]
    assert (await offered(asked) or {}).get("state") == "open", "and is asked about the next"
    busy = await dispatcher.act(second, "assign", driver_id=sent.id)
    assert (busy.status, busy.code, busy.json["error"]["field"]) == (409, "driver_busy", "driver_id")
    assert (await other.get(f"/v1/cases/{second}")).json["state"] == "offered", "nothing has changed"
    same = await dispatcher.act(second, "assign", driver_id=asked.id)
    assert (same.status, same.json["worker"]["id"]) == (200, asked.id), "who is asked may be sent as well"


async def test_before_somebody_has_taken_it_calling_off_is_free(world: World) -> None:
    await nobody_else(world)
    resident = await world.resident()
    for more, state in (({"at": world.at(12, days=0)}, "scheduled"), ({}, "requested")):
        case = await called(world, resident, **more)
        assert (case["state"], case["details"]["cancel_fee_fen"]) == (state, 0)
        assert case["details"]["cancel_text"] == "现在取消不收费"
        later(world, 4 * 60)
        gone = await resident.act(case["case_no"], "cancel", reason="不去了")
        assert (gone.json["state"], gone.json["details"]["fee_fen"]) == ("cancelled", 0)
        assert gone.json["sentence"] == "已取消，不收费" and gone.json["details"]["paid"]
    person = await free_driver(world, 100)
    await world.work()
    assert await offered(person) is None, "nobody is looked for any more"


async def test_a_driver_is_late_by_what_was_agreed_and_not_by_how_soon_they_could_come(world: World) -> None:
    await nobody_else(world)
    resident, person = await world.resident(), await free_driver(world, 100)
    at = (world.clock.now() + timedelta(minutes=19)).isoformat()
    case = await taken(world, resident, person, at=at)
    case_no = case["case_no"]
    assert "大约 9:19 到" in case["sentence"]
    for minutes, fee in ((15, 300), (10, 300), (5, 0)):
        later(world, minutes * 60)
        seen = (await resident.get(f"/v1/cases/{case_no}")).json["details"]
        assert seen["cancel_fee_fen"] == fee, minutes


async def test_family_and_the_telephone_order_for_who_will_ride(world: World) -> None:
    await nobody_else(world)
    (mother, son), operator = await family(world), await world.staff(Grant(role="operator"))
    wish = WISH | {"resident_id": mother.id}
    assert (await son.post("/v1/rides", wish)).code == "not_for_others"
    await trusted(mother, son)
    mine = await son.post("/v1/rides", wish)
    assert (mine.status, mine.json["behalf_text"]) == (201, "替 王桂英 办的"), mine.body
    case_no = mine.json["case_no"]
    assert mine.json["details"]["code"] == await code_of(mother, case_no), "who orders can read it out to her"
    assert (await mother.get(f"/v1/cases/{case_no}")).json["behalf_text"] == "由 李强 代您办的"
    assert (await mother.post("/v1/rides", WISH)).code == "already_riding"
    assert (await son.post("/v1/rides", WISH)).status == 201, "his own is another one"
    assert (await son.act(case_no, "cancel")).json["state"] == "cancelled"

    assert (await operator.post("/v1/rides", WISH)).code == "resident_needed"
    contact = {"name": "王桂英", "phone": "13947700009"}
    called_for = await operator.post("/v1/rides", wish | {"contact": contact, "pay": "cash"})
    assert (called_for.status, called_for.json["channel"]) == (201, "phone"), called_for.body
    case_no, details = called_for.json["case_no"], called_for.json["details"]
    assert details["code"] and details["contact_phone"] == contact["phone"]
    assert "代您办的" in (await mother.get(f"/v1/cases/{case_no}")).json["behalf_text"]
    assert (await operator.act(case_no, "cancel")).json["state"] == "cancelled"


async def test_what_is_sent_twice_is_done_once(world: World) -> None:
    await nobody_else(world)
    resident, person = await world.resident(), await free_driver(world, 100)
    first = await resident.post("/v1/rides", WISH, key="call-1")
    again = await resident.post("/v1/rides", WISH, key="call-1")
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    other = await resident.post("/v1/rides", WISH | {"people": 2}, key="call-1")
    assert other.status in (409, 422) and other.code != "already_riding"
    case_no = first.json["case_no"]
    await world.work()
    offer = await offered(person)
    assert offer is not None
    path = f"/v1/ride-offers/{offer['id']}/accept"
    mine = await person.post(path, key="take-1")
    assert (mine.status, (await person.post(path, key="take-1")).body) == (200, mine.body)
    assert (await person.post(path, key="take-2")).code == "ride_offer_answered"
    await person.act(case_no, "arrive")
    await person.act(case_no, "board", code=await code_of(resident, case_no))
    done = await person.act(case_no, "complete", key="done-1", cash=True)
    assert (await person.act(case_no, "complete", key="done-1", cash=True)).body == done.body
    assert (await person.get("/v1/driver")).json["today"]["rides"] == 1
    assert await steps(resident, case_no) == ["request", "offer", "accept", "arrive", "board", "complete"]


async def test_a_wheelchair_is_only_fetched_by_a_car_that_takes_it(world: World) -> None:
    await nobody_else(world)
    resident, near, far = (
        await world.resident(),
        await free_driver(world, 100),
        await free_driver(world, 2000),
    )
    lift = Vehicle(plate="蒙K99999", model="福特全顺", colour="白色", wheelchair=True)
    wish = WISH | {"wheelchair": True}
    price = (await resident.post("/v1/ride-estimates", wish)).json
    assert price["wait_minutes"] is None and "没有空车" in price["note"]
    row = await world.house.db.reading(lambda reader: reader.get(DRIVERS, far.id))
    assert row is not None
    row.vehicle = lift
    await world.put(DRIVERS, row)
    price = (await resident.post("/v1/ride-estimates", wish)).json
    assert price["wait_minutes"] >= 1
    assert "wheelchair" in [one["name"] for one in price["lines"]]
    case_no = (await called(world, resident, wheelchair=True))["case_no"]
    offer = await offered(far)
    assert offer is not None and offer["wheelchair"] and await offered(near) is None
    dispatcher = await world.staff(Grant(role="dispatcher"))
    (choice,) = (await dispatcher.get(f"/v1/rides/{case_no}/choices")).json["items"]
    reasons = {one["worker_id"]: one["reasons"] for one in choice["items"]}
    assert (reasons[near.id], reasons[far.id]) == (["车上带不了轮椅"], [])
    assert CAR.wheelchair is False


async def test_the_way_is_paid_by_the_track_and_a_phone_that_told_once_has_seen_no_way(world: World) -> None:
    for spots, metres, source in (((0, 600, 1200, 1800, 2400, 3000), 3000, "track"), ((0,), 5000, "driver")):
        await nobody_else(world)
        resident, person = await world.resident(), await free_driver(world, 100)
        case_no = await on_board(world, resident, person, pay="cash")
        await world.until(lambda no=case_no: _followed_on_board(world, no), "memory to hear of it")
        for spot in spots:
            later(world, 30)
            assert (await put(person, north(spot))).status == 204
        known = await world.house.db.reading(lambda reader, no=case_no: travelled(reader, no))
        assert known == (metres if source == "track" else 0)
        fare = (await person.act(case_no, "complete", metres=5000)).json["details"]["fare"]
        assert (fare["metres"], fare["metres_from"]) == (metres, source)
        # 7 yuan for the first 2.5 km, then 1.8 for each that has begun or been driven.
        assert 700 < fare["total_fen"] < 1220


async def _followed_on_board(world: World, case_no: str) -> bool:
    return (await world.house.trips.known(case_no)).stage == "on_board"


async def test_an_answer_in_the_moment_in_which_its_time_ends_is_taken_or_refused_and_never_both(
    world: World,
) -> None:
    async with next_door(world) as other:
        for turns in range(0, 60, 10):
            await nobody_else(world)
            resident, person = await world.resident(), await free_driver(world, 200)
            case_no = (await called(world, resident))["case_no"]
            offer = await offered(person)
            assert offer is not None
            answer = asyncio.create_task(person.post(f"/v1/ride-offers/{offer['id']}/accept"))
            for _ in range(turns):
                await asyncio.sleep(0)  # a little farther each time
            later(world, RULES.offer_s)
            await asyncio.gather(world.work(), other.work())
            reply = await answer
            await world.work()
            row = await world.house.db.reading(lambda reader, who=person: reader.get(DRIVERS, who.id))
            kept = await world.house.db.reading(lambda reader, no=offer["id"]: reader.get(RIDE_OFFERS, no))
            state = (await resident.get(f"/v1/cases/{case_no}")).json["state"]
            assert row is not None and kept is not None
            if reply.status == 200:
                assert (state, kept.state, row.ride_no, row.missed) == ("accepted", "taken", case_no, 0)
            else:
                assert reply.code in ("ride_offer_expired", "ride_gone"), reply.body
                assert (kept.state, row.ride_no, row.missed) == ("expired", None, 1)
                assert state in ("requested", "offered")


async def test_what_is_asked_of_a_driver_who_goes_home_goes_to_the_next_at_once(world: World) -> None:
    await nobody_else(world)
    resident, near, far = await world.resident(), await free_driver(world, 100), await free_driver(world, 900)
    case_no = (await called(world, resident))["case_no"]
    offer = await offered(near)
    assert offer is not None
    home = await near.post("/v1/driver/duty", {"on": False})
    assert (home.json["on_duty"], home.json["offer"]) == (False, None)
    assert (await put(near, north(100))).code == "not_on_duty", "in this process at once"
    assert (await near.post(f"/v1/ride-offers/{offer['id']}/accept")).code == "ride_gone"
    await world.work()
    assert (await offered(far) or {}).get("pickup") == "绿苑小区东门", "with no time lost"
    row = await world.house.db.reading(lambda reader: reader.get(DRIVERS, near.id))
    kept = await world.house.db.reading(lambda reader: reader.get(RIDE_OFFERS, offer["id"]))
    seen = await world.house.db.reading(lambda reader: reader.get(POSITIONS, near.id))
    assert row is not None and kept is not None and seen is None
    assert (row.offer_id, row.missed, kept.state) == (None, 0, "withdrawn")
    assert await steps(resident, case_no) == ["request", "offer", "take_back", "offer"]
    assert (await near.post("/v1/driver/duty", {"on": False})).status == 200, "said twice it is the same"


async def test_driver_and_passenger_can_call_each_other_only_while_the_ride_is_theirs(world: World) -> None:
    await nobody_else(world)
    resident, person, next_one = (
        await world.resident(),
        await free_driver(world, 100),
        await free_driver(world, 900),
    )
    for one, phone in ((person, "13800001111"), (next_one, "13800002222")):
        kept = world.house.db.reader().recall(STAFF, one.id)
        assert kept is not None
        kept.phone = phone
        await world.put(STAFF, kept)
    case_no = (await taken(world, resident, person, pay="cash"))["case_no"]
    given_up = await person.act(case_no, "give_up", reason="car")
    assert given_up.json["details"]["contact_phone"] == "139****0001", "it is not theirs any more"
    await world.work()
    offer = await offered(next_one)
    assert offer is not None
    await next_one.post(f"/v1/ride-offers/{offer['id']}/accept")
    seen = (await resident.get(f"/v1/cases/{case_no}")).json
    assert seen["worker"]["phone"] == seen["details"]["driver"]["phone"] == "13800002222"
    theirs = (await next_one.get(f"/v1/cases/{case_no}")).json
    assert theirs["details"]["contact_phone"] == "13947700001"
    await next_one.act(case_no, "arrive")
    await next_one.act(case_no, "board", code=await code_of(resident, case_no))
    await next_one.act(case_no, "complete")
    seen = (await resident.get(f"/v1/cases/{case_no}")).json
    assert seen["worker"]["phone"] == seen["details"]["driver"]["phone"] == "138****2222"
    listed = (await resident.get("/v1/cases", kind="ride")).json["items"]
    assert listed[0]["worker"]["phone"] == "138****2222"
    theirs = (await next_one.get(f"/v1/cases/{case_no}")).json
    assert theirs["details"]["contact_phone"] == "139****0001"
    raw = await world.house.db.reading(lambda reader: reader.all(EVENTS, history_of(case_no), limit=50))
    assert "13800002222" not in str(raw)
