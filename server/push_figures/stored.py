"""What is kept of the count: a row for each day and template, and one that every process has in memory."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from schemas.push_figures import AlertKind
from server.kit.db import Collection, Stored

ENDED = ("sent", "no_credit", "refused", "dead")
"""What was to be told at once, and has come to an end."""


class Sums(Struct, kw_only=True):
    """`deliveries` says how many became what, `errors` how often an attempt came to what number; `""` is no number."""

    deliveries: dict[str, int] = {}
    errors: dict[str, int] = {}
    read: int = 0

    def count(self, *deliveries: str) -> int:
        return sum(self.deliveries.get(one, 0) for one in deliveries)

    @property
    def meant(self) -> int:
        return self.count(*ENDED)

    @property
    def reach(self) -> int | None:
        """In per cent."""
        return round(self.count("sent") * 100 / self.meant) if self.meant else None


class PushDay(Stored, kw_only=True):
    """The messages of a template that were written on a day, as they stood at `counted_at`; `id` is both."""

    day: str
    template: str
    sums: Sums
    counted_at: datetime


PUSH_DAYS: Collection[PushDay] = Collection("push_days", PushDay)


class Alert(Struct, kw_only=True):
    """`day` is the one that it is about."""

    kind: AlertKind
    day: str
    text: str
    since: datetime


class PushWatch(Stored, kw_only=True):
    """The last count in short, for banners and `/metrics`; `reach` is today's without what goes to everybody."""

    counted_at: datetime
    day: str
    reach: int | None = None
    today: dict[str, Sums] = {}
    alerts: list[Alert] = []


PUSH_WATCH: Collection[PushWatch] = Collection("push_watch", PushWatch, whole=True)
LAST = "last"


def total(parts: Iterable[Sums]) -> Sums:
    """All of them together."""
    deliveries: dict[str, int] = {}
    errors: dict[str, int] = {}
    read = 0
    for one in parts:
        _add(deliveries, one.deliveries)
        _add(errors, one.errors)
        read += one.read
    return Sums(deliveries=deliveries, errors=errors, read=read)


def _add(to: dict[str, int], more: Mapping[str, int]) -> None:
    for name, count in more.items():
        to[name] = to.get(name, 0) + count


def by_day(rows: Iterable[PushDay]) -> dict[str, Sums]:
    """The days of which there is something."""
    days: dict[str, list[Sums]] = {}
    for row in rows:
        days.setdefault(row.day, []).append(row.sums)
    return {day: total(parts) for day, parts in days.items()}
