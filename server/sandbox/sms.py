"""The provider of short messages: `POST /sms/` stands for `https://sms.tencentcloudapi.com/`.

Sources: SendSms and SmsPackagesStatistics (2021-01-11), 签名方法 v3, 公共错误码 of Tencent Cloud. Every answer is a 200
with `Response` in it; a request that is wrong as a whole gets an `Error` there, a message that is not taken its `Code`.
"""

import asyncio
import hashlib
import hmac
import json
import re
import uuid
from datetime import UTC, datetime
from typing import Any

from msgspec import UNSET
from tornado.web import RequestHandler

from .faults import Fault
from .sms_account import CODES, MOST_CHARS
from .world import World

VERSION = "2021-01-11"
CLOCK_S = 300
_MOST_PHONES = 200
_CONTEXT_BYTES = 512
_REGIONS = ("ap-beijing", "ap-guangzhou", "ap-nanjing")
_SIGNED = re.compile(
    r"TC3-HMAC-SHA256 Credential=([^/\s]+)/(\d{4}-\d\d-\d\d)/sms/tc3_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)
_MOBILE = re.compile(r"(?:\+86|0086|86)?(1[3-9]\d{9})")
URL = re.compile(r"https?://|www\.|[a-z0-9-]+\.(?:com|cn|net|org)(?![a-z])", re.IGNORECASE)
SMS_DOOR = r"/sms/"
SMS_PATHS = ("/sms/SendSms", "/sms/SmsPackagesStatistics")


class Wrong(Exception):
    """The request as a whole, by its code."""


class SmsHandler(RequestHandler):
    """Faults are spent by the name of the call: `/sms/SendSms`. The `errcode` of one is a number of CODES."""

    def initialize(self, world: World) -> None:
        self.world = world

    async def post(self) -> None:
        action = self.request.headers.get("X-TC-Action", "")
        path = f"/sms/{action}"
        self.world.calls[path] += 1
        fault = self.world.faults.take(path)
        if fault is not None and not fault.after:
            await asyncio.sleep(fault.delay_s)
            if fault.spoils:
                return self.spoil(fault)
        try:
            told = await self.answer(action)
        except Wrong as wrong:
            told = {"Error": {"Code": str(wrong), "Message": f"{wrong}: as documented"}}
        if fault is not None and fault.after:
            await asyncio.sleep(fault.delay_s)
            if fault.spoils:
                return self.spoil(fault)
        self.give(told)

    def spoil(self, fault: Fault) -> None:
        if fault.drop:
            self.detach().close()
        elif fault.http_status is not UNSET:
            self.set_status(int(fault.http_status))
            self.finish(b"")
        else:
            code = CODES.get(int(fault.errcode), "InternalError") if fault.errcode is not UNSET else ""
            self.give({"SendStatusSet": [_status("", "", "", code)]})

    def give(self, told: dict[str, Any]) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"Response": told | {"RequestId": str(uuid.uuid4())}}, ensure_ascii=False))

    async def answer(self, action: str) -> dict[str, Any]:
        self.check_signature()
        headers = self.request.headers
        if action not in ("SendSms", "SmsPackagesStatistics"):
            raise Wrong("InvalidAction")
        if headers.get("X-TC-Version") != VERSION:
            raise Wrong("NoSuchVersion")
        if headers.get("X-TC-Region") not in _REGIONS:
            raise Wrong("UnsupportedRegion" if headers.get("X-TC-Region") else "MissingParameter")
        asked = self.read_body()
        if asked.get("SmsSdkAppId") != self.world.config.sms.app_id:
            raise Wrong("UnauthorizedOperation.SmsSdkAppIdVerifyFail")
        return await self.send(asked) if action == "SendSms" else packages(asked)

    def check_signature(self) -> None:
        account, headers = self.world.config.sms, self.request.headers
        found = _SIGNED.fullmatch(headers.get("Authorization", ""))
        timestamp = headers.get("X-TC-Timestamp", "")
        if found is None or not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
            raise Wrong("AuthFailure.InvalidAuthorization")
        secret_id, day, signed, signature = found.groups()
        if secret_id != account.secret_id:
            raise Wrong("AuthFailure.SecretIdNotFound")
        if abs(self.world.now_s - int(timestamp)) > CLOCK_S:
            raise Wrong("AuthFailure.SignatureExpire")
        right = signed_right(
            account.secret_key, self.request.body, dict(headers.get_all()), signed, day, int(timestamp)
        )
        needed = {"content-type", "host"} <= set(signed.split(";"))
        if not needed or not hmac.compare_digest(right, signature):
            raise Wrong("AuthFailure.SignatureFailure")

    def read_body(self) -> dict[str, Any]:
        try:
            asked = json.loads(self.request.body)
            json.dumps(asked, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            asked = None
        if not isinstance(asked, dict):
            raise Wrong("InvalidParameter")
        return asked

    async def send(self, asked: dict[str, Any]) -> dict[str, Any]:
        for name in ("PhoneNumberSet", "TemplateId"):
            if name not in asked:
                raise Wrong("MissingParameter")
        phones, values = asked["PhoneNumberSet"], asked.get("TemplateParamSet") or []
        if not all(_texts(one) for one in (phones, values)):
            raise Wrong("InvalidParameter")
        if not phones:
            raise Wrong("MissingParameter.EmptyPhoneNumberSet")
        if len(phones) > _MOST_PHONES:
            raise Wrong("LimitExceeded.PhoneNumberCountLimit")
        context = str(asked.get("SessionContext") or "")
        if len(context.encode()) >= _CONTEXT_BYTES:
            raise Wrong("InvalidParameter")
        text, number = self.composed(asked, values)
        return {"SendStatusSet": [await self.send_one(one, text, number, context) for one in phones]}

    def composed(self, asked: dict[str, Any], values: list[str]) -> tuple[str, int]:
        """The whole text, and the number of the code for which nobody gets it, or 0."""
        account = self.world.config.sms
        if asked.get("SignName") != account.sign:
            return "", 1012
        if asked["TemplateId"] != account.template_id or len(values) != account.template.count("{"):
            return "", 1014
        if any(URL.search(one) for one in values):
            return "", 1048
        if any(len(one) > account.longest for one in values):
            return "", 1036
        text = account.template
        for place, value in enumerate(values, 1):
            text = text.replace(f"{{{place}}}", value)
        text = f"【{account.sign}】{text}"
        return text, 1017 if len(text) > MOST_CHARS else 0

    async def send_one(self, phone: str, text: str, number: int, context: str) -> dict[str, Any]:
        mobile = _MOBILE.fullmatch(phone)
        if not number and mobile is None:
            number = 1016
        if not number and mobile is not None:
            number = self.world.sms.limited(mobile[1], text)
        if number or mobile is None:
            self.world.refused("/sms/SendSms", number)
            return _status("", phone, "", CODES[number])
        message = self.world.sms.take(mobile[1], text, context)
        await self.world.reports.begin(message)
        return _status(message.sid, f"+86{mobile[1]}", context, "Ok")


def packages(asked: dict[str, Any]) -> dict[str, Any]:
    begin, end = asked.get("BeginTime"), asked.get("EndTime")
    if not all(isinstance(asked.get(name), int) for name in ("Limit", "Offset")):
        raise Wrong("MissingParameter")
    if not all(isinstance(one, str) and re.fullmatch(r"\d{10}", one) for one in (begin, end)):
        raise Wrong("InvalidParameterValue.BeginTimeVerifyFail")
    if str(begin) >= str(end):
        raise Wrong("InvalidParameterValue.EndTimeVerifyFail")
    return {"SmsPackagesStatisticsSet": []}


def signed_right(
    secret_key: str, body: bytes, headers: dict[str, str], signed: str, day: str, timestamp: int
) -> str:
    """The signature that these headers and this body must have."""
    lowered = {name.lower(): value.strip().lower() for name, value in headers.items()}
    lines = "".join(f"{name}:{lowered.get(name, '')}\n" for name in signed.split(";"))
    request = "\n".join(["POST", "/", "", lines, signed, hashlib.sha256(body).hexdigest()])
    if f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}" != day:
        return ""
    scope = f"{day}/sms/tc3_request"
    to_sign = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = b"TC3" + secret_key.encode()
    for part in (day, "sms", "tc3_request", to_sign):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


def _status(sid: str, phone: str, context: str, code: str) -> dict[str, Any]:
    return {
        "SerialNo": sid,
        "PhoneNumber": phone,
        "Fee": 1 if sid else 0,
        "SessionContext": context,
        "Code": code,
        "Message": "send success" if sid else code,
        "IsoCode": "CN",
    }


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
