"""What a driver's phone reports, once or twice a second from each: one write, no transaction, nothing emitted."""

from datetime import datetime, timedelta

from schemas.places import Spot
from schemas.positions import ReportPosition
from server.config import Positions
from server.distances import apart
from server.kit.db import Duplicate, Tx
from server.kit.errors import Conflict, TooMany
from server.positions.stored import POSITIONS, Position, point

_LEAST_S = 1.0
"""Two reports of the same second are a second apart for whoever asks how fast that was."""


class NotOnDuty(Conflict):
    """您还没有上班，不用上报位置"""


class PositionOutdated(Conflict):
    """这个位置已经过时，没有采用"""


class PositionImplausible(Conflict):
    """这个位置离上一个太远，没有采用；请检查手机定位"""


class PositionVague(Conflict):
    """手机定位误差太大，没有采用；请打开精确定位，到空旷的地方试试"""


class PositionsTooMany(TooMany):
    """位置上报得太勤了，请每一两秒报一次"""


def made(
    driver_id: str,
    report: ReportPosition,
    ride_no: str | None,
    last: Position | None,
    now: datetime,
    rules: Positions,
) -> Position:
    """The row that the report makes, after the one before it. Raises PositionOutdated, PositionImplausible,
    PositionVague."""
    now = _as_stored(now)
    at = min(_as_stored(report.at or now), now)
    if now - at > timedelta(seconds=rules.stale_s):
        raise PositionOutdated
    if report.accuracy_m is not None and report.accuracy_m > rules.most_vague_m:
        raise PositionVague
    if last is not None and not _plausible(last, report.spot, at, rules):
        raise PositionImplausible
    return Position(
        id=driver_id,
        point=point(report.spot),
        at=at,
        heading=report.heading,
        speed_mps=report.speed_mps,
        accuracy_m=report.accuracy_m,
        ride_no=ride_no,
        fresh_until=at + timedelta(seconds=rules.fresh_s),
        expires_at=now + timedelta(seconds=rules.keep_s),
    )


def _as_stored(moment: datetime) -> datetime:
    """To the millisecond, so that memory and database have the same row."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _plausible(last: Position, spot: Spot, at: datetime, rules: Positions) -> bool:
    """A wrong first fix is forgiven with time: the longer ago it was, the farther somebody may have come."""
    seconds = max((at - last.at).total_seconds(), _LEAST_S)
    return apart(last.spot, spot) <= rules.jump_m + seconds * rules.fastest_mps


async def write(tx: Tx, row: Position) -> None:
    """In the place of the one before. Raises PositionOutdated where a later one is there already."""
    if await tx.replace(POSITIONS, row, {"_id": row.id, "at": {"$lte": row.at}}):
        return
    try:
        await tx.insert(POSITIONS, row)
    except Duplicate as error:
        raise PositionOutdated from error
