"""The way that a passenger was driven: how many metres, and a line of a few hundred points, for the fare and for who
doubts it. Forgotten some days later."""

from datetime import datetime, timedelta

from schemas.places import Spot
from server.config import Positions
from server.distances import apart
from server.keeping import Keeping, by_case
from server.kit.db import Collection, Duplicate, Index, Reader, Stored, Tx
from server.kit.jobs import Premises
from server.kit.sweeps import Sweep
from server.positions.stored import Position

_EVERY = timedelta(hours=1)


class Track(Stored, kw_only=True):
    """`id` is the number of the ride. `points` are longitude and latitude, from getting in on, the last one always the
    last of them; `spacing_m` is how far apart they are at least."""

    driver_id: str
    metres: float
    at: datetime
    points: list[list[float]]
    spacing_m: float
    expires_at: datetime


TRACKS: Collection[Track] = Collection("ride_tracks", Track, Index(("expires_at",)))
KEPT = Keeping(title="行车轨迹", collection=TRACKS, find=by_case("_id"))


async def travelled(reader: Reader, case_no: str) -> int | None:
    """Metres with the passenger on board; None where no phone has told."""
    track = await reader.get(TRACKS, case_no)
    return None if track is None else round(track.metres)


async def drawn(reader: Reader, case_no: str) -> list[Spot]:
    """The way as a line."""
    track = await reader.get(TRACKS, case_no)
    return [] if track is None else [Spot(one[0], one[1]) for one in track.points]


async def note(tx: Tx, case_no: str, row: Position, rules: Positions) -> None:
    """The car has come this far. One that has hardly moved writes nothing: a phone that lies still wanders by metres."""
    known = await tx.get(TRACKS, case_no)
    if known is None:
        try:
            await tx.insert(TRACKS, _begun(case_no, row, rules))
        except Duplicate:
            return  # told twice in one moment
        return
    here = row.spot
    step = apart(Spot(*known.points[-1]), here)
    if row.at <= known.at or step < rules.step_m:
        return
    before = known.at
    known.metres += step
    known.at, known.expires_at = row.at, _until(row, rules)
    _extend(known, here, rules)
    await tx.replace(TRACKS, known, {"_id": case_no, "at": before})


def _begun(case_no: str, row: Position, rules: Positions) -> Track:
    first = [row.spot.lng, row.spot.lat]
    return Track(
        id=case_no,
        driver_id=row.id,
        metres=0.0,
        at=row.at,
        points=[first],
        spacing_m=rules.step_m,
        expires_at=_until(row, rules),
    )


def _extend(track: Track, here: Spot, rules: Positions) -> None:
    """The newest point goes with the car until it is far enough from the one before it; a line that has become too long
    loses every second point."""
    points = track.points
    if len(points) > 2 and apart(Spot(*points[-2]), Spot(*points[-1])) < track.spacing_m:
        points.pop()
    points.append([here.lng, here.lat])
    if len(points) > rules.track_points:
        track.points = [*points[:-1:2], points[-1]]
        track.spacing_m *= 2


def _until(row: Position, rules: Positions) -> datetime:
    return row.at + timedelta(days=rules.track_days)


async def sweep(premises: Premises) -> None:
    """Forget what has been kept long enough."""
    await premises.db.alone(lambda tx: tx.delete_all(TRACKS, {"expires_at": {"$lte": tx.now}}))


SWEEP = Sweep("ride_tracks", sweep, lambda rules: _EVERY)
