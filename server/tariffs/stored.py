"""Tariffs as they are kept, and which is in force when."""

from datetime import date, datetime

from msgspec import Struct

from schemas.tariffs import NewTariff, Surcharge
from server.kit.db import Reader


class Tariff(Struct, frozen=True, kw_only=True):
    id: str
    number: int
    body: NewTariff


FIRST = Tariff(
    id="ride-000001",
    number=1,
    body=NewTariff(
        valid_from=date(2026, 1, 1),
        base_fen=700,
        base_metres=2500,
        per_km_fen=180,
        free_wait_minutes=5,
        wait_minute_fen=30,
        surcharges=[Surcharge(name="夜间", start="22:00", end="06:00", percent=20)],
    ),
)
"""What counts where nobody has written any."""


def current(reader: Reader, at: datetime) -> Tariff:
    """The tariff of rides that begin `at`."""
    return FIRST
