"""How many subscription messages WeChat still takes for somebody: +1 for each accept, −1 for each send, none left after a
43101 or where the subscription was switched off in WeChat's settings (wechat.md §1.4).

An accept is told twice: by the phone, and by WeChat itself. Either may be lost, so each counts and the two of a pair
count once: an accept finds the other's of about the same time that has no partner yet.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from msgspec import Meta

from schemas.push import Answer
from server.kit.chance import chance
from server.kit.db import Collection, Index, Stored, Tx

Teller = Literal["phone", "platform"]
_APART = timedelta(minutes=2)
"""How far the two tellings of one accept may be apart: a phone on a poor network tries again for so long."""
_KEPT = timedelta(days=1)
_DROPPED = timedelta(days=1)
STATES: dict[Answer, str] = {"accept": "accepted", "reject": "rejected", "ban": "banned"}


class Credit(Stored, kw_only=True):
    """`id` is `openid|template name`. What was accepted before `zeroed_at` is gone. On the row that names no template
    stands until when the platform is not asked for this person at all."""

    count: Annotated[int, Meta(ge=0)] = 0
    state: Literal["accepted", "rejected", "banned"] = "accepted"
    updated_at: datetime
    zeroed_at: datetime | None = None
    dropped_until: datetime | None = None


class Accept(Stored, kw_only=True):
    """One accept as the first of both has told it; `paired` when the other has, too."""

    credit_id: str
    told_by: Teller
    at: datetime
    paired: bool = False
    expires_at: datetime


CREDITS: Collection[Credit] = Collection("credits", Credit)
ACCEPTS: Collection[Accept] = Collection(
    "accepts",
    Accept,
    Index(("credit_id", "at", "_id")),
    Index(("expires_at",), expire_after_s=0),
)


def credit_id(openid: str, template: str) -> str:
    return f"{openid}|{template}"


def person_id(openid: str) -> str:
    """The row that is about no template."""
    return credit_id(openid, "")


async def drop(tx: Tx, openid: str) -> None:
    """The platform does not know this person any more: it is not asked again for a day."""
    row = Credit(id=person_id(openid), updated_at=tx.now, dropped_until=tx.now + _DROPPED)
    await tx.put(CREDITS, row)


def is_dropped(person: Credit | None, now: datetime) -> bool:
    return person is not None and person.dropped_until is not None and now < person.dropped_until


async def take(tx: Tx, credit: str, known: Credit | None) -> bool:
    """One for a send, of what this transaction has read; where none was ever recorded, one attempt is free and noted as
    the last."""
    if known is None:
        await tx.insert(CREDITS, Credit(id=credit, updated_at=tx.now))
        return True
    if known.count < 1:
        return False
    return await tx.change(CREDITS, {"_id": credit, "count": {"$gte": 1}}, {"$inc": {"count": -1}})


async def give_back(tx: Tx, credit: str) -> None:
    """Nothing was sent with it."""
    await tx.change(CREDITS, {"_id": credit}, {"$inc": {"count": 1}})


async def answered(tx: Tx, credit: str, answer: Answer, told_by: Teller, at: datetime) -> None:
    """What somebody has answered to the popup at `at`; a reject there takes nothing away. Who answers is somebody whom
    the platform knows."""
    if answer == "filter":
        return
    await tx.delete(CREDITS, {"_id": person_id(credit.partition("|")[0])})
    how: dict[str, Any] = {"$set": {"state": STATES[answer], "updated_at": tx.now}}
    counts = answer == "accept" and await _is_news(tx, credit, told_by, at)
    how |= {"$inc": {"count": 1}} if counts else {"$setOnInsert": {"count": 0}}
    await tx.take(CREDITS, {"_id": credit}, how, upsert=True)


async def _is_news(tx: Tx, credit: str, told_by: Teller, at: datetime) -> bool:
    """Whether this accept adds one: not the second telling of one that has, and not older than the last zero."""
    known = await tx.get(CREDITS, credit)
    if known is not None and known.zeroed_at is not None and at < known.zeroed_at.replace(microsecond=0):
        return False
    near = {"$gte": at - _APART, "$lte": at + _APART}
    where = {"credit_id": credit, "at": near, "paired": False, "told_by": {"$ne": told_by}}
    partner = await tx.all(ACCEPTS, where, limit=1, sort="at")
    if partner:
        await tx.change(ACCEPTS, {"_id": partner[0].id}, {"$set": {"paired": True}})
        return False
    made = Accept(id=chance.hex(12), credit_id=credit, told_by=told_by, at=at, expires_at=tx.now + _KEPT)
    await tx.insert(ACCEPTS, made)
    return True


async def reject(tx: Tx, credit: str) -> None:
    """The platform says that somebody does not want what one accept was good for."""
    if await tx.get(CREDITS, credit) is None:
        await tx.insert(CREDITS, Credit(id=credit, state="rejected", updated_at=tx.now))
    else:
        await zero(tx, credit, tx.now, rejected=True)


async def zero(tx: Tx, credit: str, at: datetime, *, rejected: bool = False) -> None:
    """Of what was accepted until `at` nothing is left: the platform says so, or the subscription was switched off."""
    known = await tx.get(CREDITS, credit)
    if known is None or (known.zeroed_at is not None and known.zeroed_at > at):
        return
    since = await tx.count(ACCEPTS, {"credit_id": credit, "at": {"$gt": at}})
    how: dict[str, Any] = {"count": min(known.count, since), "zeroed_at": at, "updated_at": tx.now}
    if rejected and not since:
        how["state"] = "rejected"
    await tx.change(CREDITS, {"_id": credit}, {"$set": how})
