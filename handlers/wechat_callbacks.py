"""Where WeChat calls us: the check of our address, and what residents did in WeChat itself."""

from msgspec import Struct

from handlers.base import Answer, allow
from handlers.callbacks import HEARD, PLAIN, Callback
from server import callbacks


class SignedByWeChat(Struct, frozen=True, kw_only=True):
    """What stands in the address; `echostr` only where our address is checked, `msg_signature` where a message is
    encrypted."""

    signature: str = ""
    timestamp: str
    nonce: str
    echostr: str = ""
    msg_signature: str = ""
    encrypt_type: str = ""
    openid: str = ""


class WeChatCallback(Callback):
    path = "/wechat/callback"
    paced = False  # all of it comes from a few addresses of WeChat's

    @allow("anyone")
    async def get(self, query: SignedByWeChat) -> Answer[str]:
        """WeChat checks that this address is ours."""
        door, sent = self.building.wechat_callbacks, _as_sent(query)
        echoed = self.opened(query.timestamp, lambda: door.verify_url(sent))
        return Answer(echoed.encode(), content_type=PLAIN)

    @allow("anyone", once=False)  # WeChat sends no Idempotency-Key: the message itself tells repeats apart
    async def post(self, query: SignedByWeChat) -> Answer[str]:
        """An event; what is forged, too old or too large changes nothing, and nobody learns why."""
        door, sent = self.building.wechat_callbacks, _as_sent(query)
        message = self.opened(query.timestamp, lambda: door.open(sent, self.request.body))
        await callbacks.receive(self.building, "wechat", message)
        return HEARD


def _as_sent(query: SignedByWeChat) -> dict[str, str]:
    return {
        "signature": query.signature,
        "msg_signature": query.msg_signature,
        "timestamp": query.timestamp,
        "nonce": query.nonce,
        "echostr": query.echostr,
    }
