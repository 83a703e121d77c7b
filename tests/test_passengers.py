"""Those who travel: kept sealed, masked for everybody, copied for an order, and gone when nobody needs them."""

import asyncio
import itertools
from datetime import timedelta
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from schemas.staff import Grant
from server.kit.errors import Invalid
from server.passengers import PASSENGERS, papers
from tests.doors import Happy, Visit
from tests.houses import next_door
from tests.world import Person, Reply, World

PASSENGERS_PATH = "/v1/passengers"
_numbers = itertools.count(1)


def id_card(birthday: str = "19560308") -> str:
    """A made-up number of somebody born then, with its check digit."""
    body = f"152701{birthday}{next(_numbers):03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, papers.WEIGHTS, strict=True))
    return body + papers.CHECKS[total % 11]


def wish(**more: Any) -> dict[str, Any]:
    return {"name": "诺敏其其格", "id_kind": "id_card", "id_no": id_card(), **more}


async def add(who: Person, **more: Any) -> Reply:
    return await who.post(PASSENGERS_PATH, wish(**more))


async def clerk(world: World, community: str = "") -> Person:
    return await world.staff(Grant(role="clerk", community_id=community or world.community))


async def visit_list(world: World) -> Visit:
    return Visit(path=PASSENGERS_PATH, who=await world.resident(), shared=True)


async def visit_add(world: World) -> Visit:
    return Visit(path=PASSENGERS_PATH, who=await world.resident(), body=wish(), shared=True)


def visiting(body: Any = None) -> Any:
    async def visit(world: World) -> Visit:
        owner = await world.resident()
        made = (await add(owner)).json["id"]
        return Visit(path=f"{PASSENGERS_PATH}/{made}", who=owner, body=body, stranger=await world.resident())

    return visit


HAPPY: Happy = {
    ("GET", PASSENGERS_PATH): visit_list,
    ("POST", PASSENGERS_PATH): visit_add,
    ("GET", "/v1/passengers/{passenger_id}"): visiting(),
    ("PATCH", "/v1/passengers/{passenger_id}"): visiting({"relation": "母亲"}),
    ("POST", "/v1/passengers/{passenger_id}"): visiting({"relation": "母亲"}),
    ("DELETE", "/v1/passengers/{passenger_id}"): visiting(),
}
COVERS = {("POST", "/v1/tickets/{case_no}/travellers")}


async def everything_stored(world: World) -> bytes:
    """The raw documents of every collection, as the database keeps them."""
    settings = world.house.settings
    client: AsyncMongoClient[Any] = AsyncMongoClient(settings.mongo_url)
    async with client:
        database = client[settings.database]
        found = [
            repr(one).encode()
            for name in await database.list_collection_names()
            if not name.startswith("system.")
            async for one in database[name].find()
        ]
    return b"\n".join(found)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("id_card", "11010519491231002X"),
        ("id_card", id_card()),
        ("residence_permit", "810000199408230021"),
        ("passport", "e12345678"),
        ("hk_macao", "H12345678"),
        ("taiwan", "12345678"),
        ("foreign_permit", "CHN110183120101"),
    ],
)
def test_a_number_that_such_a_paper_can_have_is_taken_and_written_in_capitals(kind: Any, number: str) -> None:
    assert papers.tidy(kind, number) == number.upper()


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("id_card", "110105194912310020"),
        ("id_card", "11010519491231002"),
        ("id_card", "1101051949123100X2"),
        ("residence_permit", "110105199408230021"),
        ("passport", "E123"),
        ("hk_macao", "12345678"),
        ("taiwan", "1234567"),
        ("foreign_permit", "CHN11018312010"),
    ],
)
def test_one_slip_in_a_number_is_found(kind: Any, number: str) -> None:
    with pytest.raises(Invalid):
        papers.tidy(kind, number)


async def test_name_and_number_are_masked_in_every_answer_and_nowhere_in_the_database(world: World) -> None:
    owner, number = await world.resident(), id_card()
    new = wish(id_no=number, phone="13988887777", relation="母亲")

    made = await owner.post(PASSENGERS_PATH, new, key="first-of-all")
    again = await owner.post(PASSENGERS_PATH, new, key="first-of-all")
    seen = await owner.get(f"{PASSENGERS_PATH}/{made.json['id']}")
    listed = await owner.get(PASSENGERS_PATH)

    assert made.status == 201 and again.json == made.json == seen.json == listed.json["items"][0]
    assert made.json["name_masked"] == "诺****" and made.json["id_no_masked"] == "*" * 14 + number[-4:]
    assert made.json["age"] == 70 and made.json["phone_masked"] == "139****7777"
    stored = await everything_stored(world)
    for secret in (number, "诺敏其其格", "13988887777", "1956-03-08", "19560308"):
        assert secret.encode() not in made.body + listed.body
        assert repr(secret)[1:-1].encode() not in stored and secret.encode() not in stored
    assert made.json["id"].encode() in stored  # it was looked at where it is

    export = await owner.get("/v1/me/export")
    assert export.status == 200 and number in export.body.decode() and "诺敏其其格" in export.body.decode()


