"""Booking a service at home: a slot is taken, somebody comes, the work is confirmed."""

from server.bookings.flow import FLOW
from server.bookings.kind import BOOKING, Booking, contended_day, for_whom, place
from server.bookings.messages import TEMPLATES, tell
from server.bookings.reschedule import contended

__all__ = [
    "BOOKING",
    "FLOW",
    "TEMPLATES",
    "Booking",
    "contended",
    "contended_day",
    "for_whom",
    "place",
    "tell",
]
