"""Statistics 统计: figures of the cases that were opened in a month, for whoever they lie in the scope of.

A case number holds its kind and day, so the month is a range of numbers and needs no index of its own. One aggregation
gives all figures; they are kept for some minutes, and whoever asks meanwhile shares them. A year is twelve months,
counted one after the other; those that are long past may be an hour old.
"""

import asyncio
from calendar import monthrange
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from schemas.statistics import LimitView, MoneyView, MonthView, ReachView, ShareView, StatisticsView, YearView
from server import places
from server.budgets import TITLES
from server.cases import CASES
from server.cases.kinds import kinds
from server.cases.scope import scope
from server.kit.clock import SHANGHAI
from server.kit.db import Database, Reader
from server.kit.errors import NotFound
from server.push import MESSAGES
from server.ratings import RATINGS
from server.sessions import Actor
from server.staff import STREET_WIDE
from server.words import CHANNELS

KEPT = timedelta(minutes=5)
KEPT_OF_A_YEAR = timedelta(hours=1)
REMEMBERED = 600
MONTHS = 12
_FRESH = 2
"""So many months of a year still change a lot."""
DELIVERIES = {
    "queued": "等着发",
    "sent": "已送到微信",
    "no_credit": "没有订阅，只在收件箱",
    "refused": "居民不接收",
    "dead": "没有发出",
    "none": "只在收件箱",
}
_WAYS: Mapping[str, str] = dict[str, str](CHANNELS.items())
_HOUR_MS = 3_600_000


class MonthNotYet(NotFound):
    """这个月还没有到，请选别的月份"""


def shares(rows: Iterable[Mapping[str, Any]], text_of: Callable[[str], str]) -> list[ShareView]:
    """What the database counted, the largest first, in words."""
    counts = [(str(row["_id"] or ""), int(row["count"])) for row in rows]
    ordered = sorted(counts, key=lambda one: (-one[1], one[0]))
    return [ShareView(name=name, text=text_of(name) or "没有写明", count=count) for name, count in ordered]


MoneyOf = Callable[[Reader, str], Awaitable[MoneyView]]
"""What was paid for residents in a month."""


