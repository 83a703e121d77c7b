"""Puts one chunk's messages into the inboxes: all of them and the mark that it is done, or none.

Who has moved away or closed the account since the chunk was planned gets nothing. Who has no credit does not wait for
WeChat: the inbox has the message, and that is all.
"""

from typing import Protocol

from server.announcements import ANNOUNCEMENTS, Announcement, message_id
from server.announcements.audience import residents_where
from server.broadcasts.stored import (
    ANNOUNCED,
    BROADCASTS,
    CHUNKS,
    PAUSED,
    RUNNING,
    Broadcast,
    Chunk,
    ChunkLost,
)
from server.broadcasts.wording import notice
from server.config import Settings
from server.credits import CREDITS, credit_id
from server.kit.db import Database, Stored, Tx
from server.kit.jobs import QueueOf, Settled
from server.push import BULK, MESSAGES, URGENT_BULK, Message, Notice, made
from server.residents import RESIDENTS, Resident

_MOST = 20_000
"""More than a chunk has, whoever may have come to live there since it was planned."""


class House(Protocol):
    db: Database
    settings: Settings


async def write(house: House, leased: Chunk) -> Settled:
    try:
        await house.db.atomically(lambda tx: _write(tx, leased, house.settings))
    except ChunkLost:
        return None
    return None


async def _write(tx: Tx, chunk: Chunk, rules: Settings) -> None:
    """Raises ChunkLost."""
    done = {"$set": {"done": True, "due_at": None}}
    if not await tx.change(CHUNKS, {"_id": chunk.id, "fence": chunk.fence, "done": False}, done):
        raise ChunkLost
    broadcast = await tx.get(BROADCASTS, chunk.broadcast_id)
    if broadcast is not None and broadcast.state == PAUSED:
        raise ChunkLost
    if broadcast is None or broadcast.state != RUNNING:
        return
    one = await tx.get(ANNOUNCEMENTS, broadcast.announcement_id)
    if one is None or one.state_at(tx.now) != "published":
        return
    residents = await _residents(tx, chunk, one)
    said, able = notice(tx, one, broadcast), await _able(tx, residents, rules)
    rows = [_message(broadcast, each, said, each.openid in able) for each in residents]
    there = await _there(tx, rows)
    if new := [row for row in rows if row.id not in there]:
        tx.add_all(MESSAGES, new)


async def _residents(tx: Tx, chunk: Chunk, one: Announcement) -> list[Resident]:
    """Those of the chunk who live there now."""
    where = {**residents_where(one), "deleted_at": None, "_id": {"$gt": chunk.after, "$lte": chunk.upto}}
    return await tx.all(RESIDENTS, where, limit=_MOST)


async def _able(tx: Tx, residents: list[Resident], rules: Settings) -> set[str]:
    """The openids of those to whom WeChat may still show something."""
    if ANNOUNCED.name in rules.push.long_term:
        return {each.openid for each in residents}
    ids = {credit_id(each.openid, ANNOUNCED.name): each.openid for each in residents}
    where = {"_id": {"$in": list(ids)}, "count": {"$gte": 1}}
    found = await tx.glimpses(CREDITS, Stored, where, sort="_id", cursor=None, limit=_MOST)
    return {ids[each.id] for each in found.items}


async def _there(tx: Tx, rows: list[Message]) -> set[str]:
    where = {"_id": {"$in": [row.id for row in rows]}}
    found = await tx.glimpses(MESSAGES, Stored, where, sort="_id", cursor=None, limit=_MOST)
    return {each.id for each in found.items}


def _message(broadcast: Broadcast, resident: Resident, said: Notice, able: bool) -> Message:
    message = made(
        message_id(broadcast.announcement_id, broadcast.edition, resident.id),
        broadcast.at,
        resident,
        ANNOUNCED,
        said,
    )
    message.lane = URGENT_BULK if broadcast.importance == "urgent" else BULK
    message.broadcast_id = broadcast.id
    if not able:
        message.due_at, message.delivery = None, "no_credit"
    return message


WRITING = QueueOf("broadcast_chunks", CHUNKS, write, parallel=2)
