"""Passengers 乘车人: those who travel, kept by a resident, sealed in the database and masked in every answer."""

from server.passengers.papers import PAPERS, BirthdayMistyped, IdNumberMistyped, age
from server.passengers.saving import (
    NotTheirPassengers,
    PassengerKnown,
    PassengerNotFound,
    TooManyPassengers,
    change,
    find,
    remove,
    save,
)
from server.passengers.stored import PASSENGERS, TRAVELLERS, Passenger, Travellers
from server.passengers.travelling import Traveller, freeze, whole, wipe_at
from server.passengers.views import id_kinds, listed, view

__all__ = [
    "PAPERS",
    "PASSENGERS",
    "TRAVELLERS",
    "BirthdayMistyped",
    "IdNumberMistyped",
    "NotTheirPassengers",
    "Passenger",
    "PassengerKnown",
    "PassengerNotFound",
    "TooManyPassengers",
    "Traveller",
    "Travellers",
    "age",
    "change",
    "find",
    "freeze",
    "id_kinds",
    "listed",
    "remove",
    "save",
    "view",
    "whole",
    "wipe_at",
]
