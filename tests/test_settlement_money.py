"""Money of a settlement that does not add up, who races or dies on the way, and how old what is open is."""

import asyncio
from datetime import timedelta

import pytest

from server.kit.clock import SHANGHAI
from tests.settling import V1, confirmed, everything, office, refunded, rich, spent, total
from tests.test_payments import PAYEE, points, worked, wrong
from tests.world import World

# Money that does not add up.


async def test_money_that_comes_in_parts_is_a_difference_until_all_of_it_is_there(world: World) -> None:
    here, batch = await confirmed(world)
    fen = batch["expected_fen"]
    batch = await here.received(batch, fen - 400)
    [one] = await here.differences(batch)
    assert (batch["state"], one["kind"], one["fen"]) == ("difference", "money", 400)
    assert await total(world, "clearing", batch["id"]) == 400
    batch = await here.received(batch, 400)
    [one] = await here.differences(batch)
    assert (batch["state"], one["state"], one["how"]) == ("paid", "resolved", "paid")
    assert await total(world, "clearing", batch["id"]) == 0


@pytest.mark.parametrize("how", ["next", "write_off"])
async def test_money_that_never_comes_goes_to_the_next_batch_or_is_given_up(world: World, how: str) -> None:
    here = await office(world)
    await here.swept()
    lost = await total(world, "loss")
    await spent(world, 1000)
    batch = await here.received(await here.confirmed(await here.sent()), 600)
    [one] = await here.differences(batch)
    await here.resolve(one, how)
    assert (await here.seen(batch))["state"] == "paid"
    assert await total(world, "clearing", batch["id"]) == 0
    if how == "next":
        assert (await here.frozen())["sum_fen"] == 400
    assert await total(world, "loss") == lost + (400 if how == "write_off" else 0)
    assert await everything(world) == 0


@pytest.mark.parametrize("how", ["next", "theirs"])
async def test_more_money_than_was_agreed_is_deducted_or_kept(world: World, how: str) -> None:
    here = await office(world)
    await here.swept()
    await spent(world, 1000)
    batch = await here.received(await here.confirmed(await here.sent()), 1500)
    [one] = await here.differences(batch)
    assert (one["kind"], one["fen"], await total(world, "clearing", batch["id"])) == ("money", -500, 0)
    await here.resolve(one, how)
    assert (await here.seen(batch))["state"] == "paid"
    await spent(world, 900)
    assert (await here.frozen())["sum_fen"] == (400 if how == "next" else 900)
    assert await everything(world) == 0


async def test_a_batch_of_which_nothing_is_paid_ends_when_its_differences_do(world: World) -> None:
    here = await office(world)
    await here.swept()
    await spent(world, 1000)
    batch = await here.confirmed(await here.sent(), refused=1)
    assert (batch["state"], batch["expected_fen"]) == ("difference", 0)
    [one] = await here.differences(batch)
    await here.resolve(one, "next")
    assert (await here.seen(batch))["state"] == "paid"
    assert (await here.frozen())["sum_fen"] == 1000


# Races and falls.


async def test_of_two_freezes_one_wins_and_every_claim_is_posted_once(world: World) -> None:
    here = await office(world)
    await here.swept()
    await spent(world, 1000, 2000)
    batch = await here.opened()
    path = f"{V1}/{batch['id']}/freeze"
    replies = await asyncio.gather(
        *(who.post(path) for who in (here.maker, here.checker, here.maker, here.checker))
    )
    assert sorted(one.status for one in replies) == [200, 409, 409, 409]
    assert await total(world, "clearing", batch["id"]) == 3000
    assert await wrong(world) == []


async def test_of_two_who_open_a_batch_one_does(world: World) -> None:
    here = await office(world)
    await spent(world, 100)
    await here.frozen()
    body = {"through": here.today()}
    replies = await asyncio.gather(*(who.post(V1, body) for who in (here.maker, here.checker)))
    assert sorted(one.status for one in replies) == [201, 409]
    ahead = (world.clock.now().astimezone(SHANGHAI) + timedelta(days=1)).date().isoformat()
    assert (await here.maker.post(V1, {"through": ahead})).code == "through_ahead"


