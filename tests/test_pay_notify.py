"""What WeChat Pay, or somebody in its name, tells us: nothing is believed that does not agree, and what was not is on
record by name and without its content; what comes late, early, crossed or out of order does no harm."""

import pytest

from server.payments import PAYMENTS, REFUSALS
from server.payments.stored import PayRefusal
from tests.test_payments import (
    at_wechat,
    bill_state,
    looked_up,
    paying,
    points,
    saver,
    seen,
    told,
    worked,
    wrong,
)
from tests.world import World, unique

COVERS = {
    ("POST", "/pay/notify"): "test_each_lie_is_on_record_by_its_name_and_the_truth_is_still_believed",
}


async def on_record(world: World) -> list[PayRefusal]:
    return await world.house.db.reading(lambda reader: reader.all(REFUSALS, {}, limit=1000, sort="at"))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        ("signature", "signature"),
        ("cipher", "signature"),
        ("serial", "signature"),
        ("old", "old"),
        ("amount", "amount"),
        ("mchid", "mchid"),
        ("appid", "appid"),
        ("openid", "openid"),
    ],
)
async def test_each_lie_is_on_record_by_its_name_and_the_truth_is_still_believed(
    world: World, spoil: str, why: str
) -> None:
    resident = await saver(world, 3000)
    bill = await looked_up(world, resident)
    payment = await paying(resident, bill, 3000)
    await seen(resident, payment)
    await at_wechat(world, payment)
    before = {one.id for one in await on_record(world)}
    for _ in range(2):
        assert await told(world, payment, spoil) == [401]
    new = [one for one in await on_record(world) if one.id not in before]
    forged = why in ("signature", "old")
    assert [(one.why, one.about) for one in new] == [(why, "" if forged else payment["id"])] * 2
    assert await points(resident) == (0, 3000)
    assert await bill_state(resident, bill) == "paying"
    assert await told(world, payment) == [204]
    await worked(world)
    assert (await seen(resident, payment))["state"] == "settled"
    assert len(await on_record(world)) == len(before) + 2
    assert await wrong(world) == []


async def test_what_is_told_before_it_is_paid_or_of_an_order_that_is_not_ours_is_on_record(
    world: World,
) -> None:
    resident = await world.resident()
    payment = await paying(resident, await looked_up(world, resident))
    await seen(resident, payment)
    assert await told(world, payment) == [401]
    stranger, until = unique("X"), world.clock.now().replace(year=world.clock.now().year + 1)
    await world.house.pay.prepay(stranger, "somebody", 8000, "别人的订单", until)
    await at_wechat(world, {"id": stranger})
    assert await told(world, {"id": stranger}) == [401]
    last = [(one.why, one.about) for one in await on_record(world)]
    assert ("amount", payment["id"]) in last
    assert ("unknown order", stranger) in last
    assert (await seen(resident, payment))["state"] == "unpaid"


async def test_notifications_that_come_in_another_order_settle_each_its_own_payment(world: World) -> None:
    resident = await saver(world, 3000)
    first = await paying(resident, await looked_up(world, resident, 5000), 1000)
    second = await paying(resident, await looked_up(world, resident, 7000), 2000)
    for payment in (first, second):
        await seen(resident, payment)
        await at_wechat(world, payment)
    assert await told(world, second) == [204]
    await worked(world)
    assert [(await seen(resident, one))["state"] for one in (first, second)] == ["unpaid", "settled"]
    assert [(await told(world, one))[0] for one in (second, first, second, first)] == [204] * 4
    await worked(world)
    paid = [await seen(resident, one) for one in (first, second)]
    assert [(one["state"], one["points_fen"], one["pay_fen"]) for one in paid] == [
        ("settled", 1000, 4000),
        ("settled", 2000, 5000),
    ]
    assert await points(resident) == (0, 0)
    assert await wrong(world) == []


async def test_money_that_crosses_the_cancelled_order_goes_back_once(world: World) -> None:
    """WeChat Pay has taken it in the moment in which the order was closed, and says so afterwards, twice."""
    resident = await saver(world, 3000)
    bill = await looked_up(world, resident)
    payment = await paying(resident, bill, 3000)
    await seen(resident, payment)
    await worked(world, minutes=16)
    assert (await seen(resident, payment))["state"] == "expired"
    order = world.town.sandbox.world.pay.till.orders[payment["id"]]
    order.state, order.paid_at, order.transaction_id = "SUCCESS", world.clock.now(), "4200001"
    assert [(await told(world, payment))[0] for _ in range(2)] == [204, 204]
    await worked(world, minutes=2)
    after = await seen(resident, payment)
    assert (after["state"], "付款时订单已经取消" in after["text"]) == ("failed", True)
    assert (order.refunded, await points(resident)) == (5000, (3000, 0))
    assert await bill_state(resident, bill) == "open"
    stored = await world.house.db.reading(lambda reader: reader.get(PAYMENTS, payment["id"]))
    assert stored is not None and stored.paid_fen == 5000
    assert await wrong(world) == []
