"""What is wrong with a request before anybody reads what it asks: size, kind, method, and what is no HTTP at all."""

import asyncio
import json

import pytest

from tests.test_bad_input import BOOKINGS, refused, street
from tests.world import World


async def test_a_body_where_none_belongs_is_refused(world: World) -> None:
    resident = await world.resident()
    for method, path in (
        ("GET", "/v1/me"),
        ("POST", "/v1/plans/any/resume"),
        ("DELETE", "/v1/sessions/current"),
    ):
        reply = await world.call(method, path, {"field": 1}, token=resident.token)
        refused(reply, 422, None, "body_not_expected")
    assert (await world.call("GET", "/v1/me", {}, token=resident.token)).status == 200


@pytest.mark.parametrize("media", ["text/plain", "multipart/form-data", "nonsense"])
async def test_a_body_of_another_kind_is_refused(world: World, media: str) -> None:
    town = await street(world)
    reply = await town.book_raw(json.dumps(town.wish()).encode(), Content_Type=media)
    assert reply.status in ((400, 415) if media == "multipart/form-data" else (415,)), reply.body
    assert await town.is_untouched()


async def test_what_tools_call_a_form_by_default_is_read_as_json(world: World) -> None:
    town = await street(world)
    form = "application/x-www-form-urlencoded"
    assert (await town.book_raw(json.dumps(town.wish()).encode(), Content_Type=form)).status == 201
    refused(await town.book_raw(b"service_id=1", Content_Type=form), 422, None, "invalid")


async def test_json_may_name_its_charset(world: World) -> None:
    town = await street(world)
    raw = json.dumps(town.wish()).encode()
    assert (await town.book_raw(raw, Content_Type="Application/JSON; charset=utf-8")).status == 201


async def test_of_two_equal_names_the_last_counts(world: World) -> None:
    resident = await world.resident()
    reply = await world.call("PATCH", "/v1/me", raw=b'{"name": "A", "name": "B"}', token=resident.token)
    assert (reply.status, reply.json["name"]) == (200, "B")


async def said(world: World, *parts: bytes) -> bytes:
    """What comes back, until the server closes, to bytes that no client library would send."""
    host, port = world.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def head(path: str, *headers: str) -> bytes:
    return "\r\n".join((f"POST {path} HTTP/1.1", "Host: x", *headers, "", "")).encode()


async def test_a_huge_body_is_refused_by_its_announcement_alone(world: World) -> None:
    announced = head(BOOKINGS, "Content-Type: application/json", "Content-Length: 5000000000")
    answer = await said(world, announced, b'{"note": "')
    first, _, rest = answer.partition(b"\r\n")
    assert first == b"HTTP/1.1 413 Content Too Large"
    error = json.loads(rest.partition(b"\r\n\r\n")[2])["error"]
    assert error["code"] == "too_large"
    assert b"Connection: close" in rest


async def test_a_huge_body_in_chunks_is_refused_on_the_way(world: World) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    most = world.house.settings.http.max_body_bytes
    chunked = head("/v1/sessions", "Content-Type: application/json", "Transfer-Encoding: chunked")
    answer = await said(world, chunked, *[chunk] * (most // 0x10000 + 1))
    assert answer.startswith(b"HTTP/1.1 413 ") or not answer  # not read to its end, so the reply may be lost
    assert (await world.call("GET", "/health/live")).status == 200


async def test_a_client_that_sends_it_all_still_reads_the_refusal(world: World) -> None:
    resident = await world.resident()
    body = b'{"note": "' + b"x" * (2 << 20) + b'"}'
    reply = await world.call("POST", BOOKINGS, raw=body, token=resident.token)
    refused(reply, 413, None, "too_large")


async def test_the_largest_body_that_is_allowed_is_read(world: World) -> None:
    resident = await world.resident()
    most = world.house.settings.http.max_body_bytes
    body = b"{" + b" " * (most - 2) + b"}"
    refused(await world.call("POST", BOOKINGS, raw=body, token=resident.token), 422, "service_id")


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 20_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET /health/live\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
        b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    ],
    ids=range(10),
)
async def test_what_is_no_http_closes_that_connection_and_no_other(world: World, request_line: bytes) -> None:
    answer = await said(world, request_line)
    assert not answer or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 ")), answer
    assert (await world.call("GET", "/health/live")).status == 200


async def test_a_method_that_is_not_offered_names_those_that_are(world: World) -> None:
    for method, path, allowed in (
        ("PUT", "/v1/me", "HEAD, GET, POST, PATCH, DELETE"),
        ("PUT", BOOKINGS, "POST"),
        ("OPTIONS", "/v1/cases", "HEAD, GET"),
        ("TRACE", "/health/live", "HEAD, GET"),
    ):
        reply = await world.call(method, path)
        refused(reply, 405, None, "method_not_allowed")
        assert reply.headers["Allow"] == allowed


async def test_head_is_get_without_the_body(world: World) -> None:
    resident = await world.resident()
    for path, token in (
        ("/v1/me", resident.token),
        ("/openapi.json", None),
        ("/v1/cases/none", resident.token),
    ):
        whole, bare = [await world.call(method, path, token=token) for method in ("GET", "HEAD")]
        assert (bare.status, bare.body) == (whole.status, b"")
        assert bare.headers["Content-Type"] == whole.headers["Content-Type"]
