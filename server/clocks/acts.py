"""Clocks started, paused, resumed, extended, stopped. They are stored inside their case, so whoever changes one changes
the case at the version they have read. Within a move the noun hands over its case, and the move writes it; a clock
that runs as long as a state does is declared as a `Promise` of the kind and needs none of this."""

from collections.abc import Callable
from datetime import datetime

from schemas.cases import Channel
from server import audit, budgets, cases
from server.budgets import Budget, CaseClock, Extension, Owner, Pause
from server.cases import CASES, Case, VersionConflict
from server.cases.turns import begin, count, follow, settle
from server.config import Settings
from server.kit.db import Tx
from server.kit.errors import Conflict, NotFound
from server.kit.events import Event, emit, event_id
from server.sessions import Actor


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


# What a noun calls within a move: the case is changed here and written there.


def start(tx: Tx, case: Case, name: str, budget: Budget, rules: Settings) -> CaseClock:
    """Let a clock run from now on. Raises ClockStarted."""
    if name in case.clocks:
        raise ClockStarted
    clock = begin(tx, case, name, budget, rules.clocks.remind_percent)
    settle(tx, case, case.promised_at)
    return clock


def pause(tx: Tx, case: Case, name: str, owner: Owner, reason: str, by: Actor) -> None:
    """Raises ClockNotFound, ClockStopped, ClockPaused."""
    clock = open_clock(case, name)
    if clock.state == "paused":
        raise ClockPaused
    clock.pauses.append(Pause(at=tx.now, owner=owner, reason=reason, by=by.key))
    _told(tx, case, name, case.promised_at)


def resume(tx: Tx, case: Case, name: str) -> None:
    """Raises ClockNotFound, ClockStopped, ClockRuns."""
    standing = open_clock(case, name).open_pause
    if standing is None:
        raise ClockRuns
    standing.until = tx.now
    _told(tx, case, name, case.promised_at)


def extend(tx: Tx, case: Case, name: str, more: Extension) -> None:
    """More of the clock's unit. Raises ClockNotFound, ClockStopped."""
    open_clock(case, name).extensions.append(more)
    _told(tx, case, name, case.promised_at)


def stop(tx: Tx, case: Case, name: str) -> None:
    """What was promised has been done. Raises ClockNotFound, ClockStopped."""
    budgets.stop(open_clock(case, name), tx.now)
    _told(tx, case, name, None)


def open_clock(case: Case, name: str) -> CaseClock:
    """Raises ClockNotFound, ClockStopped."""
    clock = case.clocks.get(name)
    if clock is None:
        raise ClockNotFound
    if clock.stopped_at is not None:
        raise ClockStopped
    return clock


def _told(tx: Tx, case: Case, name: str, promised_at: datetime | None) -> None:
    """After any change: what is due, when, and when a worker has to look again."""
    count(tx, case.clocks[name])
    follow(tx, case, name)
    settle(tx, case, promised_at)


# What changes a clock without moving the case.

Change = Callable[[Tx, Case], object]


async def change(
    tx: Tx, case: Case, how: Change, *, action: str, text: str, reason: str, by: Actor, channel: Channel
) -> None:
    """Change a clock of this case, with a line in its history. Raises VersionConflict and what `how` raises."""
    before = case.version
    how(tx, case)
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
