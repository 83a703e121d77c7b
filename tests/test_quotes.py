"""Prices that are asked for: what was agreed is the price, before the visit and at the door."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.staff import Grant
from server.slots import OCCUPANCY
from tests.world import QUOTE, REQUOTE, Person, Shop, World

DEAR = [{"name": "加电梯费", "amount_fen": 80000}]


async def seen(who: Person, case: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await who.get(f"/v1/cases/{case['case_no']}")).json
    return found


async def seats(world: World, shop: Shop) -> int:
    days = await world.house.db.reading(lambda reader: reader.all(OCCUPANCY, {}, limit=10_000))
    return sum(sum(one.cells.values()) for one in days if one.id.startswith(f"{shop.pool_id}|"))


async def test_a_quote_is_asked_for_given_and_accepted(world: World) -> None:
    shop, resident = await (await world.shop()).quoting(), await world.resident()
    case = await shop.booked(resident, world.at(10, 15))
    assert (case["state"], case["details"]["price_agreed"], await seats(world, shop)) == (
        "submitted",
        False,
        0,
    )
    assert [one["name"] for one in (await seen(shop.manager, case))["actions"]] == ["quote", "reject"]

    quoted = (await shop.manager.act(case["case_no"], "quote", items=QUOTE, note="含两名工人")).json
    mine = await seen(resident, case)
    agreed = (await resident.act(case["case_no"], "accept_quote", quote_version=1)).json

    assert quoted["state"] == "quoted"
    [one] = mine["details"]["quotes"]
    assert (one["version"], one["total_fen"], one["total_text"], one["state"]) == (
        1,
        36000,
        "360.00 元",
        "offered",
    )
    assert one["lines"] == QUOTE
    hint = next(one for one in mine["actions"] if one["name"] == "accept_quote")["fields"][0]["hint"]
    assert "360.00" in hint and "上楼费" in hint
    assert (agreed["state"], agreed["details"]["price_fen"], agreed["details"]["price_agreed"]) == (
        "confirmed",
        36000,
        True,
    )
    assert agreed["details"]["quotes"][0]["answered_by"] == "居民本人"
    await world.work()
    assert "报价通知" in [one["title"] for one in (await resident.get("/v1/inbox")).json["items"]]


async def test_a_quote_that_is_refused_ends_it_and_costs_nothing(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("quoted", resident)
    ended = (await resident.act(case["case_no"], "refuse_quote", reason="太贵")).json
    assert (ended["state"], ended["details"]["fee_fen"], ended["details"]["quotes"][0]["state"]) == (
        "cancelled",
        0,
        "refused",
    )


async def test_a_quote_lapses_when_its_time_is_up_and_says_so_before_the_worker_comes_round(
    world: World,
) -> None:
    shop, resident = await (await world.shop()).quoting(), await world.resident()
    case = await shop.booked(resident, world.at(15))
    until = world.clock.now() + timedelta(hours=3)
    await shop.manager.act(case["case_no"], "quote", items=QUOTE, valid_until=until.isoformat())

    world.clock.set(until)
    late = await resident.act(case["case_no"], "accept_quote")
    shown = await seen(resident, case)
    await world.work()
    ended = await seen(resident, case)

    assert late.code == "time_is_up"
    assert shown["state"] == ended["state"] == "expired"
    assert ended["details"]["quotes"][0]["state"] == "lapsed"


async def test_a_quote_holds_no_longer_than_until_the_visit(world: World) -> None:
    shop, resident = await (await world.shop()).quoting(), await world.resident()
    case = await shop.booked(resident, world.at(12, days=0))
    quoted = (await shop.manager.act(case["case_no"], "quote", items=QUOTE)).json
    assert datetime.fromisoformat(quoted["expires_at"]) == datetime.fromisoformat(world.at(12, days=0))


async def test_versions_are_kept_and_an_old_one_is_not_accepted_by_mistake(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("quoted", resident)
    await shop.manager.act(case["case_no"], "withdraw_quote", reason="漏了电梯费")
    await shop.manager.act(case["case_no"], "quote", items=DEAR)

    old = await resident.act(case["case_no"], "accept_quote", quote_version=1)
    agreed = (await resident.act(case["case_no"], "accept_quote", quote_version=2)).json["details"]

    assert old.code == "quote_changed"
    assert [(one["version"], one["state"]) for one in agreed["quotes"]] == [(1, "withdrawn"), (2, "accepted")]
    assert agreed["price_fen"] == 80000


@pytest.mark.parametrize(
    "items",
    [
        [],
        None,
        [{"name": "", "amount_fen": 1}],
        [{"name": "搬", "amount_fen": -1}],
        [{"name": "搬"}],
        QUOTE * 11,
    ],
)
async def test_a_quote_without_good_lines_is_refused(world: World, items: Any) -> None:
    shop, resident = await (await world.shop()).quoting(), await world.resident()
    case = await shop.booked(resident)
    assert (await shop.manager.act(case["case_no"], "quote", items=items)).status == 422


async def test_what_does_not_fit_the_service_is_refused_by_name(world: World) -> None:
    plain, resident = await world.shop(), await world.resident()
    asking = await plain.quoting()
    fixed, asked = await plain.booked(resident), await asking.booked(resident)
    past = (world.clock.now() - timedelta(hours=1)).isoformat()

    assert (await plain.manager.act(fixed["case_no"], "quote", items=QUOTE)).code == "price_is_fixed"
    assert (await plain.manager.act(asked["case_no"], "confirm")).code == "quote_first"
    late = await plain.manager.act(asked["case_no"], "quote", items=QUOTE, valid_until=past)
    assert (late.status, late.code) == (422, "bad_valid_until")
    at_night = await resident.post("/v1/bookings", asking.wish(world.at(23)))
    assert at_night.code == "slot_not_offered"


async def test_a_service_that_keeps_a_seat_for_the_quote_gives_it_back_when_nothing_comes_of_it(
    world: World,
) -> None:
    shop = await (await world.shop(capacity=1)).quoting(seat_for_quote=True)
    resident = await world.resident()
    case = await shop.booked(resident)
    assert await seats(world, shop) == 8
    assert (await resident.post("/v1/bookings", shop.wish(world.at(10)))).code == "slot_taken"
    await shop.manager.act(case["case_no"], "quote", items=QUOTE)
    await resident.act(case["case_no"], "refuse_quote")
    assert await seats(world, shop) == 0

    unanswered = await shop.booked(resident)
    until = world.clock.now() + timedelta(hours=3)
    await shop.manager.act(unanswered["case_no"], "quote", items=QUOTE, valid_until=until.isoformat())
    assert await seats(world, shop) == 8
    world.clock.set(until)
    await world.work()
    assert await seats(world, shop) == 0


# At the door.


async def test_a_new_price_at_the_door_counts_only_with_consent(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("requoted", resident)
    waiting = await seen(resident, case)
    assert waiting["details"]["price_fen"] == 7000
    assert (await shop.worker.act(case["case_no"], "finish")).code == "not_allowed_now"

    agreed = (await resident.act(case["case_no"], "accept_quote")).json

    assert (agreed["state"], agreed["details"]["price_fen"]) == ("in_service", 12000)


@pytest.mark.parametrize(
    ("if_refused", "state", "fee"), [("continue", "in_service", 0), ("leave", "cancelled", 5000)]
)
async def test_refusing_at_the_door_has_the_consequence_that_was_said(
    world: World, if_refused: str, state: str, fee: int
) -> None:
    shop, resident = await world.shop(visit_fee_fen=5000), await world.resident()
    case = await shop.brought_to("in_service", resident)
    await shop.worker.act(case["case_no"], "requote", **(REQUOTE | {"if_refused": if_refused}))
    action = next(one for one in (await seen(resident, case))["actions"] if one["name"] == "refuse_quote")

    refused = (await resident.act(case["case_no"], "refuse_quote")).json

    assert ("50.00" in action["fields"][0]["hint"]) == bool(fee)
    assert (refused["state"], refused["details"]["fee_fen"]) == (state, fee)
    assert refused["details"]["price_fen"] == 7000


async def test_a_price_asked_before_the_start_goes_back_to_the_road(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("en_route", resident)
    await shop.worker.act(case["case_no"], "requote", **REQUOTE)
    assert (await resident.act(case["case_no"], "accept_quote")).json["state"] == "en_route"
    await shop.worker.act(case["case_no"], "requote", **REQUOTE)
    back = (await shop.worker.act(case["case_no"], "withdraw_quote", reason="不用换")).json
    assert (back["state"], back["details"]["price_fen"]) == ("en_route", 12000)


async def test_consent_and_refusal_at_once_are_one_answer(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    desk = await world.staff(Grant(role="operator"))
    case = await shop.brought_to("quoted", resident)
    replies = await asyncio.gather(
        resident.act(case["case_no"], "accept_quote"), desk.act(case["case_no"], "refuse_quote")
    )
    assert sorted(one.status for one in replies) == [200, 409]
