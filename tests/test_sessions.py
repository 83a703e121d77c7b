"""Signing in, and that a revoked session is over everywhere within a second while a good one costs nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from schemas.staff import Grant
from server import sessions
from server.kit.db import Follower
from server.kit.vault import Unreadable
from server.sessions import SESSIONS
from server.staff import STAFF, Staff
from tests.doors import Happy, Visit
from tests.houses import NextDoor, next_door
from tests.world import Person, Reply, World, unique

LOGIN = "/sns/jscode2session"
MEMORY = "/v1/services"
"""An answer from memory: whatever it costs the database is the price of knowing who asks."""


async def login(world: World, openid: str) -> Reply:
    code = (await world.control("codes", openid=openid))["code"]
    return await world.call("POST", "/v1/sessions", {"code": code})


async def recovered(world: World) -> None:
    """The breaker has cooled off and has seen the platform work again."""
    world.clock.advance(timedelta(seconds=11))
    assert (await login(world, unique("resident"))).status == 201


def session_key(world: World, openid: str) -> str:
    key: str = world.town.sandbox.world.people.subscriber(openid).session_key
    assert key
    return key


async def stored_documents(world: World) -> list[dict[str, Any]]:
    """Everything in the database, as it lies there."""
    handle = world.house.db._handle
    return [one for name in await handle.list_collection_names() async for one in handle[name].find()]


async def asked_of_database(world: World, work: Callable[[], Awaitable[None]]) -> list[str]:
    """The collections that were asked while `work` ran, as MongoDB's own profiler saw it."""
    handle = world.house.db._handle
    await handle["system.profile"].drop()  # what another file of tests has left
    await handle.command("profile", 2)
    await work()
    await handle.command("profile", 0)
    seen = handle["system.profile"].find({"op": {"$ne": "getmore"}})
    names = [one["ns"].partition(".")[2] async for one in seen]
    await handle["system.profile"].drop()
    return [one for one in names if not one.startswith(("$cmd", "system."))]


async def visit_login(world: World) -> Visit:
    code = (await world.control("codes", openid=unique("resident")))["code"]
    return Visit(path="/v1/sessions", body={"code": code})


async def visit_staff_login(world: World) -> Visit:
    person = await world.staff(Grant(role="operator"))
    code = (await world.control("wecom-codes", userid=person.id))["code"]
    return Visit(path="/v1/staff-sessions", body={"code": code})


