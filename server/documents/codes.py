"""Codes that nobody can guess, and that nobody with the database alone can put on another paper.

A code is 80 random bits and an 80-bit seal over them: one that was made up is refused before anything is looked up.
`stamp` seals what the paper is, its code and its hash among it. Both with a key derived from `field_key`, which lasts
as long as the data.
"""

import hashlib
import hmac
import re

from server.config import Settings
from server.documents.stored import Document
from server.kit.chance import chance

_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's, without those that are read as another."""
_HALF = 16
_BITS = 5
_FORM = re.compile(rf"[{_LETTERS}]{{{2 * _HALF}}}")


def make(rules: Settings) -> str:
    drawn = _spelled(chance.take(_HALF * _BITS // 8))
    return drawn + _seal(rules, drawn)


def is_ours(rules: Settings, text: str) -> bool:
    """Whether we made this code."""
    return _FORM.fullmatch(text) is not None and hmac.compare_digest(text[_HALF:], _seal(rules, text[:_HALF]))


def stamp(rules: Settings, document: Document) -> str:
    """The seal over a finished paper."""
    told = (document.id, document.number, document.code or "", document.sha256, document.at.isoformat())
    return _digest(rules, "stamp", *told).hex()


def is_genuine(rules: Settings, document: Document) -> bool:
    """Whether what is stored of a paper is as it was when it was made."""
    return hmac.compare_digest(document.stamp, stamp(rules, document))


def _seal(rules: Settings, drawn: str) -> str:
    return _spelled(_digest(rules, "code", drawn)[: _HALF * _BITS // 8])


def _digest(rules: Settings, *told: str) -> bytes:
    key = hashlib.sha256(b"hoelun documents " + rules.field_key.encode()).digest()
    return hmac.new(key, "\n".join(told).encode(), hashlib.sha256).digest()


def _spelled(content: bytes) -> str:
    number = int.from_bytes(content)
    count = len(content) * 8 // _BITS
    return "".join(_LETTERS[number >> _BITS * place & 31] for place in reversed(range(count)))
