"""The provider of short messages in the sandbox: what it checks, whom it refuses, and what it counts."""

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.gateways.sms import authorization
from server.sandbox import RealCredentials, SandboxConfig
from server.sandbox.sms_account import CODES, MAGIC, SmsAccount

from .phone import START, Phone

OWN = SmsAccount()
MOBILE = "13947700001"


def asked(**changes: Any) -> dict[str, Any]:
    body = {
        "PhoneNumberSet": [f"+86{MOBILE}"],
        "SmsSdkAppId": OWN.app_id,
        "SignName": OWN.sign,
        "TemplateId": OWN.template_id,
        "TemplateParamSet": ["审批要您补材料"],
        "SessionContext": "ours-1",
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def call(phone: Phone, body: Any, action: str = "SendSms", **changes: str) -> dict[str, Any]:
    """As the platform is called; `changes` are of headers, and of what is signed with."""
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    at = int(changes.pop("at", str(int(phone.clock.now().timestamp()))))
    signing = (changes.pop("secret_id", OWN.secret_id), changes.pop("secret_key", OWN.secret_key))
    host = phone.base.removeprefix("http://")
    headers = {
        "Authorization": authorization(*signing, "sms", host, action, at, content),
        "Content-Type": "application/json; charset=utf-8",
        "X-TC-Action": action,
        "X-TC-Version": "2021-01-11",
        "X-TC-Region": "ap-guangzhou",
        "X-TC-Timestamp": str(at),
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    answer = phone.http.post(f"{phone.base}/sms/", data=content, headers=headers, timeout=10)
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()["Response"]
    assert told["RequestId"]
    return told


def sent(phone: Phone, **changes: Any) -> str:
    """The code of one message."""
    told = call(phone, asked(**changes))
    (one,) = told["SendStatusSet"]
    assert bool(one["SerialNo"]) == (one["Code"] == "Ok")
    return str(one["Code"])


def error(told: dict[str, Any]) -> str:
    return str(told["Error"]["Code"])


def received(phone: Phone, mobile: str = MOBILE) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = phone.get("/_control/sms", phone=mobile)["items"]
    return items


def test_a_message_is_the_template_with_its_value_and_the_signature(phone: Phone) -> None:
    (one,) = call(phone, asked())["SendStatusSet"]
    assert (one["Code"], one["Fee"], one["SessionContext"]) == ("Ok", 1, "ours-1")
    (message,) = received(phone)
    assert (
        message["text"]
        == "【诃额伦街道】您有一件事请留意：审批要您补材料。请打开微信小程序“诃额伦社区”查看。"
    )
    assert (message["sid"], message["context"]) == (one["SerialNo"], "ours-1")


def test_who_signs_wrongly_sends_nothing(phone: Phone) -> None:
    late, early = int(START.timestamp()) - 301, int(START.timestamp()) + 301
    assert error(call(phone, asked(), secret_key="example-other")) == "AuthFailure.SignatureFailure"
    assert error(call(phone, asked(), secret_id="example-nobody")) == "AuthFailure.SecretIdNotFound"
    for at in (late, early):
        assert error(call(phone, asked(), at=str(at))) == "AuthFailure.SignatureExpire"
    for header in ("", "TC3-HMAC-SHA256", "Bearer x"):
        told = call(phone, asked(), Authorization=header)
        assert error(told) == "AuthFailure.InvalidAuthorization"
    assert error(call(phone, asked(), X_TC_Timestamp="now")) == "AuthFailure.InvalidAuthorization"
    moved = str(int(START.timestamp()) + 1)
    assert error(call(phone, asked(), X_TC_Timestamp=moved)) == "AuthFailure.SignatureFailure"
    assert received(phone) == []


def test_a_body_that_was_changed_on_the_way_is_not_believed(phone: Phone) -> None:
    at, host = int(START.timestamp()), phone.base.removeprefix("http://")
    content = json.dumps(asked()).encode()
    signed = authorization(OWN.secret_id, OWN.secret_key, "sms", host, "SendSms", at, content)
    told = call(phone, asked(TemplateParamSet=["别的"]), Authorization=signed)
    assert error(told) == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize(
    ("action", "header", "code"),
    [
        ("SendSmsTwice", {}, "InvalidAction"),
        ("SendSms", {"X_TC_Version": "2019-07-11"}, "NoSuchVersion"),
        ("SendSms", {"X_TC_Region": ""}, "MissingParameter"),
        ("SendSms", {"X_TC_Region": "mars"}, "UnsupportedRegion"),
    ],
)
def test_the_call_must_be_one_there_is(phone: Phone, action: str, header: dict[str, str], code: str) -> None:
    assert error(call(phone, asked(), action, **header)) == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SmsSdkAppId": "1"}, "UnauthorizedOperation.SmsSdkAppIdVerifyFail"),
        ({"TemplateId": None}, "MissingParameter"),
        ({"PhoneNumberSet": None}, "MissingParameter"),
        ({"PhoneNumberSet": []}, "MissingParameter.EmptyPhoneNumberSet"),
        ({"PhoneNumberSet": "13947700001"}, "InvalidParameter"),
        ({"TemplateParamSet": [1]}, "InvalidParameter"),
        ({"PhoneNumberSet": ["13947700001"] * 201}, "LimitExceeded.PhoneNumberCountLimit"),
        ({"SessionContext": "x" * 512}, "InvalidParameter"),
    ],
)
def test_a_request_that_is_wrong_as_a_whole_is_an_error(
    phone: Phone, changes: dict[str, Any], code: str
) -> None:
    assert error(call(phone, asked(**changes))) == code


