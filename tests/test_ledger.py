"""The ledger: every transfer once and whole, no balance below zero, each reserve spent or given back, tampering seen."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tornado.ioloop import IOLoop

from server import ledger
from server.kit.db import Tx
from server.ledger import ACCOUNTS, ENTRIES, LOTS, REDEMPTIONS, TRANSFERS, Leg, Transfer, common, own
from tests.houses import next_door
from tests.world import World, unique

DAYS = 100


def earning(whose: str, amount: int, transfer_id: str) -> list[Leg]:
    return [Leg(common("issuer", transfer_id), -amount), Leg(own("resident", whose), amount)]


async def earned(world: World, whose: str, amount: int, transfer_id: str = "") -> Transfer:
    known_as, at = transfer_id or unique("swipe"), world.clock.now()
    legs = earning(whose, amount, known_as)

    async def posted(tx: Tx) -> Transfer:
        made = await ledger.earn(tx, known_as, whose, amount, at, DAYS, "test", {})
        return made or await ledger.post(tx, known_as, "accrual", legs, by="test")

    return await world.house.db.atomically(posted, lanes=ledger.lanes(whose, known_as))


async def rich(world: World, amount: int) -> str:
    """A resident of the ledger's alone, with so many fen."""
    whose = unique("somebody")
    await earned(world, whose, amount)
    return whose


async def balances(world: World, whose: str) -> tuple[int, int]:
    """To spend, and held."""
    found = await world.house.db.reading(lambda reader: ledger.balances(reader, whose))
    return found["resident"], found["held"]


async def wrong(world: World) -> list[str]:
    return [one async for one in ledger.differences(world.house.db.reader())]


async def everything(world: World) -> int:
    """The sum over all accounts."""
    rows = await world.house.db.reader().groups(
        ACCOUNTS, [{"$group": {"_id": None, "fen": {"$sum": "$balance"}}}]
    )
    return int(rows[0]["fen"]) if rows else 0


async def reserved(world: World, whose: str, amount: int, minutes: int = 10) -> str:
    reserve_id, until = unique("reserve"), world.clock.now() + timedelta(minutes=minutes)
    await world.house.db.atomically(
        lambda tx: ledger.reserve(tx, reserve_id, whose, amount, until, by="test"),
        lanes=ledger.lanes(whose, reserve_id),
    )
    return reserve_id


async def spent(world: World, reserve_id: str, amount: int, transfer_id: str = "") -> Transfer:
    known_as = transfer_id or unique("paid")
    to = common("clearing", known_as)
    return await world.house.db.atomically(
        lambda tx: ledger.spend(tx, reserve_id, known_as, amount, to, by="test")
    )


async def released(world: World, reserve_id: str) -> None:
    await world.house.db.atomically(lambda tx: ledger.release(tx, reserve_id, by="test"))


# Transfers.


async def test_a_transfer_moves_both_balances_and_explains_itself_by_its_entries(world: World) -> None:
    whose = await rich(world, 300)
    made = await earned(world, whose, 64)
    entries = await world.house.db.reading(lambda reader: ledger.entries_of(reader, made.id))
    assert await balances(world, whose) == (364, 0)
    assert sorted((one.amount, one.account_id.partition(":")[0]) for one in entries) == [
        (-64, "issuer"),
        (64, "resident"),
    ]
    assert next(one.balance for one in entries if one.amount == 64) == 364
    assert await everything(world) == 0
    assert await wrong(world) == []


async def test_the_same_transfer_again_changes_nothing_and_another_under_its_name_is_refused(
    world: World,
) -> None:
    whose = await rich(world, 0 + 100)
    first = await earned(world, whose, 50, transfer_id="terminal-1/batch-1/7" + whose)
    assert await earned(world, whose, 50, transfer_id=first.id) == first
    with pytest.raises(ledger.TransferDiffers):
        await earned(world, whose, 51, transfer_id=first.id)
    assert await balances(world, whose) == (150, 0)


async def test_twenty_at_once_with_one_name_through_two_houses_are_posted_once(world: World) -> None:
    whose, known_as, at = await rich(world, 100), unique("swipe"), world.clock.now()

    def posting(tx: Tx) -> Any:
        return ledger.earn(tx, known_as, whose, 7, at, DAYS, "test", {})

    async with next_door(world) as other:
        attempts = [house.db.atomically(posting) for _ in range(10) for house in (world.house, other.house)]
        outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(isinstance(one, Transfer) for one in outcomes) == 1
    assert await balances(world, whose) == (107, 0)
    assert await wrong(world) == []


