"""The example street's announcements: read from `data/`, their days counted from today."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from schemas.common import Id, Reason
from server.announcements import ANNOUNCEMENTS, EDITIONS, STREET_ID, Announcement, ReplacedEdition
from server.demo import rows, tags
from server.demo.rows import Row
from server.demo.street import DATA, Street
from server.kit.clock import SHANGHAI, today
from server.kit.db import Stored, Tx

When = Annotated[str, Meta(pattern=r"^-?\d+ ([01]\d|2[0-3]):[0-5]\d$")]
"""Days from today, and the street's time of day: `-1 16:10`."""


class Written(Struct, kw_only=True):
    """An announcement as the file writes it; `before` is what it said until it was corrected. A draft has no `at`."""

    id: Id
    place: Id
    tag: Id | None = None
    title: str
    text: str
    author: Id
    at: When | None = None
    comments: bool = False
    corrected: When | None = None
    before_title: str = ""
    before: str = ""
    note: str = ""
    withdrawn: When | None = None
    reason: Reason | None = None


def read(street: Street, now: datetime, folder: Path = DATA) -> list[Stored]:
    """Raises BadData."""
    found = rows.read(folder / "announcements.toml", "announcement")
    known = {one.id for one in tags.read(street, folder).tags}
    return [one for row in found for one in _made(row, street, known, now)]


def _made(row: Row, street: Street, known_tags: set[str], now: datetime) -> list[Stored]:
    one = row.to(Written)
    if one.tag is not None:
        row.know("tag", one.tag, known_tags)
    places = {place.id: place for place in street.places}
    authors = {member.id: member for member in street.staff}
    row.know("place", one.place, {STREET_ID, *places})
    row.know("author", one.author, authors)
    place, author = places.get(one.place), authors[one.author]
    kind = place.kind if place else "street"
    community = place.id if place and kind == "community" else place.parent_id if place else None
    window = any(grant.role == "clerk" and grant.community_id == community for grant in author.grants)

    corrected, withdrawn = _moment(one.corrected, now), _moment(one.withdrawn, now)
    published = _moment(one.at, now)
    at = published or now
    made = Announcement(
        id=one.id,
        state="draft" if published is None else "withdrawn" if withdrawn else "published",
        kind=kind,
        place=one.place,
        community_id=community,
        office_id=community if window else None,
        tag=one.tag,
        title=one.title,
        text=one.text.strip(),
        images=[],
        comments=one.comments,
        author_id=author.id,
        author=author.name,
        created_at=min(at, now),
        at=at,
        edition=2 if corrected else 1,
        published_by=author.name if published else "",
        corrected_at=corrected,
        correction_note=one.note,
        withdrawn_by=author.name if withdrawn else "",
        withdrawn_at=withdrawn,
        withdraw_reason=one.reason or "",
    )
    return [made, *([_before(one, made, corrected)] if corrected else [])]


def _moment(said: str | None, now: datetime) -> datetime | None:
    if said is None:
        return None
    days, _, clock = said.partition(" ")
    day = today(now) + timedelta(days=int(days))
    return datetime.combine(day, time.fromisoformat(clock), SHANGHAI).astimezone(UTC)


def _before(one: Written, made: Announcement, until: datetime) -> ReplacedEdition:
    return ReplacedEdition(
        id=f"{made.id}|1",
        announcement_id=made.id,
        edition=1,
        title=one.before_title,
        text=one.before.strip(),
        images=[],
        since=made.at,
        until=until,
        replaced_by=made.author,
        note=one.note,
    )


async def put(tx: Tx, found: list[Stored]) -> None:
    """What is there already stays: somebody may have changed it since."""
    made = [one for one in found if isinstance(one, Announcement)]
    known = await tx.all(ANNOUNCEMENTS, {"_id": {"$in": [one.id for one in made]}}, limit=len(made) or 1)
    there = {one.id for one in known}
    await tx.put_all(ANNOUNCEMENTS, [one for one in made if one.id not in there])
    for one in found:
        if isinstance(one, ReplacedEdition) and one.announcement_id not in there:
            await tx.insert(EDITIONS, one)
