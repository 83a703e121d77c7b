"""The ladder 兜底通知: how an important message reaches whom WeChat did not show it to.

One row for each such message says on which rung it stands. It is made in the transaction that settled the message, and
climbed by the worker until somebody has read it, was told, or nothing is left to try.
"""

from datetime import datetime, timedelta

from schemas.ladders import Ended, SmsState
from schemas.push import Importance
from server.keeping import Keeping, by_resident
from server.kit.db import TEXT, Collection, Index, Tx
from server.kit.jobs import DUE, Leased
from server.push import Message

_KEPT = timedelta(days=90)


class Climb(Leased, kw_only=True):
    """`id` is the message's. `rung` counts those that are behind it; `sms` is set before one is sent, and `sms_no` is
    the provider's number of it. It stands where it `ended`."""

    resident_id: str
    importance: Importance
    at: datetime
    rung: int = 0
    sms: SmsState = ""
    sms_no: str | None = None
    ended: Ended | None = None
    ended_at: datetime | None = None


CLIMBS: Collection[Climb] = Collection(
    "climbs",
    Climb,
    Index(("resident_id",)),
    Index(("sms_no",), only={"sms_no": TEXT}),
    Index(("ended_at",), expire_after_s=int(_KEPT.total_seconds())),
    DUE,
)
_CLIMBS = Keeping(title="兜底通知", collection=CLIMBS, find=by_resident, hidden=frozenset({"sms_no"}))


async def begin(tx: Tx, message: Message) -> None:
    """WeChat did not show this message; it is told otherwise. A repeat changes nothing."""
    if message.lane is None and await tx.get(CLIMBS, message.id) is None:
        climb = Climb(
            id=message.id,
            resident_id=message.resident_id,
            importance=message.importance,
            at=tx.now,
            due_at=tx.now,
            request_id=message.request_id,
        )
        await tx.insert(CLIMBS, climb)
