"""Trips 出行: what happens around a departure: reminders before it, the ride to the station, papers wiped after."""

from server.trips.legs import legs
from server.trips.reminders import TRIPS, Trip, moments
from server.trips.station import hold

__all__ = ["TRIPS", "Trip", "hold", "legs", "moments"]
