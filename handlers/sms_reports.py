"""Where the provider of short messages tells us what became of them.

It signs nothing: that it is the provider shows in the key of the address that its console was given.
"""

import hmac

import msgspec
from msgspec import Struct

from handlers.base import allow
from handlers.callbacks import Callback
from schemas.sms_reports import HeardView, SmsReportedList
from server import sms_reports
from server.callbacks import CallbackRefused


class WithKey(Struct, frozen=True, kw_only=True):
    key: str


class SmsReports(Callback):
    path = "/sms/report"
    paced = False  # all of it comes from a few addresses of the provider's

    @allow(
        "anyone", once=False
    )  # the provider sends no Idempotency-Key: a message's number tells repeats apart
    async def post(self, query: WithKey) -> HeardView:
        """Reports of a hundred messages at most; without the key, or in another shape, nothing is heard."""
        right = self.building.settings.sms.report_key
        if not right or not hmac.compare_digest(right.encode(), query.key.encode()):
            raise CallbackRefused
        try:
            told = msgspec.json.decode(self.request.body, type=SmsReportedList)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise CallbackRefused from error
        await sms_reports.heard(self.building, told)
        return HeardView(result=0, errmsg="OK")
