"""What is kept beside the cases: who is looked for or followed, who was asked, how the choice was made, what was earned.

None of it holds anything of the resident but the number of their case.
"""

from datetime import datetime

from schemas.rides import RideOfferState, WhyGiveUp, WhyNot
from server.dispatch.stored import Choice
from server.keeping import Keeping, by_case
from server.kit.db import Collection, Index, Stored
from server.kit.jobs import DUE, Leased


class Watch(Leased, kw_only=True):
    """What somebody has to look at for a ride; `id` is the case's number. `due_at` is when: to look for a driver, until
    `until`, or to see whether the one who has it is still there.

    `step` is which of the radii is looked in, `round` counts those who were asked. `passed` have let it pass and are
    asked again when there is nobody else, `refused` are not asked any more. `silent`: that nothing is heard of the driver
    has been said.
    """

    since: datetime
    until: datetime
    step: int = 0
    round: int = 0
    version: int = 0
    passed: list[str] = []
    refused: list[str] = []
    silent: bool = False


class RideOffer(Stored, kw_only=True):
    """A ride that was offered to one driver; `metres` is how far they were, `score` how they were weighed."""

    case_no: str
    round: int
    driver_id: str
    at: datetime
    expires_at: datetime
    metres: int
    seconds: int
    score: float
    state: RideOfferState = "open"
    answered_at: datetime | None = None
    reason: WhyNot | None = None


class RideEarning(Stored, kw_only=True):
    """What a ride has brought its driver; `id` is the case's number, `day` the one in Shanghai on which it ended."""

    driver_id: str
    provider_id: str | None
    day: str
    at: datetime
    metres: int
    fare_fen: int
    cash_fen: int


WATCHES: Collection[Watch] = Collection("ride_watches", Watch, DUE)
RIDE_OFFERS: Collection[RideOffer] = Collection(
    "ride_offers",
    RideOffer,
    Index(("case_no", "round"), unique=True),
    Index(("driver_id", "state", "-at", "-_id")),
    Index(("at",)),
)
RIDE_CHOICES: Collection[Choice] = Collection("ride_choices", Choice, insert_only=True)
EARNINGS: Collection[RideEarning] = Collection(
    "ride_earnings", RideEarning, Index(("driver_id", "day")), Index(("day",)), insert_only=True
)

KEPT = Keeping(
    title="问过的司机",
    collection=RIDE_OFFERS,
    find=by_case(),
    hidden=frozenset({"driver_id", "score"}),
    blank={"metres": 0, "seconds": 0},
)

OFFER_STATES: dict[RideOfferState, str] = {
    "open": "等您答复",
    "taken": "已接",
    "declined": "没接",
    "expired": "过了时间",
    "withdrawn": "已收回",
}
WHY_NOT: dict[WhyNot, str] = {
    "busy": "正忙，走不开",
    "far": "太远",
    "car": "车坐不下或不方便",
    "unwell": "身体不舒服",
    "other": "其他",
}
WHY_GIVE_UP: dict[WhyGiveUp, str] = {
    "car": "车出了问题",
    "traffic": "堵车去不了",
    "far": "离乘客太远",
    "unwell": "身体不舒服",
    "passenger": "联系不上乘客",
    "other": "其他",
}
