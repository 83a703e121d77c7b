"""Who is reminded of a clock that runs out: the handler, the leader, the street, each once."""

from datetime import datetime

from server import budgets, workdays
from server.budgets import CaseClock
from server.cases import CASES, Case
from server.clocks import acts
from server.clocks.acts import REMINDERS, Reminder
from server.kit.clock import SHANGHAI
from server.kit.db import Tx
from server.kit.events import Event, emit
from server.kit.jobs import Premises, QueueOf, Settled
from server.sessions import SYSTEM


async def remind(premises: Premises, row: Reminder) -> Settled:
    """Emit `clock.reminded`, once; a clock that is paused, stopped or not so far yet is not reminded of."""
    await premises.db.atomically(lambda tx: _reminded(tx, row))
    return None


async def _reminded(tx: Tx, row: Reminder) -> None:
    case = await tx.get(CASES, row.case_no)
    clock = case.clocks.get(row.clock) if case is not None else None
    mine = {"_id": row.id, "fence": row.fence, "sent_at": None}
    if case is None or clock is None or clock.state != "running":
        await tx.change(REMINDERS, mine, {"$set": {"due_at": None}})
        return
    due_at = acts.moment(clock, workdays.calendar(tx), row, tx.now)
    if due_at > tx.now:
        await tx.change(REMINDERS, mine, {"$set": {"due_at": due_at, "attempts": 0}})
        return
    if await tx.change(REMINDERS, mine, {"$set": {"due_at": None, "sent_at": tx.now}}):
        emit(tx, _reminding(case, clock, row, tx.now))


def _reminding(case: Case, clock: CaseClock, row: Reminder, now: datetime) -> Event:
    """Its subject is the clock: the history of the case tells what was done, not who was reminded to do it."""
    return Event(
        id=f"clock-{row.id}",
        type="clock.reminded",
        subject=f"clock-{case.id}.{row.clock}",
        seq=row.percent,
        at=now,
        by={"kind": "system", "id": SYSTEM.id, "name": "", "role": "system"},
        channel="system",
        data={
            "case_no": case.id,
            "clock": row.clock,
            "title": budgets.title(row.clock),
            "level": row.percent,
            "to": row.to,
            "due_at": clock.due_at.astimezone(SHANGHAI).isoformat() if clock.due_at else None,
        },
    )


REMIND = QueueOf("reminders", REMINDERS, remind)
