"""One's own data: all of it in a file, and none of it left for who leaves."""

import asyncio
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import bson
import msgspec
import pytest
from msgspec import inspect as types
from pymongo import AsyncMongoClient

from schemas.staff import Grant
from server import accounts, nouns
from server.accounts import GONE, PERSONAL, emptied
from server.cases.kinds import CASES, Kind, kinds
from server.catalogue import CATEGORIES, Category
from server.kit.db import Reader
from server.residents import RESIDENTS
from tests.doors import Happy, Visit
from tests.houses import next_door
from tests.world import Person, Shop, World, unique

OWNERS = {"resident_id", "openid", "principal_id", "holder_id"}
NOT_PERSONAL = {
    "approval": {
        *("item_id", "item", "code", "key", "files", "photos", "signature", "reused_from", "step", "role", "did"),
        *("by", "name", "userid", "stands_for", "holders", "reviewers", "faults", "district_document"),
        *("delivered_how", "pick_up_code"),
    },
    "bundle": {
        *("bundle_id", "part", "name", "after", "case_no", "former", "spares"),
        *("service_id", "service", "state", "price_text", "suspension"),
    },
    "booking": {
        "service_id", "service", "category", "pool_id", "day", "seats", "price_text", "mode", "id", "path",
        "before", "if_refused", "by", "state", "answered_by", "name",
        "price_list", "suspension", "no_show_photos", "service_version",
    },
    "complaint": {"about", "about_kind", "about_title", "ruling"},
    "onboarding": {
        "licence_number", "licence_issuer", "insurance_number", "insurance_issuer", "categories", "photos", "hands",
        "provider_id", "name",
    },
    "followup": {"about", "about_title", "provider_id", "tags", "by", "outcome"},
    "ticket": {
        *("id", "passenger_id", "passengers", "prices", "fees", "bill_id", "settled", "by", "name", "code", "day"),
        *("origin", "destination", "number", "carriage", "seat", "carrier", "ride_no"),
    },
    "ride": {
        *("name", "colour", "model", "plate", "help_phone", "driver_id", "asked_id", "offer_id", "bill_id", "id"),
        *("compound_id", "held_for"),
    },
    "redress": {"about", "about_title", "tags", "by", "outcome", "served", "hands"},
}  # fmt: skip
"""Texts of the details that lead to nobody: names of services, ids, words from lists, who of the staff."""


