"""Tags 标签 of residents, by which an announcement reaches those whom it concerns and nobody else.

The list of them is data that an administrator keeps. A resident has `Resident.tags`: those they choose themselves, and
those that the desk puts on them, each with a reason that they see and a tap to be rid of it (docs/decisions/tags.md).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from schemas.tags import (
    ChangeTag,
    ChosenTagView,
    DeclinedTagView,
    FindTags,
    GivenTagView,
    MyTagsView,
    NewTag,
    PutTag,
    ResidentTagsView,
    TagKind,
    TagsView,
    TagView,
)
from server import audit, disability, push, residents, staff, staff_push
from server.kit.chance import chance
from server.kit.clock import SHANGHAI
from server.kit.db import Collection, Duplicate, Index, Reader, Stored, Tx
from server.kit.db.collection import plain
from server.kit.errors import Conflict, NotFound
from server.kit.events import Event, emit, event_id, on
from server.push import Notice
from server.residents import RESIDENTS, Declined, Resident, Tagged
from server.sessions import Actor
from server.staff_push import Word

MOST = 50
PAGE = "packages/me/pages/tags/index"
KIND_TEXTS: dict[TagKind, str] = {"self": "居民自己选", "desk": "窗口来标"}
_AT_ONCE = 500
_EVERYBODY = 10_000_000


class TagNotFound(NotFound):
    """没有这个标签，或者它已经停用，请重新选择"""


class TagNotThere(NotFound):
    """没有这个标签，可能已经取消了"""


class TagNameTaken(Conflict):
    """已经有叫这个名字的标签了，停用的可以恢复"""


class TagAlreadyThere(Conflict):
    """这位居民已经有这个标签了"""


class TagDeclined(Conflict):
    """这位居民自己取消过这个标签，先问过本人，同意了再标"""


class TooManyTags(Conflict):
    """标签太多，居民看不过来，请先停用不用的"""


class Tag(Stored, kw_only=True):
    """`purpose` is what it is for, in words that residents read. One that is not `active` is on nobody any more.
    `announced` counts what was published for it."""

    name: str
    kind: TagKind
    purpose: str
    active: bool = True
    announced: int = 0
    created_at: datetime


TAGS: Collection[Tag] = Collection("tags", Tag, Index(("name",), unique=True), whole=True)


# The list.


def everything(reader: Reader, kind: TagKind | None = None) -> list[Tag]:
    """Those in use first, each in the order in which they were made."""
    found = [one for one in reader.everything(TAGS).items.values() if kind in (None, one.kind)]
    return sorted(found, key=lambda one: (not one.active, one.created_at, one.id))


def active(reader: Reader) -> list[Tag]:
    return [one for one in everything(reader) if one.active]


def in_use(reader: Reader, tag_id: str, field: str | None = None) -> Tag:
    """The tag, if it is there and active; `field` is where somebody wrote its id. Raises TagNotFound."""
    found = reader.recall(TAGS, tag_id)
    if found is None or not found.active:
        raise TagNotFound(field=field)
    return found


def name_of(reader: Reader, tag_id: str | None) -> str:
    found = reader.recall(TAGS, tag_id) if tag_id else None
    return found.name if found else ""


def is_retired(reader: Reader, tag_id: str | None) -> bool:
    found = reader.recall(TAGS, tag_id) if tag_id else None
    return found is not None and not found.active


async def announce(tx: Tx, tag_id: str) -> bool:
    """Something is about to be published for it; False: it is retired. Whoever retires it at the same moment writes the
    same row, so one of the two comes after the other and sees what it did."""
    return await tx.change(TAGS, {"_id": tag_id, "active": True}, {"$inc": {"announced": 1}})


async def listed(reader: Reader, wanted: FindTags) -> TagsView:
    return TagsView(items=[await view(reader, one) for one in everything(reader, wanted.kind)])


async def view(reader: Reader, tag: Tag) -> TagView:
    """Who has it is counted off an index, without looking at anybody."""
    return TagView(
        id=tag.id,
        name=tag.name,
        kind=tag.kind,
        kind_text=KIND_TEXTS[tag.kind],
        purpose=tag.purpose,
        active=tag.active,
        residents=await reader.count(RESIDENTS, {"tags.id": tag.id}, limit=_EVERYBODY),
    )


async def add(tx: Tx, new: NewTag, actor: Actor) -> TagView:
    """Raises TooManyTags, TagNameTaken."""
    if len(active(tx)) >= MOST:
        raise TooManyTags
    made = Tag(id=chance.hex(8), name=new.name, kind=new.kind, purpose=new.purpose, created_at=tx.now)
    try:
        await tx.insert(TAGS, made)
    except Duplicate as error:
        raise TagNameTaken(field="name") from error
    audit.note(tx, actor, "console", "tag.add", made.id)
    return await view(tx, made)


async def edit(tx: Tx, tag_id: str, wanted: ChangeTag, actor: Actor) -> TagView:
    """Another name for the same thing: who has it keeps it. Raises TagNotFound, TagNameTaken."""
    tag = await _stored(tx, tag_id)
    changed = replace(tag, name=wanted.name, purpose=wanted.purpose)
    try:
        await tx.change(TAGS, {"_id": tag.id}, {"$set": {"name": changed.name, "purpose": changed.purpose}})
    except Duplicate as error:
        raise TagNameTaken(field="name") from error
    audit.note(tx, actor, "console", "tag.edit", tag.id)
    return await view(tx, changed)


async def retire(tx: Tx, tag_id: str, actor: Actor) -> TagView:
    """Nobody is told by it any more, so it is taken off whoever has it. Raises TagNotFound."""
    tag = await _stored(tx, tag_id)
    if tag.active:
        await tx.put(TAGS, replace(tag, active=False))
        audit.note(tx, actor, "console", "tag.retire", tag.id)
        _tell(tx, actor.kind, actor.id, "retire", tag.id, {})
    return await view(tx, replace(tag, active=False))


async def restore(tx: Tx, tag_id: str, actor: Actor) -> TagView:
    """To be chosen again; who had it does not have it back. Raises TagNotFound, TooManyTags."""
    tag = await _stored(tx, tag_id)
    if not tag.active:
        if len(active(tx)) >= MOST:
            raise TooManyTags
        await tx.put(TAGS, replace(tag, active=True))
        audit.note(tx, actor, "console", "tag.restore", tag.id)
    return await view(tx, replace(tag, active=True))


async def _stored(tx: Tx, tag_id: str) -> Tag:
    found = await tx.get(TAGS, tag_id)
    if found is None:
        raise TagNotFound
    return found


@on("tag.retire")
async def take_off_everybody(tx: Tx, event: Event) -> None:
    """Some hundreds at a time, and a further event while there are more. One that was restored meanwhile stays with
    those who still have it."""
    tag = await tx.get(TAGS, event.subject)
    if tag is None or tag.active:
        return
    some = await tx.all(RESIDENTS, {"tags.id": tag.id}, limit=_AT_ONCE)
    ids = [one.id for one in some]
    if ids:
        await tx.change_all(RESIDENTS, {"_id": {"$in": ids}}, {"$pull": {"tags": {"id": tag.id}}})
    if len(ids) == _AT_ONCE:
        _tell(tx, event.by["kind"], event.by["id"], "retire", tag.id, {})


# What a resident has, and chooses.


def of(reader: Reader, resident: Resident) -> MyTagsView:
    """Every tag that they have, and those there are to choose from."""
    mine = {one.id for one in resident.tags}
    choice = [one for one in everything(reader, "self") if one.active or one.id in mine]
    return MyTagsView(chosen=[_choice(one, one.id in mine) for one in choice], given=_given(reader, resident))


async def choose(tx: Tx, resident_id: str, tag_id: str) -> MyTagsView:
    """Said again it changes nothing. Raises ResidentNotFound, TagNotFound, also for what is the desk's to say."""
    resident = await residents.present(tx, resident_id)
    tag = in_use(tx, tag_id)
    if tag.kind != "self":
        raise TagNotFound
    if not has(resident, tag.id):
        resident = replace(resident, tags=[*resident.tags, Tagged(id=tag.id, at=tx.now)])
        await tx.put(RESIDENTS, resident)
    return of(tx, resident)


