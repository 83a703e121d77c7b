"""Asking what a ride would cost, and ordering one."""

from datetime import datetime, timedelta
from typing import Protocol

from schemas.cases import Channel
from schemas.places import Spot
from schemas.rides import AskEstimate, EstimateView, NewRide
from schemas.rides import Stop as GivenStop
from server import cases, drivers, positions, start_codes, tariffs
from server.bookings.kind import contact_of
from server.cases import Case
from server.config import Settings
from server.distances import Way, Ways, apart, straight
from server.kit.db import Reader, Tx
from server.kit.errors import Invalid
from server.places import Where, locate
from server.residents import Resident
from server.rides import acts, riders
from server.rides.details import Estimate, Ride, Stop, Terms
from server.rides.kind import RIDE, estimate_view
from server.sessions import Actor

_KM = 1000
_NEAREST = 20
_SAME_PLACE_M = 50


class OutsideArea(Invalid):
    """这个地点不在服务范围内"""


class SamePlace(Invalid):
    """上车和下车的地点是同一个，请重新选择"""


class RideTimePast(Invalid):
    """用车时间已经过了，请重新选择"""


class RideTooFarAhead(Invalid):
    """还不能约这么远的日子，请选近一点的时间"""


class Wanted(Protocol):
    """What an estimate and an order have in common."""

    @property
    def pickup(self) -> GivenStop: ...
    @property
    def dropoff(self) -> GivenStop: ...
    @property
    def at(self) -> datetime | None: ...
    @property
    def wheelchair(self) -> bool: ...
    @property
    def helper(self) -> bool: ...


async def road(ways: Ways, wanted: Wanted, now: datetime, rules: Settings) -> Way:
    """The way as the map service knows it, so never inside a transaction; what will be refused is not asked for."""
    try:
        check(wanted, now, rules)
    except Invalid:
        return straight(wanted.pickup.spot, wanted.dropoff.spot, rules.distances)
    return await ways.way(wanted.pickup.spot, wanted.dropoff.spot)


async def estimate(reader: Reader, asked: AskEstimate, way: Way, rules: Settings) -> EstimateView:
    """Raises OutsideArea, SamePlace, RideTimePast, RideTooFarAhead."""
    found, tariff = _estimated(reader, asked, way, rules)
    wait, note = await _wait_minutes(reader, asked, rules), ""
    if wait is None and asked.at is None:
        note = "附近现在没有空车，叫车后会继续为您找"
    return estimate_view(found, tariff.number, wait, note)


def _estimated(reader: Reader, wanted: Wanted, way: Way, rules: Settings) -> tuple[Estimate, tariffs.Tariff]:
    check(wanted, reader.now, rules)
    begins = wanted.at or reader.now
    tariff = tariffs.current(reader, begins)
    fare = tariffs.fare(
        tariff,
        metres=way.metres,
        at=begins,
        wheelchair=wanted.wheelchair,
        helper=wanted.helper,
        scheduled=wanted.at is not None,
    )
    return (
        Estimate(metres=way.metres, seconds=way.seconds, lines=fare.lines, total_fen=fare.total_fen),
        tariff,
    )


def check(wanted: Wanted, now: datetime, rules: Settings) -> None:
    """Raises OutsideArea, SamePlace, RideTimePast, RideTooFarAhead."""
    own, centre = rules.rides, Spot(*rules.rides.centre)
    for field, stop, most in (
        ("pickup.spot", wanted.pickup, own.pickup_km),
        ("dropoff.spot", wanted.dropoff, own.dropoff_km),
    ):
        if apart(centre, stop.spot) > most * _KM:
            raise OutsideArea(field=field)
    if apart(wanted.pickup.spot, wanted.dropoff.spot) < _SAME_PLACE_M:
        raise SamePlace(field="dropoff.spot")
    if wanted.at is not None and wanted.at < now:
        raise RideTimePast(field="at")
    if wanted.at is not None and wanted.at > now + timedelta(days=own.longest_ahead_days):
        raise RideTooFarAhead(field="at")


