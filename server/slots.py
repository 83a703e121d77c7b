"""When there is somebody free: hours − buffers − what is booked, and the one update that takes a seat.

A day of a pool is one document with a counter for each quarter of an hour. A booking raises the counters of
the quarters it needs, buffers included, on the condition that none of them is full: no interleaving can pass
it, services that share people share the counters, and pending bookings count. A worker's own day is the same
with capacity 1.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from schemas.catalogue import DayView, SlotsView, SlotView
from server import catalogue, workdays
from server.catalogue import Hours, Pool, Service
from server.kit.chance import chance
from server.kit.clock import SHANGHAI, today
from server.kit.db import Change, Collection, Database, Reader, Stored, Tx
from server.kit.errors import Conflict
from server.kit.jobs import DUE, Leased
from server.workdays import Calendar

CELL_MIN = 15
_DAY_MIN = 24 * 60


class SlotTaken(Conflict):
    """这个时段刚刚被约走了，请换一个时间"""


class SlotNotOffered(Conflict):
    """这个时间不在可预约的时段里，请从列表中选择"""


class SlotInPast(Conflict):
    """这个时间已经过去了，请选择以后的时间"""


class SlotTooSoon(Conflict):
    """离这个时间太近，来不及安排，请选晚一点的时间"""


class SlotTooFar(Conflict):
    """这个时间还没有开放预约，请选近一点的日期"""


class WorkerBusy(Conflict):
    """这位师傅那个时间已有安排，请换一位"""


class Occupancy(Stored, kw_only=True):
    """`id` is `pool|YYYY-MM-DD`; `cells` counts who is busy in each quarter of the day.

    `waiting` counts who is in line for this day and has no offer yet, `tickets` how many ever joined the line.
    """

    cells: dict[str, int] = {}
    waiting: int = 0
    tickets: int = 0


class Return(Leased, kw_only=True):
    """Quarters that came back on a day somebody waits for: they stay counted until the line has been asked."""

    day_id: str
    cells: list[str]


OCCUPANCY: Collection[Occupancy] = Collection("occupancy", Occupancy)
RETURNS: Collection[Return] = Collection("returns", Return, DUE)


def day_id(owner: str, day: date) -> str:
    return f"{owner}|{day.isoformat()}"


def worker_owner(worker_id: str) -> str:
    return f"worker:{worker_id}"


def cells(start_min: int, end_min: int) -> list[str]:
    """The quarters that [start, end) touches, within the day."""
    first, last = max(start_min, 0) // CELL_MIN, (min(end_min, _DAY_MIN) - 1) // CELL_MIN
    return [str(number) for number in range(first, last + 1)]


def seat(service: Service, start: datetime) -> tuple[date, list[str]]:
    """The local day and the quarters that a booking at `start` needs, buffers included."""
    local = start.astimezone(SHANGHAI)
    minute = local.hour * 60 + local.minute
    return local.date(), cells(
        minute - service.buffer_before_min, minute + service.duration_min + service.buffer_after_min
    )


def capacity(pool: Pool, day: date) -> int:
    return pool.capacity_on.get(day.isoformat(), pool.capacity)


def hours(service: Service, day: date, calendar: Calendar) -> list[Hours]:
    """Opening hours of a date: an override, else closed on a holiday of the calendar in force, else the weekday's."""
    override = service.overrides.get(day.isoformat())
    if override is not None:
        return override
    if calendar.holiday(day) and not service.open_on_holidays:
        return []
    return service.weekly[day.weekday()]


def starts(service: Service, day: date, calendar: Calendar) -> Iterator[int]:
    """Minutes of the day at which this service may start."""
    for opening, closing in hours(service, day, calendar):
        yield from range(opening, closing - service.duration_min + 1, service.step_min)


def check_offered(reader: Reader, service: Service, start: datetime) -> None:
    """Raises the refusal that says why this time cannot be booked, whoever may be free."""
    local = _check_when(service, start, reader.now)
    if local.hour * 60 + local.minute not in starts(service, local.date(), workdays.calendar(reader)):
        raise SlotNotOffered(field="start")


def check_open(reader: Reader, service: Service, start: datetime) -> None:
    """As `check_offered`, for a service whose visits take no seat: any quarter of an hour within its hours."""
    _check_when(service, start, reader.now)
    check_within(reader, service, start)


def check_within(reader: Reader, service: Service, start: datetime) -> None:
    """The visit begins at a quarter of an hour and lies within the opening hours. Raises SlotNotOffered."""
    local = start.astimezone(SHANGHAI)
    minute = local.hour * 60 + local.minute
    within = any(
        opening <= minute <= closing - service.duration_min
        for opening, closing in hours(service, local.date(), workdays.calendar(reader))
    )
    if minute % CELL_MIN or not within:
        raise SlotNotOffered(field="start")


def _check_when(service: Service, start: datetime, now: datetime) -> datetime:
    local = start.astimezone(SHANGHAI)
    if start <= now:
        raise SlotInPast(field="start")
    if start < now + timedelta(minutes=service.lead_time_min):
        raise SlotTooSoon(field="start")
    if local.date() >= now.astimezone(SHANGHAI).date() + timedelta(days=service.horizon_days):
        raise SlotTooFar(field="start")
    if local.second or local.microsecond:
        raise SlotNotOffered(field="start")
    return local


