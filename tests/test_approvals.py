"""Approvals over HTTP: applying once, and each rule of the way that follows."""

from typing import Any

import pytest
from msgspec.structs import replace

from schemas.items import Material
from schemas.staff import Grant
from server.cases import CASES
from server.items import ITEMS, version_id
from tests.applying import (
    FORM,
    PAPER,
    SIGN,
    STEPS,
    Office,
    details,
    inbox,
    item,
    open_office,
    photo,
    publish,
    told,
    tried,
)
from tests.bookings import newcomer, refused
from tests.doors import Happy, Visit
from tests.test_proxies import trusted
from tests.world import Person, World


async def visit_approvals(world: World) -> Visit:
    office = await open_office(world)
    return Visit(who=office.owner, path="/v1/approvals", body={"item_id": office.code})


async def visit_reuses(world: World) -> Visit:
    office = await open_office(world)
    case_no = await office.drafted()
    stranger = await world.resident()
    return Visit(who=office.owner, path=f"/v1/cases/{case_no}/reuses", stranger=stranger)


async def elsewhere(world: World) -> Person:
    return await world.staff(Grant(role="clerk", community_id="elsewhere"), name="赵刚")


async def visit_colleagues(world: World) -> Visit:
    office = await open_office(world)
    case_no = await office.taken_up()
    path = f"/v1/cases/{case_no}/colleagues"
    return Visit(who=office.clerk, path=path, stranger=await elsewhere(world))


def away(world: World, deputy: Person) -> dict[str, Any]:
    return {
        "deputy_id": deputy.id,
        "from": world.at(8, days=0),
        "until": world.at(18, days=3),
        "reason": "外出培训",
    }


async def visit_delegations(world: World) -> Visit:
    office = await open_office(world)
    return Visit(who=office.clerk, path="/v1/delegations")


async def visit_delegation(world: World) -> Visit:
    office = await open_office(world)
    return Visit(who=office.clerk, path="/v1/delegations", body=away(world, office.reviewer))


async def visit_revoke(world: World) -> Visit:
    office = await open_office(world)
    made = (await office.clerk.post("/v1/delegations", away(world, office.reviewer))).json
    path = f"/v1/delegations/{made['id']}/revoke"
    return Visit(who=office.clerk, path=path, body={}, stranger=office.reviewer)


HAPPY: Happy = {
    ("POST", "/v1/approvals"): visit_approvals,
    ("GET", "/v1/cases/{case_no}/reuses"): visit_reuses,
    ("GET", "/v1/cases/{case_no}/colleagues"): visit_colleagues,
    ("GET", "/v1/delegations"): visit_delegations,
    ("POST", "/v1/delegations"): visit_delegation,
    ("POST", "/v1/delegations/{delegation_id}/revoke"): visit_revoke,
}


# Applying.


async def test_it_goes_from_the_draft_to_the_delivery_and_every_step_says_who_and_when(world: World) -> None:
    office = await open_office(world)
    case_no = await office.brought_to("delivered")
    case = (await office.owner.get(f"/v1/cases/{case_no}")).json

    assert case_no.startswith("SP-")
    assert (case["state"], case["title"], case["kind_text"]) == ("delivered", "示例津贴", "审批")
    steps = case["details"]["steps"]
    assert [one["text"] for one in steps] == ["提交申请", "预审受理", "街道审核", "作出决定", "送达结果"]
    assert {one["state"] for one in steps} == {"done"}
    assert [one["who"] for one in steps] == ["", "王芳", "李建军", "张红", "王芳"]
    assert case["details"]["result_text"] == "准予，示例津贴（待遇发放），窗口领取"
    assert case["details"]["pick_up_code"] == ""


