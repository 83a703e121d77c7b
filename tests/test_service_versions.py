"""Services version by version: written by one, published by another, from a day on; what is booked keeps what it was
booked under."""

import asyncio
from datetime import datetime, time, timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from schemas.catalogue import CancelFee
from schemas.common import FormField
from schemas.staff import Grant
from server import plans
from server.audit import AUDIT
from server.cases import CASES
from server.catalogue import POOLS, PROVIDERS, SERVICES, Concession
from server.demo import street
from server.kit.clock import SHANGHAI, today
from server.kit.db import Reader
from server.service_versions import SERVICE_VERSIONS, form_of
from server.service_versions.acts import begin
from tests.doors import Happy, Visit
from tests.pictures import photo
from tests.test_plans import plan_for, visits
from tests.test_waitlist import full_shop, wait_for
from tests.world import Person, Reply, Shop, World

PRICE = {"unit": "visit", "amount_fen": 8000}


def at(shop: Shop, *more: object) -> str:
    return "/".join(["/v1/services", shop.service_id, "versions", *map(str, more)])


async def form(shop: Shop, number: int = 1, **changed: Any) -> dict[str, Any]:
    """The service as it would be filled in, with some of it otherwise."""
    reply = await shop.dispatcher.get(at(shop, number))
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json["service"]
    return found | changed


async def change(shop: Shop, who: Person | None = None, since: int = 1, **changed: Any) -> Reply:
    """Proposed by the manager unless it says otherwise; `day` from today on."""
    days = changed.pop("day", None)
    valid = {"valid_from": day(shop.world, days)} if days is not None else {}
    body = {"since": since, "service": await form(shop, since, **changed)} | valid
    return await (who or shop.manager).post(at(shop), body)


async def published(shop: Shop, since: int = 1, **changed: Any) -> int:
    made = await change(shop, since=since, **changed)
    assert made.status == 201, made.body
    done = await shop.dispatcher.post(at(shop, made.json["number"], "publish"))
    assert done.status == 200, done.body
    number: int = done.json["number"]
    return number


def day(world: World, days: int) -> str:
    return (today(world.clock.now()) + timedelta(days=days)).isoformat()


async def read(who: Person, shop: Shop) -> dict[str, Any]:
    reply = await who.get(f"/v1/services/{shop.service_id}")
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json
    return found


async def details(world: World, case: dict[str, Any]) -> dict[str, Any]:
    stored = await world.house.db.reading(lambda reader: reader.get(CASES, case["case_no"]))
    assert stored is not None
    found: dict[str, Any] = stored.details
    return found


# The doors.


async def visit_all(world: World) -> Visit:
    shop = await world.shop()
    return Visit(who=shop.manager, path="/v1/service-versions")


async def visit_new(world: World) -> Visit:
    shop, other = await world.shop(), await world.shop()
    body = {"service": await form(shop), "price": PRICE}
    path = f"/v1/providers/{shop.provider_id}/services"
    return Visit(who=shop.manager, path=path, body=body, stranger=other.manager)


async def visit_versions(world: World) -> Visit:
    shop, other = await world.shop(), await world.shop()
    return Visit(who=shop.manager, path=at(shop), stranger=other.manager)


async def visit_change(world: World) -> Visit:
    shop, other = await world.shop(), await world.shop()
    body = {"since": 1, "service": await form(shop, summary="换个说法")}
    return Visit(who=shop.manager, path=at(shop), body=body, stranger=other.manager)


async def visit_one(world: World) -> Visit:
    shop, other = await world.shop(), await world.shop()
    return Visit(who=shop.manager, path=at(shop, 1), stranger=other.manager)


async def visit_retirement(world: World) -> Visit:
    shop, other = await world.shop(), await world.shop()
    path = f"/v1/services/{shop.service_id}/retirement"
    body = {"since": 1, "reason": "人手不够"}
    return Visit(who=shop.manager, path=path, body=body, stranger=other.manager)


async def visit_withdraw(world: World) -> Visit:
    shop, other = await world.shop(), await world.shop()
    made = await change(shop, summary="换个说法")
    path = at(shop, made.json["number"], "withdraw")
    return Visit(who=shop.manager, path=path, stranger=other.manager)


