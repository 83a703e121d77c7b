"""Staff: who I am, what the roles may do, how roles are given by two, and what the directory's word does."""

import asyncio
import re
from datetime import timedelta
from typing import Any, get_args

import pytest

from schemas.staff import Grant, Role
from server import directory, roles
from server.audit import AUDIT
from server.directory import Known
from server.role_changes import PROPOSALS, Proposal
from server.roles import GROUPS, ROLE_RULES
from server.staff import STAFF, Staff
from server.staff_push import NOTICES
from tests import callbacks
from tests.browser import Browser, Seen
from tests.doors import Happy, Visit
from tests.houses import next_door
from tests.world import Person, World, unique

STAFF_PAGE, CHANGES, RULES = "/console/staff", "/console/role-changes", "/console/role-rules"
ADMIN, OPERATOR = Grant(role="admin"), Grant(role="operator")


async def visit_me(world: World) -> Visit:
    return Visit(who=await world.staff(OPERATOR), path="/v1/staff/me")


async def visit_roles(world: World) -> Visit:
    return Visit(who=await world.staff(OPERATOR), path="/v1/staff/roles")


HAPPY: Happy = {("GET", "/v1/staff/me"): visit_me, ("GET", "/v1/staff/roles"): visit_roles}


def of(person: Person) -> Browser:
    return Browser(person.world, person.token)


async def member(world: World, userid: str) -> Staff:
    found = await world.house.db.reading(lambda reader: reader.get(STAFF, userid))
    assert found is not None
    return found


async def records(world: World, what: str, subject: str = "") -> list[str]:
    """Who did this, to whom or what."""
    where: dict[str, Any] = {"what": what} | ({"subjects": subject} if subject else {})
    rows = await world.house.db.reading(lambda reader: reader.all(AUDIT, where, limit=100))
    return [one.actor_id for one in rows]


async def notices(world: World, userid: str) -> list[tuple[str, str]]:
    await world.work()
    rows = await world.house.db.reading(
        lambda reader: reader.all(NOTICES, {"userid": userid}, limit=50, sort="-at")
    )
    return [(one.title, one.text) for one in rows]


async def test_the_table_describes_every_role(world: World) -> None:
    person = await world.staff(Grant(role="worker", provider_id="p"))
    found = (await person.get("/v1/staff/roles")).json["items"]

    assert [one["name"] for one in found] == list(get_args(Role))
    assert all(one["text"] and one["may"] for one in found)


async def test_i_am_told_my_name_and_grants(world: World) -> None:
    grants = [
        Grant(role="clerk", community_id=world.community),
        Grant(role="elder_team", compound_id=world.compound),
    ]
    person = await world.staff(*grants, name="赵敏")

    me = (await person.get("/v1/staff/me")).json

    assert (me["id"], me["name"]) == (person.id, "赵敏")
    assert [(one["role"], one["community_id"], one["compound_id"]) for one in me["grants"]] == [
        ("clerk", world.community, None),
        ("elder_team", None, world.compound),
    ]


# The list


async def test_the_staff_are_found_by_name_account_role_provider_and_whether_they_are_here(
    world: World,
) -> None:
    shop, boss = await world.shop(), await world.staff(ADMIN)
    await world.put(STAFF, Staff(id=unique("gone"), name="走了的人", grants=[OPERATOR], active=False))
    pages = {
        "q=李师傅": ("李师傅", "走了的人"),
        f"q={shop.manager.id}": (shop.manager.id, shop.worker.id),
        f"role=worker&provider={shop.provider_id}": (shop.worker.id, shop.manager.id),
        f"role=provider&provider={shop.provider_id}": (shop.manager.id, shop.worker.id),
        "active=no": ("走了的人", shop.worker.id),
        "q=走了&active=yes": ("没有这样的人员", "走了的人</a>"),
    }
    for query, (there, not_there) in pages.items():
        seen = await of(boss).get(f"{STAFF_PAGE}?{_quoted(query)}")
        assert (seen.status, there in seen.text, not_there in seen.body.partition("<table")[2]) == (
            200,
            True,
            False,
        ), query
    assert (await of(shop.dispatcher).get(STAFF_PAGE)).status == 403


