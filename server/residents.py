"""Residents: who they are to WeChat, how they are reached, where they live."""

from datetime import date, datetime

from msgspec import UNSET, Struct
from msgspec.structs import asdict, replace

from schemas.disability import DisabilityLevel, DisabilityView
from schemas.residents import (
    ChangeMe,
    ChangePreferences,
    Household,
    Preferences,
    ResidentView,
)
from server import places
from server.kit.chance import chance
from server.kit.db import MOMENT, TEXT, Collection, Index, Reader, Stored, Tx
from server.kit.errors import NotFound
from server.words import said_day


class ResidentNotFound(NotFound):
    """没有找到这位居民"""


class Disability(Struct, frozen=True, kw_only=True):
    """A certificate 残疾人证 that somebody of the desk has seen; `number` is sealed (server/kit/vault.py), `valid_until`
    the last day on which it holds."""

    number: bytes
    level: DisabilityLevel
    valid_until: date
    recorded_by: str
    recorded_at: datetime


class Tagged(Struct, frozen=True, kw_only=True):
    """A tag 标签 that somebody has (server/tags.py). `by` is who of the staff put it on them and `reason` why; of what
    they chose themselves both are empty."""

    id: str
    at: datetime
    by: str = ""
    reason: str = ""


class Declined(Struct, frozen=True, kw_only=True):
    """A tag of the desk's that the resident had taken off."""

    id: str
    at: datetime


class Resident(Stored, kw_only=True):
    """`invitations` counts those ever made, so that two made at once meet (server/proxies.py)."""

    openid: str
    unionid: str | None = None
    name: str = ""
    phone: str | None = None
    household: Household | None = None
    community_id: str | None = None
    preferences: Preferences = Preferences()
    birth_year: int | None = None
    disability: Disability | None = None
    tags: list[Tagged] = []
    declined: list[Declined] = []
    invitations: int = 0
    created_at: datetime
    deleted_at: datetime | None = None


HAS_TAGS = {"tags.id": TEXT}
RESIDENTS: Collection[Resident] = Collection(
    "residents",
    Resident,
    Index(("openid",), unique=True),
    Index(("phone", "_id"), only={"phone": TEXT}),
    Index(("community_id", "deleted_at", "_id")),
    Index(("household.compound_id", "_id")),
    Index(("deleted_at",), only={"deleted_at": MOMENT}),
    Index(("tags.id", "_id"), only=HAS_TAGS),
    Index(("tags.id", "community_id", "_id"), only=HAS_TAGS),
    Index(("tags.id", "household.compound_id", "_id"), only=HAS_TAGS),
)


async def welcome(tx: Tx, openid: str, unionid: str | None) -> Resident:
    """The resident behind an openid, made on the first visit."""
    known = await tx.first(RESIDENTS, {"openid": openid})
    if known is not None:
        return known
    resident = Resident(id=chance.hex(12), openid=openid, unionid=unionid, created_at=tx.now)
    await tx.insert(RESIDENTS, resident)
    return resident


async def find(reader: Reader, resident_id: str) -> Resident:
    """Raises ResidentNotFound."""
    resident = await reader.get(RESIDENTS, resident_id)
    if resident is None:
        raise ResidentNotFound
    return resident


async def present(reader: Reader, resident_id: str) -> Resident:
    """The same, of somebody who has not closed the account. Raises ResidentNotFound."""
    resident = await find(reader, resident_id)
    if resident.deleted_at is not None:
        raise ResidentNotFound
    return resident


async def by_phone(reader: Reader, phone: str) -> list[Resident]:
    return await reader.all(RESIDENTS, {"phone": phone}, limit=20)


async def change(tx: Tx, resident_id: str, wanted: ChangeMe) -> Resident:
    """Change what was sent. Raises CompoundNotFound."""
    resident = await present(tx, resident_id)
    if wanted.name is not UNSET:
        resident = replace(resident, name=wanted.name)
    if wanted.preferences is not UNSET:
        resident = replace(resident, preferences=preferring(resident.preferences, wanted.preferences))
    if wanted.birth_year is not UNSET:
        resident = replace(resident, birth_year=wanted.birth_year)
    if wanted.household is not UNSET:
        where = places.locate(tx, wanted.household.compound_id)
        resident = replace(resident, household=wanted.household, community_id=where.community_id)
    await tx.put(RESIDENTS, resident)
    return resident


def preferring(kept: Preferences, wanted: ChangePreferences) -> Preferences:
    """What was preferred, with what is wanted now instead."""
    changes = {name: value for name, value in asdict(wanted).items() if value is not UNSET}
    if wanted.topics is not UNSET:
        topics = kept.topics | wanted.topics
        changes["topics"] = {topic: how for topic, how in topics.items() if how is not None}
    return replace(kept, **changes)


async def bind_phone(tx: Tx, resident_id: str, phone: str) -> Resident:
    resident = replace(await present(tx, resident_id), phone=phone)
    await tx.put(RESIDENTS, resident)
    return resident


def view(resident: Resident) -> ResidentView:
    return ResidentView(
        id=resident.id,
        name=resident.name,
        phone=resident.phone,
        household=resident.household,
        community_id=resident.community_id,
        preferences=resident.preferences,
        birth_year=resident.birth_year,
        disability=view_disability(resident.disability) if resident.disability else None,
        created_at=resident.created_at,
    )


def view_disability(disability: Disability) -> DisabilityView:
    level = "一二三四"[disability.level - 1]
    return DisabilityView(
        level=disability.level,
        valid_until=disability.valid_until,
        text=f"{level}级，有效期到 {said_day(disability.valid_until)}",
        recorded_at=disability.recorded_at,
    )
