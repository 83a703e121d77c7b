"""Changes the messages of a broadcast that are written already, a portion in each transaction, in the order of their ids.

Until it has come to a message, the courier's gate keeps that one from being sent.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from server.announcements import ANNOUNCEMENTS, Announcement
from server.broadcasts import wording
from server.broadcasts.stored import BROADCASTS, CHUNKS, RUNNING, Broadcast, Chore, ChunkLost
from server.kit.db import Database, Stored, Tx
from server.kit.jobs import Settled
from server.push import MESSAGES, Message

_PORTION = 500
_AT_ONCE = 40
_PAUSED = "paused"
Deliver = Callable[[Message], Awaitable[Settled]]


async def sweep(db: Database, one: Broadcast) -> None:
    """Do the first chore, as much of it as one lease has time for. Raises ChunkLost."""
    chore = one.chores[0]
    if not one.swept:
        await _cleared(db, one)
    for _ in range(_AT_ONCE):
        one = await _step(db, one, chore)
        if not one.swept:
            return


async def _cleared(db: Database, one: Broadcast) -> None:
    """Whoever began to write a chunk before it was decided is waited for, or has lost it: this is no transaction, so the
    database lets it wait for theirs. From here on no message is written that the chore does not come to."""
    due = {"due_at": db.now() if one.state == RUNNING else None}
    undone = {"broadcast_id": one.id, "done": False}
    await db.alone(lambda tx: tx.change_all(CHUNKS, undone, {"$set": due, "$inc": {"fence": 1}}))


async def _step(db: Database, one: Broadcast, chore: Chore) -> Broadcast:
    return await db.atomically(lambda tx: _portion(tx, one, chore))


async def _portion(tx: Tx, one: Broadcast, chore: Chore) -> Broadcast:
    """The broadcast afterwards; `swept` is empty when that was the last portion."""
    where = {"_id": {"$gt": one.swept or f"{one.id}.", "$lt": f"{one.id}/"}}
    page = await tx.glimpses(MESSAGES, Stored, where, sort="_id", cursor=None, limit=_PORTION)
    announcement = await tx.get(ANNOUNCEMENTS, one.announcement_id)
    ids = [each.id for each in page.items]
    if ids and announcement is not None:
        await _done(tx, announcement, chore, {"_id": {"$in": ids}})
    if page.next is not None:
        how: dict[str, Any] = {"$set": {"swept": ids[-1], "due_at": tx.now, "attempts": 0, "error": ""}}
    else:
        left = len(one.chores) > 1 or one.state == RUNNING
        how = {
            "$set": {"swept": "", "due_at": tx.now if left else None, "attempts": 0, "error": ""},
            "$pop": {"chores": -1},
        }
    changed = await tx.take(BROADCASTS, {"_id": one.id, "fence": one.fence}, how)
    if changed is None:
        raise ChunkLost
    return changed


async def _done(tx: Tx, one: Announcement, chore: Chore, these: dict[str, Any]) -> None:
    queued = {**these, "delivery": "queued"}
    match chore:
        case "pause":
            await tx.change_all(MESSAGES, queued, {"$set": {"due_at": None, "held": _PAUSED}})
        case "resume":
            await tx.change_all(
                MESSAGES, {**queued, "held": _PAUSED}, {"$set": {"due_at": tx.now, "held": ""}}
            )
        case "stop":
            await tx.change_all(MESSAGES, queued, _ended("none"))
        case "withdraw":
            await tx.change_all(MESSAGES, queued, _ended("none"))
            await tx.change_all(MESSAGES, these, {"$set": {"text": wording.withdrawn(one), "read_at": None}})
        case "replace":
            await tx.change_all(MESSAGES, queued, _ended("replaced"))
            await tx.change_all(MESSAGES, these, {"$set": {"text": wording.replaced(one)}})
            await tx.change_all(MESSAGES, {**these, "read_at": None}, {"$set": {"read_at": tx.now}})
        case "rewrite":
            await tx.change_all(MESSAGES, these, {"$set": wording.changed(tx, one)})


def _ended(delivery: str) -> dict[str, Any]:
    return {"$set": {"due_at": None, "delivery": delivery, "held": ""}}


def gate(db: Database, deliver: Deliver) -> Deliver:
    """Nothing of a broadcast that was paused or stopped goes out any more, wherever its message comes from."""

    async def through(message: Message) -> Settled:
        one = db.reader().recall(BROADCASTS, message.broadcast_id) if message.broadcast_id else None
        match one.state if one else None:
            case "paused":
                return {"due_at": None, "held": _PAUSED, "attempts": 0}
            case "stopped":
                swept = message.delivery == "queued" and not one.chores  # type: ignore[union-attr]
                return {"due_at": None, "delivery": "none" if swept else message.delivery}
        return await deliver(message)

    return through
