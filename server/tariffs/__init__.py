"""Tariffs of rides: what is in force when, and what a ride costs by it."""

from server.tariffs.fares import fare
from server.tariffs.stored import FIRST, RIDE, TARIFFS, VERSIONS, Tariff, current

__all__ = ["FIRST", "RIDE", "TARIFFS", "VERSIONS", "Tariff", "current", "fare"]
