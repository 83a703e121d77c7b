"""Rides: what somebody asks for, what a driver is offered, the forms of the moves, and how it all reads."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, field

from schemas.common import (
    END,
    NO_CONTROL,
    ONE_LINE,
    Contact,
    Cursor,
    Fen,
    Id,
    Limit,
    Moment,
    Request,
    Text,
    View,
)
from schemas.dispatch import ChoiceView
from schemas.places import Spot
from schemas.tariffs import FareLine

PayBy = Literal["wechat", "cash"]
RideOfferState = Literal["open", "taken", "declined", "expired", "withdrawn"]
WhyNot = Literal["busy", "far", "car", "unwell", "other"]
WhyGiveUp = Literal["car", "traffic", "far", "unwell", "passenger", "other"]

People = Annotated[int, Meta(ge=1, le=8, title="几位乘客")]
Metres = Annotated[int, Meta(ge=0, le=300_000, title="里程（米）")]


class Stop(Request, frozen=True, kw_only=True):
    """Where to get in or out: the point on the map, and how people call it; the compound, where it is in one of ours."""

    spot: Spot
    text: Annotated[str, Meta(min_length=1, max_length=100, pattern=ONE_LINE, title="地点")]
    compound_id: Id | None = None


class AskEstimate(Request, frozen=True, kw_only=True):
    """`at` null: now."""

    pickup: Stop
    dropoff: Stop
    at: Moment | None = None
    wheelchair: bool = False
    helper: bool = False


class EstimateView(View, frozen=True, kw_only=True):
    """`wait_minutes` is how long the nearest free driver would need to come, null where none is near; `note` is what
    should be known besides, in a sentence."""

    metres: int
    minutes: int
    fare_fen: Fen
    fare_text: str
    lines: list[FareLine]
    tariff_version: int
    wait_minutes: int | None
    note: str


class NewRide(Request, frozen=True, kw_only=True):
    """`at` null: now. `contact` defaults to the resident's own. Staff name the resident they order for."""

    pickup: Stop
    dropoff: Stop
    at: Moment | None = None
    wheelchair: bool = False
    helper: bool = False
    people: People = 1
    contact: Contact | None = None
    note: Text = ""
    pay: PayBy = "wechat"
    resident_id: Id | None = None


# The forms of the moves.


class Board(Request, frozen=True, kw_only=True):
    code: Annotated[
        str, Meta(pattern=r"^[0-9]{4}" + END, title="乘车口令", description="请乘客念给您听的四位数字")
    ]


class Complete(Request, frozen=True, kw_only=True):
    """`metres` is the driver's reading, for where there is no track; `cash`: whether the passenger has paid in cash,
    without it as was agreed."""

    metres: Annotated[Metres | None, Meta(title="里程表读数（米，可不填）")] = None
    cash: Annotated[bool | None, Meta(title="已收现金")] = None


class GiveUp(Request, frozen=True, kw_only=True):
    reason: Annotated[
        WhyGiveUp,
        Meta(
            title="为什么不能去",
            extra_json_schema={
                "x-texts": {
                    "car": "车出了问题",
                    "traffic": "堵车去不了",
                    "far": "离乘客太远",
                    "unwell": "身体不舒服",
                    "passenger": "联系不上乘客",
                    "other": "其他",
                }
            },
        ),
    ]
    note: Annotated[Text, Meta(title="补充说明（可不填）")] = ""


class NobodyCame(Request, frozen=True, kw_only=True):
    note: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=200,
            pattern=NO_CONTROL,
            title="现场情况",
            description="等了多久、打了几次电话",
        ),
    ]


class AssignDriver(Request, frozen=True, kw_only=True):
    driver_id: Annotated[
        Id, Meta(title="司机", extra_json_schema={"x-source": "/v1/rides/{case_no}/drivers"})
    ]


class Offered(Request, frozen=True, kw_only=True):
    """Only the system says so."""

    offer_id: Annotated[Id, Meta(title="派单编号", extra_json_schema={"x-hidden": True})]
    driver_id: Annotated[Id, Meta(title="司机", extra_json_schema={"x-hidden": True})]


class Widen(Request, frozen=True, kw_only=True):
    """Only the system says so."""

    radius_m: Annotated[Metres, Meta(title="找车范围（米）")]


# How a ride reads.


class StopView(View, frozen=True, kw_only=True):
    """`spot` is null when the passenger has left us and nothing is kept of where it was."""

    text: str
    spot: Spot | None


class RideDriverView(View, frozen=True, kw_only=True):
    """`phone` is whole while the ride is on, and masked afterwards; `rating` is out of 5, null while nobody has rated."""

    id: str
    name: str
    phone: str
    plate: str
    model: str
    colour: str
    rating: float | None


class RideFareView(View, frozen=True, kw_only=True):
    """`metres` is how far it was and `metres_from` who says so: the track, the driver, or the estimate."""

    lines: list[FareLine]
    total_fen: Fen
    total_text: str
    metres: int
    metres_from: Literal["track", "driver", "estimate"]
    waited_s: int
    tariff_version: int


