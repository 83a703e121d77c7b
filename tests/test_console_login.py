"""Staff log in at the platform and come back; nobody gets in by another way."""

import re
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tests.browser import DESKTOP, IN_WECOM, Browser, at_the_platform, cookie, logged_in
from tests.world import World


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
    token = browser.cookies["hoelun_staff"]

    left = await browser.follow(await browser.press(await browser.get("/console/me"), "/console/logout"))

    assert "您已退出" in left.text and "hoelun_staff" not in browser.cookies
    assert (await world.call("GET", "/v1/staff/me", token=token)).status == 401
    assert (await browser.get("/console")).location.startswith("/console/login?next=")
