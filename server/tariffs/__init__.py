"""Tariffs of rides: what is in force when, and what a ride costs by it."""

from server.tariffs.fares import fare
from server.tariffs.stored import FIRST, RIDE, TARIFFS, VERSIONS, Tariff, current
from server.tariffs.views import check, compared, listed, tried, view
from server.tariffs.words import ROUNDINGS, terms

__all__ = [
    "FIRST",
    "RIDE",
    "ROUNDINGS",
    "TARIFFS",
    "VERSIONS",
    "Tariff",
    "check",
    "compared",
    "current",
    "fare",
    "listed",
    "terms",
    "tried",
    "view",
]
