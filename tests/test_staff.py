"""Staff: who I am, and the table of what each role may do."""

from typing import get_args

from schemas.staff import Grant, Role
from tests.doors import Happy, Visit
from tests.world import World


async def visit_me(world: World) -> Visit:
    return Visit(who=await world.staff(Grant(role="operator")), path="/v1/staff/me")


async def visit_roles(world: World) -> Visit:
    return Visit(who=await world.staff(Grant(role="operator")), path="/v1/staff/roles")


HAPPY: Happy = {("GET", "/v1/staff/me"): visit_me, ("GET", "/v1/staff/roles"): visit_roles}


async def test_the_table_describes_every_role(world: World) -> None:
    person = await world.staff(Grant(role="worker", provider_id="p"))
    roles = (await person.get("/v1/staff/roles")).json["items"]

    assert [one["name"] for one in roles] == list(get_args(Role))
    assert all(one["text"] and one["may"] for one in roles)


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