async def test_the_same_paper_is_kept_once_and_only_so_many_people(world: World) -> None:
    owner, other, number = await world.resident(), await world.resident(), id_card()
    most = world.house.settings.passengers.most
    assert (await add(owner, id_no=number)).status == 201
    assert (await add(owner, id_no=number.lower())).code == "passenger_known"
    assert (await add(other, id_no=number)).status == 201

    async with next_door(world) as there:
        replies = await asyncio.gather(
            *(add(who, id_no=id_card()) for _ in range(most) for who in (owner, there.meets(owner)))
        )

    assert sorted({one.status for one in replies}) == [201, 409]
    assert sum(one.status == 201 for one in replies) == most - 1
    assert {one.code for one in replies if one.status == 409} == {"too_many_passengers"}


async def test_what_cannot_be_is_refused_beside_its_field(world: World) -> None:
    owner = await world.resident()

    for wrong, field, code in (
        ({"id_no": "110105194912310020"}, "id_no", "id_number_mistyped"),
        ({"id_no": id_card("19561308")}, "id_no", "id_number_mistyped"),
        ({"id_no": id_card("20991231")}, "id_no", "id_number_mistyped"),
        ({"birthday": "1956-03-09"}, "birthday", "birthday_mistyped"),
        (
            {"id_kind": "passport", "id_no": "E1234567", "birthday": "1956-02-30"},
            "birthday",
            "birthday_mistyped",
        ),
        ({"id_no": "12"}, "id_no", "invalid"),
    ):
        reply = await add(owner, **wrong)
        assert (reply.status, reply.code, reply.json["error"]["field"]) == (422, code, field), wrong
    passport = await add(owner, id_kind="passport", id_no="E1234567", birthday="1956-02-29")
    assert passport.json["age"] == 70


async def test_a_change_is_sealed_anew_and_a_deletion_is_at_once(world: World) -> None:
    owner = await world.resident()
    path = f"{PASSENGERS_PATH}/{(await add(owner)).json['id']}"
    other = (await add(owner)).json

    renamed = await owner.patch(path, {"name": "乌兰图雅", "phone": "13988887777"})
    assert (renamed.json["name_masked"], renamed.json["age"]) == ("乌***", 70)
    moved = await owner.post(path, {"id_kind": "passport", "id_no": "e7654321"})
    assert (moved.json["id_no_masked"], moved.json["age"]) == ("****4321", None)
    assert (await owner.patch(path, {"id_no": "e7654321"})).status == 422
    assert (await owner.delete(path)).status == 204
    assert (await owner.get(path)).code == "passenger_not_found"
    assert [one["id"] for one in (await owner.get(PASSENGERS_PATH)).json["items"]] == [other["id"]]


async def test_family_and_the_desk_keep_passengers_for_somebody_and_nobody_else_does(world: World) -> None:
    mother, daughter, stranger = await world.resident(), await world.resident(), await world.resident()
    code = (await mother.post("/v1/proxies", {"scopes": ["bookings"], "days": 30})).json["code"]
    assert (await daughter.post("/v1/proxies/accept", {"code": code})).status in (
        200,
        201,
    )
    here, elsewhere = await clerk(world), await clerk(world, "elsewhere")

    by_family = await add(daughter, resident_id=mother.id)
    by_desk = await add(here, resident_id=mother.id)

    assert by_family.status == by_desk.status == 201, (by_family.body, by_desk.body)
    assert "代填" in by_family.json["added_by_text"] and by_desk.json["added_by_text"] == "窗口代填"
    assert len((await mother.get(PASSENGERS_PATH)).json["items"]) == 2
    assert len((await here.get(PASSENGERS_PATH, resident_id=mother.id)).json["items"]) == 2
    assert (await add(stranger, resident_id=mother.id)).code == "not_their_passengers"
    assert (await add(elsewhere, resident_id=mother.id)).code == "resident_not_found"
    assert (await elsewhere.get(f"{PASSENGERS_PATH}/{by_desk.json['id']}")).status == 404
    assert (await here.get(PASSENGERS_PATH)).status == 404


async def test_unused_it_is_forgotten_and_who_leaves_takes_all_with_them(world: World) -> None:
    owner, leaver = await world.resident(), await world.resident()
    made = (await add(owner)).json
    gone = (await add(leaver)).json
    assert (await leaver.delete("/v1/me")).status == 204
    reader = world.house.db.reader()
    assert await reader.get(PASSENGERS, gone["id"]) is None

    world.clock.advance(timedelta(days=world.house.settings.passengers.unused_days, seconds=-1))
    await world.work()
    assert await reader.get(PASSENGERS, made["id"]) is not None
    world.clock.advance(timedelta(seconds=1))
    await world.work()
    assert await reader.get(PASSENGERS, made["id"]) is None
