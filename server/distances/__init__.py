"""How far it is by road, and how long that takes."""

from server.distances.straight import Way, apart, straight

__all__ = ["Way", "apart", "straight"]
