"""When the calendar changes, the open clocks are counted anew, and what moves is written into the history."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

import structlog

from server import budgets, workdays
from server.cases import CASES, Case, VersionConflict
from server.cases.turns import follow, settle
from server.clocks import acts
from server.config import Settings
from server.kit.clock import SHANGHAI
from server.kit.db import Database, Reader, Tx
from server.kit.jobs import Premises
from server.kit.sweeps import SWEEPS, Sweep
from server.sessions import SYSTEM
from server.workdays import Calendar

log = structlog.get_logger()

_BATCH = 100

Recounted = Literal["gone", "same", "moved"]


async def keep_to_calendar(premises: Premises) -> None:
    """Put the street's calendar file in force, and count the open clocks anew that another edition counted."""
    db, settings = premises.db, premises.settings
    try:
        own = await asyncio.to_thread(workdays.read_file, settings.clocks.calendar_file)
        workdays.windows(settings.clocks.working_hours)
    except workdays.BadCalendar as error:
        log.error("calendar.unusable", error=str(error))
        return

    async def put_in_force(tx: Tx) -> workdays.Edition:
        return await workdays.publish(tx, await workdays.loaded(tx) or own, settings)

    edition = await db.atomically(put_in_force)
    await _recount_all(db, workdays.calendar_of(edition))


async def load_calendar(tx: Tx, own: workdays.CalendarFile, rules: Settings) -> workdays.Edition:
    """Put in force what an administrator gives; a worker counts the open clocks again at once, whatever it is doing.
    Raises DayOffAndWorked."""
    edition = await workdays.load(tx, own, rules)
    await tx.change(SWEEPS, {"_id": CALENDAR.name}, {"$set": {"due_at": tx.now}, "$inc": {"fence": 1}})
    return edition


async def _recount_all(db: Database, calendar: Calendar) -> None:
    after = ""
    while True:
        old = {"clock_edition": {"$lt": calendar.edition}, "_id": {"$gt": after}}
        found = await db.reading(partial(_batch, old))
        for case_no in found:
            await db.atomically(partial(_recounted, case_no, calendar))
        if len(found) < _BATCH:
            return
        after = found[-1]


async def _batch(where: Mapping[str, Any], reader: Reader) -> list[str]:
    return [one.id for one in await reader.all(CASES, where, limit=_BATCH)]


async def _recounted(case_no: str, calendar: Calendar, tx: Tx) -> None:
    await recount(tx, case_no, calendar)


async def recount(tx: Tx, case_no: str, calendar: Calendar) -> Recounted:
    """Count a case's open clocks by this calendar; a due date that moves is noted in the history."""
    case = await tx.get(CASES, case_no)
    if case is None or case.clock_edition is None or case.clock_edition >= calendar.edition:
        return "gone"
    version, moves = case.version, []
    for name, clock in case.clocks.items():
        if clock.stopped_at is None:
            before, clock.edition = clock.due_at, calendar.edition
            if clock.state == "running":
                clock.due_at = budgets.moment_of(clock, calendar, clock.total, tx.now)
            if before is not None and clock.due_at != before:
                moves.append(f"{budgets.title(name)}从 {_said(before)}改到 {_said(clock.due_at or before)}")
        follow(tx, case, name)
    settle(tx, case, case.promised_at, calendar)
    if not moves:
        if not await tx.replace(CASES, case, {"_id": case.id, "version": version}):
            raise VersionConflict
        return "same"

    def nothing_more(tx: Tx, case: Case) -> None:
        return None

    reason = "放假安排有变，" + "；".join(moves)
    text = "期限重新计算"
    await acts.change(
        tx, case, nothing_more, action="recounted", text=text, reason=reason, by=SYSTEM, channel="system"
    )
    return "moved"


def _said(moment: datetime) -> str:
    local = moment.astimezone(SHANGHAI)
    return f"{local.year} 年 {local.month} 月 {local.day} 日"


CALENDAR = Sweep("calendar", keep_to_calendar, lambda rules: timedelta(minutes=rules.clocks.sweep_minutes))
