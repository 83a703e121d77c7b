"""Work notices 工作通知 to a member of the staff: the list that always has them, and what became of them at WeCom."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import Cursor, Limit, Line, Request, View

Delivery = Literal["queued", "sent", "undeliverable", "dead"]


class NoticeView(View, frozen=True, kw_only=True):
    """`page` is the page of the console that it is about, or empty. `delivery` is what became of the WeCom message:
    `undeliverable` when WeCom knows nobody by this userid or the app cannot see them."""

    id: str
    title: str
    text: str
    page: str
    case_no: str | None
    at: datetime
    read_at: datetime | None
    delivery: Delivery


class NoticesView(View, frozen=True, kw_only=True):
    """`unread` is counted no further than 100."""

    items: list[NoticeView]
    unread: int
    next: str | None = None


class FindNotices(Request, frozen=True, kw_only=True):
    cursor: Cursor | None = None
    limit: Limit = 20


class ReadNotices(Request, frozen=True, kw_only=True):
    """Which of them were read; without `ids` all of them."""

    ids: Annotated[list[Line], Meta(min_length=1, max_length=100)] | None = None


class ReadView(View, frozen=True, kw_only=True):
    unread: int
