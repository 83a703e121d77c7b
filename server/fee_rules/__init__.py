"""Fee rules 退改规则: what giving a ticket back or changing it costs, by version, for trains and for planes."""

from server.fee_rules.quotes import ChangeTooLate, RefundTooLate, quote_change, quote_refund, tried
from server.fee_rules.stored import FEE_RULES, VERSIONS, FeeRules, in_force
from server.fee_rules.views import MODES, SeatClassTwice, check, listed, mode_of, terms, view

__all__ = [
    "FEE_RULES",
    "MODES",
    "VERSIONS",
    "ChangeTooLate",
    "FeeRules",
    "RefundTooLate",
    "SeatClassTwice",
    "check",
    "in_force",
    "listed",
    "mode_of",
    "quote_change",
    "quote_refund",
    "terms",
    "tried",
    "view",
]
