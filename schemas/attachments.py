"""Photos and papers that belong to a case, and the pictures of an announcement."""

from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import END, Cursor, Limit, Request, View

Use = Literal[
    "waiting",
    "message",
    "before",
    "after",
    "no_show",
    "licence",
    "announcement",
    "material",
    "sample",
    "visit",
    "signature",
]


class AttachmentView(View, frozen=True, kw_only=True):
    """`url` and `thumbnail_url` are paths on this host that anybody may open until they expire; read the case again
    for fresh ones. `use` is what it was sent for, `waiting` while nothing has named it. `width` and `height` are of
    pictures."""

    id: str
    type: str
    size: int
    use: Use
    url: str
    thumbnail_url: str | None
    width: int | None = None
    height: int | None = None


class AttachmentsView(View, frozen=True, kw_only=True):
    """What messages and proofs of work have brought to a case, in no particular order."""

    items: list[AttachmentView]
    next: str | None = None


class FindAttachments(Request, frozen=True, kw_only=True):
    cursor: Cursor | None = None
    limit: Limit = 50


class Link(Request, frozen=True, kw_only=True):
    """What makes a link ours: seconds since 1970 until which it opens, and the seal over both."""

    until: Annotated[int, Meta(ge=0, le=1 << 40)]
    sig: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}" + END)]
