"""What is open, and for how long: money of batches since they were sent, differences since they were found."""

from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.settlements import AgeView, AgingView
from server import ledger
from server.config import Settings
from server.kit.db import Reader
from server.settlements.stored import BATCHES, DIFFERENCES, Batch

_WAITING = ("sent", "confirmed", "difference")
_MOST = 500
_EVER = datetime(2000, 1, 1, tzinfo=UTC)


def open_fen(batch: Batch) -> int:
    """What the post office still owes of it, as far as anybody has said."""
    if batch.state in ("open", "paid"):
        return 0
    return max(
        (batch.claim_fen if batch.state in ("frozen", "sent") else batch.expected_fen) - batch.received_fen, 0
    )


async def aging(reader: Reader, rules: Settings) -> AgingView:
    """By the ages that the settings name."""
    spans = _spans(rules.settlements.aging_days)
    batches = await reader.all(BATCHES, {"state": {"$in": list(_WAITING)}}, limit=_MOST, sort="-at")
    grouped = await _differences(reader, spans)
    ages = [_age(reader.now, span, batches, grouped.get(number, (0, 0))) for number, span in enumerate(spans)]
    return AgingView(
        ages=ages,
        open_fen=sum(one.open_fen for one in ages),
        differences=sum(one.differences for one in ages),
        unclaimed_fen=await ledger.total(reader, "payee"),
        lost_fen=await ledger.total(reader, "loss"),
    )


def _spans(days: list[int]) -> list[tuple[int, int | None]]:
    """`[7, 30]` is 0–7, 8–30, from 31 on."""
    firsts = [0, *(one + 1 for one in sorted(set(days)))]
    return list(zip(firsts, [*sorted(set(days)), None], strict=True))


def days_since(moment: datetime, now: datetime) -> int:
    return max((now - moment).days, 0)


def _age(
    now: datetime, span: tuple[int, int | None], batches: list[Batch], found: tuple[int, int]
) -> AgeView:
    first, last = span
    theirs = [one for one in batches if _within(days_since(_sent(one), now), span)]
    return AgeView(
        first=first,
        last=last,
        text=f"{first}–{last} 天" if last is not None else f"超过 {first - 1} 天",
        batches=len(theirs),
        open_fen=sum(open_fen(one) for one in theirs),
        differences=found[0],
        differences_fen=found[1],
    )


def _within(days: int, span: tuple[int, int | None]) -> bool:
    return span[0] <= days and (span[1] is None or days <= span[1])


def _sent(batch: Batch) -> datetime:
    return next((one.at for one in batch.steps if one.state == "sent"), batch.at)


async def _differences(reader: Reader, spans: list[tuple[int, int | None]]) -> dict[int, tuple[int, int]]:
    """How many there are of each age, and what they come to without sign."""
    bounds: dict[str, Any] = {
        "$switch": {
            "branches": [
                {"case": {"$gt": ["$opened_at", _before(reader.now, last)]}, "then": number}
                for number, (_, last) in enumerate(spans)
                if last is not None
            ],
            "default": len(spans) - 1,
        }
    }
    rows = await reader.groups(
        DIFFERENCES,
        [
            {"$match": {"state": {"$in": ["open", "proposed"]}}},
            {"$group": {"_id": bounds, "count": {"$sum": 1}, "fen": {"$sum": {"$abs": "$fen"}}}},
        ],
    )
    return {int(one["_id"]): (int(one["count"]), int(one["fen"])) for one in rows}


def _before(now: datetime, last: int) -> datetime:
    return max(now - timedelta(days=last + 1), _EVER)
