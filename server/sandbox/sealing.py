"""How WeCom seals what it sends and opens what it is answered; written from its page, apart from our own door.

Source: 加解密方案说明 and 回调配置. AES-256-CBC, the key's first 16 bytes as vector, PKCS#7 in blocks of 32; inside are
16 random bytes, the length of the text in four bytes, the text, and the corpid or appid it is for.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterator, Mapping
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from msgspec import Struct

_BLOCK, _RANDOM, _LENGTH = 32, 16, 4


class Unsealable(ValueError):
    """An answer that WeCom could not read."""


class Seal(Struct, frozen=True, kw_only=True):
    """The three secrets of an app's callback address."""

    token: str
    encoding_aes_key: str
    receiver: str

    def sign(self, timestamp: str, nonce: str, sealed: str) -> str:
        parts = sorted((self.token, timestamp, nonce, sealed))
        return hashlib.sha1("".join(parts).encode()).hexdigest()

    def close(self, text: str) -> str:
        content = text.encode()
        whole = (
            secrets.token_bytes(_RANDOM) + len(content).to_bytes(_LENGTH) + content + self.receiver.encode()
        )
        missing = _BLOCK - len(whole) % _BLOCK
        cipher = self._cipher().encryptor()
        return base64.b64encode(
            cipher.update(whole + bytes([missing]) * missing) + cipher.finalize()
        ).decode()

    def open(self, sealed: str) -> str:
        """Raises Unsealable."""
        try:
            cipher = self._cipher().decryptor()
            whole = cipher.update(base64.b64decode(sealed, validate=True)) + cipher.finalize()
            whole = whole[_RANDOM : -whole[-1]]
            end = _LENGTH + int.from_bytes(whole[:_LENGTH])
            text, corpid = whole[_LENGTH:end].decode(), whole[end:].decode()
        except (binascii.Error, ValueError, IndexError) as error:
            raise Unsealable("not sealed with the key of this app") from error
        if corpid != self.receiver:
            raise Unsealable("sealed for somebody else")
        return text

    def query(self, sealed: str, now_s: float) -> dict[str, str]:
        """What stands in the address beside a sealed text."""
        timestamp, nonce = str(int(now_s)), str(secrets.randbelow(10**10))
        signature = self.sign(timestamp, nonce, sealed)
        return {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce}

    def envelope(self, sealed: str, agentid: int) -> bytes:
        fields = {"ToUserName": self.receiver, "Encrypt": sealed, "AgentID": str(agentid)}
        return xml(fields).encode()

    def opened(self, answer: bytes) -> dict[str, Any]:
        """A passive reply; {} where there is none. Raises Unsealable for what the platform would not take."""
        if answer in (b"", b"success"):
            return {}
        outer = _fields(answer)
        sealed, at, nonce = (str(outer.get(name) or "") for name in ("Encrypt", "TimeStamp", "Nonce"))
        if not hmac.compare_digest(self.sign(at, nonce, sealed), str(outer.get("MsgSignature"))):
            raise Unsealable("the signature of the reply is wrong")
        return _fields(self.open(sealed).encode())

    def _cipher(self) -> Cipher[modes.CBC]:
        key = base64.b64decode(self.encoding_aes_key + "=")
        return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def xml(fields: Mapping[str, Any]) -> str:
    """`<xml>` with a part for each field; numbers are plain, texts in CDATA, a list is a part repeated."""
    return f"<xml>{''.join(_parts(fields))}</xml>"


def _parts(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            yield f"<{name}>{_inside(one)}</{name}>"


def _inside(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(_parts(value))
    if isinstance(value, int):
        return str(value)
    return "<![CDATA[" + str(value).replace("]]>", "]]]]><![CDATA[>") + "]]>"


def _fields(text: bytes) -> dict[str, Any]:
    try:
        fields = xmltodict.parse(text, disable_entities=True).get("xml")
    except (ExpatError, ValueError) as error:
        raise Unsealable("the reply is no XML") from error
    if not isinstance(fields, dict):
        raise Unsealable("the reply has no <xml>")
    return fields
