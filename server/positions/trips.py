"""As much of a ride as whoever follows its car needs to know: from the case itself, remembered until that changes."""

from typing import Any, get_args

import msgspec
from msgspec import Struct

from schemas.places import Spot
from schemas.positions import Stage
from server.cases import CASES, Case, CaseNotFound, parts
from server.kit.db import Cache, Database
from server.kit.errors import Conflict
from server.sessions import Actor

KIND = "ride"
FOLLOWED: frozenset[str] = frozenset(get_args(Stage))
"""From when somebody comes until the passenger gets out: before and afterwards it is nobody's business."""

_REMEMBERED = 5_000


class RideNotFollowed(Conflict):
    """现在没有车在路上：还没有司机接单，或者行程已经结束"""


class _Stop(Struct, frozen=True):
    point: list[float] = []

    @property
    def spot(self) -> Spot | None:
        return Spot(self.point[0], self.point[1]) if self.point else None


class _Driver(Struct, frozen=True):
    id: str
    plate: str = ""
    model: str = ""
    colour: str = ""


class _Details(Struct, frozen=True):
    """What is read of a ride's details; all else in them is left alone."""

    pickup: _Stop
    dropoff: _Stop
    driver: _Driver | None = None


class Trip(Struct, frozen=True):
    """A ride that is on."""

    case: Case
    stage: Stage
    driver: _Driver
    pickup: Spot | None
    dropoff: Spot | None

    @property
    def goal(self) -> Spot | None:
        return self.dropoff if self.stage == "on_board" else self.pickup


def trip_of(case: Case) -> Trip:
    """Raises RideNotFollowed."""
    if case.state not in FOLLOWED:
        raise RideNotFollowed
    details = msgspec.convert(case.details, _Details)
    if details.driver is None:
        raise RideNotFollowed
    stage: Any = case.state
    return Trip(case, stage, details.driver, details.pickup.spot, details.dropoff.spot)


class Trips:
    """The rides that this process is asked about: read once, and forgotten when they change."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._cases: Cache[Case] = Cache(db.follower, CASES.name, _REMEMBERED)

    async def known(self, case_no: str) -> Trip:
        """Whoever asks. Raises CaseNotFound, RideNotFollowed."""
        case = await self._case(case_no)
        if case is None or case.kind != KIND:
            raise CaseNotFound
        return trip_of(case)

    async def of(self, case_no: str, actor: Actor) -> Trip:
        """To who may read the case. Raises CaseNotFound, also for what is somebody else's, and RideNotFollowed."""
        case = await self._case(case_no)
        if case is None or case.kind != KIND or not parts(actor, case):
            raise CaseNotFound
        return trip_of(case)

    async def _case(self, case_no: str) -> Case | None:
        """That no car is on its way is never taken from memory, which hears of an acceptance a moment later."""
        known = self._cases.peek(case_no)
        if known is not None and known.state not in FOLLOWED:
            self._cases.drop(case_no)
        return await self._cases.get(case_no, lambda: self._read(case_no))

    async def _read(self, case_no: str) -> Case | None:
        return await self._db.reading(lambda reader: reader.get(CASES, case_no))
