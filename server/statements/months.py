"""A resident's points by month, out of the entries of their account.

Entries are in the order of their times and never changed, so a month is a range of their numbers: what is summed up here
and what is listed elsewhere agree, whatever is posted meanwhile.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from schemas.statements import PointsMonthsView, PointsMonthView
from server import ledger
from server.kit.clock import month_after, month_of, month_start
from server.kit.db import BadCursor, Reader
from server.kit.errors import NotFound
from server.ledger import ENTRIES, Entry, own

_EARNED = frozenset({"accrual", "clawback"})
_USED = frozenset({"reserve", "release", "refund"})
_LENGTH = len("2026-11")


class StatementNotFound(NotFound):
    """没有这个月的对账单"""


class Span(Struct, frozen=True):
    """The entries of a month: those with a number above `after`, up to `upto`, and the balance before and after them."""

    account_id: str
    after: int
    upto: int
    opening: int
    closing: int

    def where(self) -> dict[str, Any]:
        first = ledger.entry_id(self.account_id, self.after)
        return {"_id": {"$gt": first, "$lte": ledger.entry_id(self.account_id, self.upto)}}


def text_of(month: str) -> str:
    """2026 年 11 月."""
    return f"{month[:4]} 年 {int(month[5:])} 月"


async def first_month(reader: Reader, resident_id: str) -> str | None:
    """The month of the first entry, None where there is none."""
    first = await reader.get(ENTRIES, ledger.entry_id(own("resident", resident_id), 1))
    return month_of(first.at) if first else None


async def check(reader: Reader, resident_id: str, month: str) -> None:
    """Raises StatementNotFound for a month without one: before the first entry, or to come."""
    first = await first_month(reader, resident_id)
    if first is None or not first <= month <= month_of(reader.now) or not _is_month(month):
        raise StatementNotFound


def _is_month(month: str) -> bool:
    year, dash, number = month[:4], month[4:5], month[5:]
    plain = month.isascii() and year.isdigit() and number.isdigit() and len(month) == _LENGTH
    return plain and dash == "-" and 1 <= int(number) <= 12


async def span_of(reader: Reader, account_id: str, month: str) -> Span:
    before = await last_before(reader, account_id, month_start(month))
    last = await last_before(reader, account_id, month_start(month_after(month)))
    return Span(account_id, before[0], last[0], before[1], last[1])


async def last_before(reader: Reader, account_id: str, moment: datetime) -> tuple[int, int]:
    """The number of the last entry before that moment, and the balance then."""
    where = {"account_id": account_id, "at": {"$lt": moment}}
    found: list[Entry] = await reader.all(ENTRIES, where, limit=1, sort="-at")
    return (found[0].seq, found[0].balance) if found else (0, 0)


async def listed(reader: Reader, resident_id: str, cursor: str | None, limit: int) -> PointsMonthsView:
    """From this month back to the first with points; the cursor is the next month to show. Raises BadCursor."""
    if cursor is not None and not _is_month(cursor):
        raise BadCursor(field="cursor")
    newest = min(cursor or month_of(reader.now), month_of(reader.now))
    first = await first_month(reader, resident_id)
    if first is None or newest < first:
        return PointsMonthsView(items=[])
    shown = [one for back in range(limit) if (one := month_after(newest, -back)) >= first]
    account_id = own("resident", resident_id)
    _, closing = await last_before(reader, account_id, month_start(month_after(newest)))
    sums = await _sums(reader, account_id, month_start(shown[-1]), month_start(month_after(newest)))
    items = []
    for month in shown:
        found = sums.get(month, {})
        items.append(_view(month, found, closing, reader.now))
        closing -= sum(found.values())
    older = month_after(shown[-1], -1)
    return PointsMonthsView(items=items, next=older if older >= first else None)


async def _sums(
    reader: Reader, account_id: str, since: datetime, until: datetime
) -> dict[str, dict[str, int]]:
    """By month and kind of entry."""
    local = {"$dateToString": {"date": "$at", "format": "%Y-%m", "timezone": "+08:00"}}
    steps: list[Mapping[str, Any]] = [
        {"$match": {"account_id": account_id, "at": {"$gte": since, "$lt": until}}},
        {"$group": {"_id": {"month": local, "kind": "$kind"}, "fen": {"$sum": "$amount"}}},
    ]
    sums: dict[str, dict[str, int]] = {}
    for row in await reader.groups(ENTRIES, steps):
        sums.setdefault(row["_id"]["month"], {})[row["_id"]["kind"]] = int(row["fen"])
    return sums


def _view(month: str, found: Mapping[str, int], closing: int, now: datetime) -> PointsMonthView:
    return PointsMonthView(
        month=month,
        text=text_of(month),
        running=month == month_of(now),
        earned_fen=sum(fen for kind, fen in found.items() if kind in _EARNED),
        used_fen=-sum(fen for kind, fen in found.items() if kind in _USED),
        expired_fen=-found.get("expiry", 0),
        closing_fen=closing,
    )
