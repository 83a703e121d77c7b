"""A complaint about a case: what it is about, the provider's answer, the street's decision."""

from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import NO_CONTROL, Id, Request, View

Telling = Annotated[str, Meta(min_length=1, max_length=500, pattern=NO_CONTROL)]
Ruling = Literal["resident", "provider", "both"]
RULINGS: dict[str, str] = {"resident": "支持居民", "provider": "支持商家", "both": "双方都有责任"}


class NewComplaint(Request, frozen=True, kw_only=True):
    """`reason` is one of those that the kind of case offers."""

    case_no: Id
    reason: Id
    text: Telling


class AnswerComplaint(Request, frozen=True, kw_only=True):
    answer: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=500,
            pattern=NO_CONTROL,
            title="答复",
            description="请写明怎么处理，居民会看到这段话",
        ),
    ]


class Decide(Request, frozen=True, kw_only=True):
    ruling: Annotated[Ruling, Meta(title="裁决结果", extra_json_schema={"x-texts": RULINGS})]
    reason: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=500,
            pattern=NO_CONTROL,
            title="理由",
            description="居民和商家都会看到这段话",
        ),
    ]


class GroundView(View, frozen=True, kw_only=True):
    name: str
    text: str


class ComplaintSheet(View, frozen=True, kw_only=True):
    """What the complaint page is drawn from: `case_no` is the complaint's own number, once there is one."""

    case_no: str | None
    can_complain: bool
    reasons: list[GroundView]


class ComplaintDetails(View, frozen=True, kw_only=True):
    about: str
    about_title: str
    reason: str
    reason_text: str
    text: str
    answer: str
    answered_in_time: bool
    ruling: str
    ruling_text: str
    ruling_reason: str
    reopened: int
