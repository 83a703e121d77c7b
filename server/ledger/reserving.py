"""Two-phase redemption: points are set aside, and either spent, wholly or partly, or given back, at the latest when
their time is up.

The row of a reserve and its transfers change in one transaction, so a reserve is spent or given back once, whoever
comes first.
"""

from datetime import datetime

from server.kit.db import Tx
from server.kit.errors import Conflict, NotFound
from server.kit.jobs import Premises, QueueOf, Settled
from server.ledger import lots
from server.ledger.expiry import give_back
from server.ledger.lots import Part
from server.ledger.posting import NotEnoughPoints, is_posted, post
from server.ledger.stored import (
    REDEMPTIONS,
    RESERVES,
    TRANSFERS,
    Leg,
    Redemption,
    Reserve,
    Transfer,
    lanes,
    own,
)


class ReserveNotFound(NotFound):
    """没有这一笔预留"""


class ReserveOver(Conflict):
    """这一笔预留已经用完或退回"""


class MoreThanReserved(Conflict):
    """金额超过了预留的积分"""


class RefundedTooMuch(Conflict):
    """退回的积分超过了付过的"""


class ReserveDiffers(Conflict):
    """这一笔预留已经记过，内容不一样"""


async def reserve(
    tx: Tx, reserve_id: str, resident_id: str, amount: int, until: datetime, *, by: str, about: str = ""
) -> Reserve:
    """Set points aside until `until`, once. Raises NotEnoughPoints, ReserveDiffers."""
    known = await tx.get(RESERVES, reserve_id)
    if known is not None:
        if (known.resident_id, known.amount) != (resident_id, amount):
            raise ReserveDiffers
        return known
    if amount <= 0:
        raise NotEnoughPoints
    held = Reserve(
        id=reserve_id, resident_id=resident_id, amount=amount, at=tx.now, about=about, due_at=until
    )
    await _between(tx, f"{reserve_id}/reserve", "reserve", held, "resident", "held", amount, by)
    held.parts = await lots.take(tx, resident_id, amount)
    await tx.insert(RESERVES, held)
    return held


async def hold(tx: Tx, reserve_id: str) -> bool:
    """Keep it until it is spent or released, however long that takes; False where its time was up before."""
    return await tx.change(RESERVES, {"_id": reserve_id, "voided": 0}, {"$set": {"due_at": None}})


async def spend(tx: Tx, reserve_id: str, transfer_id: str, amount: int, to: str, *, by: str) -> Transfer:
    """Pay `amount` of what is set aside into the account `to`, once for each `transfer_id`; the rest stays held.

    Raises ReserveNotFound, ReserveOver, MoreThanReserved, TransferDiffers.
    """
    held = await _find(tx, reserve_id)
    legs = [Leg(own("held", held.resident_id), -amount), Leg(to, amount)]
    if await is_posted(tx, transfer_id):
        return await post(tx, transfer_id, "redeem", legs, by=by)
    if not held.left:
        raise ReserveOver
    if not 0 < amount <= held.left:
        raise MoreThanReserved
    held.posted += amount
    spent, held.parts = split(held.parts, amount)
    tx.add(
        REDEMPTIONS,
        Redemption(
            id=transfer_id, resident_id=held.resident_id, reserve_id=reserve_id, parts=spent, at=tx.now
        ),
    )
    made = await post(tx, transfer_id, "redeem", legs, by=by, why=_why(held))
    await _kept(tx, held)
    return made


async def release(tx: Tx, reserve_id: str, *, by: str) -> Reserve:
    """Give back whatever is still held; nothing happens when nothing is. Raises ReserveNotFound."""
    held = await _find(tx, reserve_id)
    if held.left:
        await _between(tx, f"{reserve_id}/release", "release", held, "held", "resident", held.left, by)
        held.voided += held.left
        await give_back(tx, held.parts)
        held.parts = []
        await _kept(tx, held)
    return held


async def refund(tx: Tx, transfer_id: str, of: str, amount: int, source: str, *, by: str) -> Transfer:
    """Give back `amount` of what the payment `of` had spent, out of the account `source`, once: into the lots that were
    used last. Raises ReserveNotFound, RefundedTooMuch, TransferDiffers."""
    paid = await tx.get(REDEMPTIONS, of)
    if paid is None:
        raise ReserveNotFound
    legs = [Leg(source, -amount), Leg(own("resident", paid.resident_id), amount)]
    if not await is_posted(tx, transfer_id):
        before = await tx.all(TRANSFERS, {"reverses": of}, limit=_REFUNDS)
        left = sum(one.fen for one in paid.parts) - sum(_given(one) for one in before)
        if not 0 < amount <= left:
            raise RefundedTooMuch
        still, _ = split(paid.parts, left)
        _, back = split(still, left - amount)
        await give_back(tx, back)
    why = _why(await tx.get(RESERVES, paid.reserve_id))
    return await post(tx, transfer_id, "refund", legs, by=by, why=why, reverses=of)


def _given(transfer: Transfer) -> int:
    return sum(one.amount for one in transfer.legs if one.amount > 0)


_REFUNDS = 100


def split(parts: list[Part], amount: int) -> tuple[list[Part], list[Part]]:
    """The first so many fen of them, and the rest."""
    first, rest = [], []
    for one in parts:
        fen = min(one.fen, amount)
        amount -= fen
        first += [Part(one.lot_id, fen)] if fen else []
        rest += [Part(one.lot_id, one.fen - fen)] if one.fen > fen else []
    return first, rest


async def _between(
    tx: Tx, transfer_id: str, kind: str, held: Reserve, source: str, target: str, amount: int, by: str
) -> None:
    legs = [Leg(f"{source}:{held.resident_id}", -amount), Leg(f"{target}:{held.resident_id}", amount)]
    await post(tx, transfer_id, kind, legs, by=by, why=_why(held))


def _why(held: Reserve | None) -> dict[str, str]:
    """What the points are for, in words where whoever set them aside has said it."""
    if held is None:
        return {}
    return {"reserve": held.id} | ({"text": held.about} if held.about else {})


async def _find(tx: Tx, reserve_id: str) -> Reserve:
    found = await tx.get(RESERVES, reserve_id)
    if found is None:
        raise ReserveNotFound
    return found


async def _kept(tx: Tx, held: Reserve) -> None:
    """Raises ReserveOver when somebody else was faster."""
    over = {"due_at": None} if not held.left else {}
    parts = [{"lot_id": one.lot_id, "fen": one.fen} for one in held.parts]
    how = {"$set": {"posted": held.posted, "voided": held.voided, "parts": parts} | over}
    tx.demand(RESERVES, {"_id": held.id}, how, otherwise=ReserveOver())


async def _time_is_up(premises: Premises, held: Reserve) -> Settled:
    async def over(tx: Tx) -> None:
        if (await _find(tx, held.id)).due_at is not None:  # somebody may hold it since
            await release(tx, held.id, by="system")

    await premises.db.atomically(over, lanes=lanes(held.resident_id, f"{held.id}/release"))
    return None


TIMEOUTS: QueueOf[Reserve] = QueueOf("reserves", RESERVES, _time_is_up)
