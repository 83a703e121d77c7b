"""Settlement with the post office: each redemption claimed once, compared row by row, paid once, and every difference has
a way out of its own; whoever races, sends twice or dies on the way."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from schemas.staff import Grant
from server import ledger
from server.demo.month.doors import Doors
from server.demo.month.settling import CHECKER, MAKER, settle
from server.ledger import Leg
from server.settlements import BATCHES
from server.settlements.flow import FLOW
from server.staff import STAFF, Staff
from tests.doors import Happy, Visit
from tests.settling import V1, confirmed, everything, office, ok, refunded, rich, spent, total
from tests.test_payments import PAYEE, points, worked, wrong
from tests.world import Person, World, unique

# The doors.


async def visit_batches(world: World) -> Visit:
    return Visit(who=(await office(world)).maker, path=V1)


async def visit_open(world: World) -> Visit:
    here = await office(world)
    await spent(world, 100)
    await here.frozen()
    return Visit(who=here.maker, path=V1, body={"through": here.today()})


async def visit_batch(world: World, ending: str = "") -> Visit:
    here = await office(world)
    return Visit(who=here.maker, path=f"{V1}/{(await here.opened())['id']}{ending}", shared=True)


async def visit_rows(world: World) -> Visit:
    return await visit_batch(world, "/rows")


async def visit_receipts(world: World) -> Visit:
    return await visit_batch(world, "/receipts")


async def visit_freeze(world: World) -> Visit:
    here = await office(world)
    await spent(world, 100)
    batch = await here.opened()
    await worked(world)
    return Visit(who=here.maker, path=f"{V1}/{batch['id']}/freeze", body={}, shared=True)


async def visit_send(world: World) -> Visit:
    here = await office(world)
    await spent(world, 100)
    return Visit(who=here.maker, path=f"{V1}/{(await here.frozen())['id']}/send", body={}, shared=True)


async def visit_file(world: World) -> Visit:
    here = await office(world)
    await spent(world, 100)
    return Visit(who=here.maker, path=f"{V1}/{(await here.frozen())['id']}/file.csv", shared=True)


async def visit_confirm(world: World) -> Visit:
    here = await office(world)
    await spent(world, 100)
    batch = await here.sent()
    told = await here.compared(await here.their_file(batch))
    path, body = f"{V1}/{batch['id']}/confirm", {"answer": told["id"]}
    return Visit(who=here.checker, path=path, body=body, shared=True)


async def visit_answers(world: World) -> Visit:
    return Visit(who=(await office(world)).maker, path="/v1/settlement-files")


async def visit_answer(world: World, ending: str = "") -> Visit:
    here = await office(world)
    told = await here.compared(unique("nonsense").encode())
    return Visit(who=here.maker, path=f"/v1/settlement-files/{told['id']}{ending}", shared=True)


async def visit_matches(world: World) -> Visit:
    return await visit_answer(world, "/matches")


async def visit_enter_receipt(world: World) -> Visit:
    here, batch = await confirmed(world)
    body = {"reference": unique("BANK"), "amount_fen": 100, "day": here.today()}
    return Visit(who=here.maker, path=f"{V1}/{batch['id']}/receipts", body=body, shared=True)


async def _receipt(world: World, ending: str, body: dict[str, Any]) -> Visit:
    here, batch = await confirmed(world)
    new = {"reference": unique("BANK"), "amount_fen": 100, "day": here.today()}
    made = await ok(here.maker.post(f"{V1}/{batch['id']}/receipts", new), 201)
    path = f"/v1/settlement-receipts/{made['id']}/{ending}"
    return Visit(who=here.checker, path=path, body=body, shared=True)


async def visit_confirm_receipt(world: World) -> Visit:
    return await _receipt(world, "confirm", {})


async def visit_return_receipt(world: World) -> Visit:
    return await _receipt(world, "return", {"reason": "流水号抄错了"})


async def visit_differences(world: World) -> Visit:
    return Visit(who=(await office(world)).maker, path="/v1/settlement-differences")


async def _difference(world: World, ending: str = "", body: Any = None, how: str = "") -> Visit:
    here, batch = await confirmed(world, missing=1)
    one = (await here.differences(batch))[0]
    path = f"/v1/settlement-differences/{one['id']}"
    if how:
        await ok(here.maker.post(f"{path}/resolve", {"how": how, "reason": "核对过"}))
    return Visit(who=here.checker, path=f"{path}{ending}", body=body, shared=True)


async def visit_difference(world: World) -> Visit:
    return await _difference(world)


async def visit_assign(world: World) -> Visit:
    return await _difference(world, "/assign", {})


async def visit_note(world: World) -> Visit:
    return await _difference(world, "/note", {"text": "已打电话问过"})


async def visit_resolve(world: World) -> Visit:
    return await _difference(world, "/resolve", {"how": "next", "reason": "下批再结"})


async def visit_approve(world: World) -> Visit:
    return await _difference(world, "/approve", {}, how="theirs")


async def visit_decline(world: World) -> Visit:
    return await _difference(world, "/decline", {"reason": "再问一次"}, how="theirs")


async def visit_aging(world: World) -> Visit:
    return Visit(who=(await office(world)).maker, path="/v1/settlement-aging")


HAPPY: Happy = {
    ("GET", V1): visit_batches,
    ("POST", V1): visit_open,
    ("GET", f"{V1}/{{batch_id}}"): visit_batch,
    ("GET", f"{V1}/{{batch_id}}/rows"): visit_rows,
    ("POST", f"{V1}/{{batch_id}}/freeze"): visit_freeze,
    ("POST", f"{V1}/{{batch_id}}/send"): visit_send,
    ("GET", f"{V1}/{{batch_id}}/file.csv"): visit_file,
    ("POST", f"{V1}/{{batch_id}}/confirm"): visit_confirm,
    ("GET", f"{V1}/{{batch_id}}/receipts"): visit_receipts,
    ("POST", f"{V1}/{{batch_id}}/receipts"): visit_enter_receipt,
    ("POST", "/v1/settlement-receipts/{receipt_id}/confirm"): visit_confirm_receipt,
    ("POST", "/v1/settlement-receipts/{receipt_id}/return"): visit_return_receipt,
    ("GET", "/v1/settlement-files"): visit_answers,
    ("GET", "/v1/settlement-files/{file_id}"): visit_answer,
    ("GET", "/v1/settlement-files/{file_id}/matches"): visit_matches,
    ("GET", "/v1/settlement-differences"): visit_differences,
    ("GET", "/v1/settlement-differences/{difference_id}"): visit_difference,
    ("POST", "/v1/settlement-differences/{difference_id}/assign"): visit_assign,
    ("POST", "/v1/settlement-differences/{difference_id}/note"): visit_note,
    ("POST", "/v1/settlement-differences/{difference_id}/resolve"): visit_resolve,
    ("POST", "/v1/settlement-differences/{difference_id}/approve"): visit_approve,
    ("POST", "/v1/settlement-differences/{difference_id}/decline"): visit_decline,
    ("GET", "/v1/settlement-aging"): visit_aging,
}
COVERS = {("POST", "/v1/settlement-files"): "test_the_same_file_twice_is_one_and_changes_nothing"}


# From a payment to the money.


async def test_what_was_paid_with_points_is_claimed_compared_and_paid(world: World) -> None:
    here = await office(world)
    await asyncio.gather(here.swept(), rich(world))
    owed = await total(world, "issuer")
    await spent(world, 8000, 500)
    unclaimed = await total(world, "payee")
    batch = await here.sent()
    assert (batch["rows"], batch["sum_fen"], batch["open_fen"]) == (2, 8500, 8500)
    assert await total(world, "payee") == unclaimed - 8500
    assert await total(world, "clearing", batch["id"]) == 8500

    batch = await here.confirmed(batch)
    assert (batch["state"], batch["expected_fen"], batch["differences"]) == ("confirmed", 8500, 0)
    batch = await here.received(batch, 8500)
    assert (batch["state"], batch["open_fen"]) == ("paid", 0)
    assert [one["state"] for one in batch["steps"]] == ["open", "frozen", "sent", "confirmed", "paid"]
    assert await total(world, "clearing", batch["id"]) == 0
    assert await total(world, "issuer") == owed + 8500
    assert await everything(world) == 0
    assert await wrong(world) == []


async def test_each_redemption_is_in_one_batch_and_what_comes_later_is_in_the_next(world: World) -> None:
    here = await office(world)
    await here.swept()
    [first] = await spent(world, 300)
    before = await here.frozen()
    [second] = await spent(world, 400)
    after = await here.frozen()
    keys = [
        [one["payment_id"] for one in (await here.maker.get(f"{V1}/{batch['id']}/rows")).json["items"]]
        for batch in (before, after)
    ]
    assert keys == [[first], [second]]


async def test_a_refund_is_deducted_in_the_same_batch_or_in_the_next(world: World) -> None:
    here = await office(world)
    await here.swept()
    one, other = await spent(world, 8000, 6000)
    before, _ = await points(await rich(world))
    await refunded(world, one, 3000)
    batch = await here.sent()
    assert (batch["rows"], batch["sum_fen"]) == (3, 11_000)
    assert await total(world, "clearing", batch["id"]) == 11_000

    await refunded(world, other, 6000)
    assert await points(await rich(world)) == (before + 9000, 0)
    await spent(world, 7000)
    following = await here.frozen()
    assert (following["rows"], following["sum_fen"]) == (2, 1000)
    assert (await here.received(await here.confirmed(batch), 11_000))["state"] == "paid"
    following = await ok(here.maker.post(f"{V1}/{following['id']}/send"))
    assert (await here.received(await here.confirmed(following), 1000))["state"] == "paid"
    assert await total(world, "payee", PAYEE) == 0
    assert await everything(world) == 0
    assert await wrong(world) == []


async def test_a_batch_of_refunds_alone_waits_for_payments(world: World) -> None:
    here = await office(world)
    await here.swept()
    [one] = await spent(world, 500)
    await here.frozen()
    batch = await here.opened()
    await worked(world)
    assert (await here.maker.post(f"{V1}/{batch['id']}/freeze")).code == "batch_empty"
    await refunded(world, one, 500)
    assert (await here.maker.post(f"{V1}/{batch['id']}/freeze")).code == "nothing_to_claim"
    await spent(world, 900)
    assert (await here.frozen())["sum_fen"] == 400


async def test_what_ledger_and_payments_do_not_agree_on_is_not_claimed_and_is_work(world: World) -> None:
    here = await office(world)
    await here.swept()
    await spent(world, 700)
    stray = unique("stray")
    there = await rich(world)

    async def booked(tx: Any) -> None:
        until = tx.now + timedelta(hours=1)
        to = ledger.common("payee", stray, PAYEE)
        await ledger.reserve(tx, stray, there.id, 250, until, by="test")
        await ledger.spend(tx, stray, stray, 250, to, by="test")

    await world.house.db.atomically(booked)
    batch = await here.sent()
    assert (batch["rows"], batch["sum_fen"], batch["faults"]) == (2, 700, 1)
    assert stray not in (await here.file(batch)).decode()
    [one] = await here.differences(batch)
    assert (one["kind"], one["key"], one["fen"], one["told"]) == ("ours", stray, 250, "没有对应的缴费")
    batch = await here.received(await here.confirmed(batch), 700)
    assert batch["state"] == "paid"

    assert (await here.resolve(one, "next"))["state"] == "resolved"
    following = await here.frozen()
    assert (following["rows"], following["sum_fen"], following["faults"]) == (1, 250, 0)
    assert await wrong(world) == []


# Who.


async def test_whoever_froze_or_sent_a_batch_does_not_confirm_it(world: World) -> None:
    here = await office(world)
    await spent(world, 900)
    batch = await here.sent()
    told = await here.compared(await here.their_file(batch))
    refused = await here.maker.post(f"{V1}/{batch['id']}/confirm", {"answer": told["id"]})
    assert (refused.status, refused.code) == (403, "own_batch")
    seen = (await here.maker.get(f"{V1}/{batch['id']}")).json
    assert (seen["state"], seen["actions"]) == ("sent", [])
    assert [one["name"] for one in (await here.checker.get(f"{V1}/{batch['id']}")).json["actions"]] == [
        "confirm"
    ]


async def test_money_is_entered_by_one_and_confirmed_by_another_once(world: World) -> None:
    here, batch = await confirmed(world)
    fen = batch["expected_fen"]
    new = {"reference": unique("BANK"), "amount_fen": fen, "day": here.today()}
    receipt = await ok(here.maker.post(f"{V1}/{batch['id']}/receipts", new), 201)
    path = f"/v1/settlement-receipts/{receipt['id']}/confirm"
    assert (await here.maker.post(path)).code == "own_receipt"
    assert (await here.maker.post(f"{V1}/{batch['id']}/receipts", new)).code == "receipt_known"
    replies = await asyncio.gather(*(here.checker.post(path) for _ in range(4)))
    assert sorted(one.status for one in replies) == [200, 409, 409, 409]
    batch = await here.seen(batch)
    assert (batch["state"], batch["received_fen"]) == ("paid", fen)
    assert await total(world, "clearing", batch["id"]) == 0
    late = await here.maker.post(f"{V1}/{batch['id']}/receipts", new | {"reference": unique("BANK")})
    assert late.code == "no_money_now"


async def test_money_that_has_not_come_can_be_entered_anew(world: World) -> None:
    here, batch = await confirmed(world)
    new = {"reference": unique("BANK"), "amount_fen": batch["expected_fen"], "day": here.today()}
    receipt = await ok(here.maker.post(f"{V1}/{batch['id']}/receipts", new), 201)
    path = f"/v1/settlement-receipts/{receipt['id']}"
    told = await ok(here.checker.post(f"{path}/return", {"reason": "银行没有这一笔"}))
    assert (told["state"], told["reason"]) == ("returned", "银行没有这一笔")
    assert (await here.checker.post(f"{path}/confirm")).code == "receipt_answered"
    await ok(here.maker.post(f"{V1}/{batch['id']}/receipts", new), 201)
    assert (await here.seen(batch))["received_fen"] == 0


async def test_what_costs_the_street_is_agreed_to_by_another_or_handed_back(world: World) -> None:
    here, batch = await confirmed(world, missing=1)
    one = (await here.differences(batch))[0]
    path = f"/v1/settlement-differences/{one['id']}"
    wanted = {"how": "theirs", "reason": "邮政查过，没有这一笔"}
    assert (await ok(here.maker.post(f"{path}/resolve", wanted)))["state"] == "proposed"
    assert (await here.maker.post(f"{path}/approve")).code == "own_resolution"
    assert (await here.checker.post(f"{path}/resolve", wanted)).code == "difference_proposed"
    told = await ok(here.checker.post(f"{path}/decline", {"reason": "请再问一次"}))
    assert (told["state"], told["notes"][-1]["text"]) == ("open", "不同意：请再问一次")
    assert (await here.checker.post(f"{path}/approve")).code == "nothing_proposed"
    assert (await here.resolve(one, "write_off"))["transfer"]
    assert (await here.maker.post(f"{path}/note", {"text": "晚了"})).code == "difference_resolved"
    transfer = await world.house.db.reading(
        lambda reader: reader.first(ledger.TRANSFERS, {"why.difference": one["id"]})
    )
    assert transfer is not None
    claimed = f"settlement/{batch['id']}/claim/{PAYEE}"
    assert (transfer.kind, transfer.reverses) == ("loss", claimed)


async def test_a_difference_is_given_to_somebody_and_noted_on(world: World) -> None:
    here, batch = await confirmed(world, missing=1)
    path = f"/v1/settlement-differences/{(await here.differences(batch))[0]['id']}"
    told = await ok(here.maker.post(f"{path}/assign", {"assignee": here.checker.id}))
    assert told["assignee_name"] == "账二"
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))
    refused = await here.maker.post(f"{path}/assign", {"assignee": clerk.id})
    assert (refused.status, refused.code) == (422, "not_for_the_books")
    told = await ok(here.maker.post(f"{path}/note", {"text": "邮政说周五回复"}))
    assert [(one["by"], one["text"]) for one in told["notes"]] == [("账一", "邮政说周五回复")]
    assert (await clerk.get("/v1/settlement-differences")).status == 403


async def test_whoever_has_to_do_the_second_part_is_told_and_whoever_did_the_first_is_not(
    world: World,
) -> None:
    here, batch = await confirmed(world, missing=1)
    one = (await here.differences(batch))[0]
    body = {"reference": unique("BANK"), "amount_fen": 100, "day": here.today()}
    await ok(here.maker.post(f"{V1}/{batch['id']}/receipts", body), 201)
    wanted = {"how": "theirs", "reason": "邮政查过"}
    await ok(here.maker.post(f"/v1/settlement-differences/{one['id']}/resolve", wanted))
    await worked(world)

    async def told(who: Person) -> list[str]:
        items = (await who.get("/v1/staff/inbox", limit=100)).json["items"]
        return sorted(item["title"] for item in items if batch["id"] in item["text"])

    assert await told(here.checker) == ["到账待确认", "差错处理待复核", "邮政回执待确认"]
    assert await told(here.maker) == ["邮政回执待确认"]


def test_the_table_has_a_word_for_every_state_and_every_state_can_be_reached() -> None:
    reached = {target for row in FLOW.rows for target in row.targets}
    assert reached == set(FLOW.states)
    assert {row.action for row in FLOW.rows} == set(FLOW.actions)


async def test_what_the_table_does_not_have_is_refused(world: World) -> None:
    here = await office(world)
    await spent(world, 900)
    batch = await here.frozen()
    assert (await here.maker.post(f"{V1}/{batch['id']}/freeze")).code == "not_allowed_now"
    answer = {"answer": "0" * 64}
    assert (await here.checker.post(f"{V1}/{batch['id']}/confirm", answer)).code == "not_allowed_now"
    assert (await here.maker.get(f"{V1}/YJ-1")).code == "batch_not_found"
    legs = [Leg(ledger.common("clearing", "x", "none"), -1), Leg(ledger.common("issuer", "x"), 1)]
    with pytest.raises(ledger.NotEnoughPoints):
        await world.house.db.atomically(lambda tx: ledger.post(tx, unique("x"), "x", legs, by="test"))


# The demo: it begins with no batch at all, so nothing comes after it here.


async def test_the_demo_settles_a_batch_that_leaves_something_to_do(world: World) -> None:
    world.clock.advance(timedelta(days=1))
    here, doors, told = await office(world), Doors(world.url, world.town.sandbox_url), list[str]()
    await world.house.db.alone(lambda tx: tx.delete_all(BATCHES, {}))
    await world.put(
        STAFF, *(member_of(one, role) for one, role in ((MAKER, "accountant"), (CHECKER, "admin")))
    )
    await spent(world, 8000, 9000, 7000, 6000)
    for _ in range(2):
        playing = asyncio.create_task(settle(doors, told.append), name="settling")
        while not playing.done():
            await world.work()
        await playing
    [batch] = (await here.maker.get(V1)).json["items"]
    assert (batch["state"], batch["open_fen"], len(told)) == ("difference", 5000, 1)
    assert {one["kind"] for one in await here.differences(batch)} == {
        "missing_there",
        "other_amount",
        "refused",
        "missing_here",
        "money",
    }
    doors.close()


def member_of(userid: str, role: Any) -> Staff:
    return Staff(id=userid, name=userid, grants=[Grant(role=role)])
