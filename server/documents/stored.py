"""What is stored of a paper: what it will say at once, its number and content when the worker has made it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from schemas.approvals import PaperShown
from schemas.documents import DocumentKind, DocumentsView, DocumentView
from server.attachments import link
from server.cases import Case
from server.config import Settings
from server.documents.kinds import BY_NAME
from server.keeping import Keeping, by_case
from server.kit.db import TEXT, Collection, Index, Reader, Stored
from server.kit.errors import NotFound
from server.kit.jobs import DEAD, DUE, Leased
from server.outbox import Outbox
from server.staff_push import address
from server.words import said

ROOM = "documents"


class DocumentNotFound(NotFound):
    """没有找到这份文书，请回到办件里刷新后再看"""


class Basis(Struct, frozen=True, kw_only=True):
    """What the paper says, as it stood when it was given out: kept until it is made. `who` says who they are beside the
    name, already masked, such as 手机号：139****0001; `lines` are what a supplement notice asks for, or the materials
    that were received."""

    name: str
    who: str
    item: str
    level: str
    applied_at: datetime
    result_name: str = ""
    payment: bool = False
    legal_days: int = 0
    promised_days: int = 0
    outside: list[str] = []
    deemed: bool = False
    lines: list[str] = []
    note: str = ""
    until: str = ""
    ground: str = ""
    reason: str = ""
    opinion: str = ""
    delivery: str = ""
    form: dict[str, str] = {}


class Document(Leased, kw_only=True):
    """`id` is `kind.case.ordinal`: a case has each once. `serial` counts the papers of a kind in a year, 0 while it has
    none. `number`, `code` and the rest are set when it has been made; `stamp` seals them (server/documents/codes.py)."""

    case_no: str
    kind: DocumentKind
    title: str
    year: int
    serial: int = 0
    at: datetime
    item_id: str
    basis: Basis | None
    stage: Literal["queued", "made", "dead"] = "queued"
    holder: str = ""
    number: str = ""
    code: str | None = None
    made_at: datetime | None = None
    size: int = 0
    sha256: str = ""
    stamp: str = ""

    @property
    def made(self) -> bool:
        return self.made_at is not None


DOCUMENTS: Collection[Document] = Collection(
    "documents",
    Document,
    Index(("case_no", "at", "_id")),
    Index(("code",), unique=True, only={"code": TEXT}),
    Index(("kind", "year", "serial"), unique=True, only={"serial": {"$gt": 0}}),
    DUE,
    DEAD,
)


class Content(Stored, kw_only=True):
    """A paper itself."""

    case_no: str
    pdf: bytes


CONTENTS: Collection[Content] = Collection("document_contents", Content, Index(("case_no",)))

OUTBOX = Outbox(name="documents", title="要出具的文书", collection=DOCUMENTS, again={"stage": "queued"})

KEPT = Keeping(
    title="文书",
    collection=DOCUMENTS,
    find=by_case(),
    hidden=frozenset({"basis", "stamp", "stage", "item_id"}),
    blank={"basis": None, "holder": "", "due_at": None},
)
KEPT_CONTENTS = Keeping(title="文书原件", collection=CONTENTS, find=by_case(), hidden=frozenset({"pdf"}))


async def listed(
    reader: Reader, case: Case, rules: Settings, cursor: str | None, limit: int
) -> DocumentsView:
    """The papers of a case, oldest first. Raises BadCursor."""
    page = await reader.page(DOCUMENTS, {"case_no": case.id}, sort="at", cursor=cursor, limit=limit)
    return DocumentsView(items=[view(one, rules, reader.now) for one in page.items], next=page.next)


async def of_case(reader: Reader, case_no: str, rules: Settings | None = None) -> list[PaperShown]:
    """The papers of a case that have been made, oldest first; without `rules` there is no link to open them by."""
    where = {"case_no": case_no, "made_at": {"$ne": None}}
    return [
        PaperShown(
            name=one.kind,
            text=one.title,
            number=one.number,
            at=said(one.at),
            url=link(rules, one.id, reader.now, room=ROOM) if rules else "",
            code=one.code or "",
        )
        for one in await reader.all(DOCUMENTS, where, limit=100, sort="at")
    ]


def view(document: Document, rules: Settings, now: datetime) -> DocumentView:
    return DocumentView(
        id=document.id,
        name=document.kind,
        text=document.title,
        number=document.number,
        at=document.at,
        size=document.size,
        sha256=document.sha256,
        url=link(rules, document.id, now, room=ROOM) if document.made else "",
        code=document.code or "",
        verify_url=verify_address(rules, document.code) if document.code else "",
    )


def verify_address(rules: Settings, code: str) -> str:
    """What the QR code says."""
    return address(rules, f"/verify/{code}")


def reached(rules: Settings) -> bool:
    """Whether anybody has said how browsers reach us."""
    return bool(address(rules, "/"))


async def find(reader: Reader, document_id: str) -> tuple[Document, bytes]:
    """A paper with its content. Raises DocumentNotFound, also while it is being made or when its holder has left."""
    document = await reader.get(DOCUMENTS, document_id)
    content = await reader.get(CONTENTS, document_id) if document is not None and document.made else None
    if document is None or content is None:
        raise DocumentNotFound
    return document, content.pdf


def facts_of(document: Document) -> Mapping[str, Any]:
    """What the archive seals of a paper."""
    return {"id": document.id, "number": document.number, "sha256": document.sha256, "code": document.code}


def word_of(document: Document) -> str:
    return BY_NAME[document.kind].word
