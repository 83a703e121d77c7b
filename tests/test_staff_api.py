"""The staff and their roles over JSON: by the same two, with the same refusals as on the console's pages."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from schemas.staff import Grant
from server import appointing
from server.role_changes import PROPOSALS
from server.roles import ROLE_RULES
from server.staff import STAFF
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.test_directory import alone, run
from tests.test_staff import known_groups, member, records
from tests.world import Person, World, unique

ADMIN, OPERATOR, ACCOUNTANT = Grant(role="admin"), Grant(role="operator"), Grant(role="accountant")
MEMBERS, PROPOSED, RULES, DIRECTORY = (
    "/v1/staff-members",
    "/v1/role-proposals",
    "/v1/role-rules",
    "/v1/directory",
)
WISH = {"add": [{"role": "accountant"}], "reason": "接陈静的班"}
RULE = {"source": "tag", "number": 7, "grant": {"role": "dispatcher"}, "reason": "值班长要派单"}


async def proposed(boss: Person, userid: str, **wish: Any) -> dict[str, Any]:
    reply = await boss.post(f"{MEMBERS}/{userid}/proposals", WISH | wish)
    assert reply.status == 201, reply.body
    found: dict[str, Any] = reply.json
    return found


async def ruled(one: Person, two: Person) -> str:
    """A rule that is in the table; its id."""
    await known_groups(one.world)
    there = (await one.get(RULES)).json["items"]
    if not there:
        waiting = (await one.post(RULES, RULE)).json
        assert (await two.post(f"{PROPOSED}/{waiting['id']}/approve")).status == 200
        there = (await one.get(RULES)).json["items"]
    return str(there[0]["id"])


# The four ways


async def visit_listed(world: World, path: str) -> Visit:
    return Visit(path=path, who=await world.staff(ADMIN))


async def visit_one(world: World, more: str = "", body: Any = None) -> Visit:
    boss, clerk = await world.staff(ADMIN), await world.staff(OPERATOR)
    return Visit(path=f"{MEMBERS}/{clerk.id}{more}", who=boss, shared=True, body=body)


async def visit_login(world: World) -> Visit:
    boss, clerk = await world.staff(ADMIN), await world.staff(OPERATOR)
    [login] = (await boss.get(f"{MEMBERS}/{clerk.id}/logins")).json["items"]
    return Visit(path=f"{MEMBERS}/{clerk.id}/logins/{login['id']}", who=boss, shared=True)


async def visit_answer(world: World, answer: str) -> Visit:
    one, two, clerk = await world.staff(ADMIN), await world.staff(ADMIN), await world.staff()
    made = await proposed(one, clerk.id)
    who, body = (one if answer == "withdraw" else two), {"reason": "不用"} if answer == "decline" else None
    return Visit(path=f"{PROPOSED}/{made['id']}/{answer}", who=who, shared=True, body=body)


async def visit_rule(world: World) -> Visit:
    await known_groups(world)
    other = RULE | {"grant": {"role": "reviewer"}}
    return Visit(path=RULES, who=await world.staff(ADMIN), body=other)


async def visit_removal(world: World) -> Visit:
    one, two = await world.staff(ADMIN), await world.staff(ADMIN)
    return Visit(path=f"{RULES}/removals", who=one, body={"rule": await ruled(one, two), "reason": "不要了"})


async def visit_reading(world: World) -> Visit:
    await alone(world)
    boss = await world.staff(ADMIN)
    await world.control("contacts", change="create_user", userid=boss.id, name="王芳", department=[1])
    return Visit(path=f"{DIRECTORY}/readings", who=boss)


HAPPY: Happy = {
    ("GET", MEMBERS): lambda world: visit_listed(world, MEMBERS),
    ("GET", PROPOSED): lambda world: visit_listed(world, PROPOSED),
    ("GET", RULES): lambda world: visit_listed(world, RULES),
    ("GET", DIRECTORY): lambda world: visit_listed(world, DIRECTORY),
    ("GET", f"{MEMBERS}/{{userid}}"): visit_one,
    ("GET", f"{MEMBERS}/{{userid}}/logins"): lambda world: visit_one(world, "/logins"),
    ("GET", f"{MEMBERS}/{{userid}}/proposals"): lambda world: visit_one(world, "/proposals"),
    ("DELETE", f"{MEMBERS}/{{userid}}/logins"): lambda world: visit_one(world, "/logins"),
    ("DELETE", f"{MEMBERS}/{{userid}}/logins/{{session_id}}"): visit_login,
    ("POST", f"{MEMBERS}/{{userid}}/proposals"): lambda world: visit_one(world, "/proposals", WISH),
    ("POST", f"{PROPOSED}/{{proposal_id}}/approve"): lambda world: visit_answer(world, "approve"),
    ("POST", f"{PROPOSED}/{{proposal_id}}/decline"): lambda world: visit_answer(world, "decline"),
    ("POST", f"{PROPOSED}/{{proposal_id}}/withdraw"): lambda world: visit_answer(world, "withdraw"),
    ("POST", RULES): visit_rule,
    ("POST", f"{RULES}/removals"): visit_removal,
    ("POST", f"{DIRECTORY}/readings"): visit_reading,
}


# By two


async def test_a_role_is_given_over_json_when_a_second_administrator_has_agreed_and_not_before(
    world: World,
) -> None:
    one, two, clerk = await world.staff(ADMIN, name="白志远"), await world.staff(ADMIN), await world.staff()

    made = await proposed(one, clerk.id)

    assert (await member(world, clerk.id)).grants == []
    assert (made["state"], made["own"], made["can_answer"], made["by"]) == ("open", True, False, "白志远")
    assert made["lines"] == [{"adds": True, "text": "会计 · 全街道"}]
    waiting = (await two.get(PROPOSED, state="open")).json["items"]
    assert [one["can_answer"] for one in waiting if one["id"] == made["id"]] == [True]
    done = await two.post(f"{PROPOSED}/{made['id']}/approve")
    assert (done.status, done.json["state"]) == (200, "approved")
    assert (await member(world, clerk.id)).grants == [ACCOUNTANT]
    assert (await two.get(f"{MEMBERS}/{clerk.id}")).json["held"] == [
        {"grant": grant_of(ACCOUNTANT), "text": "会计 · 全街道", "by_hand": True, "rules": []}
    ]
    assert [one["state"] for one in (await one.get(f"{MEMBERS}/{clerk.id}/proposals")).json["items"]] == [
        "approved"
    ]
    assert await records(world, "roles.propose", clerk.id) == [one.id]
    assert await records(world, "roles.approve", clerk.id) == [two.id]


def grant_of(grant: Grant) -> dict[str, Any]:
    return {name: getattr(grant, name) for name in grant.__struct_fields__}


async def test_over_json_too_nobody_answers_their_own_or_what_is_about_themselves(world: World) -> None:
    one, two, three = [await world.staff(ADMIN) for _ in range(3)]
    made = await proposed(one, two.id)
    for who, code in ((one, "own_proposal"), (two, "concerns_yourself")):
        assert (await who.post(f"{PROPOSED}/{made['id']}/approve")).code == code
    assert (await two.post(f"{PROPOSED}/{made['id']}/withdraw")).status == 403
    assert (await three.post(f"{PROPOSED}/{made['id']}/decline", {"reason": "不用"})).status == 200
    assert (await three.post(f"{PROPOSED}/{made['id']}/approve")).code == "proposal_closed"
    assert (await member(world, two.id)).grants == [ADMIN]


@pytest.mark.parametrize("role", ["operator", "dispatcher", "reviewer", "accountant"])
async def test_nobody_but_an_administrator_looks_proposes_or_ends_logins(world: World, role: Any) -> None:
    who, other = await world.staff(Grant(role=role)), await world.staff(OPERATOR)
    asks: tuple[Callable[[], Awaitable[Any]], ...] = (
        lambda: who.get(MEMBERS),
        lambda: who.get(f"{MEMBERS}/{other.id}"),
        lambda: who.get(f"{MEMBERS}/{other.id}/logins"),
        lambda: who.get(PROPOSED),
        lambda: who.get(RULES),
        lambda: who.get(DIRECTORY),
        lambda: who.post(f"{MEMBERS}/{who.id}/proposals", WISH),
        lambda: who.post(f"{DIRECTORY}/readings"),
        lambda: who.post(RULES, RULE),
        lambda: who.delete(f"{MEMBERS}/{other.id}/logins"),
    )
    for ask in asks:
        assert (await ask()).status == 403
    assert (await other.get("/v1/staff/me")).status == 200


async def test_what_is_not_there_is_not_found_and_what_changes_nothing_is_refused(world: World) -> None:
    boss, clerk = await world.staff(ADMIN), await world.staff(OPERATOR)
    for path in ("", "/logins", "/proposals"):
        assert (await boss.get(f"{MEMBERS}/nobody-at-all{path}")).code == "staff_not_found"
    assert (await boss.delete(f"{MEMBERS}/nobody-at-all/logins")).code == "staff_not_found"
    assert (await boss.post(f"{MEMBERS}/nobody-at-all/proposals", WISH)).code == "staff_not_found"
    same = await boss.post(f"{MEMBERS}/{clerk.id}/proposals", WISH | {"add": [{"role": "operator"}]})
    wrong = await boss.post(f"{MEMBERS}/{clerk.id}/proposals", WISH | {"add": [{"role": "clerk"}]})
    assert (same.code, wrong.code) == ("nothing_to_change", "grant_wrong")
    assert (
        await boss.post(f"{RULES}/removals", {"rule": "none", "reason": "不要"})
    ).code == "nothing_to_change"
    await proposed(boss, clerk.id)
    assert (await boss.post(f"{MEMBERS}/{clerk.id}/proposals", WISH)).code == "already_proposed"


async def test_the_list_is_found_by_name_and_goes_on_by_its_cursor(world: World) -> None:
    boss, name = await world.staff(ADMIN), unique("同名")
    people = [await world.staff(OPERATOR, name=name) for _ in range(3)]
    first = (await boss.get(MEMBERS, q=name, limit=2)).json
    rest = (await boss.get(MEMBERS, q=name, limit=2, cursor=first["next"])).json
    assert sorted(one["id"] for one in first["items"] + rest["items"]) == sorted(one.id for one in people)
    assert rest["next"] is None
    assert first["items"][0]["roles"] == ["话务员 · 全街道"] and first["items"][0]["by_hand"]
    assert (await boss.get(MEMBERS, role="emperor")).status == 422


async def test_an_administrator_reads_and_ends_logins_over_json(world: World) -> None:
    boss, clerk = await world.staff(ADMIN), await world.staff(OPERATOR)
    other = await world.sign_in(clerk.id)
    logins = (await boss.get(f"{MEMBERS}/{clerk.id}/logins")).json["items"]
    assert len(logins) == 2 and not any(one["current"] for one in logins)
    assert (await boss.delete(f"{MEMBERS}/{clerk.id}/logins/{logins[0]['id']}")).status == 204
    assert sum([(await who.get("/v1/staff/me")).status == 401 for who in (clerk, other)]) == 1
    assert (await boss.delete(f"{MEMBERS}/{clerk.id}/logins")).status == 204

    async def out() -> bool:
        return [(await who.get("/v1/staff/me")).status for who in (clerk, other)] == [401, 401]

    await world.until(out, "both are out")
    assert await records(world, "sessions.end", clerk.id) == [boss.id] * 2
    mine = (await boss.get(f"{MEMBERS}/{boss.id}/logins")).json["items"]
    assert (await boss.delete(f"{MEMBERS}/{clerk.id}/logins/{mine[0]['id']}")).status == 404


async def test_a_rule_comes_and_goes_by_two_over_json(world: World) -> None:
    one, two = await world.staff(ADMIN), await world.staff(ADMIN)
    await world.house.db.atomically(lambda tx: tx.delete_all(ROLE_RULES, {}))
    await world.house.db.atomically(lambda tx: tx.delete_all(PROPOSALS, {}))
    await world.house.db.renew()
    rule = await ruled(one, two)
    [shown] = (await one.get(RULES)).json["items"]
    assert (shown["group"], shown["text"], shown["people"]) == ("标签“值班长”", "调度员 · 全街道", 0)
    assert (await one.post(RULES, RULE)).code == "nothing_to_change"
    removal = await one.post(f"{RULES}/removals", {"rule": rule, "reason": "不要了"})
    assert removal.json["lines"] == [{"adds": False, "text": "调度员 · 全街道"}]
    assert (await two.post(f"{PROPOSED}/{removal.json['id']}/approve")).status == 200
    assert (await one.get(RULES)).json["items"] == []


async def test_the_directory_is_read_now_and_its_groups_are_shown(world: World) -> None:
    visit = await visit_reading(world)
    assert visit.who is not None
    await world.control("departments", change="create_party", id=31, name="服务大厅", parentid=1)
    read = await visit.who.post(visit.path)
    assert (read.status, read.json["here"], read.json["left"], read.json["problem"]) == (201, 1, 0, "")
    assert visit.who.id in await records(world, "directory.read")
    known = (await visit.who.get(DIRECTORY)).json
    assert known["last"]["at"] == read.json["at"]
    assert "服务大厅" in [one["name"] for one in known["departments"]]


# Two alone


async def test_of_two_administrators_neither_changes_the_other_until_there_is_a_third(world: World) -> None:
    await alone(world)
    one, two, third = await world.staff(ADMIN), await world.staff(ADMIN), unique("boss")
    with pytest.raises(appointing.EnoughAdministrators):
        await world.house.db.atomically(lambda tx: appointing.appoint(tx, third))

    made = await proposed(one, two.id)

    assert made["stuck"]
    for who in (one, two):
        assert (await who.post(f"{PROPOSED}/{made['id']}/approve")).status == 403
    assert "增加一位管理员" in (await Browser(world, two.token).get("/console/role-changes")).text
    code, said = await run(world, "appoint", third)
    assert (code, f"{third} is an administrator" in said) == (0, True), said

    async def known() -> bool:
        return world.house.db.reader().recall(STAFF, third) is not None

    await world.until(known, "the third one")
    boss = await world.sign_in(third)
    assert (await boss.post(f"{PROPOSED}/{made['id']}/approve")).status == 200
    assert ACCOUNTANT in (await member(world, two.id)).grants
    with pytest.raises(appointing.EnoughAdministrators):
        await world.house.db.atomically(lambda tx: appointing.appoint(tx, unique("boss")))
    assert await records(world, "roles.appoint", third) == ["system"]


async def test_a_proposal_that_one_of_two_can_answer_lets_nobody_in_by_the_command_line(world: World) -> None:
    await alone(world)
    one, two, clerk = await world.staff(ADMIN), await world.staff(ADMIN), await world.staff()
    await proposed(one, clerk.id)
    await proposed(two, two.id)
    with pytest.raises(appointing.EnoughAdministrators):
        await world.house.db.atomically(lambda tx: appointing.appoint(tx, unique("boss")))
