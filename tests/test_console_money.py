"""The bookkeepers' pages: payments, refunds, the daily comparison, payees, bills, and the ledger looked into."""

from datetime import timedelta

from schemas.staff import Grant
from server.bills import PAYEES, Payee
from server.kit.clock import SHANGHAI
from server.ledger import ACCOUNTS
from tests.browser import Browser
from tests.test_pay_checks import new_day, next_noon, paid, spoilt
from tests.test_payments import PAYEE, at_wechat, looked_up, payee, paying, points, seen, told, worked
from tests.test_refunds import settled, shown
from tests.world import World, unique


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


async def test_payees_are_added_changed_and_switched_off_on_record(world: World) -> None:
    one, name = await bookkeeper(world), unique("暖居物业")
    page = await one.get("/console/payees")
    added = await one.follow(await one.press(page, "/console/payees", name=name, kind="property"))
    assert "居民马上就能选到" in added.text
    payee = await known(world, name)
    assert (payee.kind, payee.online, payee.active) == ("property", False, True)
    page = await one.get("/console/payees")
    twice = await one.press(page, "/console/payees", name=name, kind="tv", phone="0477-1")
    assert twice.status == 409 and "已经有了" in twice.text and "0477-1" in twice.body
    refused = await one.press(page, f"/{payee.id}/change", name=" ", online="1")
    assert refused.status == 422 and "请填写名称" in refused.text
    changed = await one.press(refused, f"/{payee.id}/change", name=f"{name}二")
    assert "已改好" in (await one.follow(changed)).text
    assert (await known(world, f"{name}二")).online
    await one.press(await one.get("/console/payees"), f"/{payee.id}/off")
    offered = [row["id"] for row in (await (await world.resident()).get("/v1/payees")).json["items"]]
    assert payee.id not in offered
    admin = await world.staff(Grant(role="admin"))
    acts = [row["what"] for row in (await admin.get("/v1/audit", subject=payee.id)).json["items"]]
    assert sorted(acts) == ["payee.add", "payee.change", "payee.off"]


async def known(world: World, name: str) -> Payee:
    everybody = world.house.db.reader().everything(PAYEES)

    async def there() -> bool:
        return any(one.name == name for one in everybody.items.values())

    await world.until(there, name)
    return next(one for one in everybody.items.values() if one.name == name)


async def test_the_window_enters_a_bill_and_takes_out_what_it_entered_wrongly(world: World) -> None:
    await payee(world)
    resident, account = await world.resident(), unique("acct")
    clerk = Browser(world, (await world.staff(Grant(role="clerk", community_id=world.community))).token)
    page = await clerk.get(f"/console/bills/new?resident={resident.id}")
    filled = {"payee_id": PAYEE, "account_no": account, "period": "2026-11", "due": "2027-01-20"}
    wrong = await clerk.press(page, "/console/bills/new", **filled, amount="一百")
    assert wrong.status == 422 and "请填金额" in wrong.text and account in wrong.body
    listed = await clerk.follow(await clerk.press(wrong, "/console/bills/new", **filled, amount="128.50"))
    assert "已录入" in listed.text and "128.50 元" in listed.text and "王**" in listed.text
    [bill] = (await resident.get("/v1/bills")).json["items"]
    stranger = await world.staff(Grant(role="clerk", community_id=unique("community")))
    elsewhere = await Browser(world, stranger.token).get(listed.url)
    assert "没有这个户号的账单" in elsewhere.text
    gone = await clerk.follow(await clerk.press(listed, "/void", reason="金额录错了"))
    assert "已作废" in gone.text and "金额录错了" in gone.text
    assert (await resident.post(f"/v1/bills/{bill['id']}/pay", {})).code == "bill_not_open"
    page = await clerk.get(f"/console/bills/new?resident={resident.id}")
    again = await clerk.follow(await clerk.press(page, "/console/bills/new", **filled, amount="28.50"))
    assert "28.50 元" in again.text
    [fresh] = (await resident.get("/v1/bills", state="open")).json["items"]
    await paying(resident, fresh)
    late = await clerk.press(again, "/void", reason="金额录错了")
    assert late.status == 409 and "已经缴过或正在缴" in late.text


async def test_the_ledger_opens_from_its_books_to_each_purchase_and_as_of_any_moment(world: World) -> None:
    began = world.clock.now()
    resident, payment = await settled(world, 3000)
    one = await bookkeeper(world)
    books = await one.get("/console/ledger")
    assert "全部加起来" in books.text and "平" in books.text and "不平" not in books.text
    transfer = await one.follow(await one.get(f"/console/ledger?q={payment['id']}"))
    assert "付给收费单位" in transfer.text and "-30.00" in transfer.text and "东胜供电所" in transfer.text
    assert f"/console/payments/{payment['id']}" in transfer.body
    world.clock.advance(timedelta(hours=1))
    account = f"/console/ledger/account?id=resident:{resident.id}"
    page = await one.get(account)
    assert "王**" in page.text and "王桂英" not in page.text and "消费积分" in page.text
    before = f"{(began - timedelta(minutes=1)).astimezone(SHANGHAI):%Y-%m-%dT%H:%M}"
    assert "0.00 分" in (await one.get(f"{account}&moment={before}")).text
    assert "请选日期和时间" in (await one.get(f"{account}&moment=soon")).text
    assert "没有这一笔账" in (await one.get("/console/ledger?q=nothing")).text
    assert (await one.get("/console/ledger/account?id=resident:nobody")).status == 404
    assert "还没有结算" in (await one.get("/console/ledger/book?book=payee")).text
    operator = Browser(world, (await world.staff(Grant(role="operator"))).token)
    assert [(await operator.get(at)).status for at in ("/console/ledger", account)] == [403, 403]


async def test_a_check_is_asked_for_on_the_page_and_says_what_does_not_agree(world: World) -> None:
    one = await bookkeeper(world)
    asked = await one.follow(await one.press(await one.get("/console/ledger"), "/check"))
    assert "正在核对" in asked.text
    await world.work()
    assert "全部对得上" in (await one.get("/console/ledger")).text
    world.clock.advance(timedelta(minutes=1))
    resident, _ = await settled(world, 3000)
    account_id = f"resident:{resident.id}"
    more = {"$inc": {"balance": 1}}
    await world.house.db.alone(lambda tx: tx.change(ACCOUNTS, {"_id": account_id}, more))
    await one.press(await one.get("/console/ledger"), "/check")
    await world.work()
    wrong = await one.get("/console/ledger")
    await world.house.db.alone(lambda tx: tx.change(ACCOUNTS, {"_id": account_id}, {"$inc": {"balance": -1}}))
    assert "1 处对不上" in wrong.text and account_id in wrong.text and "不平" in wrong.text
