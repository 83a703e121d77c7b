"""Approvals over HTTP: applying once, and each rule of the way that follows."""

from tests.applying import STEPS, open_office
from tests.doors import Happy, Visit
from tests.world import World


async def visit_approvals(world: World) -> Visit:
    office = await open_office(world)
    return Visit(who=office.owner, path="/v1/approvals", body={"item_id": office.code})


async def visit_reuses(world: World) -> Visit:
    office = await open_office(world)
    case_no = await office.drafted()
    stranger = await world.resident()
    return Visit(who=office.owner, path=f"/v1/cases/{case_no}/reuses", stranger=stranger)


async def visit_colleagues(world: World) -> Visit:
    office = await open_office(world)
    case_no = await office.taken_up()
    elsewhere = await world.staff(*_elsewhere())
    return Visit(who=office.clerk, path=f"/v1/cases/{case_no}/colleagues", stranger=elsewhere)


def _elsewhere():
    from schemas.staff import Grant

    return [Grant(role="clerk", community_id="elsewhere")]


HAPPY: Happy = {
    ("POST", "/v1/approvals"): visit_approvals,
    ("GET", "/v1/cases/{case_no}/reuses"): visit_reuses,
    ("GET", "/v1/cases/{case_no}/colleagues"): visit_colleagues,
}


async def test_it_goes_from_the_draft_to_the_delivery(world: World) -> None:
    office = await open_office(world)
    case_no = await office.brought_to("delivered")
    case = (await office.owner.get(f"/v1/cases/{case_no}")).json
    assert (case["state"], case["title"], case["kind_text"]) == ("delivered", "示例津贴", "审批")
    assert [one["state"] for one in case["details"]["steps"]] == ["done"] * 5
    print(case)


async def test_a_full_item_goes_all_its_steps(world: World) -> None:
    office = await open_office(world, *STEPS)
    case_no = await office.brought_to("delivered")
    case = (await office.owner.get(f"/v1/cases/{case_no}")).json
    assert case["state"] == "delivered"
