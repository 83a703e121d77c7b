"""The way of an approval over HTTP: what is lacking is said once, steps are done by whose they are, a person decides."""

import asyncio
from datetime import timedelta
from typing import Any

from schemas.items import Step
from schemas.staff import Grant
from server.approvals.faults import FAULTS
from tests.applying import (
    ANSWERED,
    APPRAISED,
    GROUND,
    PAPER,
    SIGN,
    STEPS,
    VISIT,
    Office,
    details,
    inbox,
    open_office,
    photo,
    told,
    tried,
)
from tests.world import Person, World

REVIEW = Step(name="street_review", role="reviewer", limit=5)
COMMUNITY = Step(name="community_review", role="clerk", limit=3)
PUBLIC = Step(name="publicity", role="clerk", days=7, outside_limits=True)


async def faults(world: World, case_no: str) -> list[tuple[str, str, str]]:
    where = {"case_no": case_no}
    found = await world.house.db.reading(lambda reader: reader.all(FAULTS, where, limit=9))
    return [(one.kind, one.name, one.community_id or "") for one in found]


# The supplement.


async def test_one_notice_lists_everything_that_is_lacking(world: World) -> None:
    office = await open_office(world)
    case_no = await office.drafted()
    form = {"account": "1", "rents": True}
    both = [*PAPER, {"key": "lease", "paper": True}]
    await office.act(office.owner, case_no, "edit", form=form, materials=both)
    await office.act(office.owner, case_no, "submit", **SIGN)
    await office.act(office.clerk, case_no, "take_up")
    clerk = office.clerk
    await office.act(clerk, case_no, "judge", key="id_card", verdict="unclear", remark="看不清号码")
    early = await tried(clerk, case_no, "supplement")
    await office.act(clerk, case_no, "judge", key="lease", verdict="missing")
    await office.act(clerk, case_no, "supplement", note="周末也有人值班")
    await world.work()

    assert early == (409, "judge_everything", "materials.lease")
    [notice] = (await details(office.owner, case_no))["notices"]
    assert notice["lines"] == ["身份证：看不清。看不清号码", "租房合同：缺"]
    [text] = await inbox(office.owner, "补正材料通知")
    assert "身份证：看不清。看不清号码；租房合同：缺" in text and "周末也有人值班" in text
    case = (await office.owner.get(f"/v1/cases/{case_no}")).json
    assert (case["state"], case["clock"]["total"]) == ("supplement", 30)
    assert case["details"]["lies_with"] == "在您手里"
    assert (await details(clerk, case_no))["lies_with"] == "在申请人手里"


async def test_nothing_lacking_is_no_reason_for_a_notice(world: World) -> None:
    office = await open_office(world)
    case_no = await office.taken_up()
    await office.act(office.clerk, case_no, "judge", key="id_card", verdict="fine")
    assert (await tried(office.clerk, case_no, "supplement"))[1] == "nothing_lacking"


async def test_a_second_supplement_needs_a_supervisor_and_is_a_fault(world: World) -> None:
    office = await open_office(world)
    case_no = await office.taken_up()
    early = await tried(office.reviewer, case_no, "allow_second", reason="新的规定")
    await office.act(office.clerk, case_no, "judge", key="id_card", verdict="unclear")
    await office.act(office.clerk, case_no, "supplement")
    await office.act(
        office.owner,
        case_no,
        "edit",
        materials=[{"key": "id_card", "files": [await photo(office.owner, case_no)]}],
    )
    again = await office.act(office.owner, case_no, "resubmit", **SIGN)
    assert again["details"]["materials"][0]["verdict"] == "pending"
    await office.act(office.clerk, case_no, "judge", key="id_card", verdict="wrong")

    refused = await tried(office.clerk, case_no, "supplement")
    own = await tried(office.clerk, case_no, "allow_second", reason="我自己同意")
    await office.act(office.reviewer, case_no, "allow_second", reason="新的规定")
    twice = await tried(office.reviewer, case_no, "allow_second", reason="新的规定")
    await office.act(office.clerk, case_no, "supplement")
    await office.act(office.owner, case_no, "resubmit", **SIGN)
    third = await tried(office.clerk, case_no, "supplement")

    assert early[1] == "first_comes_first"
    assert (refused, third) == ((409, "second_supplement", None), (409, "second_supplement", None))
    assert (own[1], twice[1]) == ("not_allowed_now", "second_allowed")
    assert await faults(world, case_no) == [("second_supplement", "王芳", world.community)]
    assert len((await details(office.reviewer, case_no))["faults"]) == 1
    assert (await details(office.owner, case_no))["faults"] == []


