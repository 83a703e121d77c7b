"""Bills and their payment: with points, by WeChat, with both; given back when it fails, whatever dies on the way."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from schemas.staff import Grant
from server import ledger
from server.bills import PAYEES, Payee
from server.documents.slips import SLIPS
from server.payments import PAYMENTS
from server.payments.receipts import capital
from tests.doors import Happy, Visit
from tests.test_points import holder, in_force, till
from tests.world import Person, Reply, World, unique

PAYEE = "power"


async def payee(world: World, **more: Any) -> None:
    usual: dict[str, Any] = {
        "id": PAYEE,
        "name": "东胜供电所",
        "kind": "electricity",
        "phone": "0477-8300002",
    }
    await world.put(PAYEES, Payee(**usual | more))


async def due(world: World, fen: int, account: str = "") -> str:
    """A bill that the payee has open on an account of its own; the account."""
    account_no = account or unique("acct")
    bill = {"bill_no": unique("due"), "payee": PAYEE, "account_no": account_no, "period": "2026-11"}
    await world.control("payee-bills", **bill, amount_fen=fen, due="2026-12-20")
    return account_no


async def looked_up(world: World, who: Person, fen: int = 8000) -> dict[str, Any]:
    await payee(world)
    reply = await who.post("/v1/bills/lookups", {"payee_id": PAYEE, "account_no": await due(world, fen)})
    assert reply.status == 201, reply.body
    [bill] = reply.json["items"]
    found: dict[str, Any] = bill
    return found


async def saver(world: World, fen: int) -> Person:
    """A resident with a card and so many fen of points."""
    await in_force(world)
    here, (resident, number) = await till(world), await holder(world)
    await here.sent(here.swipe(number, fen * 200))
    return resident


async def paying(who: Person, bill: dict[str, Any], points_fen: int = 0) -> dict[str, Any]:
    reply = await who.post(f"/v1/bills/{bill['id']}/pay", {"points_fen": points_fen})
    assert reply.status == 201, reply.body
    payment: dict[str, Any] = reply.json
    return payment


async def seen(who: Person, payment: dict[str, Any]) -> dict[str, Any]:
    reply = await who.get(f"/v1/payments/{payment['id']}")
    assert reply.status == 200, reply.body
    told: dict[str, Any] = reply.json
    return told


async def at_wechat(world: World, payment: dict[str, Any], *, notify: bool = False) -> None:
    """The payer enters the password."""
    await world.control("pay", out_trade_no=payment["id"], notify=notify)


async def told(world: World, payment: dict[str, Any], spoil: str = "") -> list[int]:
    answer = await world.control("pay-notify", out_trade_no=payment["id"], spoil=spoil)
    statuses: list[int] = answer["statuses"]
    return statuses


async def worked(world: World, minutes: float = 0) -> None:
    world.clock.advance(timedelta(minutes=minutes))
    while await world.work():
        pass


async def points(who: Person) -> tuple[int, int]:
    """To spend, and held."""
    balance = (await who.get("/v1/points")).json
    return balance["balance_fen"], balance["held_fen"]


async def bill_state(who: Person, bill: dict[str, Any]) -> str:
    return str((await who.get(f"/v1/bills/{bill['id']}")).json["state"])


async def wrong(world: World) -> list[str]:
    return [one async for one in ledger.differences(world.house.db.reader())]


# The doors.


async def visit_payees(world: World) -> Visit:
    await payee(world)
    return Visit(who=await world.resident(), path="/v1/payees")


async def visit_bills(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/bills")


async def visit_look_up(world: World) -> Visit:
    await payee(world)
    body = {"payee_id": PAYEE, "account_no": await due(world, 100)}
    return Visit(who=await world.resident(), path="/v1/bills/lookups", body=body)


async def visit_enter(world: World) -> Visit:
    await payee(world)
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))
    body = {
        "resident_id": (await world.resident()).id,
        "payee_id": PAYEE,
        "account_no": unique("acct"),
        "period": "2026-11",
        "amount_fen": 100,
        "due": "2026-12-20",
    }
    return Visit(who=clerk, path="/v1/bills", body=body)


async def visit_bill(world: World) -> Visit:
    resident = await world.resident()
    bill = await looked_up(world, resident)
    return Visit(who=resident, path=f"/v1/bills/{bill['id']}", stranger=await world.resident())


async def visit_pay(world: World) -> Visit:
    visit = await visit_bill(world)
    return Visit(who=visit.who, path=f"{visit.path}/pay", body={}, stranger=visit.stranger)


async def visit_payments(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/payments")


async def visit_cancel(world: World) -> Visit:
    visit = await visit_payment(world)
    return Visit(who=visit.who, path=f"{visit.path}/cancel", body={}, stranger=visit.stranger)


async def visit_payment(world: World) -> Visit:
    resident = await world.resident()
    payment = await paying(resident, await looked_up(world, resident))
    return Visit(who=resident, path=f"/v1/payments/{payment['id']}", stranger=await world.resident())


async def visit_sources(world: World) -> Visit:
    visit = await visit_payment(world)
    return Visit(who=visit.who, path=f"{visit.path}/sources", stranger=visit.stranger)


async def visit_ask_receipt(world: World) -> Visit:
    resident = await saver(world, 8000)
    payment = await paying(resident, await looked_up(world, resident), 8000)
    await worked(world)
    path = f"/v1/payments/{payment['id']}/receipt"
    return Visit(who=resident, path=path, body={}, stranger=await world.resident())


async def visit_receipt(world: World) -> Visit:
    visit = await visit_ask_receipt(world)
    assert visit.who is not None
    await visit.who.post(visit.path)
    return Visit(who=visit.who, path=visit.path, stranger=visit.stranger)


HAPPY: Happy = {
    ("GET", "/v1/payees"): visit_payees,
    ("GET", "/v1/bills"): visit_bills,
    ("POST", "/v1/bills"): visit_enter,
    ("POST", "/v1/bills/lookups"): visit_look_up,
    ("GET", "/v1/bills/{bill_id}"): visit_bill,
    ("POST", "/v1/bills/{bill_id}/pay"): visit_pay,
    ("GET", "/v1/payments"): visit_payments,
    ("GET", "/v1/payments/{payment_id}"): visit_payment,
    ("POST", "/v1/payments/{payment_id}/cancel"): visit_cancel,
    ("GET", "/v1/payments/{payment_id}/receipt"): visit_receipt,
    ("POST", "/v1/payments/{payment_id}/receipt"): visit_ask_receipt,
    ("GET", "/v1/payments/{payment_id}/sources"): visit_sources,
}


# Paid.


async def test_a_bill_is_paid_with_points_and_opens_back_to_the_purchases(world: World) -> None:
    resident = await saver(world, 10_000)
    bill = await looked_up(world, resident)
    payment = await paying(resident, bill, 8000)
    assert await points(resident) == (2000, 8000)
    await worked(world)
    assert (await seen(resident, payment))["state"] == "settled"
    assert await points(resident) == (2000, 0)
    assert await bill_state(resident, bill) == "paid"
    [source] = (await resident.get(f"/v1/payments/{payment['id']}/sources")).json["items"]
    assert source["points_fen"] == 8000
    assert "超市消费" in source["text"]
    assert [title for title, _ in await told_of(resident, payment)] == ["缴费结果通知"]
    there = await world.house.db.reading(lambda reader: ledger.total(reader, "payee", PAYEE))
    assert there >= 8000
    assert await wrong(world) == []


async def test_a_bill_is_paid_by_wechat_and_the_notification_is_enough(world: World) -> None:
    resident = await world.resident()
    bill = await looked_up(world, resident)
    payment = await paying(resident, bill)
    shown = await seen(resident, payment)
    assert (shown["state"], shown["pay_fen"]) == ("unpaid", 8000)
    assert shown["client_params"]["package"].startswith("prepay_id=")
    await at_wechat(world, payment)
    assert await told(world, payment) == [204]
    await worked(world)
    assert (await seen(resident, payment))["state"] == "settled"
    assert (await world.control(f"payee-bills?bill_no={await payee_no(world, payment)}", method="GET"))[
        "paid_by"
    ] == payment["id"]


async def payee_no(world: World, payment: dict[str, Any]) -> str:
    stored = await world.house.db.reading(lambda reader: reader.get(PAYMENTS, payment["id"]))
    assert stored is not None
    return stored.payee_no


async def test_a_bill_is_paid_with_both_and_a_notification_that_never_comes_is_asked_for(
    world: World,
) -> None:
    resident = await saver(world, 3000)
    bill = await looked_up(world, resident)
    payment = await paying(resident, bill, 3000)
    await seen(resident, payment)
    await at_wechat(world, payment)
    await worked(world, minutes=0.5)
    after = await seen(resident, payment)
    assert (after["state"], after["points_fen"], after["pay_fen"]) == ("settled", 3000, 5000)
    assert await points(resident) == (0, 0)


async def test_a_paid_bill_has_a_receipt_that_names_amounts_and_purchases(world: World) -> None:
    resident = await saver(world, 3000)
    bill = await looked_up(world, resident)
    payment = await paying(resident, bill, 3000)
    await seen(resident, payment)
    path = f"/v1/payments/{payment['id']}/receipt"
    assert (await resident.post(path)).code == "not_paid_yet"
    await at_wechat(world, payment)
    await worked(world, minutes=0.5)
    asked = (await resident.post(path)).json
    assert (asked["url"], asked["failed"]) == ("", False)
    slip = await world.house.db.reading(lambda reader: reader.get(SLIPS, asked["id"]))
    assert slip is not None
    rows = dict(slip.facts["rows"])
    assert (slip.facts["amount"], slip.facts["capital"]) == ("80.00", "捌拾元整")
    assert (rows["积分"], rows["微信支付"], rows["收费单位"]) == (
        "30.00 分，抵 30.00 元",
        "50.00 元",
        "东胜供电所",
    )
    assert [(text[:4], fen) for _, text, fen in slip.facts["sources"]] == [("超市消费", "30.00")]
    await worked(world)
    opened = await world.call("GET", (await resident.get(path)).json["url"])
    assert (opened.status, opened.body[:5]) == (200, b"%PDF-")
    assert (await (await world.resident()).get(path)).status == 404
    assert (await resident.post(path)).json["at"] == asked["at"]


@pytest.mark.parametrize(
    ("fen", "said"),
    [
        (1, "壹分"),
        (8000, "捌拾元整"),
        (10503, "壹佰零伍元零叁分"),
        (10050, "壹佰元伍角"),
        (1_005_000, "壹万零伍拾元整"),
        (17_110_000, "壹拾柒万壹仟壹佰元整"),
        (100_010_001, "壹佰万零壹佰元零壹分"),
    ],
)
def test_an_amount_is_said_in_capitals_that_nobody_can_change(fen: int, said: str) -> None:
    assert capital(fen) == said


# Not paid.


async def test_who_does_not_pay_in_time_has_points_and_bill_back(world: World) -> None:
    resident = await saver(world, 3000)
    bill = await looked_up(world, resident)
    payment = await paying(resident, bill, 3000)
    await seen(resident, payment)
    await worked(world, minutes=16)
    assert (await seen(resident, payment))["state"] == "expired"
    assert await points(resident) == (3000, 0)
    assert await bill_state(resident, bill) == "open"
    [(_, text)] = await told_of(resident, payment)
    assert "没有在规定时间内付款" in text
    again = await paying(resident, bill, 3000)
    listed = (await resident.get("/v1/payments", limit=1)).json
    assert [one["id"] for one in listed["items"]] == [again["id"]]
    earlier = (await resident.get("/v1/payments", cursor=listed["next"])).json
    assert [(one["id"], one["open"]) for one in earlier["items"]] == [(payment["id"], False)]


async def test_who_does_not_want_to_pay_after_all_has_points_and_bill_back_at_once(world: World) -> None:
    resident = await saver(world, 3000)
    bill = await looked_up(world, resident)
    payment = await paying(resident, bill, 3000)
    assert (await seen(resident, payment))["can_cancel"]
    for _ in range(2):
        cancelled = (await resident.post(f"/v1/payments/{payment['id']}/cancel")).json
        assert (cancelled["state_text"], cancelled["open"], cancelled["client_params"]) == (
            "正在取消",
            True,
            None,
        )
    assert (await seen(resident, payment))["client_params"] is None
    await worked(world)
    assert (await seen(resident, payment))["state_text"] == "已取消"
    assert await points(resident) == (3000, 0)
    assert await bill_state(resident, bill) == "open"
    order = await world.control(f"pay-order?out_trade_no={payment['id']}", method="GET")
    assert order["trade_state"] == "CLOSED"
    assert await told_of(resident, payment) == []


async def test_what_is_paid_while_it_is_cancelled_is_carried_on_and_what_is_under_way_cannot_be_cancelled(
    world: World,
) -> None:
    resident = await world.resident()
    payment = await paying(resident, await looked_up(world, resident))
    await seen(resident, payment)
    await at_wechat(world, payment)
    assert (await resident.post(f"/v1/payments/{payment['id']}/cancel")).status == 200
    await worked(world)
    assert (await seen(resident, payment))["state"] == "settled"
    other = await paying(resident, await looked_up(world, resident))
    await seen(resident, other)
    await at_wechat(world, other)
    await told(world, other)
    assert (await resident.post(f"/v1/payments/{other['id']}/cancel")).code == "payment_under_way"


async def told_of(who: Person, payment: dict[str, Any]) -> list[tuple[str, str]]:
    """Title and text of what the inbox has of this payment, the newest first."""
    messages = (await who.get("/v1/inbox")).json["items"]
    return [
        (one["title"], one["text"])
        for one in messages
        if one["page"].endswith(f"receipt/index?id={payment['id']}")
    ]


async def test_what_the_payee_will_not_have_is_given_back_to_the_fen(world: World) -> None:
    resident = await saver(world, 3000)
    bill = await looked_up(world, resident)
    payment = await paying(resident, bill, 3000)
    await seen(resident, payment)
    changed = {"bill_no": await payee_no(world, payment), "payee": PAYEE, "account_no": bill["account_no"]}
    await world.control("payee-bills", **changed, period="2026-11", amount_fen=9000, due="2026-12-20")
    await at_wechat(world, payment)
    await told(world, payment)
    await worked(world)
    after = await seen(resident, payment)
    assert (after["state"], "账单金额变了" in after["text"]) == ("failed", True)
    assert await points(resident) == (3000, 0)
    assert await bill_state(resident, bill) == "open"
    order = await world.control(f"pay-order?out_trade_no={payment['id']}", method="GET")
    assert order["refunded"] == 5000
    assert await wrong(world) == []
    back, failed = await told_of(resident, payment)
    assert (failed[0], "账单金额变了" in failed[1], "30.00 分已经退回" in failed[1]) == (
        "缴费结果通知",
        True,
        True,
    )
    assert (back[0], "50.00 元已经退回您的微信" in back[1]) == ("退款通知", True)


async def test_a_payee_that_does_not_answer_is_asked_again_and_paid_once(world: World) -> None:
    resident = await saver(world, 8000)
    bill = await looked_up(world, resident)
    await world.control("faults", path="/payee/payments", times=4, drop=True, after=True)
    payment = await paying(resident, bill, 8000)
    for _ in range(4):
        await worked(world, minutes=2)
    assert (await seen(resident, payment))["state"] == "settled"
    assert await points(resident) == (0, 0)


async def test_points_stay_set_aside_however_long_a_payee_is_silent(world: World) -> None:
    resident = await saver(world, 8000)
    bill = await looked_up(world, resident)
    await world.control("faults", path="/payee/payments", times=1000, drop=True, after=True)
    payment = await paying(resident, bill, 8000)
    await worked(world)
    await worked(world, minutes=60 * 24 * 8)
    assert await points(resident) == (0, 8000)
    await world.control("faults", method="DELETE")
    await worked(world, minutes=5)
    assert (await seen(resident, payment))["state"] == "settled"
    assert await points(resident) == (0, 0)
    assert await wrong(world) == []


async def test_a_bill_has_one_payment_at_a_time(world: World) -> None:
    resident = await world.resident()
    bill = await looked_up(world, resident)
    replies = await asyncio.gather(*(resident.post(f"/v1/bills/{bill['id']}/pay", {}) for _ in range(8)))
    assert sorted(one.status for one in replies) == [201] + [409] * 7
    assert {one.code for one in replies if one.status == 409} == {"bill_not_open"}


async def test_more_points_than_there_are_or_than_the_bill_are_refused(world: World) -> None:
    resident = await saver(world, 3000)
    bill = await looked_up(world, resident)

    async def refused(points_fen: int) -> Reply:
        return await resident.post(f"/v1/bills/{bill['id']}/pay", {"points_fen": points_fen})

    assert (await refused(3001)).code == "not_enough_points"
    too_many = await refused(8001)
    assert (too_many.code, too_many.json["error"]["field"]) == ("more_points_than_bill", "points_fen")
    assert await bill_state(resident, bill) == "open"
    await resident.post("/v1/points/card/lost", {"reason": "找不到了"})
    assert (await refused(100)).code == "card_not_usable"


# Told again.


async def test_the_same_notification_again_and_late_changes_nothing_more(world: World) -> None:
    resident = await saver(world, 3000)
    payment = await paying(resident, await looked_up(world, resident), 3000)
    await seen(resident, payment)
    await at_wechat(world, payment)
    for _ in range(3):
        assert await told(world, payment) == [204]
    await worked(world)
    assert await told(world, payment) == [204]
    await worked(world)
    assert (await seen(resident, payment))["state"] == "settled"
    order = await world.control(f"pay-order?out_trade_no={payment['id']}", method="GET")
    assert order["refunded"] == 0
    assert await points(resident) == (0, 0)


# Bills.


async def test_a_bill_looked_up_by_another_of_the_family_is_theirs_to_pay(world: World) -> None:
    await payee(world)
    account = await due(world, 8000)
    mother, son = await world.resident(), await world.resident()
    body = {"payee_id": PAYEE, "account_no": account}
    await mother.post("/v1/bills/lookups", body)
    [bill] = (await son.post("/v1/bills/lookups", body | {"label": "妈妈家"})).json["items"]
    assert (bill["label"], bill["holder"]) == ("妈妈家", "*桂英")
    assert (await mother.get(f"/v1/bills/{bill['id']}")).status == 404
    assert (await son.get("/v1/bills", state="open")).json["items"][0]["id"] == bill["id"]


async def test_a_payee_that_cannot_be_asked_is_for_the_window(world: World) -> None:
    await payee(world, online=False)
    resident = await world.resident()
    body = {"payee_id": PAYEE, "account_no": "1"}
    assert (await resident.post("/v1/bills/lookups", body)).code == "payee_not_online"
    assert (await resident.post("/v1/bills/lookups", body | {"payee_id": "nobody"})).code == "payee_not_found"
    entered = await visit_enter(world)
    await payee(world, online=False)
    assert entered.who is not None
    first = await entered.who.post(entered.path, entered.body)
    assert first.status == 201
    assert (await entered.who.post(entered.path, entered.body)).code == "bill_known"


async def test_an_account_that_is_not_known_and_a_payee_that_does_not_answer_are_said_as_such(
    world: World,
) -> None:
    await payee(world)
    resident, account = await saver(world, 8000), await due(world, 8000)
    unknown = await resident.post("/v1/bills/lookups", {"payee_id": PAYEE, "account_no": "nobody"})
    error = unknown.json["error"]
    assert (unknown.status, error["code"], error["field"]) == (404, "account_not_found", "account_no")
    await world.control("faults", path="/payee/bills", times=9, drop=True)
    body = {"payee_id": PAYEE, "account_no": account}
    assert (await resident.post("/v1/bills/lookups", body)).code == "payee_not_answering"
    await world.control("faults", method="DELETE")
    world.clock.advance(timedelta(minutes=5))
    [bill] = (await resident.post("/v1/bills/lookups", body)).json["items"]
    await paying(resident, bill, 8000)
    await worked(world)
    assert (await resident.post("/v1/bills/lookups", body)).json["items"] == []


async def test_a_worker_that_dies_at_any_step_leaves_it_to_the_next(world: World) -> None:
    resident = await saver(world, 8000)
    bill = await looked_up(world, resident)
    payment = await paying(resident, bill, 8000)
    queue = next(one for one in world.house.worker().queues if one.name == "payments")
    taken = await queue._take(world.house.db, "one that dies")
    assert taken is not None
    await world.house.payees.pay(taken.id, taken.payee_no, taken.amount_fen)
    await worked(world, minutes=2)
    await queue._work(world.house.db, taken, world.house.metrics)
    assert (await seen(resident, payment))["state"] == "settled"
    assert await points(resident) == (0, 0)
    assert await wrong(world) == []


# Leaving.


async def test_nobody_leaves_while_money_is_under_way_and_what_is_left_leads_to_nobody(world: World) -> None:
    resident = await saver(world, 8000)
    bill = await looked_up(world, resident)
    assert (await resident.delete("/v1/me")).code == "points_still_there"
    await paying(resident, bill, 8000)
    assert (await resident.delete("/v1/me")).code == "payments_still_open"
    await worked(world)
    parts = {one["name"]: one["records"] for one in (await resident.get("/v1/me/export")).json["parts"]}
    assert {len(parts[name]) for name in ("swipes", "bills", "payments", "point_cards")} == {1}
    assert len(parts["entries"]) == 4
    assert (await resident.delete("/v1/me")).status == 204
    kept = await world.house.db.reading(lambda reader: reader.get(PAYMENTS, parts["payments"][0]["id"]))
    assert kept is not None
    assert (kept.openid, kept.state) == ("", "settled")
    assert await wrong(world) == []
