"""When a service can be booked, and that no interleaving sells a seat twice."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tornado.ioloop import IOLoop

from server import slots
from server.catalogue import POOLS, SERVICES, Service
from server.kit.clock import SHANGHAI
from server.kit.db import Database, Follower
from server.slots import OCCUPANCY
from tests.houses import next_door
from tests.ticking import calendar_file, put_in_force
from tests.world import WHOLE_DAY_HOURS, Person, Shop, World, unique

MORNING_AND_AFTERNOON = [(9 * 60, 12 * 60), (14 * 60, 17 * 60)]
WEEKDAYS_ONLY = [MORNING_AND_AFTERNOON] * 5 + [[], []]


async def days(shop: Shop, person: Person | None = None, **query: Any) -> dict[str, dict[str, Any]]:
    """The days of the answer by date."""
    reply = await (person or shop.manager).get(f"/v1/services/{shop.service_id}/slots", **query)
    assert reply.status == 200, reply.body
    return {one["date"]: one for one in reply.json["days"]}


def hour(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(SHANGHAI).strftime("%H:%M")


def times(day: dict[str, Any]) -> list[str]:
    return [hour(one["start"]) for one in day["slots"]]


def free(day: dict[str, Any]) -> dict[str, int]:
    return {hour(one["start"]): one["free"] for one in day["slots"]}


def date_of(world: World, offset: int = 1) -> str:
    return world.at(0, days=offset)[:10]


async def free_tomorrow(shop: Shop) -> dict[str, int]:
    return free((await days(shop))[date_of(shop.world)])


async def counters(world: World, owner: str) -> list[int]:
    found = await world.house.db.reading(lambda reader: reader.all(OCCUPANCY, {}, limit=5000))
    return [count for one in found if one.id.startswith(f"{owner}|") for count in one.cells.values()]


async def refusal(who: Person, shop: Shop, start: str) -> tuple[int, str]:
    reply = await who.post("/v1/bookings", shop.wish(start))
    return reply.status, reply.code


def local(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=SHANGHAI)  # type: ignore[misc, arg-type]


# What is offered.


async def test_slots_lie_within_the_weekly_hours(world: World) -> None:
    world.clock.set(local(2026, 12, 7, 8))  # a Monday without holidays near it
    shop = await world.shop(weekly=WEEKDAYS_ONLY, duration_min=120, step_min=60)

    week = await days(shop, **{"from": "2026-12-08", "days": 7})

    assert times(week["2026-12-08"]) == ["09:00", "10:00", "14:00", "15:00"]
    assert times(week["2026-12-11"]) == ["09:00", "10:00", "14:00", "15:00"]
    assert (times(week["2026-12-12"]), week["2026-12-12"]["note"]) == ([], "休息")
    assert times(week["2026-12-13"]) == []
    assert len(times(week["2026-12-14"])) == 4
    first = week["2026-12-08"]["slots"][0]
    assert datetime.fromisoformat(first["end"]) - datetime.fromisoformat(first["start"]) == timedelta(hours=2)


async def test_an_override_takes_the_place_of_a_dates_hours(world: World) -> None:
    closed, short = date_of(world, 1), date_of(world, 2)
    overrides: dict[str, Any] = {closed: [], short: [(9 * 60, 11 * 60)]}
    shop = await world.shop(overrides=overrides, duration_min=60)
    resident = await world.resident()

    answer = await days(shop)

    assert times(answer[closed]) == []
    assert times(answer[short]) == ["09:00", "10:00"]
    assert await refusal(resident, shop, world.at(9, days=1)) == (409, "slot_not_offered")
    assert await refusal(resident, shop, world.at(11, days=2)) == (409, "slot_not_offered")
    assert (await refusal(resident, shop, world.at(10, days=2)))[0] == 201


async def test_a_holiday_is_closed_unless_the_service_opens_on_holidays(world: World) -> None:
    resident = await world.resident()
    closed, opened = await world.shop(open_on_holidays=False), await world.shop(open_on_holidays=True)
    special = await world.shop(open_on_holidays=False, overrides={"2026-10-02": WHOLE_DAY_HOURS})
    world.clock.set(local(2026, 9, 28, 9))
    national_day = local(2026, 10, 1, 10).isoformat()

    answer = await days(closed, resident)

    assert (times(answer["2026-10-01"]), answer["2026-10-01"]["note"]) == ([], "节假日休息")
    assert times(answer["2026-10-04"]) == []  # a Sunday within the holiday
    assert times(answer["2026-09-30"]) and times(answer["2026-10-08"])
    assert await refusal(resident, closed, national_day) == (409, "slot_not_offered")
    assert times((await days(opened, resident))["2026-10-01"])
    assert (await refusal(resident, opened, national_day))[0] == 201
    assert times((await days(special, resident))["2026-10-02"])


async def test_a_make_up_working_day_is_open_and_ordinary_weekends_follow_the_hours(world: World) -> None:
    resident = await world.resident()
    shop = await world.shop(open_on_holidays=False)
    world.clock.set(local(2026, 10, 8, 9))

    answer = await days(shop, resident)

    assert times(answer["2026-10-10"])  # a Saturday that makes up for the holiday
    assert times(answer["2026-10-11"])  # an ordinary Sunday
    assert times(answer["2026-10-17"])


async def test_the_lead_time_is_kept_to_the_minute(world: World) -> None:
    shop = await world.shop(lead_time_min=90, duration_min=60, step_min=30)
    resident = await world.resident()
    today = date_of(world, 0)

    assert times((await days(shop))[today])[0] == "10:30"
    assert await refusal(resident, shop, world.at(10, days=0)) == (409, "slot_too_soon")
    assert await refusal(resident, shop, world.at(8, days=0)) == (409, "slot_in_past")
    assert (await refusal(resident, shop, world.at(10, 30, days=0)))[0] == 201

    world.clock.advance(timedelta(minutes=1))
    assert times((await days(shop))[today])[0] == "11:00"
    assert await refusal(resident, shop, world.at(10, 30, days=0)) == (409, "slot_too_soon")

    world.clock.advance(timedelta(hours=10))
    assert (await days(shop))[today]["note"] == "今天已来不及"


async def test_nothing_beyond_the_horizon_can_be_booked(world: World) -> None:
    shop = await world.shop(horizon_days=3)
    resident = await world.resident()

    answer = await days(shop, days=5)

    assert [bool(times(one)) for one in answer.values()] == [True, True, True, False, False]
    assert answer[date_of(world, 3)]["note"] == "未开放"
    assert (await refusal(resident, shop, world.at(10, days=2)))[0] == 201
    assert await refusal(resident, shop, world.at(10, days=3)) == (409, "slot_too_far")
    world.clock.set(datetime.fromisoformat(world.at(0, days=1)))
    assert times((await days(shop, resident))[date_of(world, 2)])


async def test_the_past_has_no_slots(world: World) -> None:
    shop = await world.shop()
    answer = await days(shop, **{"from": date_of(world, -2), "days": 3})
    assert [bool(times(one)) for one in answer.values()] == [False, False, True]


@pytest.mark.parametrize("minute", [1, 15, 30])
async def test_a_time_between_the_steps_is_not_offered(world: World, minute: int) -> None:
    shop, resident = await world.shop(step_min=60), await world.resident()
    assert await refusal(resident, shop, world.at(10, minute)) == (409, "slot_not_offered")


@pytest.mark.parametrize("start", ["10:00:01", "10:00:00.001"])
async def test_a_time_with_seconds_is_not_offered(world: World, start: str) -> None:
    shop, resident = await world.shop(), await world.resident()
    moment = f"{date_of(world)}T{start}+08:00"
    assert await refusal(resident, shop, moment) == (409, "slot_not_offered")


async def test_the_same_moment_in_another_zone_is_the_same_slot(world: World) -> None:
    shop, resident = await world.shop(capacity=1), await world.resident()
    reply = await resident.post("/v1/bookings", shop.wish(f"{date_of(world)}T02:00:00Z"))

    assert (reply.status, hour(reply.json["details"]["start"])) == (201, "10:00")
    assert (await free_tomorrow(shop))["10:00"] == 0


# What bookings take.


async def test_a_full_slot_is_listed_with_nothing_free(world: World) -> None:
    shop, resident = await world.shop(capacity=2, duration_min=60), await world.resident()
    assert (await free_tomorrow(shop))["10:00"] == 2

    await shop.booked(resident)
    await shop.booked(resident)

    async def told() -> bool:
        return (await free_tomorrow(shop))["10:00"] == 0

    await world.until(told, "the slot is full", 1)
    others = {when: left for when, left in (await free_tomorrow(shop)).items() if when != "10:00"}
    assert set(others.values()) == {2}
    assert await refusal(resident, shop, world.at(10)) == (409, "slot_taken")


async def test_a_long_service_takes_every_slot_it_overlaps(world: World) -> None:
    shop, resident = await world.shop(capacity=1, duration_min=120, step_min=60), await world.resident()
    await shop.booked(resident, world.at(12))

    taken = [one for one in (10, 11, 12, 13, 14) if (await refusal(resident, shop, world.at(one)))[0] == 409]

    assert taken == [11, 12, 13]


async def test_buffers_keep_the_neighbours_apart(world: World) -> None:
    shop = await world.shop(capacity=1, duration_min=60, buffer_before_min=15, buffer_after_min=30)
    resident = await world.resident()
    await shop.booked(resident, world.at(12))

    left = await free_tomorrow(shop)

    assert [when for when, count in left.items() if not count] == ["11:00", "12:00", "13:00"]
    assert await refusal(resident, shop, world.at(11)) == (409, "slot_taken")
    assert (await refusal(resident, shop, world.at(10)))[0] == 201
    assert (await refusal(resident, shop, world.at(14)))[0] == 201


async def test_services_of_one_pool_share_its_people(world: World) -> None:
    shop, resident = await world.shop(capacity=1), await world.resident()
    stored = world.house.db.reader().recall(SERVICES, shop.service_id)
    assert stored is not None
    other = replace(stored, id=unique("service"), duration_min=60)
    await world.put(SERVICES, other)
    await shop.booked(resident, world.at(10))

    sibling = replace(shop, service_id=other.id)

    assert await refusal(resident, sibling, world.at(11)) == (409, "slot_taken")
    left = await free_tomorrow(sibling)
    assert (left["10:00"], left["11:00"], left["12:00"]) == (0, 0, 1)


async def test_a_date_may_have_a_capacity_of_its_own(world: World) -> None:
    shop, resident = await world.shop(capacity=1), await world.resident()
    pool = world.house.db.reader().recall(POOLS, shop.pool_id)
    assert pool is not None
    await world.put(POOLS, replace(pool, capacity_on={date_of(world, 1): 2, date_of(world, 2): 0}))

    answer = await days(shop)

    assert free(answer[date_of(world, 1)])["10:00"] == 2
    assert set(free(answer[date_of(world, 2)]).values()) == {0}
    assert free(answer[date_of(world, 3)])["10:00"] == 1
    booked = [(await refusal(resident, shop, world.at(10, days=1)))[0] for _ in range(3)]
    assert booked == [201, 201, 409]
    assert await refusal(resident, shop, world.at(10, days=2)) == (409, "slot_taken")


@pytest.mark.parametrize(
    "way", ["expired", "cancelled", "rejected", "cancelled when assigned", "cancelled hold"]
)
async def test_a_hold_takes_a_seat_and_every_early_end_gives_it_back_at_once(world: World, way: str) -> None:
    shop, resident = await world.shop(capacity=1), await world.resident()
    case_no = (await shop.booked(resident, hold=way in ("expired", "cancelled hold")))["case_no"]
    assert await refusal(resident, shop, world.at(10)) == (409, "slot_taken")

    match way:
        case "expired":
            world.clock.advance(timedelta(minutes=5))
            await world.work()
        case "rejected":
            await shop.manager.act(case_no, "reject", reason="那天没有人")
        case "cancelled when assigned":
            await shop.manager.act(case_no, "confirm")
            await shop.manager.act(case_no, "assign", worker_id=shop.worker.id)
            await resident.act(case_no, "cancel")
        case _:
            await resident.act(case_no, "cancel")

    assert (await refusal(resident, shop, world.at(10)))[0] == 201
    assert set(await counters(world, shop.pool_id)) == {1}
    assert not any(await counters(world, slots.worker_owner(shop.worker.id)))


async def test_a_seat_given_back_can_be_taken_before_memory_has_heard_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, resident = await world.shop(capacity=1), await world.resident()
    await free_tomorrow(shop)
    case_no = (await shop.booked(resident))["case_no"]

    async def heard() -> bool:
        return (await free_tomorrow(shop))["10:00"] == 0

    await world.until(heard, "memory says full")
    kept_back: list[Any] = []
    with monkeypatch.context() as patched:
        patched.setattr(Follower, "_tell", lambda self, raw: kept_back.append(raw))
        await resident.act(case_no, "cancel")
        assert (await free_tomorrow(shop))["10:00"] == 0

        booked = await refusal(resident, shop, world.at(10))

    for raw in kept_back:
        world.house.db.follower._tell(raw)
    assert booked[0] == 201


async def test_a_service_that_changes_its_length_gives_back_what_was_taken(world: World) -> None:
    shop, resident = await world.shop(capacity=1, duration_min=120), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    stored = world.house.db.reader().recall(SERVICES, shop.service_id)
    assert stored is not None
    await world.put(SERVICES, replace(stored, duration_min=60))

    await resident.act(case_no, "cancel")

    assert set(await counters(world, shop.pool_id)) == {0}


# Many at once.


async def book_at_once(people: list[Person], shop: Shop, start: str) -> tuple[int, list[str]]:
    """How many got a seat, and the case numbers; everybody else must have been told that it is taken."""
    replies = await asyncio.gather(*(one.post("/v1/bookings", shop.wish(start)) for one in people))
    refused = {(one.status, one.code) for one in replies if one.status != 201}
    assert refused <= {(409, "slot_taken")}, refused
    booked = [one.json["case_no"] for one in replies if one.status == 201]
    return len(booked), booked


@pytest.mark.parametrize("capacity", [1, 7])
async def test_sixty_at_once_get_no_more_and_no_fewer_seats_than_there_are(
    world: World, capacity: int
) -> None:
    shop, resident = await world.shop(capacity=capacity), await world.resident()

    seats, booked = await book_at_once([resident] * 60, shop, world.at(10))

    assert seats == capacity
    assert set(await counters(world, shop.pool_id)) == {capacity}
    await asyncio.gather(*(resident.act(one, "cancel") for one in booked))
    assert set(await counters(world, shop.pool_id)) == {0}


@pytest.mark.parametrize("capacity", [1, 7])
async def test_two_houses_together_sell_no_seat_twice(world: World, capacity: int) -> None:
    shop, resident = await world.shop(capacity=capacity), await world.resident()
    async with next_door(world) as other:
        both = [resident, other.meets(resident)] * 30

        seats, booked = await book_at_once(both, shop, world.at(10))

        assert seats == capacity
        assert len(set(booked)) == capacity
        assert set(await counters(world, shop.pool_id)) == {capacity}
        await asyncio.gather(*(one.act(no, "cancel") for one, no in zip(both, booked, strict=False)))
        assert set(await counters(world, shop.pool_id)) == {0}


async def test_an_answer_follows_what_another_house_booked_within_a_second(world: World) -> None:
    shop, resident = await world.shop(capacity=1), await world.resident()
    async with next_door(world) as other:
        neighbour = other.meets(resident)
        assert (await free_tomorrow(shop))["10:00"] == 1
        booked = await neighbour.post("/v1/bookings", shop.wish(world.at(10)))

        async def taken() -> bool:
            return (await free_tomorrow(shop))["10:00"] == 0

        await world.until(taken, "this house knows", 1)
        await neighbour.act(booked.json["case_no"], "cancel")

        async def given_back() -> bool:
            return (await free_tomorrow(shop))["10:00"] == 1

        await world.until(given_back, "this house knows again", 1)


async def test_a_change_that_overtakes_a_slow_read_is_not_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two answers are being made while somebody books: whichever read is older, the booking is seen."""
    shop, resident = await world.shop(capacity=2), await world.resident()
    house, today = world.house, datetime.fromisoformat(world.at(0, days=0)).date()
    has_read, slow, heard = asyncio.Event(), asyncio.Event(), asyncio.Event()
    usual = Database.reading

    async def late(self: Database, body: Any) -> Any:
        found = await usual(self, body)
        has_read.set()
        await slow.wait()
        return found

    house.db.follower.listen(OCCUPANCY.name, lambda change: heard.set())
    monkeypatch.setattr(Database, "reading", late)
    slower = asyncio.create_task(house.availability.answer(shop.service_id, today, 14))
    await has_read.wait()
    monkeypatch.setattr(Database, "reading", usual)
    await house.availability.answer(shop.service_id, today, 14)
    await shop.booked(resident)
    await heard.wait()
    slow.set()
    await slower

    assert (await free_tomorrow(shop))["10:00"] == 1


