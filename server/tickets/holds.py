"""Who has an order in hand: for some minutes it is theirs alone, so that nobody buys the same tickets twice.

A hold runs out by itself, as whoever took it may have been called away; each step they take gives them the time anew.
"""

from datetime import datetime, timedelta

from server import staff
from server.cases import Act, Case
from server.kit.db import Reader
from server.kit.errors import Conflict
from server.tickets.details import Ticket
from server.words import clock_time


class HeldByColleague(Conflict):
    """同事正在办这一单，请等一等"""


def holder(case: Case, ticket: Ticket, now: datetime) -> str | None:
    """The userid of who has it in hand now."""
    held = ticket.held_until is not None and now < ticket.held_until
    return case.handler_id if held else None


def take(act: Act) -> None:
    """Raises HeldByColleague, naming who has it and until when."""
    ticket: Ticket = act.details
    whose = holder(act.case, ticket, act.tx.now)
    if whose is not None and whose != act.actor.id:
        until = clock_time(ticket.held_until)
        raise HeldByColleague(f"{staff.name_of(act.tx, whose)}正在办这一单，到 {until} 为止")
    act.case.handler_id = act.actor.id
    ticket.held_until = act.tx.now + timedelta(minutes=act.rules.tickets.hold_minutes)


async def claim(act: Act) -> None:
    """Raises HeldByColleague."""
    take(act)


async def release(act: Act) -> None:
    """Raises HeldByColleague for what is in another's hands."""
    take(act)
    let_go(act)


def let_go(act: Act) -> None:
    act.details.held_until = None


def held_by(reader: Reader, case: Case, ticket: Ticket) -> str:
    whose = holder(case, ticket, reader.now)
    return staff.name_of(reader, whose) if whose else ""
