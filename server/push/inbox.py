"""The inbox of a resident, which has every message whatever became of it on its way."""

from typing import Any

from schemas.push import InboxView, MessageView
from server.kit.db import Reader, Tx
from server.push import reading
from server.push.stored import MESSAGES, Message


async def inbox(reader: Reader, resident_id: str, cursor: str | None, limit: int) -> InboxView:
    mine = {"resident_id": resident_id}
    page = await reader.page(MESSAGES, mine, sort="-at", cursor=cursor, limit=limit)
    unread = await reader.count(MESSAGES, {**mine, "read_at": None}, limit=100)
    return InboxView(items=[_view(one) for one in page.items], unread=unread, next=page.next)


async def read(tx: Tx, resident_id: str, ids: list[str] | None = None) -> None:
    """These of their own, or all of them, have been read; ids of nobody's or somebody else's change nothing."""
    where: dict[str, Any] = {"resident_id": resident_id, "read_at": None}
    if ids is not None:
        where["_id"] = {"$in": ids}
    if await tx.change_all(MESSAGES, where, {"$set": {"read_at": tx.now}}):
        await reading.tell(tx, resident_id, ids)


def _view(message: Message) -> MessageView:
    return MessageView(
        id=message.id,
        title=message.title,
        text=message.text,
        at=message.at,
        read_at=message.read_at,
        case_no=message.case_no,
        page=message.page,
        delivery=message.delivery,
    )
