"""Booking a service: what is asked for, for whom, and what two at once are told."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.common import FormField
from schemas.staff import Grant
from server.cases import is_case_no
from server.catalogue import PROVIDERS, SERVICES, Price, Service
from server.kit.db import Follower
from server.places import PLACES, Place
from tests.bookings import book, newcomer, refused, seen, steps
from tests.doors import Happy, Visit
from tests.world import World, unique

FIELDS = [
    FormField(name="area", label="面积", type="number", required=True, min=10, max=300),
    FormField(name="kind", label="房屋", type="choice", options=[{"value": "flat", "label": "楼房"}]),
    FormField(name="pets", label="宠物", type="yes_no"),
    FormField(name="more", label="其他", type="text", max=10),
]


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
    ("price", "fen", "text", "whole"),
    [
        (Price(unit="hour", amount_fen=3500), 5250, "35.00 元/小时", "52.50 元（35.00 元/小时）"),
        (Price(unit="visit", amount_fen=4000), 4000, "40.00 元/次", "40.00 元/次"),
        (Price(unit="free", amount_fen=0), 0, "免费", "免费"),
    ],
)
async def test_the_price_is_that_of_the_moment_of_booking(
    world: World, price: Price, fen: int, text: str, whole: str
) -> None:
    shop, resident = await world.shop(price=price, duration_min=90), await world.resident()
    case = await shop.booked(resident)
    stored = world.house.db.reader().recall(SERVICES, shop.service_id)
    assert stored is not None
    await world.put(SERVICES, replace(stored, price=Price(unit="visit", amount_fen=99_900)))

    details = (await seen(resident, case))["details"]

    assert (details["price_fen"], details["price_text"], details["cost_text"]) == (fen, text, whole)


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
    assert (await seen(resident, case))["behalf_text"] == "由工作人员 赵敏 代您办的"
    assert case["behalf_text"] == ""
    [step] = await steps(resident, case)
    assert (step["by"], step["role"], step["channel"]) == ("赵敏", text, channel)
    own = (await book(resident, shop)).json
    assert (own["on_behalf_of"], own["behalf_text"]) == (None, "")


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
    assert refused(await book(clerk, shop, resident_id=resident.id))[:2] == (404, "resident_not_found")
    own, away = unique("compound"), await world.staff(Grant(role="clerk", community_id=world.community))
    await world.put(PLACES, Place(id=own, kind="compound", name="别处", parent_id=unique("community")))
    there = {"address": {"compound_id": own, "room": "1-1-101"}}
    elsewhere = await book(away, shop, resident_id=resident.id, **there)
    assert refused(elsewhere)[:2] == (403, "out_of_scope")


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
