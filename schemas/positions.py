"""Where a driver is just now, for those who wait for the car, and for whoever they have given a link to."""

from typing import Annotated

from msgspec import Meta

from schemas.common import Moment, Request
from schemas.places import Spot

Heading = Annotated[float, Meta(ge=0, lt=360, description="行进方向，正北为 0，顺时针的度数")]
Speed = Annotated[float, Meta(ge=0, le=100, description="米每秒")]
Accuracy = Annotated[float, Meta(ge=0, le=100_000, description="定位的误差半径，米")]


class ReportPosition(Request, frozen=True, kw_only=True):
    """Where the driver's phone is. `at` is when it was there: left out, it is now; one that has waited in the phone too
    long is refused."""

    spot: Spot
    heading: Heading | None = None
    speed_mps: Speed | None = None
    accuracy_m: Accuracy | None = None
    at: Moment | None = None
