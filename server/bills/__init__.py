"""Bills 账单: what a resident may pay, from payees that are asked by account or from the window.

A bill is known by its payee and the payee's own number; looked up twice it is the same bill, and while it is open it
belongs to whoever looked it up last.
"""

from server.bills.asking import AccountNotFound, PayeeNotAnswering, ask
from server.bills.family import (
    SCOPE,
    by_proxy,
    find,
    holder_text,
    principal_of,
    principal_text,
    residents_of,
    scope_of,
    seen_by,
    whose,
)
from server.bills.finding import Wish, enter, payee, payee_now, take_up, to_look_up
from server.bills.messages import name_of, tell_principal
from server.bills.noted import note
from server.bills.reminding import REMINDERS
from server.bills.stored import (
    BILLS,
    KINDS,
    OF_CASES,
    PAYEES,
    REMIND_DAYS,
    STATES,
    Bill,
    BillKnown,
    BillNotFound,
    BillNotOpen,
    NotTheirBill,
    Payee,
    PayeeNotFound,
    PayeeNotOnline,
)
from server.bills.views import closely, listed, payee_of, payees, usable, view, view_payee

__all__ = [
    "BILLS",
    "KINDS",
    "OF_CASES",
    "PAYEES",
    "REMINDERS",
    "REMIND_DAYS",
    "SCOPE",
    "STATES",
    "AccountNotFound",
    "Bill",
    "BillKnown",
    "BillNotFound",
    "BillNotOpen",
    "NotTheirBill",
    "Payee",
    "PayeeNotAnswering",
    "PayeeNotFound",
    "PayeeNotOnline",
    "Wish",
    "ask",
    "by_proxy",
    "closely",
    "enter",
    "find",
    "holder_text",
    "listed",
    "name_of",
    "note",
    "payee",
    "payee_now",
    "payee_of",
    "payees",
    "principal_of",
    "principal_text",
    "residents_of",
    "scope_of",
    "seen_by",
    "take_up",
    "tell_principal",
    "to_look_up",
    "usable",
    "view",
    "view_payee",
    "whose",
]
