"""Bills of a family, and being reminded of them: who sees, who pays, with whose points, who hears of it, and when."""

from datetime import datetime, time, timedelta
from typing import Any

from schemas.staff import Grant
from server.kit.clock import SHANGHAI, today
from server.payments import PAYMENTS
from tests.houses import next_door
from tests.test_payments import (
    PAYEE,
    at_wechat,
    bill_state,
    due,
    looked_up,
    payee,
    paying,
    points,
    saver,
    seen,
    told,
    worked,
)
from tests.test_proxies import trusted
from tests.world import Person, World, unique


async def son_of(world: World, mother: Person, *scopes: str) -> Person:
    son = await world.resident(name="李强")
    await trusted(mother, son, scopes=list(scopes) or ["bills"], relation="母亲")
    return son


async def inbox(who: Person) -> list[str]:
    return [one["text"] for one in (await who.get("/v1/inbox", limit=100)).json["items"]]


async def said(who: Person, part: str) -> int:
    """How many of their messages have this in them."""
    return sum(part in one for one in await inbox(who))


# A family.


async def test_a_son_pays_his_mothers_bill_with_her_points_and_his_own_wechat(world: World) -> None:
    mother = await saver(world, 3000)
    son = await son_of(world, mother)
    bill = await looked_up(world, mother, 8000)
    [listed] = (await son.get("/v1/bills", state="open")).json["items"]
    assert (listed["id"], listed["of_text"]) == (bill["id"], "母亲 王桂英")
    assert (await son.get(f"/v1/bills/{bill['id']}")).json["points_usable_fen"] == 3000

    payment = await paying(son, bill, 3000)
    assert payment["by_text"] == "替 母亲 王桂英 缴"
    assert await points(mother) == (0, 3000)
    assert (await seen(son, payment))["client_params"] is not None
    assert (await seen(mother, payment))["client_params"] is None, "the order is for his WeChat"
    await at_wechat(world, payment)
    assert await told(world, payment) == [204]
    await worked(world)

    stored = await world.house.db.reading(lambda reader: reader.get(PAYMENTS, payment["id"]))
    assert stored is not None
    assert (stored.resident_id, stored.payer_id, stored.openid) == (mother.id, son.id, son.openid)
    for who, text in ((mother, "由 李强 代您缴"), (son, "替 母亲 王桂英 缴")):
        shown = await seen(who, payment)
        assert (shown["state"], shown["by_text"]) == ("settled", text)
        assert [one["id"] for one in (await who.get("/v1/payments")).json["items"]] == [payment["id"]]
        assert await said(who, f"{text}：") == 1
    assert (await mother.get(f"/v1/payments/{payment['id']}/sources")).json["items"]
    assert (await son.get(f"/v1/payments/{payment['id']}/sources")).status == 404, "what she bought is hers"


async def test_another_scope_or_none_opens_no_bill(world: World) -> None:
    mother = await world.resident()
    bill = await looked_up(world, mother)
    others = [await son_of(world, mother, "bookings", "points_read"), await world.resident()]
    for who in others:
        assert (await who.get(f"/v1/bills/{bill['id']}")).status == 404
        assert (await who.post(f"/v1/bills/{bill['id']}/pay", {})).status == 404
        assert (await who.get("/v1/bills")).json["items"] == []
        refused = await who.get("/v1/bills", of=mother.id)
        assert (refused.status, refused.code) == (422, "not_their_bill")
        asked = {"payee_id": PAYEE, "account_no": bill["account_no"], "resident_id": mother.id}
        assert (await who.post("/v1/bills/lookups", asked)).code == "not_their_bill"


async def test_what_a_son_looks_up_for_his_mother_is_hers(world: World) -> None:
    mother = await world.resident()
    son = await son_of(world, mother)
    await payee(world)
    body = {"payee_id": PAYEE, "account_no": await due(world, 8000), "resident_id": mother.id}
    [found] = (await son.post("/v1/bills/lookups", body)).json["items"]
    assert found["of_text"] == "母亲 王桂英"
    assert (await mother.get("/v1/bills")).json["items"][0]["id"] == found["id"]
    own = await looked_up(world, son)
    assert {one["id"] for one in (await son.get("/v1/bills")).json["items"]} == {found["id"], own["id"]}
    assert [one["id"] for one in (await son.get("/v1/bills", of=son.id)).json["items"]] == [own["id"]]
    assert [one["id"] for one in (await son.get("/v1/bills", of=mother.id)).json["items"]] == [found["id"]]


