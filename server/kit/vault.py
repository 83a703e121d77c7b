"""Personal fields are unreadable in the database: sealed with the id of their document, searchable by a blind index.

AES-256-GCM with the document's id as associated data: a sealed value copied into another document does not open
(why not the driver's own field encryption: docs/decisions/field-encryption.md).
"""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12


class Unreadable(Exception):
    """The value was sealed for another document, with another key, or was altered."""


class Vault:
    """Two keys derived from one secret: one seals, one makes blind indexes."""

    def __init__(self, secret: str) -> None:
        self._cipher = AESGCM(_derived(secret, b"seal"))
        self._index_key = _derived(secret, b"index")

    def seal(self, text: str, about: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), about.encode())

    def open(self, sealed: bytes, about: str) -> str:
        try:
            plain = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about.encode())
        except (InvalidTag, ValueError) as error:  # ValueError: too short to be ours
            raise Unreadable from error
        return plain.decode()

    def blind(self, value: str) -> str:
        """The same value gives the same index, and the index does not tell the value."""
        return hmac.new(self._index_key, value.encode(), hashlib.sha256).hexdigest()


def _derived(secret: str, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=b"hoelun", info=purpose).derive(secret.encode())
