"""How far it is by road, and how long that takes."""

from server.distances.asked import MapService, Ways
from server.distances.straight import Way, apart, straight

__all__ = ["MapService", "Way", "Ways", "apart", "straight"]
