"""The waiting list: a seat that comes back on a day somebody waits for is kept, and offered in the order of joining.

An offer is a held booking of the one whose turn it is: it counts against the same quarters as every booking, ends by
the same timer, and is taken by the usual `submit`. Each entry gets one offer; declined or lapsed, the seat comes back
and goes to the next (docs/decisions/waiting-list.md).
"""

from server.waitlist.entries import WAITLIST, Waiting, find
from server.waitlist.joining import join, lanes, leave
from server.waitlist.line import LOOKS, OFFERS
from server.waitlist.views import listed, view
from server.waitlist.wishes import wish

__all__ = [
    "LOOKS",
    "OFFERS",
    "WAITLIST",
    "Waiting",
    "find",
    "join",
    "lanes",
    "leave",
    "listed",
    "view",
    "wish",
]
