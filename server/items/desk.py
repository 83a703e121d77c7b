"""How an item changes: one writes, another publishes; what is in force is never edited, a new version replaces it.

There is at most one version of an item on its way. Each act is a compare-and-set on the revision.
"""

from msgspec import Struct
from msgspec.structs import replace

from schemas.items import (
    FindItemFile,
    ItemBody,
    ItemChangesView,
    ItemFileView,
    ItemState,
    ItemVersionView,
)
from server import audit
from server.items import files
from server.items.changes import compared
from server.items.rules import check
from server.items.samples import with_own_samples, with_sample
from server.items.stored import ITEMS, ItemVersion, version_id
from server.items.words import ITEM_STATES
from server.kit.db import Duplicate, Reader, Tx
from server.kit.errors import Conflict, Forbidden, Invalid, NotFound
from server.sessions import Actor

WRITES = ("reviewer", "admin")
_MOST = 1_000


class ItemVersionNotFound(NotFound):
    """没有这个事项，或者没有这一版"""


class ItemDraftOpen(Conflict):
    """这个事项已经有一版正在写或等着发布，请接着那一版改"""


class ItemNotNow(Conflict):
    """这一版现在不能这样办，请刷新后再看"""


class ItemChanged(Conflict):
    """刚刚有同事改过这一版，请刷新后再办"""


class ItemCodeFixed(Invalid):
    """事项编码定了就不能改，要换编码请另建一个事项"""


class OwnItem(Forbidden):
    """自己写过的事项，要由另一位同事看过再发布"""


class NothingNew(Conflict):
    """和现在用的一版完全一样，不用发布"""


class Deed(Struct, frozen=True):
    """Something that may be done with a version, and in which state."""

    name: str
    text: str
    state: ItemState


DEEDS: tuple[Deed, ...] = (
    Deed("edit", "修改", "draft"),
    Deed("propose", "交给同事发布", "draft"),
    Deed("discard", "删除草稿", "draft"),
    Deed("publish", "发布", "proposed"),
    Deed("return", "退回修改", "proposed"),
    Deed("retire", "停用", "published"),
)
_DEEDS = {one.name: one for one in DEEDS}


def number_of(text: str) -> int:
    """As it stands in an address. Raises ItemVersionNotFound."""
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 7):
        raise ItemVersionNotFound
    return int(text)


# Reading.


async def find(reader: Reader, code: str, number: int) -> ItemVersion:
    """Raises ItemVersionNotFound."""
    found = await reader.get(ITEMS, version_id(code, number))
    if found is None:
        raise ItemVersionNotFound
    return found


async def versions(reader: Reader, code: str) -> list[ItemVersion]:
    """The newest first. Raises ItemVersionNotFound."""
    found = await reader.all(ITEMS, {"code": code}, limit=_MOST, sort="-number")
    if not found:
        raise ItemVersionNotFound
    return found


def open_version(found: list[ItemVersion]) -> ItemVersion | None:
    """The one that is on its way."""
    return next((one for one in found if one.state in ("draft", "proposed")), None)


def before(found: list[ItemVersion], number: int) -> ItemVersion | None:
    """What was published before a version."""
    return next((one for one in found if one.number < number and one.published_at is not None), None)


async def changes_of(reader: Reader, code: str, number: int, since: int | None) -> ItemChangesView:
    """Against what was published before it, or against `since`. Raises ItemVersionNotFound."""
    one = await find(reader, code, number)
    old = await find(reader, code, since) if since else before(await versions(reader, code), number)
    changes = compared(old.body if old else None, one.body)
    return ItemChangesView(code=code, since=old.number if old else 0, number=number, changes=changes)


def file_of(one: ItemVersion, wanted: FindItemFile) -> ItemFileView:
    name = f"{one.body.name}-{one.code}-{one.number}.{wanted.format}"
    return ItemFileView(name=name, content=files.write(one.body, wanted))


def deeds(one: ItemVersion, actor: Actor) -> list[str]:
    """What somebody may do with it now."""
    if actor.roles.isdisjoint(WRITES):
        return []
    own = actor.id in one.writers
    return [deed.name for deed in DEEDS if deed.state == one.state and not (own and deed.name == "publish")]


def version_view(one: ItemVersion, actor: Actor) -> ItemVersionView:
    return ItemVersionView(
        id=one.id,
        code=one.code,
        number=one.number,
        revision=one.revision,
        state=one.state,
        state_text=ITEM_STATES[one.state],
        body=one.body,
        author=one.author,
        writers=one.writers,
        created_at=one.created_at,
        published_by=one.published_by,
        published_at=one.published_at,
        retired_at=one.retired_at,
        reason=one.reason,
        actions=deeds(one, actor),
    )


# Writing.


async def draft(tx: Tx, body: ItemBody, actor: Actor) -> ItemVersion:
    """The first version of an item, or the next of one that there is. Raises BadItem, ItemDraftOpen."""
    body = await with_own_samples(tx, check(body))
    known = await tx.all(ITEMS, {"code": body.code}, limit=_MOST, sort="-number")
    if open_version(known) is not None:
        raise ItemDraftOpen
    number = known[0].number + 1 if known else 1
    made = ItemVersion(
        id=version_id(body.code, number),
        code=body.code,
        number=number,
        state="draft",
        body=body,
        author_id=actor.id,
        author=actor.name,
        writers=[actor.id],
        created_at=tx.now,
    )
    try:
        await tx.insert(ITEMS, made)
    except Duplicate as error:
        raise ItemDraftOpen from error
    _note(tx, actor, "draft", made)
    return made


