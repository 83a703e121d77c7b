"""Where drivers are: reported by their phones, seen by who waits for the car, kept no longer than it is needed."""

from server.positions.onlookers import Onlooker, Onlookers
from server.positions.reporting import (
    NotOnDuty,
    PositionImplausible,
    PositionOutdated,
    PositionsTooMany,
    PositionVague,
    made,
    write,
)
from server.positions.stored import POSITIONS, Near, Position, forget, near
from server.positions.tracks import drawn, note, travelled
from server.positions.trips import RideNotFollowed, Trip, Trips
from server.positions.whereabouts import Whereabouts

__all__ = [
    "POSITIONS",
    "Near",
    "NotOnDuty",
    "Onlooker",
    "Onlookers",
    "Position",
    "PositionImplausible",
    "PositionOutdated",
    "PositionVague",
    "PositionsTooMany",
    "RideNotFollowed",
    "Trip",
    "Trips",
    "Whereabouts",
    "drawn",
    "forget",
    "made",
    "near",
    "note",
    "travelled",
    "write",
]
