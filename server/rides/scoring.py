"""Weighing the drivers near a passenger: who cannot be asked and why, and how the others compare.

The score is made as for other work (server/dispatch/scoring.py): the weighted mean of its parts, out of 100.
"""

from datetime import datetime

from msgspec import Struct

from server import drivers, positions
from server.config import Settings
from server.dispatch import scoring
from server.dispatch.stored import Scored
from server.distances import straight
from server.drivers import Driver
from server.kit.db import Reader
from server.positions import Near
from server.rides.details import Ride
from server.staff import STAFF, Staff

MOST = 30
"""Drivers who are weighed in one round."""


class Weighed(Struct, frozen=True):
    """A driver, how far they are, and how they were weighed."""

    near: Near
    seconds: int
    scored: Scored


async def weigh(
    reader: Reader, ride: Ride, radius_m: int, refused: list[str], passed: list[str], rules: Settings
) -> list[Weighed]:
    """All who are near: who can be asked comes first, the best of them at the top."""
    if ride.pickup.spot is None:
        return []
    near = await positions.near(reader, ride.pickup.spot, radius_m, MOST)
    known = await drivers.several(reader, [one.driver_id for one in near])
    table = []
    for one in near:
        member, driver = reader.recall(STAFF, one.driver_id), known.get(one.driver_id)
        if member is None or driver is None or not member.is_("driver"):
            continue
        reasons = _refusals(driver, ride, refused, passed)
        way = straight(one.spot, ride.pickup.spot, rules.distances)
        table.append(
            Weighed(one, way.seconds, _scored(reader, member, driver, one, radius_m, reasons, rules))
        )
    return sorted(
        table,
        key=lambda one: (bool(one.scored.reasons), -one.scored.score, one.near.metres, one.near.driver_id),
    )


def _refusals(driver: Driver, ride: Ride, refused: list[str], passed: list[str]) -> list[str]:
    reasons, vehicle = [], driver.vehicle
    busy = {"off": "下班了", "riding": "车上有乘客", "asked": "正在问另一单", "free": ""}[driver.state]
    if busy:
        reasons.append(busy)
    if vehicle is None:
        reasons.append("没有登记车辆")
    elif ride.wheelchair and not vehicle.wheelchair:
        reasons.append("车上带不了轮椅")
    if vehicle is not None and vehicle.seats < ride.people:
        reasons.append("座位不够")
    if driver.id in refused:
        reasons.append("不接这一单或已退过")
    if driver.id in passed:
        reasons.append("刚问过，没有答复")
    return reasons


def _scored(
    reader: Reader,
    member: Staff,
    driver: Driver,
    near: Near,
    radius_m: int,
    reasons: list[str],
    rules: Settings,
) -> Scored:
    own = rules.rides
    found = {
        "distance": (max(1 - near.metres / radius_m, 0.0), f"离乘客 {near.metres} 米"),
        "waiting": _waiting(driver, reader.now, own.waiting_minutes),
        "load": _load(driver.rides_of(reader.now), own.load_rides),
        "rating": scoring.rating(reader, member, own.unrated_stars),
    }
    parts = scoring.weighted(found, own.weights)
    return Scored(
        worker_id=member.id,
        name=member.name,
        free=driver.state == "free",
        quarters=0,
        reasons=reasons,
        score=round(sum(one.points for one in parts), 2),
        parts=parts,
    )


def _waiting(driver: Driver, now: datetime, full_minutes: int) -> tuple[float, str]:
    """Since the last ride, or since they came on duty."""
    since = max((one for one in (driver.last_at, driver.since) if one is not None), default=now)
    minutes = max((now - since).total_seconds(), 0) / 60
    return min(minutes / full_minutes, 1.0), f"空了 {int(minutes)} 分钟"


def _load(rides: int, full: int) -> tuple[float, str]:
    return 1 - min(rides / full, 1.0), f"今天已跑 {rides} 趟" if rides else "今天还没有跑"
