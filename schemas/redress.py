"""Putting right 差评整改 what somebody was not satisfied with: the forms of each step, and what is seen of it."""

from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import NO_CONTROL, Request, View

Outcome = Literal["solved", "explained", "unreachable"]
OUTCOMES: dict[str, str] = {
    "solved": "已经整改",
    "explained": "已解释清楚",
    "unreachable": "多次联系不上",
}


class TakeLonger(Request, frozen=True, kw_only=True):
    reason: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=200,
            pattern=NO_CONTROL,
            title="为什么复杂",
            description="居民会看到这段话",
        ),
    ]


class Answer(Request, frozen=True, kw_only=True):
    outcome: Annotated[Outcome, Meta(title="核实结果", extra_json_schema={"x-texts": OUTCOMES})]
    note: Annotated[
        str,
        Meta(
            min_length=1, max_length=500, pattern=NO_CONTROL, title="处理说明", description="居民会看到这段话"
        ),
    ]


class Object(Request, frozen=True, kw_only=True):
    text: Annotated[str, Meta(min_length=1, max_length=500, pattern=NO_CONTROL, title="对处理结果有什么意见")]


class Recheck(Request, frozen=True, kw_only=True):
    upheld: Annotated[bool, Meta(title="居民的意见成立")] = False
    note: Annotated[
        str,
        Meta(
            min_length=1, max_length=500, pattern=NO_CONTROL, title="复核意见", description="居民会看到这段话"
        ),
    ]


class RedressDetails(View, frozen=True, kw_only=True):
    """`about` is the rated case; `calls` are for staff, the resident sees how many there were. `longer` says why it takes
    the longer time, `objection` what the resident said to the result, `recheck` what a second person found."""

    about: str
    about_title: str
    phone: str
    stars: int
    level: str
    tags: list[str]
    text: str
    calls_made: int
    calls: list[str]
    longer: str
    outcome: str
    outcome_text: str
    note: str
    objection: str
    recheck_text: str
    recheck: str
