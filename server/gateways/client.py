"""wechatpy's client made asynchronous at its one seam, `_request`; everything above it works unchanged.

Replaced is what would hurt here: the blocking `requests.Session`, the token fetch without a lock (each of
several callers fetching its own), and the repeat without end when a new token is refused as well.
"""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from wechatpy.client.base import BaseWeChatClient
from wechatpy.exceptions import WeChatClientException

from server.gateways.transport import NoAnswer, Transport
from server.kit.clock import Clock

RENEW_BEFORE_S = 120


class WouldBlock(AttributeError):
    """A helper of the SDK wanted a token at once. An AttributeError: the SDK inspects every attribute."""


class TokenRefused(WeChatClientException):
    """The errcode came from the token endpoint, not from the call that needed the token."""


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """Compared by identity: a platform may hand out the same text again."""

    text: str
    use_until: datetime


class AsyncClient(BaseWeChatClient):
    """Mixed in before a wechatpy client class; `_ask_token` says how that platform hands out tokens."""

    STALE_TOKEN: ClassVar[frozenset[int]]

    def adopt(self, transport: Transport, clock: Clock) -> None:
        """Take the place of what the SDK's constructor has set up."""
        self._http = None
        self._transport = transport
        self._clock = clock
        self._token: Token | None = None
        self._renewing = asyncio.Lock()

    @property
    def access_token(self) -> str:
        raise WouldBlock("the token is had by `await client.token()`")

    def fetch_access_token(self) -> None:
        raise WouldBlock("the token is had by `await client.token()`")

    async def token(self, stale: Token | None = None) -> Token:
        """The token in use, renewed when about to expire or equal to `stale`; one caller asks for all."""
        if held := self._usable(stale):
            return held
        async with self._renewing:
            if held := self._usable(stale):
                return held
            self._token = await self._renewed()
            return self._token

    async def _ask_token(self) -> dict[str, Any]:
        raise NotImplementedError

    async def _renewed(self) -> Token:
        """A failure here says that the call behind it was never sent."""
        try:
            return self._dated(await self._ask_token())
        except WeChatClientException as refused:
            raise TokenRefused(refused.errcode, refused.errmsg) from None
        except NoAnswer as lost:
            raise NoAnswer(lost.reason, sent=False) from None

    async def _request(self, method: str, url_or_endpoint: str, **kwargs: Any) -> Any:
        """Ask with a token, and once more with a new one when the platform calls the token stale."""
        params = kwargs.get("params") or {}
        if "secret" in params:
            return await self._exchange(method, url_or_endpoint, **kwargs)
        token = await self.token()
        try:
            return await self._exchange(method, url_or_endpoint, **_with_token(kwargs, token))
        except WeChatClientException as refused:
            if refused.errcode not in self.STALE_TOKEN:
                raise
        token = await self.token(stale=token)
        return await self._exchange(method, url_or_endpoint, **_with_token(kwargs, token))

    async def _exchange(
        self,
        method: str,
        url_or_endpoint: str,
        *,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | bytes | None = None,
        api_base_url: str | None = None,
        result_processor: Any = None,
    ) -> Any:
        """One request, its answer judged by the SDK. Raises WeChatClientException or NoAnswer."""
        url = url_or_endpoint
        if not url.startswith(("http://", "https://")):
            url = f"{api_base_url or self.API_BASE_URL}{url}"
        body = json.dumps(data, ensure_ascii=False).encode() if isinstance(data, dict) else data
        answer = await self._transport.fetch(method, url, params or {}, body)
        try:
            return self._handle_result(answer, method, url, result_processor)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise NoAnswer("unreadable", sent=True) from None

    def _usable(self, stale: Token | None) -> Token | None:
        held = self._token
        if held is None or held is stale or self._clock.now() >= held.use_until:
            return None
        return held

    def _dated(self, answer: dict[str, Any]) -> Token:
        """Renewed two minutes early: by then the next token is handed out and this one still works."""
        match answer:
            case {"access_token": str(text), "expires_in": int(seconds)} if text:
                lasts = max(seconds - RENEW_BEFORE_S, seconds // 2)
                return Token(text, self._clock.now() + timedelta(seconds=lasts))
        raise NoAnswer("unreadable", sent=True)


def _with_token(kwargs: dict[str, Any], token: Token) -> dict[str, Any]:
    return {**kwargs, "params": {**(kwargs.get("params") or {}), "access_token": token.text}}
