"""The ride to the station goes with the tickets: both are confirmed or neither, and it comes in time."""

from datetime import datetime, timedelta
from typing import Any

from tests.test_trips import again, at, leaves
from tests.ticketing import PRICE, moved, open_office
from tests.world import Person, World

HOME = {"spot": {"lng": 109.98, "lat": 39.82}, "text": "绿苑小区门口"}
STATION = {"spot": {"lng": 109.95, "lat": 39.78}, "text": "东胜西站"}
RIDE = {"pickup": HOME, "dropoff": STATION}


async def ride_of(who: Person, case: dict[str, Any]) -> dict[str, Any]:
    order = (await who.get(f"/v1/cases/{case['case_no']}")).json
    found: dict[str, Any] = (await who.get(f"/v1/cases/{order['details']['ride_no']}")).json
    assert found["part_of"] == case["case_no"]
    return found


async def test_it_is_held_with_the_order_and_comes_in_time_for_the_train_that_was_bought(
    world: World,
) -> None:
    office, owner = await open_office(world), await world.resident()
    case = await office.buying(owner, station_ride=RIDE)
    held = await ride_of(owner, case)
    assert held["state"] == "held" and held["details"]["at"] is None

    case = await moved(office.agent, case, "record", **office.results(case))
    await world.work()
    ride = await ride_of(owner, case)
    assert ride["state"] == "scheduled"
    comes = datetime.fromisoformat(ride["details"]["at"])
    early = leaves(case) - comes
    margin = timedelta(minutes=world.house.settings.tickets.station_margin_minutes)
    assert margin < early < margin + timedelta(minutes=40) and comes.minute % 5 == 0
    told = [one["text"] for one in (await owner.get("/v1/inbox")).json["items"]]
    assert any("去车站的车约好了" in one for one in told), told

    await moved(owner, ride, "cancel")
    assert (await owner.get(f"/v1/cases/{case['case_no']}")).json["state"] == "ticketed"


async def test_a_place_that_no_ride_goes_to_leaves_no_order_either(world: World) -> None:
    office, owner = await open_office(world), await world.resident()
    ids = [await office.passenger(owner)]
    far = RIDE | {"dropoff": STATION | {"spot": {"lng": 116.4, "lat": 39.9}}}

    refused = await owner.post("/v1/tickets", office.wish(ids, station_ride=far))
    assert refused.code == "outside_area"
    assert (await owner.get("/v1/cases")).json["items"] == []


async def test_without_tickets_there_is_no_ride(world: World) -> None:
    office, owner = await open_office(world), await world.resident()
    cancelled = await office.ordered(owner, station_ride=RIDE)
    await moved(owner, cancelled, "cancel")
    failed = await office.buying(owner, station_ride=RIDE)
    await moved(office.agent, failed, "record", **office.results(failed, failed=1))
    await world.work()

    for case in (cancelled, failed):
        assert (await ride_of(owner, case))["state"] == "cancelled"


async def test_it_moves_with_a_changed_ticket_and_goes_with_the_last_that_is_given_back(world: World) -> None:
    office, owner = await open_office(world), await world.resident()
    case = await office.ticketed(owner, station_ride=RIDE)
    await world.work()
    before = datetime.fromisoformat((await ride_of(owner, case))["details"]["at"])
    [one] = [each["id"] for each in case["details"]["passengers"]]
    later = leaves(case) + timedelta(days=1)
    await moved(owner, case, "ask_change", passengers=[one], wish="晚一天")
    offer = {"number": "D6709", "seat_class": "second", "depart_at": later.isoformat(), "price_fen": PRICE}
    await moved(office.agent, case, "offer_change", **offer)
    await moved(owner, case, "accept_change", change_version=1)
    seat = [{"passenger_id": one, "carriage": "02", "seat": "1A"}]
    await moved(office.agent, case, "confirm_bought_change", record_no="E2", results=seat)
    await world.work()
    ride = await ride_of(owner, case)
    assert datetime.fromisoformat(ride["details"]["at"]) - before == timedelta(days=1)

    await moved(owner, case, "ask_refund", passengers=[one])
    await moved(owner, case, "confirm_refund", refund_version=1)
    await moved(office.agent, case, "record_refund")
    await at(world, world.clock.now())
    assert (await ride_of(await again(world, owner), case))["state"] == "cancelled"
