"""What is stored of an item: its versions, never changed once they are published."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from schemas.items import ItemBody, ItemState
from server.kit.db import Collection, Index, Reader, Stored
from server.kit.errors import NotFound


class ItemNotFound(NotFound):
    """没有这个事项，请从事项清单里重新选择"""


class ItemVersion(Stored, kw_only=True):
    """`id` is `code|number`. A case keeps the version it started with, so published ones stay for good.

    `writers` are the ids of all who had a hand in it, the author first; none of them publishes it. `revision` counts
    the changes of a draft.
    """

    code: str
    number: Annotated[int, Meta(ge=1)]
    state: ItemState
    body: ItemBody
    author_id: str
    author: str
    created_at: datetime
    writers: list[str] = []
    revision: Annotated[int, Meta(ge=1)] = 1
    published_by: str = ""
    published_at: datetime | None = None
    retired_at: datetime | None = None
    reason: str = ""


ITEMS: Collection[ItemVersion] = Collection("items", ItemVersion, Index(("code", "number")), whole=True)


def version_id(code: str, number: int) -> str:
    return f"{code}|{number}"


def in_force(reader: Reader, code: str) -> ItemVersion:
    """The version that can be applied for now. Raises ItemNotFound."""
    found = [one for one in reader.everything(ITEMS).items.values() if one.code == code]
    published = [one for one in found if one.state == "published"]
    if not published:
        raise ItemNotFound(field="item_id")
    return max(published, key=lambda one: one.number)


def version(reader: Reader, version_id: str) -> ItemVersion:
    """The version that a case has started with. Raises ItemNotFound."""
    found = reader.recall(ITEMS, version_id)
    if found is None:
        raise ItemNotFound
    return found
