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
from server.kit.clock import SHANGHAI
from server.ledger import Leg
from server.settlements import BATCHES, ROWS, layout, source_of
from server.settlements.flow import FLOW
from server.staff import STAFF, Staff
from tests.doors import Happy, Visit
from tests.test_payments import PAYEE, due, payee, paying, points, worked, wrong
from tests.test_points import holder, in_force, till
from tests.world import Person, Reply, World, member, unique

V1 = "/v1/settlements"


class Office:
    """Those who keep the books: one makes a batch, another confirms it."""

    def __init__(self, world: World, maker: Person, checker: Person) -> None:
        self.world, self.maker, self.checker = world, maker, checker

    async def opened(self) -> dict[str, Any]:
        """The open batch, or a new one."""
        known = (await self.maker.get(V1, state="open")).json["items"]
        if known:
            return dict(known[0])
        return dict(await ok(self.maker.post(V1, {"through": self.today()}), 201))

    def today(self) -> str:
        return self.world.clock.now().astimezone(SHANGHAI).date().isoformat()

    async def frozen(self) -> dict[str, Any]:
        batch = await self.opened()
        await worked(self.world)
        return dict(await ok(self.maker.post(f"{V1}/{batch['id']}/freeze")))

    async def sent(self) -> dict[str, Any]:
        batch = await self.frozen()
        return dict(await ok(self.maker.post(f"{V1}/{batch['id']}/send")))

    async def file(self, batch: dict[str, Any], **query: str) -> bytes:
        reply = await self.maker.get(f"{V1}/{batch['id']}/file.csv", **query)
        assert reply.status == 200, reply.body
        return reply.body

    async def their_file(self, batch: dict[str, Any], **faults: Any) -> bytes:
        """What the post office makes of our file."""
        content = (await self.file(batch)).decode()
        answer = await self.world.control("post-office", content=content, **faults)
        return str(answer["content"]).encode()

    async def hand_in(self, content: bytes, who: Person | None = None) -> Reply:
        token = (who or self.maker).token
        return await self.world.call("POST", "/v1/settlement-files", token=token, raw=content)

    async def compared(self, content: bytes) -> dict[str, Any]:
        """Handed in, and looked at when it has been worked off."""
        reply = await self.hand_in(content)
        assert reply.status == 201, reply.body
        await worked(self.world)
        return dict((await self.maker.get(f"/v1/settlement-files/{reply.json['id']}")).json)

    async def confirmed(self, batch: dict[str, Any], **faults: Any) -> dict[str, Any]:
        told = await self.compared(await self.their_file(batch, **faults))
        assert told["state"] == "compared", told
        return dict(await ok(self.checker.post(f"{V1}/{batch['id']}/confirm", {"answer": told["id"]})))

    async def received(self, batch: dict[str, Any], fen: int) -> dict[str, Any]:
        """Money comes, entered by one and confirmed by the other; the batch afterwards."""
        body = {"reference": unique("BANK"), "amount_fen": fen, "day": self.today()}
        receipt = await ok(self.maker.post(f"{V1}/{batch['id']}/receipts", body), 201)
        await ok(self.checker.post(f"/v1/settlement-receipts/{receipt['id']}/confirm"))
        return await self.seen(batch)

    async def seen(self, batch: dict[str, Any]) -> dict[str, Any]:
        return dict((await self.maker.get(f"{V1}/{batch['id']}")).json)

    async def differences(self, batch: dict[str, Any]) -> list[dict[str, Any]]:
        return list((await self.maker.get("/v1/settlement-differences", batch=batch["id"])).json["items"])

    async def resolve(self, one: dict[str, Any], how: str) -> dict[str, Any]:
        """By one, and where it takes another, by the other."""
        path = f"/v1/settlement-differences/{one['id']}"
        told = await ok(self.maker.post(f"{path}/resolve", {"how": how, "reason": "已与邮政核对"}))
        if told["state"] == "proposed":
            told = await ok(self.checker.post(f"{path}/approve"))
        return dict(told)

    async def swept(self) -> None:
        """Whatever others have paid is in a batch of its own."""
        batch = await self.opened()
        await worked(self.world)
        reply = await self.maker.post(f"{V1}/{batch['id']}/freeze")
        assert reply.status == 200 or reply.code == "batch_empty", reply.body


