"""A row for each file, written before its first byte: what nobody claims is swept an hour later, whole or half.

A message or a proof claims its files in its own transaction. Bytes are deleted first, the row last, so that a sweep
that is interrupted goes on where it was.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Protocol

from msgspec import Struct

from schemas.attachments import AttachmentsView, AttachmentView, Use
from server.attachments.links import link
from server.cases import Case
from server.config import Settings
from server.kit.chance import chance
from server.kit.db import TEXT, Collection, Database, Index, Reader, Tx
from server.kit.errors import Conflict, NotFound, TooMany
from server.kit.files import Files
from server.kit.jobs import DUE, Leased, QueueOf, Settled
from server.sessions import Actor

RAW, THUMBNAIL = ".raw", ".thumb"
PICTURES: Mapping[str, Any] = {"width": {"$ne": None}}
_USES: dict[str, Use] = {
    "talk": "message",
    "proof:before": "before",
    "proof:after": "after",
    "proof:no_show": "no_show",
    "licence": "licence",
    "announcement": "announcement",
    "material": "material",
    "sample": "sample",
    "visit": "visit",
    "signature": "signature",
}


class AttachmentNotFound(NotFound):
    """有文件没有找到或已经用过，请重新选择再传"""


class AttachmentsTooMany(TooMany):
    """您传了很多还没有用上的文件，请先发送，或过一小时再传"""


class UploadTooSlow(Conflict):
    """上传的时间太长，请换个网络重新传"""


class Holder(Protocol):
    """What files are sent to: a case, or an announcement. Its id is what an attachment calls `case_no`."""

    @property
    def id(self) -> str: ...


class Attachment(Leased, kw_only=True):
    """`type` is empty until all has arrived; `owner` is what has claimed it, such as `talk:…`; until then `due_at`
    is when it is swept: the staff's later, as a photo of before the work waits until it is done. `lent_to` are other
    cases that show it too."""

    case_no: str
    by: str
    created_at: datetime
    owner_id: str | None = None
    type: str = ""
    size: int = 0
    width: int | None = None
    height: int | None = None
    lent_to: list[str] = []


ATTACHMENTS: Collection[Attachment] = Collection(
    "attachments",
    Attachment,
    Index(("case_no", "_id")),
    Index(("lent_to", "_id"), only={"lent_to": TEXT}),
    Index(("by", "due_at"), only={"due_at": {"$type": "date"}}),
    DUE,
)


class Facts(Struct, frozen=True):
    """What is known of a file that has arrived."""

    type: str
    size: int
    width: int | None = None
    height: int | None = None


async def begin(tx: Tx, holder: Holder, actor: Actor, rules: Settings) -> str:
    """Announce an upload; its id. Raises AttachmentsTooMany."""
    own = rules.attachments
    waiting = {"by": actor.key, "due_at": {"$type": "date"}}
    if await tx.count(ATTACHMENTS, waiting, limit=own.most_unclaimed) >= own.most_unclaimed:
        raise AttachmentsTooMany(retry_after=own.sweep_after_s)
    kept_s = own.sweep_staff_after_s if actor.kind == "staff" else own.sweep_after_s
    attachment = Attachment(
        id=chance.hex(12),
        case_no=holder.id,
        by=actor.key,
        created_at=tx.now,
        due_at=tx.now + timedelta(seconds=kept_s),
    )
    await tx.insert(ATTACHMENTS, attachment)
    return attachment.id


async def complete(tx: Tx, attachment_id: str, facts: Facts) -> Attachment:
    """It has arrived. Raises UploadTooSlow when it has been swept meanwhile."""
    how = {"type": facts.type, "size": facts.size, "width": facts.width, "height": facts.height}
    attachment = await tx.take(ATTACHMENTS, {"_id": attachment_id, "type": "", "attempts": 0}, {"$set": how})
    if attachment is None:
        raise UploadTooSlow
    return attachment


async def claim(
    tx: Tx,
    holder: Holder,
    actor: Actor,
    ids: Iterable[str],
    owner: str,
    field: str,
    which: Mapping[str, Any] = MappingProxyType({}),
) -> list[str]:
    """These files now belong to `owner`. Only who uploaded them may claim them, once, where they were sent to.

    Raises AttachmentNotFound.
    """
    wanted = list(dict.fromkeys(ids))
    for one in wanted:
        free = {"_id": one, "case_no": holder.id, "by": actor.key, "owner_id": None, "attempts": 0}
        ready = {"type": {"$ne": ""}, "due_at": {"$gt": tx.now}}
        if not await tx.change(
            ATTACHMENTS, {**free, **ready, **which}, {"$set": {"owner_id": owner, "due_at": None}}
        ):
            raise AttachmentNotFound(field=field)
    return wanted


async def find(reader: Reader, file_id: str) -> Attachment:
    """The attachment of a file, also by its thumbnail's id. Raises AttachmentNotFound."""
    attachment = await reader.get(ATTACHMENTS, file_id.removesuffix(THUMBNAIL))
    if attachment is None or not attachment.type:
        raise AttachmentNotFound
    return attachment