async def test_payments_and_refunds_while_freezing_are_in_this_batch_or_in_the_next(world: World) -> None:
    here = await office(world)
    await here.swept()
    made, (before, _) = await spent(world, *range(1000, 1004)), await points(await rich(world))
    batch = await here.opened()
    others = [spent(world, 5000 + number) for number in range(2)]
    backs = [refunded(world, one, 100) for one in made]
    frozen, *_ = await asyncio.gather(here.maker.post(f"{V1}/{batch['id']}/freeze"), *others, *backs)
    assert frozen.status == 200, frozen.body
    following = await here.opened()
    await worked(world)
    await here.maker.post(f"{V1}/{following['id']}/freeze")
    following = await here.seen(following)
    assert await total(world, "payee", PAYEE) == 0
    paid = sum(range(1000, 1004)) + 5000 + 5001 - 4 * 100
    assert frozen.json["sum_fen"] + following["sum_fen"] == paid
    assert await points(await rich(world)) == (before + 4 * 100 - 10_001, 0)
    assert await everything(world) == 0
    assert await wrong(world) == []


async def test_a_collector_that_dies_leaves_the_batch_to_the_next_and_nothing_is_doubled(
    world: World,
) -> None:
    here = await office(world)
    await here.swept()
    await spent(world, 1000, 2000)
    batch = await here.opened()
    worker = world.house.worker()
    collecting = next(one for one in worker.queues if one.name == "settlements")
    world.clock.advance(timedelta(minutes=11))
    slept = await collecting._take(world.house.db, "one that dies")
    assert slept is not None
    world.clock.advance(timedelta(minutes=2))
    await worked(world)
    await collecting._work(world.house.db, slept, world.house.metrics)
    seen = await here.seen(batch)
    assert (seen["rows"], seen["sum_fen"]) == (2, 3000)
    assert (await here.frozen())["sum_fen"] == 3000


async def test_a_checker_that_dies_leaves_the_file_to_the_next(world: World) -> None:
    here = await office(world)
    await here.swept()
    await spent(world, 1000, 2000)
    batch = await here.sent()
    file_id = (await here.hand_in(await here.their_file(batch, missing=1))).json["id"]
    worker = world.house.worker()
    checks = next(one for one in worker.queues if one.name == "settlement_files")
    slept = await checks._take(world.house.db, "one that dies")
    assert slept is not None
    world.clock.advance(timedelta(minutes=2))
    await worked(world)
    before = await here.seen(batch)
    await checks._work(world.house.db, slept, world.house.metrics)
    assert await here.seen(batch) == before
    told = (await here.maker.get(f"/v1/settlement-files/{file_id}")).json
    assert (told["state"], told["matched"], told["missing_there"]) == ("compared", 1, 1)
    rows = (await here.maker.get(f"/v1/settlement-files/{file_id}/matches")).json["items"]
    assert [one["verdict"] for one in rows] == ["missing_there", "matched"]


# What is open.


async def test_what_is_open_is_summed_up_by_its_age(world: World) -> None:
    here = await office(world)
    await here.swept()
    before = (await here.maker.get("/v1/settlement-aging")).json
    await spent(world, 1000, 3000)
    batch = await here.confirmed(await here.sent(), refused=1)
    [one] = await here.differences(batch)

    async def added() -> list[tuple[str, int, int]]:
        ages = (await (await office(world)).maker.get("/v1/settlement-aging")).json["ages"]
        return [(age["text"], age["open_fen"], age["differences_fen"]) for age in ages]

    new = dict(zip(("open", "fen"), (batch["open_fen"], one["fen"]), strict=True))
    first = before["ages"][0]
    assert (await added())[0] == (
        "0–7 天",
        first["open_fen"] + new["open"],
        first["differences_fen"] + new["fen"],
    )
    for days, place in ((8, 1), (53, 3)):
        world.clock.advance(timedelta(days=days))
        ages = await added()
        assert ages[place][1] >= new["open"] > 0
        assert ages[place][2] >= new["fen"] > 0
        assert ages[0] == ("0–7 天", 0, 0)
    assert [one for one, _, _ in ages] == ["0–7 天", "8–30 天", "31–60 天", "超过 60 天"]
