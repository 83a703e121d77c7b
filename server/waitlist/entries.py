"""What is kept: who stands in which line, and since when."""

from datetime import datetime
from typing import Any

from schemas.common import Address, Contact
from schemas.waitlist import WaitingState
from server import cases
from server.kit.db import TEXT, Collection, Index, Reader
from server.kit.errors import NotFound
from server.kit.jobs import DUE, Leased
from server.sessions import Actor

LONGEST = 500


class WaitingNotFound(NotFound):
    """没有找到这条候补"""


class Waiting(Leased, kw_only=True):
    """Somebody in the line of a pool's day; `ticket` is their place, given by the database and never given twice.

    `due_at` is when the line is looked at again without a reason, and at last when the day is over.
    """

    resident_id: str
    resident_name: str
    opened_by: str
    service_id: str
    service: str
    pool_id: str
    provider_id: str
    community_id: str | None
    compound_id: str | None
    day: str
    start: datetime | None
    address: Address
    contact: Contact
    form: dict[str, Any]
    note: str
    ticket: int
    state: WaitingState = "waiting"
    open: bool = True
    version: int = 1
    joined_at: datetime
    case_no: str | None = None
    offer_until: datetime | None = None
    reason: str = ""

    @property
    def day_id(self) -> str:
        return f"{self.pool_id}|{self.day}"


WAITLIST: Collection[Waiting] = Collection(
    "waitlist",
    Waiting,
    Index(("resident_id", "service_id", "day"), unique=True, only={"open": True}),
    Index(("pool_id", "day", "state", "ticket", "_id")),
    Index(("resident_id", "-joined_at", "-_id")),
    Index(("community_id", "-joined_at", "-_id")),
    Index(("provider_id", "-joined_at", "-_id")),
    Index(("-joined_at", "-_id")),
    Index(("case_no",), only={"case_no": TEXT}),
    DUE,
)

STATES: dict[WaitingState, str] = {
    "waiting": "候补中",
    "offered": "轮到您了",
    "taken": "已约上",
    "declined": "已放弃",
    "lapsed": "留号已过期",
    "missed": "没有等到",
    "refused": "没能留号",
    "left": "已退出",
}


def in_line(day_id: str) -> dict[str, Any]:
    """Who waits for a pool's day."""
    pool_id, _, day = day_id.rpartition("|")
    return {"pool_id": pool_id, "day": day, "state": "waiting"}


async def find(reader: Reader, entry_id: str, actor: Actor) -> Waiting:
    """Raises WaitingNotFound, also for what is somebody else's."""
    entry = await reader.first(WAITLIST, {"$and": [{"_id": entry_id}, cases.theirs(actor, "bookings")]})
    if entry is None:
        raise WaitingNotFound
    return entry
