"""What is kept of the ways by which somebody was to be reached: the last few, on the message itself."""

from schemas.push import Channel
from server.kit.db import Tx, plain
from server.push.stored import MESSAGES, Receipt

KEPT = 10


async def note(tx: Tx, message_id: str, channel: Channel, outcome: str, error: str = "") -> None:
    """One more attempt, by a channel beside WeChat's."""
    receipt = plain(Receipt(channel=channel, at=tx.now, outcome=outcome, error=error))
    last = {"$push": {"receipts": {"$each": [receipt], "$slice": -KEPT}}}
    await tx.change(MESSAGES, {"_id": message_id}, last)
