"""Refunds: proposed by one, approved by another, carried out to the fen, whatever WeChat Pay says or keeps to itself."""

import asyncio
from typing import Any

import pytest

from schemas.staff import Grant
from server import ledger
from server.payments import PAYMENTS, REFUSALS
from server.refunds import REFUNDS
from tests.doors import Happy, Visit
from tests.test_payments import (
    PAYEE,
    at_wechat,
    bill_state,
    looked_up,
    payee_no,
    paying,
    points,
    saver,
    seen,
    told,
    worked,
    wrong,
)
from tests.world import Person, Reply, World


async def bookkeepers(world: World) -> tuple[Person, Person]:
    """Two of them: one proposes, the other says yes."""
    return await world.staff(Grant(role="accountant")), await world.staff(
        Grant(role="accountant"), name="李会计"
    )


async def settled(world: World, points_fen: int = 3000) -> tuple[Person, dict[str, Any]]:
    """A bill of 80 yuan that is paid, with so many points and the rest by WeChat."""
    resident = await saver(world, points_fen) if points_fen else await world.resident()
    payment = await paying(resident, await looked_up(world, resident), points_fen)
    await seen(resident, payment)
    if points_fen < 8000:
        await at_wechat(world, payment)
        await told(world, payment)
    await worked(world)
    assert (await seen(resident, payment))["state"] == "settled"
    return resident, payment


async def proposed(who: Person, payment: dict[str, Any], **parts: int) -> dict[str, Any]:
    body = {"payment_id": payment["id"], "reason": "窗口多收了"} | parts
    reply = await who.post("/v1/refunds", body)
    assert reply.status == 201, reply.body
    refund: dict[str, Any] = reply.json
    return refund


async def act(who: Person, refund: dict[str, Any], action: str, **body: str) -> Reply:
    return await who.post(f"/v1/refunds/{refund['id']}/{action}", body)


async def state(who: Person, refund: dict[str, Any]) -> str:
    return str((await who.get(f"/v1/refunds/{refund['id']}")).json["state"])


async def approved(world: World, payment: dict[str, Any], **parts: int) -> tuple[Person, dict[str, Any]]:
    """Somebody who may look at it, and the refund."""
    one, other = await bookkeepers(world)
    refund = await proposed(one, payment, **parts)
    assert (await act(other, refund, "approve")).status == 200
    return one, refund


async def outcomes(world: World, *statuses: str) -> None:
    await world.control("pay-refund-outcomes", statuses=statuses)


async def ended(world: World, refund: dict[str, Any], status: str, *, notify: bool = False) -> None:
    await world.control("pay-refund-ended", out_refund_no=refund["id"], status=status, notify=notify)


async def notified(world: World, refund: dict[str, Any], spoil: str = "") -> list[int]:
    answer = await world.control("pay-notify", out_refund_no=refund["id"], spoil=spoil)
    statuses: list[int] = answer["statuses"]
    return statuses


async def refunded(world: World, payment: dict[str, Any]) -> int:
    """What WeChat Pay has paid back of it."""
    return int((await world.told("pay-order", out_trade_no=payment["id"]))["refunded"])


async def shown(who: Person, payment: dict[str, Any]) -> list[tuple[str, int, int]]:
    """The refunds that its owner sees."""
    return [
        (one["state_text"], one["points_fen"], one["pay_fen"])
        for one in (await seen(who, payment))["refunds"]
    ]


async def refusals(world: World, number: str) -> list[str]:
    where = {"about": number}
    found = await world.house.db.reading(lambda reader: reader.all(REFUSALS, where, limit=50))
    return [one.why for one in found]


# The doors.


async def visit_refunds(world: World) -> Visit:
    return Visit(who=await world.staff(Grant(role="accountant")), path="/v1/refunds")


async def visit_propose(world: World) -> Visit:
    _, payment = await settled(world, 8000)
    body = {"payment_id": payment["id"], "points_fen": 100, "reason": "多收了"}
    return Visit(who=await world.staff(Grant(role="accountant")), path="/v1/refunds", body=body)


async def visit_refund(world: World) -> Visit:
    one, other = await bookkeepers(world)
    _, payment = await settled(world, 8000)
    refund = await proposed(one, payment, points_fen=100)
    return Visit(who=other, path=f"/v1/refunds/{refund['id']}", shared=True)


