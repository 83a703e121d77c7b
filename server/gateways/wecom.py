"""One app of the street office at WeCom, through wechatpy. Each app has its own secret, so its own token."""

import asyncio
from typing import Any, ClassVar

from wechatpy.work.client import WeChatClient as WorkClient
from wechatpy.work.client.api import WeChatOAuth

from server.gateways.client import AsyncClient
from server.gateways.errors import WECOM
from server.gateways.facade import Facade, said_ok
from server.gateways.transport import NoAnswer, Transport
from server.gateways.wecom_directory import Directory
from server.kit.clock import Clock
from server.kit.platform import Action, OutsideCompany, PlatformRefusal

TITLE_BYTES, CARD_BYTES, TEXT_BYTES, URL_BYTES = 128, 512, 2_048, 2_048
"""Older pages count the first two in bytes, the present one in characters: bytes are safe for both."""
NO_CALLBACK, NO_CARDS_S = 43012, 60.0
"""An app without a callback address may send no cards: for a minute nobody asks again."""
TASK_ID_USED = 42014
"""Ours are well-formed: it can only have been used."""
ONCE = {"enable_duplicate_check": 1, "duplicate_check_interval": 600}
_WIDE = str.maketrans("<>", "＜＞")


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


class WeCom(Directory, Facade[AppClient]):
    """Raises PlatformRefusal (OutsideCompany is one) and PlatformDown from every method, and nothing else."""

    TABLE = WECOM
    TOKEN_API = "gettoken"
    _no_cards_before = 0.0

    def _connected(self, transport: Transport, clock: Clock, account: str, secret: str) -> AppClient:
        self._open_directory(clock)
        return AppClient(transport, clock, account, secret)

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

    async def send_notice(self, agentid: int, userid: str, title: str, text: str, url: str = "") -> None:
        """A work notice to one member: a card that opens `url`, or plain text where there is none.

        What is too long is cut. Raises PlatformRefusal with `drop_recipient` when the platform cannot reach them,
        also where it says so beside errcode 0. The platform drops what is sent again within ten minutes word for
        word, so one may ask again where the answer was lost.
        """
        message = notice(title, text, url) | ONCE

        async def ask() -> None:
            answer = await self._client.message.send(agentid, userid, msg=message)
            _reached("send_notice", answer, userid)

        await self._calls.call("send_notice", ask, repeatable=True)

    async def send_card(self, agentid: int, userid: str, card: dict[str, Any]) -> str:
        """A card with buttons to one member; the code by which it can be changed, once and within 72 hours.

        The empty word says that the platform has had this `task_id` before: the answer to that was lost, and the code
        with it. Raises PlatformRefusal as `send_notice` does.
        """

        loop = asyncio.get_running_loop()
        if loop.time() < self._no_cards_before:
            raise PlatformRefusal("send_card", NO_CALLBACK, "", Action.config_alert)

        async def ask() -> str:
            answer = await self._client.message.send(
                agentid, userid, msg={"msgtype": "template_card", "template_card": card}
            )
            _reached("send_card", answer, userid)
            return str(answer.get("response_code") or "")

        try:
            return await self._calls.call("send_card", ask, repeatable=False)
        except PlatformRefusal as refusal:
            if refusal.errcode == TASK_ID_USED:
                return ""
            if refusal.errcode == NO_CALLBACK:
                self._no_cards_before = loop.time() + NO_CARDS_S
            raise

    async def update_card(self, agentid: int, userid: str, response_code: str, card: dict[str, Any]) -> None:
        """Put another face on a card that a member has got; the code, from its sending or from a tap, is spent by it.

        Raises PlatformRefusal with `give_up` when the code was used before or is too old.
        """
        change = {
            "userids": [userid],
            "agentid": agentid,
            "response_code": response_code,
            "template_card": card,
        }

        async def ask() -> None:
            said_ok(await self._client.post("message/update_template_card", data=change))

        await self._calls.call("update_card", ask, repeatable=False)


def _reached(api: str, answer: Any, userid: str) -> None:
    """Beside errcode 0 the platform names whom it could not reach."""
    said_ok(answer)
    missed = f"{answer.get('invaliduser') or ''}|{answer.get('unlicenseduser') or ''}"
    if userid.lower() in missed.lower().split("|"):
        raise PlatformRefusal(api, 0, "invaliduser", Action.drop_recipient)


def notice(title: str, text: str, url: str) -> dict[str, Any]:
    """The message in the platform's limits. Angle brackets are made wide: these kinds read them as markup."""
    title, text = plain(title), plain(text)
    if url and len(url.encode()) <= URL_BYTES:
        card = {"title": cut(title, TITLE_BYTES), "description": cut(text, CARD_BYTES), "url": url}
        return {"msgtype": "textcard", "textcard": card | {"btntxt": "查看"}}
    return {"msgtype": "text", "text": {"content": cut(f"{title}\n{text}", TEXT_BYTES)}}


def plain(text: str) -> str:
    return text.translate(_WIDE)


def cut(text: str, most_bytes: int) -> str:
    """No longer than so many bytes in UTF-8, and an ellipsis where something is missing."""
    if len(text.encode()) <= most_bytes:
        return text
    return text.encode()[: most_bytes - len("…".encode())].decode(errors="ignore") + "…"