async def draft_again(tx: Tx, code: str, number: int, actor: Actor) -> ItemVersion:
    """A draft that says what a version says, to go on from there. Raises ItemVersionNotFound, ItemDraftOpen."""
    return await draft(tx, (await find(tx, code, number)).body, actor)


async def edit(
    tx: Tx, code: str, number: int, body: ItemBody, revision: int | None, actor: Actor
) -> ItemVersion:
    """Whoever edits has a hand in it from then on. Raises what `_ready` raises, BadItem, ItemCodeFixed."""
    one = await _ready(tx, code, number, "edit", revision)
    if body.code != one.code:
        raise ItemCodeFixed(field="code")
    changed = replace(one, body=await with_own_samples(tx, check(body)), writers=_with(one, actor))
    return await _kept(tx, changed, "edit", actor)


async def to_change(reader: Reader, code: str, number: int) -> ItemVersion:
    """A draft. Raises ItemVersionNotFound, ItemNotNow."""
    return await _ready(reader, code, number, "edit", None)


async def put_sample(tx: Tx, code: str, number: int, key: str, picture_id: str, actor: Actor) -> ItemVersion:
    """A picture that was sent is a sample. Raises what `_ready` raises, MaterialNotFound, AttachmentNotFound."""
    one = await to_change(tx, code, number)
    body = await with_sample(tx, one.body, key, picture_id, actor)
    return await _kept(tx, replace(one, body=body, writers=_with(one, actor)), "edit", actor)


async def propose(tx: Tx, code: str, number: int, revision: int | None, actor: Actor) -> ItemVersion:
    """Raises what `_ready` raises, NothingNew."""
    one = await _ready(tx, code, number, "propose", revision)
    current = await _in_force(tx, code)
    if any(each.body == one.body for each in current):
        raise NothingNew
    return await _kept(tx, replace(one, state="proposed", reason=""), "propose", actor)


async def return_(tx: Tx, code: str, number: int, reason: str, actor: Actor) -> ItemVersion:
    """Not yet: a draft again, with the reason. Raises what `_ready` raises."""
    one = await _ready(tx, code, number, "return", None)
    return await _kept(tx, replace(one, state="draft", reason=reason), "return", actor, reason)


async def publish(tx: Tx, code: str, number: int, revision: int | None, actor: Actor) -> ItemVersion:
    """In force at once for whoever applies from now on; the version before it is retired, and its cases keep it.

    Raises what `_ready` raises, OwnItem, BadItem.
    """
    one = await _ready(tx, code, number, "publish", revision)
    if actor.id in one.writers:
        raise OwnItem
    check(one.body)
    for old in await _in_force(tx, code):
        gone = replace(old, state="retired", retired_at=tx.now, reason=f"由第 {number} 版替换")
        await _kept(tx, gone, "replace", actor)
    done = replace(one, state="published", published_by=actor.id, published_at=tx.now, reason="")
    return await _kept(tx, done, "publish", actor)


async def retire(tx: Tx, code: str, number: int, reason: str, actor: Actor) -> ItemVersion:
    """Nobody can apply for it any more; cases that are open go on. Raises what `_ready` raises."""
    one = await _ready(tx, code, number, "retire", None)
    done = replace(one, state="retired", retired_at=tx.now, reason=reason)
    return await _kept(tx, done, "retire", actor, reason)


async def discard(tx: Tx, code: str, number: int, actor: Actor) -> None:
    """A draft that never was in force is gone. Raises what `_ready` raises."""
    one = await _ready(tx, code, number, "discard", None)
    if not await tx.delete(ITEMS, {"_id": one.id, "revision": one.revision}):
        raise ItemChanged
    _note(tx, actor, "discard", one)


async def _ready(reader: Reader, code: str, number: int, deed: str, revision: int | None) -> ItemVersion:
    """Raises ItemVersionNotFound, ItemNotNow, ItemChanged."""
    one = await find(reader, code, number)
    if one.state != _DEEDS[deed].state:
        raise ItemNotNow
    if revision is not None and revision != one.revision:
        raise ItemChanged
    return one


async def _in_force(tx: Tx, code: str) -> list[ItemVersion]:
    return await tx.all(ITEMS, {"code": code, "state": "published"}, limit=_MOST)


def _with(one: ItemVersion, actor: Actor) -> list[str]:
    return one.writers if actor.id in one.writers else [*one.writers, actor.id]


async def _kept(tx: Tx, changed: ItemVersion, what: str, actor: Actor, reason: str = "") -> ItemVersion:
    """Raises ItemChanged: somebody was faster."""
    next_ = replace(changed, revision=changed.revision + 1)
    if not await tx.replace(ITEMS, next_, {"_id": changed.id, "revision": changed.revision}):
        raise ItemChanged
    _note(tx, actor, what, changed, reason)
    return next_


def _note(tx: Tx, actor: Actor, what: str, one: ItemVersion, reason: str = "") -> None:
    audit.note(tx, actor, "console", f"item.{what}", f"{one.code}.{one.number}", reason=reason)
