"""Announcements as the staff see them, and how many residents have read one."""

from typing import Any

from schemas.announcements import (
    AnnouncementActionView,
    AudienceView,
    EditionView,
    FindStaffAnnouncements,
    ReachView,
    StaffAnnouncementLineView,
    StaffAnnouncementsView,
    StaffAnnouncementView,
)
from server import attachments, places, tags
from server.announcements import comments, desk
from server.announcements.audience import residents_where
from server.announcements.stored import (
    ANNOUNCEMENTS,
    DRAFT,
    EDITIONS,
    KINDS,
    PUBLISHED,
    READINGS,
    STATE_TEXTS,
    TONES,
    WITHDRAWN,
    Announcement,
    AudienceNotYours,
    ReplacedEdition,
    office,
)
from server.config import Settings
from server.kit.db import MOMENT, TEXT, Reader
from server.places import PLACES
from server.residents import RESIDENTS
from server.sessions import Actor

MOST_EDITIONS = 50
_EVERYBODY = 10_000_000
_STORED = [DRAFT, PUBLISHED, WITHDRAWN]


def audience(reader: Reader, one: Announcement) -> AudienceView:
    tag = f" · {tags.name_of(reader, one.tag)}" if one.tag else ""
    retired = tags.is_retired(reader, one.tag)
    if one.kind == "street":
        return AudienceView(kind="street", place_id=None, tag=one.tag, text=f"全街道{tag}", retired=retired)
    name = places.name_of(reader, one.place)
    community = places.name_of(reader, one.community_id)
    text = name if one.kind == "community" else f"{community} {name}".strip()
    return AudienceView(kind=one.kind, place_id=one.place, tag=one.tag, text=f"{text}{tag}", retired=retired)


async def listed(reader: Reader, wanted: FindStaffAnnouncements, actor: Actor) -> StaffAnnouncementsView:
    """Those in the actor's scope, newest first. Raises BadCursor, AudienceNotYours."""
    page = await reader.merged(
        ANNOUNCEMENTS, _where(reader, wanted, actor), sort="-at", cursor=wanted.cursor, limit=wanted.limit
    )
    waiting = await comments.waiting(reader, [one.id for one in page.items if desk.may_change(one, actor)])
    lines = [_line(reader, one, waiting.get(one.id, 0)) for one in page.items]
    return StaffAnnouncementsView(items=lines, next=page.next)


def _where(reader: Reader, wanted: FindStaffAnnouncements, actor: Actor) -> list[dict[str, Any]]:
    """Filters that exclude each other and whose fields an index begins with."""
    return [
        where | state for where in _scope(reader, wanted, actor) for state in _states(reader, wanted.state)
    ]


def _scope(reader: Reader, wanted: FindStaffAnnouncements, actor: Actor) -> list[dict[str, Any]]:
    own = sorted(desk.own_communities(actor))
    street = desk.writes_for_street(actor)
    if wanted.place_id is not None:
        if not street and _community(reader, wanted.place_id) not in own:
            raise AudienceNotYours(field="place_id")
        return [{"place": wanted.place_id}]
    return [{"kind": one} for one in KINDS] if street else [{"community_id": one} for one in own]


def _states(reader: Reader, state: str | None) -> list[dict[str, Any]]:
    match state:
        case None:
            return [{"state": one} for one in _STORED]
        case "scheduled":
            return [{"state": PUBLISHED, "at": {"$gt": reader.now}}]
        case "published":
            return [{"state": PUBLISHED, "at": {"$lte": reader.now}}]
    return [{"state": state}]


def _community(reader: Reader, place_id: str) -> str | None:
    place = reader.recall(PLACES, place_id)
    if place is None:
        return None
    return place.id if place.kind == "community" else place.parent_id


def _line(reader: Reader, one: Announcement, waiting: int) -> StaffAnnouncementLineView:
    state = one.state_at(reader.now)
    return StaffAnnouncementLineView(
        id=one.id,
        state=state,
        state_text=STATE_TEXTS[state],
        tone=TONES[state],
        title=one.title,
        audience=audience(reader, one),
        publisher=office(reader, one.office_id),
        author=one.author,
        at=one.at,
        edition=one.edition,
        comments=one.comments,
        comments_waiting=waiting,
        version=one.version,
    )


async def view(reader: Reader, one: Announcement, actor: Actor, rules: Settings) -> StaffAnnouncementView:
    """With the editions that were replaced, no more than fifty."""
    replaced = await reader.all(EDITIONS, {"announcement_id": one.id}, limit=MOST_EDITIONS, sort="-edition")
    ids = dict.fromkeys(each for images in (one.images, *(old.images for old in replaced)) for each in images)
    shown = await attachments.views(reader, list(ids), rules)
    waiting = await comments.waiting(reader, [one.id] if desk.may_change(one, actor) else [])
    state = one.state_at(reader.now)
    return StaffAnnouncementView(
        id=one.id,
        state=state,
        state_text=STATE_TEXTS[state],
        tone=TONES[state],
        title=one.title,
        text=one.text,
        images=[shown[each] for each in one.images if each in shown],
        audience=audience(reader, one),
        publisher=office(reader, one.office_id),
        author=one.author,
        created_at=one.created_at,
        published_by=one.published_by,
        published_at=None if state == DRAFT else one.at,
        edition=one.edition,
        corrected_at=one.corrected_at,
        correction_note=one.correction_note,
        withdrawn_by=one.withdrawn_by,
        withdrawn_at=one.withdrawn_at,
        withdraw_reason=one.withdraw_reason,
        editions=[_edition(old, shown) for old in replaced],
        comments=one.comments,
        comments_waiting=waiting.get(one.id, 0),
        actions=[
            AnnouncementActionView(name=each.name, text=each.text) for each in desk.deeds(reader, one, actor)
        ],
        version=one.version,
    )


def _edition(old: ReplacedEdition, shown: dict[str, Any]) -> EditionView:
    return EditionView(
        edition=old.edition,
        title=old.title,
        text=old.text,
        images=[shown[each] for each in old.images if each in shown],
        since=old.since,
        until=old.until,
        replaced_by=old.replaced_by,
        note=old.note,
    )


async def reach(reader: Reader, one: Announcement) -> ReachView:
    """Counted through indexes alone, whatever the size of the street."""
    before = one.edition - 1
    return ReachView(
        audience=await _residents(reader, one),
        read=await read_by(reader, one, one.edition),
        edition=one.edition,
        read_before=await read_by(reader, one, before) if before else None,
    )


async def read_by(reader: Reader, one: Announcement, edition: int) -> int:
    """How many have opened this edition."""
    where = {"announcement_id": one.id, "edition": edition}
    return await reader.count(READINGS, where, limit=_EVERYBODY)


async def _residents(reader: Reader, one: Announcement) -> int:
    """Who left has no household and no tags any more, but their community is kept, as the figures need it."""
    if one.tag is not None:
        return await reader.count(RESIDENTS, residents_where(one), limit=_EVERYBODY)
    if one.kind == "compound":
        return await reader.count(RESIDENTS, {"household.compound_id": one.place}, limit=_EVERYBODY)
    there = {"community_id": one.place} if one.kind == "community" else {"_id": TEXT}
    left = {"community_id": one.place} if one.kind == "community" else {}
    everybody = await reader.count(RESIDENTS, there, limit=_EVERYBODY)
    return everybody - await reader.count(RESIDENTS, left | {"deleted_at": MOMENT}, limit=_EVERYBODY)
