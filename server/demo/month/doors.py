"""HTTP to a running demo and to the stand-in beside it, as whoever is signed in.

Who is asked to slow down waits and asks again under the same key, as the mini-program does.
"""

import asyncio
import json
from typing import Any
from uuid import uuid4

from tornado.httpclient import AsyncHTTPClient, HTTPRequest

_LATER = (429, 503, 599)
_TRIES, _WAIT_S, _TIMEOUT_S = 60, 1.0, 30.0
_BAD = 400


class Refused(Exception):
    """The server has said no; the text has the address, the status and its words."""


class Doors:
    """`web` and `sandbox` are addresses without a path."""

    def __init__(self, web: str, sandbox: str) -> None:
        self._web, self._sandbox = web, sandbox
        self._client = AsyncHTTPClient(force_instance=True)
        self._tokens: dict[str, str] = {}

    def close(self) -> None:
        self._client.close()

    async def resident(self, openid: str) -> str:
        """A token of theirs, got the first time with the code that wx.login would have given."""
        if openid not in self._tokens:
            code = (await self.control("codes", openid=openid))["code"]
            self._tokens[openid] = str((await self.post("/v1/sessions", {"code": code}))["token"])
        return self._tokens[openid]

    async def staff(self, userid: str) -> str:
        code = (await self.control("wecom-codes", userid=userid))["code"]
        return str((await self.post("/v1/staff-sessions", {"code": code}))["token"])

    async def control(self, name: str, /, **body: Any) -> Any:
        """What a phone or an outside office does."""
        return await self._ask("POST", f"{self._sandbox}/_control/{name}", json.dumps(body).encode(), {})

    async def get(self, path: str, token: str) -> Any:
        return await self._ask("GET", self._web + path, None, {"Authorization": f"Bearer {token}"})

    async def file(self, path: str, token: str) -> str:
        """What is no JSON."""
        reply = await self._answer("GET", self._web + path, None, {"Authorization": f"Bearer {token}"})
        return reply.decode()

    async def post(self, path: str, body: Any, token: str = "") -> Any:
        """`body` is JSON, or bytes that are sent as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Idempotency-Key": uuid4().hex, "Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return await self._ask("POST", self._web + path, content, headers)

    async def _ask(self, method: str, url: str, content: bytes | None, headers: dict[str, str]) -> Any:
        reply = await self._answer(method, url, content, headers)
        return json.loads(reply) if reply else None

    async def _answer(self, method: str, url: str, content: bytes | None, headers: dict[str, str]) -> bytes:
        """Raises Refused."""
        request = HTTPRequest(
            url,
            method=method,
            headers=headers,
            body=content,
            request_timeout=_TIMEOUT_S,
            connect_timeout=_TIMEOUT_S,
        )
        for _ in range(_TRIES):
            reply = await self._client.fetch(request, raise_error=False)
            if reply.code not in _LATER:
                break
            await asyncio.sleep(_WAIT_S)
        if reply.code >= _BAD:
            said = (reply.body or b"").decode("utf-8", "replace")
            raise Refused(f"{method} {url}: {reply.code} {said[:200]}")
        return reply.body or b""
