"""The HTTP server with the limits that were measured, and the way out that drops no request.

Leaving: stop accepting (the other processes that hold the same listening socket take over), readiness off,
every reply says `Connection: close`, wait for what is in flight, then close what is left.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, HTTPServerRequest
from tornado.web import Application, OutputTransform

from server.config import Http
from server.kit.forwarded import Forwarded, trusted
from server.kit.lifecycle import Lifecycle
from server.kit.limits import Bounded

LINGER_S = 0.5
"""An idle keep-alive connection may carry a request already sent: it gets this long to arrive."""

log = structlog.get_logger(__name__)


async def serve(
    application: Application,
    sockets: Iterable[socket.socket],
    http: Http,
    stop: asyncio.Event,
    ready: Callable[[], None] | None = None,
) -> None:
    """Serve until `stop` is set, then drain; `ready` is called once connections are accepted.

    `application.settings["lifecycle"]` is the Lifecycle that the handlers keep; a missing one is put there.
    `application.settings["largest_body"]` says by a path how large a body may be there, None for as large as usual.
    """
    lifecycle: Lifecycle = application.settings.setdefault("lifecycle", Lifecycle())
    application.add_transform(_goodbye(lifecycle))
    server = _Server(
        application,
        idle_connection_timeout=http.idle_s,
        body_timeout=http.body_s,
        max_header_size=http.max_header_bytes,
        max_body_size=http.max_body_bytes,
        max_buffer_size=2 * http.max_body_bytes,
        decompress_request=False,
    )
    server.is_proxy = trusted(http.proxies) if http.proxies else None
    server.larger_bodies = application.settings.get("largest_body", server.larger_bodies)
    server.add_sockets(sockets)
    try:
        if ready:
            ready()
        await stop.wait()
    finally:
        await _drain(server, lifecycle, http.drain_s)


class _Server(HTTPServer):
    larger_bodies: Callable[[str], int | None] = staticmethod(lambda path: None)
    is_proxy: Callable[[str], bool] | None = None

    def start_request(self, server_conn: object, request_conn: Any) -> HTTPMessageDelegate:
        application = super().start_request(server_conn, request_conn)
        larger = self.larger_bodies
        bounded = Bounded(application, request_conn, self.conn_params.max_body_size or 0, larger)
        return Forwarded(bounded, request_conn, self.is_proxy) if self.is_proxy else bounded

    def busy(self) -> bool:
        """Is there a connection with a reply not yet sent?"""
        return any(connection.stream.writing() for connection in self._connections)

    def open_connections(self) -> int:
        return len(self._connections)


def _goodbye(lifecycle: Lifecycle) -> type[OutputTransform]:
    class Goodbye(OutputTransform):
        def __init__(self, request: HTTPServerRequest) -> None:
            pass

        def transform_first_chunk(
            self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
        ) -> tuple[int, HTTPHeaders, bytes]:
            if lifecycle.draining:
                headers["Connection"] = "close"
            return status_code, headers, chunk

    return Goodbye


async def _drain(server: _Server, lifecycle: Lifecycle, patience_s: float) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    lifecycle.draining = True
    server.stop()
    left = began + patience_s
    await lifecycle.idle(patience_s)
    quiet_since = loop.time()
    while server.open_connections() and loop.time() < left:
        if lifecycle.in_flight or server.busy():
            quiet_since = loop.time()
        elif loop.time() - quiet_since > LINGER_S:
            break
        await asyncio.sleep(0.01)
    if lifecycle.in_flight:
        log.warning("serving.cut_off", in_flight=lifecycle.in_flight)
    await server.close_all_connections()
    log.info("serving.drained", took_s=round(loop.time() - began, 3))
