"""Auto-pay 积分自动缴费: a resident's points pay the whole bill of a saved account, within limits, told a day before.

Whoever pauses or stops it, or a single bill of it, is obeyed at once: paying reads and changes what they have changed.
"""

from server.auto_pay.agreement import AGREEMENTS, view_agreement
from server.auto_pay.changes import Act, agree, change, end_with, skip
from server.auto_pay.running import RUNNING
from server.auto_pay.stored import AUTO_PAYS, CONSENTS, RUNS, AutoPay, AutoPayNotFound, Consent, Run, find
from server.auto_pay.views import listed, view

__all__ = [
    "AGREEMENTS",
    "AUTO_PAYS",
    "CONSENTS",
    "RUNNING",
    "RUNS",
    "Act",
    "AutoPay",
    "AutoPayNotFound",
    "Consent",
    "Run",
    "agree",
    "change",
    "end_with",
    "find",
    "listed",
    "skip",
    "view",
    "view_agreement",
]
