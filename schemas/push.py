"""Messages to a resident: the inbox that always has them, and the subscriptions that let WeChat show them."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import Cursor, Limit, Line, Request, View

Answer = Literal["accept", "reject", "ban", "filter"]
Delivery = Literal["queued", "sent", "no_credit", "refused", "dead", "none", "digest", "replaced", "unknown"]
Importance = Literal["urgent", "high", "normal", "low"]
Topic = Literal["visits", "rides", "tickets", "approvals", "money", "talks", "account", "announcements"]
Channel = Literal["subscription", "return_call", "sms"]


class MessageView(View, frozen=True, kw_only=True):
    """`delivery` tells what became of the WeChat message; the inbox has it in any case. `page` is the mini-program's page
    that it opens, with its query."""

    id: str
    title: str
    text: str
    at: datetime
    read_at: datetime | None
    case_no: str | None
    page: str
    delivery: Delivery


class InboxView(View, frozen=True, kw_only=True):
    items: list[MessageView]
    unread: int
    next: str | None = None


class FindMessages(Request, frozen=True, kw_only=True):
    cursor: Cursor | None = None
    limit: Limit = 20


class ReadMessages(Request, frozen=True, kw_only=True):
    """Which of them were read; without `ids` all of them."""

    ids: Annotated[list[Line], Meta(min_length=1, max_length=100)] | None = None


class Answers(Request, frozen=True, kw_only=True):
    """What wx.requestSubscribeMessage returned, by template id."""

    results: Annotated[dict[Line, Answer], Meta(min_length=1, max_length=10)]


class SubscriptionView(View, frozen=True, kw_only=True):
    """`moment` is the tap at which to ask for it, `topic` what it is about. `long_term`: one accept is good for any
    number of messages, and `credits` counts nothing."""

    template_id: str
    title: str
    topic: Topic
    moment: str
    credits: int
    state: Literal["unknown", "accepted", "rejected", "banned"]
    long_term: bool = False


class SubscriptionsView(View, frozen=True, kw_only=True):
    items: list[SubscriptionView]
    next: str | None = None
