"""The door for what WeCom sends us: XML, always encrypted, signed with a token that only WeCom and we know.

Whatever does not come from WeCom, is meant for another company or is no message raises a named error that says nothing
about why. The signature is compared here, in constant time; sealing and opening are wechatpy's.
"""

import hmac
import secrets
import struct
from collections.abc import Callable, Mapping
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict
from wechatpy.exceptions import WeChatException
from wechatpy.utils import WeChatSigner, to_text
from wechatpy.work.crypto import WeChatCrypto

from server.kit.clock import Clock
from server.kit.errors import Forbidden, Invalid

MOST_BYTES = 1 << 16
"""A message has a few kilobytes at most."""


class CallbackForged(Forbidden):
    """这条消息不是企业微信发给我们的"""


class CallbackUnreadable(Invalid):
    """这条消息读不出来"""


class CallbackDoor:
    """For one app: its token, its 43-character EncodingAESKey and the company that messages must be for."""

    def __init__(self, token: str, encoding_aes_key: str, corpid: str, clock: Clock) -> None:
        self._token = token
        self._clock = clock
        self._crypto = WeChatCrypto(token, encoding_aes_key, corpid)

    def verify_url(self, query: Mapping[str, str]) -> str:
        """The text to answer to the check of our address. Raises CallbackForged."""
        echostr = query.get("echostr", "")
        self._check(query, echostr)
        return self._opened(lambda: self._crypto.check_signature(*_signed(query), echostr))

    def open(self, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """The message's fields as WeCom names them. Raises CallbackForged, CallbackUnreadable."""
        if len(body) > MOST_BYTES:
            raise CallbackUnreadable
        sealed = _fields(body).get("Encrypt")
        if not isinstance(sealed, str):
            raise CallbackUnreadable
        self._check(query, sealed)
        opened = self._opened(lambda: self._crypto.decrypt_message({"Encrypt": sealed}, *_signed(query)))
        return _fields(opened.encode())

    def seal(self, xml: str) -> bytes:
        """A passive reply, encrypted and signed with a moment and a nonce of our own."""
        moment = str(int(self._clock.now().timestamp()))
        return str(self._crypto.encrypt_message(xml, secrets.token_hex(8), moment)).encode()

    def _check(self, query: Mapping[str, str], sealed: str) -> None:
        signer = WeChatSigner()
        signer.add_data(self._token, query.get("timestamp", ""), query.get("nonce", ""), sealed)
        if not hmac.compare_digest(signer.signature.encode(), query.get("msg_signature", "").encode()):
            raise CallbackForged

    def _opened(self, opening: Callable[[], str | bytes]) -> str:
        """Signed with our token and yet not to be opened: made with another key, or for another company."""
        try:
            return str(to_text(opening()))
        except (WeChatException, ValueError, IndexError, AssertionError, struct.error) as error:
            raise CallbackForged from error


def _signed(query: Mapping[str, str]) -> tuple[str, str, str]:
    return query.get("msg_signature", ""), query.get("timestamp", ""), query.get("nonce", "")


def _fields(body: bytes) -> dict[str, Any]:
    """The parts of `<xml>`. A document type or an entity is refused. Raises CallbackUnreadable."""
    try:
        fields = xmltodict.parse(body, disable_entities=True).get("xml")
    except (ExpatError, ValueError, UnicodeError, RecursionError) as error:
        raise CallbackUnreadable from error
    if not isinstance(fields, dict):
        raise CallbackUnreadable
    return fields
