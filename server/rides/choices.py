"""How each ride found its driver, how even the shares are, and what a driver's days have brought."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from schemas.dispatch import ChoiceView
from schemas.drivers import EarningsDayView, EarningsView, FindEarnings, TodayView
from schemas.rides import (
    DriverShareView,
    FindRideFairness,
    NearDriversView,
    NearDriverView,
    RideAskedView,
    RideChoicesView,
    RideFairnessView,
)
from server import cases, drivers
from server.cases import Case, CaseNotFound
from server.config import Settings
from server.dispatch import gini, scoring
from server.dispatch.fairness import period
from server.kit.clock import midnight, today
from server.kit.db import Reader
from server.rides.kind import RIDE
from server.rides.scoring import weigh
from server.rides.stored import EARNINGS, OFFER_STATES, RIDE_CHOICES, RIDE_OFFERS, WHY_NOT, RideOffer
from server.sessions import Actor

_MOST = 1_000
_FAIRNESS_DAYS = 30
_EARNINGS_DAYS = 7
_HOW = {"offer": "问司机", "nobody": "没有司机可问"}


async def find(reader: Reader, case_no: str, actor: Actor) -> Case:
    """A ride in the actor's scope. Raises CaseNotFound."""
    case = await cases.find(reader, case_no, actor)
    if case.kind != RIDE.name:
        raise CaseNotFound
    return case


async def explained(reader: Reader, case: Case) -> RideChoicesView:
    rows = await reader.all(RIDE_CHOICES, {"_id": {"$gt": f"{case.id}.", "$lt": f"{case.id}/"}}, limit=_MOST)
    offers = await reader.all(RIDE_OFFERS, {"case_no": case.id}, limit=_MOST, sort="round")
    return RideChoicesView(
        case_no=case.id,
        items=[
            ChoiceView(
                at=one.at,
                how=one.how,
                how_text=_HOW.get(one.how, one.how),
                round=one.round,
                by="",
                note=one.note,
                weights=one.weights,
                items=[scoring.view(row) for row in one.table],
            )
            for one in rows
        ],
        offers=[_asked(reader, one) for one in offers],
    )


def _asked(reader: Reader, one: RideOffer) -> RideAskedView:
    return RideAskedView(
        round=one.round,
        driver_id=one.driver_id,
        driver=drivers.name_of(reader, one.driver_id),
        state=one.state,
        state_text="等答复" if one.state == "open" else OFFER_STATES[one.state],
        score=one.score,
        metres=one.metres,
        offered_at=one.at,
        answered_at=one.answered_at,
        reason=WHY_NOT[one.reason] if one.reason else "",
    )


async def choosable(reader: Reader, case: Case, rules: Settings) -> NearDriversView:
    """Whom a dispatcher could send, the best first."""
    ride = RIDE.details_of(case)
    table = await weigh(reader, ride, rules.rides.radii_m[-1], [], [], rules)
    known = await drivers.several(reader, [one.near.driver_id for one in table])
    return NearDriversView(
        items=[
            NearDriverView(
                id=one.near.driver_id,
                name=one.scored.name,
                plate=vehicle.plate if (vehicle := known[one.near.driver_id].vehicle) else "",
                metres=one.near.metres,
                score=one.scored.score,
                reasons=one.scored.reasons,
            )
            for one in table
        ]
    )


async def fairness(reader: Reader, wanted: FindRideFairness) -> RideFairnessView:
    """Everybody who drives is in it, also with nothing. Raises BadPeriod."""
    first, last = period(wanted.from_, wanted.to, today(reader.now), _FAIRNESS_DAYS)
    offered = await _offered(reader, first, last)
    driven = await _driven(
        reader, {"day": {"$gte": first.isoformat(), "$lte": last.isoformat()}}, "driver_id"
    )
    ids = {one.id for one in drivers.everybody(reader)} | offered.keys() | driven.keys()
    shares = [_share(reader, one, offered.get(one, {}), driven.get(one, {})) for one in sorted(ids)]
    shares.sort(key=lambda one: (-one.rides, -one.offered, one.driver_id))
    return RideFairnessView(
        from_=first,
        to=last,
        items=shares,
        rides=sum(one.rides for one in shares),
        fare_fen=sum(one.fare_fen for one in shares),
        gini=gini([one.rides for one in shares]),
        fare_gini=gini([one.fare_fen for one in shares]),
    )


async def _offered(reader: Reader, first: date, last: date) -> dict[str, dict[str, Any]]:
    states = ("taken", "declined", "expired", "withdrawn")
    counted = {one: {"$sum": {"$cond": [{"$eq": ["$state", one]}, 1, 0]}} for one in states}
    grouped = {"_id": "$driver_id", "offered": {"$sum": 1}, "score": {"$sum": "$score"}, **counted}
    within = {"at": {"$gte": midnight(first), "$lt": midnight(last + timedelta(days=1))}}
    rows = await reader.groups(RIDE_OFFERS, [{"$match": within}, {"$group": grouped}])
    return {one["_id"]: one for one in rows}


async def _driven(reader: Reader, where: Mapping[str, Any], by: str) -> dict[str, dict[str, Any]]:
    sums = {name: {"$sum": f"${name}"} for name in ("metres", "fare_fen", "cash_fen")}
    grouped = {"_id": f"${by}", "rides": {"$sum": 1}, **sums}
    rows = await reader.groups(EARNINGS, [{"$match": where}, {"$group": grouped}])
    return {one["_id"]: one for one in rows}


def _share(
    reader: Reader, driver_id: str, offered: Mapping[str, Any], driven: Mapping[str, Any]
) -> DriverShareView:
    number = offered.get("offered", 0)
    return DriverShareView(
        driver_id=driver_id,
        driver=drivers.name_of(reader, driver_id),
        offered=number,
        taken=offered.get("taken", 0),
        declined=offered.get("declined", 0),
        expired=offered.get("expired", 0),
        withdrawn=offered.get("withdrawn", 0),
        rides=driven.get("rides", 0),
        metres=driven.get("metres", 0),
        fare_fen=driven.get("fare_fen", 0),
        average_score=round(offered["score"] / number, 2) if number else None,
    )


async def earnings(reader: Reader, wanted: FindEarnings, driver_id: str) -> EarningsView:
    """Raises BadPeriod."""
    first, last = period(wanted.from_, wanted.to, today(reader.now), _EARNINGS_DAYS)
    where = {"driver_id": driver_id, "day": {"$gte": first.isoformat(), "$lte": last.isoformat()}}
    found = await _driven(reader, where, "day")
    days = [
        EarningsDayView(
            day=date.fromisoformat(day),
            rides=one["rides"],
            metres=one["metres"],
            fare_fen=one["fare_fen"],
            cash_fen=one["cash_fen"],
        )
        for day, one in sorted(found.items(), reverse=True)
    ]
    return EarningsView(
        from_=first,
        to=last,
        items=days,
        rides=sum(one.rides for one in days),
        fare_fen=sum(one.fare_fen for one in days),
        cash_fen=sum(one.cash_fen for one in days),
    )


async def today_of(reader: Reader, driver_id: str) -> TodayView:
    day = today(reader.now)
    found = await earnings(reader, FindEarnings(from_=day, to=day), driver_id)
    return TodayView(rides=found.rides, fare_fen=found.fare_fen, cash_fen=found.cash_fen)
