"""What residents see: the announcements for their street, community and compound, newest first.

Whom one is for is decided by where a resident lives and which tags they have when they look. Without a household they
have the street's.
"""

from typing import Any

from schemas.announcements import (
    AnnouncementLineView,
    AnnouncementsView,
    AnnouncementView,
    FindAnnouncements,
)
from server import attachments, push
from server.announcements import views
from server.announcements.stored import (
    ANNOUNCEMENTS,
    PUBLISHED,
    READINGS,
    STATE_TEXTS,
    STREET_ID,
    WITHDRAWN,
    Announcement,
    AnnouncementNotFound,
    Reading,
    message_id,
    office,
    reading_id,
)
from server.config import Settings
from server.kit.db import Reader, Tx
from server.residents import Resident

_EXCERPT = 60


def places_of(resident: Resident) -> list[str]:
    """The audiences that somebody belongs to."""
    compound = resident.household.compound_id if resident.household else None
    return [STREET_ID, *(one for one in (resident.community_id, compound) if one)]


def tags_of(resident: Resident) -> list[str]:
    return [one.id for one in resident.tags]


def visible(reader: Reader, resident: Resident) -> list[dict[str, Any]]:
    """The filters for what a resident sees now, one for each of their places. The index that each walks ends in the tag:
    what is for others is passed over there and never read."""
    mine = {"state": PUBLISHED, "at": {"$lte": reader.now}, "tag": {"$in": [None, *tags_of(resident)]}}
    return [{"place": one} | mine for one in places_of(resident)]


async def listed(reader: Reader, resident: Resident, wanted: FindAnnouncements) -> AnnouncementsView:
    """One page, newest first. Raises BadCursor."""
    page = await reader.merged(
        ANNOUNCEMENTS, visible(reader, resident), sort="-at", cursor=wanted.cursor, limit=wanted.limit
    )
    read = await _read(reader, resident, page.items)
    return AnnouncementsView(items=[_line(reader, one, one.id in read) for one in page.items], next=page.next)


async def find(reader: Reader, announcement_id: str, resident: Resident) -> Announcement:
    """Also one that was withdrawn after residents had seen it. Raises AnnouncementNotFound."""
    found = await reader.get(ANNOUNCEMENTS, announcement_id)
    if found is None or found.place not in places_of(resident):
        raise AnnouncementNotFound
    if found.tag is not None and found.tag not in tags_of(resident):
        raise AnnouncementNotFound
    if found.state_at(reader.now) == PUBLISHED or (found.state == WITHDRAWN and found.was_seen):
        return found
    raise AnnouncementNotFound


async def view(reader: Reader, announcement_id: str, resident: Resident, rules: Settings) -> AnnouncementView:
    """Raises AnnouncementNotFound."""
    one = await find(reader, announcement_id, resident)
    gone = one.state == WITHDRAWN
    shown = {} if gone else await attachments.views(reader, one.images, rules)
    state = one.state_at(reader.now)
    return AnnouncementView(
        id=one.id,
        state=state,
        state_text=STATE_TEXTS[state],
        title=one.title,
        text="" if gone else one.text,
        images=[shown[each] for each in one.images if each in shown],
        publisher=office(reader, one.office_id),
        audience=views.audience(reader, one),
        published_at=one.at,
        edition=one.edition,
        corrected_at=one.corrected_at,
        correction_note="" if gone else one.correction_note,
        withdrawn_at=one.withdrawn_at,
        withdraw_reason=one.withdraw_reason,
        unread=not gone and one.id not in await _read(reader, resident, [one]),
        comments=one.comments and not gone,
    )


async def mark(tx: Tx, announcement_id: str, edition: int, resident: Resident) -> None:
    """It has been read, and what the inbox has of it, too. Told again nothing is written. Raises AnnouncementNotFound."""
    one = await find(tx, announcement_id, resident)
    if edition > one.edition:
        raise AnnouncementNotFound
    item_id = reading_id(one.id, edition, resident.id)
    if one.state == WITHDRAWN or await tx.get(READINGS, item_id) is not None:
        return
    made = Reading(id=item_id, announcement_id=one.id, edition=edition, resident_id=resident.id, at=tx.now)
    await tx.insert(READINGS, made)
    messages = [message_id(one.id, each, resident.id) for each in range(1, edition + 1)]
    await push.read(tx, resident.id, messages)


async def _read(reader: Reader, resident: Resident, items: list[Announcement]) -> set[str]:
    """Which of these somebody has read as they stand now."""
    ids = [reading_id(one.id, one.edition, resident.id) for one in items]
    found = await reader.all(READINGS, {"_id": {"$in": ids}}, limit=len(ids)) if ids else []
    return {one.announcement_id for one in found}


def _line(reader: Reader, one: Announcement, read: bool) -> AnnouncementLineView:
    said = " ".join(one.text.split())
    return AnnouncementLineView(
        id=one.id,
        title=one.title,
        excerpt=said if len(said) <= _EXCERPT else f"{said[: _EXCERPT - 1]}…",
        publisher=office(reader, one.office_id),
        published_at=one.at,
        edition=one.edition,
        corrected=one.corrected_at is not None,
        unread=not read,
    )