async def test_who_does_not_supplement_is_reminded_twice_and_the_application_is_taken_back(
    world: World,
) -> None:
    office = await open_office(world, supplement_days=10)
    case_no = await office.supplementing()
    reminders: list[str] = []
    for _ in range(30):
        world.clock.advance(timedelta(days=1))
        await world.work()
        await office.morning()
        reminders = [one for one in await inbox(office.owner, "补正材料通知") if "还在等您" in one]
        if len(reminders) == 2:
            break
    assert (len(reminders), await office.state_of(case_no)) == (2, "supplement")
    world.clock.advance(timedelta(days=20))
    await world.work()
    await office.morning()
    assert await office.state_of(case_no) == "withdrawn"
    assert any("没有在期限内补材料" in one for one in await inbox(office.owner, "审批结果通知"))


# Acceptance.


async def test_it_is_accepted_only_when_all_that_is_required_is_fine(world: World) -> None:
    office = await open_office(world)
    case_no = await office.taken_up()
    unseen = await tried(office.clerk, case_no, "accept")
    await office.act(office.clerk, case_no, "judge", key="id_card", verdict="wrong")
    wrong = await tried(office.clerk, case_no, "accept")
    strange = await tried(office.clerk, case_no, "judge", key="passport", verdict="fine")
    await office.act(office.clerk, case_no, "judge", key="id_card", verdict="fine")
    accepted = await office.act(office.clerk, case_no, "accept")

    assert unseen == wrong == (409, "not_all_fine", "materials.id_card")
    assert strange == (409, "material_not_there", "key")
    assert (accepted["state"], accepted["clock"]["total"]) == ("street_review", 10)


async def test_who_has_taken_it_up_has_it_and_a_colleague_is_refused_by_name(world: World) -> None:
    office = await open_office(world)
    case_no = await office.taken_up()
    other = await world.staff(Grant(role="clerk", community_id=world.community), name="周敏")
    reply = await other.post(f"/v1/cases/{case_no}/judge", {"key": "id_card", "verdict": "fine"})
    assert (reply.status, reply.code) == (409, "in_others_hands")
    assert "王芳在办" in reply.json["error"]["message"]
    names = (await office.clerk.get(f"/v1/cases/{case_no}/colleagues")).json["items"]
    assert [one["name"] for one in names] == ["周敏"]
    assert (await tried(office.clerk, case_no, "hand_to", userid=office.reviewer.id, reason="请办"))[1] == (
        "not_done_by_them"
    )
    await office.act(office.clerk, case_no, "hand_to", userid=other.id, reason="我要外出")
    await world.work()
    assert "我要外出" in (await told(world, other, "转交给您"))[0]
    assert (
        await other.post(f"/v1/cases/{case_no}/judge", {"key": "id_card", "verdict": "fine"})
    ).status == 200


async def test_an_instant_item_is_decided_at_the_window_at_once(world: World) -> None:
    instant = {"instant": True, "legal_days": 0, "promised_days": 0, "extension_days": 0}
    office = await open_office(world, steps=[], **instant)
    case_no = await office.taken_up()
    assert (await tried(office.clerk, case_no, "grant_now"))[1] == "not_all_fine"
    await office.act(office.clerk, case_no, "judge", key="id_card", verdict="fine")
    granted = await office.act(office.clerk, case_no, "grant_now")
    assert (granted["state"], granted["clock"]) == ("granted", None)
    usual = await open_office(world)
    other = await usual.taken_up()
    await usual.act(usual.clerk, other, "judge", key="id_card", verdict="fine")
    assert (await tried(usual.clerk, other, "grant_now"))[1] == "not_instant"


async def test_not_accepting_names_the_ground_and_ends_it(world: World) -> None:
    office = await open_office(world)
    case_no = await office.taken_up()
    assert (await tried(office.clerk, case_no, "not_accept", reason="不是本街道的"))[2] == "ground"
    ended = await office.act(office.clerk, case_no, "not_accept", **GROUND)
    await world.work()
    assert (ended["state"], ended["open"]) == ("not_accepted", False)
    assert (await details(office.owner, case_no))["ground"] == GROUND["ground"]
    [text] = await inbox(office.owner, "审批结果通知")
    assert GROUND["ground"] in text and GROUND["reason"] in text


