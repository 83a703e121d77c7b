"""Who is reminded of a clock that runs out: the handler, the leader, the street, each once.

The case's own row in the worker's queue is due for the next reminder as it is for its timer, so a clock that is
started, paused or stopped costs no write beside that of its case. Whoever has been reminded is taken off the clock's
list in the transaction that emits `clock.reminded`.
"""

from datetime import datetime

from server import budgets, workdays
from server.budgets import CaseClock
from server.cases import CASES, Case
from server.cases.turns import settle
from server.kit.clock import SHANGHAI
from server.kit.db import Tx
from server.kit.events import Event, emit
from server.sessions import SYSTEM


async def remind(tx: Tx, case_no: str) -> None:
    """Emit `clock.reminded` for everybody whose moment has come, and say when to look again."""
    case = await tx.get(CASES, case_no)
    if case is None or not case.clocks:
        return
    lists = {}
    for name, clock in case.clocks.items():
        for to in _due(tx, clock):
            emit(tx, _reminding(case, name, to, tx.now))
            del clock.remind[to]
            lists[f"clocks.{name}.remind"] = clock.remind
    settle(tx, case, case.promised_at)
    await tx.change(
        CASES, {"_id": case.id, "version": case.version}, {"$set": {"due_at": case.due_at, **lists}}
    )


def _due(tx: Tx, clock: CaseClock) -> list[str]:
    if clock.state != "running":
        return []
    calendar = workdays.calendar(tx)
    levels = sorted(clock.remind.items(), key=lambda one: one[1])
    return [to for to, percent in levels if budgets.reminded_at(clock, calendar, percent, tx.now) <= tx.now]


def _reminding(case: Case, name: str, to: str, now: datetime) -> Event:
    """Its subject is the clock: the history of the case tells what was done, not who was reminded to do it."""
    clock = case.clocks[name]
    percent = clock.remind[to]
    return Event(
        id=f"clock-{case.id}.{name}.{clock.run}.{to}",
        type="clock.reminded",
        subject=f"clock-{case.id}.{name}",
        seq=percent,
        at=now,
        by={"kind": "system", "id": SYSTEM.id, "name": "", "role": "system"},
        channel="system",
        data={
            "case_no": case.id,
            "clock": name,
            "title": budgets.title(name),
            "level": percent,
            "to": to,
            "due_at": clock.due_at.astimezone(SHANGHAI).isoformat() if clock.due_at else None,
        },
    )
