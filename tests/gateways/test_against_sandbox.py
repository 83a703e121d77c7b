"""The gateways against the sandbox, which answers as the platforms' pages say; the stock SDK beside them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from tornado.httpclient import AsyncHTTPClient
from wechatpy.client import WeChatClient
from wechatpy.client.api import WeChatWxa

from server.gateways.breaker import Breaker, State
from server.gateways.wechat import WeChat
from server.gateways.wecom import WeCom
from server.kit.clock import SettableClock
from server.kit.platform import Action, OutsideCompany, PlatformDown, PlatformRefusal
from server.sandbox import SandboxConfig, make_sandbox

from .scripted import AT_ONCE, Platform, served, wecom_at

CONFIG = SandboxConfig()
TOKEN = "/cgi-bin/stable_token"
LOGIN = "/sns/jscode2session"
CHECK = "/wxa/checksession"
SEND = "/cgi-bin/message/subscribe/send"
NOTICE = (
    "tmpl-street-notice",
    {"thing1": "残疾人证换领", "time2": "2026年3月2日 09:30", "thing3": "请带身份证"},
)


class Street:
    """A sandbox, both gateways pointed at it, and its controls."""

    def __init__(self, url: str, clock: SettableClock, timeout_s: float) -> None:
        self.url = url
        self.breaker = Breaker(clock, failures=3, cool_off_s=10)
        options: dict[str, Any] = {"clock": clock, "retry": AT_ONCE, "timeout_s": timeout_s}
        self.wechat = WeChat(url, CONFIG.appid, CONFIG.secret, breaker=self.breaker, **options)
        self.wecom = WeCom(url, CONFIG.corpid, CONFIG.corpsecret, **options)

    async def control(self, name: str, **body: Any) -> dict[str, Any]:
        fetched = await AsyncHTTPClient().fetch(
            f"{self.url}/_control/{name}", method="POST", body=json.dumps(body)
        )
        return json.loads(fetched.body)

    async def told(self, name: str, **query: str) -> dict[str, Any]:
        fetched = await AsyncHTTPClient().fetch(f"{self.url}/_control/{name}?{urlencode(query)}")
        return json.loads(fetched.body)

    async def clear_faults(self) -> None:
        await AsyncHTTPClient().fetch(f"{self.url}/_control/faults", method="DELETE")

    async def calls(self, path: str) -> int:
        return (await self.told("stats"))["calls"].get(path, 0)

    async def login(self, openid: str = "o-zhang") -> Any:
        code = (await self.control("codes", openid=openid))["code"]
        return await self.wechat.code_to_session(code)


@asynccontextmanager
async def street(clock: SettableClock, timeout_s: float = 3.0) -> AsyncIterator[Street]:
    async with served(make_sandbox(CONFIG, clock).application) as url:
        here = Street(url, clock, timeout_s)
        try:
            yield here
        finally:
            await here.wechat.close()
            await here.wecom.close()


async def test_a_resident_logs_in_gives_a_phone_number_and_keeps_the_session(clock):
    async with street(clock) as here:
        zhang = await here.login()
        assert zhang.openid == "o-zhang"
        await here.wechat.check_session(zhang.openid, zhang.session_key)
        code = (await here.control("phone-codes", openid="o-zhang", phone="13800000000"))["code"]
        assert await here.wechat.phone_number(code, "o-zhang") == "13800000000"
        abroad = (await here.control("phone-codes", openid="o-zhang", phone="+852 61234567"))["code"]
        assert await here.wechat.phone_number(abroad, "o-zhang") == "85261234567"


async def test_a_code_works_once_and_for_nobody_else(clock):
    async with street(clock) as here:
        code = (await here.control("codes", openid="o-zhang"))["code"]
        phone = (await here.control("phone-codes", openid="o-zhang", phone="13800000000"))["code"]
        await here.wechat.code_to_session(code)
        for ask in (
            here.wechat.code_to_session(code),
            here.wechat.code_to_session("made-up"),
            here.wechat.phone_number(code, "o-zhang"),
            here.wechat.phone_number(phone, "o-li"),
        ):
            with pytest.raises(PlatformRefusal) as refused:
                await ask
            assert (refused.value.errcode, refused.value.action) == (40029, Action.ask_new_code)


async def test_a_risk_user_is_refused_and_a_lost_session_asks_for_a_login(clock):
    async with street(clock) as here:
        zhang = await here.login()
        await here.control("users", openid="o-zhang", session_lost=True)
        with pytest.raises(PlatformRefusal) as lost:
            await here.wechat.check_session("o-zhang", zhang.session_key)
        await here.control("users", openid="o-zhang", blocked=True)
        with pytest.raises(PlatformRefusal) as blocked:
            await here.login()
    assert lost.value.action is Action.relogin
    assert (blocked.value.errcode, blocked.value.action) == (40226, Action.refuse_login)


async def test_a_message_arrives_and_without_a_subscription_there_is_no_credit(clock):
    template, data = NOTICE
    async with street(clock) as here:
        await here.login()
        with pytest.raises(PlatformRefusal) as unsubscribed:
            await here.wechat.send_subscribe("o-zhang", template, data)
        await here.control("subscribe", openid="o-zhang", template_id=template, result="accept")
        await here.wechat.send_subscribe("o-zhang", template, data, "pages/home/index", state="trial")
        [message] = (await here.told("messages", openid="o-zhang"))["items"]
    assert (unsubscribed.value.errcode, unsubscribed.value.action) == (43101, Action.zero_credit)
    assert message["data"] == data
    assert (message["page"], message["miniprogram_state"]) == ("pages/home/index", "trial")


async def test_text_is_checked_and_a_code_image_is_drawn(clock):
    async with street(clock) as here:
        await here.login()
        assert await here.wechat.check_text("o-zhang", "楼道灯坏了", 2) == "pass"
        image = await here.wechat.wxacode("g=1", "pages/home/index")
        assert image[:1] in (b"\xff", b"\x89")
        with pytest.raises(PlatformRefusal) as refused:
            await here.wechat.wxacode("g=1", "pages/nowhere")
    assert refused.value.errcode == 41030


async def test_five_calls_after_the_token_expired_make_one_refresh(clock):
    async with street(clock) as here:
        zhang = await here.login()
        await here.wechat.ping()
        here.wechat._client._clock = SettableClock(clock.now())  # ours stands still: the platform's moves
        await here.control("clock", advance_s=7_300)
        await asyncio.gather(*(here.wechat.check_session("o-zhang", zhang.session_key) for _ in range(5)))
        assert await here.calls(TOKEN) == 2
        assert await here.calls(CHECK) == 10


async def test_a_token_is_renewed_in_time_and_never_refused(clock):
    async with street(clock) as here:
        zhang = await here.login()
        for _ in range(3):
            await here.wechat.check_session("o-zhang", zhang.session_key)
            await here.control("clock", advance_s=7_100)
        assert (await here.told("stats"))["refusals"] == {}


async def test_a_token_refused_for_good_is_tried_exactly_twice(clock):
    async with street(clock) as here:
        zhang = await here.login()
        await here.control("faults", path=CHECK, errcode=40001, times=9)
        with pytest.raises(PlatformRefusal) as refused:
            await here.wechat.check_session("o-zhang", zhang.session_key)
        assert (refused.value.errcode, await here.calls(CHECK)) == (40001, 2)


async def test_a_wrong_secret_alerts_an_operator_at_either_platform(clock):
    async with street(clock) as here:
        wechat = WeChat(here.url, CONFIG.appid, "example-wrong", clock=clock)
        wecom = WeCom(here.url, CONFIG.corpid, "example-wrong", clock=clock)
        for gateway in (wechat, wecom):
            with pytest.raises(PlatformRefusal) as refused:
                await gateway.ping()
            assert refused.value.action is Action.config_alert
            await gateway.close()
        assert (await here.calls(TOKEN), await here.calls("/cgi-bin/gettoken")) == (1, 1)


async def test_a_busy_moment_is_outlasted_and_a_busy_hour_is_not(clock):
    async with street(clock) as here:
        zhang = await here.login()
        await here.control("faults", path=CHECK, errcode=-1, times=2)
        await here.wechat.check_session("o-zhang", zhang.session_key)
        await here.control("faults", path=CHECK, errcode=-1, times=9)
        with pytest.raises(PlatformDown) as down:
            await here.wechat.check_session("o-zhang", zhang.session_key)
        assert (down.value.reason, await here.calls(CHECK)) == ("busy", 6)


@pytest.mark.parametrize("fault", [{"drop": True}, {"http_status": 502}, {"delay_ms": 900}])
async def test_a_send_whose_answer_is_lost_is_uncertain_and_went_out_once(clock, fault):
    template, data = NOTICE
    async with street(clock, timeout_s=0.4) as here:
        await here.login()
        await here.control("subscribe", openid="o-zhang", template_id=template, result="accept")
        await here.control("faults", path=SEND, after=True, **fault)
        with pytest.raises(PlatformDown) as down:
            await here.wechat.send_subscribe("o-zhang", template, data)
        assert down.value.uncertain
        assert await here.calls(SEND) == 1


async def test_timeouts_open_the_breaker_and_a_trial_closes_it(clock):
    async with street(clock, timeout_s=0.3) as here:
        await here.control("faults", path=LOGIN, delay_ms=900, times=3)
        asked = await asyncio.gather(*(here.login() for _ in range(3)), return_exceptions=True)
        assert [type(one) for one in asked] == [PlatformDown] * 3
        with pytest.raises(PlatformDown) as down:
            await here.login()
        assert down.value.reason == "breaker_open"
        assert await here.calls(LOGIN) == 3
        clock.advance(timedelta(seconds=10))
        await here.login()
        assert here.breaker.state is State.closed


async def test_staff_log_in_and_strangers_do_not(clock):
    async with street(clock) as here:
        code = (await here.control("wecom-codes", userid="demo-clerk"))["code"]
        assert await here.wecom.userid_of(code) == "demo-clerk"
        with pytest.raises(PlatformRefusal) as used:
            await here.wecom.userid_of(code)
        assert used.value.action is Action.ask_new_code
        outside = (await here.control("wecom-codes", userid="o-stranger", outsider=True))["code"]
        with pytest.raises(OutsideCompany):
            await here.wecom.userid_of(outside)


async def test_a_work_notice_arrives_as_a_card_or_as_text_and_once_though_the_answer_was_lost(clock):
    agent = CONFIG.agentid
    async with street(clock) as here:
        await here.control("faults", path="/cgi-bin/message/send", drop=True, after=True)
        url = "https://street.example.cn/console/cases/HB1"
        await here.wecom.send_notice(agent, "demo-worker", "新派单", "明天 9:00 <b>保洁</b>", url)
        await here.wecom.send_notice(agent, "demo-worker", "通知" * 900, "今天休息")
        card, text = (await here.told("messages", userid="demo-worker"))["items"]
    assert (card["msgtype"], card["title"], card["url"]) == ("textcard", "新派单", url)
    assert card["lines"] == ["明天 9:00 ＜b＞保洁＜/b＞"]
    assert (text["msgtype"], text["lines"][0][-1]) == ("text", "…")


async def test_whom_the_platform_cannot_reach_is_named_alone_or_beside_others(clock):
    platform = Platform({"errcode": 0, "errmsg": "ok", "invaliduser": "demo-left", "unlicenseduser": ""})
    async with street(clock) as here, wecom_at(platform, clock) as partly:
        await here.control("users", userid="Demo-Left", blocked=True)
        for wecom in (here.wecom, partly):
            with pytest.raises(PlatformRefusal) as refused:
                await wecom.send_notice(CONFIG.agentid, "Demo-Left", "派单", "明天 9:00")
            assert refused.value.action is Action.drop_recipient
        await partly.send_notice(CONFIG.agentid, "demo-clerk", "派单", "明天 9:00")


async def test_the_stock_sdk_reads_the_same_facts_from_the_sandbox(clock, monkeypatch):
    """Run in a thread, as it blocks."""

    def stock_login(url: str, code: str) -> dict[str, Any]:
        client = WeChatClient(CONFIG.appid, CONFIG.secret, access_token="98_not-asked-for")
        monkeypatch.setattr(WeChatWxa, "API_BASE_URL", f"{url}/")
        return client.wxa.code_to_session(code)

    async with street(clock) as here:
        ours = await here.login()
        code = (await here.control("codes", openid="o-zhang"))["code"]
        stock = await asyncio.to_thread(stock_login, here.url, code)
    assert (stock["openid"], stock["session_key"]) == (ours.openid, ours.session_key)
