"""Short messages by Tencent Cloud's SMS, asked as its documentation of SendSms (version 2021-01-11) says.

What may be said is a template that was approved, with values put into it: ours has one value, what the message is about,
and says itself where to read on. The provider promises nothing about a request that it gets twice. So one is repeated
only where the first cannot have arrived; of any other it is not known what became, until its report comes, which has our
own number of it as `ext`.
"""

import hashlib
import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, NoReturn
from urllib.parse import urlsplit

import httpx
import structlog

from server.config import Sms
from server.gateways.breaker import Breaker
from server.gateways.calls import Calls, Observe, Retry, unobserved
from server.gateways.errors import ErrorTable
from server.gateways.transport import NoAnswer
from server.kit.clock import SHANGHAI, Clock
from server.kit.platform import Action, PlatformRefusal

log = structlog.get_logger()

_VERSION = "2021-01-11"
_SERVICE = "sms"
_JSON = "application/json; charset=utf-8"
_CONTEXT_BYTES = 511
_KNOWN_FOR = timedelta(seconds=30)
_LINK = re.compile(
    r"(?:https?://|www\.)\S*|(?<![A-Za-z0-9-])[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(?![A-Za-z])(?:/\S*)?",
    re.IGNORECASE,
)
_ANYTHING = "有新消息"
_UNFIT = re.compile("[【】¥￥★☆※\u2600-\u27bf\ufe0f\u200b-\u200d\U0001f000-\U0001faff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_YUAN = re.compile(r"[¥￥]\s*([0-9][0-9,.]*)(?:元)?")


class SmsRow(NamedTuple):
    """`number` is the one of the provider's older interface, for counting; 0 where it has none."""

    code: str
    number: int
    action: Action


def _rows(action: Action, *codes: tuple[str, int]) -> list[SmsRow]:
    return [SmsRow(code, number, action) for code, number in codes]


ROWS: tuple[SmsRow, ...] = (
    *_rows(
        Action.config_alert,
        ("AuthFailure", 0),
        ("UnauthorizedOperation", 0),
        ("InternalError.SigVerificationFail", 1001),
        ("InternalError.SigFieldMissing", 1003),
        ("UnauthorizedOperation.RequestPermissionDeny", 1006),
        ("UnauthorizedOperation.RequestIpNotInWhitelist", 1009),
        ("FailedOperation.SignatureIncorrectOrUnapproved", 1012),
        ("FailedOperation.TemplateIncorrectOrUnapproved", 1014),
        ("InvalidParameterValue.SdkAppIdNotExist", 1019),
        ("UnauthorizedOperation.SdkAppIdIsDisabled", 1020),
        ("InternalError.RequestTimeException", 1021),
        ("FailedOperation.MarketingSendTimeConstraint", 1029),
        ("FailedOperation.InsufficientBalanceInSmsPackage", 1031),
        ("UnauthorizedOperation.SerivceSuspendDueToArrears", 1033),
    ),
    *_rows(
        Action.drop_recipient,
        ("FailedOperation.PhoneNumberInBlacklist", 1015),
        ("FailedOperation.PhoneNumberOnBlacklist", 1015),
        ("InvalidParameterValue.IncorrectPhoneNumber", 1016),
        ("UnsupportedOperation.UnsuportedRegion", 1045),
    ),
    *_rows(
        Action.flag_content,
        ("FailedOperation.ContainSensitiveWord", 1002),
        ("InvalidParameter.DirtyWordFound", 1002),
        ("InvalidParameterValue.ProhibitedUseUrlInTemplateParameter", 1048),
    ),
    *_rows(
        Action.fix_data,
        ("InvalidParameterValue.ContentLengthLimit", 1017),
        ("InvalidParameterValue.TemplateParameterLengthLimit", 1036),
        ("InvalidParameterValue.TemplateParameterFormatError", 1038),
    ),
    *_rows(
        Action.throttle,
        ("RequestLimitExceeded", 0),
        ("LimitExceeded.DeliveryFrequencyLimit", 1013),
        ("LimitExceeded.PhoneNumberThirtySecondLimit", 1023),
    ),
    *_rows(
        Action.defer,
        ("LimitExceeded.PhoneNumberOneHourLimit", 1024),
        ("LimitExceeded.PhoneNumberDailyLimit", 1025),
    ),
    *_rows(Action.dedupe, ("LimitExceeded.PhoneNumberSameContentDailyLimit", 1026)),
    *_rows(
        Action.stop_until_tomorrow,
        ("LimitExceeded.AppDailyLimit", 1022),
        ("LimitExceeded.DailyLimit", 1047),
    ),
    *_rows(
        Action.bug,
        ("FailedOperation.FailResolvePacket", 1004),
        ("InternalError.JsonParseFail", 1004),
        ("InternalError.RestApiInterfaceNotExist", 1011),
        ("InvalidParameter", 0),
        ("InvalidParameterValue", 0),
        ("MissingParameter", 0),
        ("UnsupportedOperation", 0),
    ),
    *_rows(
        Action.retry,
        ("InternalError", 0),
        ("InternalError.OtherError", 1007),
        ("InternalError.Timeout", 1008),
        ("ResourceUnavailable", 0),
    ),
)
"""What each code means for us; one with a family of its own in front of the dot has its family's row where it has none.
`throttle` is about this number or this minute, `defer` about this number for hours, `dedupe` says that they have this
very message already. `retry` is no answer: the message may have gone."""
_FOUND = {row.code: row for row in ROWS}


def looked_up(code: str) -> SmsRow:
    """The row of the code, of its family, or one that says nobody documented it."""
    return _FOUND.get(code) or _FOUND.get(code.partition(".")[0]) or SmsRow(code, 0, Action.bug)


def fitted(text: str, own: Sms) -> str:
    """The one value of the template: on one line, without what the provider or a carrier refuses (links, brackets of a
    signature, pictures), and so short that the whole is one message."""
    plain = _UNFIT.sub("", _YUAN.sub(r"\1元", _CONTROL.sub(" ", text)))
    value = " ".join(_LINK.sub(" ", plain).split()).rstrip("。.，, ") or _ANYTHING
    return value if len(value) <= own.room else value[: own.room - 1].rstrip() + "…"


def authorization(
    secret_id: str, secret_key: str, service: str, host: str, action: str, timestamp: int, body: bytes
) -> str:
    """The header that signs a POST of JSON by TC3-HMAC-SHA256."""
    headers = f"content-type:{_JSON}\nhost:{host}\nx-tc-action:{action.lower()}\n"
    signed = "content-type;host;x-tc-action"
    request = f"POST\n/\n\n{headers}\n{signed}\n{hashlib.sha256(body).hexdigest()}"
    day = f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}"
    scope = f"{day}/{service}/tc3_request"
    message = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"TC3{secret_key}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, message.encode(), "sha256").hex()
    return f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, SignedHeaders={signed}, Signature={signature}"