def _quoted(query: str) -> str:
    return "".join(
        one if one.isascii() else "".join(f"%{byte:02X}" for byte in one.encode()) for one in query
    )


async def test_the_list_goes_on_page_by_page(world: World) -> None:
    boss, name = await world.staff(ADMIN), unique("同名")
    everybody = [Staff(id=unique("many"), name=name, grants=[OPERATOR]) for _ in range(35)]
    await world.put(STAFF, *everybody)
    first = await of(boss).get(f"{STAFF_PAGE}?{_quoted(f'q={name}')}")
    following = re.search(r'href="(/console/staff\?[^"]*cursor=[^"]+)"', first.body)
    assert following
    second = await of(boss).get(following[1].replace("&amp;", "&"))
    found = [re.findall(r"/console/staff/(many-\d+)", one.body) for one in (first, second)]
    assert [len(one) for one in found] == [30, 5]
    assert sorted(found[0] + found[1]) == sorted(one.id for one in everybody)


# Two change roles


async def proposed(boss: Person, userid: str, role: str = "accountant", scope: str = "") -> Seen:
    browser = of(boss)
    page = await browser.get(f"{STAFF_PAGE}/{userid}")
    return await browser.press(page, "/propose", role=role, scope=scope, reason="接陈静的班")


async def waiting(world: World, **where: Any) -> Proposal:
    [found] = await world.house.db.reading(
        lambda reader: reader.all(PROPOSALS, {"state": "open", **where}, limit=5)
    )
    return found


async def answer(boss: Person, proposal: Proposal, action: str, **filled: str) -> Seen:
    """Also where the page offers no such button."""
    browser = of(boss)
    token = (await browser.get("/console/me")).forms[0].fields["_xsrf"]
    return await browser.post(f"{CHANGES}/{proposal.id}/{action}", filled | {"_xsrf": token})


async def test_a_role_is_given_when_a_second_administrator_has_agreed_and_not_before(world: World) -> None:
    one, two, clerk = await world.staff(ADMIN, name="白志远"), await world.staff(ADMIN), await world.staff()

    sent = await proposed(one, clerk.id)
    assert sent.location == f"{STAFF_PAGE}/{clerk.id}"
    assert (await member(world, clerk.id)).grants == []
    assert ("有角色申请等您同意", "王芳。接陈静的班") in await notices(world, two.id)
    assert not [title for title, _ in await notices(world, one.id) if "等您同意" in title]

    browser = of(two)
    page = await browser.get(CHANGES)
    assert "增加 会计 · 全街道" in page.text and "接陈静的班" in page.text and "白志远" in page.text
    proposal = await waiting(world, userid=clerk.id)
    await browser.press(page, f"{proposal.id}/approve")

    assert (await member(world, clerk.id)).grants == [Grant(role="accountant")]
    assert [item["role"] for item in (await clerk.get("/v1/staff/me")).json["grants"]] == ["accountant"]
    assert await records(world, "roles.propose", clerk.id) == [one.id]
    assert await records(world, "roles.approve", clerk.id) == [two.id]
    assert ("您的角色有变化", "+") not in await notices(world, clerk.id)
    assert "您的角色有变化" in [title for title, _ in await notices(world, clerk.id)]
    assert "角色申请已同意" in [title for title, _ in await notices(world, one.id)]


async def test_nobody_approves_what_they_proposed_or_what_is_about_themselves(world: World) -> None:
    one, two, three = [await world.staff(ADMIN) for _ in range(3)]
    await proposed(one, two.id)
    proposal = await waiting(world, userid=two.id)
    for who, said in ((one, "要由另一位管理员来同意"), (two, "您自己的角色")):
        for action in ("approve", "decline"):
            refused = await answer(who, proposal, action, reason="不行")
            assert (refused.status, said in refused.text) == (403, True)
        page = await of(who).get(CHANGES)
        assert f"{proposal.id}/approve" not in page.body
    clerk = await world.staff(OPERATOR)
    assert (await answer(clerk, proposal, "approve")).status == 403
    assert (await member(world, two.id)).grants == [ADMIN]
    assert (await answer(three, proposal, "approve")).status == 303
    assert Grant(role="accountant") in (await member(world, two.id)).grants


