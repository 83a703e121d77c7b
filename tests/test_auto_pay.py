"""Auto-pay: agreed to by whose points they are, told a day before, paid once and wholly, stopped at once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from schemas.staff import Grant
from server import point_cards
from server.auto_pay import AUTO_PAYS, CONSENTS, RUNS, AutoPay, Run
from server.auto_pay.agreement import CURRENT
from server.bills import BILLS
from server.payments import PAYMENTS
from tests.doors import Happy, Visit
from tests.houses import next_door
from tests.test_bill_accounts import bills_of, morning, saved
from tests.test_bills import said, son_of
from tests.test_payments import PAYEE, bill_state, due, paying, points, saver, worked, wrong
from tests.test_points import till
from tests.world import Person, Reply, World, unique

DAY = 24 * 60


def consent(account: dict[str, Any], **more: Any) -> dict[str, Any]:
    usual = {
        "account_id": account["id"],
        "version": CURRENT.version,
        "agreed": True,
        "most_bill_fen": 10_000,
        "most_month_fen": 20_000,
    }
    return usual | more


async def agreed(who: Person, account: dict[str, Any], **more: Any) -> dict[str, Any]:
    reply = await who.post("/v1/auto-pay", consent(account, **more))
    assert reply.status == 201, reply.body
    made: dict[str, Any] = reply.json
    return made


async def set_up(world: World, fen: int, **more: Any) -> tuple[Person, dict[str, Any]]:
    """Somebody with so many fen of points, whose account is paid by itself."""
    who = await saver(world, fen)
    account = await saved(world, who, label="老房子的电费")
    await agreed(who, account, **more)
    await worked(world)
    return who, account


async def comes(world: World, who: Person, account: dict[str, Any], fen: int = 8000) -> dict[str, Any]:
    """A bill of the account, found by the schedule; it is told of at once."""
    known = {one["id"] for one in await bills_of(who)}
    await due(world, fen, account["account_no"])
    await morning(world)
    [bill] = [one for one in await bills_of(who) if one["id"] not in known]
    return bill


async def acted(who: Person, account: dict[str, Any], act: str) -> Reply:
    return await who.post(f"/v1/auto-pay/{account['id']}/{act}")


async def run_of(who: Person, account: dict[str, Any], bill: dict[str, Any]) -> dict[str, Any]:
    runs = (await who.get(f"/v1/auto-pay/{account['id']}")).json["runs"]
    found: dict[str, Any] = next(one for one in runs if one["bill_id"] == bill["id"])
    return found


async def row(world: World, bill: dict[str, Any]) -> Run:
    found = await world.house.db.reading(lambda reader: reader.get(RUNS, bill["id"]))
    assert found is not None
    return found


async def payments_of(world: World, bill: dict[str, Any]) -> int:
    where = {"bill_id": bill["id"]}
    return await world.house.db.reading(lambda reader: reader.count(PAYMENTS, where))


async def visit_text(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/auto-pay/agreement")


async def visit_list(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/auto-pay")


async def visit_agree(world: World) -> Visit:
    who = await world.resident()
    return Visit(who=who, path="/v1/auto-pay", body=consent(await saved(world, who)))


async def visit_one(world: World) -> Visit:
    who, account = await set_up(world, 100)
    return Visit(who=who, path=f"/v1/auto-pay/{account['id']}", stranger=await world.resident())


async def visit_pause(world: World) -> Visit:
    visit = await visit_one(world)
    return Visit(who=visit.who, path=f"{visit.path}/pause", stranger=visit.stranger)


async def visit_resume(world: World) -> Visit:
    visit = await visit_pause(world)
    assert visit.who is not None
    await visit.who.post(visit.path)
    return Visit(who=visit.who, path=visit.path.replace("pause", "resume"), stranger=visit.stranger)


async def visit_stop(world: World) -> Visit:
    visit = await visit_one(world)
    return Visit(who=visit.who, path=f"{visit.path}/stop", stranger=visit.stranger)


async def visit_skip(world: World) -> Visit:
    who, account = await set_up(world, 10_000)
    bill = await comes(world, who, account)
    return Visit(who=who, path=f"/v1/auto-pay/bills/{bill['id']}/skip", stranger=await world.resident())


HAPPY: Happy = {
    ("GET", "/v1/auto-pay/agreement"): visit_text,
    ("GET", "/v1/auto-pay"): visit_list,
    ("POST", "/v1/auto-pay"): visit_agree,
    ("GET", "/v1/auto-pay/{account_id}"): visit_one,
    ("POST", "/v1/auto-pay/{account_id}/pause"): visit_pause,
    ("POST", "/v1/auto-pay/{account_id}/resume"): visit_resume,
    ("POST", "/v1/auto-pay/{account_id}/stop"): visit_stop,
    ("POST", "/v1/auto-pay/bills/{bill_id}/skip"): visit_skip,
}


# Paid.


async def test_a_bill_is_told_of_a_day_before_then_paid_from_points_once_and_told_of_again(
    world: World,
) -> None:
    who, account = await set_up(world, 10_000)
    assert await said(who, "已开通积分自动缴费，一张账单最多 100.00 元") == 1
    bill = await comes(world, who, account)
    assert await said(who, "会用您的 80.00 分自动缴“老房子的电费”") == 1
    assert "自动用积分缴" in (await bills_of(who))[0]["auto_text"]
    run = await run_of(who, account, bill)
    assert (run["state"], run["can_skip"], "用 80.00 分缴" in run["text"]) == ("told", True, True)

    await worked(world, minutes=DAY - 1)
    assert (await bill_state(who, bill), await points(who)) == ("open", (10_000, 0))
    await worked(world, minutes=1)
    await worked(world)
    assert (await bill_state(who, bill), await points(who)) == ("paid", (2000, 0))
    assert await said(who, "自动缴费：“东胜供电所 电费") == 1
    run = await run_of(who, account, bill)
    assert (run["state_text"], run["can_skip"]) == ("已自动缴清", False)
    receipt = (await who.get(f"/v1/payments/{run['payment_id']}")).json
    assert (receipt["by_text"], receipt["points_fen"], receipt["pay_fen"]) == ("自动缴费", 8000, 0)
    assert (await who.get(f"/v1/payments/{run['payment_id']}/sources")).json["items"]
    assert (await who.get(f"/v1/auto-pay/{account['id']}")).json["month_text"].endswith("80.00 元")
    for _ in range(3):
        await morning(world)
    assert await payments_of(world, bill) == 1
    assert await wrong(world) == []


async def test_what_was_open_before_it_was_agreed_to_is_paid_too_and_what_was_entered_at_the_window(
    world: World,
) -> None:
    who = await saver(world, 10_000)
    account = await saved(world, who)
    bill = await comes(world, who, account, 100)
    assert await said(who, "自动缴") == 0
    await agreed(who, account)
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))
    entered = {
        "resident_id": who.id,
        "payee_id": PAYEE,
        "account_no": account["account_no"],
        "period": "2026-10",
        "amount_fen": 200,
        "due": "2026-12-31",
    }
    window = (await clerk.post("/v1/bills", entered)).json
    await worked(world)
    states = [(await run_of(who, account, one))["state"] for one in (bill, window)]
    assert states == ["told", "told"]


# Not paid.


async def test_what_is_lacking_is_said_once_and_points_that_come_later_pay_a_day_after_it_is_said(
    world: World,
) -> None:
    who, account = await set_up(world, 3000)
    bill = await comes(world, who, account)
    for _ in range(3):
        await morning(world)
    assert await said(who, "没有自动缴：积分不够，还差 50.00 分") == 1
    assert (await bill_state(who, bill), await points(who)) == ("open", (3000, 0))
    assert (await run_of(who, account, bill))["state"] == "lacking"

    await buys(world, who, 5000)
    await morning(world)
    assert await said(who, "会用您的 80.00 分自动缴") == 1
    assert await bill_state(who, bill) == "open"
    await morning(world)
    await worked(world)
    assert (await bill_state(who, bill), await points(who)) == ("paid", (0, 0))


async def buys(world: World, who: Person, fen: int) -> None:
    """More points for somebody who has a card: by another purchase with it."""
    here, card = await till(world), await point_cards.of(world.house.db.reader(), who.id)
    assert card is not None
    await here.sent(here.swipe(card.id, fen * 200))


async def test_neither_a_bill_nor_a_month_is_more_than_was_agreed_to(world: World) -> None:
    who, account = await set_up(world, 50_000, most_bill_fen=5000, most_month_fen=7000)
    large = await comes(world, who, account, 5001)
    assert await said(who, "比您定的一张账单的额度多 0.01 元") == 1
    first = await comes(world, who, account, 4000)
    second = await comes(world, who, account, 3001)
    for _ in range(2):
        await morning(world)
    states = [await bill_state(who, one) for one in (large, first, second)]
    assert states == ["open", "paid", "open"]
    assert await said(who, "会比您定的一个月的额度多 0.01 元") == 1
    await agreed(who, account, most_bill_fen=10_000, most_month_fen=20_000)
    for _ in range(2):
        await morning(world)
    await worked(world)
    assert [await bill_state(who, one) for one in (large, second)] == ["paid", "paid"]


async def test_two_bills_at_once_in_two_houses_do_not_together_exceed_the_month(world: World) -> None:
    who, account = await set_up(world, 50_000, most_bill_fen=5000, most_month_fen=7000)
    for _ in range(2):
        await due(world, 4000, account["account_no"])
    await morning(world)
    both = await bills_of(who)
    assert {(await row(world, one)).state for one in both} == {"told"}
    world.clock.advance(timedelta(days=1))
    async with next_door(world) as other:
        await asyncio.gather(world.work(), other.work())
    await worked(world)
    assert sorted([await bill_state(who, one) for one in both]) == ["open", "paid"]
    assert await points(who) == (46_000, 0)


@pytest.mark.parametrize("act", ["pause", "stop", "skip", "remove"])
async def test_who_stops_it_in_the_last_minute_is_obeyed(world: World, act: str) -> None:
    who, account = await set_up(world, 10_000)
    bill = await comes(world, who, account)
    world.clock.advance(timedelta(minutes=DAY - 1))
    if act == "skip":
        assert (await who.post(f"/v1/auto-pay/bills/{bill['id']}/skip")).status == 200
    elif act == "remove":
        assert (await who.delete(f"/v1/bill-accounts/{account['id']}")).status == 204
    else:
        assert (await acted(who, account, act)).status == 200
    await worked(world, minutes=2)
    for _ in range(2):
        await morning(world)
    assert (await bill_state(who, bill), await points(who)) == ("open", (10_000, 0))
    assert (await bills_of(who))[0]["auto_text"] == ""
    ended = {"pause": "waiting", "stop": "over", "skip": "skipped", "remove": "over"}
    assert (await row(world, bill)).state == ended[act]
    again = await who.post(f"/v1/auto-pay/bills/{bill['id']}/skip")
    assert (again.status, again.code) == ((200, "") if act == "pause" else (409, "bill_not_coming"))


async def test_stopping_and_paying_at_once_end_in_one_of_the_two(world: World) -> None:
    who, account = await set_up(world, 10_000)
    bill = await comes(world, who, account)
    world.clock.advance(timedelta(days=1))
    stopped, _ = await asyncio.gather(acted(who, account, "stop"), world.work())
    assert stopped.status == 200
    await worked(world)
    paid = await bill_state(who, bill) == "paid"
    assert await points(who) == ((2000, 0) if paid else (10_000, 0))
    assert (await row(world, bill)).state == ("paid" if paid else "over")


async def test_what_was_paused_goes_on_with_a_day_s_notice(world: World) -> None:
    who, account = await set_up(world, 10_000)
    bill = await comes(world, who, account)
    await acted(who, account, "pause")
    assert (await acted(who, account, "pause")).code == "not_possible_now"
    await morning(world)
    shown = (await acted(who, account, "resume")).json
    assert ([one["name"] for one in shown["actions"]], shown["state_text"]) == (["pause", "stop"], "已开通")
    await worked(world)
    assert (await bill_state(who, bill), await said(who, "会用您的 80.00 分")) == ("open", 2)
    await morning(world)
    await worked(world)
    assert await bill_state(who, bill) == "paid"


async def test_a_lost_card_stops_it(world: World) -> None:
    who, account = await set_up(world, 10_000)
    bill = await comes(world, who, account)
    assert (await who.post("/v1/points/card/lost", {"reason": "找不到了"})).status == 200
    for _ in range(2):
        await morning(world)
    assert (await bill_state(who, bill), await points(who)) == ("open", (10_000, 0))
    assert await said(who, "没有自动缴：卡已挂失或冻结") == 1


async def test_another_amount_than_was_told_is_told_anew(world: World) -> None:
    who, account = await set_up(world, 10_000)
    bill = await comes(world, who, account)
    no = (await who.get(f"/v1/bills/{bill['id']}")).json
    due_again = {"payee": PAYEE, "account_no": account["account_no"], "period": "2026-11"}
    payee_no = await payee_no_of(world, bill)
    await world.control("payee-bills", bill_no=payee_no, **due_again, amount_fen=9000, due=no["due"])
    await who.post("/v1/bills/lookups", {"payee_id": PAYEE, "account_no": account["account_no"]})
    await morning(world)
    assert (await bill_state(who, bill), await said(who, "会用您的 90.00 分")) == ("open", 1)
    await morning(world)
    await worked(world)
    assert (await bill_state(who, bill), await points(who)) == ("paid", (1000, 0))


async def payee_no_of(world: World, bill: dict[str, Any]) -> str:
    found = await world.house.db.reading(lambda reader: reader.get(BILLS, bill["id"]))
    assert found is not None
    return found.payee_no


async def test_who_pays_by_hand_meanwhile_has_paid(world: World) -> None:
    who, account = await set_up(world, 20_000)
    bill = await comes(world, who, account)
    await paying(who, bill, 8000)
    await morning(world)
    assert await payments_of(world, bill) == 1
    assert ((await row(world, bill)).state, await points(who)) == ("over", (12_000, 0))


async def test_what_the_payee_refuses_comes_back_and_is_not_tried_again(world: World) -> None:
    who, account = await set_up(world, 10_000)
    bill = await comes(world, who, account)
    due_again = {"payee": PAYEE, "account_no": account["account_no"], "period": "2026-11"}
    number = await payee_no_of(world, bill)
    await world.control("payee-bills", bill_no=number, **due_again, amount_fen=9000, due="2026-12-20")
    await worked(world, minutes=DAY)
    for _ in range(2):
        await worked(world, minutes=DAY)
    assert (await row(world, bill)).state == "failed"
    assert (await points(who), await payments_of(world, bill)) == ((10_000, 0), 1)
    assert await said(who, "没有缴成：账单金额变了") == 1
    auto = await world.house.db.reading(lambda reader: reader.get(AUTO_PAYS, account["id"]))
    assert isinstance(auto, AutoPay) and auto.month_fen == 0


# Whoever dies.


async def test_a_worker_that_dies_before_or_after_paying_leaves_one_payment(world: World) -> None:
    who, account = await set_up(world, 50_000)
    bill = await comes(world, who, account)
    world.clock.advance(timedelta(days=1))
    queue = next(one for one in world.house.worker().queues if one.name == "auto_pay_runs")
    before = await queue._take(world.house.db, "dies before")
    assert before is not None
    world.clock.advance(timedelta(minutes=2))
    after = await queue._take(world.house.db, "dies after")
    assert after is not None
    assert await queue._handle(after) is None  # and it never says so
    await queue._work(world.house.db, before, world.house.metrics)
    await worked(world, minutes=2)
    assert (await payments_of(world, bill), await points(who)) == (1, (42_000, 0))
    assert await wrong(world) == []


async def test_of_many_workers_at_once_one_pays(world: World) -> None:
    who, account = await set_up(world, 50_000)
    bill = await comes(world, who, account)
    world.clock.advance(timedelta(days=1))
    async with next_door(world) as other:
        await asyncio.gather(*(one.work() for one in (world, other) * 3))
    await worked(world)
    assert (await payments_of(world, bill), await points(who)) == (1, (42_000, 0))
    assert await said(who, "自动缴费：") == 1


# What was agreed to.


async def test_what_was_agreed_to_is_kept_with_its_time_version_and_limits(world: World) -> None:
    who, account = await set_up(world, 100)
    text = (await who.get("/v1/auto-pay/agreement")).json
    assert (text["version"], len(text["points"]) > 3) == (CURRENT.version, True)
    await acted(who, account, "pause")
    await acted(who, account, "stop")
    kept = await world.house.db.reading(
        lambda reader: reader.all(CONSENTS, {"auto_pay_id": account["id"]}, limit=9, sort="at")
    )
    assert sorted(one.what for one in kept) == ["agree", "pause", "stop"]
    assert {(one.version, one.digest, one.by, one.most_bill_fen) for one in kept} == {
        (CURRENT.version, CURRENT.digest, f"resident:{who.id}", 10_000)
    }
    shown = (await who.get(f"/v1/auto-pay/{account['id']}")).json
    assert any("同意开通：一张账单最多 100.00 元" in one["text"] for one in shown["consents"])
    assert (shown["state"], shown["actions"]) == ("stopped", [])


async def test_nothing_is_agreed_to_by_halves(world: World) -> None:
    who = await world.resident()
    account = await saved(world, who)
    for more, code in (
        ({"agreed": False}, "not_agreed"),
        ({"version": "2020-01"}, "agreement_changed"),
        ({"most_bill_fen": 50_001}, "limit_too_high"),
        ({"most_month_fen": 100_001}, "limit_too_high"),
        ({"account_id": "nothing"}, "bill_account_not_found"),
    ):
        assert (await who.post("/v1/auto-pay", consent(account, **more))).code == code
    assert (await who.get("/v1/auto-pay")).json["items"] == []


async def test_family_cannot_agree_for_somebody_but_pause_and_stop_and_they_hear_of_it(world: World) -> None:
    mother, account = await set_up(world, 100)
    son = await son_of(world, mother)
    refused = await son.post("/v1/auto-pay", consent(account))
    assert (refused.status, refused.code) == (409, "own_consent_only")
    [shown] = (await son.get("/v1/auto-pay")).json["items"]
    assert (shown["of_text"], [one["name"] for one in shown["actions"]]) == ("母亲 王桂英", ["pause", "stop"])
    assert (await acted(son, account, "pause")).status == 200
    assert (await acted(son, account, "resume")).code == "own_consent_only"
    await worked(world)
    assert await said(mother, "李强替您暂停了自动缴费") == 1
    kept = (await mother.get(f"/v1/auto-pay/{account['id']}")).json["consents"]
    assert any("李强暂停" in one["text"] for one in kept)
    [proxy] = (await mother.get("/v1/proxies")).json["items"]
    await mother.delete(f"/v1/proxies/{proxy['id']}")
    assert (await acted(son, account, "stop")).status == 404
    assert (await son.get("/v1/auto-pay")).json["items"] == []


async def test_who_leaves_takes_it_along_and_only_the_consent_stays_without_a_name(world: World) -> None:
    who = await world.resident()
    account = await saved(world, who, unique("acct"))
    await agreed(who, account)
    parts = {one["name"]: one["records"] for one in (await who.get("/v1/me/export")).json["parts"]}
    for name in ("bill_accounts", "auto_pays", "auto_pay_consents"):
        assert len(parts[name]) == 1, name
    assert (await who.delete("/v1/me")).status == 204
    reader = world.house.db.reader()
    assert await reader.count(AUTO_PAYS, {"resident_id": who.id}) == 0
    [kept] = await reader.all(CONSENTS, {"resident_id": who.id}, limit=2)
    assert kept.auto_pay_id == account["id"]