async def test_a_case_keeps_the_version_it_started_with(world: World) -> None:
    office = await open_office(world)
    case_no = await office.drafted()
    first = world.house.db.reader().recall(ITEMS, version_id(office.code, 1))
    assert first is not None
    await world.put(ITEMS, replace(first, state="retired"))
    changed = replace(
        first.body, name="新名字", materials=[*first.body.materials, Material(key="new", name="新材料")]
    )
    await publish(world, changed, 2)

    await office.act(office.owner, case_no, "submit", **SIGN)
    later = (await office.owner.post("/v1/approvals", {"item_id": office.code})).json

    old = await details(office.owner, case_no)
    assert (old["item_version"], old["item"], len(old["materials"])) == (1, "示例津贴", 3)
    assert (later["details"]["item_version"], later["title"], len(later["details"]["materials"])) == (
        2,
        "新名字",
        4,
    )


async def test_what_is_missing_is_refused_by_name_and_the_draft_stays(world: World) -> None:
    office = await open_office(world)
    owner = office.owner
    case_no = (await owner.post("/v1/approvals", {"item_id": office.code})).json["case_no"]

    async def submit(**form: Any) -> tuple[int, str, str | None]:
        return await tried(owner, case_no, "submit", **(SIGN | form))

    assert await submit() == (422, "bad_form", "form.account")
    await office.act(owner, case_no, "edit", form=FORM | {"rents": True})
    assert await submit() == (422, "material_missing", "materials.id_card")
    await office.act(owner, case_no, "edit", materials=PAPER)
    assert await submit() == (422, "material_missing", "materials.lease")
    await office.act(owner, case_no, "edit", form=FORM | {"rents": False})
    assert await submit() == (422, "delivery_needed", "delivery")
    await office.act(owner, case_no, "edit", delivery="mail")
    assert await submit() == (422, "delivery_needed", "address")
    await office.act(owner, case_no, "edit", address="示例路 1 号")
    assert await submit(truthful=False) == (422, "not_truthful", "truthful")
    assert (await details(owner, case_no))["lacking"] == []
    assert (await owner.post(f"/v1/cases/{case_no}/submit", SIGN)).json["state"] == "submitted"


async def test_a_draft_refuses_what_the_item_does_not_know(world: World) -> None:
    office = await open_office(world, deliveries=["pick_up"])
    case_no, owner = await office.drafted(), office.owner
    assert await tried(owner, case_no, "edit", form={"colour": "red"}) == (422, "bad_form", "form.colour")
    assert (await tried(owner, case_no, "edit", form={"rents": "yes"}))[1:] == ("bad_form", "form.rents")
    strange = [{"key": "passport", "paper": True}]
    assert (await tried(owner, case_no, "edit", materials=strange))[1:] == (
        "unknown_material",
        "materials[0].key",
    )
    assert (await tried(owner, case_no, "edit", delivery="mail"))[1:] == ("delivery_not_offered", "delivery")
    missing = [{"key": "id_card", "files": ["nothing"]}]
    assert (await tried(owner, case_no, "edit", materials=missing))[1:] == (
        "attachment_not_found",
        "materials.id_card",
    )


async def test_nobody_applies_without_a_home_nor_for_what_is_not_there(world: World) -> None:
    code = await item(world)
    stranger = await newcomer(world)
    reply = await stranger.post("/v1/approvals", {"item_id": code})
    assert refused(reply) == (422, "home_needed", "resident_id")
    owner = await world.resident()
    assert refused(await owner.post("/v1/approvals", {"item_id": "NOTHING"})) == (
        404,
        "item_not_found",
        "item_id",
    )


@pytest.mark.parametrize("who", ["clerk", "operator"])
async def test_the_window_and_the_call_centre_apply_for_a_resident(world: World, who: str) -> None:
    office = await open_office(world)
    desk: Person = getattr(office, who)
    assert refused(await desk.post("/v1/approvals", {"item_id": office.code}))[1] == "applicant_needed"
    case_no = await office.drafted(desk, resident_id=office.owner.id)
    await office.act(desk, case_no, "submit", **SIGN)

    case = (await office.owner.get(f"/v1/cases/{case_no}")).json

    assert (case["state"], case["channel"]) == ("submitted", {"clerk": "window", "operator": "phone"}[who])
    assert "代您办的" in case["behalf_text"]
    other = await elsewhere(world)
    reply = await other.post("/v1/approvals", {"item_id": office.code, "resident_id": office.owner.id})
    assert reply.status == 404


