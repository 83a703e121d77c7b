"""Revealing 查看完整信息: a desk is shown a resident's name and telephone masked and no door; who needs them whole says
why, which is on record, and does so no more often in a day than the street allows.
"""

from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta

from schemas.residents import ResidentCard
from schemas.reveals import NewReveal, RevealedView
from server import audit, disability, places
from server.config import Settings
from server.kit.clock import today
from server.kit.db import Collection, Duplicate, Index, Reader, Stored, Tx
from server.kit.errors import TooMany
from server.residents import Resident
from server.sessions import Actor
from server.words import masked, masked_name

_KEPT = timedelta(days=2)


class RevealTally(Stored, kw_only=True):
    """`id` is `userid|YYYY-MM-DD`, by the local day; with a third part for what is counted by itself."""

    count: Annotated[int, Meta(ge=0)] = 0
    expires_at: datetime


TALLIES: Collection[RevealTally] = Collection(
    "reveal_tallies", RevealTally, Index(("expires_at",), expire_after_s=0)
)


class RevealedEnough(TooMany):
    """您今天查看完整信息的次数已经用完，请明天再查，急用请找管理员"""


def lane(actor: Actor) -> str:
    """Looks of one member are counted one after the other."""
    return f"reveals|{actor.id}"


async def reveal(tx: Tx, resident_id: str, wanted: NewReveal, actor: Actor, rules: Settings) -> RevealedView:
    """All that the desk may know of a resident whom it answers for. Raises ResidentNotFound, RevealedEnough."""
    resident = await on_record(tx, resident_id, wanted, actor)
    left = await spend(tx, actor, rules.desk.reveals_per_day)
    return RevealedView(
        id=resident.id,
        name=resident.name,
        phone=resident.phone or "",
        home=home_of(tx, resident),
        birth_year=resident.birth_year,
        left=left,
    )


async def on_record(tx: Tx, resident_id: str, wanted: NewReveal, actor: Actor) -> Resident:
    """Whom the desk answers for, and that it looked at them whole; the caller counts. Raises ResidentNotFound."""
    resident = await disability.find(tx, resident_id, actor)
    audit.note(tx, actor, "console", "residents.reveal", resident.id, reason=wanted.said)
    return resident


async def spend(tx: Tx, actor: Actor, most: int, of: str = "", enough: type[TooMany] = RevealedEnough) -> int:
    """How often they may still do so today; what has a name in `of` has a count of its own. Raises `enough`."""
    key = f"{actor.id}|{today(tx.now)}" + (f"|{of}" if of else "")
    new = {"$setOnInsert": {"expires_at": tx.now + _KEPT}, "$inc": {"count": 1}}
    try:
        tally = await tx.take(TALLIES, {"_id": key, "count": {"$lt": most}}, new, upsert=True)
    except Duplicate as error:
        raise enough from error
    return most - tally.count if tally is not None else 0


def card(reader: Reader, resident: Resident) -> ResidentCard:
    """As anybody at a desk may see them."""
    home = resident.household
    return ResidentCard(
        id=resident.id,
        name=masked_name(resident.name),
        phone=masked(resident.phone or ""),
        compound=places.name_of(reader, home.compound_id) if home else "",
        community_id=resident.community_id,
    )


def home_of(reader: Reader, resident: Resident) -> str:
    """Compound and door, as one says them."""
    home = resident.household
    return f"{places.name_of(reader, home.compound_id)} {home.room}".strip() if home else ""