async def test_silence_counts_as_acceptance_only_where_the_item_says_so_and_is_a_fault(world: World) -> None:
    deemed, usual = await open_office(world, deemed=True), await open_office(world)
    cases = [await deemed.submitted(), await usual.submitted()]
    seen = (await deemed.owner.get(f"/v1/cases/{cases[0]}")).json
    world.clock.advance(timedelta(days=20))
    await world.work()
    await deemed.morning()
    await usual.morning()
    assert seen["state"] == "submitted"
    assert await deemed.state_of(cases[0]) == "street_review"
    assert await usual.state_of(cases[1]) == "submitted"
    assert [one[0] for one in await faults(world, cases[0])] == ["deemed"]
    assert await faults(world, cases[1]) == []


# Steps.


async def test_a_step_is_done_by_whose_it_is(world: World) -> None:
    office = await open_office(world, Step(name="home_visit", role="elder_team"), REVIEW)
    case_no = await office.accepted()
    await world.work()
    assert len(await told(world, office.elder, "轮到您办")) == 1
    assert (await tried(office.clerk, case_no, "report", **VISIT))[:2] == (403, "not_your_step")
    assert "report" not in [
        one["name"] for one in (await office.clerk.get(f"/v1/cases/{case_no}")).json["actions"]
    ]
    alone = await tried(office.elder, case_no, "report", visitors="赵大爷", report="都好")
    picture = await photo(office.elder, case_no)
    done = await office.act(office.elder, case_no, "report", **VISIT, photos=[picture])
    assert (alone, done["state"]) == ((422, "two_visitors_needed", "visitors"), "street_review")
    [visit] = (await details(office.reviewer, case_no))["visits"]
    assert (visit["visitors"], visit["photos"]) == ("王芳、李梅", [picture])
    assert (await details(office.owner, case_no))["visits"] == []


async def test_more_cannot_agree_than_came(world: World) -> None:
    office = await open_office(world, Step(name="appraisal", role="clerk"), REVIEW)
    case_no = await office.accepted()
    form = APPRAISED | {"agreed": 10}
    assert await tried(office.clerk, case_no, "appraise", **form) == (422, "more_agreed_than_came", "agreed")


async def test_what_is_sent_back_is_done_again_and_what_was_thought_stays(world: World) -> None:
    office = await open_office(world, COMMUNITY, REVIEW)
    case_no = await office.accepted()
    await office.act(office.clerk, case_no, "pass", opinion="情况属实")
    ahead = await tried(office.reviewer, case_no, "send_back", node="street_review", reason="再看")
    await office.act(office.reviewer, case_no, "send_back", node="community_review", reason="收入要再核实")
    await world.work()
    seen = await details(office.reviewer, case_no)

    assert ahead == (422, "not_an_earlier_step", "node")
    assert [one["state"] for one in seen["steps"]] == ["done", "done", "now", "ahead", "ahead", "ahead"]
    assert "情况属实" in seen["opinions"][0] and "收入要再核实" in seen["opinions"][1]
    assert "收入要再核实" in (await told(world, office.clerk, "退回重办"))[0]
    await office.act(office.clerk, case_no, "pass", opinion="再次核实，属实")
    case = await office.act(office.reviewer, case_no, "pass")
    assert case["state"] == "decision"


async def test_it_passes_only_when_every_added_signer_has_signed(world: World) -> None:
    office = await open_office(world)
    case_no = await office.accepted()
    asked = {"userid": office.decider.id, "reason": "请一起看"}
    await office.act(office.reviewer, case_no, "add_signer", **asked)
    again = await tried(office.reviewer, case_no, "add_signer", **asked)
    early = await office.reviewer.post(f"/v1/cases/{case_no}/pass", {})
    stranger = await tried(office.reviewer, case_no, "sign")
    await office.act(office.decider, case_no, "sign", opinion="同意")
    await office.act(office.reviewer, case_no, "pass")
    signed_it = await tried(office.decider, case_no, "grant")

    assert (again[1], early.code, stranger[1]) == (
        "already_asked",
        "signers_outstanding",
        "not_asked_to_sign",
    )
    assert "张红" in early.json["error"]["message"]
    assert signed_it[:2] == (403, "reviewed_it")


