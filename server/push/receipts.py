"""What is kept of the ways by which somebody was to be reached: the last few, on the message itself."""

from datetime import datetime
from typing import Any

from schemas.push import Channel
from server.kit.db import Tx, plain
from server.push.stored import MESSAGES, Receipt

KEPT = 10


def added(at: datetime, channel: Channel, outcome: str, error: str = "") -> dict[str, Any]:
    """What changes of a message's row by one more attempt."""
    receipt = plain(Receipt(channel=channel, at=at, outcome=outcome, error=error))
    return {"$push": {"receipts": {"$each": [receipt], "$slice": -KEPT}}}


async def note(tx: Tx, message_id: str, channel: Channel, outcome: str, error: str = "") -> None:
    """One more attempt, by a channel beside WeChat's."""
    await tx.change(MESSAGES, {"_id": message_id}, added(tx.now, channel, outcome, error))
