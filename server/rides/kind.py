"""A ride as a kind of case: what it promises, how it reads, and to whom."""

from datetime import datetime, timedelta

from schemas.rides import EstimateView, RideDetails, RideDriverView, RideFareView, StopView
from server import drivers, scores, staff
from server.cases import Act, Case, Kind
from server.catalogue import yuan
from server.kit.db import Reader
from server.rides import fares
from server.rides.acts import CODE
from server.rides.details import Estimate, Ride, Stop
from server.rides.flow import FLOW
from server.words import clock_time, local, masked, said

_SEES_CODE = frozenset({"resident", "operator", "clerk"})
_COMING = frozenset({"accepted", "arrived", "on_board"})
_PAY = {"wechat": "微信支付", "cash": "付现金"}


def _deadlines(act: Act) -> tuple[datetime | None, datetime | None]:
    ride: Ride = act.details
    match act.target:
        case "scheduled" if ride.at is not None:
            return ride.at - timedelta(minutes=act.rules.rides.lead_minutes), ride.at
        case "offered":
            return ride.offer_until, None
        case "accepted":
            return None, ride.at or ride.eta_at
    return None, None


def _sentence(reader: Reader, case: Case, ride: Ride, mine: frozenset[str]) -> str:
    who = staff.name_of(reader, ride.driver.id) if ride.driver else "司机"
    plate = ride.driver.plate if ride.driver else ""
    match case.state:
        case "held":
            return "车票办好以后，这趟车才算约好"
        case "scheduled":
            return f"约好 {said(ride.at or case.created_at)} 用车，会提前为您找车"
        case "requested" | "offered" if ride.gave_up:
            return "刚才的司机来不了，正在为您另找一辆车"
        case "requested" | "offered":
            return f"正在{_around(ride.radius_m)}内为您找车"
        case "accepted" if ride.eta_at is not None:
            return f"{who}开 {plate} 来接您，大约 {clock_time(ride.eta_at)} 到"
        case "accepted":
            return f"{who}开 {plate} 来接您"
        case "arrived":
            return f"{who}到了，车牌 {plate}，请上车时念口令"
        case "on_board":
            return f"您在车上，去{ride.dropoff.text}"
        case "completed" if ride.fare is not None:
            total = yuan(ride.fare.total_fen)
            return f"已到达，车费 {total} 元" + ("，请付车费" if ride.owes else "，已付")
        case "no_driver":
            return f"附近没有空车，可以再叫一次，或打电话 {ride.terms.help_phone}"
        case "no_show":
            return f"司机等了很久没有等到您{_fee(ride)}"
    return f"已取消{_fee(ride) or '，不收费'}"


def _fee(ride: Ride) -> str:
    return f"，按约定收 {yuan(ride.fee_fen)} 元" if ride.fee_fen else ""


def _around(radius_m: int) -> str:
    return f" {radius_m / 1000:g} 公里" if radius_m >= 1000 else f" {radius_m} 米"


def _show(reader: Reader, case: Case, ride: Ride, mine: frozenset[str]) -> RideDetails:
    owed = (ride.fare.total_fen if ride.fare and not ride.cash else ride.fee_fen) if ride.owes else 0
    waits, absent = fares.waits_from(ride), fares.no_show_from(ride)
    free = waits + timedelta(minutes=ride.terms.free_wait_minutes) if waits else None
    cancellable = case.open and case.state != "on_board"
    return RideDetails(
        pickup=_stop(ride.pickup),
        dropoff=_stop(ride.dropoff),
        at=_local(ride.at),
        when=said(ride.at) if ride.at else "现在",
        wheelchair=ride.wheelchair,
        helper=ride.helper,
        people=ride.people,
        pay=ride.pay,
        pay_text=_PAY[ride.pay],
        note=ride.note,
        contact_name=ride.contact_name,
        contact_phone=_phone(ride.contact_phone, case, mine),
        estimate=estimate_view(ride.estimate, ride.tariff_number),
        driver=_driver(reader, case, ride),
        code=ride.start_code if mine & _SEES_CODE and case.open else None,
        code_warning=CODE.warning(ride, reader.now) if case.open else "",
        offer_until=_local(ride.offer_until) if case.state == "offered" else None,
        searching_text=_around(ride.radius_m).strip() if ride.radius_m else "",
        radius_m=ride.radius_m,
        round=ride.round,
        accepted_at=_local(ride.accepted_at),
        eta_at=_local(ride.eta_at),
        arrived_at=_local(ride.arrived_at),
        wait_free_until=_local(free),
        no_show_from=_local(absent),
        boarded_at=_local(ride.boarded_at),
        ended_at=_local(ride.ended_at),
        fare=_fare(ride),
        cancel_fee_fen=fares.cancel_fee_fen(ride, reader.now) if cancellable else 0,
        cancel_text=fares.cancel_hint(ride, reader.now) if cancellable else "",
        fee_fen=ride.fee_fen,
        owed_fen=owed,
        bill_id=ride.bill_id or None,
        paid=not case.open and not ride.owes,
        cash=ride.cash,
        can_follow=case.state in _COMING,
        share_open=case.state in _COMING,
        held_for=ride.held_for or None,
        give_ups=len(ride.gave_up),
        no_show_note=ride.no_show_note,
        help_phone=ride.terms.help_phone,
    )


def _local(moment: datetime | None) -> str | None:
    return local(moment) if moment else None


def _stop(stop: Stop) -> StopView:
    return StopView(text=stop.text, spot=stop.spot)


def _phone(phone: str, case: Case, mine: frozenset[str]) -> str:
    """Who drives can call while the ride is on and theirs, and not afterwards."""
    over = not case.open or not mine
    return masked(phone) if mine <= {"driver", "provider"} and over else phone


def _driver(reader: Reader, case: Case, ride: Ride) -> RideDriverView | None:
    if ride.driver is None:
        return None
    member = reader.recall(staff.STAFF, ride.driver.id)
    phone, rated = member.phone if member else "", scores.view(reader, scores.worker_key(ride.driver.id))
    return RideDriverView(
        id=ride.driver.id,
        name=drivers.name_of(reader, ride.driver.id),
        phone=phone if case.open else masked(phone),
        plate=ride.driver.plate,
        model=ride.driver.model,
        colour=ride.driver.colour,
        rating=rated.average if rated else None,
    )


def _fare(ride: Ride) -> RideFareView | None:
    if ride.fare is None:
        return None
    return RideFareView(
        lines=ride.fare.lines,
        total_fen=ride.fare.total_fen,
        total_text=f"{yuan(ride.fare.total_fen)} 元",
        metres=ride.fare.metres,
        metres_from=ride.fare.metres_from,
        waited_s=ride.fare.waited_s,
        tariff_version=ride.tariff_number,
    )


def estimate_view(
    one: Estimate, tariff_version: int, wait_minutes: int | None = None, note: str = ""
) -> EstimateView:
    return EstimateView(
        metres=one.metres,
        minutes=max(round(one.seconds / 60), 1),
        fare_fen=one.total_fen,
        fare_text=f"{yuan(one.total_fen)} 元",
        lines=one.lines,
        tariff_version=tariff_version,
        wait_minutes=wait_minutes,
        note=note,
    )


RIDE = Kind(
    name="ride",
    text="打车",
    prefix="DC",
    flow=FLOW,
    details=Ride,
    deadlines=_deadlines,
    sentence=_sentence,
    show=_show,
    unassigned=frozenset({"requested", "offered"}),
    proxy_scope="bookings",
    call_later=False,
)
