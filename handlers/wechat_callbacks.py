"""Where WeChat calls us: the check of our address, and what residents did in WeChat itself."""

from msgspec import Struct

from handlers.base import Answer, Endpoint, allow
from server import callbacks
from server.callbacks import CallbackRefused
from server.config import Settings
from server.kit.errors import HoelunError

_PLAIN = "text/plain; charset=utf-8"
_HEARD: Answer[str] = Answer(b"success", content_type=_PLAIN)


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


class WeChatCallback(Endpoint):
    path = "/wechat/callback"
    documented = False  # for WeChat alone
    paced = False  # all of it comes from a few addresses of WeChat's

    @classmethod
    def largest_body(cls, settings: Settings) -> int:
        """An event has a few kilobytes at most."""
        return 1 << 16

    @allow("anyone")
    async def get(self, query: SignedByWeChat) -> Answer[str]:
        """WeChat checks that this address is ours."""
        callbacks.check_time(query.timestamp, self.building.clock.now())
        try:
            echoed = self.building.wechat_callbacks.verify_url(_as_sent(query))
        except HoelunError as error:
            raise CallbackRefused from error
        return Answer(echoed.encode(), content_type=_PLAIN)

    @allow("anyone", once=False)  # WeChat sends no Idempotency-Key: the message itself tells repeats apart
    async def post(self, query: SignedByWeChat) -> Answer[str]:
        """An event; what is forged, too old or too large changes nothing, and nobody learns why."""
        callbacks.check_time(query.timestamp, self.building.clock.now())
        try:
            message = self.building.wechat_callbacks.open(_as_sent(query), self.request.body)
        except HoelunError as error:
            raise CallbackRefused from error
        await callbacks.receive(self.building, "wechat", message)
        return _HEARD

    def read_query(self, kind: type[Struct]) -> Struct:
        try:
            return super().read_query(kind)
        except HoelunError as error:
            raise CallbackRefused from error

    def read_no_body(self) -> None:
        """It is XML or JSON as WeChat's console says, and the door's to read."""


def _as_sent(query: SignedByWeChat) -> dict[str, str]:
    return {
        "signature": query.signature,
        "msg_signature": query.msg_signature,
        "timestamp": query.timestamp,
        "nonce": query.nonce,
        "echostr": query.echostr,
    }
