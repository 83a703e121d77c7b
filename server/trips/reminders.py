"""Before departure a resident is told of the trip twice: on the evening before, and some hours before; each once.

One row for each order knows which moments are still to come. It is made anew from the order after each step, so a
changed ticket moves them and one that is given back takes them away.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Protocol

from server.cases import CASES, Case
from server.config import Settings
from server.keeping import Keeping, by_resident
from server.kit.clock import SHANGHAI, today
from server.kit.db import Collection, Database, Index, Tx
from server.kit.events import Event, emit, event_id, on
from server.kit.jobs import DUE, Leased, QueueOf, Settled
from server.sessions import SYSTEM
from server.tickets import TICKET
from server.tickets.details import Ticket
from server.trips import station
from server.trips.legs import legs

_DAY_BEFORE, _SOON = "day_before", "soon"


class House(Protocol):
    db: Database
    settings: Settings


class Trip(Leased, kw_only=True):
    """`id` is the order's number. `to_come` are the moments by key, number and departure and which of the two; those in
    `past` were told, or had gone by when the ticket was bought. `told` counts the events."""

    resident_id: str
    to_come: dict[str, datetime] = {}
    past: list[str] = []
    told: int = 0


TRIPS: Collection[Trip] = Collection("trips", Trip, Index(("resident_id",)), DUE)
_KEPT = Keeping(title="出行提醒", collection=TRIPS, find=by_resident)


def moments(ticket: Ticket, rules: Settings) -> dict[str, datetime]:
    """When the resident is told of each departure, by key."""
    found: dict[str, datetime] = {}
    for leg in legs(ticket):
        leaves = leg.seat.depart_at
        evening = datetime.combine(
            today(leaves) - timedelta(days=1), time(rules.tickets.remind_at_hour), SHANGHAI
        )
        found[f"{leg.key}|{_DAY_BEFORE}"] = evening.astimezone(UTC)
        found[f"{leg.key}|{_SOON}"] = leaves - timedelta(hours=rules.tickets.remind_hours)
    return found


@on("ticket.*")
async def follow(tx: Tx, event: Event) -> None:
    """What is to come follows the order."""
    case = await tx.get(CASES, event.subject)
    if case is None or case.resident_id is None:
        return
    known = await tx.get(TRIPS, case.id)
    ticket: Ticket = TICKET.details_of(case)
    if known is None and not ticket.bought and ticket.ride_no is None:
        return
    trip = known or Trip(id=case.id, resident_id=case.resident_id)
    trip.due_at = tx.now
    await tx.put(TRIPS, trip)


async def remind(house: House, leased: Trip) -> Settled:
    await house.db.atomically(lambda tx: _remind(tx, leased, house.settings))
    return None


async def _remind(tx: Tx, leased: Trip, rules: Settings) -> None:
    """Whoever has it by lease; the event and its note are one."""
    trip, case = await tx.get(TRIPS, leased.id), await tx.get(CASES, leased.id)
    if trip is None or trip.fence != leased.fence or case is None:
        return
    ticket: Ticket = TICKET.details_of(case)
    wanted = moments(ticket, rules) if case.open else {}
    fresh = {key: at for key, at in wanted.items() if key not in trip.to_come and key not in trip.past}
    trip.past += [key for key, at in fresh.items() if at <= tx.now]
    trip.to_come = {key: at for key, at in wanted.items() if key not in trip.past}
    _say(tx, trip, case, ticket)
    comes_at = await station.follow(tx, case, ticket, rules)
    if comes_at is not None:
        trip.told += 1
        _emit(tx, case, trip.told, "trip.ride", {"at": comes_at.isoformat()})
    trip.due_at = min(trip.to_come.values(), default=None)
    trip.attempts, trip.error = 0, ""
    await tx.put(TRIPS, trip)


def _say(tx: Tx, trip: Trip, case: Case, ticket: Ticket) -> None:
    """Once for each departure, also when both moments have come since a worker last looked; not when it has left."""
    struck = {key for key, at in trip.to_come.items() if at <= tx.now}
    trip.past += sorted(struck)
    trip.to_come = {key: at for key, at in trip.to_come.items() if key not in struck}
    for leg in legs(ticket):
        mine = [key for key in struck if key.startswith(f"{leg.key}|")]
        if mine and leg.seat.depart_at > tx.now:
            trip.told += 1
            _emit(tx, case, trip.told, "trip.remind", {"leg": leg.key})


def _emit(tx: Tx, case: Case, seq: int, what: str, data: dict[str, str]) -> None:
    emit(
        tx,
        Event(
            id=event_id(f"trip-{case.id}", seq),
            type=what,
            subject=case.id,
            seq=seq,
            at=tx.now,
            by={"kind": SYSTEM.kind, "id": SYSTEM.id, "name": "", "role": SYSTEM.kind},
            channel="system",
            data=data,
        ),
    )


REMINDERS: QueueOf[Trip] = QueueOf("trips", TRIPS, remind)