async def test_family_applies_with_a_proxy_for_approvals_only(world: World) -> None:
    office = await open_office(world)
    daughter = await world.resident(name="王小明")
    body = {"item_id": office.code, "resident_id": office.owner.id, "form": FORM}
    assert refused(await daughter.post("/v1/approvals", body))[:2] == (422, "not_their_applicant")
    await trusted(office.owner, daughter, scopes=["approvals"])

    reply = await daughter.post("/v1/approvals", body)
    case_no = reply.json["case_no"]
    await office.act(daughter, case_no, "edit", materials=PAPER, delivery="pick_up")
    await office.act(daughter, case_no, "submit", **SIGN)

    step = (await office.owner.get(f"/v1/cases/{case_no}/history")).json["items"][-1]
    assert (reply.status, step["by"], step["role"]) == (201, "王小明", "亲属代办")


# Papers.


async def test_photos_are_the_case_s_and_those_taken_out_are_swept(world: World) -> None:
    office = await open_office(world)
    case_no, owner = await office.drafted(), office.owner
    one, two = await photo(owner, case_no), await photo(owner, case_no)
    await office.act(owner, case_no, "edit", materials=[{"key": "id_card", "files": [one, two]}])
    await office.act(owner, case_no, "edit", materials=[{"key": "id_card", "files": [two]}])

    assert (await details(owner, case_no))["materials"][0]["files"] == [two]
    shown = (await owner.get(f"/v1/cases/{case_no}/attachments")).json["items"]
    assert [(each["id"], each["use"]) for each in shown] == [(two, "material")]


async def with_good_photo(office: Office) -> tuple[str, str]:
    """A case whose identity card was found to be fine, and the photo."""
    case_no = await office.drafted()
    file_id = await photo(office.owner, case_no)
    await office.act(office.owner, case_no, "edit", materials=[{"key": "id_card", "files": [file_id]}])
    await office.act(office.owner, case_no, "submit", **SIGN)
    await office.act(office.clerk, case_no, "take_up")
    await office.act(office.clerk, case_no, "judge", key="id_card", verdict="fine")
    return case_no, file_id


async def test_papers_of_an_earlier_case_are_offered_and_taken_over(world: World) -> None:
    office = await open_office(world)
    earlier, file_id = await with_good_photo(office)
    case_no, owner = await office.drafted(), office.owner

    offered = (await owner.get(f"/v1/cases/{case_no}/reuses")).json["items"]
    await office.act(owner, case_no, "edit", materials=[{"key": "id_card", "reuse": earlier}])

    assert [(one["key"], one["case_no"], one["files"]) for one in offered] == [
        ("id_card", earlier, [file_id])
    ]
    given = (await details(owner, case_no))["materials"][0]
    assert (given["files"], given["reused_from"], given["verdict"]) == ([file_id], earlier, "pending")
    shown = (await office.clerk.get(f"/v1/cases/{case_no}/attachments")).json["items"]
    assert [one["id"] for one in shown] == [file_id]
    assert (await world.call("GET", shown[0]["url"])).status == 200
    await office.act(owner, case_no, "discard")
    assert (await owner.get(f"/v1/cases/{case_no}/attachments")).json["items"] == []
    assert len((await owner.get(f"/v1/cases/{earlier}/attachments")).json["items"]) == 1


async def test_nobody_takes_over_what_is_not_theirs_not_good_or_not_reusable(world: World) -> None:
    office = await open_office(world)
    earlier, _ = await with_good_photo(office)
    other = replace(office, owner=await world.resident())
    theirs = await other.drafted()
    wish = [{"key": "id_card", "reuse": earlier}]
    assert (await tried(other.owner, theirs, "edit", materials=wish))[:2] == (409, "nothing_to_reuse")
    assert (await other.owner.get(f"/v1/cases/{theirs}/reuses")).json["items"] == []
    mine = await office.drafted()
    once_only = [{"key": "letter", "reuse": earlier}]
    assert (await tried(office.owner, mine, "edit", materials=once_only))[1] == "nothing_to_reuse"
    await office.act(office.clerk, earlier, "judge", key="id_card", verdict="wrong", remark="过期")
    assert (await tried(office.owner, mine, "edit", materials=wish))[1] == "nothing_to_reuse"


