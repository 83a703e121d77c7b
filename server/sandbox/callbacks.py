"""What a platform sends to the address of an app: within five seconds, three times at most; and how WeCom does.

Source: 回调配置. The first delivery and its repeats are the same message; each is signed anew. An answer that is no 2xx,
cannot be opened or comes late is none.
"""

import secrets
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct, field
from tornado.httpclient import HTTPError, HTTPRequest
from tornado.httputil import HTTPInputError, url_concat
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from .clock import SandboxClock
from .sealing import Seal, Unsealable, xml

WITHIN_S = 5.0
CHECKED_WITHIN_S = 1.0
TRIES = 3
_KEPT = 200


class Delivery(Struct, kw_only=True):
    """What became of one message. `status` is that of the last answer, 0 where there was none; `reply` what was
    answered to the sender; `problem` why the last answer was none."""

    fields: dict[str, Any]
    tries: int = 0
    delivered: bool = False
    status: int = 0
    problem: str = ""
    reply: dict[str, Any] = field(default_factory=dict)


class Sender:
    """An address, and what was sent there lately, newest last."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.deliveries: list[Delivery] = []
        self._http: SimpleAsyncHTTPClient | None = None

    def request(self, fields: dict[str, Any]) -> HTTPRequest:
        """A delivery of this message, signed anew."""
        raise NotImplementedError

    def read(self, answer: bytes) -> dict[str, Any]:
        """What was answered to the sender. Raises Unsealable."""
        raise NotImplementedError

    async def send(self, fields: dict[str, Any]) -> Delivery:
        """Returns when it was delivered, or given up."""
        sent = Delivery(fields=fields)
        self.deliveries.append(sent)
        del self.deliveries[:-_KEPT]
        while sent.tries < TRIES and not sent.delivered:
            sent.tries += 1
            await self._try(sent)
        return sent

    async def _try(self, sent: Delivery) -> None:
        sent.status, answer, sent.problem = await self.ask(self.request(sent.fields))
        if sent.problem:
            return
        try:
            sent.reply = self.read(answer)
        except Unsealable as error:
            sent.problem = str(error)
        sent.delivered = not sent.problem

    async def ask(self, request: HTTPRequest) -> tuple[int, bytes, str]:
        """Status, body, and what was wrong."""
        request.connect_timeout = request.request_timeout
        request.follow_redirects = False
        try:
            answer = await self._client().fetch(request, raise_error=False)
        except (HTTPError, HTTPInputError, OSError, ValueError) as error:
            return 0, b"", f"no answer: {error}"
        problem = "" if 200 <= answer.code < 300 else f"answered with {answer.code}"
        return answer.code, answer.body or b"", problem

    def _client(self) -> SimpleAsyncHTTPClient:
        if self._http is None:
            self._http = SimpleAsyncHTTPClient(force_instance=True, max_clients=100)
        return self._http

    def close(self) -> None:
        if self._http is not None:
            self._http.close()


class Callbacks(Sender):
    """The address of the app in WeCom."""

    def __init__(self, url: str, seal: Seal, agentid: int, clock: SandboxClock) -> None:
        super().__init__(url)
        self._seal = seal
        self._agentid = agentid
        self._clock = clock

    async def check(self, url: str) -> str:
        """Whether this address answers the check as it has to; why not, or nothing."""
        echo = str(secrets.randbits(63))
        sealed = self._seal.close(echo)
        query = urlencode(self._seal.query(sealed, self._clock.seconds()) | {"echostr": sealed})
        _, answer, problem = await self.ask(HTTPRequest(f"{url}?{query}", request_timeout=CHECKED_WITHIN_S))
        if not problem and answer != echo.encode():
            return "the answer is not the text of echostr"
        return problem

    def message(self, userid: str, msgtype: str, **fields: Any) -> dict[str, Any]:
        """What a member wrote: it has a number of its own."""
        return {
            **self._head(userid, msgtype),
            **fields,
            "MsgId": secrets.randbits(63),
            "AgentID": self._agentid,
        }

    def event(self, userid: str, event: str, **fields: Any) -> dict[str, Any]:
        return {**self._head(userid, "event"), "Event": event, **fields, "AgentID": self._agentid}

    def _head(self, userid: str, msgtype: str) -> dict[str, Any]:
        head = {"ToUserName": self._seal.receiver, "FromUserName": userid}
        return head | {"CreateTime": int(self._clock.seconds()), "MsgType": msgtype}

    def request(self, fields: dict[str, Any]) -> HTTPRequest:
        sealed = self._seal.close(xml(fields))
        return HTTPRequest(
            url_concat(self.url, self._seal.query(sealed, self._clock.seconds())),
            method="POST",
            headers={"Content-Type": "text/xml"},
            body=self._seal.envelope(sealed, self._agentid),
            request_timeout=WITHIN_S,
        )

    def read(self, answer: bytes) -> dict[str, Any]:
        return self._seal.opened(answer)
