"""Lots: which purchases the points that somebody has come from. Points are used oldest first, and a lot expires whole.

What is in a resident's account is the sum of what is left of their lots; a payment knows the lots that it was made of, so
a bill opens back to the purchases that paid it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from server.kit.db import Collection, Index, Reader, Tx
from server.kit.jobs import DUE, Leased

_AT_ONCE = 200


class Lot(Leased, kw_only=True):
    """`id` is the transfer that brought it. It expires at `due_at`, or later where points have come back to it.
    `warned_days` is the shortest span before it that its owner was warned for (server/points/warnings.py); what comes
    back when it has expired can be used for `back_days`."""

    resident_id: str
    amount: int
    left: int
    at: datetime
    expires_at: datetime
    warned_days: int | None = None
    back_days: int = 7


class Part(Struct, frozen=True):
    """So much of a lot."""

    lot_id: str
    fen: int


class LotsDisagree(Exception):
    """An account has more points than its lots: a fault of ours, found by the check too."""


LOTS: Collection[Lot] = Collection(
    "lots",
    Lot,
    Index(("resident_id", "expires_at", "_id"), only={"left": {"$gt": 0}}),
    DUE,
)


async def bring(
    tx: Tx, transfer_id: str, resident_id: str, amount: int, at: datetime, days: int, back: int
) -> None:
    """Points that have come with this transfer, for a purchase of `at`; they can be used for so many days."""
    if amount <= 0:
        return
    expires_at = at + timedelta(days=days)
    lot = Lot(
        id=transfer_id,
        resident_id=resident_id,
        amount=amount,
        left=amount,
        at=at,
        expires_at=expires_at,
        due_at=expires_at,
        back_days=back,
    )
    await tx.insert(LOTS, lot)


async def take(tx: Tx, resident_id: str, amount: int, first: str = "") -> list[Part]:
    """Use so many points, of the lot `first` if it has any, then the ones that expire soonest. Raises LotsDisagree."""
    parts: list[Part] = []
    own = await tx.get(LOTS, first) if first else None
    if own is not None and own.left:
        parts += await _use(tx, [own], amount)
    while (lacking := amount - sum(one.fen for one in parts)) > 0:
        where = {"resident_id": resident_id, "left": {"$gt": 0}}
        lots = await tx.all(LOTS, where, limit=_AT_ONCE, sort="expires_at")
        if not lots:
            raise LotsDisagree(resident_id)
        parts += await _use(tx, lots, lacking)
    return parts


async def _use(tx: Tx, lots: Iterable[Lot], amount: int) -> list[Part]:
    parts, used = [], []
    for lot in lots:
        fen = min(lot.left, amount)
        if not fen:
            break
        lot.left, amount = lot.left - fen, amount - fen
        parts.append(Part(lot.id, fen))
        used.append(lot)
    await tx.put_all(LOTS, used)
    return parts


async def expiring(reader: Reader, resident_id: str, until: datetime) -> int:
    """How many points expire by then, in fen."""
    where = {"resident_id": resident_id, "left": {"$gt": 0}, "expires_at": {"$lte": until}}
    rows = await reader.groups(LOTS, [{"$match": where}, {"$group": {"_id": None, "fen": {"$sum": "$left"}}}])
    return int(rows[0]["fen"]) if rows else 0


async def left(reader: Reader, resident_id: str) -> int:
    """The sum of what is left of somebody's lots."""
    where = {"resident_id": resident_id, "left": {"$gt": 0}}
    rows = await reader.groups(LOTS, [{"$match": where}, {"$group": {"_id": None, "fen": {"$sum": "$left"}}}])
    return int(rows[0]["fen"]) if rows else 0