async def visit_approve(world: World) -> Visit:
    visit = await visit_refund(world)
    return Visit(who=visit.who, path=f"{visit.path}/approve", shared=True)


async def visit_decline(world: World) -> Visit:
    visit = await visit_refund(world)
    return Visit(who=visit.who, path=f"{visit.path}/decline", body={"reason": "没有多收"}, shared=True)


async def visit_retry(world: World) -> Visit:
    one, refund = await abnormal(world)
    return Visit(who=one, path=f"/v1/refunds/{refund['id']}/retry", shared=True)


async def visit_hand(world: World) -> Visit:
    one, refund = await abnormal(world)
    body = {"reason": "转到她女儿的卡"}
    return Visit(who=one, path=f"/v1/refunds/{refund['id']}/hand", body=body, shared=True)


async def visit_confirm(world: World) -> Visit:
    visit = await visit_hand(world)
    assert visit.who is not None
    assert (await visit.who.post(visit.path, visit.body)).status == 200
    other = await world.staff(Grant(role="admin"))
    return Visit(who=other, path=visit.path.replace("/hand", "/confirm"), shared=True)


async def abnormal(world: World) -> tuple[Person, dict[str, Any]]:
    _, payment = await settled(world, 0)
    await outcomes(world, "ABNORMAL")
    one, refund = await approved(world, payment, pay_fen=8000)
    await worked(world)
    assert await state(one, refund) == "abnormal"
    return one, refund


HAPPY: Happy = {
    ("GET", "/v1/refunds"): visit_refunds,
    ("POST", "/v1/refunds"): visit_propose,
    ("GET", "/v1/refunds/{refund_id}"): visit_refund,
    ("POST", "/v1/refunds/{refund_id}/approve"): visit_approve,
    ("POST", "/v1/refunds/{refund_id}/decline"): visit_decline,
    ("POST", "/v1/refunds/{refund_id}/retry"): visit_retry,
    ("POST", "/v1/refunds/{refund_id}/hand"): visit_hand,
    ("POST", "/v1/refunds/{refund_id}/confirm"): visit_confirm,
}


# Paid back.


async def test_points_and_money_go_back_where_they_came_from_to_the_fen(world: World) -> None:
    resident, payment = await settled(world)
    before = await world.house.db.reading(lambda reader: ledger.total(reader, "payee", PAYEE))
    one, refund = await approved(world, payment, points_fen=1000, pay_fen=1500)
    await worked(world)
    assert await state(one, refund) == "done"
    assert await points(resident) == (1000, 0)
    assert await refunded(world, payment) == 1500
    assert await shown(resident, payment) == [("已退", 1000, 1500)]
    after = await world.house.db.reading(lambda reader: ledger.total(reader, "payee", PAYEE))
    assert before - after == 1000
    told_of = (await resident.get("/v1/inbox")).json["items"][0]
    assert "积分 10.00 分，微信支付 15.00 元" in told_of["text"] and "窗口多收了" in told_of["text"]
    assert told_of["page"].endswith(payment["id"])
    assert await wrong(world) == []


async def test_whoever_proposes_cannot_approve_and_the_resident_sees_only_what_was_approved(
    world: World,
) -> None:
    resident, payment = await settled(world)
    one, other = await bookkeepers(world)
    refund = await proposed(one, payment, points_fen=1000)
    assert refund["actions"] == ["decline"]
    assert ((await act(one, refund, "approve")).code, await shown(resident, payment)) == ("own_refund", [])
    assert "approve" in (await other.get(f"/v1/refunds/{refund['id']}")).json["actions"]
    assert (await other.get("/v1/inbox")).status == 403
    assert (await act(other, refund, "decline", reason="没有多收")).json["state"] == "declined"
    assert (await act(other, refund, "approve")).code == "refund_answered"
    assert await shown(resident, payment) == []
    whole = await proposed(one, payment, points_fen=3000, pay_fen=5000)
    assert (await one.get("/v1/refunds", state="open")).json["items"][0]["id"] == whole["id"]


