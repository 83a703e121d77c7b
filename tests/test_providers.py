"""Providers: admitted by four eyes, suspended without losing anybody's booking, transferred seat for seat."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from schemas.staff import Grant
from server.cases import CASES
from server.catalogue import CATEGORIES, PROVIDERS, Category
from server.certificates import CERTIFICATES
from server.kit.clock import today
from server.kit.db import Collection
from server.providers import FLOW, SUSPENSIONS, suspensions
from server.push import MESSAGES
from server.slots import OCCUPANCY
from tests import pictures
from tests.doors import Happy, Visit
from tests.walks import Stage, Walk, label
from tests.world import Person, Shop, World, unique


def application(world: World, **more: Any) -> dict[str, Any]:
    until = (today(world.clock.now()) + timedelta(days=400)).isoformat()
    return {
        "name": unique("敖包家政"),
        "phone": "0477-8300009",
        "licence_number": "91150602MA0TEST001",
        "licence_issuer": "东胜区市场监督管理局",
        "licence_until": until,
        "insurance_number": "PICC20260001",
        "insurance_issuer": "人保财险",
        "insurance_until": until,
        "categories": ["cleaning"],
        "daily_bookings": 8,
    } | more


async def entered(world: World, who: Person) -> dict[str, Any]:
    await world.put(CATEGORIES, Category(id="cleaning", name="保洁", icon="sparkles"))
    reply = await who.post("/v1/providers", application(world))
    assert reply.status == 201, reply.body
    case: dict[str, Any] = reply.json
    return case


async def photo(who: Person, case_no: str) -> str:
    path = f"/v1/cases/{case_no}/attachments"
    headers = {"Content-Type": "image/jpeg"}
    reply = await who.world.call("POST", path, raw=pictures.photo(), token=who.token, headers=headers)
    assert reply.status == 201, reply.body
    return str(reply.json["id"])


async def handed_in(who: Person, case_no: str) -> None:
    reply = await who.act(case_no, "hand_in", photos=[await photo(who, case_no)])
    assert reply.status == 200, reply.body


async def suspended(shop: Shop, **more: Any) -> dict[str, Any]:
    reply = await shop.dispatcher.post(
        f"/v1/providers/{shop.provider_id}/suspensions", {"reason": "投诉核实中", **more}
    )
    assert reply.status == 201, reply.body
    found: dict[str, Any] = reply.json
    return found


async def visit_list(world: World) -> Visit:
    return Visit(who=(await world.shop()).manager, path="/v1/providers")


async def visit_enter(world: World) -> Visit:
    shop = await world.shop()
    return Visit(who=shop.dispatcher, path="/v1/providers", body=application(world))


def visiting(end: str) -> Any:
    async def visit(world: World) -> Visit:
        shop, other = await world.shop(), await world.shop()
        return Visit(who=shop.manager, path=f"/v1/providers/{shop.provider_id}{end}", stranger=other.manager)

    return visit


async def visit_suspend(world: World) -> Visit:
    shop = await world.shop()
    path = f"/v1/providers/{shop.provider_id}/suspensions"
    return Visit(who=shop.dispatcher, path=path, body={"reason": "整改"}, shared=True)


async def visit_lift(world: World) -> Visit:
    shop, admin = await world.shop(), await world.staff(Grant(role="admin"))
    made = await suspended(shop)
    path = f"/v1/providers/{shop.provider_id}/suspensions/{made['id']}/lift"
    return Visit(who=admin, path=path, body={"reason": "已整改"}, shared=True)


async def visit_arrange(world: World) -> Visit:
    shop = await world.shop()
    path = f"/v1/providers/{shop.provider_id}/visits-to-arrange"
    return Visit(who=shop.dispatcher, path=path, shared=True)


HAPPY: Happy = {
    ("GET", "/v1/providers"): visit_list,
    ("POST", "/v1/providers"): visit_enter,
    ("GET", "/v1/providers/{provider_id}"): visiting(""),
    ("GET", "/v1/providers/{provider_id}/suspensions"): visiting("/suspensions"),
    ("POST", "/v1/providers/{provider_id}/suspensions"): visit_suspend,
    ("POST", "/v1/providers/{provider_id}/suspensions/{suspension_id}/lift"): visit_lift,
    ("GET", "/v1/providers/{provider_id}/visits-to-arrange"): visit_arrange,
}


# Admission.


async def on_stage(world: World, state: str) -> Stage:
    dispatcher, admin = await world.staff(Grant(role="dispatcher")), await world.staff(Grant(role="admin"))
    case = await entered(world, dispatcher)
    case_no = case["case_no"]
    FORMS["hand_in"]["photos"] = [await photo(admin, case_no)] if state in ("draft", "returned") else ["x"]
    if state in ("handed_in", "returned", "approved"):
        await handed_in(dispatcher, case_no)
    if state == "returned":
        await admin.act(case_no, "return", reason="照片看不清")
    if state == "approved":
        await admin.act(case_no, "approve")
    if state == "withdrawn":
        await dispatcher.act(case_no, "withdraw")
    shop = await world.shop()
    cast = {
        "admin": admin,
        "reviewer": await world.staff(Grant(role="reviewer")),
        "manager": shop.manager,
        "resident": await world.resident(),
    }
    street = {"admin": frozenset({"admin"}), "reviewer": frozenset({"reviewer"})}
    nobody = dict.fromkeys(("manager", "resident"), frozenset[str]())
    seen = (await admin.get(f"/v1/cases/{case_no}")).json
    assert seen["state"] == state, seen
    return Stage(seen, cast, street | nobody)


FORMS: dict[str, dict[str, Any]] = {
    "hand_in": {"photos": []},
    "return": {"reason": "照片看不清"},
    "amend": {"phone": "0477-8300008"},
}
WALK = Walk(FLOW, on_stage, FORMS)


@pytest.mark.parametrize("state", WALK.states(), ids=label)
async def test_what_the_table_does_not_allow_is_refused(world: World, state: str) -> None:
    await WALK.refusals(world, state)


@pytest.mark.parametrize(
    "move", [one for one in WALK.moves() if one[1] == "admin"], ids=lambda one: label(one[0])
)
async def test_every_row_leads_to_its_target(world: World, move: Any) -> None:
    await WALK.move(world, *move)


async def test_a_provider_is_admitted_by_four_eyes_with_its_papers(world: World) -> None:
    dispatcher, admin = await world.staff(Grant(role="dispatcher")), await world.staff(Grant(role="admin"))
    assert (await dispatcher.post("/v1/providers", application(world, categories=["?"]))).status == 422
    old = await dispatcher.post("/v1/providers", application(world, insurance_until="2020-01-01"))
    assert (old.status, old.code) == (422, "paper_out_of_date")
    case = await entered(world, dispatcher)
    case_no, name = case["case_no"], case["details"]["name"]
    assert (await dispatcher.act(case_no, "hand_in", photos=["nothing"])).code == "attachment_not_found"
    await handed_in(dispatcher, case_no)
    own = await dispatcher.act(case_no, "approve")
    assert (own.status, own.code) == (403, "own_application")
    back = await admin.act(case_no, "return", reason="保险单号不对")
    assert back.json["details"]["reason"] == "保险单号不对"
    await dispatcher.act(case_no, "amend", insurance_number="PICC20260002")
    await handed_in(dispatcher, case_no)
    done = await admin.act(case_no, "approve")
    assert done.json["state"] == "approved"
    provider_id = done.json["details"]["provider_id"]
    assert done.json["details"]["photos"] == 2

    async def known() -> bool:
        reader = world.house.db.reader()
        return reader.recall(PROVIDERS, provider_id) is not None and all(
            reader.recall(CERTIFICATES, f"provider.{provider_id}.{one}") for one in ("licence", "insurance")
        )

    await world.until(known, "the provider")
    one = (await admin.get(f"/v1/providers/{provider_id}")).json
    assert (one["name"], one["daily_bookings"], one["warnings"]) == (name, 8, [])
    assert [each["name"] for each in one["categories"]] == ["保洁"]
    papers = (await admin.get("/v1/certificates", provider_id=provider_id)).json["items"]
    assert [(each["kind"], each["current"]["number"]) for each in papers] == [
        ("insurance", "****0002"),
        ("licence", "****T001"),
    ]
    twin = await dispatcher.post("/v1/providers", application(world, name=name))
    await handed_in(dispatcher, twin.json["case_no"])
    assert (await admin.act(twin.json["case_no"], "approve")).code == "admitted_already"
    files = await admin.get(f"/v1/cases/{case_no}/attachments")
    assert {each["use"] for each in files.json["items"]} == {"licence"}


# Suspension.


async def cells(world: World, shop: Shop) -> int:
    days = await world.house.db.reading(lambda reader: reader.all(OCCUPANCY, {}, limit=10_000))
    return sum(sum(one.cells.values()) for one in days if one.id.startswith(f"{shop.pool_id}|"))


async def stored(world: World, collection: Collection[Any], where: dict[str, Any]) -> list[Any]:
    return await world.house.db.reading(lambda reader: reader.all(collection, where, limit=500))


async def hears(world: World, shop: Shop, suspended_now: bool) -> None:
    async def known() -> bool:
        provider = world.house.db.reader().recall(PROVIDERS, shop.provider_id)
        return provider is not None and provider.suspended is suspended_now

    await world.until(known, "the suspension")


BROUGHT = ("held", "submitted", "confirmed", "assigned", "in_service", "done")


async def thirty(world: World, shop: Shop) -> dict[str, str]:
    """Five bookings in each of six states, the days ahead filled one after the other."""
    resident = await world.resident()
    starts = [world.at(hour, half, days=day) for day in (1, 2) for hour in range(8, 19) for half in (0, 30)]
    wanted = [state for state in BROUGHT for _ in range(5)]
    pairs = list(zip(wanted, starts[: len(wanted)], strict=True))
    made = list[dict[str, Any]]()
    for first in range(0, len(pairs), 5):
        some = pairs[first : first + 5]
        made += await asyncio.gather(*(shop.brought_to(state, resident, start) for state, start in some))
    return {one["case_no"]: state for one, state in zip(made, wanted, strict=True)}


async def test_thirty_bookings_are_worked_off_though_the_worker_is_killed_half_way(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    category = unique("category")
    shop = await world.shop(capacity=50, duration_min=15, step_min=15, lead_time_min=0, category=category)
    other = await world.shop(capacity=50, lead_time_min=0, category=category)
    before = await thirty(world, shop)
    await world.work()
    monkeypatch.setattr(suspensions, "BATCH", 4)
    settle, settled = suspensions._settle, list[str]()

    async def killed(house: Any, row: Any, case: Any) -> None:
        if len(settled) == 9:
            raise asyncio.CancelledError
        settled.append(case.id)
        await settle(house, row, case)

    monkeypatch.setattr(suspensions, "_settle", killed)
    row = await suspended(shop)
    twice = await shop.dispatcher.post(f"/v1/providers/{shop.provider_id}/suspensions", {"reason": "再来"})
    assert (twice.status, twice.code) == (409, "already_suspended")
    await hears(world, shop, True)
    with pytest.raises(asyncio.CancelledError):
        await world.work()
    path = f"/v1/providers/{shop.provider_id}/suspensions"
    progress = (await shop.manager.get(path)).json["items"][0]
    assert (progress["state"], progress["called_off"] + progress["held_up"]) == ("working", 9)
    monkeypatch.setattr(suspensions, "_settle", settle)
    await world.work()
    assert (await shop.manager.get(path)).json["items"][0]["held_up"] == progress["held_up"], "still leased"
    world.clock.advance(timedelta(seconds=31))
    await world.work()

    after = {one.id: one for one in await stored(world, CASES, {"_id": {"$in": list(before)}})}
    expected = {"held": "cancelled", "submitted": "cancelled"}
    for case_no, state in before.items():
        case = after[case_no]
        assert case.state == expected.get(state, state), (case_no, state)
        assert (case.details["fee_fen"], case.details["late_cancel"]) == (0, False)
        assert bool(case.details["suspension"]) == (state in ("held", "submitted", "confirmed", "assigned"))
    done = (await shop.manager.get(path)).json["items"][0]
    assert (done["state"], done["called_off"], done["held_up"]) == ("done", 10, 10)
    assert await cells(world, shop) == 20

    told = await stored(world, MESSAGES, {"case_no": {"$in": list(before)}, "template": "booking_changed"})
    texts = {one.case_no: one.text for one in told}
    moved = [one for one, state in before.items() if state in BROUGHT[:4]]
    assert sorted(one.case_no for one in told) == sorted(moved), "told once, and nobody else"
    called_off = next(one for one, state in before.items() if state == "submitted")
    assert "不收费" in texts[called_off] and "爱洁家政“日常保洁”" in texts[called_off]

    listed = (await shop.dispatcher.get("/v1/services")).json["items"]
    assert shop.service_id not in {one["id"] for one in listed}
    tasks = (await shop.dispatcher.get(f"/v1/providers/{shop.provider_id}/visits-to-arrange")).json["items"]
    assert len(tasks) == 10
    assert other.service_id in {one["service_id"] for one in tasks[0]["choices"]}

    own = await shop.dispatcher.post(f"{path}/{row['id']}/lift", {"reason": "已整改"})
    assert (own.status, own.code) == (403, "own_suspension")
    admin = await world.staff(Grant(role="admin"))
    assert (await admin.post(f"{path}/{row['id']}/lift", {"reason": "已整改"})).status == 200
    again = await admin.post(f"{path}/{row['id']}/lift", {"reason": "已整改"})
    assert (again.status, again.code) == (409, "not_suspended")
    await hears(world, shop, False)
    await world.work()
    back = (await shop.manager.get(path)).json["items"][0]
    assert (back["state"], back["went_on"]) == ("lifted", 10)
    assert await stored(world, CASES, {"details.suspension": row["id"], "open": True}) == []


async def test_a_visit_about_to_begin_goes_ahead_unless_safety_forbids_and_a_plan_waits_for_its_day(
    world: World,
) -> None:
    for at_once, expected in ((False, ""), (True, "suspension")):
        shop, resident = await world.shop(lead_time_min=0), await world.resident()
        soon = await shop.brought_to("assigned", resident, world.at(11, days=0))
        starts = (world.clock.now() + timedelta(minutes=30)).isoformat()
        await suspended(shop, at_once=at_once, **{"from": starts})
        await world.work()
        assert shop.service_id in {one["id"] for one in (await resident.get("/v1/services")).json["items"]}, (
            "not yet"
        )
        world.clock.advance(timedelta(minutes=31))
        await world.work()
        await hears(world, shop, True)
        case = (await stored(world, CASES, {"_id": soon["case_no"]}))[0]
        assert bool(case.details["suspension"]) is bool(expected)
        if at_once:
            cancelled = await resident.act(soon["case_no"], "cancel")
            assert (cancelled.json["details"]["fee_fen"], cancelled.json["details"]["late_cancel"]) == (
                0,
                False,
            )
        world.clock.advance(timedelta(days=1) - timedelta(minutes=31))
    shop = await shop.signed_in_anew()
    wrong = await shop.dispatcher.post(
        f"/v1/providers/{shop.provider_id}/suspensions", {"reason": "早", "from": "2020-01-01T00:00:00+08:00"}
    )
    assert (wrong.status, wrong.code) == (422, "starts_wrong")


# Transfer.


async def test_a_transfer_neither_loses_nor_doubles_a_seat(world: World) -> None:
    first, second = await world.shop(capacity=20), await world.shop(capacity=3, duration_min=180)
    quoting = await second.quoting(category=first.category)
    resident = await world.resident()
    cases = [await first.brought_to("assigned", resident, world.at(10, days=1 + one)) for one in range(2)]
    cases += [await first.brought_to("confirmed", resident, world.at(10)) for _ in range(4)]
    same_day = [one["case_no"] for one in cases[2:]]
    before = await cells(world, first)

    async def moved(case_no: str, to: str, who: Person = first.dispatcher) -> Any:
        return await who.act(case_no, "transfer", service_id=to, reason="换一家")

    for to, code in (
        (first.service_id, "same_provider"),
        (quoting.service_id, "not_the_same_service"),
        ("nothing", "service_not_found"),
    ):
        refused = await moved(same_day[0], to)
        assert refused.code == code, refused.body
    assert (await moved(same_day[0], second.service_id, first.manager)).code == "not_allowed_now"
    assert await cells(world, first) == before and await cells(world, second) == 0

    replies = await asyncio.gather(*(moved(one, second.service_id) for one in same_day))
    assert sorted(one.status for one in replies) == [200, 200, 200, 409]
    assert {one.code for one in replies if one.status != 200} == {"slot_taken"}
    assert await cells(world, first) == before - 3 * 8
    assert await cells(world, second) == 3 * 12
    done = next(one for one in replies if one.status == 200).json
    assert (done["state"], done["provider"]["id"]) == ("submitted", second.provider_id)
    assert done["details"]["price_fen"] == 7000, "what was agreed binds the new one"

    taken = await moved(cases[1]["case_no"], second.service_id)
    assert (taken.status, taken.json["worker"]) == (200, None)
    idle = await stored(world, OCCUPANCY, {"_id": f"worker:{first.worker.id}|{world.at(10, days=2)[:10]}"})
    assert not any(idle[0].cells.values())
    assert (await second.manager.act(cases[1]["case_no"], "confirm")).json["state"] == "confirmed"
    assert (await first.manager.get(f"/v1/cases/{cases[1]['case_no']}")).status == 404
    rows = await stored(world, SUSPENSIONS, {"provider_id": first.provider_id})
    assert rows == []
