"""What the example street shows of how a paper has to look: drawn pictures, marked as such, one for each key."""

import asyncio
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from server.attachments import ATTACHMENTS, THUMBNAIL, Attachment
from server.items import ItemVersion, album
from server.kit.db import Database
from server.kit.files import Files, save
from server.kit.pictures import Picture, Pictures

FOLDER = Path(__file__).parent / "pictures"


class Store(Protocol):
    """What keeping pictures needs of the building."""

    @property
    def db(self) -> Database: ...
    @property
    def files(self) -> Files: ...
    @property
    def pictures(self) -> Pictures: ...


def sample_id(code: str, key: str) -> str:
    return f"sample-{code.lower()}-{key}"


def named(found: list[ItemVersion], keys: frozenset[str]) -> list[ItemVersion]:
    """The versions with the samples that there are pictures of."""
    return [_named(one, keys) for one in found]


def _named(one: ItemVersion, keys: frozenset[str]) -> ItemVersion:
    papers = [
        replace(each, sample=sample_id(one.code, each.key)) if each.key in keys else each
        for each in one.body.materials
    ]
    return replace(one, body=replace(one.body, materials=papers))


async def keep(store: Store, found: list[ItemVersion]) -> tuple[list[ItemVersion], list[Attachment]]:
    """The versions with their samples, whose bytes are stored then, and the rows that have still to be."""
    paths = {one.stem: one for one in FOLDER.glob("*.jpg")}
    shown = named(found, frozenset(paths))
    wanted = [(one, each) for one in shown for each in one.body.materials if each.sample]
    ids = [each.sample for _, each in wanted]
    known = await store.db.reading(
        lambda reader: reader.all(ATTACHMENTS, {"_id": {"$in": ids}}, limit=len(ids))
    )
    there = {one.id for one in known}
    drawn: dict[str, Picture] = {}
    made: list[Attachment] = []
    for one, each in wanted:
        if each.sample in there:
            continue
        if each.key not in drawn:
            content = await asyncio.to_thread(paths[each.key].read_bytes)
            drawn[each.key] = await store.pictures.drawn(content)
        made.append(await _stored(store.files, one, each.key, drawn[each.key]))
    return shown, made


async def _stored(files: Files, one: ItemVersion, key: str, picture: Picture) -> Attachment:
    item_id = sample_id(one.code, key)
    for ending, content in (("", picture.content), (THUMBNAIL, picture.thumbnail)):
        await files.delete(item_id + ending)
        await save(files, item_id + ending, content)
    return Attachment(
        id=item_id,
        case_no=album(one.code).id,
        by=f"staff:{one.author_id}",
        created_at=one.created_at,
        due_at=None,
        owner_id=f"sample:{key}",
        type=picture.type,
        size=len(picture.content),
        width=picture.width,
        height=picture.height,
    )
