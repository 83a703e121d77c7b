"""Where WeCom calls us: the check of our address, and messages, always encrypted."""

from typing import Any
from xml.sax.saxutils import escape

from msgspec import Struct

from handlers.base import Answer, allow
from handlers.callbacks import HEARD, PLAIN, Callback
from server import callbacks

_XML = "text/xml; charset=utf-8"


class SignedByWeCom(Struct, frozen=True, kw_only=True):
    """What stands in the address; `echostr` only where our address is checked."""

    msg_signature: str
    timestamp: str
    nonce: str
    echostr: str = ""


class WeComCallback(Callback):
    path = "/wecom/callback"

    @allow("anyone")
    async def get(self, query: SignedByWeCom) -> Answer[str]:
        """WeCom checks that this address is ours."""
        door, sent = self.building.wecom_callbacks, _as_sent(query)
        echoed = self.opened(query.timestamp, lambda: door.verify_url(sent))
        return Answer(echoed.encode(), content_type=PLAIN)

    @allow("anyone", once=False)  # WeCom sends no Idempotency-Key: the message itself tells repeats apart
    async def post(self, query: SignedByWeCom) -> Answer[str]:
        """A message or an event; what is forged, too old or too large changes nothing, and nobody learns why."""
        door, sent = self.building.wecom_callbacks, _as_sent(query)
        message = self.opened(query.timestamp, lambda: door.open(sent, self.request.body))
        said = await callbacks.receive(self.building, "wecom", message)
        return self._saying(message, said) if said else HEARD

    def _saying(self, message: dict[str, Any], said: str) -> Answer[str]:
        """A passive reply: from us to whoever has sent it."""
        to, ours = (escape(str(message.get(name) or "")) for name in ("FromUserName", "ToUserName"))
        at = int(self.building.clock.now().timestamp())
        text = (
            f"<xml><ToUserName>{to}</ToUserName><FromUserName>{ours}</FromUserName><CreateTime>{at}</CreateTime>"
            f"<MsgType>text</MsgType><Content>{escape(said)}</Content></xml>"
        )
        return Answer(self.building.wecom_callbacks.seal(text), content_type=_XML)


def _as_sent(query: SignedByWeCom) -> dict[str, str]:
    return {
        "msg_signature": query.msg_signature,
        "timestamp": query.timestamp,
        "nonce": query.nonce,
        "echostr": query.echostr,
    }
