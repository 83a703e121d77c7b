"""The ride to the station, ordered with the tickets: both are confirmed or neither.

It is held while the tickets are bought. With them it is released, for so long before departure as the way takes and the
street's margin; where they fail, are cancelled or all given back it is dropped; a changed ticket moves it while nobody
is being looked for yet. The resident may call it off alone.
"""

from datetime import datetime, timedelta

from schemas.cases import Channel
from schemas.rides import NewRide
from schemas.tickets import StationRide
from server import cases
from server.cases import CASES, Case
from server.config import Settings
from server.kit.db import Tx
from server.residents import Resident
from server.rides.details import Ride
from server.rides.kind import RIDE
from server.rides.ordering import order
from server.sessions import SYSTEM, Actor
from server.tickets.details import Ticket
from server.trips.legs import legs

_STEP = timedelta(minutes=5)
_NOT_YET = ("held", "scheduled", "requested", "offered", "accepted", "arrived")


async def hold(
    tx: Tx,
    actor: Actor,
    resident: Resident,
    wanted: StationRide,
    people: int,
    numbers: tuple[str, str],
    channel: Channel,
    rules: Settings,
) -> Case:
    """Ask for the ride in the transaction of the tickets; `numbers` are the order's and the ride's. Raises what a ride
    raises."""
    case_no, ride_no = numbers
    new = NewRide(
        pickup=wanted.pickup,
        dropoff=wanted.dropoff,
        wheelchair=wanted.wheelchair,
        helper=wanted.helper,
        people=min(people, 4),
        pay=wanted.pay,
    )
    return await order(tx, actor, resident, new, ride_no, channel, rules, held_for=case_no)


def pick_up_at(leaves: datetime, way_s: int, rules: Settings) -> datetime:
    """In steps of five minutes, rather earlier."""
    latest = leaves - timedelta(seconds=way_s, minutes=rules.tickets.station_margin_minutes)
    return latest - (latest - datetime.min.replace(tzinfo=latest.tzinfo)) % _STEP


async def follow(tx: Tx, case: Case, ticket: Ticket, rules: Settings) -> datetime | None:
    """Do to the ride what the order's step asks for; the time at which it comes now, where that is news."""
    ride_case = await tx.get(CASES, ticket.ride_no) if ticket.ride_no else None
    if ride_case is None or not ride_case.open:
        return None
    leg = next(iter(legs(ticket)), None)
    if not case.open:
        if leg is None and ride_case.state in _NOT_YET:
            await _move(tx, ride_case, "drop", {"reason": "车票没有办成或已经退了"}, rules)
        return None
    if leg is None:
        return None
    ride: Ride = RIDE.details_of(ride_case)
    at = pick_up_at(leg.seat.depart_at, ride.estimate.seconds, rules)
    if ride_case.state == "held":
        await _set(tx, ride_case, at, {})
        await _move(tx, ride_case, "release", {}, rules)
        return at
    if ride_case.state == "scheduled" and ride.at != at:
        begins = at - timedelta(minutes=rules.rides.lead_minutes)
        await _set(tx, ride_case, at, {"timer_at": begins, "due_at": begins, "promised_at": at})
        return at
    return None


async def _set(tx: Tx, ride: Case, at: datetime, times: dict[str, datetime]) -> None:
    how = {"$set": {"details.at": at, **times}, "$inc": {"version": 1}}
    if not await tx.change(CASES, {"_id": ride.id, "version": ride.version}, how):
        raise cases.VersionConflict


async def _move(tx: Tx, ride: Case, action: str, form: dict[str, str], rules: Settings) -> None:
    await cases.move(tx, ride.id, action, form, SYSTEM, "system", rules)
