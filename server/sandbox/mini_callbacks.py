"""What WeChat sends to the address of the mini-program about subscription messages.

Sources: 消息推送 and 订阅消息事件推送. XML puts the list of an event into a part of the event's name, JSON beside the
others, where a single item is no list. The check of the address is the plain one in every mode. An answer other than
nothing or `success` is none.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec
from msgspec import Struct
from tornado.httpclient import HTTPRequest
from tornado.httputil import url_concat

from .callbacks import CHECKED_WITHIN_S, WITHIN_S, Delivery, Sender
from .clock import SandboxClock
from .sealing import Seal, Unsealable, xml

WRAPPERS = {
    "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
    "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
    "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
}

_AT_ONCE = 50
"""So many events are under way; the others wait, and their five seconds have not begun."""


class Style(Struct, forbid_unknown_fields=True):
    """How events are sent, as the console of the platform has it; `lose` of the next events never leave, `double` of
    them are sent twice. Also one in `lose_one_in` of all never leaves, one in `double_one_in` is sent twice. `sent`:
    whether what became of each subscribe message is told, where that is not as configured."""

    format: Literal["xml", "json"] = "json"
    mode: Literal["plain", "compatible", "secure"] = "secure"
    lose: int = 0
    double: int = 0
    lose_one_in: int = 0
    double_one_in: int = 0
    sent: bool | None = None


def _its_turn(number: int, one_in: int) -> bool:
    return one_in > 0 and number % one_in == 0


class MiniCallbacks(Sender):
    """The address of the mini-program. `account` is its original id, to which events are addressed."""

    def __init__(self, url: str, seal: Seal, account: str, clock: SandboxClock) -> None:
        super().__init__(url)
        self.style = Style()
        self._seal, self._account, self._clock = seal, account, clock
        self._under_way: set[asyncio.Task[list[Delivery]]] = set()
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._told = 0

    async def check(self, url: str) -> str:
        """Whether this address answers the check as it has to; why not, or nothing."""
        echo = str(secrets.randbits(62))
        query = urlencode(self._signed() | {"echostr": echo})
        _, answer, problem = await self.ask(HTTPRequest(f"{url}?{query}", request_timeout=CHECKED_WITHIN_S))
        if not problem and answer != echo.encode():
            return "the answer is not echostr"
        return problem

    async def tell(self, openid: str, event: str, items: list[dict[str, Any]]) -> list[Delivery]:
        """Returns when it was delivered as often as it shall be, or given up; nothing where there is no address."""
        if not self.url:
            return []
        self._told += 1
        number = self._told
        if self.style.lose > 0:
            self.style.lose -= 1
            return []
        if _its_turn(number, self.style.lose_one_in):
            return []
        fields = {
            "ToUserName": self._account,
            "FromUserName": openid,
            "CreateTime": int(self._clock.seconds()),
            "MsgType": "event",
            "Event": event,
            "List": items,
        }
        async with self._gate:
            sent = [await self.send(fields)]
            if self.style.double > 0:
                self.style.double -= 1
                sent.append(await self.send(fields))
            elif _its_turn(number, self.style.double_one_in):
                sent.append(await self.send(fields))
        return sent

    def tell_later(self, openid: str, event: str, items: list[dict[str, Any]]) -> None:
        """The same, while something else is answered."""
        task = asyncio.get_running_loop().create_task(self.tell(openid, event, items))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def request(self, fields: dict[str, Any]) -> HTTPRequest:
        written = self._written(fields)
        if self.style.mode == "plain":
            query, body = self._signed(), written
        else:
            sealed = self._seal.close(written)
            signed = self._signed()
            signature = self._seal.sign(signed["timestamp"], signed["nonce"], sealed)
            query = signed | {"encrypt_type": "aes", "msg_signature": signature}
            open_part = fields if self.style.mode == "compatible" else {"ToUserName": self._account}
            body = self._written(open_part | {"Encrypt": sealed})
        return HTTPRequest(
            url_concat(self.url, query | {"openid": fields["FromUserName"]}),
            method="POST",
            headers={"Content-Type": "text/xml" if self.style.format == "xml" else "application/json"},
            body=body.encode(),
            request_timeout=WITHIN_S,
        )

    def read(self, answer: bytes) -> dict[str, Any]:
        if answer not in (b"", b"success"):
            raise Unsealable("the answer is neither empty nor success")
        return {}

    def _signed(self) -> dict[str, str]:
        timestamp, nonce = str(int(self._clock.seconds())), str(secrets.randbelow(10**10))
        parts = sorted((self._seal.token, timestamp, nonce))
        signature = hashlib.sha1("".join(parts).encode()).hexdigest()
        return {"signature": signature, "timestamp": timestamp, "nonce": nonce}

    def _written(self, fields: Mapping[str, Any]) -> str:
        flat = {name: value for name, value in fields.items() if name != "List"}
        items = fields.get("List")
        if self.style.format == "xml":
            wrapped = {WRAPPERS[fields["Event"]]: {"List": items}} if items else {}
            return xml(flat | wrapped)
        if items:
            flat["List"] = items[0] if len(items) == 1 else items
        return msgspec.json.encode(flat).decode()

    def close(self) -> None:
        for task in self._under_way:
            task.cancel()
        super().close()
