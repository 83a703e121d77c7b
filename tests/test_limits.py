"""Whose request it is behind a proxy, and what they are told who ask too often."""

from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.staff import Grant
from server.audit import AUDIT
from server.config import Limits
from tests.houses import NextDoor, next_door
from tests.world import Reply, World

NARROW = Limits(actor_per_s=0.1, actor_burst=5, address_per_s=0.1, address_burst=3)


def guarded(world: World, *proxies: str, limits: Limits = NARROW) -> AbstractAsyncContextManager[NextDoor]:
    """The house as it stands behind those proxies."""
    http = replace(world.house.settings.http, proxies=list(proxies))
    return next_door(world, http=http, limits=limits)


def told_to_wait(reply: Reply) -> None:
    assert (reply.status, reply.code) == (429, "asked_too_often")
    assert "快" in reply.json["error"]["message"]
    assert 1 <= int(reply.headers["Retry-After"]) <= 10


@pytest.mark.parametrize("path", ["/v1/services", "/v1/me"])  # one from memory, one the usual way
async def test_who_asks_too_often_waits_while_others_are_served(world: World, path: str) -> None:
    greedy, other = await world.resident(), await world.resident()
    async with guarded(world) as door:
        replies = [await door.meets(greedy).get(path) for _ in range(6)]
        assert [one.status for one in replies[:5]] == [200] * 5
        told_to_wait(replies[5])
        told_to_wait(await door.meets(greedy).post("/v1/bookings", {}))
        assert (await door.meets(other).get(path)).status == 200
        assert (await door.call("GET", "/health/live")).status == 200
    assert (await greedy.get(path)).status == 200


async def test_who_is_not_signed_in_is_counted_by_address(world: World) -> None:
    async with guarded(world, "127.0.0.1") as door:

        async def asked(address: str, token: str | None = None) -> Reply:
            headers = {"X-Forwarded-For": address}
            if token:
                return await door.call("GET", "/v1/me", token=token, headers=headers)
            return await door.call("POST", "/v1/sessions", {"code": "x"}, headers=headers)

        replies = [await asked("203.0.113.7") for _ in range(3)]
        assert 429 not in [one.status for one in replies]
        told_to_wait(await asked("203.0.113.7"))
        told_to_wait(await asked("203.0.113.7", token="made-up"))
        assert (await asked("203.0.113.8", token="made-up")).status == 401
        for path in ("/health/live", "/metrics"):
            here = {"X-Forwarded-For": "203.0.113.7"}
            assert [(await door.call("GET", path, headers=here)).status for _ in range(5)] == [200] * 5


async def test_a_proxy_that_is_not_named_is_not_taken_for_one_caller(world: World) -> None:
    async with guarded(world) as door:
        replies = [await door.call("POST", "/v1/sessions", {"code": "x"}) for _ in range(8)]
    assert 429 not in [one.status for one in replies]


@pytest.mark.parametrize(
    ("proxies", "chain", "address"),
    [
        (("127.0.0.1",), "203.0.113.7", "203.0.113.7"),
        (("127.0.0.1",), "6.6.6.6, 203.0.113.7", "203.0.113.7"),
        (("127.0.0.0/8", "10.1.0.0/16"), "6.6.6.6, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        (("::1", "127.0.0.1"), "2001:db8::7", "2001:db8::7"),
        (("127.0.0.1",), "not an address", "127.0.0.1"),
        (("127.0.0.1",), "", "127.0.0.1"),
        (("10.1.0.0/16",), "203.0.113.7", "127.0.0.1"),
        ((), "203.0.113.7", "127.0.0.1"),
    ],
)
async def test_the_audit_has_the_address_that_our_own_proxy_gives(
    world: World, proxies: tuple[str, ...], chain: str, address: str
) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    headers: dict[str, Any] = {"X-Forwarded-For": chain, "X-Real-Ip": "6.6.6.6"}
    async with guarded(world, *proxies, limits=Limits()) as door:
        path = f"/v1/cases/{case_no}/confirm"
        done = await door.call("POST", path, {}, token=shop.manager.token, headers=headers)
        assert done.status == 200, done.body
    entries = await world.house.db.reading(
        lambda reader: reader.all(AUDIT, {"actor_id": shop.manager.id, "what": "booking.confirm"}, limit=10)
    )
    assert [one.ip for one in entries] == [address]


async def test_what_the_proxy_says_of_one_request_is_not_said_of_the_next(world: World) -> None:
    """The proxy keeps its connection for everybody."""
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))
    async with guarded(world, "127.0.0.1") as door:
        for address, status in (("203.0.113.7", 401), ("203.0.113.7", 401), ("203.0.113.7", 401)):
            reply = await door.call("GET", "/v1/me", token="x", headers={"X-Forwarded-For": address})
            assert reply.status == status
        assert (await door.call("GET", "/v1/me", token="x")).status == 401
        assert (await door.meets(clerk).get("/v1/cases")).status == 200
