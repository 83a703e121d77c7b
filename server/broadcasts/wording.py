"""What a message about an announcement says, in the inbox and on the phone."""

from typing import Any

from server.announcements import Announcement, publisher
from server.broadcasts.stored import Broadcast
from server.kit.clock import SHANGHAI
from server.kit.db import Reader
from server.push import Notice

_EXCERPT = 60


def notice(reader: Reader, one: Announcement, broadcast: Broadcast) -> Notice:
    """As the announcement stands now, which may have been corrected since it was published."""
    return Notice(
        text=text(one),
        payload=payload(reader, one),
        page=f"packages/announcements/pages/announcement/index?id={one.id}",
        importance=broadcast.importance,
    )


def text(one: Announcement) -> str:
    said = f"已更正：{one.correction_note}" if one.correction_note else " ".join(one.text.split())
    return f"{one.title}：{said if len(said) <= _EXCERPT else f'{said[: _EXCERPT - 1]}…'}"


def payload(reader: Reader, one: Announcement) -> dict[str, str]:
    at = one.corrected_at or one.at
    return {
        "title": one.title,
        "publisher": publisher(reader, one),
        "time": f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        "tip": "内容有更正，请点开再看一遍" if one.correction_note else "点开看全文",
    }


def replaced(one: Announcement) -> str:
    return f"{one.title}：这条公告后来更正过，请看新的一条"


def withdrawn(one: Announcement) -> str:
    return f"{one.title}：这条公告已撤回，{one.withdraw_reason}"


def changed(reader: Reader, one: Announcement) -> dict[str, Any]:
    """What is set on messages that still say what it said before."""
    return {"text": text(one), "payload": payload(reader, one)}
