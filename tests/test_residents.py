"""A resident's profile, the phone number that WeChat knows, and the desk's look-up of a caller."""

import pytest

from schemas.staff import Grant
from tests.doors import Happy, Visit
from tests.world import Person, World, unique


async def visit_me(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/me")


async def visit_change(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/me", body={"name": "李秀兰"})


async def visit_phone(world: World) -> Visit:
    resident = await world.resident()
    return Visit(who=resident, path="/v1/me/phone", body={"code": await phone_code(resident, "13947700003")})


async def visit_search(world: World) -> Visit:
    desk = await world.staff(Grant(role="operator"))
    return Visit(who=desk, path="/v1/residents", query={"phone": "13947700001"})


HAPPY: Happy = {
    ("GET", "/v1/me"): visit_me,
    ("PATCH", "/v1/me"): visit_change,
    ("POST", "/v1/me"): visit_change,
    ("POST", "/v1/me/phone"): visit_phone,
    ("GET", "/v1/residents"): visit_search,
}


async def phone_code(person: Person, phone: str) -> str:
    """What the phone button gives."""
    code: str = (await person.world.control("phone-codes", openid=person.openid, phone=phone))["code"]
    return code


async def test_only_what_is_sent_is_changed_and_seen_at_once(world: World) -> None:
    resident = await world.resident()
    before = (await resident.get("/v1/me")).json
    preferences = {"large_text": True, "quiet_hours": {"start": "22:00:00", "end": "07:00:00"}}

    assert (await resident.patch("/v1/me", {"name": "李秀兰"})).json == before | {"name": "李秀兰"}
    changed = await resident.patch("/v1/me", {"preferences": preferences})

    preferred = before["preferences"] | preferences
    assert changed.json == before | {"name": "李秀兰", "preferences": preferred}
    assert (await resident.get("/v1/me")).json == changed.json
    assert (await resident.patch("/v1/me", {})).json == changed.json
    assert (await resident.post("/v1/me", {"name": "李秀兰"})).json == changed.json


async def test_a_household_must_be_in_a_compound_that_is_there(world: World) -> None:
    resident = await world.resident()
    for nowhere in ("nowhere", world.community):
        reply = await resident.patch("/v1/me", {"household": {"compound_id": nowhere, "room": "1"}})
        assert (reply.status, reply.code) == (404, "compound_not_found")
    assert (await resident.get("/v1/me")).json["household"]["compound_id"] == world.compound


@pytest.mark.parametrize("field", ["openid", "id", "phone", "community_id", "unionid"])
async def test_what_is_not_the_residents_to_say_is_refused(world: World, field: str) -> None:
    resident = await world.resident()
    reply = await resident.patch("/v1/me", {field: "13900000000"})
    assert (reply.status, reply.json["error"]["field"]) == (422, field)


async def test_the_phone_number_is_the_one_that_wechat_knows(world: World) -> None:
    resident = await world.resident()
    reply = await resident.post("/v1/me/phone", {"code": await phone_code(resident, "13947700009")})
    assert (reply.status, reply.json["phone"]) == (200, "13947700009")
    assert (await resident.get("/v1/me")).json["phone"] == "13947700009"


async def test_a_phone_code_that_is_used_or_somebody_elses_changes_nothing(world: World) -> None:
    resident, other = await world.resident(), await world.resident()
    used = await phone_code(resident, "13947700010")
    await resident.post("/v1/me/phone", {"code": used})
    stolen = await phone_code(other, "13947700011")

    for code in (used, stolen, "0made-up"):
        reply = await resident.post("/v1/me/phone", {"code": code})
        assert (reply.status, reply.code) == (409, "phone_code_invalid"), code
    assert (await resident.get("/v1/me")).json["phone"] == "13947700010"


async def test_the_desk_finds_a_caller_by_phone_and_sees_no_more_than_it_needs(world: World) -> None:
    resident = await world.resident()
    phone = f"139{unique('')[1:].zfill(8)}"
    await resident.post("/v1/me/phone", {"code": await phone_code(resident, phone)})
    desk = await world.staff(Grant(role="operator"))

    [found] = (await desk.get("/v1/residents", phone=phone)).json["items"]

    assert found == {
        "id": resident.id,
        "name": "王**",
        "phone": f"139****{phone[-4:]}",
        "compound": "绿苑小区",
        "community_id": world.community,
    }
    assert (await desk.get("/v1/residents", phone="13000000000")).json["items"] == []
    assert (await desk.get("/v1/residents", phone="12")).status == 422
