"""Rides 打车: somebody asks for a car, the nearest fitting driver is asked, comes, and brings them there."""

from server.rides.flow import FLOW
from server.rides.kind import RIDE
from server.rides.ordering import estimate, order, road

__all__ = ["FLOW", "RIDE", "estimate", "order", "road"]
