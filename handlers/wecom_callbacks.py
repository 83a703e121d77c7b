"""Where WeCom calls us: the check of our address, and messages, always encrypted."""

from typing import Any
from xml.sax.saxutils import escape

from msgspec import Struct

from handlers.base import Answer, Endpoint, allow
from server import callbacks
from server.callbacks import CallbackRefused
from server.config import Settings
from server.kit.errors import HoelunError

_PLAIN, _XML = "text/plain; charset=utf-8", "text/xml; charset=utf-8"
_HEARD: Answer[str] = Answer(b"success", content_type=_PLAIN)


class SignedByWeCom(Struct, frozen=True, kw_only=True):
    """What stands in the address; `echostr` only where our address is checked."""

    msg_signature: str
    timestamp: str
    nonce: str
    echostr: str = ""


class WeComCallback(Endpoint):
    path = "/wecom/callback"
    documented = False  # for WeCom alone

    @classmethod
    def largest_body(cls, settings: Settings) -> int:
        """A message has a few kilobytes at most."""
        return 1 << 16

    @allow("anyone")
    async def get(self, query: SignedByWeCom) -> Answer[str]:
        """WeCom checks that this address is ours."""
        callbacks.check_time(query.timestamp, self.building.clock.now())
        try:
            echoed = self.building.wecom_callbacks.verify_url(_as_sent(query))
        except HoelunError as error:
            raise CallbackRefused from error
        return Answer(echoed.encode(), content_type=_PLAIN)

    @allow("anyone", once=False)  # WeCom sends no Idempotency-Key: the message itself tells repeats apart
    async def post(self, query: SignedByWeCom) -> Answer[str]:
        """A message or an event; what is forged, too old or too large changes nothing, and nobody learns why."""
        callbacks.check_time(query.timestamp, self.building.clock.now())
        try:
            message = self.building.wecom_callbacks.open(_as_sent(query), self.request.body)
        except HoelunError as error:
            raise CallbackRefused from error
        said = await callbacks.receive(self.building, "wecom", message)
        return self._saying(message, said) if said else _HEARD

    def _saying(self, message: dict[str, Any], said: str) -> Answer[str]:
        """A passive reply: from us to whoever has sent it."""
        to, ours = (escape(str(message.get(name) or "")) for name in ("FromUserName", "ToUserName"))
        at = int(self.building.clock.now().timestamp())
        text = (
            f"<xml><ToUserName>{to}</ToUserName><FromUserName>{ours}</FromUserName><CreateTime>{at}</CreateTime>"
            f"<MsgType>text</MsgType><Content>{escape(said)}</Content></xml>"
        )
        return Answer(self.building.wecom_callbacks.seal(text), content_type=_XML)

    def read_query(self, kind: type[Struct]) -> Struct:
        try:
            return super().read_query(kind)
        except HoelunError as error:
            raise CallbackRefused from error

    def read_no_body(self) -> None:
        """It is XML, and the door's to read."""


def _as_sent(query: SignedByWeCom) -> dict[str, str]:
    return {
        "msg_signature": query.msg_signature,
        "timestamp": query.timestamp,
        "nonce": query.nonce,
        "echostr": query.echostr,
    }
