"""What whoever holds a paper may know of it by its code: that it is ours, and which one it is."""

from msgspec import Struct

from server.config import Settings
from server.documents import codes
from server.documents.stored import DOCUMENTS, Document
from server.documents.wording import chinese_date
from server.kit.db import Reader
from server.kit.errors import NotFound


class DocumentUnknown(NotFound):
    """查不到这份文书，请核对核验码"""


class Verified(Struct, frozen=True):
    """`holder` is masked; it is empty when they have left."""

    title: str
    number: str
    date: str
    office: str
    holder: str
    sha256: str
    code: str


async def verify(reader: Reader, code: str, rules: Settings) -> Verified:
    """Raises DocumentUnknown, for whatever is not as we made it, without saying what."""
    found = await _by_code(reader, code) if codes.is_ours(rules, code) else None
    if found is None or not codes.is_genuine(rules, found):
        raise DocumentUnknown
    return Verified(
        title=found.title,
        number=found.number,
        date=chinese_date(found.at),
        office=rules.documents.office,
        holder=found.holder,
        sha256=found.sha256,
        code=code,
    )


async def _by_code(reader: Reader, code: str) -> Document | None:
    return await reader.first(DOCUMENTS, {"code": code})
