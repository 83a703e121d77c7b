"""Payments 缴费: a bill paid with points, with WeChat Pay, or with both."""

from server.payments.cancelling import cancel
from server.payments.carrying import carry_on, hear, refused
from server.payments.kept import refuse_open
from server.payments.opening import begin, ordered
from server.payments.stored import OVER, PAYMENTS, REFUSALS, Payment
from server.payments.views import find, find_own, listed, may_pay, sources, view

__all__ = [
    "OVER",
    "PAYMENTS",
    "REFUSALS",
    "Payment",
    "begin",
    "cancel",
    "carry_on",
    "find",
    "find_own",
    "hear",
    "listed",
    "may_pay",
    "ordered",
    "refuse_open",
    "refused",
    "sources",
    "view",
]