class SmsGateway:
    """Raises PlatformRefusal and PlatformDown from every method."""

    configured = True

    def __init__(self, settings: Sms, *, clock: Clock | None = None, observe: Observe = unobserved) -> None:
        self._clock = clock or Clock()
        self._settings = settings
        self._http: httpx.AsyncClient | None = None
        self._known_at: datetime | None = None
        self._calls = Calls(
            table=ErrorTable(),
            token_api="send_sms",
            breaker=Breaker(self._clock),
            retry=Retry(),
            timeout_s=settings.timeout_s,
            observe=observe,
        )

    async def send(self, phone: str, text: str, out_id: str) -> str:
        """The provider's number of the message, by which it reports later. `text` says what it is about, in words that
        anybody may read over a shoulder: it is cut to fit. `out_id` is our own number of it.

        Raises PlatformDown with `uncertain` where it may have gone: never send that one again."""
        own = self._settings
        body = {
            "PhoneNumberSet": [phone if phone.startswith("+") else f"+86{phone}"],
            "SmsSdkAppId": own.app_id,
            "SignName": own.sign,
            "TemplateId": own.template_id,
            "TemplateParamSet": [fitted(text, own)],
            "SessionContext": out_id.encode()[:_CONTEXT_BYTES].decode(errors="ignore"),
        }
        return await self._calls.call("send_sms", lambda: self._send(body), repeatable=False)

    async def ping(self) -> None:
        """Returns when the provider knows us: it is asked what we have bought, ten times a second at most, so that what
        it said holds for a while."""
        now = self._clock.now()
        if self._known_at is not None and now - self._known_at < _KNOWN_FOR:
            return
        hour = now.astimezone(SHANGHAI)
        body = {
            "SmsSdkAppId": self._settings.app_id,
            "Limit": 1,
            "Offset": 0,
            "BeginTime": f"{hour - timedelta(hours=2):%Y%m%d%H}",
            "EndTime": f"{hour - timedelta(hours=1):%Y%m%d%H}",
        }
        await self._calls.call(
            "sms_packages", lambda: self._once("sms_packages", "SmsPackagesStatistics", body), repeatable=True
        )
        self._known_at = now

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def _send(self, body: dict[str, Any]) -> str:
        told = await self._once("send_sms", "SendSms", body)
        try:
            (one,) = told["SendStatusSet"]
            code, number = str(one["Code"]), str(one["SerialNo"])
        except (KeyError, TypeError, ValueError):
            raise NoAnswer("unreadable", sent=True) from None
        if code != "Ok":
            _refuse("send_sms", code)
        return number

    async def _once(self, api: str, action: str, body: dict[str, Any]) -> dict[str, Any]:
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=self._settings.timeout_s, trust_env=False)
        content = json.dumps(body, ensure_ascii=False).encode()
        url = self._settings.base_url.rstrip("/") + "/"
        try:
            answer = await self._http.post(url, headers=self._headers(action, content), content=content)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise NoAnswer("unreachable", sent=False) from None
        except httpx.HTTPError:
            raise NoAnswer("connection_lost", sent=True) from None
        if not answer.is_success:
            raise NoAnswer(f"http_{answer.status_code}", sent=True)
        return _read(api, answer)

    def _headers(self, action: str, content: bytes) -> dict[str, str]:
        own, timestamp = self._settings, int(self._clock.now().timestamp())
        host = urlsplit(own.base_url).netloc
        return {
            "Authorization": authorization(
                own.secret_id, own.secret_key, _SERVICE, host, action, timestamp, content
            ),
            "Content-Type": _JSON,
            "Host": host,
            "X-TC-Action": action,
            "X-TC-Version": _VERSION,
            "X-TC-Region": own.region,
            "X-TC-Timestamp": str(timestamp),
        }


def _read(api: str, answer: httpx.Response) -> dict[str, Any]:
    """What stands under `Response`; an error there is a refusal."""
    try:
        told = answer.json()["Response"]
        error = told.get("Error")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NoAnswer("unreadable", sent=True) from None
    if isinstance(error, dict):
        _refuse(api, str(error.get("Code", "")))
    found: dict[str, Any] = told
    return found


def _refuse(api: str, code: str) -> NoReturn:
    row = looked_up(code)
    if row.action is Action.retry:
        raise NoAnswer("busy", sent=True)
    log.warning("sms.refused", api=api, code=code, action=row.action)
    raise PlatformRefusal(api, row.number, code, row.action)
