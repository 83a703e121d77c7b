"""Papers: who approves what, what an expired one locks, and that everybody is warned once."""

from datetime import date, timedelta
from typing import Any

from schemas.staff import Grant
from server.catalogue import CATEGORIES, Category
from server.certificates import CERTIFICATES
from server.kit.clock import today
from server.staff_push import NOTICES
from tests.doors import Happy, Visit
from tests.world import Person, Shop, World, unique


async def caring(world: World, *requires: str) -> Shop:
    """A shop whose work needs these papers."""
    category = unique("category")
    shop = await world.shop(category=category, lead_time_min=0, horizon_days=60)
    await world.put(CATEGORIES, Category(id=category, name="居家养老", icon="heart", requires=list(requires)))
    return shop


def paper(owner_id: str, kind: str, until: date, number: str = "15262719900101002X") -> dict[str, Any]:
    return {
        "owner_id": owner_id,
        "kind": kind,
        "number": number,
        "issuer": "东胜区疾控中心",
        "valid_until": until.isoformat(),
    }


async def approved(shop: Shop, owner_id: str, kind: str, until: date) -> dict[str, Any]:
    """Handed in by the manager, approved by the dispatcher, known to memory."""
    handed = await shop.manager.post("/v1/certificates", paper(owner_id, kind, until))
    assert handed.status == 201, handed.body
    item = handed.json
    done = await shop.dispatcher.post(f"/v1/certificates/{item['id']}/approve", {"version": item["version"]})
    assert done.status == 200, done.body
    await remembered(shop.world, item["id"], until)
    found: dict[str, Any] = done.json
    return found


async def remembered(world: World, item_id: str, until: date) -> None:
    async def known() -> bool:
        one = world.house.db.reader().recall(CERTIFICATES, item_id)
        return one is not None and one.current is not None and one.current.valid_until == until

    await world.until(known, item_id)


async def visit_list(world: World) -> Visit:
    return Visit(who=(await world.shop()).manager, path="/v1/certificates")


async def visit_hand_in(world: World) -> Visit:
    shop = await world.shop()
    body = paper(shop.worker.id, "health", today(world.clock.now()) + timedelta(days=90))
    return Visit(who=shop.manager, path="/v1/certificates", body=body)


async def visit_one(world: World) -> Visit:
    shop = await world.shop()
    until = today(world.clock.now()) + timedelta(days=90)
    item = await approved(shop, shop.worker.id, "health", until)
    other = await world.shop()
    return Visit(who=shop.manager, path=f"/v1/certificates/{item['id']}", stranger=other.manager)


async def visit_risks(world: World) -> Visit:
    return Visit(who=(await world.shop()).dispatcher, path="/v1/certificates/risks")


HAPPY: Happy = {
    ("GET", "/v1/certificates"): visit_list,
    ("POST", "/v1/certificates"): visit_hand_in,
    ("GET", "/v1/certificates/{certificate_id}"): visit_one,
    ("GET", "/v1/certificates/risks"): visit_risks,
}
COVERS = {
    ("POST", "/v1/certificates/{certificate_id}/approve"),
    ("POST", "/v1/certificates/{certificate_id}/return"),
}


async def test_who_hands_a_paper_in_does_not_approve_it_and_its_number_is_seen_by_nobody(
    world: World,
) -> None:
    shop, admin = await world.shop(), await world.staff(Grant(role="admin"))
    until = today(world.clock.now()) + timedelta(days=200)
    wanted = paper(shop.worker.id, "health", until)
    other = await world.shop()

    stranger = await other.manager.post("/v1/certificates", wanted)
    assert (stranger.status, stranger.code) == (404, "owner_not_found")
    for body, code in (
        (wanted | {"kind": "licence"}, "wrong_kind_of_paper"),
        (wanted | {"valid_until": "2020-01-01"}, "paper_expired"),
        (wanted | {"issued": "2099-01-01"}, "paper_dates_reversed"),
    ):
        refused = await shop.manager.post("/v1/certificates", body)
        assert (refused.status, refused.code) == (422, code)

    handed = (await shop.dispatcher.post("/v1/certificates", wanted)).json
    path = f"/v1/certificates/{handed['id']}"
    assert (handed["state"], handed["pending"]["number"]) == ("none", "****002X")
    own = await shop.dispatcher.post(f"{path}/approve", {"version": handed["version"]})
    assert (own.status, own.code) == (403, "own_paper")
    nobody = await world.call("POST", f"{path}/approve", {"version": handed["version"]})
    manager = await shop.manager.post(f"{path}/approve", {"version": handed["version"]})
    assert (nobody.status, manager.status) == (401, 403)
    back = await admin.post(f"{path}/return", {"version": handed["version"], "reason": "看不清，请重拍"})
    assert (back.json["returned"]["reason"], back.json["pending"]) == ("看不清，请重拍", None)
    late = await admin.post(f"{path}/approve", {"version": handed["version"]})
    assert (late.status, late.code) == (409, "nothing_to_answer")
    assert (await shop.manager.post(f"{path}/return", {"version": 2, "reason": "不"})).status == 403

    again = (await shop.manager.post("/v1/certificates", wanted)).json
    done = await admin.post(f"{path}/approve", {"version": again["version"]})
    assert (done.json["state"], done.json["days_left"]) == ("valid", 200)
    stored = await world.house.db.reading(lambda reader: reader.get(CERTIFICATES, handed["id"]))
    assert stored is not None and stored.current is not None
    assert b"15262719900101002X" not in stored.current.number
    assert world.house.vault.open(stored.current.number, stored.id) == "15262719900101002X"


