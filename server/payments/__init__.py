"""Payments 缴费: a bill paid with points, with WeChat Pay, or with both."""

from server.payments import receipts
from server.payments.backs import began_back, ended_back, not_back
from server.payments.cancelling import cancel, cut_short
from server.payments.carrying import carry_on, hear, refused
from server.payments.kept import refuse_open
from server.payments.opening import begin, ordered
from server.payments.stored import OVER, PAYMENTS, REFUSALS, STATES, Back, Payment, PayRefusal
from server.payments.views import PaymentNotFound, find, find_own, listed, may_pay, sources, view

__all__ = [
    "OVER",
    "PAYMENTS",
    "REFUSALS",
    "STATES",
    "Back",
    "PayRefusal",
    "Payment",
    "PaymentNotFound",
    "began_back",
    "begin",
    "cancel",
    "carry_on",
    "cut_short",
    "ended_back",
    "find",
    "find_own",
    "hear",
    "listed",
    "may_pay",
    "not_back",
    "ordered",
    "receipts",
    "refuse_open",
    "refused",
    "sources",
    "view",
]
