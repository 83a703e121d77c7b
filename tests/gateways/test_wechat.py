"""What WeChat is asked, and what its answers become."""

import asyncio

import pytest

from server.gateways.wechat import LoginResult
from server.kit.platform import Action, PlatformDown, PlatformRefusal

from .scripted import Platform, wechat_at

LOGGED_IN = {"openid": "o-zhang", "session_key": "tiihtNczf5v6AKRyjwEUhQ==", "unionid": "u-zhang"}
PHONE = {"phoneNumber": "13800000000", "purePhoneNumber": "13800000000", "countryCode": "86"}
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"


async def test_a_login_is_asked_with_the_secret_and_without_a_token(clock):
    platform = Platform(LOGGED_IN)
    async with wechat_at(platform, clock) as wechat:
        result = await wechat.code_to_session("code-1")
    assert result == LoginResult("o-zhang", "tiihtNczf5v6AKRyjwEUhQ==", "u-zhang")
    assert platform.asked == [
        (
            "GET /sns/jscode2session",
            {
                "appid": "wxdemo0000000000",
                "secret": "example-wechat-secret",
                "js_code": "code-1",
                "grant_type": "authorization_code",
            },
            {},
        )
    ]
    assert platform.tokens_asked == []


async def test_a_login_without_unionid_and_with_errcode_0_is_a_login(clock):
    platform = Platform({"errcode": 0, "errmsg": "ok", "openid": "o-li", "session_key": "k"})
    async with wechat_at(platform, clock) as wechat:
        assert (await wechat.code_to_session("code")).unionid is None


def test_a_session_key_does_not_show_in_a_log_line():
    assert "tiih" not in repr(LoginResult("o-zhang", "tiihtNczf5v6AKRyjwEUhQ=="))


@pytest.mark.parametrize(
    ("info", "number"),
    [
        (PHONE, "13800000000"),
        ({**PHONE, "countryCode": 86}, "13800000000"),
        ({**PHONE, "phoneNumber": "+97699112233", "countryCode": "976"}, "+97699112233"),
    ],
)
async def test_a_phone_number_is_bare_at_home_and_full_abroad(clock, info, number):
    platform = Platform({"errcode": 0, "errmsg": "ok", "phone_info": info})
    async with wechat_at(platform, clock) as wechat:
        assert await wechat.phone_number("code", "o-zhang") == number
    asked, query, body = platform.asked[0]
    assert (asked, query) == ("POST /wxa/business/getuserphonenumber", {"access_token": "token-1"})
    assert body == {"code": "code", "openid": "o-zhang"}


async def test_a_session_is_checked_by_an_hmac_and_a_dead_one_asks_for_a_new_login(clock):
    platform = Platform()
    async with wechat_at(platform, clock) as wechat:
        await wechat.check_session("o-zhang", "tiihtNczf5v6AKRyjwEUhQ==")
        platform.usual = {"errcode": 87009, "errmsg": "invalid signature"}
        with pytest.raises(PlatformRefusal) as refused:
            await wechat.check_session("o-zhang", "old")
    assert refused.value.action is Action.relogin
    asked, query, _ = platform.asked[0]
    assert asked == "GET /wxa/checksession"
    assert query["sig_method"] == "hmac_sha256"
    assert query["signature"] == "7154f9f8b4b76b92f541cbf0e37d48840fa06e5e42da92a6f80168a1516a4735"


async def test_a_message_carries_its_state_and_language_and_its_words_as_utf8(clock):
    platform = Platform()
    async with wechat_at(platform, clock) as wechat:
        await wechat.send_subscribe(
            "o-zhang", "tmpl-1", {"thing1": "上门理发"}, "pages/home/index", state="trial"
        )
        await wechat.send_subscribe("o-zhang", "tmpl-1", {"thing1": "上门理发"})
    asked, _, body = platform.asked[0]
    assert asked == "POST /cgi-bin/message/subscribe/send"
    assert body == {
        "touser": "o-zhang",
        "template_id": "tmpl-1",
        "data": {"thing1": {"value": "上门理发"}},
        "page": "pages/home/index",
        "miniprogram_state": "trial",
        "lang": "zh_CN",
    }
    assert "page" not in platform.asked[1][2]


