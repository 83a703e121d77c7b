"""Each of the example street's items can be applied for, and is granted by the way that its file says."""

from typing import Any

import pytest
from msgspec.structs import replace

from schemas.items import ItemBody, ItemField
from server.approvals.details import needed
from server.demo import items as examples
from server.items import ITEMS, ItemVersion
from tests.applying import SIGN, open_office
from tests.world import World

FOUND = examples.read()


def answer(field: ItemField) -> Any:
    match field.type:
        case "yes_no":
            return True
        case "choice":
            return field.options[0]["value"]
        case "number":
            return field.min or 1
    return "示例"


def form_of(body: ItemBody) -> dict[str, Any]:
    return {one.name: answer(one) for one in body.fields}


@pytest.mark.parametrize("item", FOUND, ids=lambda one: one.code)
async def test_it_is_applied_for_and_granted(world: World, item: ItemVersion) -> None:
    await world.put(ITEMS, item)
    office = replace(await open_office(world), code=item.code)
    body, form = item.body, form_of(item.body)
    if any((one.name, one.role) == ("home_visit", "clerk") for one in body.steps):
        office.elder = office.clerk
    papers = [{"key": one.key, "paper": True} for one in needed(body, form)]
    case_no = (await office.owner.post("/v1/approvals", {"item_id": item.code, "form": form})).json["case_no"]
    delivery = {"delivery": body.deliveries[0], "address": "示例路 1 号"}
    await office.act(office.owner, case_no, "edit", materials=papers, **delivery)
    await office.act(office.owner, case_no, "submit", **SIGN)
    await office.act(office.clerk, case_no, "take_up")
    for one in papers:
        await office.act(office.clerk, case_no, "judge", key=one["key"], verdict="fine")
    case = await office.act(office.clerk, case_no, "grant_now" if body.instant else "accept")
    seen = [case["state"]]
    while seen[-1] != "granted":
        seen.append(await office.onward(case_no))
    ways = [] if body.instant else [*(one.name for one in body.steps), "decision"]
    assert seen == [*ways, "granted"]
