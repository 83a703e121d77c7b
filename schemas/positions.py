"""Where a driver is just now, for those who wait for the car, and for whoever they have given a link to."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import Moment, Request, View
from schemas.places import Spot

Stage = Literal["accepted", "arrived", "on_board"]
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


class RidePositionView(View, frozen=True, kw_only=True):
    """Where the car of a ride is. `spot`, `heading` and `at` are null while its phone has not been heard of, `late` says
    that it was a while ago. `goal` is what the car drives to now, `metres_left` and `eta_s` how far and how long that is
    by road; both null where nobody knows, and 0 when it is there. `text` says all of it in a sentence. Who has no line
    open asks again after `poll_s`."""

    case_no: str
    stage: Stage
    stage_text: str
    spot: Spot | None
    heading: float | None
    at: datetime | None
    late: bool
    goal: Literal["pickup", "dropoff"]
    metres_left: int | None
    eta_s: int | None
    text: str
    poll_s: int


class RideShareView(View, frozen=True, kw_only=True):
    """A link by which others may look on: the secret in it, the whole address, the path of the page in the mini-program,
    and when it is over at the latest; it is over with the ride in any case."""

    token: str
    url: str
    path: str
    expires_at: datetime


class SharedRideView(View, frozen=True, kw_only=True):
    """What whoever has the link sees: the car and its way, of the driver no more than the family name, of the passenger
    nothing."""

    stage: Stage
    stage_text: str
    driver: str
    plate: str
    model: str
    colour: str
    pickup: Spot | None
    dropoff: Spot | None
    spot: Spot | None
    heading: float | None
    at: datetime | None
    late: bool
    goal: Literal["pickup", "dropoff"]
    metres_left: int | None
    eta_s: int | None
    text: str
    poll_s: int