def demand(tx: Tx, owner: str, day: date, wanted: list[str], most: int, otherwise: Conflict) -> None:
    """Count one more in each wanted quarter with the commit; `otherwise` is raised when one of them is full."""
    if most < 1:
        raise otherwise
    free = {f"cells.{one}": {"$not": {"$gte": most}} for one in wanted}
    more = {"$inc": {f"cells.{one}": 1 for one in wanted}}
    tx.demand(OCCUPANCY, {"_id": day_id(owner, day), **free}, more, otherwise)


async def give_back(tx: Tx, owner: str, day: date, taken: list[str]) -> None:
    """Count one less in each quarter; a quarter never falls below zero.

    On a day that somebody waits for, the quarters go to the line first: nobody else can have them in between.
    """
    document = day_id(owner, day)
    if await _release(tx, document, taken, {"waiting": {"$not": {"$gt": 0}}}):
        return
    if await tx.first(OCCUPANCY, {"_id": document, "waiting": {"$gt": 0}}) is not None:
        tx.add(RETURNS, Return(id=chance.hex(12), day_id=document, cells=taken, due_at=tx.now))


async def release(tx: Tx, document: str, taken: list[str]) -> None:
    """Count one less in each quarter of a day, whoever waits."""
    if taken:
        await _release(tx, document, taken, {})


async def _release(tx: Tx, document: str, taken: list[str], only: dict[str, Any]) -> bool:
    held = {f"cells.{one}": {"$gte": 1} for one in taken}
    less = {"$inc": {f"cells.{one}": -1 for one in taken}}
    return await tx.change(OCCUPANCY, {"_id": document, **only, **held}, less)


def day_of(reader: Reader, service_id: str, start: datetime) -> tuple[Pool, date, list[str]]:
    """The pool, its day and the quarters that a booking would need. Raises ServiceNotFound."""
    service = catalogue.find(reader, service_id)
    day, wanted = seat(service, start)
    return catalogue.pool_of(reader, service), day, wanted


def day_of_pool(reader: Reader, service_id: str, start: datetime) -> str | None:
    """The document that bookings of this slot contend for; None for a service that is not there."""
    service = reader.recall(catalogue.SERVICES, service_id)
    return day_id(service.pool_id, seat(service, start)[0]) if service else None


class Kept(Struct, frozen=True):
    """An answer, and of what it was made: memory's edition, the pool's version, the time of day."""

    pool_id: str
    edition: int
    version: int
    good_until: datetime
    body: bytes


_ANSWERS_KEPT = 5_000