async def test_an_expired_paper_locks_and_its_renewal_unlocks_at_once(world: World) -> None:
    shop, resident = await caring(world, "health", "nursing"), await world.resident()
    day = today(world.clock.now())
    await approved(shop, shop.worker.id, "health", day + timedelta(days=1))
    tomorrow = await shop.booked(resident, world.at(10))
    later = await shop.booked(resident, world.at(10, days=2))
    for case in (tomorrow, later):
        assert (await shop.manager.act(case["case_no"], "confirm")).status == 200

    without = await shop.manager.act(tomorrow["case_no"], "assign", worker_id=shop.worker.id)
    assert (without.status, without.code) == (409, "papers_missing")
    assert "没有护理证" in without.json["error"]["message"]

    await approved(shop, shop.worker.id, "nursing", day + timedelta(days=100))
    fits = await shop.manager.act(tomorrow["case_no"], "assign", worker_id=shop.worker.id)
    assert fits.json["state"] == "assigned"
    expired = await shop.manager.act(later["case_no"], "assign", worker_id=shop.worker.id)
    assert expired.code == "papers_missing" and "健康证" in expired.json["error"]["message"]

    await approved(shop, shop.worker.id, "health", day + timedelta(days=365))
    renewed = await shop.manager.act(later["case_no"], "assign", worker_id=shop.worker.id)
    assert renewed.json["state"] == "assigned"

    await approved(shop, shop.provider_id, "insurance", day + timedelta(days=2))
    world.clock.advance(timedelta(days=2))
    shop = await shop.signed_in_anew()
    third = await shop.booked(resident, world.at(15))
    await shop.manager.act(third["case_no"], "confirm")
    uninsured = await shop.manager.act(third["case_no"], "assign", worker_id=shop.worker.id)
    assert uninsured.code == "papers_missing" and "公众责任保险" in uninsured.json["error"]["message"]


async def notices(world: World, *people: Person) -> list[list[str]]:
    found = await world.house.db.reading(lambda reader: reader.all(NOTICES, {}, limit=500, sort="at"))
    return [[one.title for one in found if one.userid == who.id and "健康证" in one.title] for who in people]


async def test_everybody_concerned_is_warned_once_at_each_step_and_told_which_visits_it_touches(
    world: World,
) -> None:
    shop = await caring(world, "health")
    last = today(world.clock.now()) + timedelta(days=40)
    await approved(shop, shop.worker.id, "health", last)
    other = await world.shop()
    told = (shop.worker, shop.manager, shop.dispatcher, other.manager)

    async def days_before(number: int, hour: int = 9) -> list[list[str]]:
        moment = world.clock.now()
        midnight = moment - timedelta(hours=9)
        world.clock.set(midnight + timedelta(days=(last - today(moment)).days - number, hours=hour))
        for _ in range(2):
            world.clock.advance(timedelta(hours=1, minutes=1))
            await world.work()
        world.clock.set(midnight + timedelta(days=(last - today(moment)).days - number, hours=9))
        return await notices(world, *told)

    assert await days_before(31) == [[], [], [], []]
    assert await days_before(30, hour=1) == [[], [], [], []], "nobody is woken"
    name = "李师傅的健康证"
    first = [f"{name}还有 30 天到期"]
    assert await days_before(30) == [first, first, first, []]
    assert await days_before(29) == [first, first, first, []]

    shop, other = await shop.signed_in_anew(), await other.signed_in_anew()
    resident = await world.resident()
    touched = await shop.booked(resident, world.at(10, days=29))
    await shop.manager.act(touched["case_no"], "confirm")
    await shop.manager.act(touched["case_no"], "assign", worker_id=shop.worker.id)
    assert (await shop.dispatcher.get("/v1/certificates/risks")).json["items"] == []
    moved = await resident.act(touched["case_no"], "reschedule", start=world.at(10, days=31))
    assert moved.status == 200, moved.body
    risks = (await shop.dispatcher.get("/v1/certificates/risks")).json["items"]
    assert [one["case_no"] for one in risks] == [touched["case_no"]]
    assert (await other.manager.get("/v1/certificates/risks")).json["items"] == []

    assert await days_before(7) == [[*first, f"{name}还有 7 天到期"]] * 3 + [[]]
    found = await world.house.db.reading(lambda reader: reader.all(NOTICES, {}, limit=500))
    assert any(touched["case_no"] in one.text for one in found if "还有 7 天" in one.title)
    assert (await days_before(0))[0] == [*first, f"{name}还有 7 天到期", f"{name}今天到期"]
    assert (await days_before(-1))[0] == [*first, f"{name}还有 7 天到期", f"{name}今天到期"]
    listed = await (await shop.signed_in_anew()).manager.get("/v1/certificates")
    assert listed.json["items"][0]["state"] == "expired"
