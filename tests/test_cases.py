"""Cases as their people find them: lists that neither skip nor repeat, boxes, search, history, and no case of others."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.staff import Grant
from server.staff import STAFF, Staff
from tests.doors import Happy, Visit
from tests.world import Person, World, unique


async def listed(who: Person, **query: Any) -> list[str]:
    """The case numbers of one page."""
    reply = await who.get("/v1/cases", **query)
    assert reply.status == 200, reply.body
    return [one["case_no"] for one in reply.json["items"]]


async def pages(who: Person, limit: int, meanwhile: Any = None, **query: Any) -> list[str]:
    """All of them, page by page; `meanwhile` happens after each."""
    found: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = (await who.get("/v1/cases", limit=limit, **cursor, **query)).json
        found += [one["case_no"] for one in page["items"]]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}
        if meanwhile is not None:
            await meanwhile()


def mistyped(case_no: str) -> str:
    """One digit is another one."""
    return case_no[:-1] + str((int(case_no[-1]) + 1) % 10)


async def visit_case(world: World, more: str = "", **call: Any) -> Visit:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    return Visit(who=resident, path=f"/v1/cases/{case_no}{more}", stranger=await world.resident(), **call)


async def visit_cases(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/cases")


async def visit_history(world: World) -> Visit:
    return await visit_case(world, "/history")


async def visit_move(world: World) -> Visit:
    return await visit_case(world, "/cancel", body={"reason": "改天"})


async def visit_candidates(world: World) -> Visit:
    shop, other = await world.shop(), await world.shop()
    case = await shop.brought_to("confirmed", await world.resident())
    return Visit(who=shop.manager, path=f"/v1/cases/{case['case_no']}/candidates", stranger=other.manager)


HAPPY: Happy = {
    ("GET", "/v1/cases"): visit_cases,
    ("GET", "/v1/cases/{case_no}"): visit_case,
    ("GET", "/v1/cases/{case_no}/history"): visit_history,
    ("GET", "/v1/cases/{case_no}/candidates"): visit_candidates,
    ("POST", "/v1/cases/{case_no}/{action}"): visit_move,
}


# Lists.


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_pages_have_no_gap_and_no_repeat_while_new_cases_arrive(world: World, limit: int) -> None:
    shop, resident = await world.shop(capacity=100), await world.resident()
    before = []
    for number in range(7):
        before.append((await shop.booked(resident))["case_no"])
        world.clock.advance(timedelta(seconds=number % 2))  # some at the same moment

    async def another() -> None:
        world.clock.advance(timedelta(milliseconds=1))
        await shop.booked(resident)

    assert await pages(resident, limit, another) == sorted(before, reverse=True)


async def test_a_page_is_as_long_as_asked_for_and_the_last_one_says_so(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    for _ in range(4):
        await shop.booked(resident)

    first = (await resident.get("/v1/cases", limit=2)).json
    exact = (await resident.get("/v1/cases", limit=4)).json

    assert (len(first["items"]), bool(first["next"])) == (2, True)
    assert (len(exact["items"]), exact["next"]) == (4, None)
    for bad in ("0", "101", "x"):
        assert (await resident.get("/v1/cases", limit=bad)).status == 422
    assert (await resident.get("/v1/cases", cursor="x")).status == 422


async def test_cases_are_found_by_kind_and_state(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    held = (await shop.booked(resident, hold=True))["case_no"]
    submitted = (await shop.booked(resident))["case_no"]
    cancelled = (await shop.brought_to("cancelled", resident))["case_no"]

    assert await listed(resident, state="submitted") == [submitted]
    assert await listed(resident, state="held", kind="booking") == [held]
    assert set(await listed(resident, kind="booking")) == {held, submitted, cancelled}
    assert await listed(resident, kind="ride") == []
    assert await listed(resident, state="nowhere") == []


async def test_a_list_says_the_same_as_the_case_itself_at_any_time(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    cases = [await shop.booked(resident, hold=True), await shop.booked(resident)]
    cases.append(await shop.brought_to("done", resident, world.at(18)))

    for minutes in (0, 0.5, 4, 5, 25, 31, 48 * 60):
        world.clock.set(datetime.fromisoformat(cases[0]["created_at"]) + timedelta(minutes=minutes))
        for who in (resident, shop.manager) if minutes < 60 else (resident,):
            found = {one["case_no"]: one for one in (await who.get("/v1/cases")).json["items"]}
            for case in cases:
                assert found[case["case_no"]] == (await who.get(f"/v1/cases/{case['case_no']}")).json, minutes


async def test_a_list_shows_a_move_at_once(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    assert await listed(resident, state="submitted") == [case_no]

    await shop.manager.act(case_no, "confirm")

    [item] = (await resident.get("/v1/cases")).json["items"]
    assert (item["state"], item["version"]) == ("confirmed", 2)


# Boxes.


async def test_each_box_holds_what_its_name_says(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    new = (await shop.booked(resident))["case_no"]
    confirmed = (await shop.brought_to("confirmed", resident))["case_no"]
    assigned = (await shop.brought_to("assigned", resident))["case_no"]
    done = (await shop.brought_to("done", resident, world.at(16)))["case_no"]
    ended = (await shop.brought_to("completed", resident, world.at(18)))["case_no"]
    manager, worker = shop.manager, shop.worker

    assert set(await listed(manager, box="unassigned")) == {new, confirmed}
    assert set(await listed(manager, box="team")) == {new, confirmed, assigned, done}
    assert set(await listed(manager, box="mine")) == {confirmed, assigned, done}
    assert set(await listed(worker, box="mine")) == {assigned, done}
    assert await listed(worker, box="unassigned") == []
    assert set(await listed(manager)) == {new, confirmed, assigned, done, ended}
    assert set(await listed(worker)) == {assigned, done, ended}
    assert await listed(manager, box="overdue") == []

    world.clock.advance(timedelta(minutes=31))
    assert await listed(manager, box="overdue") == [new]
    assert await listed(worker, box="overdue") == []
    await manager.act(new, "confirm")
    assert await listed(manager, box="overdue") == []


async def test_boxes_go_together_with_filters(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    new = (await shop.booked(resident))["case_no"]
    confirmed = (await shop.brought_to("confirmed", resident))["case_no"]

    assert await listed(shop.manager, box="unassigned", state="confirmed") == [confirmed]
    assert await listed(shop.manager, box="team", q=new) == [new]
    assert await listed(shop.manager, box="mine", q=new) == []
    assert (await shop.manager.get("/v1/cases", box="attic")).status == 422


async def test_a_resident_has_no_boxes_only_the_own_cases(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    assert await listed(resident, box="overdue") == [case_no]


# Search.


async def test_the_desk_finds_a_case_by_what_a_caller_can_say(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    desk = await world.staff(Grant(role="operator"))
    phone = f"139{unique('')[1:].zfill(8)}"
    case_no = (await shop.booked(resident, contact={"name": "李", "phone": phone}))["case_no"]
    other = (await shop.booked(resident, contact={"name": "李", "phone": "0477-8399" + phone[-3:]}))[
        "case_no"
    ]

    assert await listed(desk, q=case_no) == [case_no]
    assert await listed(desk, q=case_no.lower()) == [case_no]
    assert await listed(desk, q=phone) == [case_no]
    assert case_no in await listed(desk, q=phone[-4:])
    assert other in await listed(desk, q="0477-8399" + phone[-3:])
    assert other in await listed(desk, q="04778399" + phone[-3:])
    assert await listed(desk, q="138" + phone[3:]) == []


async def test_a_mistyped_number_is_said_to_be_one(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    desk = await world.staff(Grant(role="operator"))
    case_no = (await shop.booked(resident))["case_no"]

    for wrong in (mistyped(case_no), case_no[:-1], case_no.replace("-", "")):
        reply = await desk.get("/v1/cases", q=wrong)
        assert (reply.status, reply.code, reply.json["error"]["field"]) == (404, "case_no_mistyped", "q"), (
            wrong
        )
    for impossible in ("123", "a" * 41, "1234;", "中文中文"):
        assert (await desk.get("/v1/cases", q=impossible)).status == 422


async def test_a_search_finds_nothing_outside_ones_scope(world: World) -> None:
    shop, resident, other_shop = await world.shop(), await world.resident(), await world.shop()
    case = await shop.booked(resident)
    neighbour = await world.resident()
    elsewhere = await world.staff(Grant(role="clerk", community_id=unique("community")))
    accountant = await world.staff(Grant(role="accountant"))

    for who in (neighbour, elsewhere, accountant, other_shop.manager, shop.worker):
        for asked in (case["case_no"], case["details"]["contact_phone"], "0001"):
            assert case["case_no"] not in await listed(who, q=asked, limit=100)
        assert (await who.get(f"/v1/cases/{case['case_no']}")).code == "case_not_found"
        assert (await who.get(f"/v1/cases/{case['case_no']}/history")).code == "case_not_found"


# Scope.


async def test_several_grants_see_what_each_of_them_sees(world: World) -> None:
    first, second, third = [await world.shop(capacity=9) for _ in range(3)]
    resident = await world.resident()
    numbers = [(await shop.booked(resident))["case_no"] for shop in (first, second, third)]
    both = await world.staff(
        Grant(role="provider", provider_id=first.provider_id),
        Grant(role="provider", provider_id=second.provider_id),
    )

    assert set(await listed(both)) == set(numbers[:2])
    assert await pages(both, 1) == sorted(numbers[:2])


async def test_who_changes_the_employer_leaves_the_cases_behind(world: World) -> None:
    shop, other_shop, resident = await world.shop(), await world.shop(), await world.resident()
    case_no = (await shop.brought_to("assigned", resident))["case_no"]
    assert await listed(shop.worker) == [case_no]
    grants = [Grant(role="worker", provider_id=other_shop.provider_id)]

    await world.put(STAFF, Staff(id=shop.worker.id, name="李师傅", grants=grants, skills=["cleaning"]))

    assert await listed(shop.worker) == []
    assert (await shop.worker.get(f"/v1/cases/{case_no}")).status == 404


@pytest.mark.parametrize("role", ["clerk", "elder_team", "provider"])
async def test_a_grant_that_names_no_scope_sees_nothing(world: World, role: Any) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    person = await world.staff(Grant(role=role))

    assert await listed(person) == []
    assert (await person.get(f"/v1/cases/{case_no}")).status == 404


@pytest.mark.parametrize("case_no", ["HB-20261124-0001372", "nothing", "%00", "..%2f", "{}"])
async def test_a_case_that_is_not_there_is_not_found(world: World, case_no: str) -> None:
    admin = await world.staff(Grant(role="admin"))
    assert (await admin.get(f"/v1/cases/{case_no}")).status == 404


# History.


async def test_the_history_tells_who_did_what_when(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("assigned", resident)
    await shop.worker.act(case["case_no"], "decline", reason="车坏了")

    items = (await resident.get(f"/v1/cases/{case['case_no']}/history")).json["items"]

    assert [one["seq"] for one in items] == [1, 2, 3, 4]
    assert [one["action"] for one in items] == ["submit", "confirm", "assign", "decline"]
    assert [(one["by"], one["role"]) for one in items] == [
        ("居民", "居民"),
        ("王芳", "服务商负责人"),
        ("王芳", "服务商负责人"),
        ("李师傅", "服务人员"),
    ]
    last = items[-1]
    assert (last["source"], last["target"], last["target_text"], last["reason"]) == (
        "assigned",
        "confirmed",
        "已确认",
        "车坏了",
    )
    assert all(datetime.fromisoformat(one["at"]) == world.clock.now() for one in items)


async def test_a_refused_move_leaves_no_trace(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case = await shop.brought_to("en_route", resident)
    path = f"/v1/cases/{case['case_no']}"
    before = ((await resident.get(path)).json, (await resident.get(f"{path}/history")).json)

    await shop.worker.act(case["case_no"], "start", code="0000" if case["start_code"] != "0000" else "1111")
    await shop.worker.act(case["case_no"], "no_show", reason="无人应门")
    await resident.act(case["case_no"], "cancel")

    assert ((await resident.get(path)).json, (await resident.get(f"{path}/history")).json) == before