async def ok(reply: Any, status: int = 200) -> Any:
    told = await reply
    assert told.status == status, told.body
    return told.json


KEEPERS: dict[str, tuple[str, str]] = {}


async def office(world: World) -> Office:
    """Time begins anew with each test: what is open from another is forgotten, and found again."""

    async def forgotten(tx: Any) -> None:
        for one in await tx.all(BATCHES, {"alive": "open"}, limit=1):
            await tx.delete_all(ROWS, {"batch_id": one.id, "kind": {"$ne": "carried"}})
            await tx.change_all(ROWS, {"batch_id": one.id}, {"$set": {"batch_id": ""}})
            await tx.delete(BATCHES, {"_id": one.id})

    await world.house.db.atomically(forgotten)
    if world.url not in KEEPERS:
        keepers = member(Grant(role="accountant"), name="账一"), member(Grant(role="admin"), name="账二")
        await world.put(STAFF, *keepers)
        KEEPERS[world.url] = keepers[0].id, keepers[1].id
    maker, checker = await asyncio.gather(*(world.sign_in(one) for one in KEEPERS[world.url]))
    return Office(world, maker, checker)


RICH: dict[str, tuple[str, str]] = {}
_SWIPES = 8


async def rich(world: World) -> Person:
    """A resident of this town with points for many bills; the same one each time, as earning takes longest."""
    if world.url not in RICH:
        await asyncio.gather(in_force(world), payee(world))
        here, (resident, number) = await till(world), await holder(world)
        for _ in range(_SWIPES):
            await here.sent(here.swipe(number, 10_000_000))
        RICH[world.url] = resident.id, resident.token
    return Person(world, *RICH[world.url])


async def spent(world: World, *fens: int) -> list[str]:
    """Bills of these amounts are paid with points alone; the numbers of the payments."""
    resident, account = await rich(world), unique("acct")
    await asyncio.gather(*(due(world, fen, account) for fen in fens))
    reply = await resident.post("/v1/bills/lookups", {"payee_id": PAYEE, "account_no": account})
    bills = {one["amount_fen"]: one for one in reply.json["items"]}
    made = [await paying(resident, bills[fen], fen) for fen in fens]
    await worked(world)
    return [one["id"] for one in made]


async def refunded(world: World, payment_id: str, fen: int) -> None:
    """So much of a settled payment's points is given back, from where they are."""
    name, paid = f"refund/{unique('R')}/points", f"payment/{payment_id}/points"

    async def given(tx: Any) -> None:
        source = await source_of(tx, payment_id, name)
        await ledger.refund(tx, name, paid, fen, source, by="test")

    lanes = ledger.lanes((await rich(world)).id, paid)
    await world.house.db.atomically(given, lanes=lanes)


async def total(world: World, book: Any, about: str | None = None) -> int:
    return await world.house.db.reading(lambda reader: ledger.total(reader, book, about))


async def everything(world: World) -> int:
    """The sum of all accounts."""
    steps = [{"$group": {"_id": None, "fen": {"$sum": "$balance"}}}]
    rows = await world.house.db.reading(lambda reader: reader.groups(ledger.ACCOUNTS, steps))
    return int(rows[0]["fen"])


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


async def _confirmed(world: World, **faults: Any) -> tuple[Office, dict[str, Any]]:
    here = await office(world)
    await here.swept()
    await spent(world, 1000)
    return here, await here.confirmed(await here.sent(), **faults)


async def visit_enter_receipt(world: World) -> Visit:
    here, batch = await _confirmed(world)
    body = {"reference": unique("BANK"), "amount_fen": 100, "day": here.today()}
    return Visit(who=here.maker, path=f"{V1}/{batch['id']}/receipts", body=body, shared=True)


