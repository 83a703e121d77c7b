"""A ride offered in WeCom: one tap takes it, as on the driver's page, and the card says what became of it."""

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from schemas.staff import Grant
from server.drivers import DRIVERS, Driver
from server.kit.clock import SHANGHAI
from server.rides.stored import RIDE_OFFERS
from server.staff import STAFF
from server.staff_push import NOTICES
from tests.houses import next_door
from tests.riding import CAR, driver, later, north, put
from tests.test_cards import buttons, card_of, lines_of, outcome, said, shown, steps, tap, tap_at
from tests.test_rides import WISH, called, free_driver, nobody_else, offered
from tests.world import Person, World, unique

TITLE = "有人叫车"


async def seen(person: Person, case_no: str) -> dict[str, Any]:
    case: dict[str, Any] = (await person.get(f"/v1/cases/{case_no}")).json
    return case


async def asked(world: World) -> tuple[Person, Person, str]:
    """A passenger, the one driver who is near, and the ride that this one is asked about."""
    await nobody_else(world)
    resident, person = await world.resident(), await free_driver(world, 300)
    return resident, person, (await called(world, resident))["case_no"]


async def test_the_card_says_what_is_needed_to_decide_and_one_tap_takes_the_ride(world: World) -> None:
    await nobody_else(world)
    resident = await world.resident()
    person, van = await driver(world), replace(CAR, wheelchair=True)
    await world.put(DRIVERS, Driver(id=person.id, vehicle=van, on_duty=True))
    assert (await put(person, north(300))).status == 204
    no = (await called(world, resident, wheelchair=True, helper=True))["case_no"]
    offer = await offered(person)
    assert offer is not None
    message = await shown(world, person, TITLE)
    assert (message["msgtype"], buttons(message)) == ("template_card", ["接单", "不接", "看详情"])
    text = message["card"]["sub_title_text"]
    for part in ("离您 300 米", "轮椅、要帮忙", offer["fare_text"], "从绿苑小区东门到火车站", "现在"):
        assert part in text, (part, text)
    until = datetime.fromisoformat(offer["expires_at"]).astimezone(SHANGHAI)
    assert f"请在 {until:%H:%M:%S} 前接单" in text
    assert no not in str(message["card"]), "the number is theirs once the ride is"
    assert message["card"]["card_action"]["url"].endswith("/console/driver")

    notice = await card_of(world, person, no)
    await tap(world, person, notice, "accept")
    assert await outcome(world, person, no) == "您已接单"
    page = (await person.get("/v1/driver")).json
    assert (page["ride"]["case_no"], page["ride"]["state"], page["offer"]) == (no, "accepted", None)
    assert ("accept", "wecom") in await steps(person, no)
    version = page["ride"]["version"]

    await tap_at(world, person, notice, "decline")
    await tap_at(world, person, notice, "accept")
    assert await outcome(world, person, no) == "您已接单"
    message = await shown(world, person, TITLE)
    assert (said(message), buttons(message)) == ("您已接单", [])
    assert (await seen(person, no))["version"] == version

    assert (await resident.act(no, "cancel")).status == 200
    await world.work()
    [line] = await lines_of(world, person)
    assert line.startswith("乘客取消了打车去火车站，您不用去了")
    assert (await person.get("/v1/driver")).json["ride"] is None


async def test_a_tap_that_comes_too_late_says_so_and_the_next_driver_has_a_card(world: World) -> None:
    resident, near, no = await asked(world)
    far = await free_driver(world, 900)
    later(world, 16)
    await tap_at(world, near, await card_of(world, near, no), "accept")
    card = (await card_of(world, near, no)).card
    assert card is not None and not card.open, "also before the offer was seen to have run out"
    assert (await seen(resident, no))["details"]["driver"] is None
    assert await outcome(world, near, no) == "答复的时间已经过了，已去问别的司机"
    assert await outcome(world, far, no) == ""

    await tap(world, far, await card_of(world, far, no), "decline")
    offers = await world.house.db.reading(
        lambda reader: reader.all(RIDE_OFFERS, {"case_no": no}, sort="round", limit=9)
    )
    assert [(one.driver_id, one.state, one.reason) for one in offers[:2]] == [
        (near.id, "expired", None),
        (far.id, "declined", "other"),
    ]
    assert await outcome(world, far, no) == "您已回复不接"