async def test_who_gets_a_copy_may_read_it_and_nothing_else(world: World) -> None:
    office = await open_office(world)
    case_no = await office.accepted()
    other = await world.staff(Grant(role="clerk", community_id="elsewhere"), name="赵刚")
    assert (await other.get(f"/v1/cases/{case_no}")).status == 404
    await office.act(office.reviewer, case_no, "copy", userid=other.id, reason="请知悉")
    await world.work()
    seen = (await other.get(f"/v1/cases/{case_no}")).json
    assert (seen["actions"], seen["details"]["copied_to"]) == ([], ["赵刚"])
    assert len(await told(world, other, "抄送给您")) == 1
    assert (await tried(other, case_no, "withdraw"))[:2] == (409, "not_allowed_now")
    everybody = (await office.reviewer.get(f"/v1/cases/{case_no}/colleagues", everybody="true")).json["items"]
    assert other.id in [one["id"] for one in everybody]


# Being made public.


async def objected(office: Office) -> str:
    case_no = await office.accepted()
    await office.act(office.elder, case_no, "object", text="他家有两套房", by="邻居老刘")
    return case_no


async def test_while_somebody_waits_for_an_answer_it_stays_public(world: World) -> None:
    office = await open_office(world, PUBLIC, REVIEW)
    case_no = await objected(office)
    world.clock.advance(timedelta(days=20))
    await world.work()
    await office.morning()
    assert await office.state_of(case_no) == "publicity"
    answered = await office.act(office.clerk, case_no, "answer_objection", **ANSWERED)
    assert answered["state"] == "street_review"


async def test_an_answer_in_time_does_not_shorten_it(world: World) -> None:
    office = await open_office(world, PUBLIC, REVIEW)
    case_no = await objected(office)
    assert (await office.act(office.clerk, case_no, "answer_objection", **ANSWERED))["state"] == "publicity"
    assert (await tried(office.clerk, case_no, "answer_objection", **ANSWERED))[1] == "objection_not_found"
    world.clock.advance(timedelta(days=20))
    await world.work()
    await office.morning()
    assert await office.state_of(case_no) == "street_review"


async def test_an_objection_that_is_upheld_sends_it_back_and_nobody_learns_whose_it_was(world: World) -> None:
    office = await open_office(world, COMMUNITY, PUBLIC, REVIEW)
    case_no = await office.accepted()
    await office.act(office.clerk, case_no, "pass")
    await office.act(office.elder, case_no, "object", text="他家有两套房", by="邻居老刘")
    back = await office.act(office.clerk, case_no, "answer_objection", upheld=True, answer="属实")
    assert back["state"] == "community_review"
    assert (await details(office.clerk, case_no))["objections"][0]["by"] == "邻居老刘"
    for reply in (
        await office.owner.get(f"/v1/cases/{case_no}"),
        await office.owner.get(f"/v1/cases/{case_no}/history"),
    ):
        assert "邻居老刘" not in reply.body.decode() and "两套房" not in reply.body.decode()


async def test_nothing_is_granted_by_time_or_by_nobody(world: World) -> None:
    office = await open_office(world, *[one for one in STEPS if one.name != "publicity"], deemed=True)
    waiting = [
        await office.brought_to(state) for state in ("home_visit", "street_review", "district", "decision")
    ]
    await office.submitted()
    for _ in range(3):
        world.clock.advance(timedelta(days=60))
        await world.work()
    await office.morning()
    states = [await office.state_of(one) for one in waiting]
    assert states == ["home_visit", "street_review", "district", "decision"]
    history = [(await office.owner.get(f"/v1/cases/{one}/history")).json["items"] for one in waiting]
    assert not [
        step
        for steps in history
        for step in steps
        if step["role"] == "系统" and "clock" not in step["action"]
    ]


# Deciding and delivering.


async def test_who_reviewed_does_not_decide(world: World) -> None:
    office = await open_office(world)
    case_no = await office.brought_to("decision")
    assert (await tried(office.reviewer, case_no, "grant"))[:2] == (403, "reviewed_it")
    assert (await tried(office.reviewer, case_no, "deny", **GROUND))[1] == "reviewed_it"
    assert (await office.act(office.decider, case_no, "grant"))["state"] == "granted"


