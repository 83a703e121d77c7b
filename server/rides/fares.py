"""What a ride costs in the end, and what it costs to call it off."""

from datetime import datetime, timedelta

from schemas.tariffs import FareLine
from server import positions, tariffs
from server.cases.kinds import Act
from server.catalogue import yuan
from server.rides.details import Fare, MetresFrom, Ride


def cancel_fee_fen(ride: Ride, now: datetime) -> int:
    """Nothing before somebody has taken it, shortly afterwards, or when they are late."""
    if ride.driver is None or ride.accepted_at is None:
        return 0
    terms = ride.terms
    if now <= ride.accepted_at + timedelta(minutes=terms.cancel_free_minutes):
        return 0
    late = ride.eta_at is not None and now > ride.eta_at + timedelta(minutes=terms.late_minutes)
    return 0 if late and ride.arrived_at is None else terms.cancel_fee_fen


def cancel_hint(ride: Ride, now: datetime) -> str:
    """What stands beside the button: it is said before it is done."""
    fee = cancel_fee_fen(ride, now)
    return f"司机已经在路上，现在取消要付 {yuan(fee)} 元" if fee else "现在取消不收费"


def waits_from(ride: Ride) -> datetime | None:
    """Who comes before the time that was agreed waits on their own account."""
    if ride.arrived_at is None:
        return None
    return max(ride.arrived_at, ride.at) if ride.at is not None else ride.arrived_at


def no_show_from(ride: Ride) -> datetime | None:
    began = waits_from(ride)
    return began + timedelta(minutes=ride.terms.no_show_minutes) if began else None


async def counted(act: Act) -> Fare:
    """By the track, else by the driver's reading, else by the estimate; by the tariff that it was ordered by; the way
    never more above its estimate than the place allows."""
    ride: Ride = act.details
    metres, source = await _metres(act, ride)
    tariff = await tariffs.VERSIONS.find(act.tx, tariffs.RIDE, str(ride.tariff_number))
    began = waits_from(ride)
    waited = max(int(((ride.boarded_at or act.tx.now) - began).total_seconds()), 0) if began else 0
    found = tariffs.fare(
        tariff,
        metres=metres,
        at=ride.at or act.case.created_at,
        seconds_waited=waited,
        wheelchair=ride.wheelchair,
        helper=ride.helper,
        scheduled=ride.at is not None,
    )
    waiting = sum(one.amount_fen for one in found.lines if one.name == "waiting")
    most = ride.estimate.total_fen * (100 + act.rules.rides.most_over_percent) // 100
    over = max(found.total_fen - waiting - most, 0)
    lines = list(found.lines)
    if over:
        percent = act.rules.rides.most_over_percent
        text = f"比估价多出 {percent}% 以上的部分不收"
        lines.append(FareLine(name="capped", text=text, amount_fen=-over))
    return Fare(
        lines=lines,
        total_fen=found.total_fen - over,
        metres=metres,
        metres_from=source,
        waited_s=waited,
    )


async def _metres(act: Act, ride: Ride) -> tuple[int, MetresFrom]:
    track = await positions.travelled(act.tx, act.case.id)
    if track:  # a phone that told of one place only has not seen the way
        return track, "track"
    if act.form.metres is not None:
        return act.form.metres, "driver"
    return ride.estimate.metres, "estimate"
