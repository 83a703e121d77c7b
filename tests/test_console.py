"""The staff's pages over HTTP, without scripts: what a cookie opens, the inbox, and every move of a booking."""

import asyncio
import re
from datetime import datetime, timedelta

import pytest

from handlers.base import endpoints
from handlers.page import Page
from schemas.staff import Grant
from server.bookings import FLOW
from server.kit.flow import Flow, Row
from server.staff import ROLES
from tests.browser import Browser, Seen, logged_in, sealed
from tests.world import Person, Shop, World

STAFF = {"staff", *(row.name for row in ROLES)}

SCRIPT = "<script>alert(1)</script>"

COVERS = {("GET", "/static/{name}")}


def of(person: Person) -> Browser:
    return Browser(person.world, person.token)


# What a cookie opens, and what it does not


async def test_the_api_does_not_know_the_cookie_and_pages_do_not_know_the_token(world: World) -> None:
    shop = await world.shop()
    with_cookie = {"Cookie": f"hoelun_staff={sealed(world, shop.manager.token)}"}
    assert (await world.call("GET", "/v1/cases", headers=with_cookie)).status == 401
    moved = await world.call("POST", "/v1/cases/x/confirm", {}, headers=with_cookie)
    assert moved.status == 401
    sent_to_the_login = await world.call("GET", "/console", token=shop.manager.token)
    assert "企业微信登录" in sent_to_the_login.body.decode()


async def test_a_resident_s_session_opens_no_page(world: World) -> None:
    resident = await world.resident()
    for path in ("/console", "/console/list", "/console/me"):
        assert (await of(resident).get(path)).status == 403


async def test_somebody_else_s_case_is_not_there(world: World) -> None:
    shop, other = await world.shop(), await world.shop()
    case_no = (await shop.booked(await world.resident()))["case_no"]
    form = (await of(shop.manager).get(f"/console/cases/{case_no}")).form("/confirm")
    for stranger in (other.manager, shop.worker, await world.staff(Grant(role="accountant"))):
        browser = of(stranger)
        page = await browser.get(f"/console/cases/{case_no}")
        assert (page.status, "没有找到这个办件" in page.text) == (404, True)
        token = (await browser.get("/console/me")).forms[0].fields["_xsrf"]
        moved = await browser.post(form.action, form.fields | {"_xsrf": token})
        assert moved.status == 404


async def test_a_form_that_is_not_ours_is_refused(world: World) -> None:
    shop = await world.shop()
    case_no = (await shop.booked(await world.resident()))["case_no"]
    browser = of(shop.manager)
    form = (await browser.get(f"/console/cases/{case_no}")).form("/confirm")
    others = (await of(shop.dispatcher).get(f"/console/cases/{case_no}")).form("/confirm")

    for token in ({}, {"_xsrf": ""}, {"_xsrf": "0" * 64}, {"_xsrf": others.fields["_xsrf"]}):
        fields = {name: value for name, value in form.fields.items() if name != "_xsrf"} | token
        refused = await browser.post(form.action, fields)
        assert (refused.status, "请刷新后再试" in refused.text) == (403, True)
    assert (await browser.post("/console/logout", {})).status == 403
    assert (await shop.manager.get(f"/v1/cases/{case_no}")).json["state"] == "submitted"


async def test_a_form_sent_after_the_session_is_over_says_that_nothing_was_done(world: World) -> None:
    shop = await world.shop()
    case_no = (await shop.booked(await world.resident()))["case_no"]
    browser = of(shop.manager)
    page = await browser.get(f"/console/cases/{case_no}")
    world.clock.advance(timedelta(hours=13))

    late = await browser.press(page, "/confirm")

    assert (late.status, "刚才的操作没有办" in late.text) == (401, True)
    assert f"next=%2Fconsole%2Fcases%2F{case_no}" in late.body