async def test_who_reviewed_before_it_was_sent_back_may_decide_what_another_reviewed_since(
    world: World,
) -> None:
    office = await open_office(world)
    case_no = await office.brought_to("decision")
    await office.act(office.decider, case_no, "send_back", node="street_review", reason="要再核实")
    await office.act(office.reviewer, case_no, "hand_to", userid=office.decider.id, reason="请再看")
    await office.act(office.decider, case_no, "pass")
    await office.act(office.decider, case_no, "hand_to", userid=office.reviewer.id, reason="请决定")
    assert (await tried(office.decider, case_no, "grant"))[1] == "in_others_hands"
    assert (await office.act(office.reviewer, case_no, "grant"))["state"] == "granted"


async def test_without_a_review_of_the_street_who_accepted_does_not_decide(world: World) -> None:
    office = await open_office(world, COMMUNITY)
    both = [Grant(role="clerk", community_id=world.community), Grant(role="reviewer")]
    office.clerk = await world.staff(*both, name="王芳")
    case_no = await office.brought_to("decision")
    assert (await tried(office.clerk, case_no, "grant"))[1] == "reviewed_it"
    alone = await open_office(world, COMMUNITY, four_eyes=False)
    alone.clerk = office.clerk
    other = await alone.brought_to("decision")
    assert (await alone.act(alone.clerk, other, "grant"))["state"] == "granted"


async def test_a_denial_is_proposed_by_the_step_and_decided_by_another(world: World) -> None:
    office = await open_office(world)
    case_no = await office.accepted()
    await office.act(office.reviewer, case_no, "propose_denial", **GROUND)
    assert (await tried(office.reviewer, case_no, "deny", **GROUND))[1] == "reviewed_it"
    assert "建议不予办理" in (await details(office.decider, case_no))["opinions"][-1]
    denied = await office.act(office.decider, case_no, "deny", **GROUND)
    await world.work()
    assert (denied["state"], (await details(office.owner, case_no))["reason"]) == ("denied", GROUND["reason"])
    assert GROUND["ground"] in (await inbox(office.owner, "审批结果通知"))[0]


async def test_it_is_handed_over_for_the_code_that_only_the_resident_sees(world: World) -> None:
    office = await open_office(world)
    case_no = await office.brought_to("granted")
    code = (await details(office.owner, case_no))["pick_up_code"]
    assert len(code) == 6
    assert {(await details(who, case_no))["pick_up_code"] for who in (office.clerk, office.operator)} == {""}
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert (await tried(office.clerk, case_no, "deliver", method="pick_up", code=wrong))[
        1
    ] == "wrong_pick_up_code"
    assert (await tried(office.clerk, case_no, "deliver", method="mail"))[1] == "other_delivery"
    done = await office.act(office.clerk, case_no, "deliver", method="pick_up", code=code)
    assert (done["state"], done["details"]["result_text"]) == (
        "delivered",
        "准予，示例津贴（待遇发放），窗口领取",
    )


async def test_what_is_sent_electronically_is_delivered_when_its_papers_are_there(world: World) -> None:
    office = await open_office(world)
    case_no = await office.drafted()
    await office.act(office.owner, case_no, "edit", delivery="electronic")
    await office.act(office.owner, case_no, "submit", **SIGN)
    await office.act(office.clerk, case_no, "take_up")
    await office.act(office.clerk, case_no, "judge", key="id_card", verdict="fine")
    await office.act(office.clerk, case_no, "accept")
    await office.act(office.reviewer, case_no, "pass")
    await office.act(office.decider, case_no, "grant")
    for _ in range(4):
        await world.work()
    assert await office.state_of(case_no) == "delivered"
    step = (await office.owner.get(f"/v1/cases/{case_no}/history")).json["items"][-1]
    assert (step["role"], step["facts"]) == ("系统", {"how": "电子送达"})


async def test_it_can_be_taken_back_until_it_is_decided(world: World) -> None:
    office = await open_office(world)
    case_no = await office.brought_to("decision")
    taken_back = await office.act(office.owner, case_no, "withdraw", reason="不需要了")
    assert (taken_back["state"], taken_back["open"], taken_back["clock"]) == ("withdrawn", False, None)
    decided = await office.brought_to("granted")
    assert (await tried(office.owner, decided, "withdraw"))[1] == "not_allowed_now"


