"""The HTTP server seen by slow, greedy and loyal clients, and on its way out."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tornado.web import Application, RequestHandler

from server.config import Http
from server.kit import supervise
from server.kit.lifecycle import Lifecycle
from server.kit.serving import serve

from .waiting import until

FAST = Http(idle_s=0.3, body_s=0.3, drain_s=2.0, max_header_bytes=4096, max_body_bytes=10_000)
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Hello(RequestHandler):
    """Answers when it is let: `gate` is open unless a test closes it."""

    def initialize(self, lifecycle: Lifecycle, gate: asyncio.Event) -> None:
        self.lifecycle, self.gate = lifecycle, gate

    def prepare(self) -> None:
        self.lifecycle.in_flight += 1

    def on_finish(self) -> None:
        self.lifecycle.in_flight -= 1

    async def get(self) -> None:
        await self.gate.wait()
        self.write("hello")

    async def post(self) -> None:
        self.write(str(len(self.request.body)))


class House:
    """A running server and what its clients do to it."""

    def __init__(self) -> None:
        self.stop, self.gate, self.lifecycle = asyncio.Event(), asyncio.Event(), Lifecycle()
        self.gate.set()
        self.sockets = supervise.listen("127.0.0.1", 0)
        self.port = self.sockets[0].getsockname()[1]

    async def run(self, http: Http, ready: asyncio.Event) -> None:
        facts = {"lifecycle": self.lifecycle, "gate": self.gate}
        application = Application([("/", Hello, facts)], lifecycle=self.lifecycle)
        await serve(application, self.sockets, http, self.stop, ready.set)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, request: bytes) -> bytes:
        """All that comes back until the server closes."""
        reader, writer = await self.connect()
        writer.write(request)
        try:
            async with asyncio.timeout(5):
                return await reader.read()
        finally:
            writer.close()


@asynccontextmanager
async def open_house(http: Http = FAST) -> AsyncIterator[House]:
    house, ready = House(), asyncio.Event()
    running = asyncio.create_task(house.run(http, ready), name="house")
    await ready.wait()
    try:
        yield house
    finally:
        house.gate.set()
        house.stop.set()
        await running


async def reply(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split()[0])
    return head, await reader.readexactly(length)


def test_a_connection_that_drips_its_headers_is_closed_while_others_are_served() -> None:
    async def story() -> None:
        async with open_house() as house:
            slow_reader, slow_writer = await house.connect()
            slow_writer.write(b"GET / HTTP/1.1\r\nHo")
            reader, writer = await house.connect()
            writer.write(GET)
            assert (await reply(reader))[1] == b"hello"
            async with asyncio.timeout(3):
                assert await slow_reader.read() == b""
            slow_writer.close()
            writer.close()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("what", "request_bytes"),
    [
        ("a body that does not come", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort"),
        ("headers that are too long", b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 9000 + b"\r\n\r\n"),
        ("a body that is too long", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10001\r\n\r\n"),
    ],
)
def test_what_goes_beyond_a_limit_ends_the_connection(what: str, request_bytes: bytes) -> None:
    async def story() -> None:
        async with open_house() as house:
            assert b"200 OK" not in await house.ask(request_bytes), what

    asyncio.run(story())


def test_draining_finishes_what_is_in_flight_and_says_goodbye() -> None:
    async def story() -> None:
        async with open_house() as house:
            house.gate.clear()
            reader, writer = await house.connect()
            writer.write(GET)
            await until(lambda: house.lifecycle.in_flight)
            house.stop.set()
            await until(lambda: house.lifecycle.draining)
            with pytest.raises(OSError):
                await house.connect()
            house.gate.set()
            head, body = await reply(reader)
            assert body == b"hello"
            assert b"connection: close" in head.lower()
            writer.close()

    asyncio.run(story())


def test_a_request_already_on_an_idle_connection_is_still_answered_while_draining() -> None:
    async def story() -> None:
        async with open_house() as house:
            reader, writer = await house.connect()
            writer.write(GET)
            await reply(reader)
            house.stop.set()
            await until(lambda: house.lifecycle.draining)
            writer.write(GET)
            head, body = await reply(reader)
            assert body == b"hello"
            assert b"connection: close" in head.lower()
            writer.close()

    asyncio.run(story())


def test_draining_waits_no_longer_than_it_was_told() -> None:
    async def story() -> None:
        ready = asyncio.Event()
        house = House()
        house.gate.clear()
        impatient = Http(drain_s=0.2)
        running = asyncio.create_task(house.run(impatient, ready), name="house")
        await ready.wait()
        reader, writer = await house.connect()
        writer.write(GET)
        await until(lambda: house.lifecycle.in_flight)
        house.stop.set()
        async with asyncio.timeout(2):
            await running
            assert await reader.read() == b""
        writer.close()

    asyncio.run(story())


def test_an_adopted_socket_is_the_same_port() -> None:
    (listening,) = supervise.listen("127.0.0.1", 0)
    (adopted,) = supervise.adopt([socket.dup(listening.fileno())])
    assert adopted.getsockname() == listening.getsockname()
    listening.close()
    adopted.close()