async def test_never_more_than_was_paid_however_many_ask_at_once(world: World) -> None:
    resident, payment = await settled(world)
    one, other = await bookkeepers(world)
    for parts in ({"points_fen": 3001}, {"pay_fen": 5001}):
        body = {"payment_id": payment["id"], "reason": "多收了"} | parts
        assert (await one.post("/v1/refunds", body)).code == "more_than_paid"
    body = {"payment_id": payment["id"], "reason": "多收了", "points_fen": 1500, "pay_fen": 2500}
    replies = await asyncio.gather(*(one.post("/v1/refunds", body) for _ in range(6)))
    assert sorted(reply.status for reply in replies) == [201, 201, 409, 409, 409, 409]
    assert {reply.code for reply in replies if reply.status == 409} == {"more_than_paid"}
    for part in ("points_fen", "pay_fen"):
        one_more = {"payment_id": payment["id"], "reason": "多收了", part: 1}
        assert (await one.post("/v1/refunds", one_more)).code == "more_than_paid"
    for reply in replies:
        if reply.status == 201:
            assert (await act(other, reply.json, "approve")).status == 200
    await worked(world)
    assert await points(resident) == (3000, 0)
    assert await refunded(world, payment) == 5000
    assert await wrong(world) == []


async def test_what_is_not_settled_is_not_refunded(world: World) -> None:
    resident = await world.resident()
    payment = await paying(resident, await looked_up(world, resident))
    one, _ = await bookkeepers(world)
    body = {"payment_id": payment["id"], "pay_fen": 1, "reason": "多收了"}
    assert (await one.post("/v1/refunds", body)).code == "not_refundable"
    assert (await one.post("/v1/refunds", body | {"payment_id": "nobody"})).code == "payment_not_found"
    assert (await one.post("/v1/refunds", body | {"pay_fen": 0})).status == 422


async def test_an_answer_that_is_lost_is_asked_for_again_under_the_same_number(world: World) -> None:
    _, payment = await settled(world)
    await outcomes(world, "PROCESSING")
    await world.control("faults", path="/v3/refund/domestic/refunds", times=9, drop=True, after=True)
    one, refund = await approved(world, payment, points_fen=500, pay_fen=5000)
    await worked(world)
    assert await state(one, refund) == "carrying"
    await world.control("faults", method="DELETE")
    await ended(world, refund, "SUCCESS")
    await worked(world, minutes=2)
    assert (await state(one, refund), await refunded(world, payment)) == ("done", 5000)


async def test_two_workers_on_one_refund_give_it_back_once(world: World) -> None:
    resident, payment = await settled(world)
    one, refund = await approved(world, payment, points_fen=3000, pay_fen=5000)
    queue = next(row for row in world.house.worker().queues if row.name == "refunds")
    row = await world.house.db.reading(lambda reader: reader.get(REFUNDS, refund["id"]))
    assert row is not None
    await asyncio.gather(*(queue._handle(row) for _ in range(4)))
    await worked(world)
    assert (await state(one, refund), await refunded(world, payment)) == ("done", 5000)
    assert await points(resident) == (3000, 0)
    assert len(await shown(resident, payment)) == 1
    assert await wrong(world) == []


# What WeChat Pay says, and when.


async def test_a_refund_that_takes_its_time_is_heard_by_notification_once(world: World) -> None:
    resident, payment = await settled(world, 0)
    await outcomes(world, "PROCESSING")
    one, refund = await approved(world, payment, pay_fen=3000)
    await worked(world)
    assert (await state(one, refund), await shown(resident, payment)) == ("carrying", [("正在退", 0, 3000)])
    await ended(world, refund, "SUCCESS")
    assert await notified(world, refund) == [204]
    assert await state(one, refund) == "done"
    assert [await notified(world, refund) for _ in range(2)] == [[204], [204]]
    await worked(world)
    texts = [row["text"] for row in (await resident.get("/v1/inbox")).json["items"]]
    assert len([text for text in texts if "已退款" in text]) == 1


async def test_a_notification_that_never_comes_is_asked_for(world: World) -> None:
    _, payment = await settled(world, 0)
    await outcomes(world, "PROCESSING")
    one, refund = await approved(world, payment, pay_fen=3000)
    await worked(world)
    await ended(world, refund, "SUCCESS")
    await worked(world, minutes=1)
    assert await state(one, refund) == "done"