async def test_an_administrator_s_wish_for_themselves_needs_another_one_too(world: World) -> None:
    one, two = await world.staff(ADMIN), await world.staff(ADMIN)
    await proposed(one, one.id)
    proposal = await waiting(world, userid=one.id)
    assert (await answer(one, proposal, "approve")).status == 403
    assert (await answer(two, proposal, "approve")).status == 303
    assert (await member(world, one.id)).grants == [ADMIN, Grant(role="accountant")]


async def test_a_refusal_has_a_reason_that_the_proposer_reads(world: World) -> None:
    one, two, clerk = await world.staff(ADMIN), await world.staff(ADMIN), await world.staff()
    await proposed(one, clerk.id)
    proposal = await waiting(world, userid=clerk.id)
    assert (await answer(two, proposal, "decline", reason="")).status == 422
    assert (await answer(two, proposal, "decline", reason="他下月调走")).status == 303
    assert (await member(world, clerk.id)).grants == []
    assert ("角色申请不同意", "王芳：他下月调走") in await notices(world, one.id)
    assert await records(world, "roles.decline", clerk.id) == [two.id]
    assert "他下月调走" in (await of(one).get(f"{STAFF_PAGE}/{clerk.id}")).text
    assert (await answer(two, proposal, "approve")).status == 409


async def test_who_proposed_it_can_take_it_back_and_nobody_else(world: World) -> None:
    one, two, clerk = await world.staff(ADMIN), await world.staff(ADMIN), await world.staff()
    await proposed(one, clerk.id)
    proposal = await waiting(world, userid=clerk.id)
    assert (await answer(two, proposal, "withdraw")).status == 403
    await of(one).press(await of(one).get(CHANGES), f"{proposal.id}/withdraw")
    assert (await answer(two, proposal, "approve")).status == 409
    assert (await member(world, clerk.id)).grants == []


async def test_what_nobody_answers_lapses(world: World) -> None:
    one, two, clerk = await world.staff(ADMIN), await world.staff(ADMIN), await world.staff()
    await proposed(one, clerk.id)
    proposal = await waiting(world, userid=clerk.id)
    world.clock.advance(timedelta(days=7))
    again = await world.sign_in(two.id)
    assert (await answer(again, proposal, "approve")).status == 409, "also before a worker has looked"
    assert "角色申请过期作废" in [title for title, _ in await notices(world, one.id)]
    assert await records(world, "roles.lapse", clerk.id) == ["system"]
    assert (await member(world, clerk.id)).grants == []


async def test_one_proposal_at_a_time_for_each_and_none_that_changes_nothing(world: World) -> None:
    one, clerk = await world.staff(ADMIN), await world.staff(OPERATOR)
    same = await proposed(one, clerk.id, "operator")
    assert (same.status, "没有要改的" in same.text) == (422, True)
    await proposed(one, clerk.id)
    second = await proposed(one, clerk.id, "dispatcher")
    assert (second.status, "已经有一份申请" in second.text) == (409, True)


@pytest.mark.parametrize(
    ("role", "scope", "said"),
    [
        ("clerk", "", "要选一个社区"),
        ("clerk", "provider:p", "要选一个社区"),
        ("worker", "community:c", "要选一家服务商"),
        ("admin", "community:c", "请选“全街道”"),
        ("clerk", "community:nowhere", "不相配"),
        ("emperor", "", "填写的内容有误"),
    ],
)
async def test_a_role_that_does_not_fit_its_scope_is_refused(
    world: World, role: str, scope: str, said: str
) -> None:
    boss, clerk = await world.staff(ADMIN), await world.staff()
    refused = await proposed(boss, clerk.id, role, scope)
    assert (refused.status, said in refused.text) == (422, True), refused.text


