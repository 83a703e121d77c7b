"""Points that come, are taken back, or expire: the transfer and the lot that goes with it, together."""

from collections.abc import Mapping
from datetime import datetime

from server.kit.db import Tx
from server.kit.jobs import Premises, QueueOf, Settled
from server.ledger import lots
from server.ledger.lots import LOTS, Lot
from server.ledger.posting import is_posted, post, standing
from server.ledger.stored import Leg, Transfer, common, own


async def earn(
    tx: Tx,
    transfer_id: str,
    resident_id: str,
    fen: int,
    at: datetime,
    days: int,
    by: str,
    why: Mapping[str, str],
) -> Transfer | None:
    """Points for a purchase of `at`, once; what is owed is made good first. None where it was posted before."""
    if await is_posted(tx, transfer_id):
        return None
    good = min(fen, -await standing(tx, own("owed", resident_id)))
    legs = [
        Leg(common("issuer", transfer_id), -fen),
        Leg(own("owed", resident_id), good),
        Leg(own("resident", resident_id), fen - good),
    ]
    made = await post(tx, transfer_id, "accrual", legs, by=by, why=why)
    await lots.bring(tx, transfer_id, resident_id, fen - good, at, days)
    return made


async def claw_back(
    tx: Tx, transfer_id: str, resident_id: str, fen: int, of: str, by: str, why: Mapping[str, str]
) -> Transfer | None:
    """Take back what the transfer `of` had brought, once: what is there to spend first, the rest is owed."""
    if await is_posted(tx, transfer_id):
        return None
    there = min(fen, await standing(tx, own("resident", resident_id)))
    legs = [
        Leg(own("resident", resident_id), -there),
        Leg(own("owed", resident_id), there - fen),
        Leg(common("issuer", transfer_id), fen),
    ]
    made = await post(tx, transfer_id, "clawback", legs, by=by, why=why, reverses=of)
    await lots.take(tx, resident_id, there, first=of)
    return made


async def _expire(tx: Tx, lot_id: str) -> None:
    lot = await tx.get(LOTS, lot_id)
    if lot is None or lot.expires_at > tx.now:
        return
    if lot.left:
        name = f"{lot.id}/expiry/{lot.expires_at:%Y%m%d%H%M%S}"
        legs = [Leg(own("resident", lot.resident_id), -lot.left), Leg(common("expired", name), lot.left)]
        day = f"{lot.at:%Y-%m-%d}"
        await post(
            tx, name, "expiry", legs, by="system", why={"text": f"{day} 的积分到期作废", "lot": lot.id}
        )
    lot.left, lot.due_at = 0, None
    await tx.put(LOTS, lot)


async def _look(premises: Premises, lot: Lot) -> Settled:
    await premises.db.atomically(lambda tx: _expire(tx, lot.id))
    return None


EXPIRIES: QueueOf[Lot] = QueueOf("lots", LOTS, _look)
