"""The daily comparison: WeChat Pay's bill of a day against ours, row by row, and who answers for what differs."""

import itertools
from datetime import date, timedelta
from typing import Any

from schemas.staff import Grant
from server.kit.clock import SHANGHAI, today
from server.kit.sweeps import SWEEPS
from server.payments import PAYMENTS
from server.staff_push import NOTICES
from tests.doors import Happy, Visit
from tests.test_payments import at_wechat, looked_up, paying, seen, told, worked
from tests.test_refunds import act, bookkeepers, proposed, state
from tests.world import Person, World


async def paid(world: World, fen: int = 8000) -> dict[str, Any]:
    """A bill that is paid by WeChat."""
    resident = await world.resident()
    payment = await paying(resident, await looked_up(world, resident, fen))
    await seen(resident, payment)
    await at_wechat(world, payment)
    await told(world, payment)
    await worked(world)
    return payment


_days = itertools.count(1)


def new_day(world: World) -> date:
    """One on which no other test has paid anything."""
    world.clock.advance(timedelta(days=next(_days)))
    return today(world.clock.now())


async def next_noon(world: World) -> None:
    """When the bill of the day is there."""
    now = world.clock.now().astimezone(SHANGHAI)
    world.clock.set((now + timedelta(days=1)).replace(hour=12, minute=0))
    due = {"$set": {"due_at": world.clock.now()}}
    await world.house.db.alone(lambda tx: tx.change(SWEEPS, {"_id": "pay-checks"}, due))
    await worked(world)


async def asked_back(world: World, who: Person, refund: dict[str, Any]) -> None:
    """Until WeChat has it: where a busy machine answers too late it is asked for again some minutes later."""
    for _ in range(10):
        await worked(world, minutes=1)
        if await state(who, refund) == "done":
            return
    raise AssertionError("never paid back")


async def spoilt(world: World, day: date, **wrong: Any) -> None:
    await world.control("pay-bill", day=day.isoformat(), **wrong)


async def check(who: Person, day: date) -> dict[str, Any]:
    reply = await who.get(f"/v1/pay-checks/{day}")
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json
    return found


async def differences(who: Person, day: date) -> dict[str, dict[str, Any]]:
    """By number."""
    reply = await who.get(f"/v1/pay-checks/{day}/differences", limit=100)
    assert reply.status == 200, reply.body
    return {one["number"]: one for one in reply.json["items"]}


async def again(world: World, who: Person, day: date) -> None:
    assert (await who.post(f"/v1/pay-checks/{day}/run")).status == 200
    await worked(world)


async def differing(world: World) -> tuple[Person, dict[str, Any]]:
    """A day with a difference, and it."""
    day, payment = new_day(world), await paid(world)
    await spoilt(world, day, lacks=[payment["id"]])
    await next_noon(world)
    one = await world.staff(Grant(role="accountant"))
    return one, (await differences(one, day))[payment["id"]]


# The doors.


async def visit_checks(world: World) -> Visit:
    return Visit(who=await world.staff(Grant(role="accountant")), path="/v1/pay-checks")


async def visit_check(world: World) -> Visit:
    day = new_day(world)
    await next_noon(world)
    path = f"/v1/pay-checks/{day}"
    return Visit(who=await world.staff(Grant(role="accountant")), path=path, shared=True)


async def visit_run(world: World) -> Visit:
    visit = await visit_check(world)
    return Visit(who=visit.who, path=f"{visit.path}/run", shared=True)


async def visit_differences(world: World) -> Visit:
    visit = await visit_check(world)
    return Visit(who=visit.who, path=f"{visit.path}/differences", shared=True)


async def visit_resolve(world: World) -> Visit:
    one, found = await differing(world)
    path = f"/v1/pay-differences/{found['id']}/resolve"
    return Visit(who=one, path=path, body={"reason": "微信晚记了一天"}, shared=True)


async def visit_confirm(world: World) -> Visit:
    visit = await visit_resolve(world)
    assert visit.who is not None
    await visit.who.post(visit.path, visit.body)
    other = await world.staff(Grant(role="admin"))
    return Visit(who=other, path=visit.path.replace("/resolve", "/confirm"), shared=True)


async def visit_return(world: World) -> Visit:
    visit = await visit_confirm(world)
    path = visit.path.replace("/confirm", "/return")
    return Visit(who=visit.who, path=path, body={"reason": "请附对账单"}, shared=True)


HAPPY: Happy = {
    ("GET", "/v1/pay-checks"): visit_checks,
    ("GET", "/v1/pay-checks/{day}"): visit_check,
    ("POST", "/v1/pay-checks/{day}/run"): visit_run,
    ("GET", "/v1/pay-checks/{day}/differences"): visit_differences,
    ("POST", "/v1/pay-differences/{difference_id}/resolve"): visit_resolve,
    ("POST", "/v1/pay-differences/{difference_id}/confirm"): visit_confirm,
    ("POST", "/v1/pay-differences/{difference_id}/return"): visit_return,
}


# Compared.


async def test_a_day_that_agrees_is_compared_after_ten_by_itself_with_the_sums_of_both(world: World) -> None:
    day, payment = new_day(world), await paid(world)
    one, other = await bookkeepers(world)
    refund = await proposed(one, payment, pay_fen=3000)
    await act(other, refund, "approve")
    await asked_back(world, one, refund)
    assert (await one.get(f"/v1/pay-checks/{day}")).code == "pay_check_not_found"
    assert (await one.post(f"/v1/pay-checks/{day}/run")).code == "day_not_over"
    await next_noon(world)
    one, _ = await bookkeepers(world)
    found = await check(one, day)
    assert (found["state"], found["runs"], found["unsettled"]) == ("compared", 1, 0)
    assert found["ours"] == found["theirs"]
    assert (found["ours"]["paid_fen"], found["ours"]["refunded_fen"]) == (8000, 3000)
    assert payment["id"] not in await differences(one, day)
    listed = (await one.get("/v1/pay-checks")).json["items"]
    assert listed[0]["day"] == day.isoformat()


