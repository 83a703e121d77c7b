"""Documents 文书: the receipts and decisions of a case, as PDF."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import END, Cursor, Limit, Request, View

DocumentKind = Literal["accepted", "supplement", "not_accepted", "granted", "denied", "certificate"]


class DocumentView(View, frozen=True, kw_only=True):
    """`text` is what stands at its top, `number` such as 诃街受〔2026〕12 号. `url` opens the PDF without a login until
    it expires; read the list again for a fresh one. While the paper is still being made, `number`, `url`, `code` and
    `sha256` are empty."""

    id: str
    name: DocumentKind
    text: str
    number: str
    at: datetime
    size: int
    sha256: str
    url: str
    code: str
    verify_url: str


class DocumentsView(View, frozen=True, kw_only=True):
    """The documents of a case, in the order in which they were given out."""

    items: list[DocumentView]
    next: str | None = None


class FindDocuments(Request, frozen=True, kw_only=True):
    cursor: Cursor | None = None
    limit: Limit = 50


class SlipView(View, frozen=True, kw_only=True):
    """A statement or receipt as PDF. `url` opens it without a login until it expires; it is empty while the paper is
    being drawn: ask again in a second or two. `failed`: it could not be drawn and has to be asked for anew."""

    id: str
    title: str
    at: datetime
    size: int
    url: str
    failed: bool


class OpenDocument(Request, frozen=True, kw_only=True):
    """What makes a link ours: seconds since 1970 until which it opens, and the seal over both."""

    until: Annotated[int, Meta(ge=0, le=1 << 40)]
    sig: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}" + END)]