async def test_what_is_answered_elsewhere_or_runs_out_takes_the_buttons_off_the_card(world: World) -> None:
    _, person, no = await asked(world)
    offer = await offered(person)
    assert offer is not None
    declined = await person.post(f"/v1/ride-offers/{offer['id']}/decline", {"reason": "far"})
    assert declined.status == 200
    assert await outcome(world, person, no) == "您没有接：太远"
    assert buttons(await shown(world, person, TITLE)) == []

    _, person, no = await asked(world)
    offer = await offered(person)
    assert offer is not None
    assert (await person.post(f"/v1/ride-offers/{offer['id']}/accept")).status == 200
    assert await outcome(world, person, no) == "您已接单"

    _, person, no = await asked(world)
    first = await card_of(world, person, no)
    later(world, 16)
    await world.work()
    notice = await world.house.db.reading(lambda reader: reader.get(NOTICES, first.id))
    assert notice is not None and notice.card is not None
    assert (notice.card.open, notice.card.outcome) == (False, "答复的时间已经过了，已去问别的司机")

    resident, person, no = await asked(world)
    assert (await resident.act(no, "cancel")).status == 200
    assert await outcome(world, person, no) == "这一单取消了，不用接了"
    await tap_at(world, person, await card_of(world, person, no), "accept")
    assert (await seen(resident, no))["state"] == "cancelled"


async def test_a_ride_given_to_somebody_else_is_not_taken_by_a_tap_at_another_process(world: World) -> None:
    resident, person, no = await asked(world)
    other = await world.staff(Grant(role="driver", provider_id=unique("provider")), name="李强")
    await world.put(DRIVERS, Driver(id=other.id, vehicle=CAR, on_duty=True))
    dispatcher = await world.staff(Grant(role="dispatcher"))
    notice = await card_of(world, person, no)
    assert (await dispatcher.act(no, "assign", driver_id=other.id)).status == 200
    async with next_door(world) as house:
        await tap_at(house, person, notice, "accept")
    assert await outcome(world, person, no) == "已由 李强 接单"
    assert (await seen(resident, no))["details"]["driver"]["id"] == other.id
    assert (await person.get("/v1/driver")).json["ride"] is None


async def test_who_drives_no_more_or_has_another_drivers_card_takes_nothing(world: World) -> None:
    resident, person, no = await asked(world)
    stranger, notice = await free_driver(world, 5000), await card_of(world, person, no)
    await tap_at(world, stranger, notice, "accept")
    assert await outcome(world, person, no) == ""
    member = world.house.db.reader().recall(STAFF, person.id)
    assert member is not None
    await world.put(STAFF, replace(member, grants=[Grant(role="dispatcher")]))
    await tap(world, person, notice, "accept")
    assert await outcome(world, person, no) == "您没有办理这件事的权限"
    assert (await seen(resident, no))["state"] == "offered"


async def test_an_offer_answered_before_its_card_goes_out_is_a_line_that_says_so(world: World) -> None:
    await nobody_else(world)
    resident, person = await world.resident(), await free_driver(world, 300)
    case_no = (await resident.post("/v1/rides", WISH)).json["case_no"]
    queues = [one for one in world.house.worker().queues if one.name != "work_notices"]
    for queue in (*queues, *queues):
        await queue.run_due(world.house.db, "other", world.house.metrics)
    offer = await offered(person)
    assert offer is not None
    assert (await card_of(world, person, case_no)).delivery == "queued"
    assert (await person.post(f"/v1/ride-offers/{offer['id']}/accept")).status == 200
    await world.work()
    message = await shown(world, person, TITLE)
    assert message["msgtype"] == "textcard" and "您已接单" in "".join(message["lines"])
