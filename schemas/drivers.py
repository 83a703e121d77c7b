"""Drivers: on duty or not, with which vehicle, and what a day has brought."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, field

from schemas.cases import CaseView
from schemas.common import END, ONE_LINE, Cursor, Fen, Id, Limit, Request, View
from schemas.rides import RideOfferView

DriverState = Literal["off", "free", "asked", "riding"]


class Vehicle(Request, frozen=True, kw_only=True):
    """`seats` are those for passengers; `wheelchair`: one can be taken along with who sits in it."""

    plate: Annotated[
        str,
        Meta(
            pattern=r"^[\u4e00-\u9fff][A-Z][A-Z0-9]{5,6}" + END,
            title="车牌号",
            description="如 蒙K12345",
            examples=["蒙K12345"],
        ),
    ]
    model: Annotated[str, Meta(min_length=1, max_length=30, pattern=ONE_LINE, title="车型")]
    colour: Annotated[str, Meta(min_length=1, max_length=10, pattern=ONE_LINE, title="颜色")]
    seats: Annotated[int, Meta(ge=1, le=8, title="能坐几位乘客")] = 4
    wheelchair: Annotated[bool, Meta(title="能带轮椅")] = False


class Duty(Request, frozen=True, kw_only=True):
    on: bool


class TodayView(View, frozen=True, kw_only=True):
    """`fare_fen` is all that was earned, `cash_fen` what of it was taken in cash."""

    rides: int
    fare_fen: Fen
    cash_fen: Fen


class DriverView(View, frozen=True, kw_only=True):
    """A driver's own page: what they do now, and what is offered to them. `sentence` says where things stand."""

    id: str
    name: str
    on_duty: bool
    since: datetime | None
    vehicle: Vehicle | None
    ride: CaseView | None
    offer: RideOfferView | None
    today: TodayView
    sentence: str


class FindEarnings(Request, frozen=True, kw_only=True):
    """Days in Shanghai, both included; without them the last seven."""

    from_: date | None = field(default=None, name="from")
    to: date | None = None


class EarningsDayView(View, frozen=True, kw_only=True):
    day: date
    rides: int
    metres: int
    fare_fen: Fen
    cash_fen: Fen


class EarningsView(View, frozen=True, kw_only=True):
    """The newest day first; a day without a ride is left out."""

    from_: date = field(name="from")
    to: date
    items: list[EarningsDayView]
    rides: int
    fare_fen: Fen
    cash_fen: Fen
    next: str | None = None


class FindDrivers(Request, frozen=True, kw_only=True):
    on_duty: bool | None = None
    provider_id: Id | None = None
    cursor: Cursor | None = None
    limit: Limit = 50


class DriverRowView(View, frozen=True, kw_only=True):
    """A driver as the dispatcher and the provider's manager see them."""

    id: str
    name: str
    phone: str
    provider: str
    state: DriverState
    state_text: str
    since: datetime | None
    vehicle: Vehicle | None
    ride_no: str | None
    rides_today: int
    missed: int


class DriversView(View, frozen=True, kw_only=True):
    items: list[DriverRowView]
    next: str | None = None
