"""Tariffs of rides: what is in force when, and what a ride costs by it."""

from server.tariffs.fares import fare
from server.tariffs.stored import FIRST, Tariff, current

__all__ = ["FIRST", "Tariff", "current", "fare"]
