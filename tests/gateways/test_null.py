"""The null twins: same methods, same refusals of bad values, nobody reached and nobody let in."""

import inspect

import pytest

from server.gateways.null import NullSms, NullWeChat, NullWeCom
from server.gateways.sms import SmsGateway
from server.gateways.wechat import LoginResult, WeChat
from server.gateways.wecom import WeCom
from server.kit.platform import OutsideCompany, PlatformDown, PlatformRefusal


def methods(facade):
    return {
        name: inspect.signature(method)
        for name, method in inspect.getmembers(facade, inspect.iscoroutinefunction)
        if not name.startswith("_")
    }


@pytest.mark.parametrize(("null", "real"), [(NullWeChat, WeChat), (NullWeCom, WeCom), (NullSms, SmsGateway)])
def test_a_twin_has_the_methods_of_the_real_one(null, real):
    assert methods(null) == methods(real)


async def test_what_was_asked_is_recorded_in_order():
    wechat = NullWeChat()
    await wechat.send_subscribe("o-zhang", "tmpl-1", {"thing1": "理发"}, "pages/home/index")
    assert await wechat.check_text("o-zhang", "好", 2) == "review"
    assert (await wechat.wxacode("g=1", "pages/home/index")).startswith(b"\x89PNG")
    assert [name for name, _ in wechat.calls] == ["send_subscribe", "check_text", "wxacode"]
    assert wechat.calls[0][1]["data"] == {"thing1": "理发"}


async def test_nobody_logs_in_where_no_platform_can_say_who_it_is():
    for ask in (
        NullWeChat().code_to_session("code"),
        NullWeChat().phone_number("code", "o"),
        NullWeCom().userid_of("code"),
    ):
        with pytest.raises(PlatformDown) as down:
            await ask
        assert down.value.reason == "not_configured"


async def test_people_who_were_given_log_in():
    zhang = LoginResult("o-zhang", "key")
    wechat = NullWeChat(logins={"code": zhang}, phones={"code": "13800000000"})
    wecom = NullWeCom(members={"code": "demo-clerk", "stranger": ""})
    assert await wechat.code_to_session("code") == zhang
    assert await wechat.phone_number("code", "o-zhang") == "13800000000"
    assert await wecom.userid_of("code") == "demo-clerk"
    with pytest.raises(OutsideCompany):
        await wecom.userid_of("stranger")


async def test_a_bad_value_is_refused_as_the_real_one_refuses_it():
    wechat = NullWeChat()
    with pytest.raises(PlatformRefusal):
        await wechat.send_subscribe("o-zhang", "tmpl-1", {"date1": "明天上午"})
    assert wechat.calls == []
