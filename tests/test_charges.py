"""What a case costs is a bill of its own: paid by WeChat or in cash, void when its time is over, given back by rule."""

from datetime import timedelta
from typing import Any

import pytest

from server import charges
from server.cases import CASES
from server.kit.events import EVENTS
from server.sessions import SYSTEM
from tests.houses import next_door
from tests.test_payments import at_wechat, bill_state, paying, seen, told, worked
from tests.test_proxies import trusted
from tests.world import Person, World


async def charged(
    world: World, who: Person, fen: int = 3450, minutes: int = 0, name: str = ""
) -> dict[str, Any]:
    """A case of theirs that costs so much; the bill as they see it."""
    shop = await world.shop()
    case = await shop.booked(who)
    return await asked(world, who, case["case_no"], fen, minutes, name)


async def asked(
    world: World, who: Person, case_no: str, fen: int, minutes: int = 0, name: str = ""
) -> dict[str, Any]:
    async def made(tx: Any) -> str:
        case = await tx.get(CASES, case_no)
        pay_by = tx.now + timedelta(minutes=minutes) if minutes else None
        return (await charges.charge(tx, case, fen, "东胜站 → 呼和浩特东 2 张", pay_by, name)).id

    bill_id = await world.house.db.atomically(made)
    bill: dict[str, Any] = (await who.get(f"/v1/bills/{bill_id}")).json
    return bill


async def news(world: World, bill: dict[str, Any]) -> list[tuple[str, int]]:
    """What was told of it to the noun whose case it is."""
    where = {"subject": bill["id"], "type": {"$in": ["charge.paid", "charge.expired"]}}
    found = await world.house.db.reading(lambda reader: reader.all(EVENTS, where, limit=5))
    assert all(one.data["case_no"] == bill["case_no"] for one in found)
    return [(one.type, one.data["amount_fen"]) for one in found]


async def given_back(world: World, bill: dict[str, Any], fen: int) -> charges.Given:
    return await world.house.db.atomically(
        lambda tx: charges.give_back(tx, bill["case_no"], fen, "退票，按规定扣手续费")
    )


async def paid(world: World, who: Person, bill: dict[str, Any]) -> dict[str, Any]:
    payment = await paying(who, bill)
    await seen(who, payment)
    await at_wechat(world, payment)
    assert await told(world, payment) == [204]
    await worked(world)
    return payment


async def test_it_is_paid_on_the_page_of_bills_and_told_once(world: World) -> None:
    resident = await world.resident()
    bill = await charged(world, resident)
    assert (bill["payee"]["kind_text"], bill["label"]) == ("打车费", "东胜站 → 呼和浩特东 2 张")
    assert bill["points_usable_fen"] == 0
    assert (await resident.get("/v1/bills", state="open")).json["items"][0]["id"] == bill["id"]
    assert bill["payee"]["id"] not in [one["id"] for one in (await resident.get("/v1/payees")).json["items"]]
    assert (await asked(world, resident, bill["case_no"], 9999))["id"] == bill["id"], (
        "asked again it is the same"
    )
    refused = await resident.post(f"/v1/bills/{bill['id']}/pay", {"points_fen": 100})
    assert (refused.status, refused.code) == (409, "no_points_for_this")
    assert (await resident.delete("/v1/me")).status == 409

    payment = await paid(world, resident, bill)
    shown = await seen(resident, payment)
    assert (shown["state"], shown["pay_fen"]) == ("settled", 3450)
    assert "东胜站 → 呼和浩特东 2 张" in shown["title"]
    assert await bill_state(resident, bill) == "paid"
    await worked(world)
    assert await news(world, bill) == [("charge.paid", 3450)]


async def test_nobody_elses_but_theirs_who_may_order_for_somebody(world: World) -> None:
    mother, other = await world.resident(), await world.resident()
    son = await world.resident(name="李强")
    bill = await charged(world, mother)
    await trusted(mother, other, scopes=["bills"])
    await trusted(mother, son, scopes=["bookings"])
    assert (await other.get(f"/v1/bills/{bill['id']}")).status == 404
    await paid(world, son, bill)
    assert await bill_state(mother, bill) == "paid"