async def test_legs_that_do_not_sum_to_zero_are_no_transfer(world: World) -> None:
    with pytest.raises(ValueError, match="sum to zero"):
        await world.house.db.atomically(
            lambda tx: ledger.post(tx, unique("odd"), "accrual", [Leg(own("resident", "x"), 1)], by="test")
        )


async def test_of_64_who_reach_for_30_points_at_once_30_get_one(world: World) -> None:
    whose = await rich(world, 3000)

    async def reach() -> bool:
        try:
            await reserved(world, whose, 100)
        except ledger.NotEnoughPoints:
            return False
        return True

    async with asyncio.timeout(30):
        got = await asyncio.gather(*(reach() for _ in range(64)))
    assert sum(got) == 30
    assert await balances(world, whose) == (0, 3000)
    assert await wrong(world) == []


async def test_two_transfers_of_one_transaction_see_each_other(world: World) -> None:
    whose = await rich(world, 100)

    async def twice(tx: Tx) -> None:
        for known_as in (unique("a"), unique("b")):
            legs = [Leg(own("resident", whose), -60), Leg(common("expired", known_as), 60)]
            await ledger.post(tx, known_as, "expiry", legs, by="test")

    with pytest.raises(ledger.NotEnoughPoints):
        await world.house.db.atomically(twice)
    assert await balances(world, whose) == (100, 0)


# Reserves.


async def test_a_reserve_is_spent_in_parts_and_the_rest_given_back(world: World) -> None:
    whose = await rich(world, 1000)
    reserve_id = await reserved(world, whose, 700)
    assert await balances(world, whose) == (300, 700)
    await spent(world, reserve_id, 450)
    await released(world, reserve_id)
    await released(world, reserve_id)
    assert await balances(world, whose) == (550, 0)
    with pytest.raises(ledger.ReserveOver):
        await spent(world, reserve_id, 1)
    assert await wrong(world) == []


async def test_nobody_spends_more_than_is_reserved_and_one_payment_is_spent_once(world: World) -> None:
    whose = await rich(world, 1000)
    reserve_id, payment = await reserved(world, whose, 700), unique("paid")
    with pytest.raises(ledger.MoreThanReserved):
        await spent(world, reserve_id, 701)
    first = await spent(world, reserve_id, 700, payment)
    assert await spent(world, reserve_id, 700, payment) == first
    assert await balances(world, whose) == (300, 0)


async def test_a_reserve_that_nobody_settles_is_given_back_when_its_time_is_up(world: World) -> None:
    whose = await rich(world, 1000)
    reserve_id = await reserved(world, whose, 700, minutes=10)
    world.clock.advance(timedelta(minutes=9))
    await world.work()
    assert await balances(world, whose) == (300, 700)
    world.clock.advance(timedelta(minutes=2))
    await world.work()
    assert await balances(world, whose) == (1000, 0)
    with pytest.raises(ledger.ReserveOver):
        await spent(world, reserve_id, 1)


async def test_spending_and_giving_back_cross_and_one_of_them_wins(world: World) -> None:
    for _ in range(5):
        whose = await rich(world, 500)
        reserve_id = await reserved(world, whose, 500)
        outcomes = await asyncio.gather(
            spent(world, reserve_id, 500), released(world, reserve_id), return_exceptions=True
        )
        gone = isinstance(outcomes[0], Transfer)
        assert gone or isinstance(outcomes[0], ledger.ReserveOver)
        assert await balances(world, whose) == (0 if gone else 500, 0)


# What is taken back.


async def taken_back(world: World, whose: str, made: Transfer, fen: int) -> None:
    known_as = unique("back")
    await world.house.db.atomically(
        lambda tx: ledger.claw_back(tx, known_as, whose, fen, made.id, "test", {})
    )


async def test_what_is_taken_back_comes_out_of_its_own_lot_and_beyond_that_is_owed(world: World) -> None:
    whose = await rich(world, 500)
    made = await earned(world, whose, 100)
    await taken_back(world, whose, made, 100)
    assert await balances(world, whose) == (500, 0)
    await spent(world, await reserved(world, whose, 450), 450)
    await taken_back(world, whose, made, 80)
    found = await world.house.db.reading(lambda reader: ledger.balances(reader, whose))
    assert (found["resident"], found["owed"]) == (0, -30)
    await earned(world, whose, 100)
    found = await world.house.db.reading(lambda reader: ledger.balances(reader, whose))
    assert (found["resident"], found["owed"]) == (70, 0)
    assert await wrong(world) == []