# Any sequence.

STARTS = st.integers(min_value=0, max_value=15)  # half hours from eight
BOOK = st.tuples(st.sampled_from(["short", "long"]), STARTS)
CANCEL = st.tuples(st.just("cancel"), st.integers(min_value=0, max_value=30))


class Model:
    """What the street would write on paper: who is busy from when to when, buffers included."""

    LENGTHS = {"short": (30, 0, 15), "long": (90, 30, 30)}

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.busy: dict[str, tuple[int, int]] = {}

    def span(self, name: str, number: int) -> tuple[int, int]:
        length, before, after = self.LENGTHS[name]
        start = 8 * 60 + number * 30
        return start - before, start + length + after

    def most(self, start: int, end: int) -> int:
        """How many are busy at the fullest minute."""
        spans = self.busy.values()
        return max(sum(one <= minute < other for one, other in spans) for minute in range(start, end))

    def fits(self, name: str, number: int) -> bool:
        return self.most(*self.span(name, number)) < self.capacity


async def open_pool(world: World, capacity: int) -> dict[str, Shop]:
    """Two services of different length on one pool."""
    shop = await world.shop(capacity=capacity)
    stored = world.house.db.reader().recall(SERVICES, shop.service_id)
    assert stored is not None
    made: dict[str, Service] = {}
    for name, (length, before, after) in Model.LENGTHS.items():
        made[name] = replace(
            stored,
            id=unique("service"),
            duration_min=length,
            buffer_before_min=before,
            buffer_after_min=after,
            step_min=30,
        )
    await world.put(SERVICES, *made.values())
    return {name: replace(shop, service_id=one.id) for name, one in made.items()}


