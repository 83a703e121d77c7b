"""A provider's month on one sheet: what came of its visits, what it earned, how it was rated.

A visit belongs to the month of its day in Shanghai. The open month is added up when somebody asks; some days after its
end the sheet is frozen, with a hash, so that what changes afterwards shows and does not pass unseen.
"""

import csv
import hashlib
import io
import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from schemas.providers import SheetCounts, SheetLine, SheetView
from server import catalogue, staff
from server.cases import CASES
from server.cases.kinds import ENDED
from server.catalogue import PROVIDERS
from server.config import Settings
from server.kit.clock import SHANGHAI, today
from server.kit.db import Collection, Duplicate, Index, Reader, Stored, Tx
from server.kit.errors import NotFound
from server.kit.jobs import Premises
from server.kit.sweeps import Sweep
from server.providers.suspensions import ProviderNotFound
from server.ratings import RATINGS
from server.sessions import Actor

_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")
_SEES_ALL = frozenset({"dispatcher", "accountant", "admin"})
_AHEAD = timedelta(days=62)
"""So long before its visit a booking was cancelled at most: no visit lies further ahead than a service's horizon."""
_ENDED_BY = timedelta(days=92)
"""So long after a month its last bookings ended. What is settled later still shows as a change of the frozen sheet."""


class NoSuchMonth(NotFound):
    """没有这个月的月报，请写成 2026-11 这样，不能是以后的月份"""


class Tally(Struct, kw_only=True):
    """Sums of a service or a worker; `SheetLine` says what they are."""

    cases: int = 0
    counts: dict[str, int] = {}
    income_fen: int = 0
    fees_fen: int = 0
    free_visits: int = 0
    reduced_visits: int = 0
    owed_fen: int = 0
    answered: int = 0
    on_time: int = 0
    ratings: int = 0
    stars: int = 0


class Figures(Struct, kw_only=True):
    """Everything on a sheet, by id; the names are looked up when it is shown."""

    total: Tally
    services: dict[str, Tally]
    workers: dict[str, Tally]

    def digest(self) -> str:
        """The same figures have the same hash."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()


class Sheet(Stored, kw_only=True):
    """A closed month; `id` is `provider|YYYY-MM`. It is written once."""

    provider_id: str
    month: str
    figures: Figures
    hash: str
    version: int = 1
    frozen_at: datetime


SHEETS: Collection[Sheet] = Collection("sheets", Sheet, Index(("provider_id", "-month")), insert_only=True)

_OUTCOMES = {
    "completed": "completed",
    "rejected": "rejected",
    "expired": "expired",
    "no_show": "no_show",
    "appealed": "no_show",
    "upheld": "no_show",
    "disputed": "disputed",
    "cancelled": "cancelled",
}
_NEVER_ASKED = frozenset({"held", "expired"})
_RATED = frozenset({"done", "completed", "disputed"})


def span(month: str) -> tuple[datetime, datetime]:
    """From midnight to midnight, Shanghai."""
    year, number = int(month[:4]), int(month[5:])
    following = date(year + number // 12, number % 12 + 1, 1)
    return _midnight(date(year, number, 1)), _midnight(following)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def check(reader: Reader, provider_id: str, month: str, actor: Actor) -> None:
    """Raises ProviderNotFound, also for somebody else's, NoSuchMonth."""
    own = any(one.role == "provider" and one.provider_id == provider_id for one in actor.grants)
    if reader.recall(PROVIDERS, provider_id) is None or not (own or actor.roles & _SEES_ALL):
        raise ProviderNotFound
    if not _MONTH.fullmatch(month) or month > f"{today(reader.now):%Y-%m}":
        raise NoSuchMonth


def where(provider_id: str, month: str) -> dict[str, Any]:
    """The bookings of a month, within the index by which the staff's lists sort: what is open, and what ended from some
    months before to half a year after (server/cases/turns.py)."""
    first, last = span(month)
    ended = {"$gt": _turn(last + _ENDED_BY), "$lte": _turn(first - _AHEAD)}
    return {
        "provider_id": provider_id,
        "$or": [{"turn": {"$lt": ENDED}}, {"turn": ended}],
        "kind": "booking",
        "details.start": {"$gte": first, "$lt": last},
    }


