"""What a move of a booking will write to besides its case: moves of one process that meet there take turns, instead of
colliding until the database gives one of them up."""

from typing import Any

from server import slots
from server.bookings.reschedule import contended
from server.kit.db import Database
from server.sessions import Actor


async def lanes(db: Database, case_no: str, action: str, body: dict[str, Any], actor: Actor) -> list[str]:
    """The lanes of this move, whichever door it comes through: the case itself, and the days that it takes or frees."""
    if action == "assign" and isinstance(body.get("worker_id"), str):
        return [case_no, slots.worker_owner(body["worker_id"])]
    if action == "reschedule":
        return [case_no, *await db.reading(lambda reader: contended(reader, case_no, actor, body))]
    return [case_no]
