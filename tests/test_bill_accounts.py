"""Saved accounts: new bills come by themselves, once, in the morning; for oneself, for family; payees that are down."""

import asyncio
from datetime import datetime, time, timedelta
from typing import Any

from schemas.staff import Grant
from server.bill_accounts import BILL_ACCOUNTS, BillAccount
from server.kit.clock import SHANGHAI, today
from tests.doors import Happy, Visit
from tests.test_bills import LAST_DAY, inbox, said, son_of
from tests.test_payments import PAYEE, due, payee, worked
from tests.world import Person, World, unique


async def saved(world: World, who: Person, account_no: str = "", **more: Any) -> dict[str, Any]:
    await payee(world)
    body = {"payee_id": PAYEE, "account_no": account_no or unique("acct"), **more}
    reply = await who.post("/v1/bill-accounts", body)
    assert reply.status == 201, reply.body
    account: dict[str, Any] = reply.json
    return account


async def stored(world: World, account: dict[str, Any]) -> BillAccount:
    found = await world.house.db.reading(lambda reader: reader.get(BILL_ACCOUNTS, account["id"]))
    assert found is not None
    return found


async def morning(world: World, days: int = 1) -> None:
    """Late enough that everybody's payees were asked."""
    day = today(world.clock.now()) + timedelta(days=days)
    world.clock.set(datetime.combine(day, time(10), SHANGHAI))
    await worked(world)


async def bills_of(who: Person, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await who.get("/v1/bills", **query)).json["items"]
    return items


