"""Booking a service: what is asked for, who may do what when, and what time does by itself."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.common import FormField
from schemas.staff import Grant
from server import slots
from server.cases import is_case_no
from server.catalogue import PROVIDERS, SERVICES, Price, Service
from server.kit.db import Follower
from server.places import PLACES, Place
from server.slots import OCCUPANCY
from server.staff import STAFF
from tests.doors import Happy, Visit
from tests.world import Person, Reply, Shop, World, unique

FIELDS = [
    FormField(name="area", label="面积", type="number", required=True, min=10, max=300),
    FormField(name="kind", label="房屋", type="choice", options=[{"value": "flat", "label": "楼房"}]),
    FormField(name="pets", label="宠物", type="yes_no"),
    FormField(name="more", label="其他", type="text", max=10),
]


async def book(who: Person, shop: Shop, start: str | None = None, **more: Any) -> Reply:
    return await who.post("/v1/bookings", shop.wish(start or shop.world.at(10), **more))


def refused(reply: Reply) -> tuple[int, str, str | None]:
    """Status, name and field of a refusal."""
    return reply.status, reply.code, reply.json["error"].get("field") if reply.code else None


async def seen(who: Person, case: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await who.get(f"/v1/cases/{case['case_no']}")).json
    return found


async def steps(who: Person, case: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await who.get(f"/v1/cases/{case['case_no']}/history")).json["items"]
    return items


async def newcomer(world: World) -> Person:
    """Signed in, and nothing told us yet."""
    code = (await world.control("codes", openid=unique("newcomer")))["code"]
    reply = await world.call("POST", "/v1/sessions", {"code": code})
    return Person(world, reply.json["resident"]["id"], reply.json["token"])


async def busy_quarters(world: World, worker: Person) -> int:
    days = await world.house.db.reading(lambda reader: reader.all(OCCUPANCY, {}, limit=5000))
    mine = [one for one in days if one.id.startswith(f"{slots.worker_owner(worker.id)}|")]
    return sum(count for one in mine for count in one.cells.values())


async def another_worker(shop: Shop, **more: Any) -> Person:
    grant = Grant(role="worker", provider_id=more.pop("provider_id", shop.provider_id))
    return await shop.world.staff(grant, skills=more.pop("skills", [shop.category]), **more)


async def confirmed(shop: Shop, resident: Person, start: str | None = None) -> dict[str, Any]:
    return await shop.brought_to("confirmed", resident, start)


async def visit_bookings(world: World) -> Visit:
    shop, resident = await world.shop(), await world.resident()
    return Visit(who=resident, path="/v1/bookings", body=shop.wish(world.at(10)))


HAPPY: Happy = {("POST", "/v1/bookings"): visit_bookings}


# What is asked for.


async def test_a_booking_has_a_number_that_can_be_read_out(world: World) -> None:
    case = await (await world.shop()).booked(await world.resident())

    assert is_case_no(case["case_no"])
    assert case["case_no"].startswith("HB-" + world.at(0, days=0)[:10].replace("-", ""))
    assert (case["kind"], case["state"], case["version"], case["channel"]) == (
        "booking",
        "submitted",
        1,
        "mini_program",
    )


async def test_the_answers_to_the_services_own_fields_are_kept(world: World) -> None:
    shop, resident = await world.shop(fields=FIELDS, capacity=3), await world.resident()
    form = {"area": 90, "kind": "flat", "pets": False, "more": "两层"}

    full, least = await book(resident, shop, form=form), await book(resident, shop, form={"area": 10})

    assert (full.status, full.json["details"]["form"]) == (201, form)
    assert (least.status, least.json["details"]["form"]) == (201, {"area": 10})


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "area"),
        ({"area": None}, "area"),
        ({"area": "90"}, "area"),
        ({"area": 9}, "area"),
        ({"area": 301}, "area"),
        ({"area": True}, "area"),
        ({"area": 90, "kind": "tent"}, "kind"),
        ({"area": 90, "kind": 1}, "kind"),
        ({"area": 90, "pets": "yes"}, "pets"),
        ({"area": 90, "more": "十个字以上的文字写不下"}, "more"),
        ({"area": 90, "more": "\x00"}, "more"),
        ({"area": 90, "unknown": 1}, "unknown"),
    ],
)
async def test_a_form_is_refused_by_the_field_that_is_wrong(
    world: World, form: dict[str, Any], field: str
) -> None:
    shop, resident = await world.shop(fields=FIELDS), await world.resident()
    assert refused(await book(resident, shop, form=form)) == (422, "bad_form", f"form.{field}")
    assert (await resident.get("/v1/cases")).json["items"] == []


async def test_address_and_contact_are_the_residents_own_unless_others_are_given(world: World) -> None:
    shop, resident = await world.shop(capacity=3), await world.resident()
    community, compound = unique("community"), unique("compound")
    await world.put(
        PLACES,
        Place(id=community, kind="community", name="东街社区"),
        Place(id=compound, kind="compound", name="东街小区", parent_id=community),
    )

    own = (await book(resident, shop)).json
    mothers = (
        await book(
            resident,
            shop,
            address={"compound_id": compound, "room": "1-1"},
            contact={"name": "李奶奶", "phone": "0477-8312345"},
        )
    ).json

    assert own["details"]["address"] == "绿苑小区 3-2-501"
    assert (own["details"]["contact_name"], own["details"]["contact_phone"]) == ("王桂英", "13947700001")
    assert own["place"]["community_id"] == world.community
    assert mothers["details"]["address"] == "东街小区 1-1"
    assert (mothers["details"]["contact_name"], mothers["details"]["contact_phone"]) == (
        "李奶奶",
        "0477-8312345",
    )
    assert (mothers["place"]["community_id"], mothers["place"]["compound_id"]) == (community, compound)
    assert mothers["resident"]["id"] == resident.id


async def test_what_is_missing_for_a_visit_is_named(world: World) -> None:
    shop, stranger = await world.shop(), await newcomer(world)
    address = {"compound_id": world.compound, "room": "1"}

    assert refused(await book(stranger, shop)) == (422, "address_needed", "address")
    assert refused(await book(stranger, shop, address=address)) == (422, "contact_needed", "contact")
    nowhere = await book(stranger, shop, address={"compound_id": "nowhere"})
    assert refused(nowhere) == (404, "compound_not_found", "compound_id")
    community = await book(stranger, shop, address={"compound_id": world.community})
    assert refused(community) == (404, "compound_not_found", "compound_id")
    contact = {"name": "张", "phone": "13900000000"}
    assert (await book(stranger, shop, address=address, contact=contact)).status == 201


async def test_a_booking_goes_to_the_address_given_a_moment_ago(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while this process has not yet heard of the change."""
    shop, resident = await world.shop(capacity=3), await world.resident()
    await book(resident, shop)
    monkeypatch.setattr(Follower, "_tell", lambda self, raw: None)
    moved = {"compound_id": world.compound, "room": "9-9-909"}

    assert (await resident.patch("/v1/me", {"name": "王大娘", "household": moved})).status == 200
    case = (await book(resident, shop)).json

    assert case["details"]["address"] == "绿苑小区 9-9-909"
    assert case["details"]["contact_name"] == "王大娘"