async def _receipt(world: World, ending: str, body: dict[str, Any]) -> Visit:
    here, batch = await _confirmed(world)
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
    here, batch = await _confirmed(world, missing=1)
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


# The file.


async def test_the_file_is_fixed_when_frozen_and_the_post_office_can_verify_it(world: World) -> None:
    here = await office(world)
    await here.swept()
    made = await spent(world, 900, 1100)
    batch = await here.frozen()
    content = (await here.file(batch)).decode()
    lines = content.splitlines()
    assert lines[0] == f"H,1,{batch['id']},{here.today().replace('-', '')},2,2000"
    assert lines[-1] == f"T,2,2000,{batch['digest']}"
    assert all(one in content for one in made)
    assert (await here.file(batch, encoding="gb18030")).decode("gb18030") == content
    await spent(world, 5000)
    assert (await here.file(batch)).decode() == content
    answer = await world.control("post-office", content=content)
    assert (answer["rows"], answer["sum_fen"]) == (2, 2000)


async def test_a_row_that_somebody_has_changed_is_noticed_before_a_file_goes_out(world: World) -> None:
    here = await office(world)
    await here.swept()
    await spent(world, 900)
    batch = await here.frozen()
    [row] = await world.house.db.reading(lambda reader: reader.all(ROWS, {"batch_id": batch["id"]}, limit=9))
    row.amount_fen = 9000
    await world.put(ROWS, row)
    assert (await here.maker.get(f"{V1}/{batch['id']}/file.csv")).code == "file_differs"


async def test_a_file_that_is_not_whole_is_handed_back_whole(world: World) -> None:
    here = await office(world)
    await spent(world, 900)
    batch = await here.sent()
    for spoil, told in (({"cut": True}, "不完整"), ({"stained": True}, "校验码")):
        answer = await here.compared(await here.their_file(batch, **spoil))
        assert (answer["state"], told in answer["reason"]) == ("refused", True)
    answer = await here.compared(b"H,1,YJ-1,20261124\nT,0,0\n")
    assert answer["reason"] == "没有 YJ-1 这个批次"
    assert (await here.seen(batch))["answer"] is None
    assert (await here.hand_in(b"")).code == "answer_empty"
    largest = world.house.settings.settlements.max_file_bytes
    assert (await here.hand_in(b"9" * (largest + 1))).status == 413


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("H,1,YJ-1\n", "第一行"),
        ("H,1,YJ-1,2026112\nT,0,0\n", "日期"),
        ("H,1,YJ-1,20261124\nT,1,0\n", "合计对不上"),
        ("H,1,YJ-1,20261124\nD,a,5,OK,\nT,1,4\n", "合计对不上"),
        ("H,1,YJ-1,20261124\nT,0,0\nD,a,1,OK,\n", "合计行之后"),
        ("H,1,YJ-1,20261124\nT,a,0\n", "不是整数"),
        ("H,1,YJ-1,20261124\nT,0\n", "最后一行"),
        ("\n", "空的"),
    ],
)
def test_a_file_that_is_not_one_says_why(content: str, told: str) -> None:
    with pytest.raises(layout.BadFile, match=told):
        layout.parsed(content.encode())


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("D,a,1,OK", "5 栏"),
        ("D,,1,OK,", "流水号"),
        ("D,a,1.5,OK,", "整数"),
        ("D,a,１,OK,", "整数"),
        ("D,a,1,ja,", "OK 或 NO"),
        ('D,"a,1,OK,', "5 栏"),
    ],
)
def test_a_line_that_is_none_is_listed_with_its_number_and_reason(line: str, told: str) -> None:
    content = f"H,1,YJ-1,20261124\nD,b,7,OK,\n{line}\nT,2,8\n"
    found = layout.parsed(content.encode("gb18030"))
    [(number, text, reason)] = found.rejects
    assert (number, text, told in reason) == (3, line, True)
    assert [(one.key, one.fen) for one in found.rows] == [("b", 7)]