async def drop(tx: Tx, resident_id: str, tag_id: str, actor: Actor) -> MyTagsView:
    """By the resident themselves, who need not ask anybody: it is gone at once, and of one of the desk's whoever put it
    hears. Raises ResidentNotFound, TagNotThere."""
    resident = await residents.present(tx, resident_id)
    there, left = _without(resident, tag_id)
    if there.by:
        declined = [one for one in left.declined if one.id != tag_id]
        left = replace(left, declined=[*declined, Declined(id=tag_id, at=tx.now)])
        data = {"tag": tag_id, "by": there.by}
        _tell(tx, actor.kind, actor.id, "decline", resident.id, data)
    await tx.put(RESIDENTS, left)
    return of(tx, left)


def has(resident: Resident, tag_id: str) -> bool:
    return any(one.id == tag_id for one in resident.tags)


def _without(resident: Resident, tag_id: str) -> tuple[Tagged, Resident]:
    """Raises TagNotThere."""
    there = next((one for one in resident.tags if one.id == tag_id), None)
    if there is None:
        raise TagNotThere
    return there, replace(resident, tags=[one for one in resident.tags if one.id != tag_id])


# What the desk puts on somebody.


def for_desk(reader: Reader, resident: Resident) -> ResidentTagsView:
    """What the desk has put on them and could put. What they chose themselves is theirs and not shown."""
    free = [one for one in active(reader) if one.kind == "desk" and not has(resident, one.id)]
    return ResidentTagsView(
        given=_given(reader, resident),
        declined=[
            DeclinedTagView(id=one.id, name=name_of(reader, one.id), at=one.at)
            for one in resident.declined
            if name_of(reader, one.id)
        ],
        free=[_choice(one, False) for one in free],
    )


