"""What the provider of short messages tells us of them, in its own words."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Short = Annotated[str, Meta(max_length=64)]


class SmsReported(Struct, frozen=True, kw_only=True):
    """Of one message: `sid` is the provider's number of it, `ext` ours where it tells that; `errmsg` is a word of the
    carrier's. It may say more, which is nothing to us."""

    sid: Annotated[str, Meta(min_length=1, max_length=128)]
    report_status: Literal["SUCCESS", "FAIL"]
    errmsg: Short = ""
    ext: Annotated[str, Meta(max_length=512)] = ""


SmsReportedList = Annotated[list[SmsReported], Meta(min_length=1, max_length=100)]


class HeardView(Struct, frozen=True, kw_only=True):
    """As the provider has it: 0 is heard, anything else is told again."""

    result: int
    errmsg: str
