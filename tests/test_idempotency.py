"""A request that is sent again gets the first answer: nothing is done twice, whatever happened in between."""

import asyncio
from datetime import timedelta

from schemas.staff import Grant
from server.kit.db.idempotency import RECEIPTS
from server.slots import OCCUPANCY
from tests.world import Reply, World, unique

REPLAYED = "Idempotent-Replayed"


def replays(replies: list[Reply]) -> int:
    return sum(one.headers.get(REPLAYED) == "true" for one in replies)


async def receipts(world: World) -> int:
    return await world.house.db.reading(lambda reader: reader.count(RECEIPTS, {}))


async def test_one_key_sent_twenty_times_at_once_books_once(world: World) -> None:
    shop, resident, key = await world.shop(capacity=30), await world.resident(), unique("key")
    wish = shop.wish(world.at(10))

    replies = await asyncio.gather(*(resident.post("/v1/bookings", wish, key=key) for _ in range(20)))

    assert [one.status for one in replies] == [201] * 20
    assert len({one.body for one in replies}) == 1
    assert replays(replies) == 19
    assert len((await resident.get("/v1/cases")).json["items"]) == 1
    day = await world.house.db.reading(lambda reader: reader.all(OCCUPANCY, {}, limit=100))
    mine = next(one for one in day if one.id.startswith(shop.pool_id))
    assert set(mine.cells.values()) == {1}


async def test_without_a_key_every_request_counts(world: World) -> None:
    shop, resident = await world.shop(capacity=3), await world.resident()
    wish = shop.wish(world.at(10))

    replies = [await resident.post("/v1/bookings", wish) for _ in range(4)]

    assert [one.status for one in replies] == [201, 201, 201, 409]
    assert replays(replies) == 0


async def test_one_key_with_another_body_is_refused(world: World) -> None:
    shop, resident, key = await world.shop(), await world.resident(), unique("key")
    assert (await resident.post("/v1/bookings", shop.wish(world.at(10)), key=key)).status == 201

    other_time = await resident.post("/v1/bookings", shop.wish(world.at(14)), key=key)
    impossible = await resident.post("/v1/bookings", shop.wish(world.at(3)), key=key)

    assert (other_time.status, other_time.code) == (409, "idempotency_mismatch")
    assert (impossible.status, impossible.code) == (409, "idempotency_mismatch")
    assert len((await resident.get("/v1/cases")).json["items"]) == 1


async def test_the_same_key_of_somebody_else_is_another_key(world: World) -> None:
    shop, key = await world.shop(), unique("key")
    first, second = await world.resident(), await world.resident()
    wish = shop.wish(world.at(10))

    mine = await first.post("/v1/bookings", wish, key=key)
    theirs = await second.post("/v1/bookings", wish, key=key)

    assert (mine.status, theirs.status) == (201, 201)
    assert mine.json["case_no"] != theirs.json["case_no"]
    assert replays([mine, theirs]) == 0


async def test_the_same_key_at_another_address_is_another_key(world: World) -> None:
    shop, resident, key = await world.shop(), await world.resident(), unique("key")
    case = (await resident.post("/v1/bookings", shop.wish(world.at(10)), key=key)).json

    cancelled = await resident.act(case["case_no"], "cancel", key=key)

    assert (cancelled.status, cancelled.json["state"]) == (200, "cancelled")
    assert REPLAYED not in cancelled.headers


async def test_a_replay_gives_the_first_answer_after_the_case_has_moved_on(world: World) -> None:
    shop, resident, key = await world.shop(), await world.resident(), unique("key")
    wish = shop.wish(world.at(10))
    first = await resident.post("/v1/bookings", wish, key=key)
    assert (await shop.manager.act(first.json["case_no"], "confirm")).status == 200
    assert (await resident.act(first.json["case_no"], "cancel")).status == 200

    again = await resident.post("/v1/bookings", wish, key=key)

    assert (again.status, again.body, again.headers[REPLAYED]) == (201, first.body, "true")


