"""The gateway for short messages against the provider in the sandbox, and against one that answers strangely."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs
from tornado.httpclient import AsyncHTTPClient

from server.config import ONE_SMS, Sms
from server.gateways.null import NullSms
from server.gateways.sms import ROWS, SmsGateway, authorization, fitted, looked_up
from server.kit.clock import SettableClock
from server.kit.platform import Action, PlatformDown, PlatformRefusal
from server.sandbox import SandboxConfig, make_sandbox
from server.sandbox.sms import URL
from server.sandbox.sms_account import CODES, MAGIC, SmsAccount

from .scripted import Platform, served

OWN = SmsAccount()
PHONE = "13947700001"
SEND = "/sms/SendSms"
DOCUMENTED: dict[str, Action] = {
    "FailedOperation.ContainSensitiveWord": Action.flag_content,
    "FailedOperation.FailResolvePacket": Action.bug,
    "FailedOperation.InsufficientBalanceInSmsPackage": Action.config_alert,
    "FailedOperation.MarketingSendTimeConstraint": Action.config_alert,
    "FailedOperation.PhoneNumberInBlacklist": Action.drop_recipient,
    "FailedOperation.SignatureIncorrectOrUnapproved": Action.config_alert,
    "FailedOperation.TemplateIncorrectOrUnapproved": Action.config_alert,
    "InvalidParameterValue.ContentLengthLimit": Action.fix_data,
    "InvalidParameterValue.IncorrectPhoneNumber": Action.drop_recipient,
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": Action.flag_content,
    "InvalidParameterValue.SdkAppIdNotExist": Action.config_alert,
    "InvalidParameterValue.TemplateParameterFormatError": Action.fix_data,
    "InvalidParameterValue.TemplateParameterLengthLimit": Action.fix_data,
    "LimitExceeded.AppDailyLimit": Action.stop_until_tomorrow,
    "LimitExceeded.DailyLimit": Action.stop_until_tomorrow,
    "LimitExceeded.DeliveryFrequencyLimit": Action.throttle,
    "LimitExceeded.PhoneNumberDailyLimit": Action.defer,
    "LimitExceeded.PhoneNumberOneHourLimit": Action.defer,
    "LimitExceeded.PhoneNumberSameContentDailyLimit": Action.dedupe,
    "LimitExceeded.PhoneNumberThirtySecondLimit": Action.throttle,
    "UnauthorizedOperation.RequestIpNotInWhitelist": Action.config_alert,
    "UnauthorizedOperation.RequestPermissionDeny": Action.config_alert,
    "UnauthorizedOperation.SdkAppIdIsDisabled": Action.config_alert,
    "UnauthorizedOperation.SerivceSuspendDueToArrears": Action.config_alert,
    "UnsupportedOperation.UnsuportedRegion": Action.drop_recipient,
    "InternalError.OtherError": Action.retry,
    "InternalError.Timeout": Action.retry,
}
"""What we do about each code that the page of SendSms names and the sandbox can answer."""


def settings(url: str, **changes: Any) -> Sms:
    own = Sms(
        base_url=f"{url}/sms",
        secret_id=OWN.secret_id,
        secret_key=OWN.secret_key,
        app_id=OWN.app_id,
        template_id=OWN.template_id,
        timeout_s=20.0,
    )
    return structs.replace(own, **changes)


class Provider:
    """A sandbox with its clock, and a gateway pointed at it; `seen` is what the gateway counted."""

    def __init__(self, url: str, clock: SettableClock, **changes: Any) -> None:
        self.url, self.clock = url, clock
        self.seen: list[tuple[str, str]] = []
        self.sms = SmsGateway(settings(url, **changes), clock=clock, observe=self.count)

    def count(self, api: str, outcome: str, _seconds: float) -> None:
        self.seen.append((api, outcome))

    async def fault(self, **body: Any) -> None:
        body = {"path": SEND} | body
        await AsyncHTTPClient().fetch(f"{self.url}/_control/faults", method="POST", body=json.dumps(body))

    async def received(self, phone: str = PHONE) -> list[dict[str, Any]]:
        fetched = await AsyncHTTPClient().fetch(f"{self.url}/_control/sms?phone={phone}")
        items: list[dict[str, Any]] = json.loads(fetched.body)["items"]
        return items

    async def calls(self) -> int:
        fetched = await AsyncHTTPClient().fetch(f"{self.url}/_control/stats")
        return int(json.loads(fetched.body)["calls"].get(SEND, 0))


@asynccontextmanager
async def provider(clock: SettableClock, **changes: Any) -> AsyncIterator[Provider]:
    async with served(make_sandbox(SandboxConfig(), clock).application) as url:
        here = Provider(url, clock, **changes)
        try:
            yield here
        finally:
            await here.sms.close()


def test_a_request_is_signed_as_the_providers_own_example_is() -> None:
    body = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    masked = "*" * 32
    signed = authorization(
        f"AKID{masked}", masked, "cvm", "cvm.tencentcloudapi.com", "DescribeInstances", 1551113065, body
    )
    assert signed == (
        f"TC3-HMAC-SHA256 Credential=AKID{masked}/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host;x-tc-action, "
        "Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
    )


async def test_a_message_is_on_the_phone_with_our_number_of_it(clock: SettableClock) -> None:
    async with provider(clock) as here:
        number = await here.sms.send(PHONE, "审批要您补材料", "ours-1")
        (one,) = await here.received()
    assert one["text"] == "【诃额伦街道】您有一件事请留意：审批要您补材料。请打开微信小程序“诃额伦社区”查看。"
    assert (one["sid"], one["context"]) == (number, "ours-1")
    assert here.seen == [("send_sms", "ok")]


def test_the_sandbox_has_approved_what_we_send_by_default() -> None:
    own = Sms()
    assert (own.template, own.sign, own.longest) == (OWN.template, OWN.sign, OWN.longest)


@pytest.mark.parametrize("number", sorted(CODES))
async def test_each_code_means_what_is_written_beside_it(clock: SettableClock, number: int) -> None:
    action = DOCUMENTED[CODES[number]]
    async with provider(clock) as here:
        if action is Action.retry:
            with pytest.raises(PlatformDown) as down:
                await here.sms.send(f"{MAGIC}{number}", "审批要您补材料", "ours-1")
            assert (down.value.reason, down.value.uncertain) == ("busy", True)
        else:
            with pytest.raises(PlatformRefusal) as refused:
                await here.sms.send(f"{MAGIC}{number}", "审批要您补材料", "ours-1")
            said = refused.value
            assert (said.action, said.errcode, said.errmsg) == (action, number, CODES[number])
            assert here.seen == [("send_sms", str(number))]
        assert await here.calls() == 1


def test_no_documented_code_is_without_a_row_and_a_test() -> None:
    assert set(CODES.values()) == set(DOCUMENTED)
    assert set(DOCUMENTED) <= {row.code for row in ROWS}
    assert len({row.code for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(
    ("code", "action"),
    [
        ("AuthFailure.SignatureFailure", Action.config_alert),
        ("UnauthorizedOperation.SmsSdkAppIdVerifyFail", Action.config_alert),
        ("RequestLimitExceeded.IPLimitExceeded", Action.throttle),
        ("MissingParameter.EmptyPhoneNumberSet", Action.bug),
        ("InternalError.UnknownError", Action.retry),
        ("NobodyKnows", Action.bug),
    ],
)
def test_a_code_without_a_row_is_read_by_its_family(code: str, action: Action) -> None:
    assert looked_up(code).action is action


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"secret_key": "example-other"}, "AuthFailure.SignatureFailure"),
        ({"secret_id": "example-nobody"}, "AuthFailure.SecretIdNotFound"),
        ({"app_id": "1"}, "UnauthorizedOperation.SmsSdkAppIdVerifyFail"),
        ({"template_id": "1"}, "FailedOperation.TemplateIncorrectOrUnapproved"),
        ({"sign": "别的街道"}, "FailedOperation.SignatureIncorrectOrUnapproved"),
    ],
)
async def test_what_is_set_wrongly_here_calls_for_an_operator(
    clock: SettableClock, changes: dict[str, Any], code: str
) -> None:
    async with provider(clock, **changes) as here:
        with pytest.raises(PlatformRefusal) as refused:
            await here.sms.send(PHONE, "审批要您补材料", "ours-1")
        assert (refused.value.errmsg, refused.value.action) == (code, Action.config_alert)
        assert await here.received() == []


async def test_a_clock_that_is_off_calls_for_an_operator(clock: SettableClock) -> None:
    async with provider(clock) as here:
        late = SettableClock(clock.now() - timedelta(minutes=6))
        sms = SmsGateway(settings(here.url), clock=late)
        with pytest.raises(PlatformRefusal) as refused:
            await sms.send(PHONE, "审批要您补材料", "ours-1")
        await sms.close()
    assert (refused.value.errmsg, refused.value.action) == (
        "AuthFailure.SignatureExpire",
        Action.config_alert,
    )


async def test_the_providers_limits_come_back_as_what_to_do(clock: SettableClock) -> None:
    async with provider(clock) as here:
        await here.sms.send(PHONE, "第一件", "ours-0")
        with pytest.raises(PlatformRefusal) as refused:
            await here.sms.send(PHONE, "第一件", "ours-0")
        assert refused.value.action is Action.throttle
        for number in range(1, OWN.per_day):
            await here.sms.send(PHONE, f"第{number}件", f"ours-{number}")
        with pytest.raises(PlatformRefusal) as refused:
            await here.sms.send(PHONE, "还有一件", "ours-11")
        assert refused.value.action is Action.defer


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("trouble", [{"drop": True}, {"http_status": 502}, {"delay_ms": 6_000}])
async def test_what_may_have_gone_is_uncertain_and_not_sent_again(
    clock: SettableClock, trouble: dict[str, Any], after: bool
) -> None:
    async with provider(clock, timeout_s=2.0 if "delay_ms" in trouble else 20.0) as here:
        await here.fault(**trouble, after=after)
        with pytest.raises(PlatformDown) as down:
            await here.sms.send(PHONE, "审批要您补材料", "ours-1")
        assert down.value.uncertain
        assert await here.calls() == 1
        assert len(await here.received()) == (1 if after else 0)


async def test_a_provider_that_cannot_be_reached_is_asked_again_and_has_nothing(clock: SettableClock) -> None:
    here = Provider("http://127.0.0.1:9", clock)
    with pytest.raises(PlatformDown) as down:
        await here.sms.send(PHONE, "审批要您补材料", "ours-1")
    await here.sms.close()
    assert (down.value.reason, down.value.uncertain) == ("unreachable", False)


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        b"[]",
        b'{"Response": []}',
        {"Response": {}},
        {"Response": {"SendStatusSet": []}},
        {"Response": {"SendStatusSet": [{"Code": "Ok"}]}},
        {"Response": {"SendStatusSet": [{}, {}]}},
    ],
)
async def test_a_strange_answer_is_no_answer(clock: SettableClock, answer: Any) -> None:
    platform = Platform(answer)
    async with served(platform.application()) as url:
        sms = SmsGateway(settings(url), clock=clock)
        with pytest.raises(PlatformDown) as down:
            await sms.send(PHONE, "审批要您补材料", "ours-1")
        await sms.close()
    assert (down.value.reason, down.value.uncertain) == ("unreadable", True)


async def test_a_provider_that_does_not_answer_is_left_alone_for_a_while(clock: SettableClock) -> None:
    async with provider(clock) as here:
        await here.fault(http_status=503, times=50)
        reasons = []
        for number in range(8):
            with pytest.raises(PlatformDown) as down:
                await here.sms.send(PHONE, f"第{number}件", "ours")
            reasons.append(down.value.reason)
        assert reasons[-1] == "breaker_open" and not down.value.uncertain
        assert await here.calls() < 8


async def test_it_can_be_pinged_without_a_message(clock: SettableClock) -> None:
    async with provider(clock) as here:
        for _ in range(3):
            await here.sms.ping()
        assert here.seen == [("sms_packages", "ok")] and await here.calls() == 0
        clock.advance(timedelta(seconds=31))
        await here.sms.ping()
        assert len(here.seen) == 2
    async with provider(clock, secret_key="example-other") as here:
        with pytest.raises(PlatformRefusal):
            await here.sms.ping()


async def test_many_at_once_are_each_sent_once(clock: SettableClock) -> None:
    async with provider(clock) as here:
        phones = [f"1394770{number:04}" for number in range(40)]
        numbers = await asyncio.gather(*(here.sms.send(one, "缴费成功", one) for one in phones))
        assert len(set(numbers)) == 40 and await here.calls() == 40


async def test_where_no_provider_is_configured_nobody_gets_one() -> None:
    null = NullSms()
    assert (null.configured, SmsGateway.configured) == (False, True)
    with pytest.raises(PlatformRefusal) as refused:
        await null.send(PHONE, "审批要您补材料", "ours-1")
    assert refused.value.action is Action.config_alert
    await null.ping()
    await null.close()


def whole(text: str) -> str:
    own = Sms()
    return f"【{own.sign}】{own.template.replace('{1}', fitted(text, own))}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("审批要您补材料。", "审批要您补材料"),
        ("  第一行\n第二行\t完 ", "第一行 第二行 完"),
        ("【重要】请到窗口", "重要请到窗口"),
        ("应付¥12.50，请尽快", "应付12.50元，请尽快"),
        ("点 https://bad.example.com/x?y=1 看", "点 看"),
        ("看 www.bad.cn", "看"),
        ("看bad.cn好", "看 好"),
        ("https://bad.cn", "有新消息"),
        ("距离 3.5 公里，11.27 前", "距离 3.5 公里，11.27 前"),
        ("好★的☞", "好的"),
        ("𠮷师傅的车🚗到了", "𠮷师傅的车到了"),
        ("一" * 35, "一" * 35),
        ("一" * 36, "一" * 34 + "…"),
    ],
)
def test_a_value_is_made_such_that_it_is_taken(text: str, value: str) -> None:
    assert fitted(text, Sms()) == value


@given(st.text(max_size=300) | st.text("wW.:/htTpscomn-看¥5★【】 \n", max_size=120))
@example("看bad.cn好")
@example("w★ww. bad")
@example("字" * 500)
@example("{1}{2}")
def test_the_whole_is_one_message_and_taken_whatever_is_said(text: str) -> None:
    told = whole(text)
    assert len(told) <= ONE_SMS and "\n" not in told and "\x00" not in told
    assert not URL.search(fitted(text, Sms())) and not re.search("[【】¥]", fitted(text, Sms()))
