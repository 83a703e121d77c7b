"""What is stored of a ride: from where to where, for whom, what it should cost, and how it went."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from schemas.places import Spot
from schemas.rides import PayBy, WhyGiveUp
from schemas.tariffs import FareLine

MetresFrom = Literal["track", "driver", "estimate"]


class Stop(Struct, kw_only=True):
    """`point` is longitude and latitude; both are empty when who rode has closed the account."""

    text: str
    point: list[float]
    compound_id: str | None = None

    @property
    def spot(self) -> Spot | None:
        return Spot(self.point[0], self.point[1]) if self.point else None


class Estimate(Struct, frozen=True, kw_only=True):
    metres: int
    seconds: int
    lines: list[FareLine]
    total_fen: int


class Fare(Struct, frozen=True, kw_only=True):
    lines: list[FareLine]
    total_fen: int
    metres: int
    metres_from: MetresFrom
    waited_s: int


class DrivenBy(Struct, frozen=True, kw_only=True):
    """Who comes, and with which vehicle, as it was when they took the ride."""

    id: str
    plate: str
    model: str
    colour: str


class Terms(Struct, frozen=True, kw_only=True):
    """The rules of the place as they were when it was ordered: they hold for it, whatever is changed later."""

    cancel_free_minutes: int
    late_minutes: int
    cancel_fee_fen: int
    no_show_minutes: int
    no_show_fee_fen: int
    free_wait_minutes: int
    pay_days: int
    help_phone: str = ""


class GaveUp(Struct, frozen=True, kw_only=True):
    """`why` is unset where the driver was lost sight of."""

    driver_id: str
    at: datetime
    why: WhyGiveUp | None = None
    note: str = ""


class Ride(Struct, kw_only=True):
    """Stored details. `at` is the time it was ordered for, None for now. `tariff_number` is the version by which it was
    ordered, and by which it is paid.

    `offer_id` and `asked_id` are the question that is open and the driver who is asked, until `offer_until`. `radius_m`
    is how far around is being looked, `round` how many were asked. `eta_at` is when the driver should be there: by where
    they were when they took it, but not before the time that was agreed. `fee_fen` is what cancelling, or not being
    there, has cost. `bill_id` is what has to be paid by WeChat, `owes` whether it still has to. `held_for` is the number
    of the order that it waits for.
    """

    pickup: Stop
    dropoff: Stop
    at: datetime | None
    wheelchair: bool
    helper: bool
    people: int
    pay: PayBy
    note: str
    contact_name: str
    contact_phone: str
    estimate: Estimate
    tariff_number: int
    terms: Terms
    start_code: str
    searched_from: datetime | None = None
    radius_m: int = 0
    round: int = 0
    offer_id: str = ""
    asked_id: str = ""
    offer_until: datetime | None = None
    driver: DrivenBy | None = None
    accepted_at: datetime | None = None
    eta_at: datetime | None = None
    arrived_at: datetime | None = None
    boarded_at: datetime | None = None
    ended_at: datetime | None = None
    gave_up: list[GaveUp] = []
    no_show_note: str = ""
    fare: Fare | None = None
    cash: bool = False
    fee_fen: int = 0
    bill_id: str = ""
    owes: bool = False
    held_for: str = ""
    code_tries: list[datetime] = []
    code_asked: int = 0
    code_locked_until: datetime | None = None