@pytest.mark.parametrize(
    ("price", "fen", "text"),
    [
        (Price(unit="hour", amount_fen=3500), 5250, "35.00 元/小时"),
        (Price(unit="visit", amount_fen=4000), 4000, "40.00 元/次"),
        (Price(unit="free", amount_fen=0), 0, "免费"),
    ],
)
async def test_the_price_is_that_of_the_moment_of_booking(
    world: World, price: Price, fen: int, text: str
) -> None:
    shop, resident = await world.shop(price=price, duration_min=90), await world.resident()
    case = await shop.booked(resident)
    stored = world.house.db.reader().recall(SERVICES, shop.service_id)
    assert stored is not None
    await world.put(SERVICES, replace(stored, price=Price(unit="visit", amount_fen=99_900)))

    details = (await seen(resident, case))["details"]

    assert (details["price_fen"], details["price_text"]) == (fen, text)


async def test_a_service_off_the_list_cannot_be_booked(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    provider = world.house.db.reader().recall(PROVIDERS, shop.provider_id)
    service: Service | None = world.house.db.reader().recall(SERVICES, shop.service_id)
    assert provider is not None and service is not None
    gone = (404, "service_not_found", "service_id")

    await world.put(PROVIDERS, replace(provider, suspended=True))
    assert refused(await book(resident, shop)) == gone
    await world.put(PROVIDERS, provider)
    await world.put(SERVICES, replace(service, active=False))
    assert refused(await book(resident, shop)) == gone
    assert (
        refused(await resident.post("/v1/bookings", shop.wish(world.at(10)) | {"service_id": "none"})) == gone
    )


# On behalf of a resident.


@pytest.mark.parametrize(
    ("role", "channel", "text"), [("operator", "phone", "话务员"), ("clerk", "window", "社区窗口")]
)
async def test_the_desk_books_for_a_resident(world: World, role: Any, channel: str, text: str) -> None:
    shop, resident = await world.shop(), await world.resident()
    where = {"community_id": world.community} if role == "clerk" else {}
    desk = await world.staff(Grant(role=role, **where), name="赵敏")

    case = (await book(desk, shop, resident_id=resident.id)).json

    assert case["channel"] == channel
    assert case["on_behalf_of"]["id"] == case["resident"]["id"] == resident.id
    assert (await seen(resident, case))["case_no"] == case["case_no"]
    [step] = await steps(resident, case)
    assert (step["by"], step["role"], step["channel"]) == ("赵敏", text, channel)
    assert (await book(resident, shop)).json["on_behalf_of"] is None


async def test_whom_a_booking_is_for_is_checked(world: World) -> None:
    shop, resident, other = await world.shop(), await world.resident(), await world.resident()
    desk = await world.staff(Grant(role="operator"))

    assert refused(await book(desk, shop)) == (422, "resident_needed", "resident_id")
    assert refused(await book(desk, shop, resident_id="nobody"))[:2] == (404, "resident_not_found")
    assert refused(await book(resident, shop, resident_id=other.id)) == (422, "not_for_others", "resident_id")
    assert (await book(resident, shop, resident_id=resident.id)).status == 201


async def test_a_clerk_books_only_within_the_own_community(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    clerk = await world.staff(Grant(role="clerk", community_id=unique("community")))
    assert refused(await book(clerk, shop, resident_id=resident.id))[:2] == (403, "out_of_scope")


# Holding.


@pytest.mark.parametrize("minutes", [5, 15])
async def test_a_hold_lasts_five_minutes_and_fifteen_at_the_desk(world: World, minutes: int) -> None:
    shop, resident = await world.shop(), await world.resident()
    desk = await world.staff(Grant(role="operator"))
    at_desk = {"resident_id": resident.id} if minutes == 15 else {}
    case = (await book(desk if at_desk else resident, shop, hold=True, **at_desk)).json
    expires = datetime.fromisoformat(case["expires_at"])
    assert (case["state"], expires - world.clock.now()) == ("held", timedelta(minutes=minutes))

    world.clock.set(expires - timedelta(milliseconds=1))
    await world.work()
    assert (await seen(resident, case))["state"] == "held"
    world.clock.set(expires)
    await world.work()

    ended = await seen(resident, case)
    assert (ended["state"], ended["open"], ended["actions"]) == ("expired", False, [])
    assert [one["action"] for one in await steps(resident, case)] == ["hold", "expire"]


async def test_a_hold_whose_time_is_up_is_over_before_the_worker_comes_round(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.booked(resident, hold=True)
    world.clock.advance(timedelta(minutes=5))

    late = await resident.act(case["case_no"], "submit")
    view = await seen(resident, case)

    assert refused(late)[:2] == (409, "time_is_up")
    assert refused(await resident.act(case["case_no"], "cancel"))[:2] == (409, "time_is_up")
    assert (view["state"], view["actions"], view["open"], view["expires_at"]) == ("expired", [], False, None)
    await world.work()
    assert (await seen(resident, case))["state"] == "expired"


async def test_a_hold_submitted_in_time_does_not_expire(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.booked(resident, hold=True)
    world.clock.advance(timedelta(minutes=4, seconds=59))
    submitted = (await resident.act(case["case_no"], "submit")).json

    world.clock.advance(timedelta(minutes=10))
    await world.work()

    assert (submitted["state"], submitted["expires_at"]) == ("submitted", None)
    assert (await seen(resident, case))["state"] == "submitted"


# What time does.


async def test_no_answer_in_thirty_minutes_is_escalated_exactly_once(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.booked(resident)
    assert datetime.fromisoformat(case["clock"]["due_at"]) - world.clock.now() == timedelta(minutes=30)

    world.clock.advance(timedelta(minutes=29, seconds=59))
    await world.work()
    assert not (await seen(resident, case))["details"]["escalated"]
    world.clock.advance(timedelta(seconds=1))
    for _ in range(3):
        await asyncio.gather(world.work(), world.work())
        world.clock.advance(timedelta(hours=1))

    late = await seen(shop.dispatcher, case)
    assert (late["state"], late["details"]["escalated"], late["clock"]["overdue"]) == (
        "submitted",
        True,
        True,
    )
    assert [one["action"] for one in await steps(resident, case)] == ["submit", "escalate"]
    overdue = (await shop.dispatcher.get("/v1/cases", box="overdue")).json["items"]
    assert case["case_no"] in [one["case_no"] for one in overdue]
    assert (await shop.dispatcher.act(case["case_no"], "confirm")).json["state"] == "confirmed"


async def test_an_answer_in_time_is_not_escalated(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await confirmed(shop, resident)
    world.clock.advance(timedelta(hours=2))
    await world.work()
    assert "escalate" not in [one["action"] for one in await steps(resident, case)]


async def test_done_work_confirms_itself_after_forty_eight_hours(world: World) -> None:
    shop, resident = await world.shop(lead_time_min=0), await world.resident()
    case = await shop.brought_to("done", resident)
    ends = datetime.fromisoformat(case["expires_at"])
    assert ends - world.clock.now() == timedelta(hours=48)

    world.clock.set(ends - timedelta(milliseconds=1))
    await world.work()
    assert (await seen(resident, case))["state"] == "done"
    world.clock.set(ends)
    assert (await seen(resident, case))["state"] == "completed"
    assert refused(await resident.act(case["case_no"], "dispute", reason="太晚了"))[:2] == (409, "time_is_up")
    await world.work()

    last = (await steps(resident, case))[-1]
    assert (last["action"], last["target"], last["by"]) == ("accept", "completed", "系统")


async def test_disputed_work_does_not_confirm_itself(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("disputed", resident)
    world.clock.advance(timedelta(days=3))
    await world.work()
    assert (await seen(resident, case))["state"] == "disputed"


# At the door.


async def test_the_work_starts_with_the_code_that_the_resident_reads_out(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("en_route", resident)
    code = case["start_code"]
    wrong = f"{(int(code) + 1) % 10_000:04d}"

    assert refused(await shop.worker.act(case["case_no"], "start", code=wrong)) == (
        409,
        "wrong_start_code",
        "code",
    )
    for malformed in ("12", "12345", "abcd", 1234, None):
        assert (await shop.worker.act(case["case_no"], "start", code=malformed)).status == 422
    assert (await shop.worker.act(case["case_no"], "start")).status == 422
    assert (await shop.worker.act(case["case_no"], "start", code=code)).json["state"] == "in_service"


async def test_the_start_code_is_for_the_resident_and_the_desk_while_the_case_is_open(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("en_route", resident)
    desk = await world.staff(Grant(role="operator"))
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))
    admin = await world.staff(Grant(role="admin"))

    for who in (resident, desk, clerk):
        assert (await seen(who, case))["details"]["start_code"] == case["start_code"]
    for who in (shop.worker, shop.manager, shop.dispatcher, admin):
        assert (await seen(who, case))["details"]["start_code"] is None
        listed = (await who.get("/v1/cases", q=case["case_no"])).json["items"]
        assert [one["details"]["start_code"] for one in listed] == [None]
    await desk.act(case["case_no"], "cancel")
    assert (await seen(resident, case))["details"]["start_code"] is None


async def test_nobody_at_home_can_be_noted_after_fifteen_minutes(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("en_route", resident, world.at(11, days=0))
    start = datetime.fromisoformat(case["details"]["start"])

    world.clock.set(start + timedelta(minutes=15) - timedelta(milliseconds=1))
    assert refused(await shop.worker.act(case["case_no"], "no_show", reason="无人"))[:2] == (
        409,
        "too_early_for_no_show",
    )
    world.clock.set(start + timedelta(minutes=15))
    ended = await shop.worker.act(case["case_no"], "no_show", reason="敲门无人应")

    assert ended.json["state"] == "no_show"
    assert (await steps(resident, case))[-1]["reason"] == "敲门无人应"
    assert await busy_quarters(world, shop.worker) == 0


async def test_what_the_worker_notes_at_the_end_is_shown(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("in_service", resident)
    await shop.worker.act(case["case_no"], "finish", note="厨房也擦了")
    assert (await seen(resident, case))["details"]["finish_note"] == "厨房也擦了"


# Cancelling and declining.


@pytest.mark.parametrize(("late_by_ms", "late"), [(0, False), (1, True)])
async def test_a_cancellation_within_the_notice_is_noted_as_late(
    world: World, late_by_ms: int, late: bool
) -> None:
    shop, resident = await world.shop(cancel_notice_min=120), await world.resident()
    case = await shop.booked(resident, world.at(14, days=0))
    assert case["details"]["cancel_free_until"] == world.at(12, days=0)

    world.clock.set(datetime.fromisoformat(world.at(12, days=0)) + timedelta(milliseconds=late_by_ms))
    cancelled = (await resident.act(case["case_no"], "cancel")).json

    assert (cancelled["state"], cancelled["details"]["late_cancel"]) == ("cancelled", late)


@pytest.mark.parametrize("who", ["manager", "dispatcher"])
async def test_a_late_cancellation_of_the_other_side_is_not_the_residents(world: World, who: str) -> None:
    shop, resident = await world.shop(cancel_notice_min=120), await world.resident()
    case = await confirmed(shop, resident, world.at(10, days=0))
    reply = await getattr(shop, who).act(case["case_no"], "cancel", reason="师傅病了")

    assert reply.status == 200
    assert not (await seen(resident, case))["details"]["late_cancel"]


async def test_a_hold_given_up_is_never_late(world: World) -> None:
    shop, resident = await world.shop(cancel_notice_min=120), await world.resident()
    case = await shop.booked(resident, world.at(10, days=0), hold=True)
    assert not (await resident.act(case["case_no"], "cancel")).json["details"]["late_cancel"]


@pytest.mark.parametrize(
    ("state", "who", "action"),
    [
        ("submitted", "manager", "reject"),
        ("assigned", "worker", "decline"),
        ("disputed", "dispatcher", "settle"),
    ],
)
async def test_whoever_turns_something_down_says_why(world: World, state: str, who: str, action: str) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to(state, resident)
    person: Person = getattr(shop, who)

    assert refused(await person.act(case["case_no"], action)) == (422, "invalid", "reason")
    assert refused(await person.act(case["case_no"], action, reason="")) == (422, "invalid", "reason")
    assert (await seen(resident, case))["version"] == case["version"]
    assert (await person.act(case["case_no"], action, reason="示例原因")).status == 200
    assert (await steps(resident, case))[-1]["reason"] == "示例原因"


# Assigning.


async def test_a_worker_takes_the_place_of_another_whose_time_is_free_again(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    second = await another_worker(shop, name="张师傅")
    case = await shop.brought_to("assigned", resident)
    assert await busy_quarters(world, shop.worker) == 8

    changed = await shop.manager.act(case["case_no"], "assign", worker_id=second.id)

    assert changed.json["worker"]["name"] == "张师傅"
    assert (await busy_quarters(world, shop.worker), await busy_quarters(world, second)) == (0, 8)
    assert (await shop.worker.get(f"/v1/cases/{case['case_no']}")).status == 404
    again = await shop.manager.act(case["case_no"], "assign", worker_id=second.id)
    assert (again.status, await busy_quarters(world, second)) == (200, 8)


async def test_a_worker_who_is_busy_then_cannot_be_sent_and_nothing_changes(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    second = await another_worker(shop)
    await shop.brought_to("assigned", resident, world.at(11))
    case = await confirmed(shop, resident, world.at(10))
    taken = {"worker_id": shop.worker.id}

    assert refused(await shop.manager.act(case["case_no"], "assign", **taken)) == (
        409,
        "worker_busy",
        "worker_id",
    )
    await shop.manager.act(case["case_no"], "assign", worker_id=second.id)
    assert refused(await shop.manager.act(case["case_no"], "assign", **taken))[:2] == (409, "worker_busy")

    assert (await seen(resident, case))["worker"]["id"] == second.id
    assert await busy_quarters(world, second) == 8


async def test_one_worker_wanted_for_two_visits_at_once_gets_one(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    cases = [await confirmed(shop, resident, world.at(hour)) for hour in (10, 11, 10)]

    replies = await asyncio.gather(
        *(shop.manager.act(one["case_no"], "assign", worker_id=shop.worker.id) for one in cases)
    )

    assert sorted(one.status for one in replies) == [200, 409, 409]
    assert await busy_quarters(world, shop.worker) == 8


async def test_only_the_providers_own_active_people_with_the_skill_can_be_sent(world: World) -> None:
    shop, resident, other_shop = await world.shop(), await world.resident(), await world.shop()
    case = await confirmed(shop, resident)
    unskilled, left = await another_worker(shop, skills=["moving"]), await another_worker(shop)
    member = world.house.db.reader().recall(STAFF, left.id)
    assert member is not None
    await world.put(STAFF, replace(member, active=False))

    for wrong in ("nobody", unskilled.id, left.id, other_shop.worker.id, shop.manager.id):
        reply = await shop.manager.act(case["case_no"], "assign", worker_id=wrong)
        assert refused(reply) == (404, "worker_not_found", "worker_id"), wrong
    assert (await shop.manager.act(case["case_no"], "assign")).status == 422


async def test_a_worker_who_declines_is_free_and_the_case_waits_for_another(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("assigned", resident)

    declined = await shop.worker.act(case["case_no"], "decline", reason="病了")

    assert (declined.json["state"], declined.json["worker"]) == ("confirmed", None)
    assert await busy_quarters(world, shop.worker) == 0
    assert (await shop.worker.get(f"/v1/cases/{case['case_no']}")).status == 404


async def test_a_cancelled_visit_still_says_who_was_to_come(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("assigned", resident)
    await resident.act(case["case_no"], "cancel")

    assert (await seen(shop.worker, case))["state"] == "cancelled"
    assert (await seen(resident, case))["worker"]["id"] == shop.worker.id
    assert await busy_quarters(world, shop.worker) == 0


async def test_the_free_workers_are_proposed_first(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    idle, unskilled = await another_worker(shop, name="张师傅"), await another_worker(shop, skills=["moving"])
    await shop.brought_to("assigned", resident, world.at(10))
    case = await confirmed(shop, resident, world.at(11))
    path = f"/v1/cases/{case['case_no']}/candidates"

    items = (await shop.manager.get(path)).json["items"]

    assert [(one["id"], one["free"], one["load"]) for one in items] == [
        (idle.id, True, 0),
        (shop.worker.id, False, 8),
    ]
    assert unskilled.id not in [one["id"] for one in items]
    assert (await resident.get(path)).status == 403


# Two at once.


async def test_a_version_that_is_no_longer_true_is_refused(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.booked(resident)
    await shop.manager.act(case["case_no"], "confirm", version=1)

    stale = await resident.act(case["case_no"], "cancel", version=1)

    assert refused(stale)[:2] == (409, "version_conflict")
    assert (await resident.act(case["case_no"], "cancel", version="2")).status == 422
    assert (await resident.act(case["case_no"], "cancel", version=2)).json["state"] == "cancelled"


async def test_of_two_moves_that_exclude_each_other_one_is_made(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("done", resident)

    replies = await asyncio.gather(
        resident.act(case["case_no"], "accept"), resident.act(case["case_no"], "dispute", reason="没擦干净")
    )

    assert sorted(one.status for one in replies) == [200, 409]
    assert len(await steps(resident, case)) == case["version"] + 1


async def test_a_form_field_that_is_not_the_actions_is_refused(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.booked(resident)
    assert refused(await resident.act(case["case_no"], "cancel", state="completed")) == (
        422,
        "invalid",
        "state",
    )
