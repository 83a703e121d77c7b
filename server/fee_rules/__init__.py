"""Fee rules 退改规则: what giving a ticket back or changing it costs, by version, for trains and for planes."""

from server.fee_rules.quotes import ChangeTooLate, RefundTooLate, quote_change, quote_refund
from server.fee_rules.stored import FEE_RULES, FeeRules, Rules, in_force

__all__ = [
    "FEE_RULES",
    "ChangeTooLate",
    "FeeRules",
    "RefundTooLate",
    "Rules",
    "in_force",
    "quote_change",
    "quote_refund",
]
