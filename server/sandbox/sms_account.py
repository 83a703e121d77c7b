"""What the street has bought at the provider of short messages, and what phones have received.

Sources: SendSms (2021-01-11), 短信 API 3.0 发送错误码, 短信默认的频率限制, 正文模板审核标准 of Tencent Cloud.
"""

import random
from collections import defaultdict
from typing import NamedTuple

from msgspec import Struct

from .clock import SandboxClock
from .quotas import day_of

SAME_WITHIN_S = 30
MOST_CHARS = 500
CODES = {
    1002: "FailedOperation.ContainSensitiveWord",
    1004: "FailedOperation.FailResolvePacket",
    1006: "UnauthorizedOperation.RequestPermissionDeny",
    1007: "InternalError.OtherError",
    1008: "InternalError.Timeout",
    1009: "UnauthorizedOperation.RequestIpNotInWhitelist",
    1012: "FailedOperation.SignatureIncorrectOrUnapproved",
    1013: "LimitExceeded.DeliveryFrequencyLimit",
    1014: "FailedOperation.TemplateIncorrectOrUnapproved",
    1015: "FailedOperation.PhoneNumberInBlacklist",
    1016: "InvalidParameterValue.IncorrectPhoneNumber",
    1017: "InvalidParameterValue.ContentLengthLimit",
    1019: "InvalidParameterValue.SdkAppIdNotExist",
    1020: "UnauthorizedOperation.SdkAppIdIsDisabled",
    1022: "LimitExceeded.AppDailyLimit",
    1023: "LimitExceeded.PhoneNumberThirtySecondLimit",
    1024: "LimitExceeded.PhoneNumberOneHourLimit",
    1025: "LimitExceeded.PhoneNumberDailyLimit",
    1026: "LimitExceeded.PhoneNumberSameContentDailyLimit",
    1029: "FailedOperation.MarketingSendTimeConstraint",
    1031: "FailedOperation.InsufficientBalanceInSmsPackage",
    1033: "UnauthorizedOperation.SerivceSuspendDueToArrears",
    1036: "InvalidParameterValue.TemplateParameterLengthLimit",
    1038: "InvalidParameterValue.TemplateParameterFormatError",
    1045: "UnsupportedOperation.UnsuportedRegion",
    1047: "LimitExceeded.DailyLimit",
    1048: "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
}
"""The codes of a refused message, by the numbers that the older interface has for the same. A number that begins with
1390000 is refused with the code of its last four digits."""
MAGIC = "1390000"


class SmsAccount(Struct, frozen=True, kw_only=True):
    """`per_day` is how many one phone gets in a day: the platform begins with 2, the carriers end at 10, and the street
    has set that. `longest` is how long the console lets a value be. Reports go to `report_url`."""

    secret_id: str = "example-sms-id"
    secret_key: str = "example-sms-key"
    app_id: str = "1400006666"
    sign: str = "诃额伦街道"
    template_id: str = "1000001"
    template: str = "您有一件事请留意：{1}。请打开微信小程序“诃额伦社区”查看。"
    longest: int = 35
    per_day: int = 10
    report_url: str = ""


class ShortMessage(Struct, frozen=True, kw_only=True):
    """One that a phone received, with its signature; `context` is what the sender has sent along."""

    sid: str
    phone: str
    text: str
    at: str
    context: str = ""


class Spent(NamedTuple):
    day: int
    sent: int


class Phones:
    """Everything is forgotten when the sandbox ends."""

    def __init__(self, account: SmsAccount, clock: SandboxClock) -> None:
        self.account = account
        self._clock = clock
        self.settle()

    def settle(self) -> None:
        """No phone has received anything."""
        self.received: dict[str, list[ShortMessage]] = {}
        self._spent: dict[str, Spent] = {}
        self._said: defaultdict[str, dict[str, float]] = defaultdict(dict)

    def limited(self, phone: str, text: str) -> int:
        """The number of the code for which this one is not taken just now, or 0."""
        now_s = self._clock.seconds()
        if phone.startswith(MAGIC) and int(phone[len(MAGIC) :]) in CODES:
            return int(phone[len(MAGIC) :])
        said_at = self._said[phone].get(text)
        if said_at is not None and 0 <= now_s - said_at < SAME_WITHIN_S:
            return 1023
        spent = self._spent.get(phone)
        if spent and spent.day == day_of(now_s) and spent.sent >= self.account.per_day:
            return 1025
        return 0

    def take(self, phone: str, text: str, context: str) -> ShortMessage:
        """Deliver one, and count it."""
        now_s, day = self._clock.seconds(), day_of(self._clock.seconds())
        spent = self._spent.get(phone, Spent(day, 0))
        self._spent[phone] = Spent(day, (spent.sent if spent.day == day else 0) + 1)
        self._said[phone] = {
            one: at for one, at in self._said[phone].items() if now_s - at < SAME_WITHIN_S
        } | {text: now_s}
        message = ShortMessage(
            sid=f"2000:{random.randrange(10**24, 10**25)}",
            phone=phone,
            text=text,
            at=self._clock.now().isoformat(timespec="milliseconds"),
            context=context,
        )
        self.received.setdefault(phone, []).append(message)
        return message
