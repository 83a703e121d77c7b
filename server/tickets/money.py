"""What an order costs and gives back: bills and refunds are the house's (server/charges.py), the sums are ours."""

from datetime import datetime

from server import charges
from server.cases import Act
from server.catalogue import yuan
from server.kit.errors import Conflict
from server.tickets import holds
from server.tickets.details import Ticket
from server.tickets.words import route


class NothingToPay(Conflict):
    """现在没有要付的钱"""


async def ask(act: Act, amount_fen: int, what: str, pay_by: datetime) -> str:
    """The id of the bill; `what` names it within the order, so it is asked for once."""
    ticket: Ticket = act.details
    title = f"{route(ticket)} {'改签' if what.startswith('change') else '车票'}"
    bill = await charges.charge(act.tx, act.case, amount_fen, title, pay_by, what)
    return bill.id


async def back(act: Act, amount_fen: int, why: str) -> None:
    """Give back so much of what was paid; cash has to be fetched at the window. Raises MoreThanCharged."""
    if not amount_fen:
        return
    ticket: Ticket = act.details
    given = await charges.give_back(act.tx, act.case.id, amount_fen, why)
    ticket.back_fen += amount_fen
    ticket.cash_back_fen += given.cash_fen


async def all_back(act: Act, why: str) -> None:
    await back(act, act.details.paid_fen - act.details.back_fen, why)


class CashNotExact(Conflict):
    """要收的钱刚刚变了，请刷新后再收"""


async def take_cash(act: Act) -> int:
    """Raises NothingToPay, CashNotExact, BillNotOpen."""
    taken = await charges.settle_in_cash(act.tx, act.case.id, act.actor)
    if not taken:
        raise NothingToPay
    if act.form is not None and act.form.amount_fen not in (None, taken):
        raise CashNotExact(field="amount_fen")
    act.details.in_cash = True
    return taken


async def withdraw(act: Act) -> None:
    """What is not paid need not be; what is paid in this very moment comes back by itself. Raises BillNotOpen."""
    await charges.cancel(act.tx, act.case.id)


async def is_paid(act: Act, bill_id: str) -> bool:
    return any(one.id == bill_id and one.state == "paid" for one in await charges.of(act.tx, act.case.id))


def took(act: Act, amount_fen: int) -> None:
    """The order is paid: its bill is heard of, and who had it in hand may leave it to another."""
    ticket: Ticket = act.details
    ticket.paid_fen += amount_fen
    if ticket.bill_id:
        ticket.settled = [*ticket.settled, ticket.bill_id]
    ticket.bill_id, ticket.warned = None, False
    holds.let_go(act)
    act.facts = {"total": yuan(amount_fen)}
