"""The example street's tags, and which of its residents have them: read from `data/`, by a rule and not by chance."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from schemas.common import Id
from schemas.tags import TagKind, TagName, TagPurpose
from server.demo import rows
from server.demo.crowd import SINCE
from server.demo.street import DATA, Street
from server.kit.db import Tx
from server.residents import Resident, Tagged
from server.tags import TAGS, Tag

Count = Annotated[int, Meta(ge=1)]


class Written(Struct, kw_only=True):
    """A tag as the file writes it; the `first` resident has it and from there on each `every`-th."""

    id: Id
    name: TagName
    kind: TagKind
    purpose: TagPurpose
    first: Count
    every: Count
    by: str = ""
    reason: str = ""


class Marks(Struct, frozen=True):
    """The tags, and what each resident has, by openid."""

    tags: list[Tag]
    given: dict[str, list[Tagged]]


def read(street: Street, folder: Path = DATA) -> Marks:
    """Raises BadData."""
    made, given = list[Tag](), dict[str, list[Tagged]]()
    for row in rows.read(folder / "tags.toml", "tag"):
        one = row.to(Written)
        if one.kind == "desk":
            row.know("by", one.by, {member.id for member in street.staff})
        made.append(Tag(id=one.id, name=one.name, kind=one.kind, purpose=one.purpose, created_at=SINCE))
        for resident in street.residents[one.first - 1 :: one.every]:
            tagged = Tagged(id=one.id, at=SINCE, by=one.by, reason=one.reason)
            given.setdefault(resident.openid, []).append(tagged)
    return Marks(made, given)


async def put(tx: Tx, marks: Marks) -> None:
    """What is there already stays: somebody may have changed it since."""
    ids = [one.id for one in marks.tags]
    there = {one.id for one in await tx.all(TAGS, {"_id": {"$in": ids}}, limit=len(ids) or 1)}
    await tx.put_all(TAGS, [one for one in marks.tags if one.id not in there])


def tagged(resident: Resident, marks: Marks) -> Resident:
    """The same resident with their tags, unless they have or had any by now."""
    if resident.tags or resident.declined:
        return resident
    return replace(resident, tags=marks.given.get(resident.openid, []))