HAPPY: Happy = {
    ("GET", "/v1/service-versions"): visit_all,
    ("POST", "/v1/providers/{provider_id}/services"): visit_new,
    ("GET", "/v1/services/{service_id}/versions"): visit_versions,
    ("POST", "/v1/services/{service_id}/versions"): visit_change,
    ("GET", "/v1/services/{service_id}/versions/{number}"): visit_one,
    ("POST", "/v1/services/{service_id}/retirement"): visit_retirement,
    ("POST", "/v1/services/{service_id}/versions/{number}/withdraw"): visit_withdraw,
}
COVERS = {
    ("POST", "/v1/services/{service_id}/versions/{number}/publish"),
    ("POST", "/v1/services/{service_id}/versions/{number}/return"),
}


# By two.


async def test_a_service_is_drafted_by_one_and_published_by_another(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    pool = {"name": "擦窗组", "capacity": 3}
    new = {"service": await form(shop, name="擦窗", pool_id=None, new_pool=pool), "price": PRICE}
    made = await shop.manager.post(f"/v1/providers/{shop.provider_id}/services", new)
    assert (made.status, made.json["number"], made.json["state"]) == (201, 1, "draft"), made.body
    window = replace(shop, service_id=made.json["service_id"])
    assert (await resident.get(f"/v1/services/{window.service_id}")).status == 404, "nobody has published it"
    assert (await shop.manager.post(at(window, 1, "publish"))).status == 403

    one = (await shop.dispatcher.get(at(window, 1))).json
    said = {row["field"]: (row["before"], row["after"]) for row in one["changes"]}
    assert said["name"] == ("", "擦窗") and said["pool_id"] == ("", "新班组：擦窗组（同时 3 单）")
    assert said["weekly"] == ("", "周一至周日 08:00-20:00")
    assert one["version"]["actions"] == ["publish", "return"] and one["price_text"] == "80.00 元/次"
    done = await shop.dispatcher.post(at(window, 1, "publish"))
    assert (done.json["state"], done.json["in_force"]) == ("published", True)

    shown = await read(resident, window)
    assert (shown["name"], shown["price"]["text"]) == ("擦窗", "80.00 元/次")
    case = await window.booked(resident)
    assert (await details(world, case))["service_version"] == f"{window.service_id}|1"
    acts = (await (await world.staff(Grant(role="admin"))).get("/v1/audit", subject=window.service_id)).json
    assert {"service_version.create", "service_version.publish"} <= {one["what"] for one in acts["items"]}


async def test_nobody_publishes_what_they_have_written(world: World) -> None:
    shop, admin = await world.shop(), await world.staff(Grant(role="admin"))
    made = await change(shop, admin, summary="换个说法")
    own = await admin.post(at(shop, made.json["number"], "publish"))
    assert (own.status, own.code) == (403, "own_service_version")
    assert made.json["actions"] == ["withdraw"]
    assert (await shop.dispatcher.post(at(shop, made.json["number"], "publish"))).status == 200


async def test_a_draft_is_handed_back_with_a_reason_or_taken_back_and_never_answered_twice(
    world: World,
) -> None:
    shop = await world.shop()
    first = (await change(shop, summary="换个说法")).json["number"]
    waits = await change(shop, summary="再换一个")
    assert (waits.status, waits.code) == (409, "version_waits")
    assert (await shop.dispatcher.post(at(shop, first, "withdraw"))).code == "not_the_author"
    assert (await shop.dispatcher.post(at(shop, first, "return"), {"reason": ""})).status == 422
    back = await shop.dispatcher.post(at(shop, first, "return"), {"reason": "写得看不懂"})
    assert (back.json["state"], back.json["reason"]) == ("returned", "写得看不懂")
    assert (await shop.dispatcher.post(at(shop, first, "publish"))).code == "version_answered"
    assert (await shop.dispatcher.post(at(shop, "x", "publish"))).code == "service_version_not_found"
    assert (await shop.dispatcher.post(at(shop, 9, "publish"))).code == "service_version_not_found"

    second = (await change(shop, summary="再换一个")).json["number"]
    assert second == first + 1
    assert (await shop.manager.post(at(shop, second, "withdraw"))).json["state"] == "withdrawn"
    assert (await shop.dispatcher.post(at(shop, second, "publish"))).code == "version_answered"
    assert (await read(await world.resident(), shop))["summary"] == "两小时"
    listed = (await shop.manager.get(at(shop))).json["items"]
    assert [(one["number"], one["state"]) for one in listed] == [
        (3, "withdrawn"),
        (2, "returned"),
        (1, "published"),
    ]


async def test_who_saw_an_older_version_is_told_so(world: World) -> None:
    shop = await world.shop()
    old = {"since": 1, "service": await form(shop, summary="很久以前打开的")}
    await published(shop, summary="换个说法")
    late = await shop.manager.post(at(shop), old)
    assert (late.status, late.code) == (409, "version_out_of_date")
    same = await change(shop, since=2)
    assert (same.status, same.code) == (422, "nothing_differs")


async def test_a_form_that_is_sent_twice_is_one_draft_and_one_publication(world: World) -> None:
    shop = await world.shop()
    body = {"since": 1, "service": await form(shop, summary="换个说法")}
    both = await asyncio.gather(*(shop.manager.post(at(shop), body, key="one-draft") for _ in range(2)))
    assert {one.status for one in both} == {201} and both[0].json["number"] == both[1].json["number"]
    path = at(shop, both[0].json["number"], "publish")
    done = await asyncio.gather(*(shop.dispatcher.post(path, key="one-publication") for _ in range(2)))
    assert [one.status for one in done] == [200, 200]
    again = await shop.dispatcher.post(path, key="another")
    assert (again.status, again.code) == (409, "version_answered")


async def test_two_who_draft_at_once_leave_one_draft(world: World) -> None:
    shop = await world.shop()
    body = {"since": 1, "service": await form(shop, summary="换个说法")}
    other = await world.staff(Grant(role="dispatcher"))
    both = await asyncio.gather(*(who.post(at(shop), body) for who in (shop.manager, other)))
    assert sorted(one.status for one in both) == [201, 409]


async def test_a_manager_sees_and_writes_what_is_of_their_own_provider(world: World) -> None:
    shop, other = await world.shop(), await world.shop()
    made = (await change(other, summary="别家的说法")).json["number"]
    for path in (at(other), at(other, made), at(other, 1)):
        assert (await shop.manager.get(path)).status == 404
    stolen = {"since": 1, "service": await form(other, summary="我来改")}
    assert (await shop.manager.post(at(other), stolen)).status == 404
    mine = (await shop.manager.get("/v1/service-versions")).json["items"]
    assert other.service_id not in {one["service_id"] for one in mine}
    asked = await shop.manager.get("/v1/service-versions", provider_id=other.provider_id)
    assert (asked.status, asked.code) == (404, "service_of_nobody")
    theirs = (await shop.dispatcher.get("/v1/service-versions", open="true")).json["items"]
    assert other.service_id in {one["service_id"] for one in theirs}
    pool = await change(shop, pool_id=other.pool_id)
    assert (pool.status, pool.json["error"]["field"]) == (422, "pool_id")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"category": "no-such"}, "category"),
    ({"pool_id": None}, "pool_id"),
    ({"weekly": [[]] * 7}, "weekly"),
    ({"weekly": [[[600, 540]]] + [[]] * 6}, "weekly[0]"),
    ({"weekly": [[]] * 6 + [[[480, 720], [700, 900]]]}, "weekly[6]"),
    ({"weekly": [[[480, 540]]] + [[]] * 6}, "weekly[0]"),
    ({"weekly": [[]]}, "service.weekly"),
    ({"overrides": {"2026-02-30": []}}, "overrides.2026-02-30"),
    ({"duration_min": 5}, "service.duration_min"),
    ({"lead_time_min": 20160, "horizon_days": 14}, "lead_time_min"),
    ({"cancel_fees": [{"within_min": 60}, {"within_min": 60}]}, "cancel_fees[1].within_min"),
    ({"fields": [{"name": "a", "label": "楼层", "type": "choice"}]}, "fields[0].options"),
    ({"fields": [{"name": "a", "label": "楼层", "type": "text"}] * 2}, "fields[1].name"),
    ({"fields": [{"name": "a", "label": "楼层", "type": "number", "min": 5, "max": 1}]}, "fields[0].min"),
    ({"mode": "quote"}, "service.mode"),
    ({"name": ""}, "service.name"),
]


