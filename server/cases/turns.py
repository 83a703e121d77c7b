"""When it is whose turn: what lists sort by, what was promised, and when a worker has to look again.

All of it follows from a case's state, its timer and its clocks, and is stored with them: one place says how.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from server import budgets, workdays
from server.budgets import CaseClock
from server.cases.kinds import CASES, ENDED, Act, Case, Kind, Promise, kind_of
from server.kit.db import Reader, Tx
from server.kit.jobs import Premises
from server.kit.sweeps import Sweep
from server.workdays import Calendar

_CENTURY = timedelta(days=36_525)
_BATCH = 100


def turn_of(case: Case) -> datetime:
    """The promise; an open case without one comes a century after it was opened, so behind all that have one."""
    if not case.open:
        return ENDED + (ENDED - case.updated_at)
    return case.promised_at or case.created_at + _CENTURY


def settle(
    reader: Reader, case: Case, promised_at: datetime | None, calendar: Calendar | None = None
) -> None:
    """After any change. `promised_at` is what the state promises where no clock counts it; `calendar` is the one by
    which the clocks were counted, where memory may not know it yet."""
    case.promised_at = budgets.promised_at(case.clocks, promised_at)
    case.clock_edition = budgets.edition_of(case.clocks)
    case.turn = turn_of(case)
    case.due_at = _next_look(case, calendar or workdays.calendar(reader), reader.now)


def _next_look(case: Case, calendar: Calendar, now: datetime) -> datetime | None:
    moments = [case.timer_at, *(budgets.next_reminder(one, calendar, now) for one in case.clocks.values())]
    return min((one for one in moments if one is not None), default=None)


def keep_promises(act: Act, kind: Kind, timer_at: datetime | None) -> None:
    """The clocks of the kind's promises, with the state that is being entered; `timer_at` is the state's own timer."""
    before, act.case.timer_at = act.case.timer_at, timer_at
    for one in kind.promises:
        clock = act.case.clocks.get(one.clock)
        running = clock if clock is not None and clock.stopped_at is None else None
        if act.target not in one.states:
            if running is not None:
                budgets.stop(running, act.tx.now)
        elif running is None:
            begin(act.tx, act.case, one.clock, one.budget(act.rules), act.rules.clocks.remind_percent)
            _keep_timer(act.tx, act.case, one)
        elif one.timer:
            struck = act.action == kind.flow.states[act.target].timer
            act.case.timer_at = None if struck else before


def begin(
    reader: Reader, case: Case, name: str, budget: budgets.Budget, remind: Mapping[str, int]
) -> CaseClock:
    """Put a clock that runs from now on into the case."""
    clock = budgets.begun(budget, remind, case.clocks.get(name), reader.now)
    case.clocks[name] = clock
    count(reader, clock)
    return clock


def count(reader: Reader, clock: CaseClock) -> None:
    """When it is due, by the calendar in force; nothing is due while it stands."""
    calendar = workdays.calendar(reader)
    clock.edition = calendar.edition
    running = clock.state == "running"
    clock.due_at = budgets.moment_of(clock, calendar, clock.total, reader.now) if running else None


def follow(reader: Reader, case: Case, name: str) -> None:
    """A clock has changed without the case being moved: the timer that is its end moves with it."""
    for one in kind_of(case).promises:
        if one.clock == name and case.state in one.states:
            _keep_timer(reader, case, one)
    if case.timer_clock == name:
        case.timer_at = case.clocks[name].due_at


def _keep_timer(reader: Reader, case: Case, promise: Promise) -> None:
    if promise.timer:
        due_at = case.clocks[promise.clock].due_at
        case.timer_at = due_at if due_at is not None and due_at > reader.now else None


async def give_turns(premises: Premises) -> None:
    """Cases that were stored before there were turns get theirs; afterwards it costs one look into the index."""
    while await premises.db.atomically(_some) == _BATCH:
        pass


async def _some(tx: Tx) -> int:
    found = await tx.all(CASES, {"turn": None}, limit=_BATCH)
    for case in found:
        settle(tx, case, case.promised_at)
        now: dict[str, Any] = {"turn": case.turn, "due_at": case.due_at}
        await tx.change(CASES, {"_id": case.id, "turn": None}, {"$set": now})
    return len(found)


TURNS = Sweep("turns", give_turns, lambda rules: timedelta(days=1))

__all__ = ["TURNS", "begin", "count", "follow", "keep_promises", "settle", "turn_of"]
