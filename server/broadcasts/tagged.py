"""Announcements that go by a tag: which are still to come, and retiring a tag with those in sight."""

from collections.abc import Iterable
from datetime import datetime

from schemas.announcements import StaffAnnouncementLineView, StaffAnnouncementView
from schemas.tags import AwaitedView, TagRetirement, TagView
from server import tags
from server.announcements import ANNOUNCEMENTS, STATE_TEXTS
from server.announcements.stored import KINDS, PUBLISHED
from server.broadcasts.stored import (
    BROADCASTS,
    PAUSED,
    RUNNING,
    WAITING,
    Broadcast,
    broadcast_id,
)
from server.broadcasts.stored import STATE_TEXTS as ON_ITS_WAY
from server.kit.db import Reader, Stored, Tx
from server.kit.errors import Conflict
from server.sessions import Actor

_MOST = 500
_UNDER_WAY = frozenset({WAITING, RUNNING, PAUSED})


class TagAwaited(Conflict):
    """还有公告要发给有这个标签的人，停用以后没有人收到。请先看看这些公告，确定要停用，再勾选同意"""


class Awaited(Stored, kw_only=True):
    """As much of an announcement as its title on a list needs."""

    title: str
    tag: str
    at: datetime


async def to_come(reader: Reader, tag_ids: Iterable[str]) -> dict[str, list[AwaitedView]]:
    """By tag, the announcements that wait for their time or are on their way to the phones, the next one first."""
    going = _going(reader)
    by_tag = {"state": PUBLISHED, "tag": {"$in": list(tag_ids)}}
    wheres = [{"kind": one, **by_tag, "at": {"$gt": reader.now}} for one in KINDS]
    wheres.append({"_id": {"$in": list(going)}, **by_tag, "at": {"$lte": reader.now}})
    found: list[Awaited] = []
    for where in wheres:
        sort = "_id" if "_id" in where else "at"
        page = await reader.glimpses(ANNOUNCEMENTS, Awaited, where, sort=sort, cursor=None, limit=_MOST)
        found += page.items
    by: dict[str, list[AwaitedView]] = {}
    for one in sorted(found, key=lambda one: (one.at, one.id)):
        late = one.at <= reader.now
        text = ON_ITS_WAY[going[one.id].state] if late else STATE_TEXTS["scheduled"]
        by.setdefault(one.tag, []).append(AwaitedView(id=one.id, title=one.title, at=one.at, state_text=text))
    return by


def _going(reader: Reader) -> dict[str, Broadcast]:
    """By announcement, the broadcasts that have not come to their end."""
    every = reader.everything(BROADCASTS).items.values()
    return {one.announcement_id: one for one in every if one.state in _UNDER_WAY}


async def retire_tag(tx: Tx, tag_id: str, wanted: TagRetirement, actor: Actor) -> TagView:
    """Raises TagAwaited, which names what is still to come and was not agreed to; and what `tags.retire` raises."""
    tag = await tx.get(tags.TAGS, tag_id)
    if tag is not None and tag.active:
        coming = (await to_come(tx, [tag.id])).get(tag.id, [])
        if not {one.id for one in coming} <= set(wanted.agreed):
            raise TagAwaited(field="agreed", details={"announcements": coming})
    return await tags.retire(tx, tag_id, actor)


def lost(reader: Reader, one: StaffAnnouncementLineView | StaffAnnouncementView) -> str:
    """What there is to say, and to do, of one still to come whose tag is retired; nothing of any other."""
    if not one.audience.retired:
        return ""
    why = f"标签“{tags.name_of(reader, one.audience.tag)}”已经停用"
    match one.state:
        case "draft":
            return f"{why}，这条公告发不出去。请另选一个标签，或者选“不限”，保存以后再发布。"
        case "scheduled":
            return f"{why}，到时没有人收到。请先退回草稿，另选一个标签再发布；不想发了，就把草稿删除。"
        case "published" if _under_way(reader, one):
            return f"{why}，还没收到的人收不到了，这条公告也没有人看得到。请停发，另选一个标签重新写一条。"
    return ""


def _under_way(reader: Reader, one: StaffAnnouncementLineView | StaffAnnouncementView) -> bool:
    """A corrected edition may have been published without telling phones anew, while the one before goes on."""
    ids = [broadcast_id(one.id, each) for each in range(1, one.edition + 1)]
    found = [reader.recall(BROADCASTS, each) for each in ids]
    return any(each is not None and each.state in _UNDER_WAY for each in found)
