"""Tags 标签 of residents, by which an announcement reaches those whom it concerns and nobody else.

The list of them is data that an administrator keeps. A resident has `Resident.tags`: those they choose themselves, and
those that the desk puts on them, each with a reason that they see and a tap to be rid of it (docs/decisions/tags.md).
"""

from datetime import datetime

from schemas.tags import TagKind
from server.kit.db import Collection, Index, Reader, Stored
from server.kit.errors import NotFound


class TagNotFound(NotFound):
    """没有这个标签，或者它已经停用，请重新选择"""


class Tag(Stored, kw_only=True):
    """`purpose` is what it is for, in words that residents read. One that is not `active` is offered to nobody."""

    name: str
    kind: TagKind
    purpose: str
    active: bool = True
    created_at: datetime


TAGS: Collection[Tag] = Collection("tags", Tag, Index(("name",), unique=True), whole=True)


def in_use(reader: Reader, tag_id: str, field: str | None = None) -> Tag:
    """The tag, if it is there and active; `field` is where somebody wrote its id. Raises TagNotFound."""
    found = reader.recall(TAGS, tag_id)
    if found is None or not found.active:
        raise TagNotFound(field=field)
    return found


def name_of(reader: Reader, tag_id: str | None) -> str:
    found = reader.recall(TAGS, tag_id) if tag_id else None
    return found.name if found else ""
