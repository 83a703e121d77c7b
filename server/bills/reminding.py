"""A resident is reminded of a bill some days before its last day, as many as they like, and on that day: each once."""

from datetime import UTC, datetime, time, timedelta
from typing import Protocol

from server.bills.noted import note
from server.bills.stored import BILLS, Bill
from server.config import Settings
from server.kit.clock import SHANGHAI, today
from server.kit.db import Database, Tx
from server.kit.jobs import QueueOf, Settled
from server.sessions import SYSTEM

_LOOK_AGAIN = timedelta(hours=1)
"""While it is being paid: nobody knows yet whether it will be."""
_LOOK_SOON = timedelta(seconds=15)
"""Where somebody waits for that."""


class House(Protocol):
    db: Database
    settings: Settings


def moments(bill: Bill, rules: Settings) -> dict[str, datetime]:
    """When they are reminded, of those times that came after they knew of the bill and were not used yet."""
    hour = time(rules.payees.remind_hour)
    days = {"ahead": bill.due - timedelta(days=bill.remind_days), "today": bill.due}
    times = {name: datetime.combine(day, hour, SHANGHAI).astimezone(UTC) for name, day in days.items()}
    return {name: at for name, at in times.items() if at > bill.at and name not in bill.reminded}


async def remind(house: House, leased: Bill) -> Settled:
    await house.db.atomically(lambda tx: _remind(tx, leased, house.settings))
    return None


async def _remind(tx: Tx, leased: Bill, rules: Settings) -> None:
    """Whoever has it by lease; the event and its note on the bill are one."""
    bill = await tx.get(BILLS, leased.id)
    if bill is None or bill.fence != leased.fence:
        return
    if bill.pay_by is not None and bill.pay_by <= tx.now:
        return await _lapse(tx, bill)
    if bill.state == "open":
        _say(tx, bill, moments(bill, rules))
    waits = bill.state == "paying"
    bill.due_at = tx.now + _LOOK_AGAIN if waits else _following(bill, tx.now, rules)
    bill.attempts, bill.error = 0, ""
    await tx.put(BILLS, bill)


async def _lapse(tx: Tx, bill: Bill) -> None:
    """Nobody has paid it in time. While somebody is about to, that is waited for."""
    if bill.state == "open":
        bill.state, bill.ended = "void", "withdrawn" if bill.withdrawn else "expired"
        note(tx, bill, "expired", SYSTEM, case_no=bill.case_no, amount_fen=bill.amount_fen)
    bill.due_at = tx.now + _LOOK_SOON if bill.state == "paying" else None
    bill.attempts, bill.error = 0, ""
    await tx.put(BILLS, bill)


def _following(bill: Bill, now: datetime, rules: Settings) -> datetime | None:
    if bill.pay_by is not None:
        return bill.pay_by
    if bill.state != "open":
        return None
    return min((at for at in moments(bill, rules).values() if at > now), default=None)


def _say(tx: Tx, bill: Bill, times: dict[str, datetime]) -> None:
    """Once, also when several times have come since a worker last looked; nothing any more when the last day is over."""
    past = [name for name, at in times.items() if at <= tx.now]
    left = (bill.due - today(tx.now)).days
    bill.reminded += past
    if not past or left < 0:
        return
    note(tx, bill, "due", SYSTEM, days=left)


REMINDERS: QueueOf[Bill] = QueueOf("bills", BILLS, remind)