async def test_a_payment_knows_the_lots_it_was_made_of_the_oldest_first(world: World) -> None:
    whose = unique("somebody")
    swipes = []
    for fen in (100, 200, 300):
        swipes.append((await earned(world, whose, fen)).id)
        world.clock.advance(timedelta(days=1))
    made = await spent(world, await reserved(world, whose, 400), 250)
    found = await world.house.db.reading(lambda reader: reader.get(REDEMPTIONS, made.id))
    assert found is not None
    assert [(one.lot_id, one.fen) for one in found.parts] == [(swipes[0], 100), (swipes[1], 150)]


async def test_a_payment_is_given_back_in_parts_and_never_more_than_it_was(world: World) -> None:
    whose = await rich(world, 500)
    made, once = await spent(world, await reserved(world, whose, 400), 400), unique("back")
    source = next(one.account_id for one in made.legs if one.amount > 0)

    async def refunded(known_as: str, fen: int) -> None:
        await world.house.db.atomically(
            lambda tx: ledger.refund(tx, known_as, made.id, fen, source, by="test")
        )

    await refunded(once, 150)
    await refunded(once, 150)
    with pytest.raises(ledger.RefundedTooMuch):
        await refunded(unique("back"), 251)
    await refunded(unique("back"), 250)
    assert await balances(world, whose) == (500, 0)
    assert await wrong(world) == []


async def test_points_expire_by_their_own_day_the_used_ones_first(world: World) -> None:
    whose = await rich(world, 300)
    world.clock.advance(timedelta(days=10))
    await earned(world, whose, 500)
    reserve_id = await reserved(world, whose, 100, minutes=60 * 24 * 200)
    world.clock.advance(timedelta(days=DAYS - 10, minutes=1))
    soon = world.clock.now() + timedelta(days=30)
    assert await world.house.db.reading(lambda reader: ledger.expiring(reader, whose, soon)) == 700
    await world.work()
    assert await balances(world, whose) == (500, 100)
    await released(world, reserve_id)
    await world.work()
    assert await balances(world, whose) == (600, 0)
    world.clock.advance(timedelta(days=8))
    await world.work()
    assert await balances(world, whose) == (500, 0)
    world.clock.advance(timedelta(days=3))
    await world.work()
    assert await balances(world, whose) == (0, 0)
    assert await wrong(world) == []


async def test_a_balance_can_be_asked_for_as_it_was(world: World) -> None:
    whose, moments = await rich(world, 100), []
    for _ in range(3):
        moments.append(world.clock.now())
        world.clock.advance(timedelta(hours=1))
        await earned(world, whose, 10)
    then = [
        await world.house.db.reading(lambda reader, at=at: ledger.as_of(reader, own("resident", whose), at))
        for at in moments
    ]
    assert then == [100, 110, 120]


# Tampering.


async def tampered(world: World, collection: Any, where: dict[str, Any], how: dict[str, Any]) -> None:
    """As somebody at the database would: past the code that allows no such thing."""
    handle = world.house.db._handle[collection.name]
    await (handle.update_one(where, how) if how else handle.delete_one(where))


@pytest.mark.parametrize(
    ("collection", "which", "how"),
    [
        (ENTRIES, "#0000000002", {"$set": {"amount": 60}}),
        (ENTRIES, "#0000000002", {"$set": {"amount": 60, "balance": 160}}),
        (ENTRIES, "#0000000002", {"$set": {"kind": "expiry"}}),
        (ENTRIES, "#0000000003", {}),
        (ACCOUNTS, "", {"$set": {"balance": 1_000_000}}),
        (ACCOUNTS, "", {"$set": {"head": "0" * 64}}),
    ],
)
async def test_whoever_changes_the_books_by_hand_is_found(
    world: World, collection: Any, which: str, how: dict[str, Any]
) -> None:
    whose = await rich(world, 100)
    for _ in range(2):
        await earned(world, whose, 50)
    assert await wrong(world) == []
    account = own("resident", whose)
    try:
        await tampered(world, collection, {"_id": f"{account}{which}"}, how)
        assert any(account in line or "legs" in line for line in await wrong(world))
    finally:
        for one in (ACCOUNTS, ENTRIES, TRANSFERS, LOTS):
            await world.house.db._handle[one.name].delete_many({})


# Any sequence.