async def test_it_is_void_when_its_time_is_over_unless_somebody_is_about_to_pay(world: World) -> None:
    resident = await world.resident()
    late, paying_now = await charged(world, resident, minutes=30), await charged(world, resident, minutes=30)
    world.clock.advance(timedelta(minutes=25))
    payment = await paying(resident, paying_now)
    await seen(resident, payment)
    await worked(world, minutes=6)
    assert (await bill_state(resident, late), await bill_state(resident, paying_now)) == ("void", "paying")
    refused = await resident.post(f"/v1/bills/{late['id']}/pay", {"points_fen": 0})
    assert refused.code == "bill_not_open"
    await at_wechat(world, payment)
    assert await told(world, payment) == [204]
    await worked(world, minutes=1)
    assert await bill_state(resident, paying_now) == "paid"
    await worked(world, minutes=1)
    assert await news(world, late) == [("charge.expired", 3450)]
    assert await news(world, paying_now) == [("charge.paid", 3450)]


async def test_what_nobody_completes_is_void_after_the_order_is_closed(world: World) -> None:
    resident = await world.resident()
    bill = await charged(world, resident, minutes=30)
    world.clock.advance(timedelta(minutes=29))
    payment = await paying(resident, bill)
    await seen(resident, payment)
    for _ in range(4):
        await worked(world, minutes=8)
    assert await bill_state(resident, bill) == "void"
    assert await news(world, bill) == [("charge.expired", 3450)]


async def test_what_is_taken_back_need_not_be_paid_and_what_is_paid_in_that_moment_comes_back(
    world: World,
) -> None:
    resident = await world.resident()
    unpaid, racing = await charged(world, resident), await charged(world, resident)
    payment = await paying(resident, racing)
    await seen(resident, payment)
    await at_wechat(world, payment)
    for bill in (unpaid, racing):
        await world.house.db.atomically(lambda tx, no=bill["case_no"]: charges.cancel(tx, no))
    for _ in range(3):
        await worked(world, minutes=2)
    assert await bill_state(resident, unpaid) == "void"
    assert await news(world, unpaid) == await news(world, racing) == []
    shown = await seen(resident, payment)
    assert sum(one["pay_fen"] for one in shown["refunds"]) == 3450 or shown["state"] == "failed"
    assert (await resident.post(f"/v1/bills/{racing['id']}/pay", {"points_fen": 0})).status == 409


async def test_parts_come_back_by_rule_and_never_more_than_was_paid(world: World) -> None:
    resident = await world.resident()
    bill = await charged(world, resident, 3000)
    world.clock.advance(timedelta(minutes=1))
    more = await asked(world, resident, bill["case_no"], 500, name="difference")
    payments = [await paid(world, resident, one) for one in (bill, more)]
    assert await given_back(world, bill, 700) == charges.Given(pay_fen=700)
    await worked(world)
    backs = [(await seen(resident, one))["refunds"] for one in payments]
    assert [sum(one["pay_fen"] for one in back) for back in backs] == [200, 500], "the last payment first"
    assert {one["state_text"] for back in backs for one in back} == {"已退"}
    assert any("按规定扣手续费" in one["text"] for one in (await resident.get("/v1/inbox")).json["items"])
    with pytest.raises(charges.MoreThanCharged):
        await given_back(world, bill, 2801)
    assert await given_back(world, bill, 2800) == charges.Given(pay_fen=2800)


async def test_cash_is_taken_once_and_goes_back_as_cash(world: World) -> None:
    resident = await world.resident()
    bill = await charged(world, resident)

    async def taken(tx: Any) -> int:
        return await charges.settle_in_cash(tx, bill["case_no"], SYSTEM)

    assert [await world.house.db.atomically(taken) for _ in range(2)] == [3450, 0]
    await worked(world)
    assert (await bill_state(resident, bill), await news(world, bill)) == ("paid", [("charge.paid", 3450)])
    assert await given_back(world, bill, 450) == charges.Given(cash_fen=450)
    with pytest.raises(charges.MoreThanCharged):
        await given_back(world, bill, 3001)


async def test_of_two_processes_one_begins_to_pay_or_takes_the_cash(world: World) -> None:
    resident = await world.resident()
    bill = await charged(world, resident)
    async with next_door(world) as other:
        await paying(other.meets(resident), bill)

        async def taken(tx: Any) -> int:
            return await charges.settle_in_cash(tx, bill["case_no"], SYSTEM)

        with pytest.raises(charges.BillNotOpen):
            await world.house.db.atomically(taken)
