"""Tariffs as they are kept, and which is in force when."""

from datetime import date, datetime

from schemas.tariffs import NewTariff, Surcharge
from server.kit.db import Collection, Reader
from server.versions import Version, Versions, before_all

RIDE = "ride"


class Tariff(Version, kw_only=True):
    body: NewTariff


TARIFFS: Collection[Tariff] = Collection("tariffs", Tariff, whole=True)

FIRST = before_all(
    Tariff,
    RIDE,
    NewTariff(
        valid_from=date(2020, 1, 1),
        base_fen=700,
        base_metres=2500,
        per_km_fen=180,
        free_wait_minutes=5,
        wait_minute_fen=30,
        surcharges=[Surcharge(name="夜间", start="22:00", end="06:00", percent=20)],
    ),
)
"""What counts where nobody has written any."""

VERSIONS: Versions[Tariff] = Versions(TARIFFS, "tariff", {RIDE: FIRST})


def current(reader: Reader, at: datetime) -> Tariff:
    """The tariff of rides that begin `at`."""
    return VERSIONS.in_force(reader, RIDE, at)
