"""One token, one refresh, one retry: the part that most clients get wrong."""

import asyncio
from datetime import timedelta

import pytest

from server.gateways.client import WouldBlock
from server.kit.platform import Action, PlatformDown, PlatformRefusal

from .scripted import Platform, wechat_at, wecom_at

STALE = {"errcode": 42001, "errmsg": "access_token expired"}
OK = {"errcode": 0, "errmsg": "ok"}


def tokens_used(platform: Platform) -> list[str]:
    return [query["access_token"] for _, query, _ in platform.asked]


async def test_the_stable_token_is_fetched_once_and_never_by_force(clock):
    platform = Platform()
    async with wechat_at(platform, clock) as wechat:
        for _ in range(3):
            await wechat.check_session("o-zhang", "key")
    assert platform.tokens_asked == [
        {
            "grant_type": "client_credential",
            "appid": "wxdemo0000000000",
            "secret": "example-wechat-secret",
            "force_refresh": False,
        }
    ]
    assert tokens_used(platform) == ["token-1"] * 3


async def test_callers_that_arrive_together_share_one_first_token(clock):
    platform = Platform()
    async with wechat_at(platform, clock) as wechat:
        await asyncio.gather(*(wechat.check_session("o-zhang", "key") for _ in range(5)))
    assert len(platform.tokens_asked) == 1


async def test_a_token_is_renewed_two_minutes_before_it_expires(clock):
    platform = Platform()
    async with wechat_at(platform, clock) as wechat:
        await wechat.ping()
        clock.advance(timedelta(seconds=7200 - 121))
        await wechat.ping()
        assert len(platform.tokens_asked) == 1
        clock.advance(timedelta(seconds=1))
        await wechat.ping()
    assert len(platform.tokens_asked) == 2


async def test_five_calls_refused_for_one_stale_token_make_one_refresh(clock):
    platform = Platform()
    async with wechat_at(platform, clock) as wechat:
        await wechat.ping()
        platform.script.extend([STALE] * 5)
        await asyncio.gather(*(wechat.check_session("o-zhang", "key") for _ in range(5)))
    assert len(platform.tokens_asked) == 2
    assert sorted(tokens_used(platform)) == ["token-1"] * 5 + ["token-2"] * 5


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
async def test_a_token_refused_for_good_is_tried_exactly_twice(clock, errcode):
    platform = Platform({"errcode": errcode, "errmsg": "invalid credential"})
    async with wechat_at(platform, clock) as wechat:
        with pytest.raises(PlatformRefusal) as refused:
            await wechat.check_session("o-zhang", "key")
    assert (refused.value.errcode, refused.value.action) == (errcode, Action.refresh_token)
    assert tokens_used(platform) == ["token-1", "token-2"]
    assert len(platform.tokens_asked) == 2


async def test_a_refused_secret_is_the_token_endpoints_refusal_and_alerts_an_operator(clock):
    platform = Platform()
    platform.token_script.append({"errcode": 40001, "errmsg": "invalid credential"})
    async with wechat_at(platform, clock) as wechat:
        with pytest.raises(PlatformRefusal) as refused:
            await wechat.check_session("o-zhang", "key")
    assert (refused.value.api, refused.value.action) == ("stable_token", Action.config_alert)
    assert platform.asked == []


async def test_a_send_waits_for_a_token_that_is_slow_to_come_because_nothing_was_sent_yet(clock):
    platform = Platform()
    platform.token_script.extend([503, b"<html>", {"errcode": -1, "errmsg": "busy"}])
    async with wechat_at(platform, clock) as wechat:
        with pytest.raises(PlatformDown) as down:
            await wechat.send_subscribe("o-zhang", "tmpl-1", {"thing1": "理发"})
        assert (down.value.reason, down.value.uncertain) == ("busy", False)
        assert platform.asked == []
        await wechat.send_subscribe("o-zhang", "tmpl-1", {"thing1": "理发"})


async def test_a_caller_that_goes_away_does_not_hold_up_the_refresh_of_the_others(clock):
    platform = Platform()
    platform.token_script.append(0.2)
    async with wechat_at(platform, clock) as wechat:
        leaving = asyncio.create_task(wechat.check_session("o-zhang", "key"))
        staying = asyncio.create_task(wechat.check_session("o-li", "key"))
        await platform.token_asked.wait()
        leaving.cancel()
        await staying
    assert tokens_used(platform) == ["token-2"]


async def test_a_refused_secret_at_wecom_refreshes_nothing(clock):
    platform = Platform({"errcode": 40001, "errmsg": "invalid secret"})
    async with wecom_at(platform, clock) as wecom:
        with pytest.raises(PlatformRefusal) as refused:
            await wecom.userid_of("code")
    assert refused.value.action is Action.config_alert
    assert (len(platform.asked), len(platform.tokens_asked)) == (1, 1)


async def test_an_expired_token_at_wecom_is_refreshed_once(clock):
    platform = Platform({"errcode": 0, "userid": "demo-clerk"})
    platform.script.append(STALE)
    async with wecom_at(platform, clock) as wecom:
        assert await wecom.userid_of("code") == "demo-clerk"
    assert tokens_used(platform) == ["token-1", "token-2"]
    assert platform.tokens_asked[0] == {"corpid": "wwdemo0000000000", "corpsecret": "example-wecom-secret"}


async def test_nothing_of_the_sdk_can_block_the_loop(clock):
    async with wechat_at(Platform(), clock) as wechat, wecom_at(Platform(), clock) as wecom:
        for client in (wechat._client, wecom._client):
            assert client._http is None
            with pytest.raises(WouldBlock):
                client.access_token
            with pytest.raises(WouldBlock):
                client.fetch_access_token()
        with pytest.raises(WouldBlock):
            wechat._client.wxa.access_token
