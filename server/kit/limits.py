"""A body that is too large is refused by its first line, in the API's own words, and not read to its end.

Tornado alone would close the connection on a bare 400. What the client has already sent is thrown away for a moment,
so that it reads the refusal before it finds the connection closed.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec
import structlog
from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine
from tornado.iostream import IOStream, StreamClosedError

from server.kit.errors import TooLarge

LINGER_S = 1.0
_NO_LIMIT = 1 << 62

log = structlog.get_logger(__name__)


class Bounded(HTTPMessageDelegate):
    """Stands before the application for one request; `most` is the largest body in bytes, `larger` says by the path
    where it may be larger."""

    def __init__(
        self,
        application: HTTPMessageDelegate,
        connection: HTTP1Connection,
        most: int,
        larger: Callable[[str], int | None] = lambda path: None,
    ) -> None:
        self._application = application
        self._connection = connection
        self._most = most
        self._larger = larger
        self._received = 0

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        length = headers.get("Content-Length", "")
        if isinstance(start_line, RequestStartLine) and (length or "Transfer-Encoding" in headers):
            self._most = self._larger(start_line.path.partition("?")[0]) or self._most
        if length.isascii() and length.isdigit() and int(length[:20]) > self._most:
            return self._refuse_announced()
        self._connection.set_max_body_size(_NO_LIMIT)
        return self._application.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Chunks come without a sum: the one that is too much ends the request."""
        self._received += len(chunk)
        if self._received <= self._most:
            return self._application.data_received(chunk)
        self._application.on_connection_close()
        return self._refuse_received()

    def finish(self) -> None:
        self._application.finish()

    def on_connection_close(self) -> None:
        self._application.on_connection_close()

    async def _refuse_announced(self) -> None:
        await self._answer()
        stream = self._connection.detach()
        with suppress(StreamClosedError, TimeoutError):
            async with asyncio.timeout(LINGER_S):
                await _thrown_away(stream, 4 * self._most)
        stream.close()

    async def _refuse_received(self) -> None:
        await self._answer()
        self._connection.finish()

    async def _answer(self) -> None:
        request_id = secrets.token_hex(8)
        log.info("serving.too_large", request_id=request_id, most=self._most)
        body = msgspec.json.encode(TooLarge().body(request_id))
        headers = HTTPHeaders(
            {
                "Content-Type": "application/json; charset=utf-8",
                "Content-Length": str(len(body)),
                "Connection": "close",
            }
        )
        with suppress(StreamClosedError):
            start_line = ResponseStartLine("HTTP/1.1", TooLarge.status, "Content Too Large")
            await self._connection.write_headers(start_line, headers, body)


async def _thrown_away(stream: IOStream, most: int) -> None:
    while most > 0:
        most -= len(await stream.read_bytes(64 * 1024, partial=True))
