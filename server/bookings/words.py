"""Times as people say them, as the bookings' own modules and those beside them import them."""

from server.words import clock_time, local, said

__all__ = ["clock_time", "local", "said"]