async def test_a_replay_gives_the_first_answer_though_the_slot_is_full_or_past(world: World) -> None:
    shop, resident, key = await world.shop(capacity=1), await world.resident(), unique("key")
    wish = shop.wish(world.at(10))
    first = await resident.post("/v1/bookings", wish, key=key)
    assert first.status == 201
    stranger = await (await world.resident()).post("/v1/bookings", wish)
    assert (stranger.status, stranger.code) == (409, "slot_taken")

    full = await resident.post("/v1/bookings", wish, key=key)
    world.clock.advance(timedelta(days=2))
    past = await resident.post("/v1/bookings", wish, key=key)

    assert (full.status, full.body) == (past.status, past.body) == (201, first.body)
    assert replays([full, past]) == 2


async def test_a_refused_request_leaves_its_key_free(world: World) -> None:
    shop, resident, key = await world.shop(capacity=1), await world.resident(), unique("key")
    other = await shop.booked(await world.resident(), world.at(10))
    wish, before = shop.wish(world.at(10)), await receipts(world)
    assert (await resident.post("/v1/bookings", wish, key=key)).status == 409
    assert (await resident.post("/v1/bookings", {"service_id": shop.service_id}, key=key)).status == 422
    assert await receipts(world) == before

    assert (await shop.manager.act(other["case_no"], "reject", reason="那天没有人")).status == 200
    retried = await resident.post("/v1/bookings", wish, key=key)

    assert retried.status == 201
    assert REPLAYED not in retried.headers


async def test_a_move_sent_twenty_times_at_once_is_made_once(world: World) -> None:
    shop, resident, key = await world.shop(), await world.resident(), unique("key")
    case_no = (await shop.booked(resident))["case_no"]

    replies = await asyncio.gather(*(shop.manager.act(case_no, "confirm", key=key) for _ in range(20)))

    assert [one.status for one in replies] == [200] * 20
    assert len({one.body for one in replies}) == 1
    assert replays(replies) == 19
    steps = (await resident.get(f"/v1/cases/{case_no}/history")).json["items"]
    assert [one["action"] for one in steps] == ["submit", "confirm"]


async def test_the_same_move_under_two_keys_is_refused_the_second_time(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]

    first, second = await asyncio.gather(
        shop.manager.act(case_no, "confirm", key=unique("key")),
        shop.dispatcher.act(case_no, "confirm", key=unique("key")),
    )

    assert sorted((first.status, second.status)) == [200, 409]


async def test_a_key_that_is_none_is_refused(world: World) -> None:
    resident = await world.resident()

    for bad in ("x" * 256, "with space"):
        reply = await resident.post("/v1/inbox/read", key=bad)
        assert (reply.status, reply.code) == (422, "bad_idempotency_key")


async def test_a_phone_code_sent_again_is_not_asked_of_wechat_again(world: World) -> None:
    resident, key = await world.resident(), unique("key")
    code = (await world.control("phone-codes", openid=resident.openid, phone="13947700002"))["code"]
    calls = "/wxa/business/getuserphonenumber"
    first = await resident.post("/v1/me/phone", {"code": code}, key=key)
    asked = (await world.told("stats"))["calls"][calls]

    again = await resident.post("/v1/me/phone", {"code": code}, key=key)

    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert again.headers[REPLAYED] == "true"
    assert (await world.told("stats"))["calls"][calls] == asked


async def test_staff_replay_their_own_answers_too(world: World) -> None:
    shop, resident, key = await world.shop(), await world.resident(), unique("key")
    desk = await world.staff(Grant(role="operator"))
    wish = shop.wish(world.at(10), resident_id=resident.id)

    first = await desk.post("/v1/bookings", wish, key=key)
    again = await desk.post("/v1/bookings", wish, key=key)
    mine = await resident.post("/v1/bookings", shop.wish(world.at(10)), key=key)

    assert (first.status, again.body, again.headers[REPLAYED]) == (201, first.body, "true")
    assert (mine.status, REPLAYED in mine.headers) == (201, False)
