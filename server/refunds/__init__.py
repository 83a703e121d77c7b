"""Refunds 退款: what was paid for a bill comes back, wholly or in part, to where it came from."""

from server.refunds.acts import approve, confirm, decline, hand, propose, retry
from server.refunds.carrying import by_rule, hear, look_now
from server.refunds.stored import REFUNDS, STATES, Refund
from server.refunds.views import find, listed, view

__all__ = [
    "REFUNDS",
    "STATES",
    "Refund",
    "approve",
    "by_rule",
    "confirm",
    "decline",
    "find",
    "hand",
    "hear",
    "listed",
    "look_now",
    "propose",
    "retry",
    "view",
]