@pytest.mark.parametrize("spoil", ["signature", "old", "cipher", "amount", "mchid"])
async def test_a_notification_that_is_not_right_in_everything_changes_nothing(
    world: World, spoil: str
) -> None:
    _, payment = await settled(world, 0)
    await outcomes(world, "PROCESSING")
    one, refund = await approved(world, payment, pay_fen=3000)
    await worked(world)
    await ended(world, refund, "SUCCESS")
    assert await notified(world, refund, spoil) == [401]
    assert await state(one, refund) == "carrying"
    if spoil in ("amount", "mchid"):
        assert await refusals(world, refund["id"]) == [spoil]


async def test_a_notification_of_a_refund_that_is_not_ours_is_on_record(world: World) -> None:
    _, payment = await settled(world, 0)
    one, refund = await approved(world, payment, pay_fen=3000)
    await worked(world)
    await world.house.db.alone(lambda tx: tx.delete(REFUNDS, {"_id": refund["id"]}))
    assert await notified(world, refund) == [401]
    assert set(await refusals(world, refund["id"])) == {"unknown refund"}
    assert (await one.get(f"/v1/refunds/{refund['id']}")).status == 404


async def test_an_abnormal_one_is_somebodys_work_and_ends_when_the_platform_made_it_good(
    world: World,
) -> None:
    one, refund = await abnormal(world)
    open_now = (await one.get("/v1/refunds", state="open")).json["items"]
    found = next(row for row in open_now if row["id"] == refund["id"])
    assert (found["state_text"], found["why"]) == ("退款异常", "用户的收款账户有问题")
    assert found["actions"] == ["retry", "hand"]
    await ended(world, refund, "SUCCESS")
    await worked(world, minutes=7 * 60)
    assert await state(one, refund) == "done"


async def test_what_came_back_otherwise_is_said_by_one_and_confirmed_by_another(world: World) -> None:
    one, refund = await abnormal(world)
    other = await world.staff(Grant(role="accountant"))
    handed = await act(one, refund, "hand", reason="转到她女儿的卡")
    assert (handed.json["state"], handed.json["handed_note"]) == ("handed", "转到她女儿的卡")
    assert (await act(one, refund, "confirm")).code == "own_refund"
    assert (await act(other, refund, "decline", reason="银行没有这笔")).json["state"] == "abnormal"
    await act(one, refund, "hand", reason="现金，有收条")
    assert (await act(other, refund, "confirm")).json["state"] == "done"
    await worked(world, minutes=7 * 60)
    assert await state(one, refund) == "done"


async def test_one_that_is_closed_frees_the_money_for_another(world: World) -> None:
    resident, payment = await settled(world)
    await outcomes(world, "CLOSED")
    one, refund = await approved(world, payment, points_fen=3000, pay_fen=5000)
    await worked(world)
    assert (await state(one, refund), await points(resident)) == ("closed", (3000, 0))
    assert await shown(resident, payment) == [("微信没有退成", 3000, 5000)]
    more = {"payment_id": payment["id"], "points_fen": 1, "reason": "多收了"}
    assert (await one.post("/v1/refunds", more)).code == "more_than_paid"
    _, again = await approved(world, payment, pay_fen=5000)
    await worked(world)
    assert await state(one, again) == "done"


async def test_a_payment_that_came_to_nothing_is_paid_back_by_itself_also_when_it_takes_long(
    world: World,
) -> None:
    resident = await saver(world, 3000)
    bill = await looked_up(world, resident)
    payment = await paying(resident, bill, 3000)
    await seen(resident, payment)
    changed = {"bill_no": await payee_no(world, payment), "payee": PAYEE, "account_no": bill["account_no"]}
    await world.control("payee-bills", **changed, period="2026-11", amount_fen=9000, due="2026-12-20")
    await outcomes(world, "ABNORMAL")
    await at_wechat(world, payment)
    await told(world, payment)
    await worked(world)
    assert (await seen(resident, payment))["state"] == "refunding"
    assert (await bill_state(resident, bill), await points(resident)) == ("open", (3000, 0))
    one, _ = await bookkeepers(world)
    refund = {"id": f"{payment['id']}R"}
    assert await state(one, refund) == "abnormal"
    await ended(world, refund, "SUCCESS")
    assert await notified(world, refund) == [204]
    assert (await seen(resident, payment))["state"] == "failed"
    stored = await world.house.db.reading(lambda reader: reader.get(PAYMENTS, payment["id"]))
    assert stored is not None
    assert (stored.back_pay_fen, await wrong(world)) == (5000, [])
