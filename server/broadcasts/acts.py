"""What is done with an announcement and, in the same transaction, with its broadcasts."""

from typing import Any

from schemas.announcements import (
    CorrectAnnouncement,
    HoldBackAnnouncement,
    PublishAnnouncement,
    WithdrawAnnouncement,
)
from schemas.broadcasts import BroadcastImportance
from server import announcements, audit
from server.announcements import Announcement, AnnouncementNotFound
from server.broadcasts.stored import (
    ACTS,
    BROADCASTS,
    DONE,
    STOPPED,
    WAITING,
    Broadcast,
    BroadcastNotFound,
    BroadcastNotNow,
    Chore,
    broadcast_id,
)
from server.kit.db import Reader, Tx
from server.sessions import Actor

_MOST = 500
_ACTS = {one.name: one for one in ACTS}


async def publish(tx: Tx, announcement_id: str, wanted: PublishAnnouncement, actor: Actor) -> Announcement:
    """Raises what `announcements.publish` raises."""
    done = await announcements.publish(tx, announcement_id, wanted, actor)
    if wanted.push:
        await _begin(tx, done, wanted.importance, actor)
    return done


async def hold_back(tx: Tx, announcement_id: str, wanted: HoldBackAnnouncement, actor: Actor) -> Announcement:
    """Raises what `announcements.hold_back` raises."""
    done = await announcements.hold_back(tx, announcement_id, wanted, actor)
    await tx.delete(BROADCASTS, {"_id": broadcast_id(done.id, done.edition), "started_at": None})
    return done


async def withdraw(tx: Tx, announcement_id: str, wanted: WithdrawAnnouncement, actor: Actor) -> Announcement:
    """Who has it in the inbox reads there that it was taken back. Raises what `announcements.withdraw` raises."""
    done = await announcements.withdraw(tx, announcement_id, wanted, actor)
    for one in await of(tx, done.id):
        await _change(tx, one, "withdraw", _ended(tx, one))
    return done


async def correct(tx: Tx, announcement_id: str, wanted: CorrectAnnouncement, actor: Actor) -> Announcement:
    """With `push` everybody is told anew, and nobody of the edition before any more; without it, who has it in the
    inbox reads there what it says now. Raises what `announcements.correct` raises."""
    done = await announcements.correct(tx, announcement_id, wanted, actor)
    for one in await of(tx, done.id):
        if wanted.push:
            await _change(tx, one, "replace", _ended(tx, one))
        else:
            await _change(tx, one, "rewrite", {})
    if wanted.push:
        await _begin(tx, done, wanted.importance, actor)
    return done


async def _begin(tx: Tx, one: Announcement, importance: BroadcastImportance, actor: Actor) -> None:
    at = max(one.at, tx.now)
    made = Broadcast(
        id=broadcast_id(one.id, one.edition),
        announcement_id=one.id,
        edition=one.edition,
        importance=importance,
        at=at,
        by=actor.name,
        due_at=at,
    )
    await tx.put(BROADCASTS, made)
    audit.note(tx, actor, "console", "broadcast.begin", made.id)


async def of(reader: Reader, announcement_id: str) -> list[Broadcast]:
    """Those of an announcement, by edition."""
    found = await reader.all(BROADCASTS, {"announcement_id": announcement_id}, limit=_MOST)
    return sorted(found, key=lambda one: one.edition)


async def find(reader: Reader, item_id: str, actor: Actor) -> tuple[Broadcast, Announcement]:
    """Raises BroadcastNotFound, also where the announcement is another community's."""
    one = await reader.get(BROADCASTS, item_id)
    if one is None:
        raise BroadcastNotFound
    try:
        return one, await announcements.find(reader, one.announcement_id, actor)
    except AnnouncementNotFound as error:
        raise BroadcastNotFound from error


async def act(tx: Tx, item_id: str, name: str, actor: Actor) -> Broadcast:
    """Pause, resume or stop. Raises BroadcastNotFound, AnnouncementOfStreet, BroadcastNotNow."""
    wanted = _ACTS[name]
    one, _ = await find(tx, item_id, actor)
    await announcements.to_change(tx, one.announcement_id, actor)
    if one.state not in wanted.states:
        raise BroadcastNotNow
    ended = {"ended_at": tx.now} if wanted.then == STOPPED else {}
    changed = await _change(tx, one, wanted.name, {"state": wanted.then, **ended})  # type: ignore[arg-type]
    audit.note(tx, actor, "console", f"broadcast.{name}", one.id)
    return changed


def _ended(tx: Tx, one: Broadcast) -> dict[str, Any]:
    return {} if one.state in (STOPPED, DONE) else {"state": STOPPED, "ended_at": tx.now}


async def _change(tx: Tx, one: Broadcast, chore: Chore, how: dict[str, Any]) -> Broadcast:
    """Whoever plans it has lost it from here on; its chunks and messages are seen to by the sweep. Raises
    BroadcastNotNow: somebody was faster."""
    begun = one.started_at is not None
    state = how.get("state", one.state)
    due = tx.now if begun or state == WAITING else None
    changes = {"$set": {**how, "due_at": max(due, one.at) if due else None}, "$inc": {"fence": 1}}
    if begun:
        changes["$push"] = {"chores": chore}
    changed = await tx.take(BROADCASTS, {"_id": one.id, "state": one.state}, changes)
    if changed is None:
        raise BroadcastNotNow
    return changed
