"""Looking for a driver, and whether the one who was found is still there.

One row for each ride, worked off as a leased queue: every look is one transaction, so a worker process may be killed
anywhere, and the lease brings the row to the next.
"""

from datetime import timedelta
from typing import Protocol

from msgspec.structs import replace

from server import cases, drivers
from server.cases import CASES, Case
from server.config import Settings
from server.dispatch.stored import Choice, Scored
from server.kit.chance import chance
from server.kit.db import Database, Tx
from server.kit.events import Event, emit, event_id
from server.kit.jobs import QueueOf, Settled
from server.positions import POSITIONS
from server.rides.details import Ride
from server.rides.kind import RIDE
from server.rides.scoring import Weighed, weigh
from server.rides.stored import RIDE_CHOICES, RIDE_OFFERS, WATCHES, RideOffer, Watch
from server.sessions import SYSTEM


class House(Protocol):
    """What looking needs of the building."""

    @property
    def db(self) -> Database: ...
    @property
    def settings(self) -> Settings: ...


async def look(house: House, row: Watch) -> Settled:
    await house.db.atomically(lambda tx: _look(tx, row, house.settings))
    return None


async def _look(tx: Tx, row: Watch, rules: Settings) -> None:
    watch, case = await tx.get(WATCHES, row.id), await tx.get(CASES, row.id)
    if watch is None or watch.fence != row.fence:
        return
    watch.due_at, watch.attempts = None, 0
    if case is not None and case.state == "requested":
        await _search(tx, watch, case, rules)
    elif case is not None and case.state in ("accepted", "arrived", "on_board"):
        await _follow(tx, watch, case, rules)
    else:
        await _keep(tx, watch)


async def _keep(tx: Tx, watch: Watch) -> None:
    """Who has read it at the same time has to read it again."""
    watch.version += 1
    await tx.put(WATCHES, watch)


async def _search(tx: Tx, watch: Watch, case: Case, rules: Settings) -> None:
    ride: Ride = RIDE.details_of(case)
    radii = rules.rides.radii_m
    table: list[Weighed] = []
    for step in range(min(watch.step, len(radii) - 1), len(radii)):
        table = await weigh(tx, ride, radii[step], watch.refused, watch.passed, rules)
        if any(not one.scored.reasons for one in table):
            break
    if step > watch.step:
        watch.step = step
        await cases.move(tx, case.id, "widen", {"radius_m": radii[step]}, SYSTEM, "system", rules)
    able = [one for one in table if not one.scored.reasons]
    if tx.now >= watch.until:
        _write_down(tx, watch, "nobody", table, None, rules)
        await _keep(tx, watch)
        await cases.move(tx, case.id, "nobody", {}, SYSTEM, "system", rules)
    elif able:
        await _ask(tx, watch, case, able[0], table, rules)
    else:
        watch.passed = []
        watch.due_at = tx.now + timedelta(seconds=rules.rides.look_again_s)
        await _keep(tx, watch)


async def _ask(tx: Tx, watch: Watch, case: Case, one: Weighed, table: list[Weighed], rules: Settings) -> None:
    """One driver at a time; that they are free decides the update of their own row."""
    offer_id, driver_id = chance.hex(12), one.near.driver_id
    if not await drivers.reserve(tx, driver_id, offer_id):
        watch.due_at = tx.now
        await _keep(tx, watch)
        return
    watch.round += 1
    await tx.insert(
        RIDE_OFFERS,
        RideOffer(
            id=offer_id,
            case_no=case.id,
            round=watch.round,
            driver_id=driver_id,
            at=tx.now,
            expires_at=tx.now + timedelta(seconds=rules.rides.offer_s),
            metres=one.near.metres,
            seconds=one.seconds,
            score=one.scored.score,
        ),
    )
    _write_down(tx, watch, "offer", table, driver_id, rules)
    await _keep(tx, watch)
    form = {"offer_id": offer_id, "driver_id": driver_id}
    await cases.move(tx, case.id, "offer", form, SYSTEM, "system", rules)
    _tell(tx, watch, offer_id, driver_id)


def _write_down(
    tx: Tx, watch: Watch, how: str, table: list[Weighed], chosen: str | None, rules: Settings
) -> None:
    """A line of the fairness ledger."""
    rows: list[Scored] = [
        replace(one.scored, chosen=one.near.driver_id == chosen) if chosen else one.scored for one in table
    ]
    tx.add(
        RIDE_CHOICES,
        Choice(
            id=f"{watch.id}.{watch.version:06d}",
            case_no=watch.id,
            provider_id="",
            at=tx.now,
            how=how,
            round=watch.round,
            by="",
            note=f"{rules.rides.radii_m[min(watch.step, len(rules.rides.radii_m) - 1)]} 米内",
            weights=dict(rules.rides.weights),
            table=rows,
        ),
    )


def _tell(tx: Tx, watch: Watch, offer_id: str, driver_id: str) -> None:
    """An event of the offer's own: it is no step of the case."""
    subject = f"{watch.id}:offer"
    emit(
        tx,
        Event(
            id=event_id(subject, watch.round),
            type="ride_offer.made",
            subject=subject,
            seq=watch.round,
            at=tx.now,
            by={"kind": "system", "id": "system", "name": "", "role": "system"},
            channel="system",
            data={"case_no": watch.id, "offer_id": offer_id, "driver_id": driver_id},
        ),
    )


async def _follow(tx: Tx, watch: Watch, case: Case, rules: Settings) -> None:
    """A driver of whom nothing is heard on the way loses the ride; with the passenger on board it is only said."""
    ride: Ride = RIDE.details_of(case)
    seen = await tx.get(POSITIONS, case.worker_id or "")
    heard = max(one for one in (seen.at if seen else None, ride.accepted_at, ride.boarded_at) if one)
    late = heard + timedelta(seconds=rules.rides.vanish_s)
    if tx.now < late:
        watch.silent, watch.due_at = False, late
        await _keep(tx, watch)
    elif case.state == "on_board":
        told, watch.silent = watch.silent, True
        watch.due_at = tx.now + timedelta(seconds=rules.rides.vanish_s)
        await _keep(tx, watch)
        if not told:
            await cases.move(tx, case.id, "out_of_sight", {}, SYSTEM, "system", rules)
    else:
        await _keep(tx, watch)
        await cases.move(tx, case.id, "lost", {}, SYSTEM, "system", rules)


LOOKS = QueueOf("rides", WATCHES, look)