async def visit_list(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/bill-accounts")


async def visit_save(world: World) -> Visit:
    await payee(world)
    body = {"payee_id": PAYEE, "account_no": unique("acct"), "label": "妈妈家的电费", "remind_days": 7}
    return Visit(who=await world.resident(), path="/v1/bill-accounts", body=body)


async def visit_one(world: World) -> Visit:
    who = await world.resident()
    path = f"/v1/bill-accounts/{(await saved(world, who))['id']}"
    return Visit(who=who, path=path, stranger=await world.resident())


async def visit_change(world: World) -> Visit:
    visit = await visit_one(world)
    return Visit(who=visit.who, path=visit.path, body={"label": "老房子"}, stranger=visit.stranger)


HAPPY: Happy = {
    ("GET", "/v1/bill-accounts"): visit_list,
    ("POST", "/v1/bill-accounts"): visit_save,
    ("GET", "/v1/bill-accounts/{account_id}"): visit_one,
    ("PATCH", "/v1/bill-accounts/{account_id}"): visit_change,
    ("POST", "/v1/bill-accounts/{account_id}"): visit_change,
    ("DELETE", "/v1/bill-accounts/{account_id}"): visit_one,
}


async def test_a_new_bill_comes_by_itself_the_next_morning_and_is_told_of_once(world: World) -> None:
    who, account_no = await world.resident(), unique("acct")
    account = await saved(world, who, account_no, label="老房子的电费")
    await worked(world)
    assert (account["title"], account["open_text"]) == ("老房子的电费", "没有要缴的账单")
    await due(world, 8000, account_no)
    await worked(world)
    assert await bills_of(who) == []

    asks_at = (await stored(world, account)).due_at
    assert asks_at is not None
    local = asks_at.astimezone(SHANGHAI)
    assert (local.date(), 8 <= local.hour < 10) == (today(world.clock.now()) + timedelta(days=1), True)
    for _ in range(3):
        await morning(world)
    [bill] = await bills_of(who)
    assert (bill["label"], bill["amount_fen"]) == ("老房子的电费", 8000)
    assert await said(who, "有一张新账单：“老房子的电费” 80.00 元") == 1
    [shown] = (await who.get("/v1/bill-accounts")).json["items"]
    assert (shown["open_text"], shown["trouble"]) == ("1 张待缴，共 80.00 元", False)


async def test_accounts_are_not_all_asked_for_at_the_same_minute(world: World) -> None:
    who = await world.resident()
    made = [await saved(world, who) for _ in range(6)]
    await worked(world)
    minutes = {(await stored(world, one)).due_at for one in made}
    assert len(minutes) > 1


async def test_a_payee_that_is_down_is_asked_more_and_more_seldom_and_then_found(world: World) -> None:
    who, account_no = await world.resident(), unique("acct")
    await due(world, 8000, account_no)
    await world.control("faults", path="/payee/bills", times=100, http_status=503)
    account = await saved(world, who, account_no)
    waits = []
    for _ in range(4):
        before = world.clock.now()
        await worked(world)
        at = (await stored(world, account)).due_at
        assert at is not None
        waits.append((at - before).total_seconds())
        world.clock.set(at)
    assert waits == sorted(waits) and waits[0] > 30 and waits[-1] > 5 * waits[0]
    [shown] = (await who.get("/v1/bill-accounts")).json["items"]
    assert shown["trouble"] and "暂时没有答复" in shown["asked_text"]
    await world.control("faults", method="DELETE")
    await worked(world, minutes=1)
    assert len(await bills_of(who)) == 1
    [shown] = (await who.get("/v1/bill-accounts")).json["items"]
    assert (shown["trouble"], (await stored(world, account)).attempts) == (False, 0)


async def test_two_workers_and_one_that_dies_find_a_bill_once(world: World) -> None:
    who, account_no = await world.resident(), unique("acct")
    await due(world, 8000, account_no)
    await saved(world, who, account_no)
    queue = next(one for one in world.house.worker().queues if one.name == "bill_accounts")
    slow = await queue._take(world.house.db, "one that sleeps through its lease")
    assert slow is not None
    await worked(world, minutes=2)
    await queue._work(world.house.db, slow, world.house.metrics)
    await worked(world)
    assert len(await bills_of(who)) == await said(who, "有一张新账单") == 1


async def test_the_schedule_leaves_a_bill_with_who_looked_it_up_and_takes_what_was_left_lying(
    world: World,
) -> None:
    mother, neighbour, account_no = await world.resident(), await world.resident(), unique("acct")
    await saved(world, mother, account_no)
    await due(world, 8000, account_no)
    looked = {"payee_id": PAYEE, "account_no": account_no}
    world.clock.advance(timedelta(hours=2))
    await neighbour.post("/v1/bills/lookups", looked)
    await morning(world)
    assert (len(await bills_of(mother)), len(await bills_of(neighbour))) == (0, 1), "not a day yet"
    await morning(world)
    assert (len(await bills_of(mother)), len(await bills_of(neighbour))) == (1, 0)
    await saved(world, neighbour, account_no)
    for _ in range(3):
        await morning(world)
    assert (len(await bills_of(mother)), len(await bills_of(neighbour))) == (1, 0), "they have both saved it"


async def test_what_the_window_enters_comes_the_same_way(world: World) -> None:
    who, account_no = await world.resident(), unique("acct")
    office = {"id": "office", "name": "绿苑物业", "kind": "property", "online": False}
    await payee(world, **office)
    body = {"payee_id": "office", "account_no": account_no, "label": "我家物业费", "remind_days": 7}
    account = (await who.post("/v1/bill-accounts", body)).json
    assert "窗口录入" in account["asked_text"]
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))
    entered = {
        "resident_id": who.id,
        "payee_id": "office",
        "account_no": account_no,
        "period": "2026-11",
        "amount_fen": 100,
        "due": LAST_DAY.isoformat(),
    }
    assert (await clerk.post("/v1/bills", entered)).status == 201
    await worked(world)
    assert await said(who, "有一张新账单：“我家物业费” 1.00 元") == 1
    world.clock.set(datetime.combine(LAST_DAY - timedelta(days=7), time(9), SHANGHAI))
    await worked(world)
    assert await said(who, "还有 7 天到期") == 1


