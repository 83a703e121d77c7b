"""What a visit costs whom: late cancelling, concessions, how many may be open, and nobody at home."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.catalogue import CancelFee
from server.bookings.tallies import TALLIES
from server.catalogue import PROVIDERS, SERVICES, Concession
from tests.browser import Browser
from tests.houses import next_door
from tests.world import Person, World

TABLE = [CancelFee(within_min=120, percent=20), CancelFee(within_min=30, percent=50, fen=100)]


async def seen(who: Person, case: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await who.get(f"/v1/cases/{case['case_no']}")).json
    return found


@pytest.mark.parametrize(
    ("minutes_before", "fee"), [(121, 0), (120, 0), (119, 1400), (30, 1400), (29, 3600), (-5, 3600)]
)
async def test_the_fee_is_shown_before_and_charged_as_shown(
    world: World, minutes_before: int, fee: int
) -> None:
    shop, resident = await world.shop(cancel_fees=TABLE, cancel_notice_min=120), await world.resident()
    case = await shop.booked(resident, world.at(18, days=0))
    world.clock.set(datetime.fromisoformat(world.at(18, days=0)) - timedelta(minutes=minutes_before))

    before = await seen(resident, case)
    hint = next(one for one in before["actions"] if one["name"] == "cancel")["fields"][0]["hint"]
    ended = (await resident.act(case["case_no"], "cancel")).json

    assert before["details"]["cancel_fee_fen"] == ended["details"]["fee_fen"] == fee
    assert (f"{fee / 100:.2f}" in hint) if fee else ("不收费" in hint)


async def test_both_sides_read_what_is_owed_and_to_whom(world: World) -> None:
    shop, resident = await world.shop(cancel_fees=TABLE, cancel_notice_min=120), await world.resident()
    late = await shop.booked(resident, world.at(10, days=0))
    done = await shop.brought_to("done", resident, world.at(14, days=0))
    world.clock.set(datetime.fromisoformat(world.at(9, 45, days=0)))
    assert (await seen(resident, late))["details"]["owed_text"] == "", "nothing is owed beforehand"
    await resident.act(late["case_no"], "cancel")
    provider = world.house.db.reader().recall(PROVIDERS, shop.provider_id)
    assert provider is not None
    for who in (resident, shop.manager):
        fee, price = (await seen(who, late))["details"], (await seen(who, done))["details"]
        assert fee["owed_fen"] == 3600 and price["owed_fen"] == price["price_fen"] > 0
        assert fee["owed_text"] == f"居民应付 36.00 元（晚取消的费用），付给{provider.name}，平台不代收"
        assert "服务费" in price["owed_text"]
    page = await Browser(world, shop.manager.token).get(f"/console/cases/{late['case_no']}")
    assert fee["owed_text"] in page.text


async def test_a_cancellation_by_the_other_side_costs_nothing(world: World) -> None:
    shop, resident = await world.shop(cancel_fees=TABLE), await world.resident()
    case = await shop.brought_to("confirmed", resident, world.at(10, days=0))
    await shop.manager.act(case["case_no"], "cancel", reason="师傅病了")
    assert (await seen(resident, case))["details"]["fee_fen"] == 0


async def test_the_table_is_the_one_of_the_day_of_booking(world: World) -> None:
    shop, resident = await world.shop(cancel_fees=TABLE), await world.resident()
    case = await shop.booked(resident, world.at(10, days=0))
    service = world.house.db.reader().recall(SERVICES, shop.service_id)
    assert service is not None
    await world.put(SERVICES, replace(service, cancel_fees=[CancelFee(within_min=600, percent=100)]))
    assert (await seen(resident, case))["details"]["cancel_fee_fen"] == 1400


async def test_a_fee_is_never_more_than_the_price_nor_due_without_one(world: World) -> None:
    everything = [CancelFee(within_min=600, percent=100, fen=9999)]
    shop, resident = await world.shop(cancel_fees=everything), await world.resident()
    asking = await shop.quoting(cancel_fees=everything)
    case, asked = (
        await shop.booked(resident, world.at(10, days=0)),
        await asking.booked(resident, world.at(10, days=0)),
    )
    assert (await seen(resident, case))["details"]["cancel_fee_fen"] == 7000
    assert (await seen(resident, asked))["details"]["cancel_fee_fen"] == 0


# Nobody at home.


async def test_nobody_at_home_needs_a_note_and_can_be_appealed(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("no_show", resident, world.at(11, days=0))
    assert case["details"]["no_show_note"] == "敲门没有人，电话没人接"
    assert (await resident.act(case["case_no"], "appeal")).status == 422

    appealed = (await resident.act(case["case_no"], "appeal", reason="我一直在家")).json
    assert (appealed["state"], appealed["details"]["appeal"]) == ("appealed", "我一直在家")
    assert (await shop.manager.act(case["case_no"], "uphold", reason="x")).code == "not_allowed_now"
    ended = (await shop.dispatcher.act(case["case_no"], "overturn", reason="门铃坏了")).json
    await world.work()

    assert (ended["state"], ended["details"]["fee_fen"]) == ("cancelled", 0)
    assert "门铃坏了" in (await resident.get("/v1/inbox")).json["items"][0]["text"]


async def test_an_appeal_has_its_time(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("no_show", resident, world.at(11, days=0))
    world.clock.set(datetime.fromisoformat(case["details"]["appeal_until"]))
    assert (await resident.act(case["case_no"], "appeal", reason="我在家")).code == "time_is_up"
    await world.work()
    assert (await seen(resident, case))["state"] == "upheld"


# How many.


async def test_so_many_of_a_service_and_no_more_however_many_ask_at_once(world: World) -> None:
    shop, resident = await world.shop(capacity=50, max_open=3), await world.resident()
    async with next_door(world) as other:
        askers = [resident, other.meets(resident)] * 6
        replies = await asyncio.gather(
            *(one.post("/v1/bookings", shop.wish(world.at(8 + n % 10))) for n, one in enumerate(askers))
        )
    done = [one.json for one in replies if one.status == 201]
    assert len(done) == 3
    assert {one.code for one in replies if one.status != 201} == {"too_many_of_this"}

    await resident.act(done[0]["case_no"], "cancel")
    assert (await resident.post("/v1/bookings", shop.wish(world.at(10)))).status == 201
    assert (await resident.post("/v1/bookings", shop.wish(world.at(10)))).code == "too_many_of_this"


async def test_a_place_can_limit_what_one_resident_has_open(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = replace(world.house.settings.bookings, max_open=2)
    monkeypatch.setattr(world.house, "settings", replace(world.house.settings, bookings=rules))
    shops, resident = [await world.shop(capacity=9), await world.shop(capacity=9)], await world.resident()
    held = await shops[0].booked(resident, hold=True)
    done = await shops[1].brought_to("done", resident)

    assert (await resident.post("/v1/bookings", shops[0].wish(world.at(10)))).code == "too_many_open"
    await resident.act(done["case_no"], "accept")
    assert (await resident.post("/v1/bookings", shops[0].wish(world.at(11)))).status == 201
    world.clock.advance(timedelta(minutes=6))
    await world.work()
    assert (await seen(resident, held))["state"] == "expired"
    assert (await resident.post("/v1/bookings", shops[0].wish(world.at(12)))).status == 201


async def test_a_provider_takes_so_many_for_a_day_and_a_change_of_day_counts_there(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    provider = world.house.db.reader().recall(PROVIDERS, shop.provider_id)
    assert provider is not None
    await world.put(PROVIDERS, replace(provider, daily_bookings=1))
    first = await shop.booked(resident, world.at(10, days=1))
    second = await shop.booked(resident, world.at(10, days=2))

    full = await resident.post("/v1/bookings", shop.wish(world.at(15, days=1)))
    crossing = await resident.act(second["case_no"], "reschedule", start=world.at(15, days=1))
    moved = await resident.act(first["case_no"], "reschedule", start=world.at(10, days=3))

    assert full.code == crossing.code == "provider_full"
    assert moved.status == 200
    assert (await resident.post("/v1/bookings", shop.wish(world.at(15, days=1)))).status == 201


async def test_nothing_is_counted_where_no_limit_is_set(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    await shop.booked(resident)
    tally = await world.house.db.reading(lambda reader: reader.get(TALLIES, f"resident:{resident.id}"))
    assert tally is None


# For whom it is cheaper.


async def test_older_residents_have_free_visits_and_then_a_lower_price(world: World) -> None:
    concession = Concession(min_age=60, percent_off=50, free_per_month=1)
    shop = await world.shop(capacity=9, concession=concession)
    year = world.clock.now().year
    old, young = await world.resident(birth_year=year - 60), await world.resident(birth_year=year - 59)
    unknown = await world.resident()

    prices = [(await shop.booked(old))["details"] for _ in range(2)]

    assert [one["price_fen"] for one in prices] == [0, 3500]
    assert prices[0]["cost_text"] == "免费，每月有 1 次" and "60 岁以上" in prices[1]["price_text"]
    assert prices[1]["cost_text"].startswith("35.00 元（")
    for other in (young, unknown):
        assert (await shop.booked(other))["details"]["price_fen"] == 7000


async def test_a_free_visit_that_was_given_up_in_time_can_be_had_again(world: World) -> None:
    shop = await world.shop(capacity=9, concession=Concession(min_age=0, free_per_month=1))
    resident = await world.resident()
    free = await shop.booked(resident)
    assert (await shop.booked(resident))["details"]["price_fen"] == 7000
    await resident.act(free["case_no"], "cancel")
    assert (await shop.booked(resident))["details"]["price_fen"] == 0


async def test_free_visits_asked_for_at_once_are_not_given_twice(world: World) -> None:
    shop = await world.shop(capacity=20, concession=Concession(min_age=0, free_per_month=2))
    resident = await world.resident()
    replies = await asyncio.gather(
        *(resident.post("/v1/bookings", shop.wish(world.at(9 + n))) for n in range(6))
    )
    free = [one for one in replies if one.status == 201 and one.json["details"]["price_fen"] == 0]
    assert len(free) == 2
    assert {one.code for one in replies if one.status != 201} <= {"free_visits_used"}
