"""The count: today and yesterday anew every few minutes, from the messages themselves, so that nothing adds up wrongly.

It reads no message, only an index that has all it asks for. Made twice, or begun and not ended, it changes nothing.
"""

from datetime import date, datetime, timedelta
from typing import Any, Protocol

import structlog

from server import staff, staff_push
from server.config import Settings
from server.errcodes import code_of
from server.kit.clock import midnight, today
from server.kit.db import Database, Reader, Tx
from server.kit.events import Event
from server.kit.sweeps import Sweep
from server.push import MESSAGES
from server.push_figures import judging
from server.push_figures.stored import LAST, PUSH_DAYS, PUSH_WATCH, Alert, PushDay, PushWatch, Sums, total
from server.staff_push import Word

log = structlog.get_logger()

ANEW = 2
"""So many days are counted again: what is written late in the evening comes to its end the next morning."""
PAGE = "/console/push-figures"
_MOST = 5_000


class House(Protocol):
    @property
    def settings(self) -> Settings: ...
    @property
    def db(self) -> Database: ...


async def count(house: House) -> None:
    """Count, keep it, and tell the administrators what is not as it should be."""
    now = house.db.now()
    days = [today(now) - timedelta(days=back) for back in range(ANEW)]
    rows = [
        row
        for day in days
        for row in await house.db.reading(lambda reader, day=day: counted(reader, day, now))  # type: ignore[misc]
    ]
    found = await house.db.reading(lambda reader: judging.judged(reader, rows, house.settings))
    watch = PushWatch(id=LAST, counted_at=now, day=f"{days[0]}", alerts=found)
    of_today = [row for row in rows if row.day == watch.day]
    watch.today = {row.template: row.sums for row in of_today}
    watch.reach = total(row.sums for row in judging.asked_for(of_today)).reach
    await house.db.atomically(lambda tx: _keep(tx, rows, [f"{day}" for day in days], watch))


SWEEP = Sweep("push_figures", count, lambda rules: timedelta(minutes=rules.push_alerts.every_minutes))


async def counted(reader: Reader, day: date, now: datetime) -> list[PushDay]:
    """The rows of a day, as the messages stand now."""
    found: dict[str, Sums] = {}
    for row in await reader.groups(MESSAGES, pipeline(day)):
        group, sums = row["_id"], found.setdefault(row["_id"]["template"], Sums())
        _count(sums.deliveries, group["delivery"], row["count"])
        if group["error"]:
            _count(sums.errors, code_of(group["error"]), row["count"])
        sums.read += row["read"]
    return [
        PushDay(id=f"{day}.{name}", day=f"{day}", template=name, sums=sums, counted_at=now)
        for name, sums in sorted(found.items())
    ]


def pipeline(day: date) -> list[dict[str, Any]]:
    """What an index answers by itself."""
    span = {"$gte": midnight(day), "$lt": midnight(day + timedelta(days=1))}
    by = {name: f"${name}" for name in ("template", "delivery", "error")}
    read = {"$sum": {"$cond": [{"$gt": ["$read_at", None]}, 1, 0]}}
    return [{"$match": {"at": span}}, {"$group": {"_id": by, "count": {"$sum": 1}, "read": read}}]


def _count(into: dict[str, int], name: str, more: int) -> None:
    into[name] = into.get(name, 0) + more


async def _keep(tx: Tx, rows: list[PushDay], days: list[str], watch: PushWatch) -> None:
    """A slower count that began earlier changes nothing any more."""
    before = await tx.get(PUSH_WATCH, LAST)
    if before is not None and before.counted_at > watch.counted_at:
        return
    known = {(one.kind, one.day): one for one in before.alerts} if before else {}
    for alert in watch.alerts:
        earlier = known.get((alert.kind, alert.day))
        if earlier is not None:
            alert.since = earlier.since
        else:
            log.error("push_figures.alert", kind=alert.kind, day=alert.day)
            await _tell(tx, alert)
    await tx.put_all(PUSH_DAYS, rows)
    for day in days:
        gone = {"_id": {"$gt": f"{day}.", "$lt": f"{day}/"}, "counted_at": {"$lt": watch.counted_at}}
        await tx.delete_all(PUSH_DAYS, gone)
    await tx.put(PUSH_WATCH, watch)


async def _tell(tx: Tx, alert: Alert) -> None:
    """Each administrator once for each kind and day."""
    subject = f"push-alert.{alert.kind}.{alert.day}"
    event = Event(
        id=subject,
        type="push_figures.alert",
        subject=subject,
        seq=1,
        at=tx.now,
        by={"kind": "system", "id": "system", "name": "", "role": "system"},
        channel="system",
        data={},
    )
    people = [one.id for one in staff.administrators(tx)]
    await staff_push.send_all(tx, event, people, Word(title="消息提醒", text=alert.text, page=PAGE))
