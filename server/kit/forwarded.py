"""Whose request it is when a proxy stands in front: the proxy says so, and nobody else is believed."""

import functools
import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine
from tornado.netutil import is_valid_ip


def trusted(proxies: Sequence[str]) -> Callable[[str], bool]:
    """Is this one of our proxies? They are given as addresses or networks."""
    networks = [ipaddress.ip_network(one, strict=False) for one in proxies]

    @functools.lru_cache(1024)
    def known(address: str) -> bool:
        return is_valid_ip(address) and any(ipaddress.ip_address(address) in one for one in networks)

    return known


class Forwarded(HTTPMessageDelegate):
    """Stands before the application for one request, and puts the client's address in the place of the proxy's."""

    def __init__(
        self, application: HTTPMessageDelegate, connection: Any, is_proxy: Callable[[str], bool]
    ) -> None:
        self._application = application
        self._context = connection.context
        self._is_proxy = is_proxy

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        address = self._context.address
        peer = address[0] if isinstance(address, tuple) else ""
        self._context.remote_ip, self._context.protocol = peer or "0.0.0.0", "http"
        if self._is_proxy(peer):
            self._context.remote_ip = self._client(peer, headers.get("X-Forwarded-For", ""))
            if headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip() == "https":
                self._context.protocol = "https"
        return self._application.headers_received(start_line, headers)

    def _client(self, peer: str, chain: str) -> str:
        """The last in the chain that is none of ours: what stands before it was written by anybody."""
        for one in map(str.strip, reversed(chain.split(","))):
            if not is_valid_ip(one):
                break
            peer = one
            if not self._is_proxy(one):
                break
        return peer

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return self._application.data_received(chunk)

    def finish(self) -> None:
        self._application.finish()

    def on_connection_close(self) -> None:
        self._application.on_connection_close()