async def test_who_changes_their_mind_is_reminded_by_the_new_day(world: World) -> None:
    who, account_no = await world.resident(), unique("acct")
    account = await saved(world, who, account_no, remind_days=7)
    bill = {"bill_no": unique("due"), "payee": PAYEE, "account_no": account_no, "period": "2026-11"}
    await world.control("payee-bills", **bill, amount_fen=100, due=LAST_DAY.isoformat())
    await morning(world)
    path = f"/v1/bill-accounts/{account['id']}"
    assert (await who.patch(path, {"remind_days": 1, "label": "老房子"})).json["remind_days"] == 1
    for days, so_far in ((7, 0), (3, 0), (1, 1), (0, 2)):
        world.clock.set(datetime.combine(LAST_DAY - timedelta(days=days), time(10), SHANGHAI))
        await worked(world)
        assert await said(who, "到期") == so_far, days
    assert (await bills_of(who))[0]["label"] == "老房子"
    assert (await who.patch(path, {"remind_days": 2})).status == 422


# A family.


async def test_a_son_saves_his_mothers_account_both_hear_of_its_bills_and_she_of_what_he_did(
    world: World,
) -> None:
    mother, account_no = await world.resident(), unique("acct")
    son = await son_of(world, mother)
    account = await saved(world, son, account_no, label="妈妈家的电费", resident_id=mother.id)
    assert (account["of_text"], account["mine"]) == ("母亲 王桂英", False)
    await due(world, 8000, account_no)
    await morning(world)
    [bill], [his] = await bills_of(mother), await bills_of(son)
    assert bill["id"] == his["id"]
    assert await said(mother, "李强替您存了常缴账户“妈妈家的电费”") == 1
    assert await said(mother, "有一张新账单") == await said(son, "母亲的账单。有一张新账单") == 1
    [shown] = (await mother.get("/v1/bill-accounts")).json["items"]
    assert (shown["id"], shown["mine"]) == (account["id"], True)


async def test_a_proxy_that_is_taken_back_sees_changes_and_hears_nothing_more(world: World) -> None:
    mother, account_no = await world.resident(), unique("acct")
    son = await son_of(world, mother)
    account = await saved(world, son, account_no, resident_id=mother.id)
    [proxy] = (await mother.get("/v1/proxies")).json["items"]
    await mother.delete(f"/v1/proxies/{proxy['id']}")
    path = f"/v1/bill-accounts/{account['id']}"
    assert (await son.get("/v1/bill-accounts")).json["items"] == []
    assert (await son.get(path)).status == (await son.delete(path)).status == 404
    assert (await son.patch(path, {"label": "我的"})).status == 404
    await due(world, 8000, account_no)
    await morning(world)
    assert (await said(mother, "新账单"), await said(son, "新账单")) == (1, 0)


async def test_a_label_for_family_without_a_proxy_leaves_the_bill_with_who_pays(world: World) -> None:
    son, account_no = await world.resident(name="李强"), unique("acct")
    mother = await world.resident()
    refused = {"payee_id": PAYEE, "account_no": account_no, "resident_id": mother.id}
    await payee(world)
    assert (await son.post("/v1/bill-accounts", refused)).code == "not_their_bill"
    await saved(world, son, account_no, label="妈妈家的电费")
    await due(world, 8000, account_no)
    await morning(world)
    [bill] = await bills_of(son)
    assert (bill["label"], bill["of_text"]) == ("妈妈家的电费", "")
    assert await bills_of(mother) == [] and not [one for one in await inbox(mother) if "账单" in one]


async def test_an_account_is_saved_once_and_there_are_only_so_many(world: World) -> None:
    who, account_no = await world.resident(), unique("acct")
    account = await saved(world, who, account_no)
    again = await who.post("/v1/bill-accounts", {"payee_id": PAYEE, "account_no": account_no})
    assert (again.status, again.code) == (409, "bill_account_known")
    assert (await who.post("/v1/bill-accounts", {"payee_id": "nobody", "account_no": "1"})).status == 404
    numbers = [unique("acct") for _ in range(24)]
    replies = await asyncio.gather(
        *(who.post("/v1/bill-accounts", {"payee_id": PAYEE, "account_no": one}) for one in numbers)
    )
    assert sorted(one.status for one in replies) == [201] * 19 + [409] * 5
    listed = (await who.get("/v1/bill-accounts")).json
    assert (len(listed["items"]), listed["more"]) == (20, False)
    assert (await who.delete(f"/v1/bill-accounts/{account['id']}")).status == 204
    assert (await who.get("/v1/bill-accounts")).json["more"]
