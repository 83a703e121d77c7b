"""Calling back 回访 whoever was not satisfied: the forms of each step, and what is seen of it."""

from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import NO_CONTROL, Request, Text, View

Outcome = Literal["solved", "explained", "complaint", "unreachable"]
OUTCOMES: dict[str, str] = {
    "solved": "问题已解决",
    "explained": "已解释清楚",
    "complaint": "转为投诉",
    "unreachable": "多次联系不上",
}


class NoteCall(Request, frozen=True, kw_only=True):
    note: Annotated[Text, Meta(title="通话记录", description="只有工作人员看得到")] = ""


class CloseFollowup(Request, frozen=True, kw_only=True):
    outcome: Annotated[Outcome, Meta(title="回访结果", extra_json_schema={"x-texts": OUTCOMES})]
    note: Annotated[
        str,
        Meta(
            min_length=1, max_length=300, pattern=NO_CONTROL, title="处理说明", description="居民会看到这段话"
        ),
    ]


class FollowupDetails(View, frozen=True, kw_only=True):
    """`about` is the rated case; `calls` are for staff, the resident sees how many there were."""

    about: str
    about_title: str
    provider: str
    phone: str
    stars: int
    level: str
    tags: list[str]
    text: str
    calls_made: int
    calls: list[str]
    outcome: str
    outcome_text: str
    note: str
