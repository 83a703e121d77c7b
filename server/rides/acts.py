"""What the moves of a ride do besides moving: a driver is asked, found, lost; the code is read; the fare is counted."""

from datetime import timedelta
from typing import Any

from schemas.rides import RideOfferState, WhyNot
from server import drivers, positions
from server.cases.kinds import Act
from server.distances import straight
from server.kit.clock import today
from server.kit.db import Tx
from server.kit.errors import Conflict
from server.rides import fares, riders
from server.rides.details import DrivenBy, GaveUp, Ride
from server.rides.stored import EARNINGS, RIDE_OFFERS, WATCHES, RideEarning, Watch
from server.start_codes import Guard
from server.words import clock_time

CODE = Guard("乘车口令", "乘客", "车没有到您面前，请不要把口令告诉任何人")
_RESIDENTS_SIDE = frozenset({"resident", "operator", "clerk"})


class DriverBusy(Conflict):
    """这位司机现在有乘客，或者没有上班"""


class RideGone(Conflict):
    """这一单已经给了别人或取消了，不用接了"""


class PassengerMayCome(Conflict):
    """还没到可以登记“没等到人”的时间，请再等一等并打电话联系乘客"""


async def look(tx: Tx, case_no: str, ride: Ride, rules: Any, refused: str | None = None) -> None:
    """A driver is looked for from now on; who has `refused` is not asked again."""
    ride.searched_from, ride.radius_m = tx.now, rules.rides.radii_m[0]
    until = max(tx.now, ride.at or tx.now) + timedelta(minutes=rules.rides.give_up_minutes)
    watch = await tx.get(WATCHES, case_no) or Watch(id=case_no, since=tx.now, until=until)
    watch.since, watch.until, watch.step, watch.passed = tx.now, until, 0, []
    watch.due_at, watch.attempts, watch.silent = tx.now, 0, False
    watch.version += 1
    if refused is not None:
        watch.refused = [*watch.refused, refused]
    await tx.put(WATCHES, watch)


async def begin(act: Act) -> None:
    await look(act.tx, act.case.id, act.details, act.rules)


async def release(act: Act) -> None:
    """The order that it waited for is settled."""
    ride: Ride = act.details
    lead = timedelta(minutes=act.rules.rides.lead_minutes)
    if ride.at is not None and ride.at - lead > act.tx.now:
        act.target = "scheduled"
    else:
        await begin(act)


async def offer(act: Act) -> None:
    ride: Ride = act.details
    ride.offer_id, ride.asked_id = act.form.offer_id, act.form.driver_id
    ride.offer_until = act.tx.now + timedelta(seconds=act.rules.rides.offer_s)
    ride.round += 1


async def widen(act: Act) -> None:
    act.details.radius_m = act.form.radius_m


async def lapse(act: Act) -> None:
    """Nobody answered in time: the next is asked."""
    await _answered(act, "expired", missed=act.rules.rides.most_missed)
    await _next(act, {"$addToSet": {"passed": act.details.asked_id}})
    _ask_nobody(act.details)


async def decline(act: Act) -> None:
    await _answered(act, "declined", reason=act.form.reason)
    await _next(act, {"$addToSet": {"refused": act.details.asked_id}})
    _ask_nobody(act.details)


async def take_back(act: Act) -> None:
    """Who was asked goes home: the next is asked at once, and it does not count against them."""
    await _answered(act, "withdrawn")
    await _next(act, {"$addToSet": {"passed": act.details.asked_id}})
    _ask_nobody(act.details)


async def _next(act: Act, how: dict[str, Any]) -> None:
    due = {"$set": {"due_at": act.tx.now}, "$inc": {"version": 1}}
    await act.tx.change(WATCHES, {"_id": act.case.id}, {**how, **due})


async def _answered(
    act: Act, state: RideOfferState, *, reason: WhyNot | None = None, missed: int | None = None
) -> None:
    ride: Ride = act.details
    if not ride.offer_id:
        return
    over = {"state": state, "answered_at": act.tx.now, "reason": reason}
    await act.tx.change(RIDE_OFFERS, {"_id": ride.offer_id, "state": "open"}, {"$set": over})
    if state != "taken":
        await drivers.let_go(act.tx, ride.asked_id, ride.offer_id, missed=missed)


def _ask_nobody(ride: Ride) -> None:
    ride.offer_id, ride.asked_id, ride.offer_until = "", "", None


async def accept(act: Act) -> None:
    """It is theirs, or somebody else's. Raises RideGone, DriverBusy."""
    ride: Ride = act.details
    if ride.asked_id != act.actor.id:
        raise RideGone
    asked = await act.tx.get(RIDE_OFFERS, ride.offer_id)
    if not await drivers.take(act.tx, act.actor.id, act.case.id, ride.offer_id):
        raise DriverBusy
    await _answered(act, "taken")
    await _give(act, act.actor.id, asked.seconds if asked else 0)


async def assign(act: Act) -> None:
    """A dispatcher sends somebody. Raises DriverNotFound, VehicleMissing, DriverBusy."""
    found = drivers.member(act.tx, act.form.driver_id)
    if (await drivers.of(act.tx, found.id)).vehicle is None:
        raise drivers.VehicleMissing(field="driver_id")
    await _answered(act, "withdrawn")
    if not await drivers.take(act.tx, found.id, act.case.id, None):
        raise DriverBusy(field="driver_id")
    await _give(act, found.id, await _seconds_away(act, found.id))


