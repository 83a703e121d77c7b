"""Lots whose day has passed: what is left of them expires, and what comes back to them can be used a little longer."""

from collections.abc import Iterable
from datetime import timedelta

from server.kit.db import Tx
from server.kit.jobs import Premises, QueueOf, Settled
from server.ledger.lots import LOTS, Lot, Part
from server.ledger.posting import post
from server.ledger.stored import Leg, common, lanes, own


async def give_back(tx: Tx, parts: Iterable[Part]) -> None:
    """Into the lots they came from. Where a lot has expired meanwhile, only what comes back can be used for some days
    more, whether a worker has come by yet or not."""
    wanted = {one.lot_id: one.fen for one in parts}
    lots = await tx.all(LOTS, {"_id": {"$in": list(wanted)}}, limit=len(wanted)) if wanted else []
    for lot in lots:
        if lot.expires_at <= tx.now:
            await _expire(tx, lot)
            lot.expires_at = lot.due_at = tx.now + timedelta(days=lot.back_days)
            lot.warned_days = None
        lot.left += wanted[lot.id]
    await tx.put_all(LOTS, lots)


async def _expire(tx: Tx, lot: Lot) -> None:
    if lot.left:
        name = _named(lot)
        legs = [Leg(own("resident", lot.resident_id), -lot.left), Leg(common("expired", name), lot.left)]
        why = {"text": f"{lot.at:%Y-%m-%d} 的积分到期作废", "lot": lot.id}
        await post(tx, name, "expiry", legs, by="system", why=why)
    lot.left = 0


def _named(lot: Lot) -> str:
    return f"{lot.id}/expiry/{lot.expires_at:%Y%m%d%H%M%S}"


async def _over(tx: Tx, lot_id: str) -> None:
    lot = await tx.get(LOTS, lot_id)
    if lot is None or lot.expires_at > tx.now:
        return
    await _expire(tx, lot)
    lot.due_at = None
    await tx.put(LOTS, lot)


async def _look(premises: Premises, lot: Lot) -> Settled:
    await premises.db.atomically(lambda tx: _over(tx, lot.id), lanes=lanes(lot.resident_id, _named(lot)))
    return None


EXPIRIES: QueueOf[Lot] = QueueOf("lots", LOTS, _look)