async def test_a_role_by_hand_is_taken_away_by_two_and_the_other_ones_stay(world: World) -> None:
    one, two = await world.staff(ADMIN), await world.staff(ADMIN)
    clerk = await world.staff(OPERATOR, Grant(role="clerk", community_id=world.community))
    page = await of(one).get(f"{STAFF_PAGE}/{clerk.id}")
    assert "手动给的" in page.text and "社区窗口 · 绿苑社区" in page.text
    box = f"remove:{roles.grant_key(OPERATOR)}"
    await of(one).press(page, "/propose", reason="不接电话了", **{box: "1"})
    assert "去掉 话务员 · 全街道" in (await of(two).get(CHANGES)).text
    await answer(two, await waiting(world, userid=clerk.id), "approve")
    assert [one.role for one in (await member(world, clerk.id)).grants] == ["clerk"]
    assert [one["role"] for one in (await clerk.get("/v1/staff/me")).json["grants"]] == ["clerk"]


async def test_the_street_keeps_two_administrators(world: World) -> None:
    await world.house.db.atomically(lambda tx: tx.delete_all(STAFF, {}))
    await world.house.db.renew()
    one, two = await world.staff(ADMIN), await world.staff(ADMIN)
    page = await of(one).get(f"{STAFF_PAGE}/{one.id}")
    await of(one).press(page, "/propose", reason="不管了", **{f"remove:{roles.grant_key(ADMIN)}": "1"})
    refused = await answer(two, await waiting(world, userid=one.id), "approve")
    assert (refused.status, "不到两位" in refused.text) == (409, True)
    assert (await member(world, one.id)).grants == [ADMIN]


async def test_of_two_who_answer_at_once_one_is_heard(world: World) -> None:
    one, two, three, clerk = [await world.staff(ADMIN) for _ in range(3)] + [await world.staff()]
    await proposed(one, clerk.id)
    proposal = await waiting(world, userid=clerk.id)
    seen = await asyncio.gather(
        answer(two, proposal, "approve"), answer(three, proposal, "decline", reason="不用")
    )
    assert sorted(one.status for one in seen) == [303, 409]
    done = await world.house.db.reading(lambda reader: reader.get(PROPOSALS, proposal.id))
    assert done is not None
    given = Grant(role="accountant") in (await member(world, clerk.id)).grants
    assert given == (done.state == "approved")


# The table


async def known_groups(world: World) -> None:
    await world.put(
        GROUPS,
        directory.group("department", 1, "诃额伦街道"),
        directory.group("department", 2, "服务大厅", parent=1),
        directory.group("department", 3, "夜班", parent=2),
        directory.group("tag", 7, "值班长"),
        directory.group("tag", 8, "骨干"),
    )


async def ruled(world: World, one: Person, two: Person, group: str, role: str, scope: str = "") -> None:
    page = await of(one).get(RULES)
    sent = await of(one).press(page, "/add", group=group, role=role, scope=scope, reason="大厅都要")
    assert sent.status == 303, sent.text
    proposal = await waiting(world, target={"$regex": f"^rule:{group}"})
    assert (await answer(two, proposal, "approve")).status == 303


async def heard(world: World, userid: str, **known: Any) -> None:
    said = Known(userid=userid, **known)
    await world.house.db.atomically(lambda tx: directory.here(tx, said, world.clock.now()))


async def test_a_rule_for_a_department_gives_its_people_and_those_below_it_the_role(world: World) -> None:
    one, two = await world.staff(ADMIN), await world.staff(ADMIN)
    await known_groups(world)
    night, hall = await world.staff(), await world.staff(OPERATOR)
    await heard(world, night.id, departments=[3])
    await heard(world, hall.id, departments=[2])

    await ruled(world, one, two, "department:2", "clerk", f"community:{world.community}")

    clerk = Grant(role="clerk", community_id=world.community)
    assert (await member(world, night.id)).grants == [clerk]
    assert (await member(world, hall.id)).grants == [OPERATOR, clerk]
    page = (await of(one).get(f"{STAFF_PAGE}/{hall.id}")).text
    assert "话务员 · 全街道 手动给的" in page and "社区窗口 · 绿苑社区 部门“服务大厅”" in page
    await heard(world, hall.id, departments=[1])
    assert (await member(world, hall.id)).grants == [OPERATOR]
    rule = next(iter(await world.house.db.reading(lambda reader: reader.all(ROLE_RULES, {}, limit=5))))
    assert (rule.by, rule.approved_by) == (one.id, two.id)

    await of(two).press(await of(two).get(RULES), "/remove", reason="不要了")
    removal = await waiting(world, removes=True)
    assert (await answer(one, removal, "approve")).status == 303
    assert (await member(world, night.id)).grants == []