def test_what_is_no_json_is_an_error(phone: Phone) -> None:
    half = rb'{"SmsSdkAppId": "1400006666", "SessionContext": "\ud800"}'
    for body in (b"", b"[]", b"{", b"\xff", b"[" * 10_000, half):
        assert error(call(phone, body)) == "InvalidParameter"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SignName": "别的街道"}, "FailedOperation.SignatureIncorrectOrUnapproved"),
        ({"TemplateId": "1"}, "FailedOperation.TemplateIncorrectOrUnapproved"),
        ({"TemplateParamSet": []}, "FailedOperation.TemplateIncorrectOrUnapproved"),
        ({"TemplateParamSet": ["一", "二"]}, "FailedOperation.TemplateIncorrectOrUnapproved"),
        (
            {"TemplateParamSet": ["看 www.example.com"]},
            "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
        ),
        ({"TemplateParamSet": ["长" * 36]}, "InvalidParameterValue.TemplateParameterLengthLimit"),
        ({"PhoneNumberSet": ["0477-8530000"]}, "InvalidParameterValue.IncorrectPhoneNumber"),
        ({"PhoneNumberSet": ["+85261234567"]}, "InvalidParameterValue.IncorrectPhoneNumber"),
    ],
)
def test_a_message_that_is_not_taken_has_its_own_code(
    phone: Phone, changes: dict[str, Any], code: str
) -> None:
    assert sent(phone, **changes) == code
    assert received(phone) == []


def test_the_same_words_to_the_same_phone_wait_for_half_a_minute(phone: Phone) -> None:
    assert sent(phone) == "Ok"
    assert sent(phone) == "LimitExceeded.PhoneNumberThirtySecondLimit"
    assert sent(phone, TemplateParamSet=["缴费成功"]) == "Ok"
    assert sent(phone, PhoneNumberSet=["13947700002"]) == "Ok"
    phone.advance(31)
    assert sent(phone) == "Ok"
    assert len(received(phone)) == 3


def test_a_phone_has_so_many_in_a_day_of_shanghai(phone: Phone) -> None:
    for number in range(OWN.per_day):
        assert sent(phone, TemplateParamSet=[f"第{number}件"]) == "Ok"
    assert sent(phone, TemplateParamSet=["再一件"]) == "LimitExceeded.PhoneNumberDailyLimit"
    assert sent(phone, PhoneNumberSet=["13947700002"]) == "Ok"
    phone.advance(24 * 3600)
    assert sent(phone, TemplateParamSet=["再一件"]) == "Ok"


@pytest.mark.parametrize("number", sorted(CODES))
def test_each_code_has_a_number_that_is_refused_with_it(phone: Phone, number: int) -> None:
    assert sent(phone, PhoneNumberSet=[f"{MAGIC}{number}"]) == CODES[number]


def test_faults_are_spent_by_the_name_of_the_call(phone: Phone) -> None:
    phone.fault("sms/SendSms", errcode=1022)
    assert sent(phone) == "LimitExceeded.AppDailyLimit"
    phone.fault("sms/SendSms", http_status=502)
    with pytest.raises(AssertionError):
        call(phone, asked())
    began = time.monotonic()
    phone.fault("sms/SendSms", delay_ms=80)
    assert sent(phone) == "Ok" and time.monotonic() - began >= 0.08
    assert phone.calls("/sms/SendSms") == 3


def test_what_was_bought_is_told_to_who_asks_rightly(phone: Phone) -> None:
    body = {
        "SmsSdkAppId": OWN.app_id,
        "Limit": 1,
        "Offset": 0,
        "BeginTime": "2026112408",
        "EndTime": "2026112409",
    }
    action = "SmsPackagesStatistics"
    assert call(phone, body, action)["SmsPackagesStatisticsSet"] == []
    assert error(call(phone, body | {"EndTime": "2026112408"}, action)).endswith("EndTimeVerifyFail")
    assert error(call(phone, body | {"BeginTime": 5}, action)).endswith("BeginTimeVerifyFail")
    assert error(call(phone, body | {"Limit": "1"}, action)) == "MissingParameter"


@given(
    st.dictionaries(
        st.sampled_from([*asked(), "X"]),
        st.none()
        | st.text()
        | st.integers()
        | st.lists(st.text() | st.sampled_from([MOBILE, "+86" + MOBILE, f"{MAGIC}1025", f"{MAGIC}9999"]))
        | st.dictionaries(st.text(), st.text()),
    )
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_asked_is_answered(phone: Phone, changes: dict[str, Any]) -> None:
    told = call(phone, asked() | changes)
    assert ("Error" in told) != ("SendStatusSet" in told)


def test_it_starts_beside_examples_only() -> None:
    with pytest.raises(RealCredentials):
        SandboxConfig(sms=SmsAccount(secret_key="AKIDreal"))


def test_short_messages_are_on_the_page_of_phones(phone: Phone) -> None:
    sent(phone)
    sent(phone, TemplateParamSet=["<b>缴费成功</b>"])
    for path in ("/", f"/messages/{MOBILE}"):
        page = phone.http.get(phone.base + path, timeout=10).text
        assert "【诃额伦街道】您有一件事请留意：审批要您补材料。" in page and MOBILE in page
        assert "&lt;b&gt;缴费成功" in page
