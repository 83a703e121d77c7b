"""HTTP that never blocks the loop, answering in the shape wechatpy expects a response to have."""

import socket
from functools import cached_property
from typing import Any
from urllib.parse import urlencode, urlsplit

from tornado.httpclient import HTTPError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders, HTTPInputError
from tornado.simple_httpclient import HTTPTimeoutError, SimpleAsyncHTTPClient

MAX_ANSWER_BYTES = 4 << 20
UNSENT = (ConnectionRefusedError, socket.gaierror)


class NoAnswer(Exception):
    """Nothing usable came back. `sent` is False where the platform cannot have acted on the request."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        self.reason = reason
        self.sent = sent
        super().__init__(reason)


class Answer:
    """The four attributes that wechatpy reads of a response."""

    def __init__(self, response: HTTPResponse) -> None:
        self.content: bytes = response.body or b""
        self.headers: HTTPHeaders = response.headers
        self.request: HTTPRequest = response.request
        self.status_code: int = response.code


class Transport:
    """Asks below `base_url`, whatever host the SDK has written into its addresses."""

    def __init__(self, base_url: str, *, timeout_s: float, max_clients: int) -> None:
        self._base_url = base_url.rstrip("/")
        self._timeout_s = timeout_s
        self._max_clients = max_clients

    async def fetch(self, method: str, url: str, params: dict[str, Any], body: bytes | None) -> Answer:
        """The answer, when its status is 2xx. Raises NoAnswer for all else; redirects are not followed."""
        try:
            response = await self._http.fetch(self._request(method, url, params, body), raise_error=False)
        except HTTPTimeoutError:
            raise NoAnswer("timeout", sent=True) from None
        except UNSENT:
            raise NoAnswer("unreachable", sent=False) from None
        except (HTTPError, HTTPInputError, OSError):
            raise NoAnswer("connection_lost", sent=True) from None
        if not 200 <= response.code < 300:
            raise NoAnswer(f"http_{response.code}", sent=True)
        return Answer(response)

    def close(self) -> None:
        opened = self.__dict__.pop("_http", None)
        if opened is not None:
            opened.close()

    @cached_property
    def _http(self) -> SimpleAsyncHTTPClient:
        """Made at the first request: the client belongs to the loop that runs then."""
        return SimpleAsyncHTTPClient(
            force_instance=True, max_clients=self._max_clients, max_body_size=MAX_ANSWER_BYTES
        )

    def _request(self, method: str, url: str, params: dict[str, Any], body: bytes | None) -> HTTPRequest:
        query = urlencode({key: value for key, value in params.items() if value is not None})
        return HTTPRequest(
            f"{self._base_url}{urlsplit(url).path}" + (f"?{query}" if query else ""),
            method=method.upper(),
            headers={"Content-Type": "application/json"} if body is not None else None,
            body=body,
            connect_timeout=self._timeout_s,
            request_timeout=self._timeout_s,
            follow_redirects=False,
            allow_nonstandard_methods=True,
        )