async def test_papers_are_shown_to_those_who_work_on_them_and_to_nobody_else(world: World) -> None:
    office = await open_office(world)
    case_no, file_id = await with_good_photo(office)
    dispatcher = await world.staff(Grant(role="dispatcher"))
    for who in (office.owner, office.clerk, office.reviewer, office.operator):
        seen = await details(who, case_no)
        assert (seen["form"], seen["materials"][0]["files"]) == (FORM, [file_id])
        assert len((await who.get(f"/v1/cases/{case_no}/attachments")).json["items"]) == 1
    draft = await office.drafted()
    assert (await details(office.clerk, draft))["form"] == FORM
    assert (await details(office.reviewer, draft))["form"] == {}
    for who in (office.elder, dispatcher):
        seen = await details(who, case_no)
        assert (seen["form"], seen["materials"], seen["address"]) == ({}, [], "")
        assert (await who.get(f"/v1/cases/{case_no}/attachments")).json["items"] == []


# What is told.


async def test_where_it_lies_with_whom_and_what_comes_next_is_one_sentence_to_be_read_out(
    world: World,
) -> None:
    office = await open_office(world, *STEPS[:1], STEPS[4])
    case_no, owner = await office.drafted(), office.owner
    draft = await details(owner, case_no)
    await office.act(owner, case_no, "submit", **SIGN)
    waiting = await details(owner, case_no)
    await office.act(office.clerk, case_no, "take_up")
    await office.act(office.clerk, case_no, "judge", key="id_card", verdict="fine")
    await office.act(office.clerk, case_no, "accept")
    accepted = await details(owner, case_no)

    assert (draft["lies_with"], waiting["lies_with"]) == ("在您手里", "绿苑社区窗口")
    assert draft["aloud"] == "您申请的示例津贴，还没有提交，填好后请提交，提交后，社区窗口会看材料齐不齐。"
    assert waiting["aloud"].startswith("您申请的示例津贴，已经提交，等社区窗口收下，现在在绿苑社区窗口，")
    assert (accepted["lies_with"], accepted["next_text"]) == ("绿苑社区窗口 王芳", "下一步是街道审核")
    assert "正在社区审核，现在在绿苑社区窗口 王芳，最晚" in accepted["aloud"]


async def test_each_step_is_told_once_and_what_was_their_own_tap_is_not(world: World) -> None:
    office = await open_office(world)
    case_no = await office.brought_to("delivered")
    for _ in range(3):
        await world.work()
    progress = await inbox(office.owner, "审批进度通知")
    assert len(progress) == 4  # handed in, taken up, accepted, reviewed
    assert any(case_no in one for one in progress)
    assert len(await inbox(office.owner, "审批结果通知")) == 2
    other = await office.submitted()
    await office.act(office.owner, other, "withdraw")
    await world.work()
    assert len(await inbox(office.owner, "审批结果通知")) == 2


async def test_who_can_go_on_hears_of_it_and_nobody_of_what_they_did_themselves(world: World) -> None:
    office = await open_office(world)
    await office.accepted()
    await world.work()
    assert len(await told(world, office.clerk, "新的申请")) == 1
    assert await told(world, office.clerk, "轮到您办") == []
    assert len(await told(world, office.reviewer, "轮到您办")) == 1


async def test_who_leaves_leaves_nothing_of_what_they_applied_with(world: World) -> None:
    office = await open_office(world)
    case_no = await office.taken_up()
    await office.act(
        office.clerk, case_no, "judge", key="id_card", verdict="wrong", remark="王桂英的证件过期"
    )
    await office.act(office.clerk, case_no, "supplement", note="请王桂英来")
    await office.act(office.owner, case_no, "withdraw")
    await world.work()
    assert (await office.owner.delete("/v1/me")).status in (200, 204)
    stored = await world.house.db.reading(lambda reader: reader.get(CASES, case_no))
    assert stored is not None
    text = str(stored)
    assert "王桂英" not in text and "6222000000000000" not in text