async def _wait_minutes(reader: Reader, asked: AskEstimate, rules: Settings) -> int | None:
    """How long the nearest free driver would need."""
    near = await positions.near(reader, asked.pickup.spot, rules.rides.radii_m[-1], _NEAREST)
    known = await drivers.several(reader, [one.driver_id for one in near])
    for one in near:
        driver = known.get(one.driver_id)
        fits = driver is not None and driver.state == "free" and driver.vehicle is not None
        if fits and driver is not None and driver.vehicle is not None:
            if asked.wheelchair and not driver.vehicle.wheelchair:
                continue
            way = straight(one.spot, asked.pickup.spot, rules.distances)
            return max(-(-way.seconds // 60), 1)
    return None


async def order(
    tx: Tx,
    actor: Actor,
    resident: Resident,
    wanted: NewRide,
    case_no: str,
    channel: Channel,
    rules: Settings,
    *,
    way: Way | None = None,
    held_for: str = "",
) -> Case:
    """Order a ride, now or ahead; `way` is what `road` said, the straight line if nobody was asked; `held_for` is the
    number of the case that it waits for: it is not looked for until the system's move `release`, and called off by
    `drop`.

    Raises what `check` does, ContactNeeded, CompoundNotFound, OutOfScope, FareOwed, AlreadyRiding, TooManyAhead.
    """
    way = way or straight(wanted.pickup.spot, wanted.dropoff.spot, rules.distances)
    found, tariff = _estimated(tx, wanted, way, rules)
    contact, where = contact_of(resident, wanted.contact), _where(tx, resident, wanted)
    lead = timedelta(minutes=rules.rides.lead_minutes)
    ahead = wanted.at is not None and wanted.at - lead > tx.now
    own = rules.rides
    ride = Ride(
        pickup=_stop(wanted.pickup),
        dropoff=_stop(wanted.dropoff),
        at=wanted.at,
        wheelchair=wanted.wheelchair,
        helper=wanted.helper,
        people=wanted.people,
        pay=wanted.pay,
        note=wanted.note,
        contact_name=contact.name,
        contact_phone=contact.phone,
        estimate=found,
        tariff_number=tariff.number,
        terms=Terms(
            cancel_free_minutes=own.cancel_free_minutes,
            late_minutes=own.late_minutes,
            cancel_fee_fen=own.cancel_fee_fen,
            no_show_minutes=own.no_show_minutes,
            no_show_fee_fen=own.no_show_fee_fen,
            free_wait_minutes=tariff.body.free_wait_minutes,
            pay_days=own.pay_days,
            help_phone=own.help_phone,
        ),
        start_code=start_codes.new(),
        held_for=held_for,
    )
    await riders.begin(tx, resident.id, case_no, rules, ahead=ahead or bool(held_for))
    case = Case(
        id=case_no,
        kind=RIDE.name,
        title=f"打车去{wanted.dropoff.text}",
        state="",
        version=0,
        open=True,
        channel=channel,
        resident_id=resident.id,
        resident_name=resident.name or contact.name,
        opened_by=actor.key,
        community_id=where.community_id,
        compound_id=where.compound_id,
        part_of=held_for or None,
        created_at=tx.now,
        updated_at=tx.now,
        phone=contact.phone,
        phone_tail=contact.phone[-4:],
        details={},
    )
    action = "hold" if held_for else "book" if ahead else "request"
    if action == "request":
        await acts.look(tx, case_no, ride, rules)
    return await cases.open_case(tx, case, ride, RIDE, action, actor, rules)


def _stop(given: GivenStop) -> Stop:
    return Stop(text=given.text, point=[given.spot.lng, given.spot.lat], compound_id=given.compound_id)


def _where(reader: Reader, resident: Resident, wanted: NewRide) -> Where:
    """Where it lies: the compound that is named, else that of the resident's home."""
    if wanted.pickup.compound_id is not None:
        return locate(reader, wanted.pickup.compound_id)
    if resident.household is not None:
        return locate(reader, resident.household.compound_id)
    return Where()
