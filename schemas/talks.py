"""What resident and staff say to each other on a case."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.attachments import AttachmentView
from schemas.common import Cursor, Id, Limit, Request, Text, View

Side = Literal["resident", "staff"]
MOST_ATTACHMENTS = 9
"""As many as WeChat lets people choose at once."""


class NewTalk(Request, frozen=True, kw_only=True):
    """Words, or files that were uploaded to this case, or both."""

    text: Annotated[Text, Meta(title="想说的话")] = ""
    attachments: Annotated[list[Id], Meta(max_length=MOST_ATTACHMENTS)] = []


class FindTalks(Request, frozen=True, kw_only=True):
    cursor: Cursor | None = None
    limit: Limit = 20


class TalkView(View, frozen=True, kw_only=True):
    """`mine`: the reader said it. `unread`: the reader had not seen it before."""

    id: str
    at: datetime
    side: Side
    by: str
    role: str
    text: str
    attachments: list[AttachmentView]
    mine: bool
    unread: bool


class TalksView(View, frozen=True, kw_only=True):
    """Newest first; `unread` counts what the other side has said since the reader last looked."""

    items: list[TalkView]
    next: str | None = None
    unread: int
