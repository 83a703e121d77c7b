"""Staff log in at the platform and come back; nobody gets in by another way."""

import re
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from tornado.web import decode_signed_value

from server.audit import AUDIT
from server.sessions import SESSIONS, token_id
from tests.browser import DESKTOP, IN_WECOM, Browser, at_the_platform, cookie, logged_in, seal
from tests.houses import next_door
from tests.world import World


def unsealed(browser: Browser) -> str:
    """The session's token, from under the seal."""
    key, now = browser.world.house.settings.cookie_key, browser.world.clock.now().timestamp()
    token = decode_signed_value(
        key, "hoelun_staff", browser.cookies["hoelun_staff"], max_age_days=1, clock=lambda: now
    )
    assert token is not None
    return token.decode()


@pytest.mark.parametrize(
    ("agent", "login"), [(DESKTOP, "/wwlogin/sso/login?login_type=CorpApp"), (IN_WECOM, "/connect/oauth2/")]
)
async def test_logging_in_at_the_platform_leads_to_the_page_one_asked_for(
    world: World, agent: str, login: str
) -> None:
    shop = await world.shop()
    case_no = (await shop.booked(await world.resident()))["case_no"]
    browser = Browser(world, agent=agent)

    page = await at_the_platform(browser, f"/console/cases/{case_no}")
    assert login in page.url
    arrived = await browser.follow(await browser.press(page, "", userid=shop.manager.id))

    assert (arrived.status, arrived.url) == (200, f"{world.url}/console/cases/{case_no}")
    assert case_no in arrived.text and "王芳" in arrived.text and "服务商负责人" in arrived.text


async def test_the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await world.shop()

    async def session_cookie() -> Any:
        browser = Browser(world)
        back = await browser.press(await at_the_platform(browser), "", userid=shop.manager.id)
        return cookie(await browser.get(back.location), "hoelun_staff")

    kept = await session_cookie()
    assert (kept["httponly"], kept["samesite"], kept["path"], kept["secure"]) == (True, "Lax", "/", "")
    assert int(kept["max-age"]) == 12 * 3600
    monkeypatch.setattr(world.house, "settings", replace(world.house.settings, environment="production"))
    assert (await session_cookie())["secure"] is True


async def test_a_state_that_was_forged_left_out_or_used_lets_nobody_in(world: World) -> None:
    shop = await world.shop()
    browser = Browser(world)
    page = await at_the_platform(browser)
    back = (await browser.press(page, "", userid=shop.manager.id)).location
    pending = dict(browser.cookies)

    for changed in (re.sub(r"state=\w+", "state=abc", back), re.sub(r"&state=\w+", "", back)):
        browser.cookies = dict(pending)
        assert (await browser.get(changed)).status == 403
    browser.cookies = {"hoelun_login": pending["hoelun_login"][:-4] + "0000"}
    assert (await browser.get(back)).status == 403
    assert (await Browser(world).get(back)).status == 403

    browser.cookies = dict(pending)
    assert (await browser.get(back)).status == 303
    assert "hoelun_login" not in browser.cookies
    code = (await world.control("wecom-codes", userid=shop.manager.id))["code"]
    browser.cookies = dict(pending)
    again = await browser.get(re.sub(r"code=\w+", f"code={code}", back))
    assert (again.status, "hoelun_staff" in browser.cookies) == (403, False)
    assert "已经用过" in again.text and "去登录" in again.text


async def test_a_login_that_takes_too_long_starts_again(world: World) -> None:
    shop = await world.shop()
    browser = Browser(world)
    back = await browser.press(await at_the_platform(browser), "", userid=shop.manager.id)
    world.clock.advance(timedelta(minutes=11))
    late = await browser.get(back.location)
    assert (late.status, "hoelun_staff" in browser.cookies) == (403, False)
    assert "重新登录" in late.text


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/v1/me",
        "/consolex",
        "javascript:alert(1)",
    ],
)
async def test_the_login_leads_nowhere_but_to_our_own_pages(world: World, elsewhere: str) -> None:
    shop = await world.shop()
    browser = Browser(world)
    page = await browser.follow(await browser.get(f"/console/login?next={elsewhere}"))
    back = await browser.press(page, "", userid=shop.manager.id)
    assert (await browser.get(back.location)).location == "/console"


