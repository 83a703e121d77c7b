"""Where a case stands, asked for without signing in."""

from typing import Annotated

from msgspec import Meta

from schemas.approvals import StepShown
from schemas.common import END, Request, View


class FindProgress(Request, frozen=True, kw_only=True):
    """The number on the receipt, and the last four digits of the phone left with it."""

    case_no: Annotated[str, Meta(min_length=8, max_length=30)]
    phone_tail: Annotated[str, Meta(pattern=r"^[0-9]{4}" + END, title="手机号后四位")]


class ProgressView(View, frozen=True, kw_only=True):
    """No name, no material, nothing but where it stands. `aloud` is one sentence to be read out."""

    case_no: str
    item: str
    state_text: str
    tone: str
    aloud: str
    clock_text: str
    steps: list[StepShown]
