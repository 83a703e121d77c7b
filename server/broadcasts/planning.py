"""Goes through the residents an announcement is for, and leaves a chunk for every few hundred of them.

It holds no more than one chunk's ids. Where it was killed the next worker goes on: chunk and place are one transaction,
and its fence decides.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

from schemas.broadcasts import BroadcastImportance
from server.announcements import ANNOUNCEMENTS, Announcement
from server.announcements.audience import residents_where
from server.broadcasts import sweeping
from server.broadcasts.stored import (
    BROADCASTS,
    CHUNKS,
    DONE,
    RUNNING,
    STOPPED,
    WAITING,
    Broadcast,
    Chunk,
    ChunkLost,
)
from server.config import Settings
from server.kit.db import Database, Reader, Stored, Tx
from server.kit.jobs import QueueOf, Settled
from server.push import MESSAGES
from server.residents import RESIDENTS

_AT_ONCE = 20
"""So many chunks are planned in one lease."""
_AHEAD: Mapping[BroadcastImportance, timedelta] = {"urgent": timedelta(hours=1), "normal": timedelta()}
"""Chunks are written in the order in which they are due: those of an alarm before all that others still have to write."""
_LOOK_S, _LONGEST_S = 2.0, 60.0


class House(Protocol):
    db: Database
    settings: Settings


async def work(house: House, leased: Broadcast) -> Settled:
    """What is next for it: a chore, more chunks, or a look at how far it has come."""
    try:
        if leased.chores:
            await sweeping.sweep(house.db, leased)
        elif leased.state in (WAITING, RUNNING) and not leased.planned:
            await _plan(house, leased)
        elif leased.state == RUNNING:
            await house.db.atomically(lambda tx: _look(tx, leased))
        else:
            return {"due_at": None}
    except ChunkLost:
        return None
    return None


async def _plan(house: House, one: Broadcast) -> None:
    """Raises ChunkLost."""
    announcement = await house.db.reading(lambda reader: reader.get(ANNOUNCEMENTS, one.announcement_id))
    if announcement is None or announcement.state_at(house.db.now()) != "published":
        await house.db.atomically(
            lambda tx: _kept(tx, one, {"state": STOPPED, "due_at": None, "ended_at": tx.now})
        )
        return
    size = house.settings.push.chunk
    for _ in range(_AT_ONCE):
        one = await _step(house.db, one, announcement, size)
        if one.planned:
            return


async def _step(db: Database, one: Broadcast, announcement: Announcement, size: int) -> Broadcast:
    """One more chunk. Raises ChunkLost."""
    ids, more = await db.reading(lambda reader: _next(reader, announcement, one.after, size))
    return await db.atomically(lambda tx: _planned(tx, one, ids, more))


async def _next(reader: Reader, one: Announcement, after: str, size: int) -> tuple[list[str], bool]:
    """The ids of the next few residents, and whether there are more behind them."""
    where = {**residents_where(one), "_id": {"$gt": after}}
    page = await reader.glimpses(RESIDENTS, Stored, where, sort="_id", cursor=None, limit=size)
    return [each.id for each in page.items], page.next is not None


async def _planned(tx: Tx, one: Broadcast, ids: list[str], more: bool) -> Broadcast:
    changes = {
        "state": RUNNING,
        "started_at": one.started_at or tx.now,
        "planned": not more,
        "due_at": tx.now,
    }
    if ids:
        chunk = Chunk(
            id=f"{one.id}.{one.chunks + 1:05d}",
            broadcast_id=one.id,
            number=one.chunks + 1,
            after=one.after,
            upto=ids[-1],
            due_at=tx.now - _AHEAD[one.importance],
        )
        tx.add(CHUNKS, chunk)
        changes |= {"after": ids[-1], "chunks": chunk.number, "total": one.total + len(ids)}
    return await _kept(tx, one, changes)


async def _look(tx: Tx, one: Broadcast) -> None:
    """Over when every chunk is written and no message is on its way; looked at less often while nothing moves."""
    unwritten = await tx.count(CHUNKS, {"broadcast_id": one.id, "done": False}, limit=1)
    settled, queued = await progress(tx, one.id)
    if not unwritten and not queued:
        await tx.delete_all(CHUNKS, {"broadcast_id": one.id})
        await _kept(
            tx,
            one,
            {"state": DONE, "ended_at": tx.now, "due_at": None, "settled": settled, "seen_at": tx.now},
        )
        return
    idle = 0 if settled != one.settled else one.idle + 1
    wait = min(_LOOK_S * 2 ** min(idle, 10), _LONGEST_S)
    passed = (tx.now - (one.seen_at or tx.now)).total_seconds()
    pace = round((settled - one.settled) * 60 / passed) if passed > 0 else one.per_minute
    await _kept(
        tx,
        one,
        {
            "due_at": tx.now + timedelta(seconds=wait),
            "settled": settled,
            "seen_at": tx.now,
            "idle": idle,
            "per_minute": pace,
        },
    )


async def progress(reader: Reader, item_id: str) -> tuple[int, int]:
    """How many of its messages have come to their end, and how many are on their way."""
    counts = await deliveries(reader, item_id)
    queued = counts.get("queued", 0)
    return sum(counts.values()) - queued, queued


async def deliveries(reader: Reader, item_id: str) -> dict[str, int]:
    """How many of its messages there are by what became of them, off the index alone."""
    steps: list[dict[str, Any]] = [
        {"$match": {"broadcast_id": item_id}},
        {"$group": {"_id": "$delivery", "count": {"$sum": 1}}},
    ]
    return {row["_id"]: row["count"] for row in await reader.groups(MESSAGES, steps)}


async def _kept(tx: Tx, one: Broadcast, changes: dict[str, object]) -> Broadcast:
    """Raises ChunkLost: another worker has it by now, or somebody has stopped it."""
    how = {"$set": {**changes, "attempts": 0, "error": ""}}
    changed = await tx.take(BROADCASTS, {"_id": one.id, "fence": one.fence}, how)
    if changed is None:
        raise ChunkLost
    return changed


PLANNING = QueueOf("broadcasts", BROADCASTS, work, parallel=1)
