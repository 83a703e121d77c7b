"""Points that are about to expire: their owner is told some time before, in good time to use them.

Each lot is warned of once for each span of the settings (30 days, 7 days), and nobody hears of it more than once a day:
one message has all that is due then. What is written down and the message are one transaction, so of two workers that
look at once one tells.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from server import push, residents
from server.config import Settings
from server.keeping import Keeping, Whose
from server.kit.clock import today
from server.kit.db import Collection, Reader, Stored, Tx
from server.kit.events import Event, emit, event_id, on
from server.kit.jobs import Premises
from server.kit.sweeps import Sweep
from server.ledger import LOTS, Lot
from server.points.accrual import yuan
from server.push import Notice, Template
from server.sessions import SYSTEM
from server.words import said_day

PAGE = "packages/points/pages/points/index"
EXPIRING = Template(
    "points_expiring",
    "积分到期提醒",
    "points",
    {"thing1": "what", "number2": "points", "date3": "day", "thing4": "tip"},
    topic="money",
)
_AT_ONCE = 1_000


class Warned(Stored, kw_only=True):
    """`id` is the resident; `day` is when they were told last, `count` how often."""

    day: date
    count: int = 0


WARNED: Collection[Warned] = Collection("points_warned", Warned)


def _own(whose: Whose) -> list[dict[str, Any]]:
    return [{"_id": whose.id}]


KEPT = Keeping(title="积分到期提醒", collection=WARNED, find=_own)


async def warn_all(premises: Premises) -> None:
    """Whoever has points that nobody has warned them of yet."""
    rules: Settings = premises.settings
    for resident_id in await premises.db.reading(lambda reader: _whom(reader, rules)):
        await premises.db.atomically(lambda tx, one=resident_id: warn(tx, one, rules))  # type: ignore[misc]


LOOKING = Sweep("points_warnings", warn_all, lambda rules: timedelta(hours=rules.points.warn_hours))


async def _whom(reader: Reader, rules: Settings) -> list[str]:
    """Whose lots expire within a span that they were not warned of. A lot is due when it expires, so the index of what is
    due finds them."""
    found: set[str] = set()
    for days in set(rules.points.warn_days):
        where = {
            "due_at": {"$gt": reader.now, "$lte": reader.now + timedelta(days=days)},
            "left": {"$gt": 0},
            "$or": [{"warned_days": None}, {"warned_days": {"$gt": days}}],
        }
        rows = await reader.groups(LOTS, [{"$match": where}, {"$group": {"_id": "$resident_id"}}])
        found |= {str(row["_id"]) for row in rows}
    return sorted(found)


async def warn(tx: Tx, resident_id: str, rules: Settings) -> bool:
    """Tell one resident, unless they were told today or there is nothing new; whether they are told."""
    before = await tx.get(WARNED, resident_id)
    if before is not None and before.day >= today(tx.now):
        return False
    lots = await _expiring(tx, resident_id, max(rules.points.warn_days, default=0))
    spans = {one.id: _span(tx, one, rules) for one in lots}
    new = [one for one in lots if one.warned_days is None or spans[one.id] < one.warned_days]
    if not new:
        return False
    for days in sorted(set(spans.values())):
        ids = [one.id for one in new if spans[one.id] == days]
        await tx.change_all(LOTS, {"_id": {"$in": ids}}, {"$set": {"warned_days": days}})
    count = before.count + 1 if before else 1
    await tx.put(WARNED, Warned(id=resident_id, day=today(tx.now), count=count))
    _emit(tx, resident_id, count, lots, min(spans[one.id] for one in new))
    return True


async def _expiring(reader: Reader, resident_id: str, days: int) -> list[Lot]:
    until = reader.now + timedelta(days=days)
    where = {
        "resident_id": resident_id,
        "left": {"$gt": 0},
        "expires_at": {"$gt": reader.now, "$lte": until},
    }
    return await reader.all(LOTS, where, limit=_AT_ONCE, sort="expires_at")


def _span(reader: Reader, lot: Lot, rules: Settings) -> int:
    """The shortest span that it expires within."""
    left = lot.expires_at - reader.now
    return min(days for days in rules.points.warn_days if left <= timedelta(days=days))


def _emit(tx: Tx, resident_id: str, count: int, lots: Sequence[Lot], days: int) -> None:
    """`fen`: what expires within the span that is warned of."""
    soon = [one for one in lots if one.expires_at <= tx.now + timedelta(days=days)]
    subject = f"points-{resident_id}"
    emit(
        tx,
        Event(
            id=event_id(subject, count),
            type="points.expiring",
            subject=subject,
            seq=count,
            at=tx.now,
            by={"kind": SYSTEM.kind, "id": SYSTEM.id, "name": "", "role": "system"},
            channel="system",
            data={
                "resident_id": resident_id,
                "days": days,
                "fen": sum(one.left for one in soon),
                "first": today(soon[0].expires_at).isoformat(),
            },
        ),
    )


@on("points.expiring")
async def tell(tx: Tx, event: Event) -> None:
    """The owner hears of it."""
    resident = await residents.find(tx, event.data["resident_id"])
    points, first = yuan(event.data["fen"]), date.fromisoformat(event.data["first"])
    tip = "可以用来缴账单，1 分抵 1 元"
    notice = Notice(
        text=f"您有 {points} 分积分在 {event.data['days']} 天内到期，最早的 {said_day(first)}到期。{tip}。",
        payload={
            "what": f"{event.data['days']} 天内到期的积分",
            "points": points.replace(",", ""),
            "day": first.isoformat(),
            "tip": tip,
        },
        page=PAGE,
    )
    await push.send(tx, event, resident, EXPIRING, notice)
