"""What is asked of tickets once they are bought: given back by the rules of the moment, changed for more or for less."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from server.passengers import TRAVELLERS
from server.payments import PAYMENTS
from server.tickets import payments
from tests.houses import next_door
from tests.test_proxies import trusted
from tests.ticketing import PRICE, Office, moved, open_office, refused, seen
from tests.world import World

FEE = 500
BACK = [
    (timedelta(days=9), 0),
    (timedelta(days=5), 450),
    (timedelta(hours=30), 850),
    (timedelta(hours=10), 1750),
]
"""How long before the train leaves, and what is kept of 86.50 yuan: nothing, 5, 10 and 20 per cent in steps of half a
yuan (server/fee_rules/usual.py)."""


async def before(office: Office, case: dict[str, Any], left: timedelta) -> None:
    """So long before the train leaves; the staff sign in anew."""
    leaves = datetime.fromisoformat(case["details"]["passengers"][0]["depart_at"])
    office.world.clock.set(leaves - left)
    for name in ("agent", "clerk"):
        setattr(office, name, await office.world.sign_in(getattr(office, name).id))


def people(case: dict[str, Any]) -> list[str]:
    return [one["id"] for one in case["details"]["passengers"]]


def states(case: dict[str, Any]) -> list[str]:
    return [one["state"] for one in case["details"]["passengers"]]


@pytest.mark.parametrize(("left", "kept"), BACK, ids=[str(one) for one, _ in BACK])
async def test_what_comes_back_is_shown_first_and_is_what_the_rules_say_so_long_before_departure(
    world: World, left: timedelta, kept: int
) -> None:
    office, who = await open_office(world), await world.resident()
    case = await office.ticketed(who, 1990, 1985)
    first, second = people(case)
    await before(office, case, left)
    asked = await moved(who, case, "ask_refund", passengers=[first])
    [line] = asked["details"]["refund"]["lines"]
    assert (asked["state"], line["fee_fen"], line["back_fen"]) == ("refund_quoted", kept, PRICE - kept)
    assert asked["details"]["back_fen"] == 0, "nothing has happened yet"
    assert await refused(who, case, "confirm_refund", refund_version=2) == (409, "refund_changed")
    confirmed = await moved(who, case, "confirm_refund", refund_version=1)
    assert (confirmed["state"], states(confirmed)) == ("refunding", ["refunding", "ticketed"])
    done = await moved(office.agent, case, "record_refund")
    assert (done["state"], states(done)) == ("partial", ["refunded", "ticketed"])
    assert done["details"]["back_fen"] == PRICE - kept, "the fee for the service is kept"

    again = await moved(who, case, "ask_refund", passengers=[second])
    version = again["details"]["refund"]["version"]
    await moved(who, case, "confirm_refund", refund_version=version)
    ended = await moved(office.agent, case, "record_refund")
    assert (ended["state"], ended["open"], ended["details"]["wiped"]) == ("closed", False, True)
    assert ended["details"]["back_fen"] == 2 * (PRICE - kept)


async def test_when_the_rules_say_something_else_by_the_time_of_confirming_the_new_sum_is_shown(
    world: World,
) -> None:
    office, who = await open_office(world), await world.resident()
    case = await office.ticketed(who)
    await before(office, case, timedelta(days=8, minutes=5))
    asked = await moved(who, case, "ask_refund", passengers=people(case))
    assert asked["details"]["refund"]["back_fen"] == PRICE
    world.clock.advance(timedelta(minutes=10))
    reply = await who.act(case["case_no"], "confirm_refund", refund_version=1)
    assert (reply.status, reply.code) == (409, "refund_changed")
    assert (reply.json["error"]["refund_version"], reply.json["error"]["back_fen"]) == (2, PRICE - 450)
    shown = await seen(who, case)
    assert (shown["state"], shown["details"]["refund"]["version"]) == ("refund_quoted", 2)
    assert shown["details"]["refund"]["back_fen"] == PRICE - 450
    done = await moved(who, case, "confirm_refund", refund_version=2)
    assert done["state"] == "refunding"


async def test_a_refund_that_is_not_confirmed_or_cannot_be_done_leaves_the_ticket_good(world: World) -> None:
    office, who = await open_office(world), await world.resident()
    case = await office.ticketed(who)
    await moved(who, case, "ask_refund", passengers=people(case))
    assert await refused(who, case, "ask_change", passengers=people(case), wish="晚一点") == (
        409,
        "not_allowed_now",
    )
    back = await moved(who, case, "withdraw_refund")
    assert (back["state"], back["details"]["refund"]["state"]) == ("ticketed", "withdrawn")
    await moved(who, case, "ask_refund", passengers=people(case))
    world.clock.advance(timedelta(minutes=16))
    assert (await seen(who, case))["state"] == "ticketed", "before the worker has come round"
    await office.worked()
    assert (await seen(who, case))["details"]["refund"]["state"] == "lapsed"
    asked = await moved(who, case, "ask_refund", passengers=people(case))
    await moved(who, case, "confirm_refund", refund_version=asked["details"]["refund"]["version"])
    failed = await moved(office.agent, case, "refund_failed", reason="车站系统维护")
    assert (failed["state"], states(failed), failed["details"]["back_fen"]) == ("ticketed", ["ticketed"], 0)
    assert await refused(who, case, "ask_refund", passengers=["nobody"]) == (422, "no_ticket_to_give_back")


def offer(office: Office, price_fen: int, **more: Any) -> dict[str, Any]:
    at = office.world.at(14, days=12)
    return {"number": "d6705", "seat_class": "second", "depart_at": at, "price_fen": price_fen, **more}


def seats(case: dict[str, Any], *ids: str) -> dict[str, Any]:
    rows = [{"passenger_id": one, "carriage": "06", "seat": "1A"} for one in ids or people(case)]
    return {"record_no": "E987654321", "results": rows}


async def test_a_dearer_train_is_paid_for_before_the_old_ticket_goes(world: World) -> None:
    office, who = await open_office(world), await world.resident()
    case = await office.ticketed(who, 1990, 1985)
    first, second = people(case)
    asked = await moved(who, case, "ask_change", passengers=[second], wish="下午的车")
    assert (asked["state"], states(asked)) == ("changing", ["ticketed", "changing"])
    above = offer(office, 12001)
    assert await refused(office.agent, case, "offer_change", **above) == (409, "change_above_ceiling")
    offered = await moved(office.agent, case, "offer_change", **offer(office, PRICE + 1250))
    change = offered["details"]["change"]
    assert (offered["state"], change["pay_fen"], change["back_fen"]) == ("change_offered", 1250, 0)
    assert await refused(who, case, "accept_change", change_version=2) == (409, "change_changed")
    agreed = await moved(who, case, "accept_change", change_version=1)
    assert agreed["state"] == "change_paying"
    await office.pay(who, agreed["details"]["bill_id"])
    await office.worked()
    assert (await seen(who, case))["state"] == "rebooking"
    short = seats(case, first)
    assert await refused(office.agent, case, "confirm_bought_change", **short) == (
        422,
        "change_results_incomplete",
    )
    done = await moved(office.agent, case, "confirm_bought_change", **seats(case, second))
    one, two = done["details"]["passengers"]
    assert (done["state"], one["number"], two["number"]) == ("ticketed", "D6701", "D6705")
    assert (two["record_no"], two["seat"], two["price_fen"]) == ("E987654321", "1A", PRICE + 1250)
    assert "改签" in two["history"][-1]["text"] and len(one["history"]) == 1
    assert done["details"]["paid_fen"] == 2 * (PRICE + FEE) + 1250


async def test_a_cheaper_train_gives_its_difference_back(world: World) -> None:
    office, who = await open_office(world), await world.resident()
    case = await office.ticketed(who)
    await moved(who, case, "ask_change", passengers=people(case), wish="便宜些的")
    offered = await moved(office.agent, case, "offer_change", **offer(office, PRICE - 2000))
    assert offered["details"]["change"]["back_fen"] == 2000
    agreed = await moved(who, case, "accept_change", change_version=1)
    assert (agreed["state"], agreed["details"]["back_fen"]) == ("rebooking", 0)
    done = await moved(office.agent, case, "confirm_bought_change", **seats(case))
    assert (done["state"], done["details"]["back_fen"]) == ("ticketed", 2000)
    asked = await moved(who, case, "ask_refund", passengers=people(case))
    assert asked["details"]["refund"]["lines"][0]["face_fen"] == PRICE - 2000, "what the new one cost"


async def test_a_change_that_comes_to_nothing_leaves_the_old_ticket_and_the_money(world: World) -> None:
    office, who = await open_office(world), await world.resident()
    case = await office.ticketed(who)
    wish = {"passengers": people(case), "wish": "下午的车"}

    async def offered() -> int:
        await moved(who, case, "ask_change", **wish)
        shown = await moved(office.agent, case, "offer_change", **offer(office, PRICE + 1250))
        version: int = shown["details"]["change"]["version"]
        return version

    await moved(who, case, "ask_change", **wish)
    assert (await moved(office.agent, case, "refuse_change", reason="没有票"))["state"] == "ticketed"
    await offered()
    declined = await moved(who, case, "decline_change")
    assert (declined["state"], states(declined)) == ("ticketed", ["ticketed"])
    await moved(who, case, "accept_change", change_version=await offered())
    world.clock.advance(timedelta(minutes=31))
    await office.worked()
    lapsed = await seen(who, case)
    assert (lapsed["state"], lapsed["details"]["change"]["state"]) == ("ticketed", "lapsed")

    await moved(who, case, "accept_change", change_version=await offered())
    await moved(office.clerk, case, "pay_cash")
    failed = await moved(office.agent, case, "change_failed", reason="刚刚卖完")
    assert (failed["state"], failed["details"]["passengers"][0]["number"]) == ("ticketed", "D6701")
    assert failed["details"]["back_fen"] == 1250


async def test_when_the_worker_dies_between_payment_and_buying_another_one_goes_on_and_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, who = await open_office(world), await world.resident()
    case = await office.authorised(who)
    bill = case["details"]["bill_id"]
    await office.pay(who, bill)
    with monkeypatch.context() as dying:
        dying.setattr(payments, "_MOVES", {})  # the transaction is never committed
        await office.worked(1)
    unheard = await seen(who, case)
    assert (unheard["state"], (await who.get(f"/v1/bills/{bill}")).json["state"]) == ("authorised", "paid")
    async with next_door(world) as other:
        for _ in range(6):
            world.clock.advance(timedelta(seconds=30))
            await other.work()
        after = await seen(other.meets(who), case)
        assert (after["state"], after["details"]["paid_fen"]) == ("buying", PRICE + FEE)
        await world.work()
    history = (await who.get(f"/v1/cases/{case['case_no']}/history")).json["items"]
    assert [one["action"] for one in history].count("buy") == 1


async def test_of_two_agents_who_record_at_once_one_is_refused(world: World) -> None:
    office, who = await open_office(world), await world.resident()
    case = await office.buying(who)
    async with next_door(world) as other:
        replies = await asyncio.gather(
            office.agent.act(case["case_no"], "record", **office.results(case)),
            other.meets(office.colleague).act(case["case_no"], "record", **office.results(case, 1)),
        )
    assert sorted(one.status for one in replies) == [200, 409], [one.body for one in replies]
    after = await seen(who, case)
    got = after["state"] == "ticketed"
    assert after["details"]["back_fen"] == (0 if got else PRICE + FEE)


async def test_an_order_ends_some_days_after_the_trip_and_the_papers_are_wiped(world: World) -> None:
    office, who = await open_office(world), await world.resident()
    case = await office.ticketed(who)
    await before(office, case, timedelta(days=-6))
    await office.worked()
    assert (await seen(who, case))["state"] == "ticketed"

    async def papers() -> bool:
        kept = await world.house.db.reading(lambda reader: reader.get(TRAVELLERS, case["case_no"]))
        return kept is not None

    assert await papers()
    await before(office, case, timedelta(days=-7, minutes=-1))
    await office.worked()
    after = await seen(who, case)
    assert (after["state"], after["details"]["wiped"], await papers()) == ("closed", True, False)
    rated = await who.post(
        f"/v1/cases/{case['case_no']}/rating", {"stars": 5, "dimensions": {"speed": 5}, "tags": ["买得快"]}
    )
    assert rated.status == 201, rated.body


async def test_family_orders_for_whom_it_may_and_nobody_leaves_while_an_order_is_open(world: World) -> None:
    office, mother, son = await open_office(world), await world.resident(), await world.resident(name="李强")
    passenger = await office.passenger(mother, 1956)
    wish = office.wish([passenger], resident_id=mother.id)
    assert (await son.post("/v1/tickets", wish)).code == "ticket_not_for_others"
    await trusted(mother, son)
    reply = await son.post("/v1/tickets", wish)
    assert (reply.status, reply.json["resident"]["id"]) == (201, mother.id), reply.body
    quoted = await moved(office.agent, reply.json, "quote", **office.quoting(reply.json))
    agreed = await moved(son, quoted, "authorise", quote_version=1)
    assert agreed["details"]["quote"]["total_fen"] == PRICE, "she is over sixty"
    left = await mother.delete("/v1/me")
    assert (left.status, left.code) == (409, "cases_still_open")
    export = (await mother.get("/v1/me/export")).json
    assert agreed["case_no"] in repr(export)
    ended = await moved(mother, agreed, "cancel")
    assert (ended["state"], ended["details"]["wiped"]) == ("cancelled", True)


async def test_who_cancels_in_the_moment_of_paying_has_all_of_it_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, who = await open_office(world), await world.resident()
    case = await office.authorised(who)
    with monkeypatch.context() as dying:
        dying.setattr(payments, "_MOVES", {})
        payment = await office.pay(who, case["details"]["bill_id"])
        await office.worked(1)
    await moved(who, case, "cancel")
    await office.worked(10)
    stored = await world.house.db.reading(lambda reader: reader.get(PAYMENTS, payment))
    assert stored is not None and stored.back_pay_fen == stored.paid_fen == PRICE + FEE
    after = await seen(who, case)
    assert (after["state"], after["details"]["back_fen"]) == ("cancelled", PRICE + FEE)
