"""Internal notes on a case: from the staff to the staff, kept apart from what is said to the resident.

Nothing is told to anybody outside: no push, no message, no place in the resident's own data. When the resident leaves,
what was noted on their cases goes with them. Never changed; a mistake is put right by another note.
"""

from datetime import datetime
from typing import Any

from schemas.notes import NewNote, NotesView, NoteView
from server import cases
from server.cases import Case
from server.keeping import Keeping, under_case
from server.kit.chance import chance
from server.kit.db import Collection, Reader, Stored, Tx
from server.kit.errors import Forbidden, Invalid
from server.sessions import Actor
from server.staff import ROLE_TEXTS

_OUTSIDE = frozenset({"provider", "worker", "driver"})
"""Who works for the street without belonging to it."""


class NoteEmpty(Invalid):
    """请写一句话"""


class NotOfTheStreet(Forbidden):
    """只有街道和社区的工作人员可以写只给街道看的备注"""


class Note(Stored, kw_only=True):
    """`id` begins with the case number and sorts by time."""

    case_no: str
    by_id: str
    by: str
    role: str
    text: str
    street_only: bool
    at: datetime


NOTES: Collection[Note] = Collection("notes", Note)

KEPT = Keeping(title="工作人员的内部备注", collection=NOTES, find=under_case, exported=False)


async def write(tx: Tx, case: Case, actor: Actor, wanted: NewNote) -> Note:
    """Raises NoteEmpty, NotOfTheStreet."""
    text, mine = wanted.text.strip(), cases.parts(actor, case)
    if not text:
        raise NoteEmpty(field="text")
    if wanted.street_only and not of_the_street(actor, case):
        raise NotOfTheStreet(field="street_only")
    note = Note(
        id=f"{case.id}:{int(tx.now.timestamp() * 1000):014d}{chance.hex(4)}",
        case_no=case.id,
        by_id=actor.id,
        by=actor.name,
        role=min(mine, default=""),
        text=text,
        street_only=wanted.street_only,
        at=tx.now,
    )
    await tx.insert(NOTES, note)
    return note


def of_the_street(actor: Actor, case: Case) -> bool:
    return bool(cases.parts(actor, case) - _OUTSIDE)


async def listed(
    reader: Reader, case: Case, actor: Actor, *, cursor: str | None = None, limit: int = 20
) -> NotesView:
    """Newest first, as far as the actor may read them. Raises BadCursor."""
    where: dict[str, Any] = {"_id": {"$gt": f"{case.id}:", "$lt": f"{case.id};"}}
    if not of_the_street(actor, case):
        where["street_only"] = False
    page = await reader.page(NOTES, where, sort="-_id", cursor=cursor, limit=limit)
    return NotesView(items=[view(one, actor) for one in page.items], next=page.next)


def view(note: Note, actor: Actor) -> NoteView:
    return NoteView(
        id=note.id,
        at=note.at,
        by=note.by,
        role=ROLE_TEXTS.get(note.role, ""),
        text=note.text,
        street_only=note.street_only,
        mine=note.by_id == actor.id,
    )
