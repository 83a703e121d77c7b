"""Where drivers are: one row for each, replaced with every report, and gone soon after the last one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from schemas.places import Spot
from server.kit.db import Collection, Index, Reader, Stored, Tx


class Point(Struct, frozen=True):
    """As GeoJSON has it: longitude first."""

    coordinates: list[float]
    type: Literal["Point"] = "Point"

    @property
    def spot(self) -> Spot:
        return Spot(self.coordinates[0], self.coordinates[1])


def point(spot: Spot) -> Point:
    return Point([spot.lng, spot.lat])


class Position(Stored, kw_only=True):
    """`id` is the driver's; `at` is when the phone was there, `ride_no` the ride that they had then. Until `fresh_until`
    it counts for who is near."""

    point: Point
    at: datetime
    heading: float | None = None
    speed_mps: float | None = None
    accuracy_m: float | None = None
    ride_no: str | None = None
    fresh_until: datetime
    expires_at: datetime

    @property
    def spot(self) -> Spot:
        return self.point.spot


POSITIONS: Collection[Position] = Collection(
    "positions", Position, Index(("@point",)), Index(("expires_at",), expire_after_s=0)
)


class Near(Struct, frozen=True, kw_only=True):
    """A driver and how far they are, in metres as the crow flies."""

    driver_id: str
    spot: Spot
    metres: int
    at: datetime


async def near(
    reader: Reader,
    spot: Spot,
    radius_m: float,
    limit: int,
    *,
    among: Sequence[str] | None = None,
) -> list[Near]:
    """Whose last report is fresh and within the radius, the nearest first; `among` are the drivers who count."""
    where: dict[str, Any] = {"fresh_until": {"$gte": reader.now}}
    if among is not None:
        where["_id"] = {"$in": list(among)}
    nearest = {
        "near": {"type": "Point", "coordinates": [spot.lng, spot.lat]},
        "distanceField": "metres",
        "maxDistance": radius_m,
        "query": where,
        "key": "point",
        "spherical": True,
    }
    rows = await reader.groups(POSITIONS, [{"$geoNear": nearest}, {"$limit": limit}])
    return [
        Near(
            driver_id=one["_id"],
            spot=Spot(*one["point"]["coordinates"]),
            metres=round(one["metres"]),
            at=one["at"],
        )
        for one in rows
    ]


async def forget(tx: Tx, driver_id: str) -> None:
    """Off duty it is nobody's business where they are."""
    await tx.delete(POSITIONS, {"_id": driver_id})