async def play(world: World, resident: Person, capacity: int, moves: list[tuple[str, int]]) -> None:
    """Make the moves, and hold each answer against the model."""
    services, model = await open_pool(world, capacity), Model(capacity)
    for name, number in moves:
        if name == "cancel":
            if model.busy:
                case_no = list(model.busy)[number % len(model.busy)]
                assert (await resident.act(case_no, "cancel")).status == 200
                del model.busy[case_no]
            continue
        start = world.at(8 + number // 2, number % 2 * 30)
        reply = await resident.post("/v1/bookings", services[name].wish(start))
        assert reply.status == (201 if model.fits(name, number) else 409), (name, number, reply.body)
        if reply.status == 201:
            model.busy[reply.json["case_no"]] = model.span(name, number)
    assert model.most(0, 24 * 60) <= capacity
    stored = await world.house.db.reading(lambda reader: reader.all(OCCUPANCY, {}, limit=10_000))
    day = next((one.cells for one in stored if one.id.startswith(services["short"].pool_id)), {})
    for quarter in range(24 * 4):
        expected = sum(one <= quarter * 15 < other for one, other in model.busy.values())
        assert day.get(str(quarter), 0) == expected


def test_any_sequence_of_bookings_and_cancellations_agrees_with_paper(world: World, io_loop: IOLoop) -> None:
    resident = io_loop.run_sync(world.resident)

    @settings(max_examples=30, deadline=None, database=None)
    @given(st.integers(1, 2), st.lists(st.one_of(BOOK, BOOK, CANCEL), min_size=1, max_size=12))
    def check(capacity: int, moves: list[tuple[str, int]]) -> None:
        io_loop.run_sync(lambda: play(world, resident, capacity, moves))

    check()


def test_quarters_are_those_that_the_time_touches() -> None:
    assert slots.cells(0, 15) == ["0"]
    assert slots.cells(14, 16) == ["0", "1"]
    assert slots.cells(600, 660) == ["40", "41", "42", "43"]
    assert slots.cells(-30, 30) == ["0", "1"]
    assert slots.cells(23 * 60 + 45, 25 * 60) == ["95"]


async def test_the_street_s_calendar_closes_and_opens_days(world: World, tmp_path: Path) -> None:
    """What was answered before is forgotten when the calendar changes, and memory answers again."""
    shop, resident = await world.shop(open_on_holidays=False), await world.resident()
    day, next_day = (datetime.fromisoformat(world.at(10, days=days)).date() for days in (1, 2))

    async def seen() -> list[tuple[int, str]]:
        query: dict[str, Any] = {"from": day.isoformat(), "days": 2}
        found = await days(shop, resident, **query)
        return [(len(one["slots"]), one["note"]) for one in found.values()]

    async with calendar_file(world, tmp_path) as file:
        file.write_text(f"working_days = [{day}, {next_day}]\n")
        await put_in_force(world)
        [(usual, _), (_, _)] = await seen()
        assert usual > 0
        assert world.house.availability.known(shop.service_id, day, 2) is not None

        file.write_text(f"days_off = [{day}]\nworking_days = [{next_day}]\n")
        await put_in_force(world)
        assert world.house.availability.known(shop.service_id, day, 2) is None
        assert await seen() == [(0, "节假日休息"), (usual, "")]
        assert world.house.availability.known(shop.service_id, day, 2) is not None
        refused = await resident.post("/v1/bookings", shop.wish(world.at(10)))
        assert refused.code == "slot_not_offered"
        assert (await resident.post("/v1/bookings", shop.wish(world.at(10, days=2)))).status == 201