async def test_a_rule_that_gives_an_administrator_a_role_is_approved_by_another_one(world: World) -> None:
    one, two, three = [await world.staff(ADMIN) for _ in range(3)]
    await known_groups(world)
    await heard(world, two.id, tags=[7])
    page = await of(one).get(RULES)
    await of(one).press(page, "/add", group="tag:7", role="dispatcher", scope="", reason="值班长要派单")
    proposal = await waiting(world, target={"$regex": "^rule:tag:7"})
    assert "会影响 1 人" in (await of(three).get(CHANGES)).text
    assert (await answer(two, proposal, "approve")).status == 403
    assert (await answer(three, proposal, "approve")).status == 303
    assert Grant(role="dispatcher") in (await member(world, two.id)).grants


# Sessions of others


async def test_an_administrator_ends_somebody_s_logins_one_or_all(world: World) -> None:
    boss, clerk = await world.staff(ADMIN), await world.staff(OPERATOR)
    other = await world.sign_in(clerk.id)
    browser = of(boss)
    async with next_door(world) as away:
        there = away.meets(clerk)
        assert (await there.get("/v1/staff/me")).status == 200
        page = await browser.get(f"{STAFF_PAGE}/{clerk.id}")
        one = next(form for form in page.forms if form.action.endswith("/end"))
        await browser.post(one.action, one.fields)
        assert sum([(await who.get("/v1/staff/me")).status == 401 for who in (clerk, other)]) == 1
        await browser.press(await browser.get(f"{STAFF_PAGE}/{clerk.id}"), "/end-logins")

        async def out() -> bool:
            return [(await who.get("/v1/staff/me")).status for who in (clerk, other, there)] == [401] * 3

        await world.until(out, "every process knows", 1)
    assert (await boss.get("/v1/staff/me")).status == 200
    assert await records(world, "sessions.end", clerk.id) == [boss.id] * 2


# The directory's word


async def test_who_leaves_is_out_in_every_process_within_a_second_and_their_work_is_listed(
    world: World,
) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.brought_to("assigned", resident))["case_no"]
    other = await world.shop()
    async with next_door(world) as away:
        there = away.meets(shop.worker)
        assert (await there.get("/v1/staff/me")).status == 200
        await world.house.db.atomically(lambda tx: directory.left(tx, shop.worker.id, world.clock.now()))

        async def out() -> bool:
            seen = [(await who.get("/v1/staff/me")).status for who in (shop.worker, there)]
            return all(one in (401, 403) for one in seen)

        await world.until(out, "every process knows", 1)
    code = (await world.control("wecom-codes", userid=shop.worker.id))["code"]
    assert (await world.call("POST", "/v1/staff-sessions", {"code": code})).code == "not_staff"

    for who in (shop.dispatcher, shop.manager):
        assert ("离岗交接", "李师傅已离岗，名下还有 1 件没办完，请交给别人") in await notices(world, who.id)
        page = await of(who).get("/console/handover")
        assert case_no in page.text and "李师傅" in page.text
    assert case_no not in (await of(other.manager).get("/console/handover")).text
    assert await records(world, "staff.left", shop.worker.id) == ["system"]


async def test_who_comes_back_has_the_roles_of_the_table_and_none_by_hand(world: World) -> None:
    clerk = await world.staff(OPERATOR)
    await world.house.db.atomically(lambda tx: directory.left(tx, clerk.id, world.clock.now()))
    world.clock.advance(timedelta(days=30))
    await heard(world, clerk.id, name="王芳", departments=[1])
    back = await member(world, clerk.id)
    assert (back.active, back.grants, back.left_at) == (True, [], None)