async def test_a_file_in_their_encoding_and_without_a_hash_is_read_and_bad_lines_are_listed(
    world: World,
) -> None:
    here = await office(world)
    await here.swept()
    await spent(world, 900, 800)
    batch = await here.sent()
    text = (await here.their_file(batch, refused=1, garbled=1, unsigned=True)).decode()
    answer = await here.compared(text.encode("gb18030"))
    assert (answer["state"], answer["rows"], answer["refused"], answer["matched"]) == ("compared", 3, 1, 1)
    [reject] = answer["rejects"]
    assert (reject["row"], "5 栏" in reject["message"]) == (4, True)
    refused = await here.maker.get(f"/v1/settlement-files/{answer['id']}/matches", verdict="refused")
    assert [one["told"] for one in refused.json["items"]] == ["卡已注销"]


async def test_the_same_file_twice_is_one_and_changes_nothing(world: World) -> None:
    here = await office(world)
    await here.swept()
    await spent(world, 900)
    batch = await here.frozen()
    content = await here.their_file(batch)
    early = await here.compared(content)
    assert (early["state"], "还没有标为已送出" in early["reason"]) == ("refused", True)
    await ok(here.maker.post(f"{V1}/{batch['id']}/send"))
    first = await here.compared(content)
    assert (first["state"], first["matched"]) == ("compared", 1)
    replies = await asyncio.gather(*(here.hand_in(content) for _ in range(4)))
    assert {(one.status, one.json["known"], one.json["id"]) for one in replies} == {(201, True, first["id"])}
    assert await here.compared(content) == first
    await ok(here.checker.post(f"{V1}/{batch['id']}/confirm", {"answer": first["id"]}))
    late = await here.compared(await here.their_file(batch, missing=1))
    assert (late["state"], "已经确认过了" in late["reason"]) == ("refused", True)
    assert await here.compared(content) == first


async def test_a_corrected_file_takes_the_place_of_the_one_before_until_somebody_confirms(
    world: World,
) -> None:
    here = await office(world)
    await here.swept()
    await spent(world, 900)
    batch = await here.sent()
    wrong_one = await here.compared(await here.their_file(batch, missing=1))
    right_one = await here.compared(await here.their_file(batch))
    path = f"{V1}/{batch['id']}/confirm"
    assert (await here.checker.post(path, {"answer": wrong_one["id"]})).code == "no_answer_yet"
    confirmed = await ok(here.checker.post(path, {"answer": right_one["id"]}))
    assert confirmed["differences"] == 0


# Three ways, row by row.


async def test_every_kind_of_difference_is_found_and_their_sum_is_that_of_the_totals(world: World) -> None:
    here = await office(world)
    await here.swept()
    await spent(world, 1000, 2000, 3000, 4000)
    batch = await here.sent()
    content = await here.their_file(
        batch, missing=1, other_amount=1, refused=1, doubled=1, unknown=1, shuffled=True
    )
    answer = await here.compared(content)
    kinds = ("matched", "missing_there", "other_amount", "refused", "doubled", "missing_here")
    assert [answer[one] for one in kinds] == [1] * 6
    batch = await ok(here.checker.post(f"{V1}/{batch['id']}/confirm", {"answer": answer["id"]}))
    found = await here.differences(batch)
    assert len(found) == batch["differences"] == 5
    assert batch["expected_fen"] == answer["sum_fen"] == 10_000 - sum(one["fen"] for one in found)