@pytest.mark.parametrize(("wrong", "field"), WRONG, ids=lambda one: str(one)[:40])
async def test_what_cannot_be_is_refused_by_its_field(
    world: World, wrong: dict[str, Any], field: str
) -> None:
    shop = await world.shop()
    reply = await change(shop, **wrong)
    assert (reply.status, reply.json["error"].get("field")) == (422, field), reply.body
    assert (await shop.manager.get(at(shop))).json["items"][0]["number"] == 1, "nothing was kept"


async def test_the_first_price_fits_the_way_it_is_booked_and_later_ones_are_price_lists(world: World) -> None:
    shop = await world.shop()
    path = f"/v1/providers/{shop.provider_id}/services"
    for price in ({"unit": "quote", "amount_fen": 0}, {"unit": "free", "amount_fen": 5}):
        reply = await shop.manager.post(path, {"service": await form(shop), "price": price})
        assert (reply.code, reply.json["error"]["field"]) == ("unit_does_not_fit", "price.unit")
    with_price = {"since": 1, "service": await form(shop), "price": PRICE}
    assert (await shop.manager.post(at(shop), with_price)).status == 422
    early = {"service": await form(shop), "price": PRICE, "valid_from": day(world, 0)}
    assert (await shop.manager.post(path, early)).code == "version_starts_too_soon"


