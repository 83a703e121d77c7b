"""Saved accounts 常缴账户: a payee and an account number, asked for new bills by schedule, for oneself or for family."""

from server.bill_accounts.asking import ASKING, ask, next_ask
from server.bill_accounts.changes import change, remove, save
from server.bill_accounts.stored import (
    BILL_ACCOUNTS,
    BillAccount,
    BillAccountKnown,
    BillAccountNotFound,
    TooManyBillAccounts,
    find,
    of_bill,
    seen_by,
    wish,
)
from server.bill_accounts.views import listed, view

__all__ = [
    "ASKING",
    "BILL_ACCOUNTS",
    "BillAccount",
    "BillAccountKnown",
    "BillAccountNotFound",
    "TooManyBillAccounts",
    "ask",
    "change",
    "find",
    "listed",
    "next_ask",
    "of_bill",
    "remove",
    "save",
    "seen_by",
    "view",
    "wish",
]