async def test_every_kind_of_difference_is_found_and_compared_again_it_is_the_same(world: World) -> None:
    day = new_day(world)
    lacking, other_amount, other_state, twice = [await paid(world) for _ in range(4)]
    silent = await world.resident()
    unheard = await paying(silent, await looked_up(world, silent))
    await seen(silent, unheard)
    one, other = await bookkeepers(world)
    refund = await proposed(one, twice, pay_fen=2000)
    await act(other, refund, "approve")
    await worked(world)
    await world.house.db.alone(
        lambda tx: tx.change(PAYMENTS, {"_id": unheard["id"]}, {"$set": {"due_at": None}})
    )
    await at_wechat(world, unheard)
    await spoilt(
        world,
        day,
        lacks=[lacking["id"]],
        fen={other_amount["id"]: 8001, refund["id"]: 1999},
        states={other_state["id"]: "REVOKED"},
        strangers={"X1": 500},
    )
    await next_noon(world)
    one, _ = await bookkeepers(world)
    found = await differences(one, day)
    told_of = {
        number: (found[number]["kind"], found[number]["ours_fen"], found[number]["theirs_fen"])
        for number in found
    }
    assert told_of == {
        lacking["id"]: ("missing_there", 8000, None),
        other_amount["id"]: ("amount", 8000, 8001),
        refund["id"]: ("amount", 2000, 1999),
        other_state["id"]: ("state", 8000, 8000),
        unheard["id"]: ("state", 0, 8000),
        "X1": ("missing_here", None, 500),
    }
    assert found[other_state["id"]]["theirs_state"] == "已撤销"
    await again(world, one, day)
    assert {name: one["id"] for name, one in (await differences(one, day)).items()} == {
        name: one["id"] for name, one in found.items()
    }
    where = {"userid": one.id, "title": f"{day} 微信对账有差异"}
    assert await world.house.db.reading(lambda reader: reader.first(NOTICES, where)) is not None


async def test_one_answers_with_a_reason_and_another_confirms_which_a_rerun_keeps(world: World) -> None:
    one, found = await differing(world)
    day, at = date.fromisoformat(found["day"]), f"/v1/pay-differences/{found['id']}"
    other = await world.staff(Grant(role="accountant"))
    assert (await other.post(f"{at}/confirm")).code == "pay_difference_answered"
    resolved = (await one.post(f"{at}/resolve", {"reason": "微信晚记了一天"})).json
    assert (resolved["state"], resolved["actions"]) == ("resolved", ["return"])
    assert (await one.post(f"{at}/confirm")).code == "own_pay_difference"
    back = (await other.post(f"{at}/return", {"reason": "请附对账单"})).json
    assert (back["state"], back["returned"]) == ("open", "请附对账单")
    await one.post(f"{at}/resolve", {"reason": "见次日对账单第 3 行"})
    assert (await other.post(f"{at}/confirm")).json["state"] == "confirmed"
    await again(world, one, day)
    kept = (await differences(one, day))[found["number"]]
    assert (kept["state"], kept["reason"]) == ("confirmed", "见次日对账单第 3 行")
    assert (await check(one, day))["unsettled"] == 0


async def test_a_difference_that_is_no_more_goes_and_one_that_has_changed_is_open_again(world: World) -> None:
    one, found = await differing(world)
    day, number = date.fromisoformat(found["day"]), found["number"]
    await spoilt(world, day)
    await again(world, one, day)
    assert (await differences(one, day))[number]["state"] == "gone"
    await spoilt(world, day, fen={number: 8100})
    await again(world, one, day)
    amount = next(row for row in (await all_of(one, day)) if row["kind"] == "amount")
    await one.post(f"/v1/pay-differences/{amount['id']}/resolve", {"reason": "多收了一元"})
    await spoilt(world, day, fen={number: 8200})
    await again(world, one, day)
    amount = next(row for row in (await all_of(one, day)) if row["kind"] == "amount")
    assert (amount["state"], amount["theirs_fen"], amount["reason"]) == ("open", 8200, "")


async def all_of(who: Person, day: date) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await who.get(f"/v1/pay-checks/{day}/differences", limit=100)).json[
        "items"
    ]
    return found


async def test_a_bill_that_does_not_come_to_its_totals_or_does_not_come_is_asked_for_again(
    world: World,
) -> None:
    day, _ = new_day(world), await paid(world)
    await spoilt(world, day, total_off=True)
    await next_noon(world)
    one = await world.staff(Grant(role="accountant"))
    assert (await check(one, day))["state"] == "waiting"
    await spoilt(world, day)
    await world.control("faults", path="/v3/billdownload/file", times=3, http_status=500)
    await worked(world, minutes=2)
    await worked(world, minutes=2)
    found = await check(one, day)
    assert (found["state"], found["differences"]) == ("compared", 0)


async def test_two_workers_compare_a_day_once(world: World) -> None:
    day, _ = new_day(world), await paid(world)
    await next_noon(world)
    one = await world.staff(Grant(role="accountant"))
    await one.post(f"/v1/pay-checks/{day}/run")
    queue = next(row for row in world.house.worker().queues if row.name == "pay_checks")
    slept = await queue._take(world.house.db, "one that sleeps")
    assert slept is not None
    await worked(world, minutes=2)
    assert (await check(one, day))["runs"] == 2
    await queue._handle(slept)
    assert (await check(one, day))["runs"] == 2