def test_every_page_keeps_out_of_the_api_s_description_and_says_who_may_see_it() -> None:
    pages = [one for one in endpoints() if issubclass(one, Page)]
    assert len(pages) >= 8
    for one in pages:
        assert not one.documented and one.path.startswith(("/console", "/verify/", "/r/"))
        for name, plan in one.plans.items():
            assert name in ("get", "post")
            public = one.path.startswith("/verify/") and not plan.rule.once
            assert name == "get" or public or plan.rule.who <= STAFF, one


async def test_every_answer_of_a_page_has_the_strict_headers(world: World) -> None:
    shop = await world.shop()
    browser = of(shop.manager)
    paths = (
        "/console",
        "/console/me",
        "/console/logout",
        "/console/nothing",
        "/console/cases/HB-1",
        "/console/callback",
    )
    for path in paths:
        seen = await browser.get(path)
        policy = seen.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy and "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert seen.headers["X-Content-Type-Options"] == "nosniff"
        assert seen.headers["Referrer-Policy"] == "same-origin"
        assert seen.headers["Cache-Control"] == "no-store"
        assert seen.headers["Content-Type"] == "text/html; charset=utf-8"
        assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=|javascript:", seen.body)


async def test_a_mistake_in_the_address_is_answered_in_plain_words(world: World) -> None:
    browser = of((await world.shop()).manager)
    for path, status in (("/console/nothing", 404), ("/console?box=moon", 422), ("/console/me?x=1", 422)):
        seen = await browser.get(path)
        assert seen.status == status
        assert "回到待办" in seen.text and "Traceback" not in seen.body


async def test_what_breaks_inside_is_a_page_with_a_number_and_without_a_trace(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("server.cases.listed", broken)
    seen = await of((await world.shop()).manager).get("/console")
    assert seen.status == 500
    assert "出了点问题" in seen.text and "secret detail" not in seen.body
    assert re.search(r"告诉管理员： ?\w{16}", seen.text)


async def test_style_and_scripts_are_kept_by_version(world: World) -> None:
    browser = Browser(world)
    page = await browser.get("/console/logout")
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.body):
        kept = await browser.get(address)
        assert (kept.status, "immutable" in kept.headers["Cache-Control"]) == (200, True)
        assert kept.headers["X-Content-Type-Options"] == "nosniff"
        bare = await browser.get(address.partition("?")[0])
        assert (bare.status, bare.headers["Cache-Control"]) == (200, "no-cache")
    for path in ("/static/nothing.css", "/static/..%2Fpage.py", "/static/..%2f..%2fsetup.cfg"):
        assert (await browser.get(path)).status == 404


# The inbox


