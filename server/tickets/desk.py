"""What the agents' page asks for: which orders wait for what, the one that is due first at the top."""

from datetime import timedelta
from typing import Any

from msgspec import Struct

from schemas.cases import CasesView
from server import cases
from server.cases import CASES, STILL_OPEN, Case
from server.config import Settings
from server.kit.db import Reader
from server.sessions import Actor
from server.tickets.details import Ticket
from server.tickets.kind import TICKET
from server.tickets.quotes import service_fee

KIND = TICKET.name
SOON = timedelta(hours=1)
MOST = 99
"""What waits is counted no further than this."""


class Queue(Struct, frozen=True):
    """Orders that wait for the same: those in these states, or whatever is due within the hour."""

    text: str
    states: tuple[str, ...] = ()
    soon: bool = False


QUEUES: dict[str, Queue] = {
    "price": Queue("待报价", ("submitted",)),
    "money": Queue("待付款", ("quoted", "authorised", "change_offered", "change_paying", "refund_quoted")),
    "purchase": Queue("待出票", ("buying",)),
    "after": Queue("改签退票", ("changing", "rebooking", "refunding")),
    "soon": Queue("快到期", soon=True),
}


class Waiting(Struct, frozen=True, kw_only=True):
    """Which of the open orders are looked for: all, if nothing is said."""

    queue: str = ""
    mine: bool = False


def _wanted(look: Waiting, actor: Actor, reader: Reader) -> dict[str, Any]:
    clauses: list[dict[str, Any]] = [{"kind": KIND}, STILL_OPEN]
    if look.queue:
        queue = QUEUES.get(look.queue, Queue(""))
        clauses.append(
            {"turn": {"$lt": reader.now + SOON}} if queue.soon else {"state": {"$in": list(queue.states)}}
        )
    if look.mine:
        clauses.append({"handler_id": actor.id})
    return {"$and": [*clauses, own] if (own := cases.scope(actor)) else clauses}


async def waiting(
    reader: Reader, look: Waiting, actor: Actor, cursor: str | None = None, limit: int = 20
) -> CasesView:
    """A page of them. Raises BadCursor."""
    wanted = _wanted(look, actor, reader)
    page = await reader.page(CASES, wanted, sort="turn", cursor=cursor or None, limit=limit)
    return CasesView(items=[cases.view(reader, one, actor) for one in page.items], next=page.next)


async def counts(reader: Reader, actor: Actor) -> dict[str, int]:
    """How many wait in each queue, up to one more than MOST."""
    return {
        name: await reader.count(CASES, _wanted(Waiting(queue=name), actor, reader), limit=MOST + 1)
        for name in QUEUES
    }


def fees(case: Case, rules: Settings) -> dict[str, int]:
    """What buying for each passenger costs, by their id, in fen."""
    ticket: Ticket = cases.kind_of(case).details_of(case)
    return {one.id: service_fee(one, rules) for one in ticket.passengers}