async def put(tx: Tx, resident_id: str, tag_id: str, wanted: PutTag, actor: Actor) -> ResidentTagsView:
    """Raises ResidentNotFound, TagNotFound, TagAlreadyThere, TagDeclined."""
    resident = await disability.find(tx, resident_id, actor)
    tag = in_use(tx, tag_id)
    if tag.kind != "desk":
        raise TagNotFound
    if has(resident, tag.id):
        raise TagAlreadyThere
    if any(one.id == tag.id for one in resident.declined) and not wanted.asked:
        raise TagDeclined(field="asked")
    made = Tagged(id=tag.id, at=tx.now, by=actor.id, reason=wanted.reason)
    changed = replace(
        resident,
        tags=[*resident.tags, made],
        declined=[one for one in resident.declined if one.id != tag.id],
    )
    await tx.put(RESIDENTS, changed)
    _note(tx, actor, "put", resident, tag.id)
    return for_desk(tx, changed)


async def remove(tx: Tx, resident_id: str, tag_id: str, actor: Actor) -> ResidentTagsView:
    """By the desk, of the desk's. Raises ResidentNotFound, TagNotThere."""
    there, left = _without(await disability.find(tx, resident_id, actor), tag_id)
    if not there.by:
        raise TagNotThere
    await tx.put(RESIDENTS, left)
    _note(tx, actor, "remove", left, tag_id)
    return for_desk(tx, left)


def _note(tx: Tx, actor: Actor, what: str, resident: Resident, tag_id: str) -> None:
    audit.note(tx, actor, "console", f"tag.{what}", resident.id, tag_id)
    _tell(tx, actor.kind, actor.id, what, resident.id, {"tag": tag_id})


def _tell(tx: Tx, kind: str, by: str, what: str, subject: str, data: dict[str, Any]) -> None:
    emit(
        tx,
        Event(
            id=event_id(f"tag-{chance.hex(12)}", 1),
            type=f"tag.{what}",
            subject=subject,
            seq=1,
            at=tx.now,
            by={"kind": kind, "id": by, "name": "", "role": kind},
            channel="console" if kind == "staff" else "mini_program",
            data={"action": what} | data,
        ),
    )


@on("tag.put", "tag.remove")
async def tell_resident(tx: Tx, event: Event) -> None:
    """What is put on somebody is never put on them in silence."""
    resident = await residents.find(tx, event.subject)
    name = name_of(tx, event.data["tag"])
    there = next((one for one in resident.tags if one.id == event.data["tag"]), None)
    put_on = event.data["action"] == "put"
    if put_on and there is None:
        return
    text = f"窗口取消了给您标的“{name}”，以后不再按它通知您"
    if put_on and there is not None:
        text = (
            f"窗口给您标了“{name}”（{there.reason}），以后有关的事会通知您。不想要，可以在“关注的内容”里取消"
        )
    notice = Notice(
        text=text,
        payload={
            "what": name,
            "time": f"{event.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
            "tip": "窗口标的，可以取消" if put_on else "窗口已取消",
        },
        page=PAGE,
    )
    await push.send(tx, event, resident, disability.CHANGED, notice)


@on("tag.decline")
async def tell_desk(tx: Tx, event: Event) -> None:
    """Who put it on them hears, by the resident's number alone: the notice outlives the account."""
    name = name_of(tx, event.data["tag"])
    text = f"有位居民自己取消了“{name}”，以后不再按它通知。再标之前，请先问过本人"
    word = Word(title="居民取消了标签", text=text, page=f"/console/residents/{event.subject}/tags")
    await staff_push.send(tx, event, event.data["by"], word)


def _choice(tag: Tag, chosen: bool) -> ChosenTagView:
    return ChosenTagView(id=tag.id, name=tag.name, purpose=tag.purpose, chosen=chosen)


def _given(reader: Reader, resident: Resident) -> list[GivenTagView]:
    return [
        GivenTagView(
            id=one.id,
            name=name_of(reader, one.id),
            purpose=tag.purpose if (tag := reader.recall(TAGS, one.id)) else "",
            reason=one.reason,
            by=staff.name_of(reader, one.by),
            at=one.at,
        )
        for one in resident.tags
        if one.by
    ]


def words(reader: Reader, resident: Resident) -> Mapping[str, Any]:
    """The tags by their names, for the file of one's own data."""

    def named(one: Tagged | Declined) -> dict[str, Any]:
        return plain(one) | {"name": name_of(reader, one.id)}

    return {
        "tags": [
            named(one) | {"by": staff.name_of(reader, one.by) if one.by else ""} for one in resident.tags
        ],
        "declined": [named(one) for one in resident.declined],
    }
