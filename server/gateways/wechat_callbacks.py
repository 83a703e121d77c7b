"""The door for what WeChat sends our mini-program: XML or JSON, plain, encrypted or both, signed with a token.

Whatever does not come from WeChat, is meant for another program or is no message raises a named error that says nothing
about why. Source: 消息推送, with its sample in the tests. In every mode the check of our address is the plain one.
"""

import binascii
import hmac
import struct
from collections.abc import Mapping
from typing import Any, Literal
from xml.parsers.expat import ExpatError

import msgspec
import xmltodict
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import WeChatException
from wechatpy.utils import WeChatSigner, to_text

from server.kit.errors import Forbidden, Invalid

Mode = Literal["plain", "compatible", "secure"]
MOST_BYTES = 1 << 16
"""An event has a few kilobytes at most."""
_WRAPPERS = ("SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent", "SubscribeMsgSentEvent")
"""XML puts the list of an event into a part of this name; JSON has it beside the others."""


class NotFromWeChat(Forbidden):
    """这条消息不是微信发给我们的"""


class EventUnreadable(Invalid):
    """这条消息读不出来"""


class MiniCallbackDoor:
    """For one mini-program. In `secure` mode a message that is not encrypted is refused; in `compatible` mode what counts
    is the encrypted part; in `plain` mode there is none."""

    def __init__(self, token: str, encoding_aes_key: str, appid: str, mode: Mode) -> None:
        self._token, self._mode = token, mode
        self._crypto = WeChatCrypto(token, encoding_aes_key, appid)

    def verify_url(self, query: Mapping[str, str]) -> str:
        """The text to answer to the check of our address. Raises NotFromWeChat."""
        self._check(query.get("signature", ""), query)
        return query.get("echostr", "")

    def open(self, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """The message's fields as WeChat names them, `List` always a list. Raises NotFromWeChat, EventUnreadable."""
        if len(body) > MOST_BYTES:
            raise EventUnreadable
        if self._mode == "plain":
            self._check(query.get("signature", ""), query)
            return _evened(_fields(body))
        sealed = _fields(body).get("Encrypt")
        if not isinstance(sealed, str):
            raise NotFromWeChat
        self._check(query.get("msg_signature", ""), query, sealed)
        return _evened(_fields(self._opened(query, sealed).encode()))

    def _check(self, signature: str, query: Mapping[str, str], *sealed: str) -> None:
        signer = WeChatSigner()
        signer.add_data(self._token, query.get("timestamp", ""), query.get("nonce", ""), *sealed)
        if not hmac.compare_digest(signer.signature.encode(), signature.encode()):
            raise NotFromWeChat

    def _opened(self, query: Mapping[str, str], sealed: str) -> str:
        """Signed with our token and yet not to be opened: made with another key, or for another program."""
        signed = (query.get("msg_signature", ""), query.get("timestamp", ""), query.get("nonce", ""))
        try:
            return str(to_text(self._crypto.decrypt_message({"Encrypt": sealed}, *signed)))
        except (
            WeChatException,
            ValueError,
            IndexError,
            AssertionError,
            struct.error,
            binascii.Error,
        ) as error:
            raise NotFromWeChat from error


def _fields(body: bytes) -> dict[str, Any]:
    """The parts of `<xml>`, or of the JSON object. A document type or an entity is refused. Raises EventUnreadable."""
    try:
        if body.lstrip()[:1] == b"{":
            fields = msgspec.json.decode(body)
        else:
            fields = xmltodict.parse(body, disable_entities=True).get("xml")
    except (ExpatError, ValueError, UnicodeError, RecursionError, AttributeError) as error:
        raise EventUnreadable from error
    if not isinstance(fields, dict):
        raise EventUnreadable
    return fields


def _evened(fields: dict[str, Any]) -> dict[str, Any]:
    """One of several is itself, in XML and in JSON alike."""
    for name in _WRAPPERS:
        inner = fields.pop(name, None)
        if isinstance(inner, dict):
            fields |= inner
    if "List" in fields:
        items = fields["List"]
        fields["List"] = [
            one for one in (items if isinstance(items, list) else [items]) if isinstance(one, dict)
        ]
    return fields
