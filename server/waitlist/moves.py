"""From one state to the next, with the event."""

from schemas.waitlist import WaitingState
from server.kit.db import Tx
from server.kit.errors import Conflict
from server.kit.events import Event, emit, event_id, on
from server.sessions import SYSTEM, Actor
from server.slots import OCCUPANCY
from server.waitlist.entries import WAITLIST, Waiting


class NoLongerWaiting(Conflict):
    """这条候补已经结束了"""


async def become(
    tx: Tx, entry: Waiting, state: WaitingState, reason: str = "", actor: Actor = SYSTEM
) -> None:
    """Compare-and-set, with the event; who leaves the waiting ones is no longer counted on the day."""
    before, version = entry.state, entry.version
    entry.state, entry.version, entry.reason = state, version + 1, reason
    entry.open = state == "offered"
    entry.due_at = None
    if not await tx.replace(WAITLIST, entry, {"_id": entry.id, "state": before, "version": version}):
        raise NoLongerWaiting
    if before == "waiting":
        await tx.change(OCCUPANCY, {"_id": entry.day_id, "waiting": {"$gte": 1}}, {"$inc": {"waiting": -1}})
    emit(
        tx,
        Event(
            id=event_id(entry.id, entry.version),
            type=f"waitlist.{state}",
            subject=entry.id,
            seq=entry.version,
            at=tx.now,
            by={"kind": actor.kind, "id": actor.id, "name": "", "role": ""},
            channel="system",
            data={"action": state, "source": before, "target": state, "reason": reason},
        ),
    )


_AFTER: dict[str, WaitingState] = {"submit": "taken", "cancel": "declined", "expire": "lapsed"}


@on("booking.submit", "booking.cancel", "booking.expire")
async def answered(tx: Tx, event: Event) -> None:
    """What became of an offer: told twice, it changes nothing the second time."""
    if event.data["source"] != "held":
        return
    entry = await tx.first(WAITLIST, {"case_no": event.subject})
    if entry is not None and entry.state == "offered":
        await become(tx, entry, _AFTER[event.data["action"]])
