"""Cases whose clocks run, and a street that keeps a calendar file, for tests of several nouns."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from schemas.staff import Grant
from server import clocks, workdays
from server.budgets import Budget, CaseClock
from server.cases import CASES, Case
from server.kit.clock import SHANGHAI
from server.kit.db import Tx
from server.kit.events import EVENTS
from server.sessions import SYSTEM
from tests.world import Person, World

PHOTO = "等您补照片"


async def clocked(world: World, budget: Budget, owner: Person | None = None) -> str:
    """A booking whose answer was given, with a promise that has just begun to run; its number."""
    shop = await world.shop()
    case_no: str = (await shop.brought_to("confirmed", owner or await world.resident()))["case_no"]

    def start(tx: Tx, case: Case) -> None:
        clocks.start(tx, case, "promised", budget, world.house.settings)

    await changed(world, case_no, start)
    return case_no


async def changed(world: World, case_no: str, how: clocks.Change) -> None:
    async def body(tx: Tx) -> None:
        case = await tx.get(CASES, case_no)
        assert case is not None
        await clocks.change(
            tx, case, how, action="changed", text="计时有变", reason="", by=SYSTEM, channel="system"
        )

    await world.house.db.atomically(body)


async def stored_clock(world: World, case_no: str, name: str = "promised") -> CaseClock:
    case = await world.house.db.reading(lambda reader: reader.get(CASES, case_no))
    assert case is not None
    return case.clocks[name]


async def clock_of(who: Person, case_no: str, name: str = "promised") -> dict[str, Any]:
    """As the API shows it."""
    items = (await who.get(f"/v1/cases/{case_no}/clocks")).json["items"]
    found: dict[str, Any] = next(one for one in items if one["name"] == name)
    return found


async def reminders(world: World, case_no: str, name: str = "promised") -> list[tuple[int, str]]:
    """What has been told of the case's clock, in order."""
    where = {"subject": f"clock-{case_no}.{name}"}
    found = await world.house.db.reading(lambda reader: reader.all(EVENTS, where, limit=50, sort="seq"))
    return [(one.data["level"], one.data["to"]) for one in found]


async def clerk(world: World) -> Person:
    return await world.staff(Grant(role="clerk", community_id=world.community))


@asynccontextmanager
async def calendar_file(world: World, folder: Path) -> AsyncIterator[Path]:
    """The street keeps a calendar file, for a while."""
    file, usual = folder / "days.toml", world.house.settings
    rules = replace(usual.clocks, calendar_file=str(file))
    world.house.settings = replace(usual, clocks=rules)
    yield file
    world.house.settings = usual
    await put_in_force(world)


async def put_in_force(world: World) -> None:
    """What the sweep does, and its news everywhere."""
    await clocks.keep_to_calendar(world.house)
    stored = await world.house.db.reading(lambda reader: reader.get(workdays.CALENDARS, "current"))
    assert stored is not None

    async def known() -> bool:
        return workdays.calendar(world.house.db.reader()).edition == stored.number

    await world.until(known, "the calendar's edition")


def ten_days(world: World) -> list[date]:
    first = world.clock.now().astimezone(SHANGHAI).date()
    return [first + timedelta(days=one) for one in range(10)]


def said(day: date) -> str:
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


async def due_day(who: Person, case_no: str) -> date:
    due = (await who.get(f"/v1/cases/{case_no}")).json["clock"]["due_at"]
    return datetime.fromisoformat(due).astimezone(SHANGHAI).date()
