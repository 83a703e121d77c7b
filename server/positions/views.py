"""Where the car is, in numbers and in a sentence that can be read aloud."""

from datetime import datetime, timedelta

from schemas.places import Spot
from schemas.positions import RidePositionView, SharedRideView
from server import staff
from server.config import Settings
from server.distances import straight
from server.kit.db import Reader
from server.positions.stored import Position
from server.positions.trips import Trip

STAGES = {"accepted": "司机正在赶来", "arrived": "车已到上车点", "on_board": "行程中"}
_THERE_M = 50


def view(trip: Trip, row: Position | None, now: datetime, rules: Settings) -> RidePositionView:
    """To who may read the ride."""
    late = row is not None and now - row.at > timedelta(seconds=rules.positions.fresh_s)
    metres, seconds = _left(trip, row.spot if row else None, rules)
    return RidePositionView(
        case_no=trip.case.id,
        stage=trip.stage,
        stage_text=STAGES[trip.stage],
        spot=row.spot if row else None,
        heading=row.heading if row else None,
        at=row.at if row else None,
        late=late,
        goal="dropoff" if trip.stage == "on_board" else "pickup",
        metres_left=metres,
        eta_s=seconds,
        text=_sentence(trip, metres, seconds, row.at if row and late else None, now),
        poll_s=rules.positions.poll_s,
    )


def shared(reader: Reader, trip: Trip, row: Position | None, rules: Settings) -> SharedRideView:
    """To whoever has the link."""
    seen = view(trip, row, reader.now, rules)
    driver = reader.recall(staff.STAFF, trip.driver.id)
    return SharedRideView(
        stage=seen.stage,
        stage_text=seen.stage_text,
        driver=f"{driver.name[:1]}师傅" if driver and driver.name else "司机",
        plate=trip.driver.plate,
        model=trip.driver.model,
        colour=trip.driver.colour,
        pickup=trip.pickup,
        dropoff=trip.dropoff,
        spot=seen.spot,
        heading=seen.heading,
        at=seen.at,
        late=seen.late,
        goal=seen.goal,
        metres_left=seen.metres_left,
        eta_s=seen.eta_s,
        text=seen.text,
        poll_s=seen.poll_s,
    )


def _left(trip: Trip, spot: Spot | None, rules: Settings) -> tuple[int | None, int | None]:
    if trip.stage == "arrived":
        return 0, 0
    if spot is None or trip.goal is None:
        return None, None
    way = straight(spot, trip.goal, rules.distances)
    return way.metres, way.seconds


def _sentence(
    trip: Trip, metres: int | None, seconds: int | None, last_at: datetime | None, now: datetime
) -> str:
    if trip.stage == "arrived":
        return "车已到上车点，请上车"
    if metres is None or seconds is None:
        return "暂时收不到车的位置，请稍等"
    where = "目的地" if trip.stage == "on_board" else "上车点"
    if metres < _THERE_M:
        far = f"车就在{where}附近"
    else:
        far = f"车离{where}还有约 {_way(metres)}，预计 {max(1, round(seconds / 60))} 分钟"
    return far if last_at is None else f"{_ago(now - last_at)}前，{far}"


def _way(metres: int) -> str:
    return f"{max(round(metres, -1), 10)} 米" if metres < 1000 else f"{metres / 1000:.1f} 公里"


def _ago(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    return f"{seconds} 秒" if seconds < 60 else f"{seconds // 60} 分钟"