def _turn(ended_at: datetime) -> datetime:
    """Of what ended then: the later, the further in front."""
    return ENDED + (ENDED - ended_at)


_WANTED = {
    "service": "$details.service_id",
    "worker": "$worker_id",
    "state": 1,
    "late": "$details.late_cancel",
    "escalated": "$details.escalated",
    "mode": "$details.mode",
    "price": "$details.price_fen",
    "listed": "$details.list_fen",
    "fee": "$details.fee_fen",
    "quotes": "$details.quotes.state",
}


async def figures(reader: Reader, provider_id: str, month: str) -> Figures:
    """Two questions: the few fields that count of each booking, and the stars by their numbers."""
    rows = await reader.groups(CASES, [{"$match": where(provider_id, month)}, {"$project": _WANTED}])
    stars = await _stars(reader, [row["_id"] for row in rows if row["state"] in _RATED])
    total, services, workers = Tally(), defaultdict[str, Tally](Tally), defaultdict[str, Tally](Tally)
    for row in rows:
        whose = [total, services[row["service"]]]
        if row.get("worker"):
            whose.append(workers[row["worker"]])
        for tally in whose:
            _add(tally, row, stars.get(row["_id"]))
    return Figures(total=total, services=dict(services), workers=dict(workers))


async def _stars(reader: Reader, numbers: list[str]) -> dict[str, int]:
    found = await reader.groups(RATINGS, [{"$match": {"_id": {"$in": numbers}}}, {"$project": {"stars": 1}}])
    return {one["_id"]: one["stars"] for one in found}


def _add(tally: Tally, row: dict[str, Any], stars: int | None) -> None:
    outcome = _OUTCOMES.get(row["state"], "open")
    if outcome == "cancelled" and row.get("late"):
        outcome = "late_cancelled"
    tally.cases += 1
    tally.counts[outcome] = tally.counts.get(outcome, 0) + 1
    tally.fees_fen += row.get("fee", 0)
    if row["state"] not in _NEVER_ASKED:
        tally.answered += 1
        tally.on_time += not row.get("escalated")
    if stars is not None:
        tally.ratings += 1
        tally.stars += stars
    if row["state"] == "completed":
        _earn(tally, row)


def _earn(tally: Tally, row: dict[str, Any]) -> None:
    """What the street's concession took off the list price it owes; what both sides agreed at the door it does not."""
    tally.income_fen += row["price"]
    less = row.get("listed", 0) - row["price"]
    if less > 0 and row.get("mode") == "slot" and "accepted" not in (row.get("quotes") or ()):
        tally.owed_fen += less
        tally.free_visits += not row["price"]
        tally.reduced_visits += bool(row["price"])


async def sheet(reader: Reader, provider_id: str, month: str) -> SheetView:
    """The frozen one where there is one, and whether the cases still say the same."""
    frozen = await reader.get(SHEETS, f"{provider_id}|{month}")
    live = await figures(reader, provider_id, month)
    shown = frozen.figures if frozen else live
    provider = reader.recall(PROVIDERS, provider_id)
    return SheetView(
        provider_id=provider_id,
        provider=provider.name if provider else "",
        month=month,
        state="closed" if frozen else "open",
        state_text=_state_text(reader, month, frozen),
        total=_line("", "合计", shown.total),
        services=_lines(shown.services, lambda one: _service_name(reader, one)),
        workers=_lines(shown.workers, lambda one: _worker_name(reader, one)),
        hash=frozen.hash if frozen else live.digest(),
        version=frozen.version if frozen else 0,
        frozen_at=frozen.frozen_at if frozen else None,
        changed=frozen is not None and frozen.hash != live.digest(),
    )


def _state_text(reader: Reader, month: str, frozen: Sheet | None) -> str:
    if frozen is not None:
        return "已结账"
    return "本月未完" if span(month)[1] > reader.now else "待结账"


def _lines(tallies: dict[str, Tally], name: Any) -> list[SheetLine]:
    lines = [_line(item_id, name(item_id), tally) for item_id, tally in tallies.items()]
    return sorted(lines, key=lambda one: (-one.cases, one.id))