async def _seconds_away(act: Act, driver_id: str) -> int:
    """How long they need to come; 0 where nobody knows where they are."""
    seen, pickup = await act.tx.get(positions.POSITIONS, driver_id), act.details.pickup.spot
    if seen is None or pickup is None:
        return 0
    return straight(seen.spot, pickup, act.rules.distances).seconds


async def _give(act: Act, driver_id: str, seconds: int) -> None:
    ride, member = act.details, drivers.member(act.tx, driver_id)
    vehicle = (await drivers.of(act.tx, driver_id)).vehicle
    if vehicle is None:
        raise drivers.VehicleMissing
    ride.driver = DrivenBy(id=driver_id, plate=vehicle.plate, model=vehicle.model, colour=vehicle.colour)
    ride.accepted_at = act.tx.now
    soonest = act.tx.now + timedelta(seconds=seconds) if seconds else None
    ride.eta_at = max((one for one in (soonest, ride.at) if one is not None), default=None)
    act.case.worker_id, act.case.provider_id = driver_id, drivers.provider_of(member)
    _ask_nobody(ride)
    look_at = act.tx.now + timedelta(seconds=act.rules.rides.vanish_s)
    await act.tx.change(WATCHES, {"_id": act.case.id}, {"$set": {"due_at": look_at}, "$inc": {"version": 1}})


async def arrive(act: Act) -> None:
    act.details.arrived_at = act.tx.now


async def board(act: Act) -> None:
    """Raises StartCodeLocked, WrongStartCode."""
    CODE.check(act.details, act.form.code, act.tx.now)
    act.details.code_tries = []
    act.details.boarded_at = act.tx.now


async def give_up(act: Act) -> None:
    """The driver cannot come: another one is looked for, and it counts against them."""
    await _lose(
        act,
        GaveUp(driver_id=act.case.worker_id or "", at=act.tx.now, why=act.form.reason, note=act.form.note),
    )


async def lost(act: Act) -> None:
    """Nothing is heard of the driver: another one is looked for, and they are off duty."""
    driver_id = act.case.worker_id or ""
    await _lose(act, GaveUp(driver_id=driver_id, at=act.tx.now))
    await drivers.go_off_duty(act.tx, driver_id)


async def _lose(act: Act, how: GaveUp) -> None:
    ride: Ride = act.details
    ride.gave_up = [*ride.gave_up, how]
    await drivers.free(act.tx, how.driver_id, act.case.id, gave_up=True)
    ride.driver = ride.accepted_at = ride.eta_at = ride.arrived_at = None
    act.case.worker_id = act.case.provider_id = None
    await look(act.tx, act.case.id, ride, act.rules, refused=how.driver_id)


async def nobody(act: Act) -> None:
    await _over(act)


async def cancel(act: Act) -> None:
    """Late, on the passenger's side, it costs what was agreed."""
    ride: Ride = act.details
    if act.actor.roles & _RESIDENTS_SIDE or act.actor.kind == "resident":
        ride.fee_fen = fares.cancel_fee_fen(ride, act.tx.now)
    await _over(act)


async def no_show(act: Act) -> None:
    """Raises PassengerMayCome."""
    ride: Ride = act.details
    may_from = fares.no_show_from(ride)
    if may_from is not None and act.tx.now < may_from:
        raise PassengerMayCome(f"请等到 {clock_time(may_from)}，并打电话联系乘客后再登记")
    ride.no_show_note, ride.fee_fen = act.form.note, ride.terms.no_show_fee_fen
    await _over(act)


async def complete(act: Act) -> None:
    """Raises nothing: whatever the track says, there is a fare."""
    ride: Ride = act.details
    ride.fare = await fares.counted(act)
    ride.cash = act.form.cash if act.form.cash is not None else ride.pay == "cash"
    act.tx.add(
        EARNINGS,
        RideEarning(
            id=act.case.id,
            driver_id=act.case.worker_id or "",
            provider_id=act.case.provider_id,
            day=today(act.tx.now).isoformat(),
            at=act.tx.now,
            metres=ride.fare.metres,
            fare_fen=ride.fare.total_fen,
            cash_fen=ride.fare.total_fen if ride.cash else 0,
        ),
    )
    await _over(act, drove=True)


async def _over(act: Act, *, drove: bool = False) -> None:
    ride: Ride = act.details
    ride.ended_at = act.tx.now
    await _answered(act, "withdrawn")
    _ask_nobody(ride)
    if act.case.worker_id is not None:
        await drivers.free(act.tx, act.case.worker_id, act.case.id, drove=drove)
    fen = ride.fare.total_fen if ride.fare is not None and not ride.cash else ride.fee_fen
    ride.owes = fen > 0
    await riders.end(act.tx, act.case.resident_id, act.case.id, owes=ride.owes)
    over = {"$set": {"due_at": None}, "$inc": {"version": 1}}
    await act.tx.change(WATCHES, {"_id": act.case.id}, over)