async def test_who_is_no_staff_or_no_member_is_told_so_on_a_page(world: World) -> None:
    browser = Browser(world)
    page = await browser.follow(await browser.press(await at_the_platform(browser), "", userid="nobody-here"))
    assert (page.status, "hoelun_staff" in browser.cookies) == (403, False)
    assert "还没有开通工作台" in page.text and "Traceback" not in page.body

    back = await browser.press(await at_the_platform(browser), "", userid="nobody-here")
    outsider = (await world.control("wecom-codes", userid="o-visitor", outsider=True))["code"]
    refused = await browser.get(re.sub(r"code=\w+", f"code={outsider}", back.location))
    assert (refused.status, "还没有开通工作台" in refused.text) == (403, True)


async def test_a_code_that_the_platform_does_not_know_is_asked_for_again(world: World) -> None:
    browser = Browser(world)
    back = (await browser.press(await at_the_platform(browser), "", userid="somebody")).location
    refused = await browser.get(re.sub(r"code=\w+", "code=nothing", back))
    assert (refused.status, "重新登录" in refused.text) == (403, True)
    back = (await browser.press(await at_the_platform(browser), "", userid="somebody")).location
    assert (await browser.get(re.sub(r"code=\w+&", "", back))).status == 403


async def test_logging_out_ends_the_session_and_stays_out(world: World) -> None:
    shop = await world.shop()
    browser = await logged_in(world, shop.manager.id)
    token = unsealed(browser)

    left = await browser.follow(await browser.press(await browser.get("/console/me"), "/console/logout"))

    assert "您已退出" in left.text and "hoelun_staff" not in browser.cookies
    assert (await world.call("GET", "/v1/staff/me", token=token)).status == 401
    assert (await browser.get("/console")).location.startswith("/console/login?next=")


# How long a login is good


async def test_a_cookie_without_our_seal_opens_nothing(world: World) -> None:
    shop = await world.shop()
    browser = await logged_in(world, shop.manager.id)
    token, now = unsealed(browser), world.clock.now().timestamp()
    for forged in (token, seal("another key", token, now), browser.cookies["hoelun_staff"][:-3] + "abc"):
        other = Browser(world)
        other.cookies["hoelun_staff"] = forged
        assert (await other.get("/console/me")).location.startswith("/console/login?next=")
    assert (await browser.get("/console/me")).status == 200


async def test_a_console_login_ends_when_nothing_is_done_in_it_and_goes_on_while_something_is(
    world: World,
) -> None:
    shop = await world.shop()
    browser, idle = await logged_in(world, shop.manager.id), await logged_in(world, shop.worker.id)
    for _ in range(3):
        world.clock.advance(timedelta(minutes=119))
        assert (await browser.get("/console/me")).status == 200
    assert (await idle.get("/console/me")).status == 302
    world.clock.advance(timedelta(minutes=120))
    assert (await browser.get("/console/me")).location.startswith("/console/login?next=")


async def test_being_busy_does_not_make_a_login_last_longer_than_a_day_s_work(world: World) -> None:
    shop = await world.shop()
    browser = await logged_in(world, shop.manager.id)
    for _ in range(7):
        world.clock.advance(timedelta(minutes=100))
        assert (await browser.get("/console/me")).status == 200
    world.clock.advance(timedelta(minutes=20))
    assert (await browser.get("/console/me")).status == 302


async def test_what_is_done_in_one_process_keeps_the_login_alive_in_the_other(world: World) -> None:
    shop = await world.shop()
    browser = await logged_in(world, shop.manager.id)
    async with next_door(world) as other:
        there = Browser(other)
        there.cookies = browser.cookies
        assert (await there.get("/console/me")).status == 200
        for _ in range(2):
            world.clock.advance(timedelta(minutes=70))
            assert (await browser.get("/console/me")).status == 200

        async def lets_in() -> bool:
            return (await there.get("/console/me")).status == 200

        await world.until(lets_in, "the other process has heard of it", 1)