async def test_a_value_too_long_for_its_type_is_shortened(clock):
    platform = Platform()
    async with wechat_at(platform, clock) as wechat:
        await wechat.send_subscribe("o-zhang", "tmpl-1", {"thing1": "长" * 21})
    assert platform.asked[0][2]["data"] == {"thing1": {"value": "长" * 19 + "…"}}


async def test_a_value_that_breaks_its_rule_is_refused_before_it_is_sent(clock):
    platform = Platform()
    async with wechat_at(platform, clock) as wechat:
        with pytest.raises(PlatformRefusal) as refused:
            await wechat.send_subscribe("o-zhang", "tmpl-1", {"date1": "明天上午"})
    assert (refused.value.errcode, refused.value.action) == (47003, Action.fix_data)
    assert platform.asked == []


async def test_a_long_text_is_judged_by_its_worst_piece(clock):
    platform = Platform({"errcode": 0, "result": {"suggest": "pass", "label": 100}})
    platform.script.append({"errcode": 0, "result": {"suggest": "review", "label": 20001}})
    async with wechat_at(platform, clock) as wechat:
        assert await wechat.check_text("o-zhang", "字" * 5_001, 2) == "review"
        assert await wechat.check_text("o-zhang", "好", 2) == "pass"
        assert await wechat.check_text("o-zhang", "", 2) == "pass"
    bodies = [body for _, _, body in platform.asked]
    assert sorted(len(body["content"]) for body in bodies) == [1, 1, 2_500, 2_500]
    assert all((body["version"], body["scene"], body["openid"]) == (2, 2, "o-zhang") for body in bodies)


async def test_a_code_image_is_bytes_and_its_refusal_is_json(clock):
    platform = Platform(JPEG)
    async with wechat_at(platform, clock) as wechat:
        assert await wechat.wxacode("g=1", "pages/home/index", check_path=False) == JPEG
        platform.usual = {"errcode": 41030, "errmsg": "invalid page"}
        with pytest.raises(PlatformRefusal) as refused:
            await wechat.wxacode("g=1", "nowhere")
    assert refused.value.action is Action.config_alert
    assert platform.asked[0][2]["check_path"] is False


@pytest.mark.parametrize(
    ("errcode", "action"),
    [(40029, Action.ask_new_code), (40226, Action.refuse_login), (45011, Action.throttle)],
)
async def test_a_refused_login_says_what_to_do_and_keeps_the_platforms_words_apart(clock, errcode, action):
    platform = Platform({"errcode": errcode, "errmsg": "do not show rid: 123"})
    async with wechat_at(platform, clock) as wechat:
        with pytest.raises(PlatformRefusal) as refused:
            await wechat.code_to_session("code")
    refusal = refused.value
    assert (refusal.api, refusal.errcode, refusal.action) == ("code_to_session", errcode, action)
    assert "rid" in refusal.errmsg
    assert "rid" not in str(refusal)
    assert len(platform.asked) == 1


@pytest.mark.parametrize(
    "nonsense", [b"<html>login to the network</html>", b"[]", b"7", b'{"errcode": "x"}', {"openid": ""}, b""]
)
async def test_an_answer_that_makes_no_sense_is_no_answer(clock, nonsense):
    async with wechat_at(Platform(nonsense), clock) as wechat:
        with pytest.raises(PlatformDown) as down:
            await wechat.code_to_session("code")
        assert (down.value.reason, down.value.uncertain) == ("unreadable", True)


async def test_every_call_is_observed_with_its_outcome(clock):
    seen = []
    platform = Platform(LOGGED_IN)
    platform.script.extend([{"errcode": 40029, "errmsg": "x"}, 502])
    async with wechat_at(platform, clock, observe=lambda *one: seen.append(one)) as wechat:
        await asyncio.gather(*(wechat.code_to_session("code") for _ in range(3)), return_exceptions=True)
    assert sorted(outcome for _, outcome, _ in seen) == ["40029", "http_502", "ok"]
    assert all(api == "code_to_session" and 0 <= seconds < 5 for api, _, seconds in seen)