def test_every_service_of_the_example_street_could_be_published_as_it_is() -> None:
    """What was seeded is not refused when somebody changes one word of it."""
    for service in street.read().services:
        said = msgspec.json.encode(form_of(service))
        assert msgspec.json.decode(said, type=type(form_of(service))) == form_of(service), service.id


# What is booked keeps what it was booked under.


async def test_a_change_leaves_what_is_booked_as_it_was_agreed(world: World) -> None:
    floor = FormField(name="floor", label="几楼", type="number", required=True)
    shop = await world.shop(
        cancel_fees=[CancelFee(within_min=14 * 1440, percent=50)],
        cancel_notice_min=14 * 1440,
        reschedule_notice_min=60,
        concession=Concession(min_age=0, percent_off=10),
        fields=[floor],
        proof=["after"],
    )
    resident = await world.resident()
    before = await shop.booked(resident, world.at(10), form={"floor": 3})
    agreed = await details(world, before)
    assert (agreed["price_fen"], agreed["service_version"]) == (6300, f"{shop.service_id}|1")
    number = await published(
        shop,
        duration_min=60,
        cancel_fees=[{"within_min": 14 * 1440, "percent": 100}],
        cancel_notice_min=60,
        concession=None,
        fields=[{"name": "lift", "label": "有电梯吗", "type": "yes_no", "required": True}],
        proof=["before", "after"],
    )

    assert await details(world, before) == agreed
    seen = (await resident.get(f"/v1/cases/{before['case_no']}")).json["details"]
    assert (seen["price_fen"], seen["cancel_fee_fen"], seen["form"]) == (6300, 3150, {"floor": 3})
    after = await shop.booked(resident, world.at(14), form={"lift": True})
    now = await details(world, after)
    assert (now["price_fen"], now["service_version"]) == (3500, f"{shop.service_id}|{number}")
    assert now["proof"] == ["before", "after"]
    old_form = await resident.post("/v1/bookings", shop.wish(world.at(16), form={"floor": 3}))
    assert (old_form.status, old_form.json["error"]["field"]) == (422, "form.floor")

    moved = await resident.act(before["case_no"], "reschedule", start=world.at(16))
    assert moved.status == 200, moved.body
    span = [datetime.fromisoformat(moved.json["details"][one]) for one in ("start", "end")]
    assert span[1] - span[0] == timedelta(hours=2), "as long a visit as was agreed"
    assert len((await details(world, before))["seats"]) == 8, "and as many quarters of the day for it"


async def test_the_photos_are_those_that_were_asked_for_when_it_was_booked(world: World) -> None:
    shop, resident = await world.shop(proof=["after"]), await world.resident()
    case = await shop.brought_to("in_service", resident)
    await published(shop, proof=["before"])
    path = f"/v1/cases/{case['case_no']}/attachments"
    headers = {"Content-Type": "image/jpeg"}
    sent = await world.call("POST", path, raw=photo(), token=shop.worker.token, headers=headers)
    none = await shop.worker.act(case["case_no"], "finish")
    assert (none.code, none.json["error"]["field"]) == ("proof_missing", "after")
    done = await shop.worker.act(case["case_no"], "finish", after=[sent.json["id"]])
    assert done.status == 200, done.body


# From a day on.


