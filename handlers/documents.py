"""Notices and decisions: their list and their PDFs, and the public page that a QR code leads to."""

import asyncio
import hashlib
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from handlers.base import ANYONE, Answer, Endpoint, Rule, allow
from handlers.page import Page, Shown
from schemas.documents import DocumentsView, FindDocuments, OpenDocument
from server import attachments, cases, documents
from server.config import Settings
from server.kit.db import Reader
from server.kit.errors import HoelunError, Invalid

TITLE = "文书"

_FORM_BYTES = 64 * 1024
"""What a form may have around its file."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-site",
    "Referrer-Policy": "no-referrer",
}


class FileNotGiven(Invalid):
    """请先选择一个 PDF 文件"""


class Documents(Endpoint):
    path = "/v1/cases/{case_no}/documents"

    @allow("resident", "staff")
    async def get(self, case_no: str, query: FindDocuments) -> DocumentsView:
        """The papers of a case with fresh links, oldest first. One that is still being made has no link yet."""

        async def seen(reader: Reader) -> DocumentsView:
            case = await cases.find(reader, case_no, self.actor)
            return await documents.listed(reader, case, self.building.settings, query.cursor, query.limit)

        return await self.building.db.reading(seen)


class Document(Endpoint):
    path = "/documents/{document_id}"
    documented = False  # opened by the links that views carry

    @allow(ANYONE)
    async def get(self, document_id: str, query: OpenDocument) -> Answer[bytes]:
        """A paper by its signed link."""
        house = self.building
        attachments.check(
            house.settings, document_id, query.until, query.sig, house.clock.now(), room=documents.ROOM
        )
        found, pdf = await house.db.reading(lambda reader: documents.find(reader, document_id))
        return _shown(self, document_id, f"{found.title} {found.number}", pdf)


class Slip(Endpoint):
    path = "/slips/{slip_id}"
    documented = False  # opened by the links that views carry

    @allow(ANYONE)
    async def get(self, slip_id: str, query: OpenDocument) -> Answer[bytes]:
        """A statement or receipt by its signed link."""
        house, room = self.building, documents.slips.ROOM
        attachments.check(house.settings, slip_id, query.until, query.sig, house.clock.now(), room=room)
        found, pdf = await house.db.reading(lambda reader: documents.slips.opened(reader, slip_id))
        return _shown(self, slip_id, found.title, pdf)


def _shown(endpoint: Endpoint, plain: str, name: str, pdf: bytes) -> Answer[bytes]:
    for header, value in _HEADERS.items():
        endpoint.set_header(header, value)
    called = f"filename=\"{plain}.pdf\"; filename*=UTF-8''{quote(name)}.pdf"
    endpoint.set_header("Content-Disposition", f"inline; {called}")
    return Answer(pdf, content_type="application/pdf")


class Scanned(Struct, frozen=True):
    """What a scanner may put behind the address does not matter."""


class Verify(Page):
    """Is this paper genuine? For anybody who holds it, on a phone; works without scripts."""

    path = "/verify/{code}"

    @classmethod
    def largest_body(cls, settings: Settings) -> int | None:
        return settings.documents.max_verify_bytes + _FORM_BYTES

    async def authenticate(self, rule: Rule) -> None:
        """Nobody signs in here, and no form of it writes anything. Raises AskedTooOften."""
        await Endpoint.authenticate(self, rule)
        self.keep_pace_by_address(self.building.verifying)

    @allow(ANYONE)
    async def get(self, code: str, query: Scanned) -> Shown:
        """Which paper it is, as far as its holder can see it anyway."""
        return await self._shown(code, "")

    @allow(ANYONE, once=False)  # nothing is written
    async def post(self, code: str) -> Shown:
        """The same, and whether a file is that very paper."""
        given = self.request.files.get("file", [])
        if not given or not given[0]["body"]:
            raise FileNotGiven
        digest = await asyncio.to_thread(_hashed, given[0]["body"])
        return await self._shown(code, digest)

    async def _shown(self, code: str, digest: str) -> Shown:
        house = self.building
        found = await house.db.reading(lambda reader: documents.verify(reader, code, house.settings))
        outcome = "" if not digest else "same" if digest == found.sha256 else "other"
        return Shown("verify.html", {"paper": found, "outcome": outcome, "error": None})

    def surroundings(self) -> dict[str, Any]:
        return {
            "demo": self.building.settings.environment == "demo",
            "most": self.building.settings.documents.max_verify_bytes,
        }

    def refuse(self, error: HoelunError, status: int | None = None) -> None:
        if error.retry_after is not None:
            self.set_header("Retry-After", str(max(1, round(error.retry_after))))
        self.show(
            Shown("verify.html", {"paper": None, "outcome": "", "error": error}, status or error.status)
        )


def _hashed(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