async def release(tx: Tx, holder: Holder, ids: Iterable[str]) -> None:
    """Nobody needs these any more: the worker's sweep takes the bytes and then the row."""
    for one in ids:
        await tx.change(
            ATTACHMENTS, {"_id": one, "case_no": holder.id}, {"$set": {"owner_id": None, "due_at": tx.now}}
        )


async def lend(tx: Tx, ids: Iterable[str], to: Case, field: str) -> None:
    """Another case shows these, too. Raises AttachmentNotFound for what is nobody's any more."""
    for one in dict.fromkeys(ids):
        kept = {"_id": one, "owner_id": {"$type": "string"}}
        if not await tx.change(ATTACHMENTS, kept, {"$addToSet": {"lent_to": to.id}}):
            raise AttachmentNotFound(field=field)


async def take_back(tx: Tx, ids: Iterable[str], case: Case) -> None:
    for one in ids:
        await tx.change(ATTACHMENTS, {"_id": one}, {"$pull": {"lent_to": case.id}})


async def unclaimed(reader: Reader, holder: Holder, actor: Actor) -> list[Attachment]:
    """What somebody has uploaded here and not used yet."""
    where = {"case_no": holder.id, "by": actor.key, "owner_id": None, "attempts": 0, "type": {"$ne": ""}}
    return await reader.all(ATTACHMENTS, where | {"due_at": {"$gt": reader.now}}, limit=50)


async def views(reader: Reader, ids: Sequence[str], rules: Settings) -> dict[str, AttachmentView]:
    found = await reader.all(ATTACHMENTS, {"_id": {"$in": list(ids)}}, limit=len(ids)) if ids else []
    return {one.id: view(one, rules, reader.now) for one in found}


def view(attachment: Attachment, rules: Settings, now: datetime) -> AttachmentView:
    is_picture = attachment.width is not None
    return AttachmentView(
        id=attachment.id,
        type=attachment.type,
        size=attachment.size,
        use=_use(attachment.owner_id),
        width=attachment.width,
        height=attachment.height,
        url=link(rules, attachment.id, now),
        thumbnail_url=link(rules, attachment.id + THUMBNAIL, now) if is_picture else None,
    )


def _use(owner_id: str | None) -> Use:
    owner = owner_id or ""
    return _USES.get(owner) or _USES.get(owner.partition(":")[0]) or "waiting"


async def listed(
    reader: Reader, case: Case, rules: Settings, cursor: str | None, limit: int
) -> AttachmentsView:
    """All that belongs to the case by now, and what other cases have lent it. Raises BadCursor."""
    where = {"$or": [{"case_no": case.id}, {"lent_to": case.id}], "owner_id": {"$type": "string"}}
    page = await reader.page(ATTACHMENTS, where, sort="_id", cursor=cursor, limit=limit)
    return AttachmentsView(items=[view(one, rules, reader.now) for one in page.items], next=page.next)


async def discard(db: Database, files: Files, attachment_id: str) -> None:
    """Bytes first, then the row."""
    for ending in (RAW, THUMBNAIL, ""):
        await files.delete(attachment_id + ending)
    await db.alone(lambda tx: tx.delete(ATTACHMENTS, {"_id": attachment_id, "owner_id": None}))


class Keeper(Protocol):
    """What sweeping asks of the building."""

    @property
    def db(self) -> Database: ...
    @property
    def files(self) -> Files: ...


async def sweep(keeper: Keeper, attachment: Attachment) -> Settled:
    """What was uploaded and never used; the row is leased, so nobody can claim it any more."""
    if attachment.owner_id is not None:
        return {"due_at": None}
    await discard(keeper.db, keeper.files, attachment.id)
    return None


UNUSED = QueueOf("attachments", ATTACHMENTS, sweep)