async def test_a_version_begins_at_its_midnight_once_without_a_restart(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    number = await published(shop, day=2, summary="后天起三小时", duration_min=180)
    path = at(shop, number)
    assert (await shop.manager.get(path)).json["version"]["state"] == "scheduled"
    midnight = datetime.combine(today(world.clock.now()) + timedelta(days=2), time(), SHANGHAI)
    world.clock.set(midnight - timedelta(milliseconds=1))
    await world.work()
    assert (await read(resident, shop))["summary"] == "两小时"
    evening = await shop.booked(resident, world.at(14, days=3))

    world.clock.set(midnight)
    await asyncio.gather(world.work(), world.work())
    shown = await read(resident, shop)
    assert (shown["summary"], shown["duration_min"]) == ("后天起三小时", 180)
    assert shown in (await resident.get("/v1/services")).json["items"]
    assert (await details(world, evening))["service_version"] == f"{shop.service_id}|1"
    begun = {"what": "service_version.begin", "subjects": shop.service_id}
    assert await world.house.db.reading(lambda reader: reader.count(AUDIT, begun)) == 1
    shop = await shop.signed_in_anew()
    listed = (await shop.manager.get(at(shop))).json["items"]
    assert [(one["number"], one["in_force"]) for one in listed] == [(2, True), (1, False)]


async def test_a_worker_that_comes_back_to_a_version_that_has_begun_does_nothing(world: World) -> None:
    shop = await world.shop()
    number = await published(shop, day=1, summary="明天起")
    stale = await version(world, shop, number)
    world.clock.advance(timedelta(days=1))
    await world.work()
    shop = await shop.signed_in_anew()
    third = await published(shop, since=2, summary="又换了")
    await begin(world.house, stale)
    await begin(world.house, replace(await version(world, shop, number), state="scheduled"))
    assert (await read(await world.resident(), shop))["summary"] == "又换了"
    service = world.house.db.reader().recall(SERVICES, shop.service_id)
    assert service is not None and service.version == third


async def test_a_worker_that_died_over_it_leaves_it_to_the_next(world: World) -> None:
    shop = await world.shop()
    number = await published(shop, day=1, summary="明天起")
    world.clock.set(datetime.combine(today(world.clock.now()) + timedelta(days=1), time(), SHANGHAI))
    now = world.clock.now()
    leased = {"$set": {"due_at": now + timedelta(seconds=30), "owner": "gone"}, "$inc": {"fence": 1}}
    where = {"_id": f"{shop.service_id}|{number}", "due_at": {"$lte": now}}
    assert await world.house.db.alone(lambda tx: tx.take(SERVICE_VERSIONS, where, leased)) is not None
    await world.work()
    resident = await world.resident()
    assert (await read(resident, shop))["summary"] == "两小时", "it is leased"
    world.clock.advance(timedelta(seconds=31))
    await world.work()
    assert (await read(resident, shop))["summary"] == "明天起"
    assert (await version(world, shop, number)).due_at is None


async def version(world: World, shop: Shop, number: int) -> Any:
    async def found(reader: Reader) -> Any:
        return await reader.get(SERVICE_VERSIONS, f"{shop.service_id}|{number}")

    return await world.house.db.reading(found)


async def test_a_version_that_waits_for_its_day_can_still_be_handed_back(world: World) -> None:
    shop = await world.shop()
    number = await published(shop, day=2, summary="后天起")
    back = await shop.dispatcher.post(at(shop, number, "return"), {"reason": "先不改了"})
    assert back.json["state"] == "returned"
    world.clock.advance(timedelta(days=3))
    await world.work()
    assert (await read(await world.resident(), shop))["summary"] == "两小时"


async def test_a_draft_whose_day_has_passed_is_not_published(world: World) -> None:
    shop = await world.shop()
    number = (await change(shop, day=1, summary="明天起")).json["number"]
    world.clock.advance(timedelta(days=1))
    shop = await shop.signed_in_anew()
    late = await shop.dispatcher.post(at(shop, number, "publish"))
    assert (late.status, late.code) == (409, "version_starts_too_soon")


# Retired.


async def test_what_is_retired_is_booked_by_nobody_and_what_is_booked_goes_on(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.booked(resident, world.at(10))
    plan = await plan_for(resident, shop, time="14:00")
    path = f"/v1/services/{shop.service_id}/retirement"
    made = (await shop.manager.post(path, {"since": 1, "reason": "师傅都退休了"})).json
    assert (made["kind"], made["note"]) == ("retire", "师傅都退休了")
    one = (await shop.dispatcher.get(at(shop, made["number"]))).json
    assert one["touched"] == {"bookings": 1, "plans": 1, "waiting": 0}
    assert [(row["field"], row["after"]) for row in one["changes"]] == [("active", "已下架")]
    assert (await shop.dispatcher.post(at(shop, made["number"], "publish"))).status == 200

    assert (await resident.get(f"/v1/services/{shop.service_id}")).status == 404
    assert (await resident.post("/v1/bookings", shop.wish(world.at(12)))).code == "service_not_found"
    moved = await resident.act(case["case_no"], "reschedule", start=world.at(12))
    assert (moved.status, moved.code) == (409, "no_longer_offered")
    for who, action, more in (
        (shop.manager, "confirm", {}),
        (shop.manager, "assign", {"worker_id": shop.worker.id}),
        (shop.worker, "depart", {}),
        (shop.worker, "start", {"code": case["details"]["start_code"]}),
        (shop.worker, "finish", {}),
        (resident, "accept", {}),
    ):
        assert (await who.act(case["case_no"], action, **more)).status == 200, action

    stored = await world.house.db.reading(lambda reader: reader.get(plans.PLANS, plan["id"]))
    assert stored is not None
    await plans.roll(world.house, stored)
    assert {state for _, state in await visits(resident, plan)} == {"conflict"}
    await world.work()
    inbox = (await resident.get("/v1/inbox")).json["items"]
    assert [one for one in inbox if "没有这项服务" in one["text"]], [one["text"] for one in inbox]

    twice = await shop.manager.post(path, {"since": 2, "reason": "再下一次"})
    assert (twice.status, twice.code) == (409, "already_retired")
    assert await published(shop, since=2) == 3
    assert (await read(resident, shop))["name"] == "日常保洁", "a change puts it on the list again"


async def test_who_waits_in_line_for_what_is_retired_is_told_when_the_day_is_over(world: World) -> None:
    shop, taken = await full_shop(world)
    waiter = await world.resident()
    entry = await wait_for(waiter, shop)
    retired = await shop.manager.post(
        f"/v1/services/{shop.service_id}/retirement", {"since": 1, "reason": "没有人做了"}
    )
    one = (await shop.dispatcher.get(at(shop, retired.json["number"]))).json
    assert one["touched"] == {"bookings": 1, "plans": 0, "waiting": 1}
    await shop.dispatcher.post(at(shop, retired.json["number"], "publish"))
    owner, case_no = taken[0]
    assert (await owner.act(case_no, "cancel")).status == 200
    await world.work()
    assert (await waiter.get(f"/v1/waitlist/{entry['id']}")).json["state"] == "waiting"
    world.clock.advance(timedelta(days=2))
    await world.work()
    assert (await waiter.get(f"/v1/waitlist/{entry['id']}")).json["state"] == "missed"
    await world.work()
    assert [one for one in (await waiter.get("/v1/inbox")).json["items"] if "没有等到" in str(one)]


# Who is told.


async def test_who_can_publish_is_told_and_then_who_wrote_it(world: World) -> None:
    shop = await world.shop()
    number = (await change(shop, summary="换个说法")).json["number"]
    await world.work()
    notices = (await shop.dispatcher.get("/v1/staff/inbox")).json["items"]
    assert [one["title"] for one in notices if shop.service_id in one["page"]] == ["有服务等您审核"]
    await shop.dispatcher.post(at(shop, number, "return"), {"reason": "写得看不懂"})
    await world.work()
    mine = (await shop.manager.get("/v1/staff/inbox")).json["items"]
    assert [(one["title"], one["text"]) for one in mine] == [
        ("您写的服务被退回", "修改服务“日常保洁”。写得看不懂。")
    ]


async def test_a_new_pool_is_made_when_the_service_is_published(world: World) -> None:
    shop = await world.shop()
    await published(shop, pool_id=None, new_pool={"name": "夜间组", "capacity": 1})
    service = world.house.db.reader().recall(SERVICES, shop.service_id)
    assert service is not None and service.pool_id != shop.pool_id
    pool = world.house.db.reader().recall(POOLS, service.pool_id)
    assert pool is not None and (pool.name, pool.capacity) == ("夜间组", 1)


async def test_a_category_that_the_provider_was_not_admitted_for_is_refused(world: World) -> None:
    shop = await world.shop()
    provider = world.house.db.reader().recall(PROVIDERS, shop.provider_id)
    assert provider is not None
    await world.put(PROVIDERS, replace(provider, categories=["repair"]))
    refused = await change(shop, summary="换个说法")
    assert (refused.status, refused.json["error"]["field"]) == (422, "category")
