"""Every act of the staff is written down with it, and nothing changes what is written."""

import inspect
from typing import Any
from urllib.parse import quote

import pytest

from handlers.audit import Audit
from handlers.base import ANYONE, endpoints
from handlers.page import Page
from schemas.staff import Grant
from server.audit import AUDIT, Entry, agent_family
from server.kit.db import Reader, Tx
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.world import Person, World


async def visit_audit(world: World) -> Visit:
    return Visit(who=await world.staff(Grant(role="admin")), path="/v1/audit")


HAPPY: Happy = {("GET", "/v1/audit"): visit_audit}


async def rows(world: World, **where: Any) -> list[Entry]:
    """Without the logins, which everybody has."""

    async def found(reader: Reader) -> list[Entry]:
        return await reader.all(AUDIT, where | {"what": {"$ne": "sessions.enter"}}, limit=100, sort="at")

    return await world.house.db.reading(found)


async def admin(world: World) -> Person:
    return await world.staff(Grant(role="admin"))


async def test_a_move_by_staff_says_who_did_what_to_whom_when_and_from_where(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    headers = {"User-Agent": "Mozilla/5.0 Chrome/126.0 wxwork/4.1", "X-Request-ID": "asked-by-hand-1"}

    await world.call("POST", f"/v1/cases/{case_no}/confirm", {}, token=shop.manager.token, headers=headers)

    found = (await (await admin(world)).get("/v1/audit", actor=shop.manager.id)).json["items"]
    [row] = [one for one in found if one["what"] != "sessions.enter"]
    wanted = {
        "actor": "王芳",
        "actor_id": shop.manager.id,
        "roles": ["provider"],
        "what": "booking.confirm",
        "subjects": [case_no, resident.id],
        "channel": "console",
        "ip": "127.0.0.1",
        "agent": "WeCom",
        "request_id": "asked-by-hand-1",
        "outcome": "done",
    }
    assert {name: row[name] for name in wanted} == wanted


async def test_what_a_resident_does_is_not_the_staffs(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.booked(resident)
    await resident.act(case["case_no"], "cancel")
    assert await rows(world, subjects=resident.id) == []


async def test_a_booking_made_at_the_desk_is_written_once_though_it_was_sent_twice(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    desk = await world.staff(Grant(role="operator"))
    wish = shop.wish(world.at(10), resident_id=resident.id)
    answers = [await desk.post("/v1/bookings", wish, key="the-same-call") for _ in range(2)]
    assert [one.status for one in answers] == [201, 201]
    [row] = await rows(world, actor_id=desk.id)
    assert (row.what, row.subjects, row.channel) == (
        "booking.submit",
        [answers[0].json["case_no"], resident.id],
        "phone",
    )


async def test_looking_at_personal_data_is_written_down(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    desk = await world.staff(Grant(role="operator"))

    await desk.get("/v1/residents", phone="13947700001")
    await desk.get(f"/v1/cases/{case_no}")
    await Browser(world, desk.token).get(f"/console/cases/{case_no}")
    await resident.get(f"/v1/cases/{case_no}")

    looks = await rows(world, actor_id=desk.id)
    [search] = [one for one in looks if one.what == "residents.find"]
    opened = [one for one in looks if one is not search]
    assert resident.id in search.subjects
    assert [(one.what, one.subjects) for one in opened] == [("cases.open", [case_no, resident.id])] * 2
    assert not [one for one in await rows(world) if "13947700001" in repr(one)]


async def test_what_was_refused_is_written_with_the_refusal_and_changed_nothing(world: World) -> None:
    shop, other = await world.shop(), await world.shop()
    case_no = (await shop.booked(await world.resident()))["case_no"]

    assert (await other.manager.act(case_no, "confirm")).status == 404
    assert (await shop.manager.act(case_no, "finish")).status == 409

    [strange] = await rows(world, actor_id=other.manager.id)
    [early] = await rows(world, actor_id=shop.manager.id)
    assert (strange.what, strange.subjects, strange.outcome) == ("cases.confirm", [case_no], "case_not_found")
    assert (early.what, early.outcome) == ("cases.finish", "not_allowed_now")


async def test_a_click_in_the_console_is_written_like_a_call(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    browser = Browser(world, shop.manager.token)
    form = (await browser.get(f"/console/cases/{case_no}")).form("/confirm")
    await browser.post(form.action, form.fields)
    done = [one for one in await rows(world, actor_id=shop.manager.id) if one.what != "cases.open"]
    assert [(one.what, one.subjects, one.channel) for one in done] == [
        ("booking.confirm", [case_no, resident.id], "console")
    ]


async def test_records_are_found_by_actor_subject_and_day_page_by_page(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    for hour in (10, 14, 16):
        case = await shop.booked(resident, world.at(hour))
        await shop.manager.act(case["case_no"], "confirm")
    boss, today = await admin(world), world.at(9, days=0)[:10]

    first = (await boss.get("/v1/audit", actor=shop.manager.id, limit=2)).json
    second = (await boss.get("/v1/audit", actor=shop.manager.id, limit=2, cursor=first["next"])).json
    assert [len(first["items"]), len(second["items"]), second["next"]] == [2, 2, None]

    async def many(**query: Any) -> int:
        return len((await boss.get("/v1/audit", actor=shop.manager.id, **query)).json["items"])

    assert await many(subject=case["case_no"]) == 1
    assert await many(**{"from": today, "to": today}) == 4
    assert await many(**{"from": world.at(9)[:10]}) == 0
    reversed_days = await boss.get("/v1/audit", **{"from": world.at(9)[:10], "to": today})
    assert (reversed_days.status, reversed_days.code) == (422, "days_reversed")


async def test_records_are_found_by_what_was_done(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    await shop.manager.act(case_no, "confirm")
    await shop.manager.get(f"/v1/cases/{case_no}")
    boss = await admin(world)

    async def found(what: str) -> list[str]:
        reply = await boss.get("/v1/audit", subject=case_no, what=what)
        return [one["what"] for one in reply.json["items"]]

    assert await found("booking.confirm") == ["booking.confirm"]
    assert await found("cases.open") == ["cases.open"]
    assert await found("booking.cancel") == []
    browser, address = Browser(world, boss.token), f"/console/audit?subject={case_no}&act="
    page = await browser.get(address + quote("确认接单"))
    assert "上门服务·确认接单" in page.text and "查看办件" not in page.body.partition("<tbody>")[2]
    assert "没有叫这个名字的操作" in (await browser.get(address + quote("飞上天"))).text


async def test_looking_into_the_records_is_recorded_too(world: World) -> None:
    boss = await admin(world)
    await boss.get("/v1/audit", subject="HB-20261124-0001370")
    [row] = await rows(world, actor_id=boss.id)
    assert (row.what, row.subjects) == ("audit.get", ["HB-20261124-0001370"])


async def test_only_an_administrator_has_the_page_and_its_entry_in_the_menu(world: World) -> None:
    boss, desk = Browser(world, (await admin(world)).token), await world.staff(Grant(role="operator"))
    shop = await world.shop()
    case_no = (await shop.booked(await world.resident()))["case_no"]
    await shop.manager.act(case_no, "confirm")
    await shop.manager.post(f"/v1/cases/{case_no}/messages", {"text": "我们十点到"})

    page = await boss.get(f"/console/audit?subject={case_no}")
    assert (
        "上门服务·确认接单" in page.text
        and "办件留言·提交" in page.text
        and f"actor={shop.manager.id}" in page.body
    )
    assert "没有这样的记录" in (await boss.get("/console/audit?actor=nobody")).text
    assert "请填写员工账号" in (await boss.get("/console/audit?from=yesterday")).text

    assert (await Browser(world, desk.token).get("/console/audit")).status == 403
    assert "/console/audit" not in (await Browser(world, desk.token).get("/console/me")).body
    assert "/console/audit" in (await boss.get("/console/me")).body


async def test_what_is_written_can_only_be_added_to(world: World) -> None:
    [row, *_] = await rows(world) or [await _written(world)]
    writes: list[Any] = [
        lambda tx: tx.put(AUDIT, row),
        lambda tx: tx.replace(AUDIT, row, {"_id": row.id}),
        lambda tx: tx.change(AUDIT, {"_id": row.id}, {"$set": {"what": "nothing"}}),
        lambda tx: tx.change_all(AUDIT, {}, {"$set": {"what": "nothing"}}),
        lambda tx: tx.take(AUDIT, {}, {"$set": {"what": "nothing"}}),
        lambda tx: tx.delete(AUDIT, {"_id": row.id}),
        lambda tx: tx.delete_all(AUDIT, {}),
        lambda tx: tx.put_all(AUDIT, [row]),
    ]
    for write in writes:
        with pytest.raises(TypeError, match="insert-only"):
            await world.house.db.alone(write)
    assert set(Audit.plans) == {"get"}


async def _written(world: World) -> Entry:
    await (await admin(world)).get("/v1/audit")
    return (await rows(world))[0]


def test_whatever_staff_can_change_goes_through_the_door_that_writes_it_down() -> None:
    """Signing in and out is seen in the sessions; who asks WeChat about a payment looks, and that is written down. Where
    a driver is, once a second, is no deed, nor what a ride would cost somebody who is not named."""
    unwritten = ("log", "sessions", "driver/position", "ride-estimates")
    for endpoint in endpoints():
        for name, plan in endpoint.plans.items():
            by_staff = plan.rule.who - {"resident", ANYONE}
            left_out = any(one in endpoint.path for one in unwritten)
            if name != "get" and by_staff and not left_out:
                own = [one for one in endpoint.__mro__ if one not in Page.__mro__]
                source = "".join(inspect.getsource(one) for one in own)
                assert "once(" in source or "self.saw(" in source, f"{name} {endpoint.path}: use self.once(…)"


async def test_an_act_that_does_not_commit_leaves_no_row(world: World) -> None:
    async def broken(tx: Tx) -> None:
        from server import audit, sessions

        member = sessions.Actor("staff", "nobody-in-particular", "", (Grant(role="admin"),))
        audit.watch(tx, member, audit.Origin("console"))
        audit.close(tx, "nothing.happened")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await world.house.db.atomically(broken)
    assert await rows(world, actor_id="nobody-in-particular") == []


@pytest.mark.parametrize(
    ("agent", "family"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0", "Edge"),
        ("Mozilla/5.0 (iPhone) Safari/604.1 MicroMessenger/8.0", "WeChat"),
        ("curl/8", "other"),
        ("", ""),
    ],
)
def test_of_the_client_only_its_family_is_kept(agent: str, family: str) -> None:
    assert agent_family(agent) == family
