"""一件事 over HTTP: several cases in one request, all or what can be had; what follows when a part fails later."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec import Struct, structs

from schemas.bundles import IfPartFails
from schemas.catalogue import CancelFee
from schemas.staff import Grant
from server.bookings.tallies import TALLIES
from server.bundles import BUNDLES, FLOW, Bundle, Offer
from server.cases import CASES
from server.catalogue import PROVIDERS, Provider
from server.kit.db import Collection
from server.kit.events import EVENTS
from server.kit.flow import Row
from server.push import MESSAGES
from server.slots import OCCUPANCY
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.houses import next_door
from tests.test_proxies import trusted
from tests.walks import Stage, Walk, label
from tests.world import Person, Reply, Shop, World, unique

FEES = [CancelFee(within_min=14 * 24 * 60, percent=50)]
"""Half the price, whenever it is cancelled: with a notice of two weeks nothing of it is free."""


class House(Struct):
    """Moving house: freight, then cleaning, and perhaps a new lock."""

    world: World
    bundle_id: str
    freight: Shop
    cleaning: Shop
    locks: Shop

    def part(self, name: str, start: str, **more: Any) -> dict[str, Any]:
        shop: Shop = getattr(self, name)
        return {"part": name, "service_id": shop.service_id, "start": start, **more}

    def wish(self, **more: Any) -> dict[str, Any]:
        """All three on the same day, one after the other."""
        at = self.world.at
        parts = [self.part("freight", at(9)), self.part("cleaning", at(12)), self.part("locks", at(12))]
        return {"bundle_id": self.bundle_id, "parts": parts, **more}

    async def asked(self, who: Person, **more: Any) -> dict[str, Any]:
        reply = await who.post("/v1/bundles", self.wish(**more))
        assert reply.status == 201, reply.body
        case: dict[str, Any] = reply.json
        return case

    async def full(self, shop: Shop, *hours: int) -> None:
        """Somebody else has all there is at these hours."""
        other = await self.world.resident()
        for hour in hours:
            while (await other.post("/v1/bookings", shop.wish(self.world.at(hour)))).status == 201:
                pass


async def moving(world: World, capacity: int = 2, rule: IfPartFails = "nothing", **service: Any) -> House:
    usual: dict[str, Any] = {"step_min": 60, "duration_min": 120} | service
    freight = await world.shop(capacity, name="搬家货运", category="freight", **usual)
    cleaning = await world.shop(capacity, name="新房保洁", **usual)
    locks = await world.shop(capacity, name="换锁", category="repair", **usual)
    bundle = Bundle(
        id=unique("bundle"),
        name="搬家一件事",
        parts=[
            Offer(part="freight", name="搬家货运", services=[freight.service_id], required=True),
            Offer(
                part="cleaning",
                name="新房保洁",
                services=[cleaning.service_id],
                required=True,
                after="freight",
                gap_min=60,
            ),
            Offer(part="locks", name="换锁", services=[locks.service_id]),
        ],
        if_part_fails=rule,
        free_after=["provider", "street"],
    )
    await world.put(BUNDLES, bundle)
    return House(world, bundle.id, freight, cleaning, locks)


async def seen(who: Person, case_no: str) -> dict[str, Any]:
    reply = await who.get(f"/v1/cases/{case_no}")
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json
    return found


def part_of(case: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in case["details"]["parts"] if one["part"] == name)
    return found


async def inbox(who: Person, title: str = "一件事进展通知") -> list[str]:
    """The texts, oldest first."""
    items = (await who.get("/v1/inbox")).json["items"]
    return [one["text"] for one in items if one["title"] == title][::-1]


async def counted(world: World, collection: Collection[Any], **where: Any) -> int:
    return await world.house.db.reading(lambda reader: reader.count(collection, where))


async def used(world: World, shop: Shop) -> int:
    """How many quarters of the pool's days are taken."""
    rows = await world.house.db.reading(lambda reader: reader.all(OCCUPANCY, {}, limit=1000))
    return sum(sum(one.cells.values()) for one in rows if one.id.startswith(f"{shop.pool_id}|"))


async def refused(shop: Shop, case: dict[str, Any], name: str) -> None:
    """The provider of a part cannot come."""
    reply = await shop.manager.act(part_of(case, name)["case_no"], "reject", reason="那天没有车")
    assert reply.status == 200, reply.body
    await shop.world.work()


# The doors.


async def visit_list(world: World) -> Visit:
    await moving(world)
    return Visit(who=await world.resident(), path="/v1/bundles")