async def visit_export(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/me/export")


async def visit_leave(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/me")


HAPPY: Happy = {("GET", "/v1/me/export"): visit_export, ("DELETE", "/v1/me"): visit_leave}


async def known(world: World, phone: str, **profile: Any) -> Person:
    """A resident of their own phone number."""
    person = await world.resident(**profile)
    code = (await world.control("phone-codes", openid=person.openid, phone=phone))["code"]
    assert (await person.post("/v1/me/phone", {"code": code}, key=unique("phone"))).status == 200
    return person


def new_phone() -> str:
    return f"138{int(unique('').strip('-')):08d}"


async def lived(world: World, shop: Shop, person: Person, phone: str) -> str:
    """A completed booking of somebody who wrote their number wherever one can write; its case number."""
    note = f"请打 {phone}"
    contact = {"name": "刘玉梅", "phone": phone}
    case = await shop.booked(person, note=note, contact=contact)
    case_no, code = case["case_no"], case["details"]["start_code"]
    await shop.manager.act(case_no, "confirm", key=unique("key"))
    await shop.manager.act(case_no, "assign", worker_id=shop.worker.id)
    await shop.worker.act(case_no, "start", code=code)
    await shop.worker.act(case_no, "finish", note=note)
    await person.post(f"/v1/cases/{case_no}/messages", {"text": note}, key=unique("key"))
    await shop.worker.post(f"/v1/cases/{case_no}/messages", {"text": note})
    assert (await person.act(case_no, "accept")).status == 200
    cancelled = await shop.booked(person, world.at(15), note=note)
    await person.act(cancelled["case_no"], "cancel", reason=note)
    await world.work()
    return case_no


async def raw(world: World) -> dict[str, bytes]:
    """The whole database as it lies on the disk, by collection."""
    handle = world.house.db._handle  # the one place that has to see what no reader shows
    stored = {}
    for name in await handle.list_collection_names():
        stored[name] = b"".join([bson.encode(one) async for one in handle[name].find({})])
    return stored


async def places_of(world: World, text: str) -> list[str]:
    return [name for name, content in (await raw(world)).items() if text.encode() in content]


async def test_who_leaves_leaves_no_trace_in_the_database(world: World) -> None:
    shop, phone = await world.shop(), new_phone()
    person = await known(world, phone, name="刘玉梅")
    holder = await world.resident()
    code = (await person.post("/v1/proxies", {"scopes": ["bookings"]})).json["code"]
    await holder.post("/v1/proxies/accept", {"code": code}, key=unique("key"))
    await lived(world, shop, person, phone)
    assert "cases" in await places_of(world, phone) and "residents" in await places_of(world, "刘玉梅")

    left = await person.delete("/v1/me")
    assert left.status == 204, left.body
    await world.work()

    for trace in (phone, "刘玉梅", person.openid, phone[-4:] + "\0"):
        assert await places_of(world, trace) == [], trace


async def test_what_was_done_stays_countable(world: World) -> None:
    shop, phone = await world.shop(), new_phone()
    person = await known(world, phone)
    case_no = await lived(world, shop, person, phone)
    before = (await shop.manager.get(f"/v1/cases/{case_no}")).json
    steps = (await shop.manager.get(f"/v1/cases/{case_no}/history")).json["items"]

    await person.delete("/v1/me")

    after = (await shop.manager.get(f"/v1/cases/{case_no}")).json
    same = ("case_no", "kind", "title", "state", "created_at", "place", "provider", "worker", "open")
    assert {one: after[one] for one in same} == {one: before[one] for one in same}
    for one in ("service_id", "category", "start", "price_fen"):
        assert after["details"][one] == before["details"][one]
    assert (after["resident"]["name"], after["details"]["contact_phone"]) == (GONE, "")
    quiet = (await shop.manager.get(f"/v1/cases/{case_no}/history")).json["items"]
    assert [(one["action"], one["at"]) for one in quiet] == [(one["action"], one["at"]) for one in steps]
    listed = (await shop.manager.get("/v1/cases", q=case_no)).json["items"]
    assert [one["resident"]["name"] for one in listed] == [GONE], "no list shows what was drawn before"


@pytest.mark.parametrize("state", ["held", "submitted", "assigned", "done", "disputed"])
async def test_who_has_something_open_is_told_what_and_stays(world: World, state: str) -> None:
    shop, person = await world.shop(), await world.resident()
    case = await shop.brought_to(state, person)
    refused = await person.delete("/v1/me")
    assert (refused.status, refused.code) == (409, "cases_still_open")
    assert case["case_no"] in refused.json["error"]["message"]
    assert (await person.get("/v1/me")).json["name"] == "王桂英"


async def test_leaving_twice_at_once_is_leaving_once(world: World) -> None:
    person = await world.resident()
    replies = await asyncio.gather(*(person.delete("/v1/me") for _ in range(3)))
    assert {one.status for one in replies} <= {204, 401} and 204 in {one.status for one in replies}
    assert (await person.delete("/v1/me")).status == 401
    admin = await world.staff(Grant(role="admin"))
    [row] = (await admin.get("/v1/audit", subject=person.id)).json["items"]
    assert (row["what"], row["actor_id"], row["outcome"]) == ("accounts.close", person.id, "done")


async def test_who_comes_back_is_somebody_new_and_may_leave_again(world: World) -> None:
    openid, ids = unique("returning"), []
    for _ in range(3):
        person = await world.resident(openid)
        assert (await person.get("/v1/cases")).json["items"] == []
        ids.append(person.id)
        assert (await person.delete("/v1/me")).status == 204
    assert len(set(ids)) == 3


async def test_whoever_left_is_out_everywhere_within_a_second(world: World) -> None:
    person, desk = await world.resident(), await world.staff(Grant(role="operator"))
    shop = await world.shop()
    elsewhere = await world.resident(person.openid)
    async with next_door(world) as other:
        there = other.meets(elsewhere)
        assert (await there.get("/v1/cases")).status == 200
        await person.delete("/v1/me")

        async def out() -> bool:
            return (await there.get("/v1/cases")).status == 401

        await world.until(out, "signed out there", seconds=1)
    booked = await desk.post("/v1/bookings", shop.wish(world.at(10), resident_id=person.id))
    assert (booked.status, booked.code) == (404, "resident_not_found")


async def test_nobody_acts_any_more_for_who_has_left(world: World) -> None:
    shop, mother, son = await world.shop(), await world.resident(), await world.resident()
    code = (await mother.post("/v1/proxies", {"scopes": ["bookings"]})).json["code"]
    await son.post("/v1/proxies/accept", {"code": code})
    await mother.delete("/v1/me")

    booked = await son.post("/v1/bookings", shop.wish(world.at(10), resident_id=mother.id))
    assert booked.status in (403, 404, 422)
    [held] = (await son.get("/v1/proxies")).json["items"]
    assert (held["state"], held["principal"]["name"]) == ("revoked", GONE)


async def test_a_case_opened_while_its_resident_left_is_emptied_when_it_ends(world: World) -> None:
    shop, phone = await world.shop(), new_phone()
    person = await known(world, phone)
    case_no = (await shop.booked(person, note=phone))["case_no"]

    async def leave_without_looking(tx: Any) -> None:
        resident = await tx.get(RESIDENTS, person.id)
        await tx.put(RESIDENTS, msgspec.structs.replace(resident, phone=None, deleted_at=tx.now))

    await world.house.db.atomically(leave_without_looking)
    await shop.manager.act(case_no, "reject", reason=f"打不通 {phone}")
    world.clock.advance(timedelta(seconds=1))
    await world.work()

    assert {"cases", "events", "residents"} & set(await places_of(world, phone)) == set()


async def test_the_file_has_all_of_mine_and_nothing_of_anybody_else(world: World) -> None:
    shop, phone, others = await world.shop(), new_phone(), new_phone()
    person, stranger = await known(world, phone), await known(world, others, name="赵铁柱")
    case_no = await lived(world, shop, person, phone)
    foreign = await lived(world, await world.shop(), stranger, others)

    reply = await person.get("/v1/me/export")

    text, parts = reply.body.decode(), {one["name"]: one["records"] for one in reply.json["parts"]}
    assert reply.headers["Content-Disposition"].startswith("attachment")
    assert [one["phone"] for one in parts["residents"]] == [phone]
    assert {one["resident_id"] for one in parts["cases"]} == {person.id}
    assert case_no in {one["id"] for one in parts["cases"]} and len(parts["cases"]) == 2
    assert {one["subject"].partition(":")[0] for one in parts["events"]} == {
        one["id"] for one in parts["cases"]
    }
    assert len(parts["talks"]) == 2 and len(parts["sessions"]) == 1 and parts["messages"]
    for theirs in (others, "赵铁柱", foreign, stranger.id, stranger.openid):
        assert theirs not in text, theirs
    for secret in ("session_key", person.token, "fence"):
        assert secret not in text, secret


async def test_the_file_is_for_its_owner(world: World) -> None:
    assert (await world.call("GET", "/v1/me/export")).status == 401
    assert (await (await world.staff(Grant(role="admin"))).get("/v1/me/export")).status == 403
    assert (await (await world.staff(Grant(role="admin"))).delete("/v1/me")).status == 403


# What a new noun has to say.


def test_whatever_names_a_resident_says_what_becomes_of_it() -> None:
    declared = {one.collection.name for one in accounts.keepings()}
    for collection in nouns.collections():
        fields = {one.name for one in msgspec.structs.fields(collection.stored)}
        assert collection.name in declared or not fields & OWNERS, (
            f"{collection.name} names residents: declare a Keeping (server/keeping.py) beside it"
        )


def texts(kind: types.Type) -> Iterator[str]:
    """The fields that can hold a text or a table of them, at any depth."""
    match kind:
        case types.StructType():
            for one in kind.fields:
                inner = list(texts(one.type))
                yield from inner if inner != [""] else [one.name]
        case types.StrType() | types.DictType():
            yield ""
        case types.UnionType():
            yield from dict.fromkeys(text for one in kind.types for text in texts(one))
    item = getattr(kind, "item_type", None)
    if item is not None:
        yield from texts(item)


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda one: one.name)
def test_every_text_of_a_case_is_personal_or_said_not_to_be(kind: Kind) -> None:
    found = set(texts(types.type_info(kind.details)))
    unsaid = found - PERSONAL - NOT_PERSONAL.get(kind.name, set())
    assert not unsaid, f"{kind.name}: add {unsaid} to PERSONAL (server/accounts.py) or to NOT_PERSONAL here"


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda one: one.name)
async def test_an_emptied_case_of_any_kind_can_still_be_read(world: World, kind: Kind) -> None:
    async def stored(reader: Reader) -> list[Any]:
        return await reader.all(CASES, {"kind": kind.name}, limit=50)

    for case in await world.house.db.reading(stored):
        case.details = emptied(case.details)
        assert kind.details_of(case)


async def test_the_file_of_four_thousand_cases_is_never_whole_in_memory(world: World) -> None:
    shop, person = await world.shop(), await world.resident()
    case_no = (await shop.booked(person))["case_no"]
    said = await person.post(f"/v1/cases/{case_no}/messages", {"text": "请带梯子" * 50})
    assert said.status == 201
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(world.house.settings.mongo_url)
    async with client:
        database = client[world.house.settings.database]
        for name, key in (("cases", case_no), ("talks", said.json["id"])):
            pattern = await database[name].find_one({"_id": key})
            assert pattern is not None
            many = [
                pattern | {"_id": key.replace(case_no, f"HB-19990101-{number:07d}")}
                for number in range(4_000)
            ]
            await database[name].insert_many(many, ordered=False)
    actor = await world.house.actor(person.token)
    await world.put(
        CATEGORIES, Category(id=unique("category"), name="其他", icon="sparkles")
    )  # memory has heard of all

    whole = longest = 0
    tracemalloc.start()
    async for piece in accounts.export(world.house.db.reader(), actor, world.house.vault):
        whole, longest = whole + len(piece), max(longest, len(piece))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert whole > 7_000_000, whole
    assert longest < 100_000
    assert most < 5_000_000, most