MOVES = st.lists(
    st.tuples(
        st.sampled_from(["earn", "earn", "reserve", "spend", "release", "reverse", "again", "wait"]),
        st.integers(0, 2),
        st.integers(1, 400),
    ),
    min_size=1,
    max_size=25,
)


class Paper:
    """The same, by arithmetic: what each of three residents has to spend and in reserve."""

    def __init__(self) -> None:
        self.whose = [unique("somebody") for _ in range(3)]
        self.free = [0, 0, 0]
        self.held: list[dict[str, int]] = [{}, {}, {}]
        self.earned: list[list[tuple[str, int]]] = [[], [], []]


async def step(world: World, paper: Paper, move: str, who: int, amount: int) -> None:
    whose, free, held = paper.whose[who], paper.free, paper.held[who]
    match move:
        case "earn":
            made = await earned(world, whose, amount)
            paper.earned[who].append((made.id, amount))
            free[who] += amount
        case "again" if paper.earned[who]:
            known_as, was = paper.earned[who][-1]
            await earned(world, whose, was, known_as)
        case "reserve" if amount <= free[who]:
            held[await reserved(world, whose, amount, minutes=5)] = amount
            free[who] -= amount
        case "reserve":
            with pytest.raises(ledger.NotEnoughPoints):
                await reserved(world, whose, amount)
        case "spend" if held:
            reserve_id = next(iter(held))
            part = min(amount, held[reserve_id])
            await spent(world, reserve_id, part)
            held[reserve_id] -= part
            if not held[reserve_id]:
                del held[reserve_id]
        case "release" if held:
            reserve_id, left = held.popitem()
            await released(world, reserve_id)
            free[who] += left
        case "reverse" if paper.earned[who] and paper.earned[who][-1][1] <= free[who]:
            known_as, was = paper.earned[who].pop()
            back = unique("back")
            await world.house.db.atomically(
                lambda tx: ledger.claw_back(tx, back, whose, was, known_as, "test", {})
            )
            free[who] -= was
        case "wait":
            world.clock.advance(timedelta(minutes=6))
            await world.work()
            for each in range(3):
                free[each] += sum(paper.held[each].values())
                paper.held[each].clear()


async def play(world: World, moves: list[tuple[str, int, int]]) -> None:
    paper = Paper()
    for move, who, amount in moves:
        await step(world, paper, move, who, amount)
    found = [await balances(world, whose) for whose in paper.whose]
    assert found == [(paper.free[who], sum(paper.held[who].values())) for who in range(3)]
    assert await everything(world) == 0


def test_any_sequence_agrees_with_paper_and_sums_to_zero(world: World, io_loop: IOLoop) -> None:
    @settings(max_examples=25, deadline=None, database=None)
    @given(MOVES)
    def check(moves: list[tuple[str, int, int]]) -> None:
        io_loop.run_sync(lambda: play(world, moves))

    check()
    assert io_loop.run_sync(lambda: wrong(world)) == []


async def test_the_check_of_everything_names_what_was_changed(world: World) -> None:
    whose = await rich(world, 100)
    account = own("resident", whose)
    assert not [line for line in await world.house.check() if account in line]
    await tampered(world, ACCOUNTS, {"_id": account}, {"$set": {"balance": 101}})
    assert [line for line in await world.house.check() if account in line] == [
        f"{account}: the balance is 101 and the entries sum to 100"
    ]
    await tampered(world, ACCOUNTS, {"_id": account}, {"$set": {"balance": 100}})


async def test_what_comes_back_to_an_expired_lot_takes_nothing_else_along(world: World) -> None:
    """Also where it comes back before a worker has let the rest expire."""
    whose, name, at = unique("somebody"), unique("swipe"), world.clock.now()
    await world.house.db.atomically(
        lambda tx: ledger.earn(tx, name, whose, 500, at, DAYS, "test", {}, back=3)
    )
    made = await spent(world, await reserved(world, whose, 200), 200)
    source = next(one.account_id for one in made.legs if one.amount > 0)
    world.clock.advance(timedelta(days=DAYS, minutes=1))
    back = unique("back")
    await world.house.db.atomically(lambda tx: ledger.refund(tx, back, made.id, 150, source, by="test"))
    for days, left in ((0, 150), (2, 150), (1, 0)):
        world.clock.advance(timedelta(days=days, minutes=1))
        await world.work()
        assert await balances(world, whose) == (left, 0)
    assert await wrong(world) == []
