"""Case numbers that survive the telephone: kind, day, number, and a check digit that catches every slip of one digit
and all but one in seventy swaps of neighbours (ISO 7064 MOD 11,10)."""

import asyncio
import re
from datetime import datetime
from typing import Annotated

from msgspec import Meta

from server.kit.clock import SHANGHAI
from server.kit.db import Collection, Database, Stored

_FORM = re.compile(r"([A-Z]{2})-([0-9]{8})-([0-9]{6,8})([0-9])")
_BLOCK = 64


class Counter(Stored, kw_only=True):
    value: Annotated[int, Meta(ge=0)]


COUNTERS: Collection[Counter] = Collection("counters", Counter)


def check_digit(digits: str) -> str:
    product = 10
    for one in digits:
        product = (product + int(one)) % 10 or 10
        product = product * 2 % 11
    return str((11 - product) % 10)


def with_check_digit(prefix: str, day: str, number: int) -> str:
    """`HB`, `20261124`, 137 → `HB-20261124-000137` and its check digit."""
    digits = f"{number:06d}"
    return f"{prefix}-{day}-{digits}{check_digit(day + digits)}"


def sibling(case_no: str, prefix: str) -> str:
    """The number of what belongs to a case: the same day and digits, which no other kind of case gets."""
    return f"{prefix}{case_no[2:]}"


def is_case_no(text: str) -> bool:
    match = _FORM.fullmatch(text)
    return match is not None and check_digit(match[2] + match[3]) == match[4]


class CaseNumbers:
    """Hands out numbers of a day. A process takes them in blocks, so that bookings do not queue for one counter;
    numbers of a block that is not used up are skipped."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._blocks: dict[str, list[int]] = {}
        self._reserving: asyncio.Task[None] | None = None

    async def next(self, prefix: str, now: datetime) -> str:
        day = now.astimezone(SHANGHAI).strftime("%Y%m%d")
        while not self._blocks.get(day):
            await self._reserved(day)
        return with_check_digit(prefix, day, self._blocks[day].pop(0))

    async def _reserved(self, day: str) -> None:
        """All who come meanwhile wait for one reservation, and if it fails, nobody waits for one after another."""
        if self._reserving is None or self._reserving.done():
            self._reserving = asyncio.create_task(self._reserve(day), name="case-numbers")
        await asyncio.shield(self._reserving)

    async def _reserve(self, day: str) -> None:
        more = {"$inc": {"value": _BLOCK}}
        counter = await self._db.alone(
            lambda tx: tx.take(COUNTERS, {"_id": f"cases-{day}"}, more, upsert=True)
        )
        assert counter is not None
        self._blocks = {day: list(range(counter.value - _BLOCK + 1, counter.value + 1))}