async def test_of_two_who_decide_at_once_one_does(world: World) -> None:
    office = await open_office(world)
    case_no = await office.brought_to("decision")
    third = await world.staff(Grant(role="reviewer"), name="孙丽")
    path = f"/v1/cases/{case_no}"
    granted, denied = await asyncio.gather(
        office.decider.post(f"{path}/grant", {}), third.post(f"{path}/deny", GROUND)
    )
    assert sorted((granted.status, denied.status)) == [200, 409]
    assert await office.state_of(case_no) == ("granted" if granted.status == 200 else "denied")


async def test_of_two_who_take_it_up_at_once_one_has_it(world: World) -> None:
    office = await open_office(world)
    case_no = await office.submitted()
    other = await world.staff(Grant(role="clerk", community_id=world.community), name="周敏")
    replies = await asyncio.gather(*(who.act(case_no, "take_up") for who in (office.clerk, other)))
    assert sorted(one.status for one in replies) == [200, 409]


# Standing in.


async def stands_in(world: World, member: Person, deputy: Person) -> str:
    body = {
        "deputy_id": deputy.id,
        "from": world.at(8, days=0),
        "until": world.at(18, days=2),
        "reason": "外出培训",
    }
    reply = await member.post("/v1/delegations", body)
    assert reply.status == 201, reply.body
    given: dict[str, Any] = reply.json
    assert (given["state"], given["mine"]) == ("active", True)
    item_id: str = given["id"]
    return item_id


async def test_a_deputy_does_the_steps_of_who_is_away_and_the_history_says_for_whom(world: World) -> None:
    office = await open_office(world, COMMUNITY, REVIEW)
    case_no = await office.accepted()
    deputy = await world.staff(Grant(role="clerk", community_id="elsewhere"), name="赵刚")
    assert (await deputy.get(f"/v1/cases/{case_no}")).status == 404
    given = await stands_in(world, office.clerk, deputy)

    assert case_no in [one["case_no"] for one in (await deputy.get("/v1/cases")).json["items"]]
    await office.act(deputy, case_no, "pass", opinion="属实")
    step = (await office.owner.get(f"/v1/cases/{case_no}/history")).json["items"][-1]
    assert (step["by"], step["facts"]) == ("赵刚", {"for": "代王芳办"})
    assert "赵刚（代王芳" in (await details(office.reviewer, case_no))["opinions"][0]
    assert (await office.clerk.post(f"/v1/delegations/{given}/revoke")).json["state"] == "revoked"

    async def gone() -> bool:
        return (await deputy.get(f"/v1/cases/{case_no}")).status == 404

    await world.until(gone, "the deputy sees it no more")


async def test_standing_in_ends_by_itself(world: World) -> None:
    office = await open_office(world, COMMUNITY, REVIEW)
    case_no = await office.accepted()
    deputy = await world.staff(Grant(role="clerk", community_id="elsewhere"), name="赵刚")
    await stands_in(world, office.clerk, deputy)
    world.clock.advance(timedelta(days=3))
    deputy = await world.sign_in(deputy.id)
    assert (await deputy.get(f"/v1/cases/{case_no}")).status == 404
    assert (await deputy.get("/v1/delegations")).json["items"][0]["state"] == "over"


async def test_a_deputy_does_not_decide_what_they_or_who_is_away_have_reviewed(world: World) -> None:
    office = await open_office(world)
    case_no = await office.brought_to("decision")
    third = await world.staff(Grant(role="reviewer"), name="孙丽")
    await stands_in(world, office.reviewer, third)
    await office.act(office.decider, case_no, "hand_to", userid=office.reviewer.id, reason="请办")
    assert (await tried(third, case_no, "grant"))[:2] == (403, "reviewed_it")


async def test_nobody_stands_in_for_ever_for_themselves_or_backwards(world: World) -> None:
    office = await open_office(world)
    usual = {"from": world.at(8), "until": world.at(18, days=2), "reason": "外出"}
    for wrong, field in (
        ({"deputy_id": office.clerk.id}, "deputy_id"),
        ({"deputy_id": "nobody"}, "deputy_id"),
        ({"until": world.at(7)}, "until"),
        ({"until": world.at(8, days=90)}, "until"),
    ):
        body = {"deputy_id": office.reviewer.id} | usual | wrong
        reply = await office.clerk.post("/v1/delegations", body)
        assert (reply.status, reply.json["error"]["field"]) == (422, field)