async def test_that_a_login_is_in_use_is_written_down_once_a_minute(world: World) -> None:
    shop = await world.shop()
    browser = await logged_in(world, shop.manager.id)
    session_id = token_id(unsealed(browser))

    async def seen_at() -> Any:
        session = await world.house.db.reading(lambda reader: reader.get(SESSIONS, session_id))
        assert session is not None
        return session.seen_at

    began = await seen_at()
    for seconds in (20, 20, 19):
        world.clock.advance(timedelta(seconds=seconds))
        assert (await browser.get("/console/me")).status == 200
        assert await seen_at() == began
    world.clock.advance(timedelta(seconds=1))
    for _ in range(5):
        assert (await browser.get("/console/me")).status == 200
    assert await seen_at() - began == timedelta(minutes=1)


# My logins


async def test_my_logins_are_listed_with_device_and_time_and_ended_one_by_one(world: World) -> None:
    shop = await world.shop()
    desk, phone = await logged_in(world, shop.manager.id), Browser(world, agent=IN_WECOM)
    await phone.follow(await phone.press(await at_the_platform(phone), "", userid=shop.manager.id))

    page = await desk.get("/console/me")
    assert "企业微信 · 安卓" in page.text and "Chrome · Linux" in page.text and "127.0.0.1" in page.text
    assert "正在用的" in page.text
    listed = (await shop.manager.get("/v1/sessions")).json["items"]
    assert len(listed) == 3 and sum(one["current"] for one in listed) == 1
    ended = await desk.follow(await desk.press(page, f"/console/me/sessions/{token_id(unsealed(phone))}/end"))
    assert "已退出那台设备" in ended.text and "企业微信 · 安卓" not in ended.text
    assert (await phone.get("/console/me")).status == 302
    assert (await shop.manager.get("/v1/staff/me")).status == 200


async def test_logging_out_everywhere_leaves_no_login_of_mine_and_every_login_of_others(
    world: World,
) -> None:
    shop = await world.shop()
    here, there = await logged_in(world, shop.manager.id), await logged_in(world, shop.manager.id)
    left = await here.press(await here.get("/console/me"), "/console/me/sessions/end-all")
    assert left.location == "/console/logout"

    async def over() -> bool:
        seen = (await there.get("/console/me")).status, (await shop.manager.get("/v1/staff/me")).status
        return seen == (302, 401)

    await world.until(over, "all are over", 1)
    assert (await shop.worker.get("/v1/staff/me")).status == 200


async def test_nobody_ends_somebody_else_s_login(world: World) -> None:
    shop = await world.shop()
    theirs = token_id(shop.worker.token)
    assert (await shop.manager.delete(f"/v1/sessions/{theirs}")).code == "session_not_found"
    browser = await logged_in(world, shop.manager.id)
    token = (await browser.get("/console/me")).forms[0].fields["_xsrf"]
    refused = await browser.post(f"/console/me/sessions/{theirs}/end", {"_xsrf": token})
    assert refused.status == 404
    assert (await shop.worker.get("/v1/staff/me")).status == 200


async def test_logins_and_logouts_are_in_the_records(world: World) -> None:
    shop = await world.shop()
    browser = await logged_in(world, shop.manager.id)
    await browser.press(await browser.get("/console/me"), "/console/logout")
    rows = await world.house.db.reading(
        lambda reader: reader.all(AUDIT, {"actor_id": shop.manager.id}, limit=10, sort="at")
    )
    assert sorted(one.what for one in rows) == ["sessions.enter", "sessions.enter", "sessions.leave"]
    assert ("sessions.leave", "console", "127.0.0.1", "Chrome") in [
        (one.what, one.channel, one.ip, one.agent) for one in rows
    ]
