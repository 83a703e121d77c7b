"""Booking a service at home: a slot is taken, somebody comes, the work is confirmed."""

from server.bookings.flow import FLOW
from server.bookings.kind import BOOKING, Booking, contended_day, for_whom, place
from server.bookings.lanes import lanes
from server.bookings.messages import TEMPLATES, tell

__all__ = [
    "BOOKING",
    "FLOW",
    "TEMPLATES",
    "Booking",
    "contended_day",
    "for_whom",
    "lanes",
    "place",
    "tell",
]
