"""wx.login codes, session keys and phone numbers."""

import hashlib
import hmac

import pytest

from .phone import Phone, somebody


def signed(key: bytes) -> str:
    return hmac.new(key, b"", hashlib.sha256).hexdigest()


def check(phone: Phone, openid: str, session_key: str, path: str = "/wxa/checksession") -> dict:
    query = {"openid": openid, "sig_method": "hmac_sha256", "signature": signed(session_key.encode())}
    return phone.get(path, access_token=phone.token(), **query)


def test_a_code_becomes_an_openid_and_a_session_key_without_errcode(phone):
    openid = somebody()
    answer = phone.login(openid)
    assert set(answer) == {"openid", "session_key"}
    assert answer["openid"] == openid and len(answer["session_key"]) == 24


def test_unionid_is_there_only_when_bound(phone):
    openid = somebody()
    phone.control("users", openid=openid, unionid="u-1")
    assert phone.login(openid)["unionid"] == "u-1"


def test_a_code_works_once(phone):
    code = phone.login_code("o-1")
    assert phone.login("o-1", js_code=code)["openid"] == "o-1"
    assert phone.login("o-1", js_code=code)["errcode"] == 40029


def test_a_code_lives_five_minutes(phone):
    code, late = phone.login_code("o-1"), phone.login_code("o-1")
    phone.advance(299)
    assert phone.login("o-1", js_code=code)["openid"] == "o-1"
    phone.advance(1)
    assert phone.login("o-1", js_code=late)["errcode"] == 40029


def test_a_refused_login_does_not_spend_the_code(phone):
    code = phone.login_code("o-1")
    assert phone.login("o-1", js_code=code, secret="example-other")["errcode"] == 40001
    assert phone.login("o-1", js_code=code)["openid"] == "o-1"


def test_phone_codes_and_login_codes_are_not_interchangeable(phone):
    login = phone.login_code("o-1")
    number = phone.control("phone-codes", openid="o-1", phone="13800000001")["code"]
    assert phone.call("/wxa/business/getuserphonenumber", {"code": login})["errcode"] == 40029
    assert phone.login("o-1", js_code=number)["errcode"] == 40029


def test_a_second_login_keeps_a_living_session_key_and_replaces_a_lapsed_one(phone):
    first = phone.login("o-1")["session_key"]
    assert phone.login("o-1")["session_key"] == first
    phone.advance(3 * 86_400 + 1)
    assert check(phone, "o-1", first)["errcode"] == 87007
    assert phone.login("o-1")["session_key"] != first


def test_checksession_accepts_the_text_form_of_the_key(phone):
    session_key = phone.login("o-1")["session_key"]
    assert check(phone, "o-1", session_key) == {"errcode": 0, "errmsg": "ok"}


def test_checksession_can_be_switched_to_the_bytes_of_the_key(phones):
    import base64

    phone = phones(hmac_key="bytes")
    session_key = phone.login("o-1")["session_key"]
    assert check(phone, "o-1", session_key)["errcode"] == 87009
    query = {"openid": "o-1", "sig_method": "hmac_sha256", "signature": signed(base64.b64decode(session_key))}
    assert phone.get("/wxa/checksession", access_token=phone.token(), **query)["errcode"] == 0


def test_resetting_a_session_key_makes_the_old_one_useless(phone):
    old = phone.login("o-1")["session_key"]
    answer = check(phone, "o-1", old, "/wxa/resetusersessionkey")
    assert answer["openid"] == "o-1" and answer["session_key"] != old
    assert check(phone, "o-1", old)["errcode"] == 87009
    assert check(phone, "o-1", answer["session_key"])["errcode"] == 0


def test_a_phone_code_becomes_a_number_with_text_country_code(phone):
    code = phone.control("phone-codes", openid="o-1", phone="13800000001")["code"]
    info = phone.call("/wxa/business/getuserphonenumber", {"code": code, "openid": "o-1"})["phone_info"]
    assert (info["phoneNumber"], info["purePhoneNumber"], info["countryCode"]) == ("13800000001",) * 2 + (
        "86",
    )
    assert info["watermark"] == {"timestamp": int(phone.clock.now().timestamp()), "appid": phone.config.appid}
    assert phone.call("/wxa/business/getuserphonenumber", {"code": code})["errcode"] == 40029


def test_a_foreign_number_carries_its_area_code(phone):
    code = phone.control("phone-codes", openid="o-1", phone="+852 61234567")["code"]
    info = phone.call("/wxa/business/getuserphonenumber", {"code": code})["phone_info"]
    assert (info["phoneNumber"], info["purePhoneNumber"], info["countryCode"]) == (
        "85261234567",
        "61234567",
        "852",
    )


def test_a_phone_code_of_somebody_else_is_refused(phone):
    code = phone.control("phone-codes", openid="o-1", phone="13800000001")["code"]
    assert phone.call("/wxa/business/getuserphonenumber", {"code": code, "openid": "o-2"})["errcode"] == 40029


@pytest.mark.parametrize("name", ["appid", "secret", "js_code"])
def test_a_login_without_a_parameter_says_which(phone, name):
    missing = {"appid": 41002, "secret": 41004, "js_code": 41008}
    assert phone.login("o-1", **{name: ""})["errcode"] == missing[name]