class Figures:
    """The figures of each scope and month that was asked for lately, counted once for all who ask."""

    money: MoneyOf | None = None
    """Set where everything is put together: payments know the building, and the building knows us."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[tuple[bytes, str], tuple[datetime, asyncio.Task[StatisticsView]]] = {}

    async def of(self, actor: Actor, month: str | None) -> StatisticsView:
        """Raises MonthNotYet, DatabaseUnavailable."""
        present = months(self._db.now())[0]
        if month is not None and month > present:
            raise MonthNotYet
        return await self._of(actor, month or present, KEPT)

    async def year(self, actor: Actor) -> YearView:
        """One month after the other, so that the database has one of them to do at a time. Raises DatabaseUnavailable."""
        found = []
        for back, month in enumerate(months(self._db.now())):
            found.append(await self._of(actor, month, KEPT if back < _FRESH else KEPT_OF_A_YEAR))
        return YearView(
            scope=found[0].scope,
            items=[_in_short(one) for one in reversed(found)],
            counted_at=min(one.counted_at for one in found),
        )

    async def _of(self, actor: Actor, wanted: str, kept: timedelta) -> StatisticsView:
        """Counted no longer ago than that."""
        now = self._db.now()
        key = (
            msgspec.json.encode([scope(actor), actor.roles & STREET_WIDE != frozenset()], order="sorted"),
            wanted,
        )
        at, counting = self._known.get(key, (now, None))
        if counting is None or at + kept <= now or _failed(counting):
            self._forget(now)
            counting = asyncio.create_task(self._count(actor, wanted), name="statistics")
            self._known[key] = (now, counting)
        return await asyncio.shield(counting)

    def _forget(self, now: datetime) -> None:
        """What is too old, and the oldest of too many."""
        fresh = [(key, one) for key, one in self._known.items() if one[0] + KEPT_OF_A_YEAR > now]
        self._known = dict(fresh[-REMEMBERED + 1 :])

    async def _count(self, actor: Actor, month: str) -> StatisticsView:
        self._db.begin_request()
        return await self._db.reading(lambda reader: counted(reader, actor, month, self.money))


def _failed(counting: asyncio.Task[Any]) -> bool:
    return counting.done() and (counting.cancelled() or counting.exception() is not None)


def months(now: datetime) -> list[str]:
    """The last twelve by the local calendar, the present one first."""
    local = now.astimezone(SHANGHAI)
    counted = [local.year * 12 + local.month - 1 - back for back in range(MONTHS)]
    return [f"{one // 12}-{one % 12 + 1:02d}" for one in counted]


def _in_short(view: StatisticsView) -> MonthView:
    over, kept = (sum(getattr(one, name) for one in view.limits) for name in ("over", "kept"))
    return MonthView(
        month=view.month,
        total=view.total,
        over=over,
        kept=kept,
        rate=round(kept * 100 / over) if over else None,
        rated=view.rated,
        stars=view.stars,
        paid_fen=view.money.paid_fen if view.money else None,
        outstanding_fen=view.money.outstanding_fen if view.money else None,
    )


async def counted(reader: Reader, actor: Actor, month: str, money: MoneyOf | None = None) -> StatisticsView:
    """The month, as the database has it now."""
    where = {"$and": [_opened_in(month), scope(actor)]}
    [found] = await reader.groups(CASES, [{"$match": where}, *_pipeline(reader.now)])
    total = found["total"][0] if found["total"] else {}
    stars = found["stars"][0] if found["stars"] else {}
    street = bool(actor.roles & STREET_WIDE)
    return StatisticsView(
        month=month,
        scope="全街道" if street else "我负责的范围",
        total=total.get("count", 0),
        ended=total.get("ended", 0),
        hours=_hours(total.get("took")),
        rated=stars.get("count", 0),
        stars=round(stars["average"], 2) if stars else None,
        days=_days(month, found["days"]),
        kinds=shares(found["kinds"], lambda name: kinds()[name].text),
        states=_states(found["states"]),
        communities=shares(found["communities"], lambda name: places.name_of(reader, name)),
        channels=shares(found["channels"], lambda name: _WAYS.get(name, name)),
        ratings=sorted(
            shares(found["marks"], lambda name: f"{name} 星"), key=lambda one: one.name, reverse=True
        ),
        limits=[_limit(row) for row in sorted(found["limits"], key=lambda row: str(row["_id"]))],
        messages=await _messages(reader, month) if street else [],
        reach=await _reach(reader, month) if street else [],
        money=await money(reader, month) if street and money else None,
        counted_at=reader.now,
    )


def _opened_in(month: str) -> dict[str, Any]:
    """By the case number: `HB-20261124-…`."""
    packed = month.replace("-", "")
    spans = [(f"{one.prefix}-{packed}", f"{one.prefix}-{packed}~") for one in kinds().values()]
    return {"$or": [{"_id": {"$gte": first, "$lt": last}} for first, last in sorted(spans)]}


def _pipeline(now: datetime) -> list[dict[str, Any]]:
    ended = {"$eq": ["$open", False]}
    took = {"$cond": [ended, {"$subtract": ["$updated_at", "$created_at"]}, None]}
    day = {"$dateToString": {"date": "$created_at", "format": "%Y-%m-%d", "timezone": "Asia/Shanghai"}}
    mark: dict[str, Any] = {
        "$lookup": {"from": RATINGS.name, "localField": "_id", "foreignField": "_id", "as": "mark"}
    }
    marks = [mark, {"$unwind": "$mark"}]
    stopped = {"$gt": ["$clock.v.stopped_at", None]}
    running_late = {"$and": [{"$gt": ["$clock.v.due_at", None]}, {"$lt": ["$clock.v.due_at", now]}]}
    kept = {"$and": [stopped, {"$ne": ["$clock.v.late", True]}]}
    return [
        {
            "$facet": {
                "total": [
                    {
                        "$group": {
                            "_id": None,
                            "count": {"$sum": 1},
                            "ended": {"$sum": {"$cond": [ended, 1, 0]}},
                            "took": {"$avg": took},
                        }
                    }
                ],
                "days": _grouped(day),
                "kinds": _grouped("$kind"),
                "states": _grouped({"kind": "$kind", "state": "$state"}),
                "communities": _grouped("$community_id"),
                "channels": _grouped("$channel"),
                "marks": [*marks, *_grouped("$mark.stars")],
                "stars": [
                    *marks,
                    {"$group": {"_id": None, "count": {"$sum": 1}, "average": {"$avg": "$mark.stars"}}},
                ],
                "limits": [
                    {"$project": {"clock": {"$objectToArray": "$clocks"}}},
                    {"$unwind": "$clock"},
                    {"$match": {"$expr": {"$or": [stopped, running_late]}}},
                    {
                        "$group": {
                            "_id": "$clock.k",
                            "over": {"$sum": 1},
                            "kept": {"$sum": {"$cond": [kept, 1, 0]}},
                            "took": {"$avg": {"$subtract": ["$clock.v.stopped_at", "$clock.v.started_at"]}},
                        }
                    },
                ],
            }
        }
    ]


def _grouped(by: Any) -> list[dict[str, Any]]:
    return [{"$group": {"_id": by, "count": {"$sum": 1}}}]


def _hours(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds / _HOUR_MS, 1)


def _limit(row: Mapping[str, Any]) -> LimitView:
    name = str(row["_id"])
    return LimitView(
        name=name, text=TITLES.get(name, name), over=row["over"], kept=row["kept"], hours=_hours(row["took"])
    )


def _days(month: str, rows: Iterable[Mapping[str, Any]]) -> list[ShareView]:
    """Each day of the month, also those on which nothing was asked for."""
    year, number = (int(one) for one in month.split("-"))
    counts = {row["_id"]: row["count"] for row in rows}
    days = [date(year, number, day) for day in range(1, monthrange(year, number)[1] + 1)]
    return [
        ShareView(name=f"{one}", text=f"{one.month} 月 {one.day} 日", count=counts.get(f"{one}", 0))
        for one in days
    ]


def _states(rows: Iterable[Mapping[str, Any]]) -> list[ShareView]:
    """States of different kinds that are called the same are one."""
    counts: dict[str, int] = {}
    for row in rows:
        kind = kinds().get(row["_id"]["kind"])
        state = kind.flow.states.get(row["_id"]["state"]) if kind else None
        text = state.text if state else str(row["_id"]["state"])
        counts[text] = counts.get(text, 0) + row["count"]
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return [ShareView(name=text, text=text, count=count) for text, count in ordered]


async def _messages(reader: Reader, month: str) -> list[ShareView]:
    """By the case that a message is about; its id begins with the number."""
    rows = await reader.groups(MESSAGES, [{"$match": _opened_in(month)}, *_grouped("$delivery")])
    return shares(rows, lambda name: DELIVERIES.get(name, name))


async def _reach(reader: Reader, month: str) -> list[ReachView]:
    """By the community of the case, the largest first; each case is looked up once, however many messages it had."""
    sent = {"$sum": {"$cond": [{"$eq": ["$delivery", "sent"]}, 1, 0]}}
    rows = await reader.groups(
        MESSAGES,
        [
            {"$match": _opened_in(month)},
            {"$group": {"_id": "$case_no", "count": {"$sum": 1}, "sent": sent}},
            {"$lookup": {"from": CASES.name, "localField": "_id", "foreignField": "_id", "as": "case"}},
            {
                "$group": {
                    "_id": {"$first": "$case.community_id"},
                    "count": {"$sum": "$count"},
                    "sent": {"$sum": "$sent"},
                }
            },
        ],
    )
    ordered = sorted(rows, key=lambda one: (-one["count"], str(one["_id"] or "")))
    return [_reached(reader, str(one["_id"] or ""), one) for one in ordered]


def _reached(reader: Reader, place_id: str, row: Mapping[str, Any]) -> ReachView:
    text = (places.name_of(reader, place_id) if place_id else "") or "没有写明"
    return ReachView(name=place_id, text=text, count=row["count"], sent=row["sent"])
