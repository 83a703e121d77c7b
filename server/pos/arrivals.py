"""Statement files on their way in: a row before the first byte, so that what its sender never finished is swept.

A file that is taken in leaves no row, in the same transaction. Whatever else becomes of it, the row falls due: bytes
first, then the row, so that a sweep that is interrupted goes on where it was.
"""

from datetime import datetime, timedelta
from typing import Protocol

from server.config import Settings
from server.kit.chance import chance
from server.kit.db import Collection, Database, Tx
from server.kit.errors import Conflict
from server.kit.files import Files
from server.kit.jobs import DUE, Leased, QueueOf, Settled

_GRACE = timedelta(minutes=1)


class FileTooSlow(Conflict):
    """文件传得太久了，请换个网络重新传"""


class Arrival(Leased, kw_only=True):
    """`id` is where the bytes are stored."""

    at: datetime


ARRIVALS: Collection[Arrival] = Collection("pos_arrivals", Arrival, DUE)


async def begin(tx: Tx, rules: Settings) -> str:
    """Where the bytes go; they are swept when nobody can be sending them any more."""
    until = tx.now + timedelta(seconds=rules.pos.upload_s) + _GRACE
    made = Arrival(id=f"pos-{chance.hex(12)}", at=tx.now, due_at=until)
    await tx.insert(ARRIVALS, made)
    return made.id


async def take_in(tx: Tx, stored: str) -> None:
    """The file is somebody's now. Raises FileTooSlow when it has been swept meanwhile."""
    if not await tx.delete(ARRIVALS, {"_id": stored, "attempts": 0}):
        raise FileTooSlow


async def let_go(tx: Tx, stored: str) -> None:
    """Nobody needs the bytes, unless the file was taken in: then its row is gone, and nothing happens."""
    await tx.change(ARRIVALS, {"_id": stored}, {"$set": {"due_at": tx.now}})


class Keeper(Protocol):
    """What sweeping asks of the building."""

    @property
    def db(self) -> Database: ...
    @property
    def files(self) -> Files: ...


async def sweep(keeper: Keeper, arrival: Arrival) -> Settled:
    """What never became a file; the row is leased, so nobody can take it in any more."""
    await keeper.files.delete(arrival.id)
    await keeper.db.alone(lambda tx: tx.delete(ARRIVALS, {"_id": arrival.id}))
    return None


UNFINISHED = QueueOf("pos_arrivals", ARRIVALS, sweep)
