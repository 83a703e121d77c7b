"""The waiting list: who may stand in line, whose turn it is, and that no seat is lost, doubled or passed over."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from schemas.staff import Grant
from server import slots
from server.cases import CASES
from server.kit.clock import SHANGHAI
from server.kit.events import EVENTS
from server.slots import OCCUPANCY, RETURNS
from server.waitlist import WAITLIST
from server.waitlist import line as moving
from tests.doors import Happy, Visit
from tests.houses import next_door
from tests.test_proxies import trusted
from tests.world import Person, Shop, World

OFFERED = "tmpl-waitlist-offered"
TEN_TO_NOON = [[(10 * 60, 12 * 60)]] * 7


async def wait_for(who: Person, shop: Shop, start: str | None = None, **more: Any) -> dict[str, Any]:
    wanted = {"service_id": shop.service_id, **more}
    if "date" not in more:
        wanted["start"] = start or shop.world.at(10)
    reply = await who.post("/v1/waitlist", wanted)
    assert reply.status == 201, reply.body
    entry: dict[str, Any] = reply.json
    return entry


async def seen(who: Person, entry: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await who.get(f"/v1/waitlist/{entry['id']}")).json
    return found


async def full_shop(world: World, capacity: int = 1, **service: Any) -> tuple[Shop, list[tuple[Person, str]]]:
    """A shop whose only time of the day is taken, and who took it with which booking."""
    shop = await world.shop(capacity, **({"weekly": TEN_TO_NOON} | service))
    taken = []
    for _ in range(capacity):
        resident = await world.resident()
        taken.append((resident, (await shop.booked(resident))["case_no"]))
    return shop, taken


async def queue_of(world: World, shop: Shop, count: int) -> list[tuple[Person, dict[str, Any]]]:
    """Residents in line, in the order of joining."""
    people = []
    for _ in range(count):
        resident = await world.resident()
        people.append((resident, await wait_for(resident, shop)))
    return people


async def cancel(who: Person, case_no: str) -> None:
    assert (await who.act(case_no, "cancel")).status == 200


async def states(line: list[tuple[Person, dict[str, Any]]]) -> list[str]:
    return [(await seen(who, entry))["state"] for who, entry in line]


async def busy(world: World, shop: Shop) -> int:
    """The most people that are counted at one time."""
    days = await world.house.db.reading(lambda reader: reader.all(OCCUPANCY, {}, limit=500))
    mine = [one for one in days if one.id.startswith(f"{shop.pool_id}|")]
    return max((count for one in mine for count in one.cells.values()), default=0)


async def open_cases(world: World, shop: Shop) -> int:
    where = {"provider_id": shop.provider_id, "open": True}
    return await world.house.db.reading(lambda reader: reader.count(CASES, where))


async def waiting_on(world: World, shop: Shop) -> int:
    days = await world.house.db.reading(lambda reader: reader.all(OCCUPANCY, {}, limit=500))
    return sum(one.waiting for one in days if one.id.startswith(f"{shop.pool_id}|"))


async def nothing_kept_back(world: World, shop: Shop) -> bool:
    where = {"day_id": {"$regex": f"^{shop.pool_id}\\|"}}
    return await world.house.db.reading(lambda reader: reader.count(RETURNS, where)) == 0


async def visit_join(world: World) -> Visit:
    shop, _ = await full_shop(world)
    body = {"service_id": shop.service_id, "start": world.at(10)}
    return Visit(who=await world.resident(), path="/v1/waitlist", body=body)


async def visit_list(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/waitlist")


async def visit_entry(world: World) -> Visit:
    shop, _ = await full_shop(world)
    resident = await world.resident()
    entry = await wait_for(resident, shop)
    return Visit(who=resident, path=f"/v1/waitlist/{entry['id']}", stranger=await world.resident())


HAPPY: Happy = {
    ("POST", "/v1/waitlist"): visit_join,
    ("GET", "/v1/waitlist"): visit_list,
    ("GET", "/v1/waitlist/{waiting_id}"): visit_entry,
    ("DELETE", "/v1/waitlist/{waiting_id}"): visit_entry,
}


# Standing in line.


async def test_one_waits_for_a_full_time_and_knows_how_many_are_ahead(world: World) -> None:
    shop, _ = await full_shop(world)

    (_, first), (second, entry) = await queue_of(world, shop, 2)

    assert (first["state"], first["ahead"], entry["ahead"]) == ("waiting", 0, 1)
    assert "您排在第一位" in first["sentence"]
    assert "前面还有 1 位" in entry["sentence"]
    mine = (await second.get("/v1/waitlist")).json["items"]
    assert [one["id"] for one in mine] == [entry["id"]]


async def test_nobody_waits_for_what_is_free(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    for wish in ({"start": world.at(10)}, {"date": world.at(10)[:10]}):
        reply = await resident.post("/v1/waitlist", {"service_id": shop.service_id, **wish})
        assert (reply.status, reply.code) == (409, "still_free")


async def test_a_wish_is_for_a_time_or_for_a_day(world: World) -> None:
    shop, _ = await full_shop(world)
    resident = await world.resident()
    for wish in ({}, {"start": world.at(10), "date": world.at(10)[:10]}):
        reply = await resident.post("/v1/waitlist", {"service_id": shop.service_id, **wish})
        assert (reply.status, reply.code) == (422, "start_or_date")


async def test_what_is_not_offered_cannot_be_waited_for(world: World) -> None:
    shop, _ = await full_shop(world)
    resident = await world.resident()
    for wish, code in (
        ({"start": world.at(15)}, "slot_not_offered"),
        ({"start": world.at(10, days=30)}, "slot_too_far"),
        ({"date": world.at(10, days=-1)[:10]}, "slot_in_past"),
    ):
        reply = await resident.post("/v1/waitlist", {"service_id": shop.service_id, **wish})
        assert (reply.status, reply.code) == (409, code)


async def test_a_resident_stands_in_a_days_line_once_also_when_asking_twice_at_once(world: World) -> None:
    shop, _ = await full_shop(world)
    resident = await world.resident()
    wanted = {"service_id": shop.service_id, "start": world.at(10)}

    replies = await asyncio.gather(*(resident.post("/v1/waitlist", wanted) for _ in range(4)))

    assert sorted(one.status for one in replies) == [201, 409, 409, 409]
    assert {one.code for one in replies if one.status == 409} == {"already_waiting"}
    assert await waiting_on(world, shop) == 1


async def test_who_left_may_come_again_at_the_end_of_the_line(world: World) -> None:
    shop, _ = await full_shop(world)
    (first, entry), _ = await queue_of(world, shop, 2)

    left = await first.delete(f"/v1/waitlist/{entry['id']}")
    again = await wait_for(first, shop)

    assert (left.status, left.json["state"]) == (200, "left")
    assert again["ahead"] == 1
    assert (await first.delete(f"/v1/waitlist/{entry['id']}")).code == "no_longer_waiting"
    assert await waiting_on(world, shop) == 2


async def test_the_desk_puts_a_resident_in_line_and_staff_see_what_is_theirs(world: World) -> None:
    shop, _ = await full_shop(world)
    resident, operator = await world.resident(), await world.staff(Grant(role="operator"))
    elsewhere = await world.staff(Grant(role="clerk", community_id="elsewhere"))

    entry = await wait_for(operator, shop, resident_id=resident.id)

    assert (await seen(resident, entry))["resident_id"] == resident.id
    found = (await shop.manager.get("/v1/waitlist", open=True)).json["items"]
    assert [one["id"] for one in found] == [entry["id"]]
    assert (await elsewhere.get("/v1/waitlist")).json["items"] == []
    assert (await elsewhere.get(f"/v1/waitlist/{entry['id']}")).status == 404


async def test_who_holds_a_proxy_waits_for_their_family(world: World) -> None:
    shop, _ = await full_shop(world)
    mother, son, stranger = await world.resident(), await world.resident(), await world.resident()
    await trusted(mother, son)
    wanted, hers = {"service_id": shop.service_id, "start": world.at(10)}, {"X-On-Behalf-Of": mother.id}

    entry = await world.call("POST", "/v1/waitlist", wanted, token=son.token, headers=hers)

    assert (entry.status, entry.json["resident_id"]) == (201, mother.id)
    assert (await seen(son, entry.json))["id"] == (await seen(mother, entry.json))["id"] == entry.json["id"]
    refused = await world.call("POST", "/v1/waitlist", wanted, token=stranger.token, headers=hers)
    assert (refused.status, refused.code) == (422, "not_for_others")


# Whose turn it is.


async def test_the_first_in_line_gets_the_seat_held_and_takes_it(world: World) -> None:
    shop, [(leaver, case_no)] = await full_shop(world)
    line = await queue_of(world, shop, 2)
    who, entry = line[0]
    await world.control("subscribe", openid=who.openid, template_id=OFFERED, result="accept")

    await cancel(leaver, case_no)
    await world.work()

    offer = await seen(who, entry)
    case = (await who.get(f"/v1/cases/{offer['case_no']}")).json
    assert await states(line) == ["offered", "waiting"]
    assert (case["state"], case["channel"]) == ("held", "system")
    left = datetime.fromisoformat(case["expires_at"]) - world.clock.now()
    assert left == timedelta(minutes=world.house.settings.waitlist.offer_minutes)
    assert "prolong" not in [one["name"] for one in case["actions"]]
    message = (await who.get("/v1/inbox")).json["items"][0]
    assert message["case_no"] == offer["case_no"] and "有空位了" in message["text"]
    assert message["delivery"] == "sent"

    assert (await who.act(offer["case_no"], "submit")).status == 200
    await world.work()
    assert await states(line) == ["taken", "waiting"]
    assert await busy(world, shop) == 1


async def test_nobody_gets_in_between_a_seat_that_came_back_and_the_line(world: World) -> None:
    shop, [(leaver, case_no)] = await full_shop(world)
    line = await queue_of(world, shop, 1)
    passer_by = await world.resident()

    await cancel(leaver, case_no)
    reply = await passer_by.post("/v1/bookings", shop.wish(world.at(10)))

    assert (reply.status, reply.code) == (409, "slot_taken")
    await world.work()
    assert await states(line) == ["offered"]


async def test_a_declined_seat_goes_to_the_next(world: World) -> None:
    shop, [(leaver, case_no)] = await full_shop(world)
    line = await queue_of(world, shop, 3)
    await cancel(leaver, case_no)
    await world.work()
    who, entry = line[0]

    await cancel(who, (await seen(who, entry))["case_no"])
    await world.work()

    assert await states(line) == ["declined", "offered", "waiting"]
    assert await busy(world, shop) == 1


async def test_an_offer_that_lapses_goes_to_the_next_until_the_line_is_empty(world: World) -> None:
    shop, [(leaver, case_no)] = await full_shop(world)
    line = await queue_of(world, shop, 2)
    await cancel(leaver, case_no)
    await world.work()
    passed = []
    for _ in range(2):
        world.clock.advance(timedelta(minutes=16))
        world.clock.set(min(world.clock.now(), datetime.fromisoformat(world.at(10)) - timedelta(hours=2)))
        await world.work()
        passed.append(await states(line))

    assert passed == [["lapsed", "offered"], ["lapsed", "lapsed"]]
    assert await busy(world, shop) == 0
    assert (await (await world.resident()).post("/v1/bookings", shop.wish(world.at(10)))).status == 201


async def test_two_seats_that_come_back_are_two_offers(world: World) -> None:
    shop, taken = await full_shop(world, capacity=2)
    line = await queue_of(world, shop, 3)

    for who, case_no in taken:
        await cancel(who, case_no)
    await world.work()

    assert await states(line) == ["offered", "offered", "waiting"]
    assert await busy(world, shop) == 2


async def test_who_leaves_while_a_seat_is_kept_gives_it_to_the_next(world: World) -> None:
    shop, [(leaver, case_no)] = await full_shop(world)
    line = await queue_of(world, shop, 2)
    await cancel(leaver, case_no)
    await world.work()
    who, entry = line[0]
    offered = (await seen(who, entry))["case_no"]

    assert (await who.delete(f"/v1/waitlist/{entry['id']}")).json["state"] == "left"
    await world.work()

    assert await states(line) == ["left", "offered"]
    assert (await who.get(f"/v1/cases/{offered}")).json["state"] == "cancelled"


async def test_when_nobody_waits_any_more_what_comes_back_is_for_everybody_at_once(world: World) -> None:
    shop, [(leaver, case_no)] = await full_shop(world)
    [(who, entry)] = await queue_of(world, shop, 1)
    assert (await who.delete(f"/v1/waitlist/{entry['id']}")).json["state"] == "left"
    await cancel(leaver, case_no)

    booked = await (await world.resident()).post("/v1/bookings", shop.wish(world.at(10)))

    assert booked.status == 201, booked.body


async def test_an_event_told_twice_changes_nothing(world: World) -> None:
    shop, [(leaver, case_no)] = await full_shop(world)
    line = await queue_of(world, shop, 2)
    await cancel(leaver, case_no)
    await world.work()
    first, entry = line[0]
    await cancel(first, (await seen(first, entry))["case_no"])
    await world.work()

    async def again(tx: Any) -> None:
        await tx.change_all(EVENTS, {}, {"$set": {"due_at": tx.now}})

    await world.house.db.alone(again)
    await world.work()

    assert await states(line) == ["declined", "offered"]
    assert await open_cases(world, shop) == await busy(world, shop) == 1


async def test_a_whole_day_is_offered_the_time_that_came_back(world: World) -> None:
    shop, resident = (
        await world.shop(1, weekly=[[(10 * 60, 14 * 60)]] * 7, step_min=120),
        await world.resident(),
    )
    leaver, stayer = await world.resident(), await world.resident()
    await shop.booked(stayer, world.at(10))
    case = await shop.booked(leaver, world.at(12))
    entry = await wait_for(resident, shop, date=world.at(10)[:10])

    await cancel(leaver, case["case_no"])
    await world.work()

    offered = await seen(resident, entry)
    held = (await resident.get(f"/v1/cases/{offered['case_no']}")).json
    assert held["details"]["start"] == world.at(12)


async def test_who_moves_to_another_time_or_is_refused_leaves_the_seat_to_the_line(world: World) -> None:
    shop = await world.shop(2, weekly=[[(10 * 60, 14 * 60)]] * 7, step_min=120)
    mover, refused = await world.resident(), await world.resident()
    moved, rejected = await shop.booked(mover), await shop.booked(refused)
    line = await queue_of(world, shop, 3)

    assert (await mover.act(moved["case_no"], "reschedule", start=world.at(12))).status == 200
    await world.work()
    after_the_move = await states(line)
    assert (await shop.manager.act(rejected["case_no"], "reject", reason="没有人")).status == 200
    await world.work()

    assert after_the_move == ["offered", "waiting", "waiting"]
    assert await states(line) == ["offered", "offered", "waiting"]


async def test_a_seat_that_does_not_suit_the_first_goes_to_the_first_it_suits(world: World) -> None:
    shop = await world.shop(1, weekly=[[(10 * 60, 14 * 60)]] * 7, step_min=120)
    leaver, stayer = await world.resident(), await world.resident()
    await shop.booked(stayer, world.at(10))
    case = await shop.booked(leaver, world.at(12))
    at_ten, at_twelve = await world.resident(), await world.resident()
    line = [
        (at_ten, await wait_for(at_ten, shop, world.at(10))),
        (at_twelve, await wait_for(at_twelve, shop, world.at(12))),
    ]

    await cancel(leaver, case["case_no"])
    await world.work()

    assert await states(line) == ["waiting", "offered"]


async def test_a_seat_that_suits_nobody_is_free_for_everyone(world: World) -> None:
    shop = await world.shop(1, weekly=[[(10 * 60, 14 * 60)]] * 7, step_min=120)
    leaver, stayer = await world.resident(), await world.resident()
    await shop.booked(stayer, world.at(10))
    case = await shop.booked(leaver, world.at(12))
    await wait_for(await world.resident(), shop, world.at(10))

    await cancel(leaver, case["case_no"])
    await world.work()

    assert await nothing_kept_back(world, shop)
    assert (await (await world.resident()).post("/v1/bookings", shop.wish(world.at(12)))).status == 201


async def test_when_the_day_comes_the_wait_ends_and_is_told(world: World) -> None:
    shop, _ = await full_shop(world)
    [(who, entry)] = await queue_of(world, shop, 1)
    await world.control("subscribe", openid=who.openid, template_id=OFFERED, result="accept")

    world.clock.set(datetime.fromisoformat(entry["start"]).astimezone(SHANGHAI) - timedelta(minutes=59))
    await world.work()

    assert (await seen(who, entry))["state"] == "missed"
    message = (await who.get("/v1/inbox")).json["items"][0]
    assert "没有等到" in message["text"] and message["delivery"] == "sent"
    assert await waiting_on(world, shop) == 0


async def test_more_people_in_the_pool_are_offered_to_the_line_too(world: World) -> None:
    shop, _ = await full_shop(world)
    line = await queue_of(world, shop, 2)
    pool = slots.catalogue.Pool(id=shop.pool_id, provider_id=shop.provider_id, name="保洁组", capacity=2)
    await world.put(slots.catalogue.POOLS, pool)

    world.clock.advance(timedelta(minutes=world.house.settings.waitlist.look_minutes))
    await world.work()

    assert await states(line) == ["offered", "waiting"]


async def test_who_cannot_be_served_any_more_is_told_and_the_next_gets_the_seat(world: World) -> None:
    shop, [(leaver, case_no)] = await full_shop(world)
    line = await queue_of(world, shop, 2)
    who, entry = line[0]

    async def moved_away(tx: Any) -> None:
        gone = {"compound_id": "gone", "room": ""}
        await tx.change(WAITLIST, {"_id": entry["id"]}, {"$set": {"address": gone}})

    await world.house.db.alone(moved_away)
    await cancel(leaver, case_no)
    await world.work()

    assert await states(line) == ["refused", "offered"]
    assert "没有这个小区" in (await seen(who, entry))["sentence"]


# Under load and under the knife.


async def test_all_who_join_at_once_get_a_place_of_their_own(world: World) -> None:
    shop, _ = await full_shop(world)
    people = [await world.resident() for _ in range(24)]
    async with next_door(world) as other:
        through = [other.meets(one) if number % 2 else one for number, one in enumerate(people)]
        entries = await asyncio.gather(*(wait_for(one, shop) for one in through))

    where = {"_id": {"$in": [one["id"] for one in entries]}}
    stored = await world.house.db.reading(lambda reader: reader.all(WAITLIST, where, limit=50))
    assert sorted(one.ticket for one in stored) == list(range(1, 25))
    assert await waiting_on(world, shop) == 24


async def test_looking_at_the_line_again_spends_no_case_numbers(world: World) -> None:
    shop, _ = await full_shop(world)
    await queue_of(world, shop, 3)
    numbers, now, day = world.house.case_numbers, world.clock.now(), f"{shop.pool_id}|{world.at(10)[:10]}"
    before = await numbers.next("HB", now)

    assert not await moving._pass(world.house, day, None)

    after = await numbers.next("HB", now)
    assert int(after[-7:-1]) == int(before[-7:-1]) + 1


async def test_a_storm_of_cancellations_loses_no_seat_and_sells_none_twice(world: World) -> None:
    shop, taken = await full_shop(world, capacity=10)
    line = await queue_of(world, shop, 30)

    async with next_door(world) as other:
        storm = [cancel(who, case_no) for who, case_no in taken]
        await asyncio.gather(*storm, world.work(), other.work(), world.work())
        await asyncio.gather(world.work(), other.work())
    await world.work()

    assert await states(line) == ["offered"] * 10 + ["waiting"] * 20
    assert await busy(world, shop) == await open_cases(world, shop) == 10
    assert await nothing_kept_back(world, shop)
    assert await waiting_on(world, shop) == 20


async def test_a_worker_that_dies_between_the_steps_leaves_the_rest_to_the_next(
    world: World, monkeypatch: Any
) -> None:
    shop, taken = await full_shop(world, capacity=2)
    line = await queue_of(world, shop, 2)
    for who, case_no in taken:
        await cancel(who, case_no)
    one_pass, calls = moving._pass, iter(range(100))

    async def killed(*arguments: Any) -> bool:
        if next(calls) in (1, 3):
            raise RuntimeError("killed")
        return await one_pass(*arguments)

    monkeypatch.setattr(moving, "_pass", killed)
    await world.work()
    for _ in range(3):
        world.clock.advance(timedelta(seconds=90))
        await world.work()

    assert await states(line) == ["offered", "offered"]
    assert await busy(world, shop) == await open_cases(world, shop) == 2
    assert await nothing_kept_back(world, shop)
