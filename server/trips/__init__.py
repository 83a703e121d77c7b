"""Trips 出行: what happens around a departure: reminders before it."""

from server.trips.reminders import TRIPS, Trip, legs, moments

__all__ = ["TRIPS", "Trip", "legs", "moments"]