def _line(item_id: str, name: str, tally: Tally) -> SheetLine:
    return SheetLine(
        id=item_id,
        name=name,
        cases=tally.cases,
        counts=SheetCounts(**tally.counts),
        income_fen=tally.income_fen,
        fees_fen=tally.fees_fen,
        free_visits=tally.free_visits,
        reduced_visits=tally.reduced_visits,
        owed_fen=tally.owed_fen,
        answered=tally.answered,
        on_time=tally.on_time,
        ratings=tally.ratings,
        stars=tally.stars,
        average=round(tally.stars / tally.ratings, 2) if tally.ratings else None,
    )


def _service_name(reader: Reader, item_id: str) -> str:
    service = reader.recall(catalogue.SERVICES, item_id)
    return service.name if service else item_id


def _worker_name(reader: Reader, userid: str) -> str:
    member = reader.recall(staff.STAFF, userid)
    return member.name if member else userid


# Freezing.


async def close_months(house: Premises) -> None:
    """Freeze the month before the last few days, for every provider, once."""
    reader = house.db.reader()
    month = month_to_close(reader.now, house.settings)
    for provider_id in list(reader.everything(PROVIDERS).items):
        item_id = f"{provider_id}|{month}"
        if await house.db.reading(lambda one, item_id=item_id: one.get(SHEETS, item_id)) is None:  # type: ignore[misc]
            await freeze(house, provider_id, month)


def month_to_close(now: datetime, rules: Settings) -> str:
    """The last month that ended long enough ago."""
    settled = today(now) - timedelta(days=rules.providers.sheet_days)
    return f"{settled.replace(day=1) - timedelta(days=1):%Y-%m}"


async def freeze(house: Premises, provider_id: str, month: str) -> None:
    async def frozen(tx: Tx) -> None:
        made = await figures(tx, provider_id, month)
        await tx.insert(
            SHEETS,
            Sheet(
                id=f"{provider_id}|{month}",
                provider_id=provider_id,
                month=month,
                figures=made,
                hash=made.digest(),
                frozen_at=tx.now,
            ),
        )

    try:
        await house.db.atomically(frozen)
    except Duplicate:
        return


MONTHS = Sweep("monthly-sheets", close_months, lambda settings: timedelta(hours=6))


# On paper.

_COLUMNS: tuple[tuple[str, Any], ...] = (
    ("单数", lambda one: one.cases),
    ("完成", lambda one: one.counts.completed),
    ("取消", lambda one: one.counts.cancelled),
    ("晚取消", lambda one: one.counts.late_cancelled),
    ("上门无人", lambda one: one.counts.no_show),
    ("未接单", lambda one: one.counts.rejected),
    ("过期", lambda one: one.counts.expired),
    ("有争议", lambda one: one.counts.disputed),
    ("进行中", lambda one: one.counts.open),
    ("应答", lambda one: one.answered),
    ("按时应答", lambda one: one.on_time),
    ("收入（元）", lambda one: catalogue.yuan(one.income_fen)),
    ("费用（元）", lambda one: catalogue.yuan(one.fees_fen)),
    ("免费次数", lambda one: one.free_visits),
    ("优惠次数", lambda one: one.reduced_visits),
    ("街道应补（元）", lambda one: catalogue.yuan(one.owed_fen)),
    ("评价数", lambda one: one.ratings),
    ("平均分", lambda one: "" if one.average is None else f"{one.average:.2f}"),
)
COLUMNS = [name for name, _ in _COLUMNS]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cells(line: SheetLine) -> list[str]:
    """In the order of COLUMNS."""
    return [str(value(line)) for _, value in _COLUMNS]


def as_csv(view: SheetView) -> bytes:
    """With a byte order mark, by which Excel knows that it is UTF-8; no name is taken for a formula."""
    written = io.StringIO()
    out = csv.writer(written)
    out.writerow([f"{view.provider} {view.month} 月报", view.state_text, f"校验 {view.hash[:16]}"])
    out.writerow(["项目", "名称", *COLUMNS])
    for kind, lines in (("合计", [view.total]), ("服务", view.services), ("人员", view.workers)):
        out.writerows(_rows(kind, lines))
    return b"\xef\xbb\xbf" + written.getvalue().encode()


def _rows(kind: str, lines: Iterable[SheetLine]) -> Iterable[list[str]]:
    return ([kind, _text(one.name), *cells(one)] for one in lines)


def _text(name: str) -> str:
    return f"'{name}" if name.startswith(_FORMULA) else name