async def test_a_proxy_that_is_taken_back_pays_nothing_more_from_that_moment_on(world: World) -> None:
    mother = await saver(world, 3000)
    son = await world.resident(name="李强")
    proxy_id = await trusted(mother, son, scopes=["bills"])
    bill, other = await looked_up(world, mother, 8000), await looked_up(world, mother, 100)
    payment = await paying(son, bill, 3000)
    async with next_door(world) as there:
        elsewhere = there.meets(son)
        assert (await elsewhere.get(f"/v1/bills/{other['id']}")).status == 200
        assert (await mother.delete(f"/v1/proxies/{proxy_id}")).status == 204
        late = await elsewhere.post(f"/v1/bills/{other['id']}/pay", {"points_fen": 0})
        assert late.status in (403, 404), "memory may be late, what is written is not"
    assert (await son.get(f"/v1/bills/{other['id']}")).status == 404
    begun = await seen(son, payment)
    assert (begun["state"], begun["client_params"]) == ("unpaid", None), (
        "his own, and not to be paid any more"
    )
    await worked(world, minutes=16)
    assert await points(mother) == (3000, 0)
    assert await bill_state(mother, bill) == "open"


async def test_who_has_paid_for_another_leaves_no_openid_behind(world: World) -> None:
    mother = await world.resident()
    son = await son_of(world, mother)
    payment = await paying(son, await looked_up(world, mother, 8000))
    assert (await son.delete("/v1/me")).code == "payments_still_open"
    await seen(son, payment)
    await at_wechat(world, payment)
    await told(world, payment)
    await worked(world)
    assert (await son.delete("/v1/me")).status == 204
    stored = await world.house.db.reading(lambda reader: reader.get(PAYMENTS, payment["id"]))
    assert stored is not None
    assert (stored.openid, stored.state) == ("", "settled")


# Reminders.


async def at_due(world: World, days: int, hour: int, minute: int = 0) -> None:
    """The clock stands so many days from the last day of what `owed` makes."""
    day = LAST_DAY + timedelta(days=days)
    world.clock.set(datetime.combine(day, time(hour, minute), SHANGHAI))
    await worked(world)


LAST_DAY = today(datetime.now(SHANGHAI)) + timedelta(days=20)


async def owed(world: World, who: Person, days: int = 20) -> dict[str, Any]:
    """A bill entered at the window whose last day is `LAST_DAY`, or so many days from today."""
    await payee(world, id="office", name="绿苑物业", kind="property", online=False)
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))
    last = today(datetime.now(SHANGHAI)) + timedelta(days=days)
    body = {
        "resident_id": who.id,
        "payee_id": "office",
        "account_no": unique("acct"),
        "period": "2026-11",
        "amount_fen": 100,
        "due": last.isoformat(),
    }
    made = await clerk.post("/v1/bills", body)
    assert made.status == 201, made.body
    bill: dict[str, Any] = made.json
    return bill


async def test_of_a_bill_one_is_reminded_three_days_before_and_on_the_last_day_once_each(
    world: World,
) -> None:
    who = await world.resident()
    await owed(world, who)
    await worked(world)
    for days, hour, so_far in (
        (-10, 12, 0),
        (-3, 8, 0),
        (-3, 9, 1),
        (-3, 10, 1),
        (-1, 23, 1),
        (0, 8, 1),
        (0, 9, 2),
        (0, 20, 2),
        (1, 9, 2),
    ):
        await at_due(world, days, hour)
        assert await said(who, "到期") == so_far, (days, hour)
    assert await said(who, "还有 3 天到期") == await said(who, "今天到期") == 1
    [late] = (await who.get("/v1/bills")).json["items"]
    assert (late["overdue"], late["due_text"]) == (True, "已过期 1 天")


async def test_who_has_paid_is_left_in_peace_and_who_gets_the_bill_late_hears_the_last_day_only(
    world: World,
) -> None:
    paid, late = await saver(world, 100), await world.resident()
    await paying(paid, await owed(world, paid), 100)
    await owed(world, late, days=2)
    await worked(world)
    world.clock.set(datetime.combine(LAST_DAY - timedelta(days=18), time(9), SHANGHAI))
    await worked(world)
    assert (await said(late, "今天到期"), await said(late, "天到期")) == (1, 1)
    await at_due(world, 0, 9)
    assert await said(paid, "到期") == 0


async def test_two_workers_remind_once(world: World) -> None:
    who = await world.resident()
    await owed(world, who)
    await worked(world)
    world.clock.set(datetime.combine(LAST_DAY - timedelta(days=3), time(9), SHANGHAI))
    queue = next(one for one in world.house.worker().queues if one.name == "bills")
    slow = await queue._take(world.house.db, "one that sleeps through its lease")
    assert slow is not None
    await worked(world, minutes=2)
    await queue._work(world.house.db, slow, world.house.metrics)
    await worked(world)
    assert await said(who, "到期") == 1