async def test_news_that_come_late_change_nothing(world: World) -> None:
    clerk = await world.staff(OPERATOR)
    before = world.clock.now() - timedelta(seconds=5)
    await world.house.db.atomically(lambda tx: directory.left(tx, clerk.id, world.clock.now()))
    late = Known(userid=clerk.id, name="王芳", departments=[1])
    assert not await world.house.db.atomically(lambda tx: directory.here(tx, late, before))
    assert not (await member(world, clerk.id)).active


# The same, as WeCom says it


def said(world: World, change: str, userid: str, **parts: Any) -> dict[str, Any]:
    more = {"MsgType": "event", "Event": "change_contact", "ChangeType": change, "UserID": userid}
    return callbacks.message(world, "sys", **more, **parts)


async def test_a_new_member_is_known_with_the_roles_of_their_department(world: World) -> None:
    one, two, userid = await world.staff(ADMIN), await world.staff(ADMIN), unique("newcomer")
    await known_groups(world)
    await ruled(world, one, two, "department:3", "clerk", f"community:{world.community}")
    await callbacks.heard(world, said(world, "create_user", userid, Name="新来的", Department="3,9"))
    person = await world.sign_in(userid)
    me = (await person.get("/v1/staff/me")).json
    assert (me["name"], [(one["role"], one["community_id"]) for one in me["grants"]]) == (
        "新来的",
        [("clerk", world.community)],
    )
    await callbacks.heard(world, said(world, "update_user", userid, Department="1"))
    assert (await person.get("/v1/staff/me")).json["grants"] == []
    assert await records(world, "staff.came", userid) == ["system"]
    assert await records(world, "roles.mapped", userid) == ["system"]


async def test_a_deleted_member_is_out_everywhere_and_a_repeated_word_changes_nothing(world: World) -> None:
    clerk = await world.staff(OPERATOR)
    async with next_door(world) as away:
        there = away.meets(clerk)
        assert (await there.get("/v1/staff/me")).status == 200
        gone = said(world, "delete_user", clerk.id)
        for _ in range(3):
            await callbacks.heard(world, gone)

        async def out() -> bool:
            seen = [(await who.get("/v1/staff/me")).status for who in (clerk, there)]
            return all(one in (401, 403) for one in seen)

        await world.until(out, "every process knows", 1)
    assert await records(world, "staff.left", clerk.id) == ["system"]
    for odd in ("", "nobody-at-all"):
        await callbacks.heard(world, said(world, "delete_user", odd))


async def test_who_is_switched_off_or_renamed_is_no_longer_the_one_who_was_here(world: World) -> None:
    off, old, new = await world.staff(OPERATOR), await world.staff(OPERATOR), unique("renamed")
    await callbacks.heard(world, said(world, "update_user", off.id, Status=2))
    await callbacks.heard(world, said(world, "update_user", old.id, NewUserID=new, Name="王芳"))
    assert [(await member(world, one)).active for one in (off.id, old.id, new)] == [False, False, True]


async def test_a_tag_gives_a_role_and_takes_it_away_and_so_does_one_on_a_department(world: World) -> None:
    one, two, clerk, hall = [await world.staff(ADMIN) for _ in range(2)] + [
        await world.staff() for _ in range(2)
    ]
    await known_groups(world)
    await heard(world, hall.id, departments=[2])
    await ruled(world, one, two, "tag:8", "dispatcher")

    async def has() -> list[bool]:
        return [bool((await member(world, who.id)).grants) for who in (clerk, hall)]

    tagging = {"TagId": 8, "AddUserItems": clerk.id, "AddPartyItems": "1"}
    await callbacks.heard(world, said(world, "update_tag", "", **tagging))
    assert await has() == [True, True]
    world.clock.advance(timedelta(seconds=1))
    await callbacks.heard(world, said(world, "update_tag", "", TagId=8, DelUserItems=clerk.id))
    assert await has() == [False, True]
    await callbacks.heard(world, said(world, "update_party", "", Id=2, Name="大厅", ParentId=9))
    assert await has() == [False, False]
