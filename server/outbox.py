"""The outbox 发件箱: what waits to be told to WeChat and WeCom, what was given up, and trying it again.

A noun that sends something declares an Outbox beside its collection, which has the indexes DUE and DEAD. Nothing here
says to whom or what: a title only.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from schemas.outbox import AgainView, FindLetters, LettersView, LetterView, OutboxView, QueueView
from server.kit.db import Collection, Reader, Tx
from server.kit.errors import Conflict, NotFound

COUNTED = 1_000
AT_ONCE = 500


class Outbox(Struct, frozen=True, kw_only=True):
    """`again` is what is set on a row that was given up, so that it is tried as if it were new."""

    name: str
    title: str
    collection: Collection[Any]
    again: Mapping[str, Any]


class OutboxNotFound(NotFound):
    """没有这个发件箱"""


class LetterNotFound(NotFound):
    """没有这条消息"""


class LetterNotDead(Conflict):
    """这条消息没有停发，不用重发"""


Outboxes = Iterable[Outbox]


def one(outboxes: Outboxes, name: str) -> Outbox:
    """Raises OutboxNotFound."""
    for outbox in outboxes:
        if outbox.name == name:
            return outbox
    raise OutboxNotFound


async def looked_over(reader: Reader, outboxes: Outboxes) -> OutboxView:
    """Each queue in figures."""
    return OutboxView(queues=[await _queue(reader, outbox) for outbox in outboxes])


async def _queue(reader: Reader, outbox: Outbox) -> QueueView:
    due = {"due_at": {"$lte": reader.now}}
    oldest = await _soonest(reader, outbox, due, 1)
    return QueueView(
        name=outbox.name,
        lane=None,
        title=outbox.title,
        waiting=await reader.count(outbox.collection, due, limit=COUNTED),
        dead=await reader.count(outbox.collection, _dead(reader), limit=COUNTED),
        waiting_s=max(0, int((reader.now - oldest[0].due_at).total_seconds())) if oldest else 0,
    )


async def _soonest(reader: Reader, outbox: Outbox, where: Mapping[str, Any], limit: int) -> list[Any]:
    """By `due_at` alone, as the index has them."""
    steps: list[Mapping[str, Any]] = [{"$match": where}, {"$sort": {"due_at": 1}}, {"$limit": limit}]
    return [outbox.collection.load(row) for row in await reader.groups(outbox.collection, steps)]


async def listed(reader: Reader, outbox: Outbox, wanted: FindLetters) -> LettersView:
    """What was given up, by page; of what waits only what comes next. Raises BadCursor."""
    if wanted.stage == "waiting":
        waits = {"due_at": {"$lt": datetime.max.replace(tzinfo=reader.now.tzinfo)}}
        return LettersView(
            items=[_letter(row) for row in await _soonest(reader, outbox, waits, wanted.limit)]
        )
    page = await reader.page(
        outbox.collection,
        _dead(reader),
        sort="-dead_at",
        cursor=wanted.cursor,
        limit=wanted.limit,
    )
    return LettersView(items=[_letter(row) for row in page.items], next=page.next)


def _letter(row: Any) -> LetterView:
    return LetterView(
        id=row.id,
        title=getattr(row, "title", ""),
        attempts=row.attempts,
        error=row.error,
        next_at=row.due_at,
        dead_at=row.dead_at,
    )


async def again(tx: Tx, outbox: Outbox, letter_id: str) -> AgainView:
    """Try one again that was given up. Raises LetterNotFound, LetterNotDead."""
    if not await tx.change(outbox.collection, {"_id": letter_id, **_dead(tx)}, _fresh(tx, outbox)):
        if await tx.get(outbox.collection, letter_id) is None:
            raise LetterNotFound
        raise LetterNotDead
    return AgainView(count=1, left=False)


async def all_again(tx: Tx, outbox: Outbox) -> AgainView:
    """Try all again that were given up, the newest 500 of them at once."""
    page = await tx.page(outbox.collection, _dead(tx), sort="-dead_at", cursor=None, limit=AT_ONCE)
    ids = {"_id": {"$in": [row.id for row in page.items]}}
    count = await tx.change_all(outbox.collection, {**ids, **_dead(tx)}, _fresh(tx, outbox))
    return AgainView(count=count, left=page.next is not None)


def _dead(reader: Reader) -> Mapping[str, Any]:
    return {"dead_at": {"$lte": reader.now}}


def _fresh(tx: Tx, outbox: Outbox) -> Mapping[str, Any]:
    """As if it were new; whoever still works on it can no longer finish it."""
    new = {"due_at": tx.now, "dead_at": None, "attempts": 0, "error": "", **outbox.again}
    return {"$set": new, "$inc": {"fence": 1}}
