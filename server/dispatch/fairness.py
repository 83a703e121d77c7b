"""Who was given how much: the fairness report of a provider over some days."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from schemas.dispatch import FairnessView, FindFairness, ShareView
from server import catalogue
from server.dispatch.board import providers_of
from server.dispatch.scoring import workers_of
from server.dispatch.stored import DISPATCHES, OFFERS
from server.kit.clock import midnight, today
from server.kit.db import Reader
from server.kit.errors import Invalid, NotFound
from server.sessions import Actor
from server.staff import STAFF

LONGEST_DAYS = 366
_USUAL_DAYS = 30


class NoSuchProvider(NotFound):
    """没有这家服务商"""


class BadPeriod(Invalid):
    """请选一段不超过一年的日期，开始不能晚于结束"""


async def report(reader: Reader, wanted: FindFairness, actor: Actor) -> FairnessView:
    """Offers are counted by when they were made, work by when it is to be done, called-off work not at all.

    Everybody who works there is in it, also with nothing. Raises NoSuchProvider, also for what is somebody else's, and
    BadPeriod.
    """
    provider = catalogue.provider_of(reader, wanted.provider_id)
    own = providers_of(actor)
    if provider is None or (own is not None and provider.id not in own):
        raise NoSuchProvider
    first, last = period(wanted.from_, wanted.to, today(reader.now), _USUAL_DAYS)
    within = {"$gte": midnight(first), "$lt": midnight(last + timedelta(days=1))}
    offered = await _offered(reader, provider.id, within)
    given = await _given(reader, provider.id, within)
    workers = {one.id for one in workers_of(reader, provider.id)} | offered.keys() | given.keys()
    shares = [_share(reader, one, offered.get(one, {}), given.get(one, {})) for one in workers]
    shares.sort(key=lambda one: (-one.hours, -one.offered, one.worker, one.worker_id))
    return FairnessView(
        provider_id=provider.id,
        provider=provider.name,
        from_=first,
        to=last,
        items=shares,
        jobs=sum(one.jobs for one in shares),
        hours=round(sum(one.hours for one in shares), 2),
        gini=gini([one.hours for one in shares]),
    )


def gini(values: Sequence[float]) -> float:
    """The Gini coefficient: the mean difference between any two, over twice the mean,

        G = Σᵢ Σⱼ |xᵢ − xⱼ| / (2 n² x̄),   x̄ = Σᵢ xᵢ / n

    to four decimals. 0 when all have the same, and where there is nothing; (n − 1) / n when one of n has everything.
    With the values in ascending order it is Σᵢ (2i − n − 1) xᵢ / (n Σᵢ xᵢ), i from 1, which is what is computed.
    """
    count, whole = len(values), sum(values)
    if not count or not whole:
        return 0.0
    ranked = sum((2 * rank - count - 1) * one for rank, one in enumerate(sorted(values), 1))
    return round(ranked / (count * whole), 4)


def period(first: date | None, last: date | None, day: date, usual_days: int) -> tuple[date, date]:
    """The first and the last day that are asked for; without them as many as usual until `day`. Raises BadPeriod."""
    last = last or day
    first = first or last - timedelta(days=usual_days - 1)
    if first > last or (last - first).days >= LONGEST_DAYS:
        raise BadPeriod(field="from")
    return first, last


async def _offered(reader: Reader, provider_id: str, within: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By worker: how many offers came to what, and the sum of their scores."""
    states = ("taken", "declined", "expired", "withdrawn")
    counted = {one: {"$sum": {"$cond": [{"$eq": ["$state", one]}, 1, 0]}} for one in states}
    grouped = {"_id": "$worker_id", "offered": {"$sum": 1}, "score": {"$sum": "$score"}, **counted}
    where = {"provider_id": provider_id, "at": within}
    rows = await reader.groups(OFFERS, [{"$match": where}, {"$group": grouped}])
    return {one["_id"]: one for one in rows}


async def _given(reader: Reader, provider_id: str, within: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By worker: how many jobs, and their minutes."""
    where = {"provider_id": provider_id, "waiting": False, "start": within, "state": "given"}
    grouped = {"_id": "$worker_id", "jobs": {"$sum": 1}, "minutes": {"$sum": "$minutes"}}
    rows = await reader.groups(DISPATCHES, [{"$match": where}, {"$group": grouped}])
    return {one["_id"]: one for one in rows}


def _share(reader: Reader, worker_id: str, offered: dict[str, Any], given: dict[str, Any]) -> ShareView:
    member, number = reader.recall(STAFF, worker_id), offered.get("offered", 0)
    return ShareView(
        worker_id=worker_id,
        worker=member.name if member else worker_id,
        offered=number,
        taken=offered.get("taken", 0),
        declined=offered.get("declined", 0),
        expired=offered.get("expired", 0),
        withdrawn=offered.get("withdrawn", 0),
        jobs=given.get("jobs", 0),
        hours=round(given.get("minutes", 0) / 60, 2),
        average_score=round(offered["score"] / number, 2) if number else None,
    )
