"""What clients get wrong, by accident or on purpose: each has a clear answer, and nothing is half done."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.world import Person, Reply, Shop, World

BOOKINGS = "/v1/bookings"
NEW_BOOKING = {"service_id": "any", "start": "2026-11-25T10:00:00+08:00"}


class Street:
    """A resident, a shop, and what both had before somebody tried something."""

    def __init__(self, world: World, resident: Person, shop: Shop) -> None:
        self.world, self.resident, self.shop = world, resident, shop
        self.before: Any = None

    async def state(self) -> Any:
        slots = await self.resident.get(f"/v1/services/{self.shop.service_id}/slots")
        cases = await self.resident.get("/v1/cases")
        return slots.json, cases.json, (await self.resident.get("/v1/me")).json

    def wish(self, **more: Any) -> dict[str, Any]:
        return self.shop.wish(**{"start": self.world.at(10)} | more)

    async def book(self, **more: Any) -> Reply:
        return await self.resident.post(BOOKINGS, self.wish(**more))

    async def book_raw(self, raw: bytes, **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.world.call("POST", BOOKINGS, raw=raw, token=self.resident.token, headers=named)

    async def is_untouched(self) -> bool:
        return await self.state() == self.before


async def street(world: World) -> Street:
    found = Street(world, await world.resident(), await world.shop())
    found.before = await found.state()
    return found


def refused(reply: Reply, status: int, field: str | None = None, code: str = "") -> None:
    """The refusal in its usual form: who reads it finds code, words, an id, and the field where there is one."""
    assert reply.status == status, reply.body
    error = reply.json["error"]
    assert error["code"] and error["message"] and error["request_id"], error
    assert error.get("field") == field, error
    assert not code or error["code"] == code, error


# Bodies that are no JSON, or not ours.


@pytest.mark.parametrize(
    "raw",
    [
        b'{"service_id": "x", "sta',
        b"{",
        b"nonsense",
        b"\xff\xfe{}",
        b'{"note": "\xff"}',
        b'{"note": "\xed\xa0\x80"}',
        b'{"note": "\\ud800 alone"}',
        b'{"note": "raw \x01 control"}',
        b'{"form": {"rooms": NaN}}',
        b'{"form": {"rooms": Infinity}}',
        b'{"form": {"rooms": -1e999}}',
        b'{"form": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"form": {"a": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}}",
        b"\xef\xbb\xbf{}",
        b"{} {}",
    ],
    ids=lambda raw: raw[:30].decode("latin-1"),
)
async def test_a_body_that_is_no_json_is_refused(world: World, raw: bytes) -> None:
    town = await street(world)
    reply = await town.book_raw(raw)
    assert reply.status == 422, reply.body
    assert reply.code == "invalid"
    assert await town.is_untouched()


@pytest.mark.parametrize("raw", [b"[]", b"null", b'"text"', b"1", b"true"])
async def test_json_that_is_no_object_is_refused(world: World, raw: bytes) -> None:
    town = await street(world)
    refused(await town.book_raw(raw), 422)
    assert await town.is_untouched()


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"service_id": 5}, "service_id"),
        ({"service_id": None}, "service_id"),
        ({"service_id": ""}, "service_id"),
        ({"service_id": "x" * 65}, "service_id"),
        ({"service_id": "a b"}, "service_id"),
        ({"service_id": "a\n"}, "service_id"),
        ({"service_id": {"$ne": ""}}, "service_id"),
        ({"start": 1764036000}, "start"),
        ({"start": "tomorrow"}, "start"),
        ({"start": "2026-11-25"}, "start"),
        ({"start": "2026-11-25T10:00:00"}, "start"),
        ({"start": "2026-02-30T10:00:00+08:00"}, "start"),
        ({"start": "0001-01-01T00:00:00+23:59"}, "start"),
        ({"start": "9999-12-31T23:59:59-23:59"}, "start"),
        ({"hold": "yes"}, "hold"),
        ({"hold": 1}, "hold"),
        ({"note": "x" * 501}, "note"),
        ({"note": "bell \x07"}, "note"),
        ({"note": "null \x00"}, "note"),
        ({"note": ["a"]}, "note"),
        ({"address": {"compound_id": "c", "room": "3\n4"}}, "address.room"),
        ({"address": {"compound_id": "c", "room": "34\n"}}, "address.room"),
        ({"address": {"room": "1"}}, "address.compound_id"),
        ({"contact": {"name": "王", "phone": "123"}}, "contact.phone"),
        ({"contact": {"name": "王", "phone": "13947700001\n"}}, "contact.phone"),
        ({"contact": {"name": "", "phone": "13947700001"}}, "contact.name"),
        ({"contact": {"name": "王\n", "phone": "13947700001"}}, "contact.name"),
        ({"contact": {"name": "<b>", "phone": "13947700001"}}, "contact.name"),
        ({"form": []}, "form"),
        ({"price_fen": 1}, "price_fen"),
        ({"address": {"compound_id": "c", "city": "x"}}, "address.city"),
        ({"form": {"unheard_of": 1}}, "form.unheard_of"),
        ({"resident_id": "somebody-else"}, "resident_id"),
    ],
    ids=str,
)
async def test_a_bad_field_is_named(world: World, more: dict[str, Any], field: str) -> None:
    town = await street(world)
    refused(await town.book(**more), 422, field)
    assert await town.is_untouched()


async def test_a_missing_field_is_named(world: World) -> None:
    town = await street(world)
    refused(await town.resident.post(BOOKINGS, {"service_id": town.shop.service_id}), 422, "start")


async def test_a_past_start_is_a_conflict_and_not_malformed(world: World) -> None:
    town = await street(world)
    refused(await town.book(start=world.at(10, days=-3)), 409, "start", "slot_in_past")
    refused(await town.book(start=world.at(10, 7)), 409, "start")
    refused(await town.book(start=world.at(10, days=400)), 409, "start", "slot_too_far")
    assert await town.is_untouched()


async def test_unknown_ids_are_not_found(world: World) -> None:
    town = await street(world)
    refused(await town.book(service_id="nothing-like-it"), 404, "service_id", "service_not_found")
    refused(await town.book(address={"compound_id": "nowhere"}), 404, "compound_id", "compound_not_found")
    household = await town.resident.patch("/v1/me", {"household": {"compound_id": "nowhere"}})
    refused(household, 404, "compound_id")
    assert await town.is_untouched()


@pytest.mark.parametrize(
    "case_no",
    ["x", "HB-20261125-0000011", "%00", "%2e%2e", "a%2Fb", "%F0%9F%8F%A0", "x" * 5_000, "$ne", "%0a"],
)
async def test_a_case_that_is_not_there_is_not_found(world: World, case_no: str) -> None:
    resident = await world.resident()
    for path in (f"/v1/cases/{case_no}", f"/v1/cases/{case_no}/history"):
        assert (await resident.get(path)).status == 404
    assert (await resident.post(f"/v1/cases/{case_no}/cancel")).status == 404


async def test_a_path_that_is_no_text_is_a_bad_request(world: World) -> None:
    resident = await world.resident()
    refused(await resident.get("/v1/cases/%ff"), 400)


async def test_an_address_that_is_not_there_is_not_found_for_any_method(world: World) -> None:
    for method in ("GET", "POST", "DELETE", "BREW"):
        refused(await world.call(method, "/v1/nothing"), 404, None, "route_not_found")
    refused(await world.call("GET", "/openapiXjson"), 404)


# Moves.


async def test_a_bad_form_moves_nothing(world: World) -> None:
    resident, shop = await world.resident(), await world.shop()
    case = await shop.booked(resident)
    path = f"/v1/cases/{case['case_no']}"
    refused(await resident.post(f"{path}/cancel", {"reason": 5}), 422, "reason")
    refused(await resident.post(f"{path}/cancel", {"because": "x"}), 422, "because")
    for version in ("1", True, 0, -1, 1.5, [1]):
        refused(await resident.post(f"{path}/cancel", {"version": version}), 422, "version")
    refused(await resident.post(f"{path}/cancel", {"version": 2**70}), 409, None, "version_conflict")
    refused(await resident.post(f"{path}/fly"), 409, None, "not_allowed_now")
    refused(await resident.post(f"{path}/submit%00"), 409, None, "not_allowed_now")
    assert (await resident.get(path)).json == case


# Who is asking.


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer unknown",
        "Bearer a b",
        "bearer  ",
        "Token x",
        "Bearer é",
    ],
)
async def test_a_token_that_is_none_is_refused(world: World, header: str) -> None:
    reply = await world.call("GET", "/v1/me", headers={"Authorization": header})
    refused(reply, 401)
    assert reply.headers["WWW-Authenticate"] == "Bearer"


async def test_an_expired_token_is_refused(world: World) -> None:
    resident, shop = await world.resident(), await world.shop()
    world.clock.advance(timedelta(days=31))
    refused(await resident.get("/v1/me"), 401, None, "session_expired")
    refused(await resident.post(BOOKINGS, shop.wish(world.at(10))), 401, None, "session_expired")


async def test_who_asks_is_looked_at_before_what_is_asked(world: World) -> None:
    refused(await world.call("POST", BOOKINGS, raw=b"{"), 401)
    refused(await world.call("GET", "/v1/cases", query={"limit": "many"}), 401)


# Query strings.


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("limit=", "limit"),
        ("limit=99999999999999999999999", "limit"),
        ("limit=10&limit=20", "limit"),
        ("cursor=nonsense", "cursor"),
        ("cursor=null", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=WzEsMV0", "cursor"),
        ("cursor=W3sidCI6MWUzMDB9LCJhIl0", "cursor"),
        ("cursor=Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5LCJhIl0", "cursor"),
        ("cursor=" + "W" * 101, "cursor"),
        ("kind=%ff", "kind"),
        ("kind=%00", "kind"),
        ("kind[$ne]=x", "kind[$ne]"),
        ("box=elsewhere", "box"),
        ("unheard_of=1", "unheard_of"),
        ("q=%E4%B8%AD", "q"),
    ],
)
async def test_a_bad_parameter_is_named(world: World, query: str, field: str) -> None:
    resident = await world.resident()
    refused(await resident.get(f"/v1/cases?{query}"), 422, field)


async def test_a_call_without_parameters_refuses_them(world: World) -> None:
    resident = await world.resident()
    refused(await resident.get("/v1/me?verbose=1"), 422, "verbose")
    refused(await resident.get("/v1/services/any?verbose=1"), 422, "verbose")


async def test_days_out_of_reach_are_refused(world: World) -> None:
    resident, shop = await world.resident(), await world.shop()
    path = f"/v1/services/{shop.service_id}/slots"
    for first in ("9999-12-31", "0001-01-01", "2026-13-01", "today", "2026-11-25T00:00:00Z"):
        refused(await resident.get(path, **{"from": first}), 422, "from")
    for days in ("0", "32", "1e9", "-5"):
        refused(await resident.get(path, days=days), 422, "days")


# Keys.


@pytest.mark.parametrize("key", ["", " ", "two words", "x" * 256, "schlüssel", "tab\there"])
async def test_a_bad_key_is_refused_before_anything_happens(world: World, key: str) -> None:
    town = await street(world)
    raw = json.dumps(town.wish()).encode()
    refused(await town.book_raw(raw, Idempotency_Key=key), 422, "Idempotency-Key", "bad_idempotency_key")
    assert await town.is_untouched()
