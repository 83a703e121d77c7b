"""The daily comparison 对账: what WeChat Pay's bill of a day says, row by row, against our payments and refunds."""

from server.pay_checks.answering import confirm, resolve, send_back
from server.pay_checks.running import run_again
from server.pay_checks.stored import CHECKS, DIFFERENCES, PayCheck, PayDifference
from server.pay_checks.views import all_differences, check_of, differences, listed, view, view_difference

__all__ = [
    "CHECKS",
    "DIFFERENCES",
    "PayCheck",
    "PayDifference",
    "all_differences",
    "check_of",
    "confirm",
    "differences",
    "listed",
    "resolve",
    "run_again",
    "send_back",
    "view",
    "view_difference",
]
