"""Calls back 待回电: who is to be told by telephone what WeChat did not show them, and what came of it."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import NO_CONTROL, Cursor, Limit, Request, Version, View
from schemas.push import Importance
from schemas.residents import ResidentCard

Why = Literal["no_credit", "refused", "dead", "unknown", "unread", "sms_failed"]
WHYS: dict[Why, str] = {
    "no_credit": "没有订阅，或者次数用完了",
    "refused": "在微信里拒收了",
    "dead": "微信发不出去",
    "unknown": "不知道微信有没有送到",
    "unread": "短信发了还没有看",
    "sms_failed": "短信也没有送到",
}
Ended = Literal["reached", "unreachable", "read", "not_needed", "replaced"]
ENDS: dict[Ended, str] = {
    "reached": "已告知",
    "unreachable": "没有联系上",
    "read": "居民自己看到了",
    "not_needed": "不用打了",
    "replaced": "后来有了新的",
}
Stage = Literal["open", "taken", "closed"]
"""Waiting for somebody; somebody is at it; over."""
Outcome = Literal["reached", "not_reached", "not_needed"]
Act = Literal["take", "release", "outcome", "undo"]


class FindReturnCalls(Request, frozen=True, kw_only=True):
    """Without `state` all that are not over."""

    state: Stage | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class CallOutcome(Request, frozen=True, kw_only=True):
    """What came of it. `version` is the call as it was read out: a message that came since is not told yet."""

    outcome: Outcome
    version: Version
    reason: Annotated[
        str,
        Meta(
            max_length=200, pattern=NO_CONTROL, title="原因", description="不用打的原因，只有工作人员看得到"
        ),
    ] = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.outcome == "not_needed" and not self.reason.strip():
            raise ValueError("Expected words in field `reason` for a call that is not needed")


class ToldView(View, frozen=True, kw_only=True):
    """One message that is to be told. `ended`: it need not be any more, and why."""

    message_id: str
    title: str
    text: str
    importance: Importance
    since: datetime
    why: Why
    why_text: str
    case_no: str | None
    ended: Ended | None


class ReturnCallView(View, frozen=True, kw_only=True):
    """One call tells a resident all that waits for them. `phone` is there for whoever has taken it, as long as they have
    it; `say` is to be read out, and `read_back` asked for. `until` is when a colleague may take it over."""

    id: str
    version: int
    resident: ResidentCard
    phone: str
    say: str
    read_back: str
    messages: list[ToldView]
    urgent: bool
    since: datetime
    tries: int
    tries_left: int
    tried_at: datetime | None
    state: Stage
    state_text: str
    tone: str
    taken_by: str
    mine: bool
    until: datetime | None
    outcome: Ended | None
    reason: str
    ended_by: str
    ended_at: datetime | None
    actions: list[Act]


class ReturnCallsView(View, frozen=True, kw_only=True):
    """`waiting` counts those that nobody is at, no further than a hundred."""

    items: list[ReturnCallView]
    waiting: int
    next: str | None = None


class HandedOverView(View, frozen=True, kw_only=True):
    released: int
