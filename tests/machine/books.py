"""The whole street as the database has it, and what must be true of it, by arithmetic of its own.

Nothing here asks the rules: seats are counted from the times of the visits, deadlines from when a state was entered.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from msgspec import Struct

from server.bookings import BOOKING
from server.bookings.details import Booking
from server.bookings.tallies import TALLIES, BookingTally
from server.cases import CASES, Case
from server.kit.clock import SHANGHAI
from server.kit.db import Collection
from server.kit.events import EVENTS, Event
from server.plans import PLANS, VISITS, Plan, Visit
from server.push import MESSAGES, Message
from server.slots import OCCUPANCY, RETURNS, Occupancy, Return
from server.waitlist import WAITLIST, Waiting
from tests.world import World

SEATS = 2
LENGTH, AFTER, LEAD = timedelta(minutes=60), timedelta(minutes=15), timedelta(minutes=60)
NOTICE = timedelta(minutes=120)
HOURS = (10, 11, 12)
"""The visits that may start; with what has to be cleared away after one, two neighbours overlap."""
HORIZON = 14
MOST_OPEN = 6
DAILY = 4
FREE = 1

HOLDING = frozenset(
    {"held", "submitted", "quoted", "confirmed", "assigned", "en_route", "in_service", "requoted"}
) | {"done", "disputed"}
"""The states in which a visit is expected, or has just been: its seat is nobody else's."""
SENT = HOLDING - {"held", "submitted", "quoted", "confirmed"}

OWED = frozenset(
    {"submit", "confirm", "assign", "start", "finish", "reject", "cancel", "expire", "quote", "requote"}
) | {"withdraw_quote", "lapse", "accept_quote", "refuse_quote", "reschedule", "uphold", "overturn", "decline"}
"""The steps of which the resident is told; of their own cancellation they know."""

Cells = Counter[tuple[str, int]]


class Books(Struct):
    """One reading of everything. `free`: the bookings that were placed as a free visit, and of which month."""

    now: datetime
    pool_id: str
    provider_id: str
    service_id: str
    free: dict[str, str]
    cases: dict[str, Case]
    days: dict[str, Occupancy]
    kept: dict[str, Return]
    line: dict[str, Waiting]
    tallies: dict[str, BookingTally]
    plans: dict[str, Plan]
    visits: dict[str, Visit]
    events: dict[str, Event]
    messages: dict[str, Message]

    def booking(self, case: Case) -> Booking:
        found: Booking = BOOKING.details_of(case)
        return found

    def holds(self, case: Case) -> bool:
        """Whether this visit's seat is counted; who has finished before the time has no more need of it."""
        early = case.state == "completed" and case.updated_at < self.booking(case).start
        return case.state in HOLDING or (case.state == "completed" and not early)

    def sold(self, without: str = "") -> Cells:
        return sum_of(
            quarters(self.booking(one).start)
            for one in self.cases.values()
            if one.id != without and self.holds(one)
        )

    def taken(self, without: str = "") -> Cells:
        """With the seats that are kept for the line."""
        kept = sum_of(
            [(one.day_id.rpartition("|")[2], int(cell)) for cell in one.cells] for one in self.kept.values()
        )
        return self.sold(without) + kept

    def is_free(self, start: datetime, without: str = "") -> bool:
        taken = self.taken(without)
        return all(taken[one] < SEATS for one in quarters(start))

    def busy(self, worker_id: str, without: str = "") -> Cells:
        return sum_of(
            quarters(self.booking(one).start)
            for one in self.cases.values()
            if one.worker_id == worker_id
            and one.id != without
            and (one.state in SENT or (self.holds(one) and one.state == "completed"))
        )

    def can_come(self, worker_id: str, start: datetime, without: str = "") -> bool:
        busy = self.busy(worker_id, without)
        return not any(busy[one] for one in quarters(start))

    def open_of(self, resident_id: str) -> int:
        return sum(one.resident_id == resident_id and one.state in HOLDING for one in self.cases.values())

    def on_day(self, day: str) -> int:
        return sum(one.state in HOLDING and self.booking(one).day == day for one in self.cases.values())

    def deadline(self, case: Case) -> datetime | None:
        """When the state ends by itself."""
        match case.state:
            case "held":
                return case.created_at + timedelta(minutes=15 if case.channel == "system" else 5)
            case "quoted":
                return min(case.updated_at + timedelta(hours=24), self.booking(case).start)
            case "done":
                return case.updated_at + timedelta(hours=48)
            case "no_show":
                return case.updated_at + timedelta(days=7)
        return None

    def is_over(self, case: Case) -> bool:
        deadline = self.deadline(case)
        return deadline is not None and deadline <= self.now

    def chances(self, entry: Waiting) -> list[datetime]:
        """The times that would suit somebody in line and can still be booked."""
        starts = [entry.start] if entry.start else [at(date.fromisoformat(entry.day), one) for one in HOURS]
        return [one for one in starts if one >= self.now + LEAD]

    def written(self) -> dict[str, tuple[str, int]]:
        return {one.id: (one.state, one.version) for one in self.cases.values()}


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI)


