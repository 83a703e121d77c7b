"""Codes that nobody can guess, and that nobody with the database alone can move to another paper.

A code is 80 random bits, and 80 bits of a seal over them and over the paper they stand on. `stamp` seals what is known
only when the paper is finished: its hash. Both with a key derived from `field_key`, which lasts as long as the data.
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


def make(rules: Settings, document_id: str, number: str) -> str:
    drawn = _spelled(chance.take(_HALF * _BITS // 8))
    return drawn + _seal(rules, drawn, document_id, number)


def is_code(text: str) -> bool:
    """Whether it could be one: what cannot is not looked up."""
    return _FORM.fullmatch(text) is not None


def stamp(rules: Settings, document: Document) -> str:
    """The seal over a finished paper."""
    told = (document.id, document.number, document.code or "", document.sha256, document.at.isoformat())
    return _digest(rules, "stamp", *told).hex()


def is_genuine(rules: Settings, document: Document, code: str) -> bool:
    """Whether the code was made for this paper, and what is stored of it is as it was when it was made."""
    ours = _seal(rules, code[:_HALF], document.id, document.number)
    sealed = hmac.compare_digest(code[_HALF:], ours)
    return sealed and hmac.compare_digest(document.stamp, stamp(rules, document))


def _seal(rules: Settings, drawn: str, document_id: str, number: str) -> str:
    return _spelled(_digest(rules, "code", drawn, document_id, number)[: _HALF * _BITS // 8])


def _digest(rules: Settings, *told: str) -> bytes:
    key = hashlib.sha256(b"hoelun documents " + rules.field_key.encode()).digest()
    return hmac.new(key, "\n".join(told).encode(), hashlib.sha256).digest()


def _spelled(content: bytes) -> str:
    number = int.from_bytes(content)
    count = len(content) * 8 // _BITS
    return "".join(_LETTERS[number >> _BITS * place & 31] for place in reversed(range(count)))
