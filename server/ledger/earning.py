"""Points that come and are taken back: the transfer and the lot that goes with it, together."""

from collections.abc import Mapping
from datetime import datetime

from server.kit.db import Tx
from server.ledger import lots
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
    back: int = 7,
) -> Transfer | None:
    """Points for a purchase of `at`, once; what is owed is made good first. They can be used for so many `days`, and for
    `back` days where they come back after that. None where it was posted before."""
    if await is_posted(tx, transfer_id):
        return None
    issuer, owed, theirs = (
        common("issuer", transfer_id),
        own("owed", resident_id),
        own("resident", resident_id),
    )
    good = min(fen, -await standing(tx, owed, issuer, theirs))
    legs = [Leg(issuer, -fen), Leg(owed, good), Leg(theirs, fen - good)]
    made = await post(tx, transfer_id, "accrual", legs, by=by, why=why)
    await lots.bring(tx, transfer_id, resident_id, fen - good, at, days, back)
    return made


async def claw_back(
    tx: Tx, transfer_id: str, resident_id: str, fen: int, of: str, by: str, why: Mapping[str, str]
) -> Transfer | None:
    """Take back what the transfer `of` had brought, once: what is there to spend first, the rest is owed."""
    if await is_posted(tx, transfer_id):
        return None
    issuer, owed, theirs = (
        common("issuer", transfer_id),
        own("owed", resident_id),
        own("resident", resident_id),
    )
    there = min(fen, await standing(tx, theirs, owed, issuer))
    legs = [Leg(theirs, -there), Leg(owed, there - fen), Leg(issuer, fen)]
    made = await post(tx, transfer_id, "clawback", legs, by=by, why=why, reverses=of)
    await lots.take(tx, resident_id, there, first=of)
    return made