async def test_the_inbox_has_what_is_mine_ours_late_and_nobody_s(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    waiting = (await shop.booked(resident, world.at(10)))["case_no"]
    mine = (await shop.brought_to("assigned", resident, world.at(14)))["case_no"]
    manager, worker = of(shop.manager), of(shop.worker)

    assert rows(await worker.get("/console")) == [mine]
    assert rows(await manager.get("/console?box=team")) == [waiting, mine]
    assert rows(await manager.get("/console?box=unassigned")) == [waiting]
    assert rows(await manager.get("/console?box=overdue")) == []
    world.clock.advance(timedelta(minutes=21))
    soon = await manager.get("/console?box=soon")
    assert (rows(soon), "还有 9 分钟" in soon.text) == ([waiting], True)
    assert rows(await manager.get("/console?box=overdue")) == []
    world.clock.advance(timedelta(minutes=21))
    late = await manager.get("/console?box=overdue")
    assert (rows(late), "已超过 12 分钟" in late.text) == ([waiting], True)
    assert "快超时 0" in late.text and "已超时 1" in late.text and "没人管 1" in late.text


async def test_a_search_finds_by_number_and_phone_also_what_is_closed(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    closed = (await shop.brought_to("completed", resident))["case_no"]
    browser = of(shop.manager)
    for q in (closed, closed.lower(), "13947700001", "139%204770%200001", "0001"):
        assert rows(await browser.get(f"/console?q={q}")) == [closed], q
    wrong = closed[:-1] + str((int(closed[-1]) + 1) % 10)
    assert "可能有一位数字不对" in (await browser.get(f"/console?q={wrong}")).text
    assert "请输入完整的办件编号" in (await browser.get("/console?q=%E7%8E%8B")).text
    assert "没有找到" in (await browser.get("/console?q=9999")).text


async def test_the_list_goes_on_page_by_page_and_refreshes_alone(world: World) -> None:
    shop, resident = await world.shop(capacity=50), await world.resident()
    booked = [(await shop.booked(resident, world.at(10)))["case_no"] for _ in range(23)]
    browser = of(shop.manager)

    first = await browser.get("/console?box=team")
    following = re.search(r'href="(/console\?[^"]*cursor=[^"]+)"', first.body)
    assert following
    second = await browser.get(following[1].replace("&amp;", "&"))

    assert sorted(rows(first) + rows(second)) == sorted(booked)
    assert len(rows(first)) == 20
    part = re.search(r'data-list="([^"]+)"', second.body)
    assert part
    fragment = await browser.get(part[1].replace("&amp;", "&"))
    assert rows(fragment) == rows(second) and "<html" not in fragment.body
    assert "已失效" in (await browser.get("/console?cursor=xx")).text


async def test_an_empty_inbox_offers_the_next_step(world: World) -> None:
    shop = await world.shop()
    manager, worker = of(shop.manager), of(shop.worker)
    assert "居民一提交，就会出现在这里" in (await manager.get("/console")).text
    assert "您手上没有要办的事" in (await worker.get("/console?box=mine")).text
    await shop.booked(await world.resident())
    assert "还有 1 件没人管" in (await manager.get("/console?box=mine")).text


def rows(seen: Seen) -> list[str]:
    return re.findall(r'data-row="([^"]+)"', seen.body)


# A case


async def test_a_booking_is_served_from_submitted_to_done_through_the_pages(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.booked(resident, note="请轻一点敲门")
    address, code = f"/console/cases/{case['case_no']}", case["details"]["start_code"]
    manager, worker = of(shop.manager), of(shop.worker)

    async def step(browser: Browser, action: str, state: str, **filled: str) -> Seen:
        sent = await browser.press(await browser.get(address), f"/{action}", **filled)
        assert (sent.status, sent.location) == (303, address), sent.text
        seen = await browser.follow(sent)
        assert FLOW.states[state].text in seen.text
        assert f"已办好：{FLOW.actions[action].text}" in seen.text
        assert "已办好" not in (await browser.get(address)).text
        return seen

    page = await manager.get(address)
    assert "会在 9:30 前答复" in page.text and "请轻一点敲门" in page.text
    assert 'href="tel:13947700001"' in page.body
    page = await step(manager, "confirm", "confirmed")
    assert "李师傅" in page.text and "空闲" in page.text
    assert page.form("/assign").fields["worker_id"] == shop.worker.id
    await step(manager, "assign", "assigned")
    page = await step(worker, "depart", "en_route")
    assert code not in page.text
    page = await step(worker, "start", "in_service", code=code)
    page = await step(worker, "finish", "done", note="厨房也擦了")
    assert "厨房也擦了" in page.text and "李师傅" in page.text

    steps = (await resident.get(f"/v1/cases/{case['case_no']}/history")).json["items"]
    assert [one["channel"] for one in steps] == ["mini_program"] + ["console"] * 5


ROWS = [
    one
    for one in FLOW.rows
    if one.source != Flow.OPENING and one.by - {"system", "resident"} and not FLOW.actions[one.action].through
]


@pytest.mark.parametrize("row", ROWS, ids=[f"{one.source}-{one.action}" for one in ROWS])
async def test_every_move_that_staff_may_make_can_be_made_on_the_page(world: World, row: Row) -> None:
    shop, resident = await world.shop(), await world.resident()
    asked = await shop.quoting() if row.action == "quote" else shop
    today = world.at(11, days=0) if row.source in ("no_show", "appealed") else None
    case = await asked.brought_to(row.source, resident, today)
    browser = of(await somebody(world, shop, row))
    if row.action == "no_show":
        start = datetime.fromisoformat(case["details"]["start"])
        world.clock.advance(start - world.clock.now() + timedelta(minutes=20))
        browser = await logged_in(world, shop.dispatcher.id)
    page = await browser.get(f"/console/cases/{case['case_no']}")
    known = {
        **{"reason": "示例原因", "code": case["start_code"], "worker_id": shop.worker.id, "note": ""},
        **{"items.0.name": "搬运", "items.0.yuan": "300.50", "if_refused": "leave"},
        "start": world.at(13, days=2)[:16],
        "service_id": (await world.shop()).service_id if row.action == "transfer" else "",
    }
    named = page.form(f"/{row.action}").named

    sent = await browser.press(
        page, f"/{row.action}", **{name: text for name, text in known.items() if name in named}
    )

    assert sent.status == 303, sent.text
    assert (await browser.follow(sent)).status == 200
    after = (await resident.get(f"/v1/cases/{case['case_no']}")).json
    assert (after["state"], after["version"]) == (row.target, case["version"] + 1)


async def somebody(world: World, shop: Shop, row: Row) -> Person:
    """One of those who may make this move."""
    usual = {"provider": shop.manager, "worker": shop.worker, "dispatcher": shop.dispatcher}
    for role, person in usual.items():
        if role in row.by:
            return person
    return await world.staff(Grant(role="clerk", community_id=world.community))


async def test_only_what_may_be_done_now_is_on_the_page(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.brought_to("assigned", resident))["case_no"]
    for person in (shop.manager, shop.worker, shop.dispatcher, await world.staff(Grant(role="reviewer"))):
        page = await of(person).get(f"/console/cases/{case_no}")
        forms = [one.action.rpartition("/")[2] for one in page.forms if case_no in one.action]
        drawn = [one for one in forms if one not in ("messages", "attachments", "notes")]
        allowed = [one["name"] for one in (await person.get(f"/v1/cases/{case_no}")).json["actions"]]
        assert sorted(drawn) == sorted(allowed)
    assert "现在不用您操作" in page.text


async def test_only_what_was_done_before_is_called_done_again(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    path = f"/console/cases/{(await shop.brought_to('assigned', resident))['case_no']}"
    assert "重新派单" in (await of(shop.dispatcher).get(path)).text
    worker = (await of(shop.worker).get(path)).text
    assert "接单" in worker and "重新接单" not in worker


async def test_the_start_code_is_for_the_desk_and_not_for_the_worker(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("en_route", resident)
    path, code = f"/console/cases/{case['case_no']}", case["start_code"]
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))
    assert re.search(rf"开始口令 ?{code}", (await of(clerk).get(path)).text)
    for person in (shop.worker, shop.manager, shop.dispatcher):
        assert not re.search(rf"开始口令 ?{code}", (await of(person).get(path)).text)


async def test_a_form_sent_twice_moves_once(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    browser = of(shop.manager)
    page = await browser.get(f"/console/cases/{case_no}")

    sent = await asyncio.gather(*(browser.press(page, "/confirm") for _ in range(4)))
    sent.append(await browser.press(page, "/confirm"))

    assert [one.status for one in sent] == [303] * 5
    steps = (await resident.get(f"/v1/cases/{case_no}/history")).json["items"]
    assert [one["action"] for one in steps] == ["submit", "confirm"]


async def test_a_page_that_is_no_longer_true_shows_what_is(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    browser = of(shop.manager)
    page = await browser.get(f"/console/cases/{case_no}")
    await resident.act(case_no, "cancel")

    late = await browser.press(page, "/reject", reason="那天没有人")

    assert (late.status, "刚刚有了变化" in late.text, "现在是“已取消”" in late.text) == (409, True, True)
    assert (await resident.get(f"/v1/cases/{case_no}")).json["state"] == "cancelled"


async def test_a_stale_version_is_refused_though_the_move_would_still_be_allowed(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.brought_to("assigned", resident))["case_no"]
    browser = of(shop.manager)
    page = await browser.get(f"/console/cases/{case_no}")
    await shop.dispatcher.act(case_no, "assign", worker_id=shop.worker.id)

    late = await browser.press(page, "/cancel")
    assert (late.status, "刚刚有了变化" in late.text) == (409, True)
    form = page.form("/cancel")
    for version in ("0", "-1", "x", "9" * 5000):
        odd = await browser.post(form.action, form.fields | {"version": version, "_key": "k"})
        assert odd.status == 409
    assert (await browser.press(late, "/cancel")).status == 303


async def test_what_was_filled_in_is_still_there_when_it_is_refused(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("en_route", resident)
    wrong = f"{(int(case['start_code']) + 1) % 10_000:04d}"
    browser = of(shop.worker)
    page = await browser.get(f"/console/cases/{case['case_no']}")

    refused = await browser.press(page, "/start", code=wrong)
    assert (refused.status, "开始口令不对，请居民再念一遍" in refused.text) == (409, True)
    assert refused.form("/start").fields["code"] == wrong
    empty = await browser.press(refused, "/start", code="")
    assert (empty.status, "请把“开始口令”填好" in empty.text) == (422, True)
    assert (await browser.press(empty, "/start", code=case["start_code"])).status == 303


async def test_a_case_that_leaves_one_s_scope_leads_back_to_the_inbox(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.brought_to("assigned", resident))["case_no"]
    browser = of(shop.worker)
    page = await browser.get(f"/console/cases/{case_no}")
    for _ in range(2):
        sent = await browser.press(page, "/decline", reason="车坏了")
        assert (sent.status, sent.location) == (303, "/console")
    assert "已办好：退单" in (await browser.follow(sent)).text


async def test_a_busy_worker_cannot_be_chosen(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    await shop.brought_to("assigned", resident)
    case_no = (await shop.brought_to("confirmed", resident))["case_no"]
    page = await of(shop.manager).get(f"/console/cases/{case_no}")
    assert "那时有活" in page.text
    assert "worker_id" not in page.form("/assign").fields


async def test_a_form_s_address_typed_by_hand_does_nothing(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    seen = await of(shop.manager).get(f"/console/cases/{case_no}/confirm")
    assert (seen.status, seen.location) == (303, f"/console/cases/{case_no}")
    assert (await shop.manager.get(f"/v1/cases/{case_no}")).json["state"] == "submitted"


async def test_whatever_people_write_stays_text(world: World) -> None:
    shop = await world.shop(name=f"保洁{SCRIPT}")
    resident = await world.resident()
    case_no = (await shop.booked(resident, note=SCRIPT))["case_no"]
    browser = of(shop.manager)
    await browser.press(await browser.get(f"/console/cases/{case_no}"), "/confirm")
    page = await browser.get(f"/console/cases/{case_no}")
    await browser.press(page, "/cancel", reason=f"{SCRIPT}\" onclick='x'")

    for path in (f"/console/cases/{case_no}", f"/console?q={case_no}", "/console?q=%3Cscript%3Ealert(1)"):
        seen = await browser.get(path)
        assert "<script>alert" not in seen.body, path
    assert SCRIPT in (await browser.get(f"/console/cases/{case_no}")).text


async def test_the_menu_shows_where_one_is_on_the_pages_below_an_entry_too(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    boss = await world.staff(Grant(role="admin"))
    places = {
        "/console": "/console",
        f"/console/cases/{case_no}": "/console",
        f"/console/day?date={world.at(9)[:10]}": "/console/dispatch",
        "/console/fairness": "/console/dispatch",
        "/console/staff": "/console/staff",
        f"/console/staff/{boss.id}": "/console/staff",
        "/console/role-changes": "/console/staff",
        "/console/role-rules": "/console/staff",
        f"/console/providers/{shop.provider_id}": "/console/providers",
        f"/console/rosters/{shop.worker.id}": "/console/providers",
        "/console/statistics": "/console/statistics",
        "/console/nothing-of-ours": "",
    }
    for path, entry in places.items():
        menu = (await Browser(world, boss.token).get(path)).body.partition("</nav>")[0]
        on = re.findall(r'<a href="([^"]+)" class="on" aria-current="(\w+)"', menu)
        here = path.partition("?")[0]
        assert on == ([(entry, "page" if here == entry else "true")] if entry else []), path
