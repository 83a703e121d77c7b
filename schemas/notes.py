"""What the staff note for each other on a case; no resident ever sees it."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from schemas.common import Cursor, Limit, Request, Text, View


class NewNote(Request, frozen=True, kw_only=True):
    """`street_only`: the provider and its workers do not see it either."""

    text: Annotated[Text, Meta(min_length=1, title="内部备注")]
    street_only: bool = False


class FindNotes(Request, frozen=True, kw_only=True):
    cursor: Cursor | None = None
    limit: Limit = 20


class NoteView(View, frozen=True, kw_only=True):
    """`role` is the part in which they wrote it, in words."""

    id: str
    at: datetime
    by: str
    role: str
    text: str
    street_only: bool
    mine: bool


class NotesView(View, frozen=True, kw_only=True):
    """Newest first."""

    items: list[NoteView]
    next: str | None = None
