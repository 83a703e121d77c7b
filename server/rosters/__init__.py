"""Who works when: the hours of a worker's week, and the days that are otherwise. Whoever has no roster is always on
shift.
"""

from server.rosters.desk import change, find, listed, view
from server.rosters.hours import ROSTERS, Roster, covers, home_of, hours_of, on_shift

__all__ = [
    "ROSTERS",
    "Roster",
    "change",
    "covers",
    "find",
    "home_of",
    "hours_of",
    "listed",
    "on_shift",
    "view",
]
