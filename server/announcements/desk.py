"""What staff do with announcements: draft, publish at once or at a time, correct, withdraw.

The street (operator, admin) writes to anybody; a community's window (clerk) to its own community and the compounds in
it. Each act is a compare-and-set on the version, and stands in the audit.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from schemas.announcements import (
    Audience,
    CloseComments,
    CorrectAnnouncement,
    EditAnnouncement,
    HoldBackAnnouncement,
    NewAnnouncement,
    OpenComments,
    PublishAnnouncement,
    WithdrawAnnouncement,
)
from server import attachments, audit, tags
from server.announcements.stored import (
    ANNOUNCEMENTS,
    DEEDS,
    DRAFT,
    EDITIONS,
    PUBLISHED,
    STREET_WRITES,
    WITHDRAWN,
    Announcement,
    AnnouncementChanged,
    AnnouncementNotFound,
    AnnouncementNotNow,
    AnnouncementOfStreet,
    AudienceNotYours,
    CorrectionUnheard,
    Deed,
    NothingCorrected,
    Place,
    PublishTimePast,
    ReplacedEdition,
    place_of,
)
from server.kit.chance import chance
from server.kit.db import Reader, Tx
from server.sessions import Actor

_DEEDS = {one.name: one for one in DEEDS}


def own_communities(actor: Actor) -> frozenset[str]:
    """Where somebody sits at the window."""
    return frozenset(one.community_id for one in actor.grants if one.role == "clerk" and one.community_id)


def writes_for_street(actor: Actor) -> bool:
    return bool(actor.roles & STREET_WRITES)


async def find(reader: Reader, announcement_id: str, actor: Actor) -> Announcement:
    """Raises AnnouncementNotFound, also for what is another community's."""
    found = await reader.get(ANNOUNCEMENTS, announcement_id)
    if found is None or not (writes_for_street(actor) or found.community_id in own_communities(actor)):
        raise AnnouncementNotFound
    return found


def may_change(one: Announcement, actor: Actor) -> bool:
    """A window changes what windows of its community have written; the street everything."""
    return writes_for_street(actor) or one.office_id in own_communities(actor)


async def to_change(reader: Reader, announcement_id: str, actor: Actor) -> Announcement:
    """Raises AnnouncementNotFound, AnnouncementOfStreet."""
    one = await find(reader, announcement_id, actor)
    if not may_change(one, actor):
        raise AnnouncementOfStreet
    return one


def deeds(reader: Reader, one: Announcement, actor: Actor) -> list[Deed]:
    """What may be done with it now."""
    return [deed for deed in DEEDS if deed.fits(one, reader.now)] if may_change(one, actor) else []


async def draft(tx: Tx, new: NewAnnouncement, actor: Actor) -> Announcement:
    """Raises AudienceNotFound, TagNotFound, AudienceNotYours."""
    where = _place(tx, new.audience, actor)
    made = Announcement(
        id=chance.hex(12),
        state=DRAFT,
        kind=where.kind,
        place=where.place,
        community_id=where.community_id,
        office_id=None if writes_for_street(actor) else where.community_id,
        tag=where.tag,
        title=new.title,
        text=new.text,
        images=[],
        comments=new.comments,
        author_id=actor.id,
        author=actor.name,
        created_at=tx.now,
        at=tx.now,
    )
    await tx.insert(ANNOUNCEMENTS, made)
    _note(tx, actor, "draft", made)
    return made


async def edit(tx: Tx, announcement_id: str, wanted: EditAnnouncement, actor: Actor) -> Announcement:
    """Raises what `_ready` raises, AudienceNotFound, TagNotFound, AudienceNotYours, AttachmentNotFound."""
    one = await _ready(tx, announcement_id, "edit", wanted.version, actor)
    where = _place(tx, wanted.audience, actor)
    images = await _images(tx, one, wanted.images, actor)
    await attachments.release(tx, one, [each for each in one.images if each not in images])
    changed = replace(
        one,
        kind=where.kind,
        place=where.place,
        community_id=where.community_id,
        office_id=where.community_id if one.office_id else None,
        tag=where.tag,
        title=wanted.title,
        text=wanted.text,
        images=images,
        comments=wanted.comments,
        at=tx.now,
    )
    return await _kept(tx, changed, "edit", actor)


async def publish(tx: Tx, announcement_id: str, wanted: PublishAnnouncement, actor: Actor) -> Announcement:
    """At once or at a time: from then on residents see it. Raises what `_ready` raises, PublishTimePast, TagNotFound:
    its tag was retired since it was drafted."""
    one = await _ready(tx, announcement_id, "publish", wanted.version, actor)
    if one.tag is not None and not await tags.announce(tx, one.tag):
        raise tags.TagNotFound(field="audience")
    if wanted.at is not None and wanted.at <= tx.now:
        raise PublishTimePast(field="at")
    changed = replace(one, state=PUBLISHED, at=wanted.at or tx.now, published_by=actor.name)
    return await _kept(tx, changed, "schedule" if wanted.at else "publish", actor)


