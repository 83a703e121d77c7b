"""A resident's disability certificate 残疾人证, as the desk writes it down and as the resident sees it."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from schemas.common import END, Request, View

DisabilityNumber = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{17}[0-9X][1-7][1-4](B[1-9])?" + END,
        description="证上的 20 位号码，补办过的后面还有 B1",
    ),
]
DisabilityLevel = Annotated[int, Meta(ge=1, le=4)]


class NewDisability(Request, frozen=True, kw_only=True):
    """What was read from the certificate itself; `valid_until` is the last day on which it holds."""

    number: DisabilityNumber
    level: DisabilityLevel
    valid_until: date


class DisabilityView(View, frozen=True, kw_only=True):
    """The number is shown to nobody again; the resident's own export has it."""

    level: DisabilityLevel
    valid_until: date
    text: str
    recorded_at: datetime
