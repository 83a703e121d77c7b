"""Clocks started, paused, resumed, extended, stopped. They are stored inside their case, so whoever changes one changes
the case at the version they have read. Within a move the noun hands over its case, and the move writes it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from schemas.cases import Channel
from server import audit, budgets, cases, workdays
from server.budgets import Budget, CaseClock, Extension, Owner, Pause
from server.cases import CASES, Case, VersionConflict
from server.config import Settings
from server.kit.db import Collection, Tx
from server.kit.errors import Conflict, NotFound
from server.kit.events import Event, emit, event_id
from server.kit.jobs import DUE, Leased
from server.sessions import Actor
from server.workdays import Calendar

_REMINDERS_OF_ONE = 20


class ClockNotFound(NotFound):
    """这个办件没有这项计时"""


class ClockStarted(Conflict):
    """这项计时已经开始"""


class ClockPaused(Conflict):
    """这项计时已经暂停"""


class ClockRuns(Conflict):
    """这项计时没有暂停，不用恢复"""


class ClockStopped(Conflict):
    """这项计时已经结束"""


class Reminder(Leased, kw_only=True):
    """Due once `percent` of the clock is used up; `id` is case number, clock and recipient."""

    case_no: str
    clock: str
    to: str
    percent: int
    sent_at: datetime | None = None


REMINDERS: Collection[Reminder] = Collection("reminders", Reminder, DUE)


# What a noun calls within a move: the case is changed here and written there.


async def start(tx: Tx, case: Case, name: str, budget: Budget, rules: Settings) -> CaseClock:
    """Let a clock run from now on; not in a shared transaction. Raises ClockStarted."""
    if name in case.clocks:
        raise ClockStarted
    clock = CaseClock(unit=budget.unit, amount=budget.amount, started_at=tx.now)
    case.clocks[name] = clock
    for to, percent in rules.clocks.remind_percent.items():
        reminder = Reminder(id=f"{case.id}.{name}.{to}", case_no=case.id, clock=name, to=to, percent=percent)
        await tx.put(REMINDERS, reminder)
    await _told(tx, case, name)
    return clock


async def pause(tx: Tx, case: Case, name: str, owner: Owner, reason: str, by: Actor) -> None:
    """Raises ClockNotFound, ClockStopped, ClockPaused."""
    clock = _open(case, name)
    if clock.state == "paused":
        raise ClockPaused
    clock.pauses.append(Pause(at=tx.now, owner=owner, reason=reason, by=by.key))
    await _told(tx, case, name)


async def resume(tx: Tx, case: Case, name: str) -> None:
    """Raises ClockNotFound, ClockStopped, ClockRuns."""
    standing = _open(case, name).open_pause
    if standing is None:
        raise ClockRuns
    standing.until = tx.now
    await _told(tx, case, name)


async def extend(tx: Tx, case: Case, name: str, amount: int, approver: Actor, reason: str) -> None:
    """More of the clock's unit, and who said so. Raises ClockNotFound, ClockStopped."""
    clock = _open(case, name)
    clock.extensions.append(Extension(at=tx.now, amount=amount, approver=approver.key, reason=reason))
    await _told(tx, case, name)


async def stop(tx: Tx, case: Case, name: str) -> None:
    """What was promised has been done. Raises ClockNotFound, ClockStopped."""
    _open(case, name).stopped_at = tx.now
    await _told(tx, case, name)


def _open(case: Case, name: str) -> CaseClock:
    clock = case.clocks.get(name)
    if clock is None:
        raise ClockNotFound
    if clock.stopped_at is not None:
        raise ClockStopped
    return clock


async def _told(tx: Tx, case: Case, name: str) -> None:
    """After any change: what is due, when, and who is to be reminded when."""
    clock, calendar = case.clocks[name], workdays.calendar(tx)
    clock.edition = calendar.edition
    running = clock.state == "running"
    clock.due_at = budgets.read(clock, calendar, tx.now).due_at if running else None
    case.promised_at = budgets.promised_at(case.clocks, case.promised_at)
    still = [one.edition for one in case.clocks.values() if one.stopped_at is None]
    case.clock_edition = min(still, default=None)
    await rearm(tx, case, name, calendar)


async def rearm(tx: Tx, case: Case, name: str, calendar: Calendar) -> None:
    """When whoever has not been reminded yet is to be; nobody while the clock stands."""
    clock = case.clocks[name]
    running = clock.state == "running"
    for one in await tx.all(REMINDERS, _of(case.id, name), limit=_REMINDERS_OF_ONE):
        due_at = moment(clock, calendar, one, tx.now) if running else None
        arm = {"$set": {"due_at": due_at, "attempts": 0}, "$inc": {"fence": 1}}
        await tx.change(REMINDERS, {"_id": one.id, "sent_at": None}, arm)


def _of(case_no: str, name: str) -> dict[str, Any]:
    return {"_id": {"$gt": f"{case_no}.{name}.", "$lt": f"{case_no}.{name}/"}}


def moment(clock: CaseClock, calendar: Calendar, reminder: Reminder, now: datetime) -> datetime:
    """When so much of the clock is used up that this reminder is due."""
    return budgets.moment_of(clock, calendar, clock.total * reminder.percent / 100, now)


# What changes a clock without moving the case.

Change = Callable[[Tx, Case], Awaitable[Any]]


async def change(
    tx: Tx, case: Case, how: Change, *, action: str, text: str, reason: str, by: Actor, channel: Channel
) -> None:
    """Change a clock of this case, with a line in its history. Raises VersionConflict and what `how` raises."""
    before = case.version
    await how(tx, case)
    case.version += 1
    case.updated_at = tx.now
    if not await tx.replace(CASES, case, {"_id": case.id, "version": before}):
        raise VersionConflict
    audit.note(tx, by, channel, f"clock.{action}", case.id, case.resident_id)
    data = {"action": f"clock_{action}", "text": text, "source": case.state, "target": case.state}
    who = {
        "kind": by.kind,
        "id": by.id,
        "name": by.name if by.kind == "staff" else "",
        "role": min(cases.parts(by, case), default=""),
    }
    event = Event(
        id=event_id(case.id, case.version),
        type=f"clock.{action}",
        subject=case.id,
        seq=case.version,
        at=tx.now,
        by=who,
        channel=channel,
        data={**data, "reason": reason},
    )
    emit(tx, event)