async def test_each_way_out_of_a_shortfall_leaves_the_batch_paid_and_the_books_right(world: World) -> None:
    here = await office(world)
    await asyncio.gather(here.swept(), rich(world))
    lost, owed = await total(world, "loss"), await total(world, "issuer")
    await spent(world, 1000, 2000, 3000, 4000)
    batch = await here.confirmed(await here.sent(), other_amount=4)
    found = {one["fen"]: one for one in await here.differences(batch)}
    assert sorted(found) == [100, 200, 300, 400]
    batch = await here.received(batch, 9000)
    assert (batch["state"], batch["differences"]) == ("difference", 4)

    for fen, how in ((200, "theirs"), (300, "next"), (400, "write_off")):
        assert (await here.resolve(found[fen], how))["transfer"]
        assert (await here.seen(batch))["open_fen"] == 0
    assert (await here.resolve(found[100], "ours"))["transfer"] == ""
    batch = await here.seen(batch)
    assert (batch["state"], batch["open_fen"]) == ("difference", 100)
    batch = await here.received(batch, 100)
    assert (batch["state"], batch["differences"]) == ("paid", 0)
    assert await total(world, "clearing", batch["id"]) == 0
    assert await total(world, "loss") == lost + 600
    assert await total(world, "issuer") == owed + 9100

    await spent(world, 50)
    following = await here.sent()
    assert (following["rows"], following["sum_fen"]) == (2, 350)
    await here.received(await here.confirmed(following), 350)
    assert await total(world, "issuer") == owed + 9450
    assert await everything(world) == 0
    assert await wrong(world) == []


async def test_each_way_out_of_too_much_brings_no_points_from_nowhere(world: World) -> None:
    here = await office(world)
    await asyncio.gather(here.swept(), rich(world))
    owed = await total(world, "issuer")
    await spent(world, 6000)
    batch = await here.confirmed(await here.sent(), unknown=2, doubled=1)
    found = await here.differences(batch)
    kinds = [(one["kind"], one["fen"]) for one in found]
    assert sorted(kinds) == [("doubled", -6000), ("missing_here", -1234), ("missing_here", -1234)]
    ways = {"doubled": ["ours"], "missing_here": ["theirs", "next"]}
    for one in found:
        assert (await here.resolve(one, ways[one["kind"]].pop()))["transfer"] == ""
    batch = await here.seen(batch)
    assert batch["expected_fen"] == 6000 + 2 * 1234
    batch = await here.received(batch, batch["expected_fen"])
    assert batch["state"] == "paid"
    assert await total(world, "clearing", batch["id"]) == 0
    assert await total(world, "issuer") == owed + 6000

    await spent(world, 2000)
    following = await here.sent()
    assert following["sum_fen"] == 2000 - 1234
    assert (await here.received(await here.confirmed(following), 766))["state"] == "paid"
    assert await total(world, "issuer") == owed + 8000
    assert await everything(world) == 0
    assert await wrong(world) == []


async def test_what_nobody_offers_is_no_way_out(world: World) -> None:
    here, batch = await _confirmed(world, unknown=1)
    one = (await here.differences(batch))[-1]
    path = f"/v1/settlement-differences/{one['id']}/resolve"
    assert (await here.maker.post(path, {"how": "write_off", "reason": "算了"})).code == "not_this_way"
    assert "write_off" not in {choice["how"] for choice in one["choices"]}


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
    here, batch = await _confirmed(world)
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
    here, batch = await _confirmed(world)
    new = {"reference": unique("BANK"), "amount_fen": batch["expected_fen"], "day": here.today()}
    receipt = await ok(here.maker.post(f"{V1}/{batch['id']}/receipts", new), 201)
    path = f"/v1/settlement-receipts/{receipt['id']}"
    told = await ok(here.checker.post(f"{path}/return", {"reason": "银行没有这一笔"}))
    assert (told["state"], told["reason"]) == ("returned", "银行没有这一笔")
    assert (await here.checker.post(f"{path}/confirm")).code == "receipt_answered"
    await ok(here.maker.post(f"{V1}/{batch['id']}/receipts", new), 201)
    assert (await here.seen(batch))["received_fen"] == 0


async def test_what_costs_the_street_is_agreed_to_by_another_or_handed_back(world: World) -> None:
    here, batch = await _confirmed(world, missing=1)
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
    here, batch = await _confirmed(world, missing=1)
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
    here, batch = await _confirmed(world, missing=1)
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


# Money that does not add up.


async def test_money_that_comes_in_parts_is_a_difference_until_all_of_it_is_there(world: World) -> None:
    here, batch = await _confirmed(world)
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