async def hold_back(tx: Tx, announcement_id: str, wanted: HoldBackAnnouncement, actor: Actor) -> Announcement:
    """Not yet published after all: a draft again. Raises what `_ready` raises."""
    one = await _ready(tx, announcement_id, "hold_back", wanted.version, actor)
    return await _kept(tx, replace(one, state=DRAFT, at=tx.now, published_by=""), "hold_back", actor)


async def withdraw(tx: Tx, announcement_id: str, wanted: WithdrawAnnouncement, actor: Actor) -> Announcement:
    """No resident finds it any more; who opens it again reads the reason. Raises what `_ready` raises."""
    one = await _ready(tx, announcement_id, "withdraw", wanted.version, actor)
    changed = replace(
        one,
        state=WITHDRAWN,
        withdrawn_by=actor.name,
        withdrawn_at=tx.now,
        withdraw_reason=wanted.reason,
    )
    return await _kept(tx, changed, "withdraw", actor)


async def correct(tx: Tx, announcement_id: str, wanted: CorrectAnnouncement, actor: Actor) -> Announcement:
    """The next edition; what it said before stays readable for the staff, and everybody has it unread again.

    Raises what `_ready` raises, AttachmentNotFound, NothingCorrected, CorrectionUnheard.
    """
    one = await _ready(tx, announcement_id, "correct", wanted.version, actor)
    if (wanted.title, wanted.text, wanted.images) == (one.title, one.text, one.images):
        raise NothingCorrected
    if wanted.push and one.tag is not None and not await tags.announce(tx, one.tag):
        raise CorrectionUnheard(field="push")
    images = await _images(tx, one, wanted.images, actor)
    replaced = ReplacedEdition(
        id=f"{one.id}|{one.edition}",
        announcement_id=one.id,
        edition=one.edition,
        title=one.title,
        text=one.text,
        images=one.images,
        since=one.corrected_at or one.at,
        until=tx.now,
        replaced_by=actor.name,
        note=wanted.note,
    )
    tx.add(EDITIONS, replaced)
    changed = replace(
        one,
        title=wanted.title,
        text=wanted.text,
        images=images,
        edition=one.edition + 1,
        corrected_at=tx.now,
        correction_note=wanted.note,
    )
    return await _kept(tx, changed, "correct", actor)


async def open_comments(tx: Tx, announcement_id: str, wanted: OpenComments, actor: Actor) -> Announcement:
    """From now on residents may comment on it. Raises what `_ready` raises."""
    one = await _ready(tx, announcement_id, "open_comments", wanted.version, actor)
    return await _kept(tx, replace(one, comments=True), "open_comments", actor)


async def close_comments(tx: Tx, announcement_id: str, wanted: CloseComments, actor: Actor) -> Announcement:
    """No more are taken; those that were picked stay to be read. Raises what `_ready` raises."""
    one = await _ready(tx, announcement_id, "close_comments", wanted.version, actor)
    return await _kept(tx, replace(one, comments=False), "close_comments", actor)


async def discard(tx: Tx, announcement_id: str, actor: Actor) -> None:
    """A draft that nobody has seen is gone with its pictures. Raises what `_ready` raises."""
    one = await _ready(tx, announcement_id, "discard", None, actor)
    await attachments.release(tx, one, one.images)
    if not await tx.delete(ANNOUNCEMENTS, {"_id": one.id, "version": one.version}):
        raise AnnouncementChanged
    _note(tx, actor, "discard", one)


def _place(reader: Reader, audience: Audience, actor: Actor) -> Place:
    where = place_of(reader, audience)
    if not writes_for_street(actor) and where.community_id not in own_communities(actor):
        raise AudienceNotYours(field="audience")
    return where


async def _ready(tx: Tx, announcement_id: str, deed: str, version: int | None, actor: Actor) -> Announcement:
    """Raises AnnouncementNotFound, AnnouncementOfStreet, AnnouncementChanged, AnnouncementNotNow."""
    one = await to_change(tx, announcement_id, actor)
    if version is not None and version != one.version:
        raise AnnouncementChanged
    if not _DEEDS[deed].fits(one, tx.now):
        raise AnnouncementNotNow
    return one


async def _images(tx: Tx, one: Announcement, wanted: Iterable[str], actor: Actor) -> list[str]:
    """Those it has stay; the others are claimed by whoever sent them. Raises AttachmentNotFound."""
    images = list(dict.fromkeys(wanted))
    new = [each for each in images if each not in one.images]
    await attachments.claim(tx, one, actor, new, f"announcement:{one.id}", "images", attachments.PICTURES)
    return images


async def _kept(tx: Tx, changed: Announcement, what: str, actor: Actor) -> Announcement:
    """Raises AnnouncementChanged: somebody was faster."""
    next_ = replace(changed, version=changed.version + 1)
    if not await tx.replace(ANNOUNCEMENTS, next_, {"_id": changed.id, "version": changed.version}):
        raise AnnouncementChanged
    _note(tx, actor, what, changed)
    return next_


def _note(tx: Tx, actor: Actor, what: str, one: Announcement) -> None:
    audit.note(tx, actor, "console", f"announcement.{what}", one.id)