async def visit_current(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/sessions/current")


async def visit_all(world: World) -> Visit:
    return Visit(who=await world.staff(Grant(role="operator")), path="/v1/sessions/all")


async def visit_list(world: World) -> Visit:
    return Visit(who=await world.staff(Grant(role="operator")), path="/v1/sessions")


async def visit_one(world: World) -> Visit:
    here = await world.staff(Grant(role="operator"))
    there, stranger = await world.sign_in(here.id), await world.staff(Grant(role="operator"))
    return Visit(who=here, path=f"/v1/sessions/{sessions.token_id(there.token)}", stranger=stranger)


HAPPY: Happy = {
    ("GET", "/v1/sessions"): visit_list,
    ("DELETE", "/v1/sessions/{session_id}"): visit_one,
    ("POST", "/v1/sessions"): visit_login,
    ("POST", "/v1/staff-sessions"): visit_staff_login,
    ("DELETE", "/v1/sessions/current"): visit_current,
    ("DELETE", "/v1/sessions/all"): visit_all,
}


# Signing in.


async def test_a_resident_signs_in_and_is_known(world: World) -> None:
    openid = unique("resident")
    reply = await login(world, openid)

    assert reply.status == 201
    me = await world.call("GET", "/v1/me", token=reply.json["token"])
    assert me.json == reply.json["resident"]
    assert reply.headers["Cache-Control"] == "no-store"


async def test_signing_in_again_finds_the_same_resident(world: World) -> None:
    openid = unique("resident")
    first, second = await login(world, openid), await login(world, openid)

    assert first.json["resident"] == second.json["resident"]
    assert first.json["token"] != second.json["token"]


async def test_ten_first_logins_at_once_make_one_resident(world: World) -> None:
    openid = unique("resident")
    replies = await asyncio.gather(*(login(world, openid) for _ in range(10)))

    assert {one.status for one in replies} == {201}, [one.body for one in replies]
    assert len({one.json["resident"]["id"] for one in replies}) == 1


async def test_a_code_works_once(world: World) -> None:
    code = (await world.control("codes", openid=unique("resident")))["code"]
    first = await world.call("POST", "/v1/sessions", {"code": code})
    again = await world.call("POST", "/v1/sessions", {"code": code})

    assert first.status == 201
    assert (again.status, again.code) == (401, "login_code_invalid")
    assert (await world.call("GET", "/v1/me", token=first.json["token"])).status == 200


@pytest.mark.parametrize("code", ["0made-up", "0" + "f" * 32])
async def test_a_made_up_code_is_refused(world: World, code: str) -> None:
    reply = await world.call("POST", "/v1/sessions", {"code": code})
    assert (reply.status, reply.code) == (401, "login_code_invalid")


async def test_whom_wechat_holds_for_a_risk_is_refused_in_neutral_words(world: World) -> None:
    openid = unique("resident")
    await world.control("users", openid=openid, blocked=True)

    reply = await login(world, openid)

    assert (reply.status, reply.code) == (403, "login_refused")
    assert "40226" not in reply.body.decode()


@pytest.mark.parametrize("errcode", [45011, 45009])
async def test_too_many_logins_are_asked_to_wait(world: World, errcode: int) -> None:
    await world.control("faults", path=LOGIN, errcode=errcode)
    reply = await login(world, unique("resident"))

    assert (reply.status, reply.code) == (429, "logins_too_many")
    assert int(reply.headers["Retry-After"]) >= 60


@pytest.mark.parametrize(
    "fault", [{"drop": True}, {"http_status": 500}, {"delay_ms": 1500}, {"errcode": -1, "times": 3}]
)
async def test_while_wechat_is_down_a_login_is_asked_to_come_back(
    world: World, fault: dict[str, Any]
) -> None:
    await world.control("faults", path=LOGIN, **fault)
    reply = await login(world, unique("resident"))

    assert reply.status == 503
    await world.control("faults", method="DELETE")
    await recovered(world)


@pytest.mark.parametrize("errcode", [40013, 40125, 43002, 99999])
async def test_our_own_faults_at_wechat_are_an_outage_for_residents(world: World, errcode: int) -> None:
    await world.control("faults", path=LOGIN, errcode=errcode)
    reply = await login(world, unique("resident"))

    assert reply.status == 503
    assert str(errcode) not in reply.body.decode()


async def test_staff_sign_in_with_wecom(world: World) -> None:
    person = await world.staff(Grant(role="operator"), name="赵敏")
    me = await person.get("/v1/staff/me")

    assert (me.json["id"], me.json["name"]) == (person.id, "赵敏")
    assert [one["role"] for one in me.json["grants"]] == ["operator"]


async def test_who_is_no_staff_does_not_get_in_through_wecom(world: World) -> None:
    async def sign_in(**who: Any) -> Reply:
        code = (await world.control("wecom-codes", **who))["code"]
        return await world.call("POST", "/v1/staff-sessions", {"code": code})

    left = unique("staff")
    await world.put(STAFF, Staff(id=left, name="离职", grants=[Grant(role="admin")], active=False))

    unknown = await sign_in(userid=unique("nobody"))
    stranger = await sign_in(userid=unique("openid"), outsider=True)
    gone = await sign_in(userid=left)

    assert (unknown.status, unknown.code) == (403, "not_staff")
    assert (gone.status, gone.code) == (403, "not_staff")
    assert (stranger.status, stranger.code) == (403, "login_refused")


async def test_a_wecom_code_works_once(world: World) -> None:
    person = await world.staff(Grant(role="operator"))
    code = (await world.control("wecom-codes", userid=person.id))["code"]
    statuses = [(await world.call("POST", "/v1/staff-sessions", {"code": code})).status for _ in range(2)]
    assert statuses == [201, 401]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer made-up", "Bearer 你好"])
async def test_what_is_no_token_of_ours_is_not_let_in(world: World, header: str) -> None:
    sent = {"Authorization": header.encode().decode("latin-1")} if header else {}
    reply = await world.call("GET", "/v1/me", headers=sent)

    assert reply.status == 401
    assert reply.headers["WWW-Authenticate"] == "Bearer"


# What is kept, and what is not.


async def test_the_session_key_is_unreadable_in_the_database_and_in_no_reply(world: World) -> None:
    openid = unique("resident")
    reply = await login(world, openid)
    me = await world.call("GET", "/v1/me", token=reply.json["token"])
    key, house = session_key(world, openid), world.house

    stored = await house.db.reading(
        lambda reader: reader.get(SESSIONS, sessions.token_id(reply.json["token"]))
    )

    assert stored is not None and stored.session_key is not None
    assert house.vault.open(stored.session_key, stored.id) == key
    with pytest.raises(Unreadable):
        house.vault.open(stored.session_key, "another session")
    everything = repr(await stored_documents(world))
    assert openid in everything
    assert key not in everything
    assert reply.json["token"] not in everything
    assert key.encode() not in reply.body + me.body


# Signing out.


async def test_signing_out_ends_this_session_only(world: World) -> None:
    here = await world.resident()
    there = await world.resident(here.openid)

    assert (await here.delete("/v1/sessions/current")).status == 204

    over = await here.get(MEMORY)
    assert (over.status, over.code) == (401, "session_expired")
    assert (await there.get(MEMORY)).status == 200


async def test_who_signs_out_is_out_before_memory_has_heard_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = await world.resident()
    assert (await resident.get(MEMORY)).status == 200
    monkeypatch.setattr(Follower, "_tell", lambda self, raw: None)

    await resident.delete("/v1/sessions/current")

    assert (await resident.get(MEMORY)).status == 401


async def test_signing_out_everywhere_ends_all_sessions_of_this_person(world: World) -> None:
    here = await world.resident()
    there, somebody = await world.resident(here.openid), await world.resident()

    assert (await here.delete("/v1/sessions/all")).status == 204

    async def over() -> bool:
        return (await there.get("/v1/me")).status == 401

    await world.until(over, "the other session is over", 1)
    assert (await here.get("/v1/me")).status == 401
    assert (await somebody.get("/v1/me")).status == 200


async def test_a_session_ends_when_its_time_is_over(world: World) -> None:
    resident, desk = await world.resident(), await world.staff(Grant(role="operator"))

    world.clock.advance(timedelta(hours=12) - timedelta(seconds=1))
    assert (await desk.get("/v1/staff/me")).status == 200
    world.clock.advance(timedelta(seconds=1))
    assert (await desk.get("/v1/staff/me")).code == "session_expired"
    assert (await resident.get("/v1/me")).status == 200
    world.clock.advance(timedelta(days=29, hours=12))
    assert (await resident.get("/v1/me")).code == "session_expired"


# In other processes.


def remembered(house: NextDoor, person: Person) -> bool:
    return house.house.known_actor(person.token) is not None


async def known_next_door(other: NextDoor, person: Person) -> Person:
    """The person calls at the other house, which now remembers them."""
    there = other.meets(person)
    assert (await there.get(MEMORY)).status == 200
    assert remembered(other, there)
    return there


async def test_a_sign_out_holds_in_every_process_within_a_second(world: World) -> None:
    resident = await world.resident()
    async with next_door(world) as other:
        there = await known_next_door(other, resident)

        await resident.delete("/v1/sessions/current")

        async def over() -> bool:
            return (await there.get(MEMORY)).status == 401

        await world.until(over, "the other process knows", 1)


async def test_staff_who_left_are_refused_in_every_process_within_a_second(world: World) -> None:
    desk = await world.staff(Grant(role="operator"))
    async with next_door(world) as other:
        there = await known_next_door(other, desk)
        member = world.house.db.reader().recall(STAFF, desk.id)
        assert member is not None

        member = Staff(id=desk.id, name=member.name, grants=member.grants, active=False)
        await world.house.db.alone(lambda tx: tx.put(STAFF, member))

        async def refused() -> bool:
            replies = [await one.get(MEMORY) for one in (desk, there)]
            return [(one.status, one.code) for one in replies] == [(403, "not_staff")] * 2

        await world.until(refused, "both processes know", 1)


async def test_a_role_taken_away_is_gone_in_every_process_within_a_second(world: World) -> None:
    desk = await world.staff(Grant(role="operator"))
    async with next_door(world) as other:
        there = await known_next_door(other, desk)
        member = Staff(id=desk.id, name="王芳", grants=[Grant(role="accountant")])
        await world.house.db.alone(lambda tx: tx.put(STAFF, member))

        async def refused() -> bool:
            return (await there.get("/v1/residents", phone="13947700001")).status == 403

        await world.until(refused, "the other process knows", 1)


async def test_with_the_change_stream_lost_nothing_remembered_is_trusted(world: World) -> None:
    resident, desk = await world.resident(), await world.staff(Grant(role="operator"))
    async with next_door(world) as other:
        there, desk_there = await known_next_door(other, resident), await known_next_door(other, desk)
        await other.house.db.follower.close()

        async def forgotten() -> bool:
            return not remembered(other, there) and not remembered(other, desk_there)

        await world.until(forgotten, "memory is not trusted", 3)
        assert (await there.get(MEMORY)).status == 200
        await resident.delete("/v1/sessions/current")
        gone = Staff(id=desk.id, name="王芳", grants=[Grant(role="operator")], active=False)
        await world.house.db.alone(lambda tx: tx.put(STAFF, gone))

        assert (await there.get(MEMORY)).code == "session_expired"
        assert (await desk_there.get("/v1/staff/me")).code == "not_staff"


# The price.


async def test_in_steady_state_knowing_who_asks_costs_no_database_round_trip(world: World) -> None:
    resident, desk = await world.resident(), await world.staff(Grant(role="operator"))

    async def ask() -> None:
        for _ in range(20):
            assert (await resident.get(MEMORY)).status == 200
            assert (await desk.get(MEMORY)).status == 200

    async def ask_with_a_profile() -> None:
        assert (await resident.get("/v1/me")).status == 200

    await ask()
    assert await asked_of_database(world, ask) == []
    assert await asked_of_database(world, ask_with_a_profile) == ["residents"]


async def test_after_a_change_of_somebody_else_memory_is_still_good(world: World) -> None:
    resident, other = await world.resident(), await world.resident()
    assert (await resident.get(MEMORY)).status == 200

    await other.delete("/v1/sessions/current")

    assert world.house.known_actor(resident.token) is not None
