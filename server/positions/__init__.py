"""Where drivers are: reported by their phones, seen by who waits for the car, kept no longer than it is needed."""

from server.positions.reporting import (
    PositionImplausible,
    PositionOutdated,
    PositionsTooMany,
    PositionVague,
    made,
    write,
)
from server.positions.stored import POSITIONS, Near, Position, forget, near
from server.positions.whereabouts import Whereabouts

__all__ = [
    "POSITIONS",
    "Near",
    "Position",
    "PositionImplausible",
    "PositionOutdated",
    "PositionVague",
    "PositionsTooMany",
    "Whereabouts",
    "forget",
    "made",
    "near",
    "write",
]
