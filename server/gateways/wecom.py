"""One app of the street office at WeCom, through wechatpy. Each app has its own secret, so its own token."""

from typing import Any, ClassVar

from wechatpy.work.client import WeChatClient as WorkClient
from wechatpy.work.client.api import WeChatOAuth

from server.gateways.breaker import Breaker
from server.gateways.calls import Calls, Observe, Retry, unobserved
from server.gateways.client import AsyncClient
from server.gateways.errors import WECOM
from server.gateways.transport import NoAnswer, Transport
from server.kit.clock import Clock
from server.kit.platform import OutsideCompany


class MemberApi(WeChatOAuth):
    def get_user_info(self, code: str) -> Any:
        """The present address; wechatpy's own names its fields differently."""
        return self._get("auth/getuserinfo", params={"code": code})


class AppClient(AsyncClient, WorkClient):
    """Here 40001 is a bad secret, which no new token cures."""

    STALE_TOKEN: ClassVar[frozenset[int]] = frozenset({40014, 42001})
    oauth = MemberApi()

    def __init__(self, transport: Transport, clock: Clock, corpid: str, secret: str) -> None:
        super().__init__(corpid, secret, auto_retry=False)
        self.adopt(transport, clock)

    async def _ask_token(self) -> dict[str, Any]:
        credentials = {"corpid": self.corp_id, "corpsecret": self.secret}
        answer: dict[str, Any] = await self._exchange("get", "gettoken", params=credentials)
        return answer


class WeCom:
    """Raises PlatformRefusal (OutsideCompany is one) and PlatformDown from every method, and nothing else."""

    def __init__(
        self,
        base_url: str,
        corpid: str,
        secret: str,
        *,
        timeout_s: float = 3.0,
        clock: Clock | None = None,
        breaker: Breaker | None = None,
        retry: Retry | None = None,
        observe: Observe = unobserved,
        max_clients: int = 32,
    ) -> None:
        clock = clock or Clock()
        self._transport = Transport(base_url, timeout_s=timeout_s, max_clients=max_clients)
        self._client = AppClient(self._transport, clock, corpid, secret)
        self._calls = Calls(
            table=WECOM,
            token_api="gettoken",
            breaker=breaker or Breaker(clock),
            retry=retry or Retry(),
            timeout_s=timeout_s,
            observe=observe,
        )

    async def userid_of(self, code: str) -> str:
        """The member behind an OAuth code, which works once. Raises OutsideCompany for a genuine stranger."""

        async def ask() -> str:
            match await self._client.oauth.get_user_info(code):
                case {"userid": str(userid)} if userid:
                    return userid
                case {"openid": str()} | {"external_userid": str()}:
                    raise OutsideCompany("userid_of")
            raise NoAnswer("unreadable", sent=True)

        return await self._calls.call("userid_of", ask, repeatable=False)

    async def ping(self) -> None:
        """Returns when a token can be had."""
        await self._calls.call("gettoken", self._client.token, repeatable=True)

    async def close(self) -> None:
        self._transport.close()
