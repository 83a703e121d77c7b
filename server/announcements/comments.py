"""What is kept of a comment under an announcement, and how many wait to be looked at. The deeds are server/comments.py.

It stands here because the desk's views of announcements count them.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from schemas.comments import CommentState
from server.keeping import Keeping, by_resident
from server.kit.db import Collection, Index, Reader, Stored

Checked = Literal["pass", "review", "none"]
"""What WeChat's check said of a text; `none`: it could not be asked. What it called risky is not kept."""


class Comment(Stored, kw_only=True):
    """`id` begins with the announcement's. `slot` is which of the few that a resident may have there, so that two sent
    at once are two of them; `by` is their masked name, `answers` counts the answers there were."""

    announcement_id: str
    resident_id: str
    slot: int
    by: str
    text: str
    at: datetime
    checked: Checked
    state: CommentState = "waiting"
    decided_by: str = ""
    decided_at: datetime | None = None
    reason: str = ""
    answer: str = ""
    answered_by: str = ""
    answered_at: datetime | None = None
    answers: int = 0
    version: int = 1


COMMENTS: Collection[Comment] = Collection(
    "comments",
    Comment,
    Index(("announcement_id", "state", "-at", "-_id")),
    Index(("announcement_id", "resident_id", "slot"), unique=True),
    Index(("resident_id", "announcement_id", "-at", "-_id")),
)
WRITTEN = Keeping(
    title="公告下的留言",
    collection=COMMENTS,
    find=by_resident,
    hidden=frozenset({"slot", "checked", "decided_by", "answered_by"}),
)


async def waiting(reader: Reader, announcement_ids: Iterable[str]) -> dict[str, int]:
    """How many nobody has looked at yet, of each announcement that has some; one query, off the index alone."""
    ids = list(announcement_ids)
    if not ids:
        return {}
    mine = {"announcement_id": {"$in": ids}, "state": "waiting"}
    count = {"_id": "$announcement_id", "count": {"$sum": 1}}
    found = await reader.groups(COMMENTS, [{"$match": mine}, {"$group": count}])
    return {one["_id"]: one["count"] for one in found}