class RideDetails(View, frozen=True, kw_only=True):
    """`at` is the time it was ordered for, null for now. `code` is the passenger's alone: what is read to the driver to
    begin. `offer_until` is there while a driver is being asked, `radius_m` how far around is being looked.

    `eta_at` is when the driver should be there, `wait_free_until` how long waiting costs nothing. `cancel_fee_fen` is
    what cancelling now would cost, or did. `can_follow`: the driver's position can be asked for; `share_open`: a link
    that shows the way may be made. `bill_id` is what is to be paid by WeChat, `paid` whether nothing is owed any more.
    `held_for` is the number of the ticket order whose ride this is, while it waits for it.
    """

    pickup: StopView
    dropoff: StopView
    at: str | None
    when: str
    wheelchair: bool
    helper: bool
    people: int
    pay: PayBy
    pay_text: str
    note: str
    contact_name: str
    contact_phone: str
    estimate: EstimateView
    driver: RideDriverView | None
    code: str | None
    code_warning: str
    offer_until: str | None
    searching_text: str
    radius_m: int
    round: int
    accepted_at: str | None
    eta_at: str | None
    arrived_at: str | None
    wait_free_until: str | None
    no_show_from: str | None
    boarded_at: str | None
    ended_at: str | None
    fare: RideFareView | None
    cancel_fee_fen: Fen
    cancel_text: str
    fee_fen: Fen
    owed_fen: Fen
    bill_id: str | None
    paid: bool
    cash: bool
    can_follow: bool
    share_open: bool
    held_for: str | None
    give_ups: int
    no_show_note: str
    help_phone: str


# What a driver is offered.


class DeclineRide(Request, frozen=True, kw_only=True):
    reason: Annotated[WhyNot, Meta(title="为什么不接")]


class RideOfferView(View, frozen=True, kw_only=True):
    """What a driver needs to decide: neither name nor telephone. `metres` is how far it is to the passenger, `way_metres`
    how far they want to go; `left_s` are the seconds that are left to answer; `case_no` is there once it is theirs."""

    id: str
    state: RideOfferState
    state_text: str
    pickup: str
    dropoff: str
    pickup_spot: Spot | None
    at: datetime | None
    when: str
    metres: int
    minutes: int
    way_metres: int
    fare_fen: Fen
    fare_text: str
    wheelchair: bool
    helper: bool
    people: int
    pay: PayBy
    note: str
    offered_at: datetime
    expires_at: datetime
    left_s: int
    case_no: str | None
    sentence: str


class WhyNotView(View, frozen=True, kw_only=True):
    value: str
    text: str


class RideOffersView(View, frozen=True, kw_only=True):
    """`reasons` are those for which an offer can be declined."""

    items: list[RideOfferView]
    reasons: list[WhyNotView]
    next: str | None = None


class FindRideOffers(Request, frozen=True, kw_only=True):
    """Without a state: those that can still be answered."""

    state: RideOfferState = "open"
    cursor: Cursor | None = None
    limit: Limit = 20


# How it was given, and how even that is.


class RideAskedView(View, frozen=True, kw_only=True):
    """An offer as the dispatcher sees it."""

    round: int
    driver_id: str
    driver: str
    state: RideOfferState
    state_text: str
    score: float
    metres: int
    offered_at: datetime
    answered_at: datetime | None
    reason: str


class RideChoicesView(View, frozen=True, kw_only=True):
    """Every round in the order in which it happened, with everybody who was weighed, and what each who was asked has
    answered."""

    case_no: str
    items: list[ChoiceView]
    offers: list[RideAskedView]
    next: str | None = None


class FindRideFairness(Request, frozen=True, kw_only=True):
    """Days in Shanghai, both included; without them the last thirty."""

    from_: date | None = field(default=None, name="from")
    to: date | None = None


class DriverShareView(View, frozen=True, kw_only=True):
    """One driver: offers that were made in the period and what came of them, rides that ended in it and their fares.
    `average_score` is that of their offers, null where there were none."""

    driver_id: str
    driver: str
    offered: int
    taken: int
    declined: int
    expired: int
    withdrawn: int
    rides: int
    metres: int
    fare_fen: Fen
    average_score: float | None


class RideFairnessView(View, frozen=True, kw_only=True):
    """`gini` is that of the rides and `fare_gini` that of the fares: 0 when all have the same, towards 1 when one has
    them all."""

    from_: date = field(name="from")
    to: date
    items: list[DriverShareView]
    rides: int
    fare_fen: Fen
    gini: float
    fare_gini: float
    next: str | None = None


class NearDriverView(View, frozen=True, kw_only=True):
    """A driver whom a dispatcher could send; `reasons` say why the ride cannot be given to them."""

    id: str
    name: str
    plate: str
    metres: int
    score: float
    reasons: list[str]


class NearDriversView(View, frozen=True, kw_only=True):
    items: list[NearDriverView]
    next: str | None = None
