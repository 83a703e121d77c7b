"""The last count for whoever watches the machines: every process tells the same, from memory."""

from collections.abc import Iterator, Sequence

from server.config import Settings
from server.kit.db import Database
from server.kit.metrics import Metrics
from server.push_figures.judging import alerts
from server.push_figures.stored import LAST, PUSH_WATCH, PushWatch, Sums

Row = tuple[Sequence[str], float]
KINDS = ("reach", "waiting", "dead", "asleep")


def tell(metrics: Metrics, db: Database, settings: Settings) -> None:
    """Hang them up on `/metrics`."""

    def watch() -> PushWatch | None:
        return db.reader().recall(PUSH_WATCH, LAST)

    def messages() -> Iterator[Row]:
        for template, sums in _today(watch()):
            for delivery, count in sums.deliveries.items():
                yield (template, delivery), count

    def errors() -> Iterator[Row]:
        for template, sums in _today(watch()):
            for code, count in sums.errors.items():
                yield (template, code), count

    def reach() -> Iterator[Row]:
        found = watch()
        share = found.reach if found else None
        if share is not None:
            yield (), share

    def raised() -> Iterator[Row]:
        standing = {one.kind for one in alerts(db.reader(), settings)}
        for kind in KINDS:
            yield (kind,), float(kind in standing)

    def age() -> Iterator[Row]:
        found = watch()
        if found is not None:
            yield (), (db.now() - found.counted_at).total_seconds()

    metrics.tell("hoelun_push_messages_today", "Messages written today", ["template", "delivery"], messages)
    metrics.tell("hoelun_push_errors_today", "Last errors of these", ["template", "errcode"], errors)
    metrics.tell(
        "hoelun_push_reach_percent", "Share of today's that arrived, without announcements", [], reach
    )
    metrics.tell("hoelun_push_alert", "1 where something is not as it should be", ["kind"], raised)
    metrics.tell("hoelun_push_counted_seconds", "Since the last count", [], age)


def _today(watch: PushWatch | None) -> Iterator[tuple[str, Sums]]:
    if watch is not None:
        yield from watch.today.items()
