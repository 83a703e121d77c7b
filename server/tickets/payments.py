"""A paid bill carries its order on; what is paid for an order that is over goes back."""

from server import cases, charges
from server.cases import CASES, Case
from server.config import Settings
from server.kit.db import Tx
from server.kit.events import Event, on
from server.sessions import SYSTEM
from server.tickets.details import Ticket
from server.tickets.kind import TICKET

_NO_RULES = Settings()
"""The order has remembered the rules that these moves go by."""
_MOVES = {"authorised": "buy", "change_paying": "change_paid"}


async def _case(tx: Tx, event: Event) -> Case | None:
    case = await tx.get(CASES, event.data["case_no"])
    return case if case is not None and case.kind == TICKET.name else None


def _waits_for(case: Case, ticket: Ticket, bill_id: str) -> bool:
    """Whether the order goes on with this bill."""
    change = ticket.change
    if case.state == "change_paying":
        return change is not None and change.bill_id == bill_id
    return case.state == "authorised" and ticket.bill_id == bill_id


@on("charge.paid")
async def paid(tx: Tx, event: Event) -> None:
    """Heard more than once it does no more; money for what is over comes back whole."""
    case = await _case(tx, event)
    if case is None:
        return
    ticket: Ticket = TICKET.details_of(case)
    bill_id = event.data["bill_id"]
    if bill_id in ticket.settled:
        return
    if _waits_for(case, ticket, bill_id):
        await cases.move(tx, case.id, _MOVES[case.state], {}, SYSTEM, "system", _NO_RULES)
        return
    amount = event.data["amount_fen"]
    given = await charges.give_back(tx, case.id, amount, "订单已经不买了")
    sums = {"paid_fen": amount, "back_fen": amount, "cash_back_fen": given.cash_fen}
    heard = {
        "$push": {"details.settled": bill_id},
        "$inc": {"version": 1} | {f"details.{name}": fen for name, fen in sums.items()},
    }
    if not await tx.change(CASES, {"_id": case.id, "version": case.version}, heard):
        raise cases.VersionConflict


@on("charge.expired")
async def expired(tx: Tx, event: Event) -> None:
    """The time to pay is over, though the order's own timer may not have struck yet."""
    case = await _case(tx, event)
    if case is None or not _waits_for(case, TICKET.details_of(case), event.data["bill_id"]):
        return
    action = TICKET.flow.states[case.state].timer
    assert action is not None
    await cases.move(tx, case.id, action, {}, SYSTEM, "system", _NO_RULES)