async def visit_order(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/bundles", body=(await moving(world)).wish())


async def visit_one(world: World) -> Visit:
    house = await moving(world)
    return Visit(who=await world.resident(), path=f"/v1/bundles/{house.bundle_id}", shared=True)


def form(house: House, **more: Any) -> dict[str, Any]:
    parts = [
        {"part": "freight", "name": "搬运", "services": [house.freight.service_id], "required": True},
        {"part": "cleaning", "name": "保洁", "category": "cleaning", "after": "freight"},
    ]
    return {"name": "搬家", "parts": parts, "if_part_fails": "keep", **more}


async def visit_put(world: World) -> Visit:
    admin = await world.staff(Grant(role="admin"))
    body = form(await moving(world))
    return Visit(who=admin, path=f"/v1/bundles/{unique('bundle')}", body=body, shared=True)


HAPPY: Happy = {
    ("GET", "/v1/bundles"): visit_list,
    ("POST", "/v1/bundles"): visit_order,
    ("GET", "/v1/bundles/{bundle_id}"): visit_one,
    ("PUT", "/v1/bundles/{bundle_id}"): visit_put,
}


# The table is walked.

REPLACE_HOUR = 10


async def on_stage(world: World, state: str) -> Stage:
    house, resident = await moving(world), await world.resident()
    case = await house.asked(resident)
    if state == "open":
        await refused(house.locks, case, "locks")
    elif state == "attention":
        await refused(house.freight, case, "freight")
    elif state == "cancelled":
        assert (await resident.act(case["case_no"], "cancel")).status == 200
    elif state == "completed":
        await refused(house.locks, case, "locks")
        for shop, name in ((house.freight, "freight"), (house.cleaning, "cleaning")):
            await done(shop, resident, part_of(case, name)["case_no"])
        await world.work()
    case = await seen(resident, case["case_no"])
    assert case["state"] == state, case["sentence"]
    cast = {
        "resident": resident,
        "another_resident": await world.resident(),
        "operator": await world.staff(Grant(role="operator")),
        "clerk": await world.staff(Grant(role="clerk", community_id=world.community)),
        "dispatcher": house.freight.dispatcher,
        "provider": house.freight.manager,
        "worker": house.freight.worker,
    }
    nobody = {"another_resident", "provider", "worker"}
    return Stage(case, cast, {one: frozenset() if one in nobody else frozenset({one}) for one in cast})


async def done(shop: Shop, resident: Person, case_no: str) -> None:
    code = (await seen(resident, case_no))["details"]["start_code"]
    steps: list[tuple[Person, str, dict[str, Any]]] = [
        (shop.manager, "confirm", {}),
        (shop.manager, "assign", {"worker_id": shop.worker.id}),
        (shop.worker, "start", {"code": code}),
        (shop.worker, "finish", {}),
        (resident, "accept", {}),
    ]
    for who, action, body in steps:
        reply = await who.act(case_no, action, **body)
        assert reply.status == 200, (action, reply.body)


WALK = Walk(FLOW, on_stage, {"replace": {"start": ""}})


@pytest.mark.parametrize("state", WALK.states())
async def test_what_the_table_does_not_allow_is_refused(world: World, state: str) -> None:
    forms: Mapping[str, dict[str, Any]] = {"replace": {"start": world.at(9)}}
    await structs.replace(WALK, forms=forms).refusals(world, state)


MOVES = [(row, part) for row, part in WALK.moves() if part in ("resident", "dispatcher")]
"""The desk's are the resident's; who may what is in the test above."""


@pytest.mark.parametrize(("row", "part"), MOVES, ids=label)
async def test_what_the_table_allows_leads_to_its_target(world: World, row: Row, part: str) -> None:
    forms: Mapping[str, dict[str, Any]] = {"replace": {"start": world.at(9)}}
    await structs.replace(WALK, forms=forms).move(world, row, part)


# The street's own list.


async def test_the_list_has_each_parts_services_with_prices_and_forms_and_the_admin_changes_it(
    world: World,
) -> None:
    house, resident = await moving(world), await world.resident()
    admin = await world.staff(Grant(role="admin"))
    found = next(
        one for one in (await resident.get("/v1/bundles")).json["items"] if one["id"] == house.bundle_id
    )

    assert [(one["part"], one["required"], one["after"], one["gap_min"]) for one in found["parts"]] == [
        ("freight", True, None, 0),
        ("cleaning", True, "freight", 60),
        ("locks", False, None, 0),
    ]
    service = found["parts"][0]["services"][0]
    assert service["id"] == house.freight.service_id and service["price"]["total_fen"] == 7000
    assert service["fields"] == [] and "全成才办" in found["rule_text"]

    path = f"/v1/bundles/{house.bundle_id}"
    changed = await world.call("PUT", path, form(house), token=admin.token)
    assert (changed.status, changed.json["if_part_fails"]) == (200, "keep"), changed.body
    assert house.cleaning.service_id in [one["id"] for one in changed.json["parts"][1]["services"]]
    for bad, field in (
        ({"parts": [{"part": "a", "name": "甲", "services": ["nothing"]}]}, "parts.0.services"),
        ({"parts": [{"part": "a", "name": "甲", "category": "nothing"}]}, "parts.0.category"),
        ({"parts": [{"part": "a", "name": "甲"}]}, "parts.0.services"),
        ({"parts": [{"part": "a", "name": "甲", "category": "cleaning", "after": "b"}]}, "parts.0.after"),
        ({"parts": [{"part": "a", "name": "甲", "category": "cleaning"}] * 2}, "parts.1.part"),
    ):
        reply = await world.call("PUT", path, form(house, **bad), token=admin.token)
        assert (reply.status, reply.json["error"]["field"]) == (422, field), reply.body

    audit = (await admin.get("/v1/audit", subject=house.bundle_id)).json["items"]
    assert [one["what"] for one in audit] == ["bundles.put"]
    await world.call("PUT", path, form(house, active=False), token=admin.token)

    async def gone() -> bool:
        return house.bundle_id not in [one["id"] for one in (await resident.get("/v1/bundles")).json["items"]]

    await world.until(gone, "the bundle is taken off the list")
    assert (await resident.post("/v1/bundles", house.wish())).code == "bundle_not_found"


# Opening.


async def test_moving_house_opens_a_case_for_each_part_and_one_for_the_whole(world: World) -> None:
    house, resident = await moving(world), await world.resident()

    case = await house.asked(resident)
    await world.work()

    assert (case["kind_text"], case["title"], case["state"]) == ("一件事", "搬家一件事", "open")
    assert case["case_no"].startswith("YJ-") and case["details"]["total_fen"] == 3 * 7000
    assert case["sentence"] == "3 件事都在等商家确认"
    numbers = [one["case_no"] for one in case["details"]["parts"]]
    for number, shop in zip(numbers, (house.freight, house.cleaning, house.locks), strict=True):
        part = await seen(resident, number)
        assert (part["part_of"], part["details"]["service_id"]) == (case["case_no"], shop.service_id)
        assert (await seen(shop.manager, number))["part_of"] is None, "a provider need not know the rest"
        assert (await shop.manager.get(f"/v1/cases/{case['case_no']}")).status == 404
    assert (await (await world.resident()).get(f"/v1/cases/{case['case_no']}")).status == 404
    listed = (await resident.get("/v1/cases")).json["items"]
    assert {one["case_no"] for one in listed} == {case["case_no"], *numbers}
    assert "3 件事都在等商家确认" in (await inbox(resident))[0]

    for shop, name in ((house.freight, "freight"), (house.locks, "locks")):
        assert (await shop.manager.act(part_of(case, name)["case_no"], "confirm")).status == 200
    await world.work()
    now = await seen(resident, case["case_no"])
    assert now["sentence"] == "3 件事里 2 件已确认，新房保洁等商家确认"
    assert part_of(now, "freight")["state_text"] == "已确认"
    steps = (await resident.get(f"/v1/cases/{case['case_no']}/history")).json["items"]
    told = "；".join(one["reason"] for one in steps[1:])
    assert set(told.split("；")) == {"搬家货运：已确认", "换锁：已确认"}
    assert len(await inbox(resident)) == 1, "what the parts tell is not told twice"

    operator = await world.staff(Grant(role="operator"))
    page = await Browser(world, operator.token).get(f"/console/cases/{case['case_no']}")
    assert all(f'href="/console/cases/{one}"' in page.body for one in numbers), page.text
    page = await Browser(world, operator.token).get(f"/console/cases/{numbers[0]}")
    assert f'href="/console/cases/{case["case_no"]}"' in page.body


async def test_all_or_nothing_leaves_nothing_and_says_which_part_and_when_else(world: World) -> None:
    house, resident = await moving(world), await world.resident()
    limited = Provider(id=house.freight.provider_id, name="搬家公司", phone="0477-8300001", daily_bookings=9)
    await world.put(PROVIDERS, limited)
    await house.full(house.locks, 12)
    before = [await used(world, one) for one in (house.freight, house.cleaning, house.locks)]

    reply = await resident.post("/v1/bundles", house.wish(), key="moving")
    await world.work()

    error = reply.json["error"]
    assert (reply.status, error["code"], error["field"]) == (409, "slot_taken", "parts.2.start")
    assert error["part"] == "locks" and "换锁" in error["message"]
    assert error["alternatives"] == [world.at(9), world.at(10), world.at(14)]
    assert [await used(world, one) for one in (house.freight, house.cleaning, house.locks)] == before
    assert await counted(world, CASES, resident_id=resident.id) == 0
    assert await counted(world, MESSAGES, resident_id=resident.id) == 0
    assert await counted(world, TALLIES, **{"_id": {"$regex": f"^provider:{house.freight.provider_id}"}}) == 0
    assert await counted(world, EVENTS, **{"data.source": "", "by.id": resident.id}) == 0
    parts = [*house.wish()["parts"][:2], house.part("locks", error["alternatives"][2])]
    again = await resident.post("/v1/bundles", house.wish(parts=parts), key="moving-again")
    assert again.status == 201, again.body


async def test_a_limit_that_is_met_with_the_commit_names_its_part_too(world: World) -> None:
    house, resident = await moving(world), await world.resident()
    full = Provider(id=house.cleaning.provider_id, name="保洁公司", phone="0477-8300001", daily_bookings=1)
    await world.put(PROVIDERS, full)
    await house.cleaning.booked(await world.resident(), world.at(16))

    reply = await resident.post("/v1/bundles", house.wish())

    assert (reply.code, reply.json["error"]["field"]) == ("provider_full", "parts.1.start")
    bad = [house.part("freight", world.at(9)), house.part("cleaning", world.at(12), form={"pets": 1})]
    wrong = await resident.post("/v1/bundles", house.wish(parts=bad, if_part_fails="keep"))
    assert (wrong.status, wrong.json["error"]["field"]) == (422, "parts.1.form.pets")
    assert await counted(world, CASES, resident_id=resident.id) == 0


async def test_keeping_what_can_be_had_leaves_out_what_is_optional_and_tells(world: World) -> None:
    house, resident = await moving(world, rule="keep"), await world.resident()
    await house.full(house.locks, 12)
    bad = [*house.wish()["parts"][:2], house.part("locks", world.at(12), form={"pets": 1})]
    wrong = await resident.post("/v1/bundles", house.wish(parts=bad))
    assert (wrong.status, wrong.json["error"]["field"]) == (422, "parts.2.form.pets"), (
        "left out it is checked, too"
    )

    case = await house.asked(resident)
    await world.work()

    assert case["sentence"].startswith("2 件事都在等商家确认") and case["sentence"].endswith("换锁没约上")
    lost = part_of(case, "locks")
    assert (lost["case_no"], lost["failed"], lost["state_text"]) == (None, True, "没约上")
    assert "约走了" in lost["reason"] and lost["alternatives"] == [world.at(9), world.at(10), world.at(14)]
    assert case["details"]["total_fen"] == 2 * 7000
    assert "换锁没约上" in (await inbox(resident))[0]

    later = await resident.act(case["case_no"], "replace", part="locks", start=lost["alternatives"][2])
    assert later.status == 200, later.body
    assert (
        part_of(later.json, "locks")["state"] == "submitted" and later.json["details"]["total_fen"] == 21000
    )
    locks = await seen(resident, part_of(later.json, "locks")["case_no"])
    assert locks["part_of"] == case["case_no"]
    other = await resident.act(case["case_no"], "replace", part="freight", start=world.at(15))
    assert (other.status, other.code) == (409, "nothing_to_replace")
    assert (
        await resident.act(case["case_no"], "replace", part="piano", start=world.at(15))
    ).code == "unknown_part"

    await house.full(house.freight, 9)
    reply = await (await world.resident()).post("/v1/bundles", house.wish())
    assert (reply.code, reply.json["error"]["field"]) == ("slot_taken", "parts.0.start"), (
        "what is required is not left out"
    )


async def test_a_part_does_not_start_before_the_one_it_waits_for(world: World) -> None:
    house, resident = await moving(world), await world.resident()
    early = [house.part("freight", world.at(10)), house.part("cleaning", world.at(12))]

    reply = await resident.post("/v1/bundles", house.wish(parts=early))

    error = reply.json["error"]
    assert (reply.status, error["code"], error["field"]) == (409, "part_too_early", "parts.1.start")
    assert "“新房保洁”要在“搬家货运”做完 60 分钟以后" in error["message"] and "13:00" in error["message"]
    assert error["alternatives"][0] == world.at(13)
    freight, cleaning = house.wish()["parts"][:2]
    for parts, code, field in (
        ([cleaning], "part_missing", "parts"),
        ([freight, cleaning, freight], "part_twice", "parts.2.part"),
        ([freight, cleaning, {**freight, "part": "piano"}], "unknown_part", "parts.2.part"),
        (
            [freight, {**cleaning, "service_id": freight["service_id"]}],
            "not_for_this_part",
            "parts.1.service_id",
        ),
    ):
        reply = await resident.post("/v1/bundles", house.wish(parts=parts))
        assert (reply.status, reply.code, reply.json["error"]["field"]) == (422, code, field), reply.body
    assert (await resident.post("/v1/bundles", house.wish(bundle_id="none"))).status == 404
    assert await counted(world, CASES, resident_id=resident.id) == 0


async def test_a_double_tap_asks_once(world: World) -> None:
    house, resident = await moving(world, capacity=1, rule="keep"), await world.resident()

    replies = await asyncio.gather(*(resident.post("/v1/bundles", house.wish(), key="tap") for _ in range(4)))
    late = await resident.post("/v1/bundles", house.wish(), key="tap")

    assert {one.status for one in [*replies, late]} == {201}, [one.body for one in replies]
    assert len({one.json["case_no"] for one in [*replies, late]}) == 1
    assert late.headers["Idempotent-Replayed"] == "true"
    assert await counted(world, CASES, resident_id=resident.id) == 4


async def test_bundles_that_cross_on_the_last_seats_neither_break_nor_sell_one_twice(world: World) -> None:
    """Two days of two pools, taken in opposite order by half of them, through two processes."""
    house = await moving(world, capacity=3)
    at = world.at
    there = [
        house.part("freight", at(9)),
        house.part("cleaning", at(9, days=2)),
        house.part("locks", at(9, days=3)),
    ]
    back = [
        house.part("locks", at(9, days=3)),
        house.part("cleaning", at(9, days=2)),
        house.part("freight", at(9)),
    ]
    residents = await asyncio.gather(*(world.resident() for _ in range(8)))

    async with next_door(world) as other:

        async def ask(number: int) -> Reply:
            who = residents[number % 8] if number % 4 < 2 else other.meets(residents[number % 8])
            parts = there if number % 2 else back
            return await who.post("/v1/bundles", house.wish(parts=parts), key=f"cross-{number}")

        replies = await asyncio.gather(*(ask(number) for number in range(24)))

    statuses = sorted(one.status for one in replies)
    assert statuses == [201] * 3 + [409] * 21, [one.body for one in replies if one.status not in (201, 409)]
    assert {one.code for one in replies if one.status == 409} == {"slot_taken"}
    assert [await used(world, one) for one in (house.freight, house.cleaning, house.locks)] == [3 * 8] * 3
    assert await counted(world, CASES, resident_id={"$in": [one.id for one in residents]}) == 3 * 4


async def test_a_son_and_the_desk_ask_for_the_mother(world: World) -> None:
    house, mother, son = await moving(world), await world.resident(), await world.resident(name="李强")
    wish = house.wish(resident_id=mother.id)
    assert (await son.post("/v1/bundles", wish)).code == "not_for_others"
    await trusted(mother, son)
    operator = await world.staff(Grant(role="operator"))
    assert (await operator.post("/v1/bundles", house.wish())).code == "resident_needed"

    by_son, by_desk = await son.post("/v1/bundles", wish), await operator.post("/v1/bundles", wish)
    await world.work()

    assert by_son.json["on_behalf_of"]["id"] == by_desk.json["resident"]["id"] == mother.id, by_son.body
    assert by_desk.json["channel"] == "phone"
    assert len(await inbox(mother, "代办提醒")) == 4, "the whole and each part"
    assert (await son.act(by_son.json["case_no"], "cancel")).json["state"] == "cancelled"
    steps = (await mother.get(f"/v1/cases/{by_son.json['case_no']}/history")).json["items"]
    assert [(one["action"], one["role"]) for one in steps] == [("order", "亲属代办"), ("cancel", "亲属代办")]
    clerk = await world.staff(Grant(role="clerk", community_id=unique("elsewhere")))
    assert (await clerk.post("/v1/bundles", wish)).code == "resident_not_found"
