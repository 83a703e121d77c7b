"""The mini-program's server side at WeChat, through wechatpy.

wechatpy 2.0.0a26 lacks or predates several calls; `MiniProgramApi` states them as documented in 2026.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from wechatpy.client import WeChatClient
from wechatpy.client.api import WeChatWxa

from server.gateways.client import AsyncClient
from server.gateways.errors import MINI_PROGRAM
from server.gateways.facade import Facade, said_ok
from server.gateways.transport import Answer, NoAnswer, Transport
from server.kit.clock import Clock
from server.kit.platform import Action, PlatformRefusal
from server.kit.template_rules import fit, violations

Verdict = Literal["pass", "review", "risky"]
VERDICTS: tuple[Verdict, ...] = ("pass", "review", "risky")  # from good to bad
TEXT_PIECE = 2_500


@dataclass(frozen=True, slots=True)
class LoginResult:
    """Who logged in. `session_key` never leaves the server, nor enters a log."""

    openid: str
    session_key: str = field(repr=False)
    unionid: str | None = None


class MiniProgramApi(WeChatWxa):
    """Each method returns the coroutine of the client's `_request`."""

    def get_phone_number(self, code: str, openid: str) -> Any:
        """With the openid the platform checks that the code was made for this very person."""
        return self._post("wxa/business/getuserphonenumber", data={"code": code, "openid": openid})

    def check_session(self, openid: str, session_key: str) -> Any:
        signature = hmac.new(session_key.encode(), b"", hashlib.sha256).hexdigest()
        return self._get(
            "wxa/checksession",
            params={"openid": openid, "signature": signature, "sig_method": "hmac_sha256"},
        )

    def send_subscribe_message(self, message: Mapping[str, Any]) -> Any:
        return self._post("cgi-bin/message/subscribe/send", data=dict(message))

    def check_text_security(self, content: str, openid: str, scene: int) -> Any:
        return self._post(
            "wxa/msg_sec_check",
            data={"content": content, "version": 2, "scene": scene, "openid": openid},
        )

    def get_wxa_code_unlimited(self, code: Mapping[str, Any]) -> Any:
        return self._post("wxa/getwxacodeunlimit", data=dict(code))


class MiniProgramClient(AsyncClient, WeChatClient):
    """wechatpy's client on our transport, with the stable token that all processes may fetch side by side."""

    STALE_TOKEN: ClassVar[frozenset[int]] = frozenset({40001, 40014, 42001})
    wxa = MiniProgramApi()

    def __init__(self, transport: Transport, clock: Clock, appid: str, secret: str) -> None:
        super().__init__(appid, secret, auto_retry=False)
        self.adopt(transport, clock)

    async def _ask_token(self) -> dict[str, Any]:
        """Never with force_refresh: that would kill the token which the other processes are using."""
        answer: dict[str, Any] = await self._exchange(
            "post",
            "stable_token",
            data={
                "grant_type": "client_credential",
                "appid": self.appid,
                "secret": self.secret,
                "force_refresh": False,
            },
        )
        return answer


class WeChat(Facade[MiniProgramClient]):
    """Raises PlatformRefusal and PlatformDown (server.kit.platform) from every method, and nothing else."""

    TABLE = MINI_PROGRAM
    TOKEN_API = "stable_token"

    def _connected(self, transport: Transport, clock: Clock, account: str, secret: str) -> MiniProgramClient:
        return MiniProgramClient(transport, clock, account, secret)

    async def code_to_session(self, code: str) -> LoginResult:
        """Who wx.login's code belongs to. A code works once, so a lost answer is not asked for again."""

        async def ask() -> LoginResult:
            match await self._client.wxa.code_to_session(code):
                case {"openid": str(openid), "session_key": str(session_key), **more} if openid:
                    return LoginResult(openid, session_key, _text(more.get("unionid")))
            raise NoAnswer("unreadable", sent=True)

        return await self._calls.call("code_to_session", ask, repeatable=False)

    async def phone_number(self, code: str, openid: str) -> str:
        """The number behind getPhoneNumber's code: bare for mainland China, else with its area code."""

        async def ask() -> str:
            match await self._client.wxa.get_phone_number(code, openid):
                case {"phone_info": {"countryCode": country, "purePhoneNumber": str(bare)}} if (
                    bare and str(country) == "86"
                ):
                    return bare
                case {"phone_info": {"phoneNumber": str(full)}} if full:
                    return full
            raise NoAnswer("unreadable", sent=True)

        return await self._calls.call("phone_number", ask, repeatable=False)

    async def check_session(self, openid: str, session_key: str) -> None:
        """Returns while the session_key is good; PlatformRefusal with `relogin` once it is not."""

        async def ask() -> None:
            said_ok(await self._client.wxa.check_session(openid, session_key))

        await self._calls.call("check_session", ask, repeatable=True)

    async def send_subscribe(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        page: str | None = None,
        *,
        state: str = "formal",
        lang: str = "zh_CN",
    ) -> str:
        """Spend one credit of this person. → the platform's number of the message, empty where it tells none

        PlatformDown with `uncertain` may mean that it was delivered.

        Values too long for their type are shortened; what breaks its rule all the same is refused here, with
        the errcode the platform would give.
        """
        data = fitted(data)
        message = {
            "touser": openid,
            "template_id": template_id,
            "data": {key: {"value": value} for key, value in data.items()},
            "miniprogram_state": state,
            "lang": lang,
        }
        if page:
            message["page"] = page

        async def ask() -> str:
            told = await self._client.wxa.send_subscribe_message(message)
            said_ok(told)
            return str(told.get("msgid") or "")

        return await self._calls.call("send_subscribe", ask, repeatable=False)

    async def check_text(self, openid: str, content: str, scene: int) -> Verdict:
        """The worst verdict over all of the text; `scene` is 1 profile, 2 comment, 3 forum, 4 social log."""
        pieces = [content[start : start + TEXT_PIECE] for start in range(0, len(content), TEXT_PIECE)]
        verdicts = await asyncio.gather(*(self._check_piece(openid, piece, scene) for piece in pieces))
        return max(verdicts, key=VERDICTS.index, default="pass")

    async def _check_piece(self, openid: str, piece: str, scene: int) -> Verdict:
        async def ask() -> Verdict:
            match await self._client.wxa.check_text_security(piece, openid, scene):
                case {"result": {"suggest": "pass" | "review" | "risky" as verdict}}:
                    return verdict
            raise NoAnswer("unreadable", sent=True)

        return await self._calls.call("check_text", ask, repeatable=True)

    async def wxacode(
        self,
        scene: str,
        page: str,
        *,
        check_path: bool = True,
        env_version: str = "release",
        width: int = 430,
    ) -> bytes:
        """The image of a permanent code; `scene` has at most 32 characters, `page` no leading slash."""
        code = {
            "scene": scene,
            "page": page,
            "check_path": check_path,
            "env_version": env_version,
            "width": width,
        }

        async def ask() -> bytes:
            answer = await self._client.wxa.get_wxa_code_unlimited(code)
            if isinstance(answer, Answer) and answer.content:
                return answer.content
            raise NoAnswer("unreadable", sent=True)

        return await self._calls.call("wxacode", ask, repeatable=True)


def fitted(data: Mapping[str, str]) -> dict[str, str]:
    """The values as the rules of their types want them. Raises PlatformRefusal where no cutting helps."""
    fitting = {key: fit(key, value) for key, value in data.items()}
    if faults := violations(fitting):
        raise PlatformRefusal("send_subscribe", 47003, "; ".join(faults), Action.fix_data)
    return fitting


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
