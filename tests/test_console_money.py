"""The bookkeepers' pages: payments, refunds, the daily comparison, payees, bills, and the ledger looked into."""

from schemas.staff import Grant
from tests.browser import Browser
from tests.test_pay_checks import new_day, next_noon, paid, spoilt
from tests.test_payments import at_wechat, looked_up, paying, points, seen, told, worked
from tests.test_refunds import settled, shown
from tests.world import World


async def bookkeeper(world: World, name: str = "王芳") -> Browser:
    return Browser(world, (await world.staff(Grant(role="accountant"), name=name)).token)


async def test_a_refund_is_proposed_on_the_payments_page_and_approved_by_a_colleague(world: World) -> None:
    resident, payment = await settled(world)
    one, other = await bookkeeper(world), await bookkeeper(world, "李会计")
    page = await one.follow(await one.get(f"/console/payments?q={payment['id']}"))
    assert "已缴清" in page.text and "王**" in page.text and "王桂英" not in page.text
    assert "超市消费" in page.text and "还可以退：积分 30.00 分，微信支付 50.00 元" in page.text
    for filled, wrong in (
        ({"points": "31", "reason": "多收了"}, "退款超过了还可以退的金额"),
        ({"pay": "十元", "reason": "多收了"}, "请填微信支付要退多少元"),
        ({"reason": "多收了"}, "请填要退的积分或金额"),
    ):
        refused = await one.press(page, "/refund", **filled)
        assert refused.status in (409, 422) and wrong in refused.text and 'value="多收了"' in refused.body
    refund = await one.follow(await one.press(page, "/refund", points="10", pay="15.50", reason="窗口多收了"))
    assert "退款已提出，等另一位同事审核" in refund.text and "您提出的退款，要由另一位同事同意" in refund.text
    assert not [form for form in refund.forms if form.action.endswith("/approve")]
    assert "窗口多收了" in (await other.get("/console/refunds")).text
    theirs = await other.get(refund.url)
    assert "正在原路退回" in (await other.follow(await other.press(theirs, "/approve"))).text
    await worked(world)
    assert "已退" in (await one.get(refund.url)).text
    assert await shown(resident, payment) == [("已退", 1000, 1550)]
    assert await points(resident) == (1000, 0)
    again = await one.get(f"/console/payments/{payment['id']}")
    assert "退款已退" in again.text and "还可以退：积分 20.00 分，微信支付 34.50 元" in again.text


async def test_wechat_is_asked_now_and_what_it_says_is_heard(world: World) -> None:
    resident = await world.resident()
    payment = await paying(resident, await looked_up(world, resident))
    await seen(resident, payment)
    one = await bookkeeper(world)
    page = await one.get(f"/console/payments/{payment['id']}")
    assert "微信说：还没有付" in (await one.press(page, "/ask")).text
    await at_wechat(world, payment)
    asked = await one.press(page, "/ask")
    assert "微信说：已付款，80.00 元" in asked.text and "微信收到付款" in asked.text
    await world.control("faults", path="/v3/pay/transactions/out-trade-no", times=9, drop=True)
    assert "请稍后再试" in (await one.press(page, "/ask")).text
    await world.control("faults", method="DELETE")
    await told(world, payment, "amount")
    refusals = await one.get("/console/payments/refusals")
    assert "金额不同" in refusals.text and payment["id"] in refusals.text
    assert (
        await Browser(world, (await world.staff(Grant(role="operator"))).token).get(page.url)
    ).status == 403


async def test_payments_are_narrowed_by_state_payee_and_day(world: World) -> None:
    _, payment = await settled(world, 8000)
    one, day = await bookkeeper(world), world.clock.now().date()
    narrowed = f"/console/payments?state=settled&payee=power&day={day}"
    assert payment["id"] in (await one.get(narrowed)).body
    assert payment["id"] not in (await one.get("/console/payments?state=expired")).body
    assert "没有这个编号" in (await one.get("/console/payments?q=P0")).text


async def test_a_difference_is_answered_on_the_page_of_its_day_and_confirmed_by_a_colleague(
    world: World,
) -> None:
    day, payment = new_day(world), await paid(world)
    await spoilt(world, day, lacks=[payment["id"]])
    await next_noon(world)
    one, other = await bookkeeper(world), await bookkeeper(world, "李会计")
    listed = await one.get("/console/pay-checks")
    assert f"/console/pay-checks/{day}" in listed.body and "1 笔待查" in listed.text
    page = await one.get(f"/console/pay-checks/{day}")
    assert "微信没有" in page.text and payment["id"] in page.body
    empty = await one.press(page, "/resolve", reason=" ")
    assert empty.status == 422 and "请写明原因" in empty.text
    answered = await one.follow(await one.press(page, "/resolve", reason="=微信晚记了一天"))
    assert "等另一位同事复核" in answered.text
    assert not [form for form in answered.forms if form.action.endswith("/confirm")]
    theirs = await other.get(page.url)
    assert "已复核" in (await other.follow(await other.press(theirs, "/confirm"))).text
    table = await one.get(f"{page.url}/csv")
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8" and payment["id"] in table.body
    assert "'=微信晚记了一天" in table.body
    again = await one.follow(await one.press(answered, f"/console/pay-checks/{day}"))
    assert "正在重新对账" in again.text
