"""Statements 对账单: a month of somebody's points out of the ledger, and what each entry came from."""

from server.statements.monthly import StatementDisagrees, find
from server.statements.months import StatementNotFound, listed
from server.statements.opening import opened
from server.statements.paper import ask, slip_id, table

__all__ = [
    "StatementDisagrees",
    "StatementNotFound",
    "ask",
    "find",
    "listed",
    "opened",
    "slip_id",
    "table",
]
