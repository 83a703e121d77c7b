"""Busy, slow, broken and gone: what is asked again, what is not, and when we stop asking."""

import asyncio
from datetime import timedelta

import pytest
from tornado.netutil import bind_sockets

from server.gateways.breaker import Breaker, State
from server.gateways.calls import Retry
from server.gateways.wechat import WeChat
from server.kit.errors import Unavailable
from server.kit.platform import PlatformDown

from .scripted import AT_ONCE, Platform, wechat_at

BUSY = {"errcode": -1, "errmsg": "system error"}
LOGGED_IN = {"openid": "o-zhang", "session_key": "key"}
THING = {"thing1": "理发"}


async def test_a_busy_platform_is_asked_three_times_in_all(clock):
    platform = Platform(BUSY)
    async with wechat_at(platform, clock) as wechat:
        with pytest.raises(PlatformDown) as down:
            await wechat.send_subscribe("o-zhang", "tmpl-1", THING)
    assert (down.value.reason, down.value.uncertain) == ("busy", False)
    assert len(platform.asked) == 3


async def test_a_platform_busy_for_a_moment_answers_in_the_end(clock):
    platform = Platform(LOGGED_IN)
    platform.script.extend([BUSY, BUSY])
    async with wechat_at(platform, clock) as wechat:
        assert (await wechat.code_to_session("code")).openid == "o-zhang"


async def test_waits_grow_between_attempts():
    first, second = Retry(attempts=3, first_wait_s=0.1, growth=3).waits()
    assert 0.1 <= first <= 0.15
    assert 0.3 <= second <= 0.45


async def test_a_read_that_timed_out_is_asked_again(clock):
    platform = Platform()
    platform.script.append(1.2)
    async with wechat_at(platform, clock, timeout_s=0.6) as wechat:
        await wechat.check_session("o-zhang", "key")
    assert len(platform.asked) == 2


@pytest.mark.parametrize("trouble", [0.3, 502, b"<html>"])
async def test_a_send_that_may_have_gone_through_is_not_sent_again_here(clock, trouble):
    platform = Platform()
    platform.script.append(trouble)
    async with wechat_at(platform, clock, timeout_s=0.15) as wechat:
        with pytest.raises(PlatformDown) as down:
            await wechat.send_subscribe("o-zhang", "tmpl-1", THING)
    assert down.value.uncertain
    assert len(platform.asked) == 1


async def test_a_login_code_is_not_used_twice_after_a_timeout(clock):
    platform = Platform(0.3)
    async with wechat_at(platform, clock, timeout_s=0.15) as wechat:
        with pytest.raises(PlatformDown):
            await wechat.code_to_session("code")
    assert len(platform.asked) == 1


async def test_a_call_with_its_repeats_ends_within_one_and_a_half_timeouts(clock):
    loop = asyncio.get_running_loop()
    breaker = Breaker(clock, failures=1)
    async with wechat_at(Platform(2.0), clock, timeout_s=0.4, breaker=breaker) as wechat:
        began = loop.time()
        with pytest.raises(PlatformDown) as down:
            await wechat.check_session("o-zhang", "key")
        assert loop.time() - began < 1.0
    assert down.value.reason == "timeout"
    assert breaker.state is State.open


async def test_a_closed_port_is_down_and_certain(clock):
    [socket] = bind_sockets(0, "127.0.0.1")
    port = socket.getsockname()[1]
    socket.close()
    wechat = WeChat(f"http://127.0.0.1:{port}", "wxdemo", "example-", clock=clock, retry=AT_ONCE)
    with pytest.raises(PlatformDown) as down:
        await wechat.code_to_session("code")
    assert (down.value.reason, down.value.uncertain) == ("unreachable", False)
    await wechat.close()


async def test_a_redirect_is_not_followed(clock):
    platform = Platform(302)
    async with wechat_at(platform, clock) as wechat:
        with pytest.raises(PlatformDown) as down:
            await wechat.code_to_session("code")
    assert (down.value.reason, len(platform.asked)) == ("http_302", 1)


async def test_the_loop_runs_on_while_the_platform_is_silent(clock):
    ticks = 0
    async with wechat_at(Platform(0.3), clock, timeout_s=0.15) as wechat:
        call = asyncio.create_task(wechat.code_to_session("code"))
        while not call.done():
            await asyncio.sleep(0.005)
            ticks += 1
        assert isinstance(call.exception(), PlatformDown)
    assert ticks > 10


async def test_timeouts_open_the_breaker_and_a_trial_closes_it_again(clock):
    platform = Platform(0.8)
    breaker = Breaker(clock, failures=3, cool_off_s=10)
    async with wechat_at(platform, clock, timeout_s=0.3, breaker=breaker) as wechat:
        await asyncio.gather(*(wechat.code_to_session("code") for _ in range(3)), return_exceptions=True)
        asked = len(platform.asked)
        with pytest.raises(PlatformDown) as down:
            await wechat.code_to_session("code")
        assert (down.value.reason, down.value.retry_after) == ("breaker_open", 10.0)
        assert len(platform.asked) == asked

        clock.advance(timedelta(seconds=10))
        assert breaker.state is State.half_open
        platform.usual = LOGGED_IN
        await wechat.code_to_session("code")
        assert breaker.state is State.closed
        await wechat.code_to_session("code")


async def test_refusals_do_not_open_the_breaker(clock):
    platform = Platform({"errcode": 40029, "errmsg": "invalid code"})
    breaker = Breaker(clock, failures=1)
    async with wechat_at(platform, clock, breaker=breaker) as wechat:
        await asyncio.gather(*(wechat.code_to_session("code") for _ in range(3)), return_exceptions=True)
    assert breaker.state is State.closed


def test_down_is_an_unavailable_that_names_no_platform_words():
    down = PlatformDown("send_subscribe", "http_502", uncertain=True)
    assert isinstance(down, Unavailable)
    assert down.body("r-1")["error"] == {
        "code": "platform_down",
        "message": "外部平台暂时没有响应，请稍后再试",
        "request_id": "r-1",
    }