class Availability:
    """Availability in memory: counters follow the database, answers are bytes until something changes."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._days: dict[str, dict[str, int]] = {}
        self._loads: dict[object, list[Change]] = {}
        self._versions: dict[str, int] = defaultdict(int)
        self._answers: dict[tuple[str, date, int], Kept] = {}
        db.follower.listen(OCCUPANCY.name, self._changed, self._forget)

    async def refuse_full(self, reader: Reader, service_id: str, start: datetime) -> None:
        """Raises SlotTaken when there is no seat, at the price of one read. Memory alone may not refuse: it hears
        of a seat given back a moment later than the one who gave it."""
        pool, day, wanted = day_of(reader, service_id, start)
        known = self._days.get(day_id(pool.id, day)) if self._db.follower.trusted else None
        most = capacity(pool, day)
        if known is None or fits(known, wanted, most):
            return
        stored = await reader.get(OCCUPANCY, day_id(pool.id, day))
        if stored is not None and not fits(stored.cells, wanted, most):
            raise SlotTaken(field="start")

    async def answer(self, service_id: str, first: date, days: int) -> bytes:
        """The encoded SlotsView. Raises ServiceNotFound."""
        return self.known(service_id, first, days) or await self._made(service_id, first, days)

    def known(self, service_id: str, first: date, days: int) -> bytes | None:
        """The last answer, if nothing has changed since."""
        kept = self._answers.get((service_id, first, days))
        follower = self._db.follower
        if kept is None or not follower.trusted or kept.edition != follower.edition:
            return None
        same = kept.version == self._versions[kept.pool_id] and self._db.now() < kept.good_until
        return kept.body if same else None

    async def _made(self, service_id: str, first: date, days: int) -> bytes:
        reader, edition = self._db.reader(), self._db.follower.edition
        service = catalogue.find(reader, service_id)
        pool = catalogue.pool_of(reader, service)
        version, calendar = self._versions[pool.id], workdays.calendar(reader)
        counters = await self._counters(pool.id, first, days)
        view, good_until = _view(service, pool, first, days, counters, reader.now, calendar)
        body = msgspec.json.encode(view)
        if len(self._answers) >= _ANSWERS_KEPT:
            self._answers.clear()
        self._answers[service_id, first, days] = Kept(pool.id, edition, version, good_until, body)
        return body

    async def _counters(self, owner: str, first: date, days: int) -> list[dict[str, int]]:
        ids = [day_id(owner, first + timedelta(days=offset)) for offset in range(days)]
        if not self._db.follower.trusted or any(one not in self._days for one in ids):
            await self._load(ids)
        return [self._days[one] for one in ids]

    async def _load(self, ids: list[str]) -> None:
        """Read the days; changes that arrive meanwhile are laid over what was read, so none is lost."""
        load = object()
        meanwhile = self._loads.setdefault(load, [])
        try:
            found = await self._db.reading(
                lambda reader: reader.all(OCCUPANCY, {"_id": {"$in": ids}}, limit=len(ids))
            )
        finally:
            del self._loads[load]
        by_id = {one.id: one.cells for one in found}
        self._days |= {one: dict(by_id.get(one, {})) for one in ids}
        for change in meanwhile:
            self._apply(change)

    def _changed(self, change: Change) -> None:
        for meanwhile in self._loads.values():
            meanwhile.append(change)
        self._apply(change)
        self._versions[change.item_id.partition("|")[0]] += 1

    def _apply(self, change: Change) -> None:
        if change.operation == "delete":
            self._days.pop(change.item_id, None)
        elif change.document is not None:
            self._days[change.item_id] = dict(change.document.get("cells", {}))
        elif change.item_id in self._days:
            known = self._days[change.item_id]
            for path, value in change.fields.items():
                if path == "cells":
                    known.update(value)
                elif path.startswith("cells."):
                    known[path.removeprefix("cells.")] = value

    def _forget(self) -> None:
        self._days.clear()
        self._answers.clear()


async def nearest(
    reader: Reader, service: Service, start: datetime, *, days: int, most: int
) -> list[datetime]:
    """Free times of the service nearest to `start`, at most `days` away, in the order of the calendar."""
    pool, middle = catalogue.pool_of(reader, service), today(start)
    calendar = workdays.calendar(reader)
    soonest = reader.now + timedelta(minutes=service.lead_time_min)
    last = today(reader.now) + timedelta(days=service.horizon_days)
    around = [middle + timedelta(days=offset) for offset in range(-days, days + 1)]
    dates = [one for one in around if today(reader.now) <= one < last]
    ids = [day_id(pool.id, one) for one in dates]
    known = {
        one.id: one.cells for one in await reader.all(OCCUPANCY, {"_id": {"$in": ids}}, limit=len(ids) or 1)
    }
    free = [
        slot.start
        for one in dates
        for slot in _slots(service, pool, one, known.get(day_id(pool.id, one), {}), calendar)
        if slot.free and slot.start >= soonest
    ]
    return sorted(sorted(free, key=lambda one: (abs(one - start), one))[:most])


def starts_of(reader: Reader, service: Service, day: date) -> list[datetime]:
    """The moments at which this service may start on a date."""
    midnight = datetime.combine(day, time(), SHANGHAI)
    calendar = workdays.calendar(reader)
    return [midnight + timedelta(minutes=minute) for minute in starts(service, day, calendar)]


def fits(used: dict[str, int], wanted: list[str], most: int) -> bool:
    """Whether somebody is free in each of the wanted quarters."""
    return all(used.get(one, 0) < most for one in wanted)


def _view(
    service: Service,
    pool: Pool,
    first: date,
    days: int,
    counters: list[dict[str, int]],
    now: datetime,
    calendar: Calendar,
) -> tuple[SlotsView, datetime]:
    """The days asked for, and until when this answer holds if nothing is booked."""
    soonest = now + timedelta(minutes=service.lead_time_min)
    today = now.astimezone(SHANGHAI).date()
    good_until = datetime.combine(today + timedelta(days=1), time(), SHANGHAI).astimezone(UTC)
    result: list[DayView] = []
    for offset in range(days):
        day = first + timedelta(days=offset)
        if not today <= day < today + timedelta(days=service.horizon_days):
            result.append(DayView(date=day, slots=[], note="未开放"))
            continue
        slots = list(_slots(service, pool, day, counters[offset], calendar))
        later = [one for one in slots if one.start >= soonest]
        if later:
            good_until = min(good_until, later[0].start - timedelta(minutes=service.lead_time_min))
        note = _note(day, bool(slots), bool(later), calendar)
        result.append(DayView(date=day, slots=later, note=note))
    return SlotsView(service_id=service.id, days=result), good_until


def _note(day: date, opens: bool, bookable: bool, calendar: Calendar) -> str:
    if bookable:
        return ""
    if opens:
        return "今天已来不及"
    return "节假日休息" if calendar.holiday(day) else "休息"


def _slots(
    service: Service, pool: Pool, day: date, used: dict[str, int], calendar: Calendar
) -> Iterator[SlotView]:
    midnight = datetime.combine(day, time(), SHANGHAI)
    most = capacity(pool, day)
    for minute in starts(service, day, calendar):
        start = midnight + timedelta(minutes=minute)
        wanted = seat(service, start)[1]
        free = most - max(used.get(one, 0) for one in wanted)
        yield SlotView(start=start, end=start + timedelta(minutes=service.duration_min), free=max(free, 0))