def quarters(start: datetime) -> list[tuple[str, int]]:
    """The quarters of a day that a visit needs, clearing away included."""
    local = start.astimezone(SHANGHAI)
    first = local.hour * 4 + local.minute // 15
    return [
        (local.date().isoformat(), first + number)
        for number in range((LENGTH + AFTER) // timedelta(minutes=15))
    ]


def sum_of(lists: Any) -> Cells:
    return Counter(cell for cells in lists for cell in cells)


async def read(world: World, pool_id: str, provider_id: str, service_id: str, free: dict[str, str]) -> Books:
    async def every(collection: Collection[Any]) -> dict[str, Any]:
        found = await world.house.db.reading(lambda reader: reader.all(collection, {}, limit=10_000))
        return {one.id: one for one in found}

    everything = await asyncio.gather(*(every(one) for one in PAGES))
    return Books(world.clock.now(), pool_id, provider_id, service_id, free, *everything)


PAGES: tuple[Collection[Any], ...] = (
    CASES,
    OCCUPANCY,
    RETURNS,
    WAITLIST,
    TALLIES,
    PLANS,
    VISITS,
    EVENTS,
    MESSAGES,
)


# What is true after every step.


def _seats(books: Books) -> Iterator[str]:
    """The counters are the sum of the visits and of what is kept for the line, and nobody is sold twice."""
    counted: Cells = Counter()
    for one in books.days.values():
        owner, _, day = one.id.rpartition("|")
        if owner == books.pool_id:
            counted.update({(day, int(cell)): number for cell, number in one.cells.items() if number})
    taken = books.taken()
    if counted != taken:
        yield f"seats: too many {dict(counted - taken)}, too few {dict(taken - counted)}"
    if any(number < 0 for number in counted.values()):
        yield f"seats below nothing: {counted}"
    sold = books.sold()
    if max(sold.values(), default=0) > SEATS:
        yield f"sold more than {SEATS}: {sold}"


def _workers(books: Books) -> Iterator[str]:
    """Nobody is in two places at once, and whoever is sent nowhere is free."""
    counted: dict[str, Cells] = {}
    for one in books.days.values():
        owner, _, day = one.id.rpartition("|")
        if owner.startswith("worker:"):
            cells = {(day, int(cell)): number for cell, number in one.cells.items() if number}
            counted.setdefault(owner.removeprefix("worker:"), Counter()).update(cells)
    ids = {one.worker_id for one in books.cases.values() if one.worker_id} | set(counted)
    for worker_id in sorted(ids):
        busy = books.busy(worker_id)
        if counted.get(worker_id, Counter()) != busy:
            yield f"{worker_id} is counted at {dict(counted.get(worker_id, {}))}, sent to {dict(busy)}"
        if max(busy.values(), default=0) > 1:
            yield f"{worker_id} is in two places at once: {busy}"


def _line(books: Books) -> Iterator[str]:
    waiting = Counter(one.day_id for one in books.line.values() if one.state == "waiting")
    counted = {one.id: one.waiting for one in books.days.values() if one.waiting}
    if counted != dict(waiting):
        yield f"waiting: counted {counted}, in line {dict(waiting)}"
    tickets = Counter((one.day_id, one.ticket) for one in books.line.values())
    if max(tickets.values(), default=1) > 1:
        yield f"one ticket twice: {tickets}"
    for one in books.line.values():
        if one.open != (one.state in ("waiting", "offered")):
            yield f"{one.id} is {one.state} and open={one.open}"
        if one.state == "offered" and one.case_no not in books.cases:
            yield f"{one.id} was offered nothing"


def _tallies(books: Books) -> Iterator[str]:
    wanted: Counter[tuple[str, str]] = Counter()
    for case in books.cases.values():
        booking = books.booking(case)
        if case.state in HOLDING:
            wanted[f"resident:{case.resident_id}", "open"] += 1
            wanted[f"provider:{case.provider_id}|{booking.day}", "day"] += 1
        lost = case.state in ("expired", "rejected") or (
            case.state == "cancelled" and not booking.late_cancel
        )
        if case.id in books.free and not lost:
            wanted[f"resident:{case.resident_id}", f"free {booking.service_id} {books.free[case.id]}"] += 1
    counted = {
        (one.id, name): number
        for one in books.tallies.values()
        for name, number in one.counts.items()
        if number
    }
    if counted != dict(wanted):
        yield f"tallies: counted {counted}, there are {dict(wanted)}"
    for (owner, name), number in wanted.items():
        if number > {"open": MOST_OPEN, "day": DAILY}.get(name, FREE):
            yield f"{number} {name} of {owner}"


def _deadlines(books: Books) -> Iterator[str]:
    for case in books.cases.values():
        deadline = books.deadline(case)
        if deadline is not None and case.timer_at != deadline:
            yield f"{case.id} ({case.state}) ends at {case.timer_at}, not at {deadline}"
        if case.open and case.state in ("held", "quoted", "no_show", "done") and case.due_at is None:
            yield f"{case.id} ({case.state}) never ends"


def _histories(books: Books) -> Iterator[str]:
    """A line of history for each version of a case or an entry, and none besides."""
    seen: dict[str, list[int]] = {}
    for one in books.events.values():
        seen.setdefault(one.subject, []).append(one.seq)
    for case in books.cases.values():
        if sorted(seen.get(case.id, ())) != list(range(1, case.version + 1)):
            yield f"{case.id} at version {case.version} has the history {seen.get(case.id)}"
    for entry in books.line.values():
        if sorted(seen.get(entry.id, ())) != list(range(2, entry.version + 1)):
            yield f"{entry.id} at version {entry.version} has the history {seen.get(entry.id)}"


def _visits(books: Books) -> Iterator[str]:
    numbers = Counter(one.case_no for one in books.visits.values() if one.case_no)
    if max(numbers.values(), default=1) > 1:
        yield f"one booking is two visits: {numbers}"
    for visit in books.visits.values():
        case = books.cases.get(visit.case_no or "")
        if visit.state == "booked" and case is None:
            yield f"{visit.id} is booked nowhere"
        if visit.state in ("skipped", "paused") and case is not None and case.open:
            yield f"{visit.id} is {visit.state}, its booking {case.id} still {case.state}"


ALWAYS: tuple[Callable[[Books], Iterator[str]], ...] = (
    _seats,
    _workers,
    _line,
    _tallies,
    _deadlines,
    _histories,
    _visits,
)


# What is true once the workers have come round.


def _nothing_due(books: Books) -> Iterator[str]:
    for page in (books.cases, books.kept, books.line, books.plans, books.events, books.messages):
        for one in page.values():
            if one.due_at is not None and one.due_at <= books.now:
                yield f"{type(one).__name__} {one.id} is still due"
            if one.error and page is not books.messages:
                yield f"{type(one).__name__} {one.id} failed: {one.error}"
    for case in books.cases.values():
        if books.is_over(case):
            yield f"{case.id} is still {case.state}, though its time was up at {books.deadline(case)}"
    if books.kept:
        yield f"seats are kept for nobody: {list(books.kept)}"


def _served(books: Books) -> Iterator[str]:
    """Nobody waits for what is free, or for what can no longer be had."""
    for one in books.line.values():
        chances = books.chances(one)
        if one.state == "waiting" and any(books.is_free(start) for start in chances):
            yield f"{one.id} waits for {one.day} {one.start}, which is free"
        if one.state == "waiting" and not chances and not _just_gone(books, one):
            yield f"{one.id} waits for what is past"
        case = books.cases.get(one.case_no or "")
        if (one.state == "offered") != (case is not None and case.state == "held" and one.open):
            yield f"{one.id} is {one.state}, its booking {case.state if case else 'nowhere'}"


def _just_gone(books: Books, entry: Waiting) -> bool:
    last = entry.start or at(date.fromisoformat(entry.day), HOURS[-1])
    return books.now - (last - LEAD) <= timedelta(seconds=1)


def _told(books: Books) -> Iterator[str]:
    """Every step that a resident hears of lies in their inbox, once."""
    there = Counter(one.rpartition(".")[0] for one in books.messages)
    for event in books.events.values():
        resident_id, owed = _owed(books, event)
        if owed and f"{event.id}.{resident_id}" not in there:
            yield f"{resident_id} was not told of {event.type} ({event.id})"


def _owed(books: Books, event: Event) -> tuple[str | None, bool]:
    noun, _, what = event.type.partition(".")
    if noun == "booking":
        own = what == "cancel" and event.by["kind"] == "resident"
        return books.cases[event.subject].resident_id, what in OWED and not own
    if noun == "waitlist":
        return books.line[event.subject].resident_id, what in ("offered", "missed", "refused")
    if noun == "plan":
        return books.plans[event.subject].resident_id, what == "conflict"
    return None, False


def _planned(books: Books) -> Iterator[str]:
    """Every day of a plan that is open for booking has been settled."""
    today = books.now.astimezone(SHANGHAI).date()
    for plan in books.plans.values():
        if plan.state != "active":
            continue
        made = plan.created_at.astimezone(SHANGHAI).date()
        for number in range(HORIZON):
            day = today + timedelta(days=number)
            inside = plan.first <= day.isoformat() <= plan.until and day.isoweekday() in plan.weekdays
            if inside and day != made and f"{plan.id}|{day.isoformat()}" not in books.visits:
                yield f"{plan.id} has no visit on {day}"


WORKED: tuple[Callable[[Books], Iterator[str]], ...] = (_nothing_due, _served, _told, _planned)


def problems(books: Books, *, worked: bool = False) -> list[str]:
    """What is wrong; `worked`: the workers have just done all that is due."""
    return [one for check in (*ALWAYS, *(WORKED if worked else ())) for one in check(books)]


def left_over(books: Books) -> list[str]:
    """When everything has ended: what is still taken, counted or awaited."""
    found = [f"{one.id} is still {one.state}" for one in books.cases.values() if one.open]
    found += [f"{one.id} still waits" for one in books.line.values() if one.open]
    if books.kept:
        found.append(f"still kept: {list(books.kept)}")
    ahead = {cell: number for cell, number in books.taken().items() if cell[0] > books.now.date().isoformat()}
    if ahead:
        found.append(f"still taken: {ahead}")
    for one in books.tallies.values():
        found += [
            f"{one.id} still counts {name}"
            for name, number in one.counts.items()
            if number and name[:4] != "free"
        ]
    return found
