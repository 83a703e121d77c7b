"""What the provider of short messages tells the street: which of them arrived (短信下发状态通知).

The report is a list in JSON and carries no signature; an answer other than `{"result": 0}` is none, and it is told twice
more then. `ext` is the sender's own number, for customers who have asked for it.
"""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from tornado.httpclient import HTTPRequest

from .callbacks import WITHIN_S, Sender
from .clock import SandboxClock
from .sealing import Unsealable
from .sms_account import ShortMessage

_SHANGHAI = ZoneInfo("Asia/Shanghai")


class Reporting(Struct, forbid_unknown_fields=True):
    """`lose` of the next reports never leave, `double` of them are sent twice, `fail` of them say that the phone got
    nothing, with `errmsg`. `early` ones come before the message's own answer. With `ext` the sender's number is told."""

    lose: int = 0
    double: int = 0
    fail: int = 0
    errmsg: str = "002"
    early: int = 0
    ext: bool = False


class Reports(Sender):
    def __init__(self, url: str, clock: SandboxClock) -> None:
        super().__init__(url)
        self.style = Reporting()
        self._clock = clock
        self._under_way: set[asyncio.Task[None]] = set()

    async def tell(self, message: ShortMessage) -> None:
        """Returns when it was delivered as often as it shall be, or given up; nothing where there is no address."""
        style = self.style
        if not self.url:
            return
        if style.lose > 0:
            style.lose -= 1
            return
        fields = self._fields(message)
        await self.send(fields)
        if style.double > 0:
            style.double -= 1
            await self.send(fields)

    async def begin(self, message: ShortMessage) -> None:
        """While the message itself is answered, or before that."""
        if self.style.early > 0:
            self.style.early -= 1
            return await self.tell(message)
        task = asyncio.get_running_loop().create_task(self.tell(message))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def _fields(self, message: ShortMessage) -> dict[str, Any]:
        failed = self.style.fail > 0
        if failed:
            self.style.fail -= 1
        at = datetime.fromisoformat(message.at).astimezone(_SHANGHAI) + timedelta(seconds=3)
        told = {
            "user_receive_time": f"{at:%Y-%m-%d %H:%M:%S}",
            "nationcode": "86",
            "mobile": message.phone,
            "report_status": "FAIL" if failed else "SUCCESS",
            "errmsg": self.style.errmsg if failed else "DELIVRD",
            "description": "用户短信送达失败" if failed else "用户短信送达成功",
            "sid": message.sid,
        }
        return told | ({"ext": message.context} if self.style.ext else {})

    def request(self, fields: dict[str, Any]) -> HTTPRequest:
        return HTTPRequest(
            self.url,
            method="POST",
            headers={"Content-Type": "application/json"},
            body=json.dumps([fields], ensure_ascii=False),
            request_timeout=WITHIN_S,
        )

    def read(self, answer: bytes) -> dict[str, Any]:
        try:
            told: dict[str, Any] = json.loads(answer)
            heard = told["result"] == 0
        except (ValueError, KeyError, TypeError):
            heard = False
        if not heard:
            raise Unsealable("the answer has no result of 0")
        return told

    def close(self) -> None:
        for task in self._under_way:
            task.cancel()
        super().close()
