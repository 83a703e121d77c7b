"""The directory, signed pages and the members' mini-program login, through the gateway against the sandbox."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from server.gateways.wecom import WeCom
from server.gateways.wecom_directory import Department, Tag, signed
from server.kit.clock import SettableClock
from server.kit.platform import Action, PlatformDown, PlatformRefusal
from server.sandbox import Member, SandboxConfig, make_sandbox
from server.sandbox import config as own

from .scripted import AT_ONCE, Platform, served, wecom_at
from .test_against_sandbox import Street

HOUSE = own.Department(id=1, name="街道办事处", parentid=0, order=1)
CONFIG = SandboxConfig(
    members=(
        Member(userid="demo-clerk", name="乌日娜", note="窗口", department=(2, 3), tags=(7,)),
        Member(userid="demo-worker", name="刘洋", department=(3,)),
    ),
    departments=(
        HOUSE,
        own.Department(id=2, name="绿苑社区", order=2),
        own.Department(id=3, name="上门队", parentid=2),
    ),
    tags=(own.Tag(id=7, name="调度", departments=(3,)), own.Tag(id=8, name="空")),
)
PAGE = "https://street.example.cn/console/inbox?box=mine#top"


class Company(Street):
    async def judged(self, given: Any, url: str = PAGE.partition("#")[0], kind: str = "") -> int:
        """What the client would say to a page that hands this over."""
        asked = {"url": url, "noncestr": given.noncestr, "timestamp": str(given.timestamp)}
        kind = kind or given.kind
        answer = await self.control("js-signatures", kind=kind, signature=given.signature, **asked)
        return int(answer["errcode"])


@asynccontextmanager
async def company(clock: SettableClock) -> AsyncIterator[Company]:
    async with served(make_sandbox(CONFIG, clock).application) as url:
        here = Company(url, clock, 3.0)
        try:
            yield here
        finally:
            await here.wechat.close()
            await here.wecom.close()


@asynccontextmanager
async def refused(errcode: int, action: Action) -> AsyncIterator[None]:
    with pytest.raises(PlatformRefusal) as refusal:
        yield
    assert (refusal.value.errcode, refusal.value.action) == (errcode, action)


async def test_everybody_is_read_once_with_all_their_departments(clock):
    async with company(clock) as here:
        found = {one.userid: one for one in await here.wecom.members()}
        assert found.keys() == {"demo-clerk", "demo-worker"}
        clerk = found["demo-clerk"]
        assert (clerk.name, clerk.department, clerk.position, clerk.status) == ("乌日娜", [2, 3], "窗口", 1)
        assert await here.wecom.member("demo-clerk") == clerk


async def test_departments_and_tags_are_read_with_what_belongs_to_them(clock):
    async with company(clock) as here:
        departments = await here.wecom.departments()
        assert Department(id=1, parentid=0, name="街道办事处", order=1) in departments
        assert {one.id: one.parentid for one in departments} == {1: 0, 2: 1, 3: 2}
        assert await here.wecom.tags() == [
            Tag(id=7, name="调度", userids=["demo-clerk"], departments=[3]),
            Tag(id=8, name="空", userids=[], departments=[]),
        ]


async def test_who_has_left_who_never_was_and_who_is_hidden_are_told_apart(clock):
    async with company(clock) as here:
        await here.control("contacts", change="delete_user", userid="demo-worker")
        assert [one.userid for one in await here.wecom.members()] == ["demo-clerk"]
        for userid in ("demo-worker", "nobody"):
            async with refused(60111, Action.drop_recipient):
                await here.wecom.member(userid)
        async with refused(40003, Action.drop_recipient):
            await here.wecom.member("no userid")
        await here.control("users", userid="demo-clerk", hidden=True)
        async with refused(60011, Action.skip):
            await here.wecom.member("demo-clerk")


@pytest.mark.parametrize(
    "answer", [{"errcode": 0}, {"userlist": [{"name": "x"}]}, {"userlist": 3}, b"<html>"]
)
async def test_an_answer_without_what_was_asked_for_is_no_answer(clock, answer):
    async with wecom_at(Platform(answer), clock) as wecom:
        with pytest.raises(PlatformDown):
            await wecom.members()


async def test_a_signed_page_is_taken_by_the_call_it_was_signed_for_and_by_no_other(clock):
    async with company(clock) as here:
        config, agent = await here.wecom.sign_page("config", PAGE), await here.wecom.sign_page("agent", PAGE)
        assert config.noncestr != agent.noncestr
        assert [await here.judged(one) for one in (config, agent)] == [0, 0]
        assert await here.judged(config, kind="agent") == 42012
        assert await here.judged(agent, kind="config") == 42012
        assert await here.judged(config, url="https://street.example.cn/console") == 40093


async def test_a_ticket_is_asked_for_once_until_it_is_about_to_expire(clock):
    async with company(clock) as here:
        for _ in range(3):
            await here.wecom.sign_page("config", PAGE)
        assert await here.calls("/cgi-bin/get_jsapi_ticket") == 1
        clock.advance(timedelta(seconds=7_080))
        await here.wecom.sign_page("config", PAGE)
        assert await here.calls("/cgi-bin/get_jsapi_ticket") == 2
        clock.advance(timedelta(seconds=121))
        fresh = await here.wecom.sign_page("config", PAGE)
        assert await here.judged(fresh) == 0, (
            "what was handed out late in a ticket's life is not kept beyond it"
        )


def test_the_platforms_sample_signature_of_a_page():
    ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
    url = "http://mp.weixin.qq.com?params=value"
    expected = "0f9de62fce790f9a083d5c99e95740ceb90c27ed"
    assert signed(ticket, "Wm3WZYTPz0wzccnW", 1414587457, url) == expected
    assert signed(ticket, "Wm3WZYTPz0wzccnW", 1414587457, url + "#wechat_redirect") == expected


async def test_a_member_logs_in_from_the_mini_program_once(clock):
    async with company(clock) as here:
        code = (await here.control("wecom-login-codes", userid="demo-worker"))["code"]
        login = await here.wecom.login_of(code)
        assert (login.userid, login.corpid) == ("demo-worker", CONFIG.corpid) and login.session_key
        async with refused(42022, Action.ask_new_code):
            await here.wecom.login_of(code)
        late = (await here.control("wecom-login-codes", userid="demo-worker"))["code"]
        clock.advance(timedelta(seconds=300))
        async with refused(42003, Action.ask_new_code):
            await here.wecom.login_of(late)
        oauth = (await here.control("wecom-codes", userid="demo-worker"))["code"]
        async with refused(40029, Action.ask_new_code):
            await here.wecom.login_of(oauth)


ACTIONS = {
    **dict.fromkeys((40001, 40091, 40013), Action.config_alert),
    **dict.fromkeys((40003, 46004, 60111), Action.drop_recipient),
    **dict.fromkeys((40014, 42001), Action.refresh_token),
    **dict.fromkeys((40029, 42003, 42022), Action.ask_new_code),
    **dict.fromkeys((40056, 41011, 40058, 40063, 40035, 41001), Action.bug),
    **dict.fromkeys((40093, 42012, 42015, 42016, 43012, 48001, 48002), Action.config_alert),
    **dict.fromkeys((42014, *range(42017, 42021), *range(42027, 42052), 44004, 45002), Action.fix_data),
    **dict.fromkeys((45009, 45033), Action.throttle),
    **dict.fromkeys((50001, 50003, 60020, 301002), Action.config_alert),
    **dict.fromkeys((50002, 60011, 60021), Action.skip),
    **dict.fromkeys((60003, 60123), Action.resync_directory),
    60140: Action.give_up,
    81013: Action.drop_recipient,
}
"""The table of 全局错误码, as far as our calls can meet it."""


async def test_each_code_of_the_platforms_table_has_its_own_consequence(clock):
    async with company(clock) as here:
        for errcode, action in ACTIONS.items():
            await here.control("faults", path="/cgi-bin/department/list", errcode=errcode, times=2)
            async with refused(errcode, action):
                await here.wecom.departments()
            await here.clear_faults()


async def test_a_busy_platform_is_asked_three_times(clock):
    async with company(clock) as here:
        await here.control("faults", path="/cgi-bin/department/list", errcode=-1, times=2)
        assert await here.wecom.departments()
        assert await here.calls("/cgi-bin/department/list") == 3


async def test_a_bad_secret_is_never_asked_about_again_with_a_new_token(clock):
    async with served(make_sandbox(CONFIG, clock).application) as url:
        wecom = WeCom(url, CONFIG.corpid, "example-wrong", clock=clock, retry=AT_ONCE)
        async with refused(40001, Action.config_alert):
            await wecom.departments()
        await wecom.close()
