"""Every row of the approval's flow for everybody who could knock: what it has leads on, what it has not is refused."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.staff import Grant
from server.approvals import FLOW
from server.kit.flow import Flow, Row
from tests.applying import (
    ANSWERED,
    APPRAISED,
    GROUND,
    SIGN,
    STEPS,
    VISIT,
    Office,
    open_office,
)
from tests.walks import label
from tests.world import Person, World

PARTS: Mapping[str, frozenset[str]] = {
    "owner": frozenset({"resident"}),
    "another_resident": frozenset(),
    "operator": frozenset({"operator"}),
    "clerk": frozenset({"clerk"}),
    "clerk_elsewhere": frozenset(),
    "elder": frozenset({"elder_team"}),
    "elder_elsewhere": frozenset(),
    "reviewer": frozenset({"reviewer"}),
    "dispatcher": frozenset({"dispatcher"}),
    "accountant": frozenset(),
    "provider": frozenset(),
    "admin": frozenset({"admin"}),
}
NO_VISITORS = tuple(replace(one, role="clerk") if one.name == "home_visit" else one for one in STEPS)
"""The home visit is the window's own."""

BEHIND_PUBLICITY = frozenset(list(FLOW.states)[list(FLOW.states).index("publicity") + 1 :]) - {"withdrawn"}
SHORT = tuple(one for one in STEPS if one.name != "publicity")
"""For what lies behind it, so that no week has to pass."""

FORMS: Mapping[str, dict[str, Any]] = {
    "edit": {"address": "示例路 1 号"},
    "submit": SIGN,
    "resubmit": SIGN,
    "judge": {"key": "id_card", "verdict": "fine"},
    "allow_second": {"reason": "情况特殊"},
    "not_accept": GROUND,
    "report": VISIT,
    "appraise": APPRAISED,
    "object": {"text": "他家有两套房", "by": "邻居"},
    "answer_objection": ANSWERED,
    "district_answer": {"agreed": True},
    "propose_denial": GROUND,
    "send_back": {"node": "pre_review", "reason": "要再核实"},
    "deny": GROUND,
    "deliver": {"method": "mail", "note": "EX123456789CN"},
}
ROWS = [row for row in FLOW.rows if row.source != Flow.OPENING and row.by - {"system"}]
WHO = {
    "resident": "owner",
    "clerk": "clerk",
    "operator": "operator",
    "elder_team": "elder",
    "reviewer": "reviewer",
    "admin": "admin",
}


async def cast_of(world: World, office: Office) -> dict[str, Person]:
    elsewhere = {"community_id": "elsewhere"}
    return {
        "owner": office.owner,
        "another_resident": await world.resident(),
        "operator": office.operator,
        "clerk": office.clerk,
        "clerk_elsewhere": await world.staff(Grant(role="clerk", **elsewhere)),
        "elder": office.elder,
        "elder_elsewhere": await world.staff(Grant(role="elder_team", compound_id="elsewhere", **elsewhere)),
        "reviewer": office.reviewer,
        "dispatcher": await world.staff(Grant(role="dispatcher")),
        "accountant": await world.staff(Grant(role="accountant")),
        "provider": await world.staff(Grant(role="provider", provider_id="nobody")),
        "admin": office.admin,
    }


def form_of(office: Office, action: str) -> dict[str, Any]:
    if action in ("hand_to", "add_signer", "copy"):
        return {"userid": office.decider.id, "reason": "请帮忙"}
    return FORMS.get(action, {})


async def colleague(world: World, part: str) -> Person:
    """Somebody to whom the step can be handed."""
    scope: dict[str, dict[str, str]] = {
        "clerk": {"community_id": world.community},
        "elder_team": {"community_id": world.community, "compound_id": world.compound},
    }
    return await world.staff(Grant(role=part, **scope.get(part, {})))  # type: ignore[arg-type]


async def tried(who: Person, case_no: str, action: str, form: Mapping[str, Any]) -> Any:
    return await who.post(f"/v1/cases/{case_no}/{action}", dict(form))


@pytest.mark.parametrize("state", [one.name for one in FLOW.states.values() if one.timer])
async def test_what_the_system_does_is_done_when_the_timer_strikes(world: World, state: str) -> None:
    office = await open_office(world, *STEPS, deemed=True)
    case_no = await office.brought_to(state)
    row = FLOW.row(state, FLOW.states[state].timer or "", frozenset({"system"}))
    version = (await office.owner.get(f"/v1/cases/{case_no}")).json["version"]
    await world.work()
    assert (await office.owner.get(f"/v1/cases/{case_no}")).json["version"] == version

    await office.later(case_no, timedelta(days=60))

    steps = (await office.owner.get(f"/v1/cases/{case_no}/history")).json["items"]
    last = next(one for one in steps if one["action"] == row.action)
    assert (last["source"], last["target"]) == (row.source, row.target)
    assert (last["by"], last["role"], last["channel"]) == ("系统", "系统", "system")


@pytest.mark.parametrize("state", list(FLOW.states))
async def test_what_the_table_does_not_allow_is_refused_and_changes_nothing(world: World, state: str) -> None:
    office = await open_office(world, *(SHORT if state in BEHIND_PUBLICITY else STEPS))
    case_no = await office.brought_to(state)
    before = (await office.owner.get(f"/v1/cases/{case_no}")).json
    for who, person in (await cast_of(world, office)).items():
        mine = PARTS[who]
        allowed = {row.action for row in FLOW.rows if row.source == state and row.by & mine}
        view = await person.get(f"/v1/cases/{case_no}")
        if mine:
            assert {one["name"] for one in view.json["actions"]} <= allowed, who
        else:
            assert (view.status, view.code) == (404, "case_not_found"), who
        for action in [*FLOW.actions, "fly"]:
            if action in allowed:
                continue
            reply = await tried(person, case_no, action, form_of(office, action))
            expected = (409, "not_allowed_now") if mine else (404, "case_not_found")
            assert (reply.status, reply.code) == expected, (who, action, reply.body)
    after = (await office.owner.get(f"/v1/cases/{case_no}")).json
    assert (after["state"], after["version"]) == (state, before["version"])


async def office_for(world: World, row: Row) -> Office:
    if row.action == "grant_now":
        return await open_office(
            world, steps=[], instant=True, legal_days=0, promised_days=0, extension_days=0
        )
    return await open_office(world, *(SHORT if row.source in BEHIND_PUBLICITY else STEPS))


async def ready_for(office: Office, row: Row) -> str:
    """A case in the row's state that the action fits."""
    case_no, act = await office.brought_to(row.source), office.act
    match row.action:
        case "accept" | "grant_now":
            await act(office.clerk, case_no, "judge", key="id_card", verdict="fine")
        case "supplement":
            await act(office.clerk, case_no, "judge", key="id_card", verdict="wrong")
        case "allow_second":
            await act(office.clerk, case_no, "judge", key="id_card", verdict="wrong")
            await act(office.clerk, case_no, "supplement")
            await act(office.owner, case_no, "resubmit", **SIGN)
        case "answer_objection":
            await act(office.operator, case_no, "object", text="他家有两套房")
        case "sign":
            form = {"userid": office.decider.id, "reason": "请一起看"}
            await act(office.reviewer, case_no, "add_signer", **form)
    return case_no


@pytest.mark.parametrize("row", ROWS, ids=label)
async def test_what_the_table_allows_leads_to_its_target(world: World, row: Row) -> None:
    office = await office_for(world, row)
    for part in sorted(row.by - {"system"}):
        window = (row.source, part) == ("home_visit", "clerk")
        await moved(world, await open_office(world, *NO_VISITORS) if window else office, row, part)


async def moved(world: World, office: Office, row: Row, part: str) -> None:
    case_no = await ready_for(office, row)
    who: Person = getattr(office, WHO[part])
    if part == "reviewer" and (row.source == "decision" or row.action == "sign"):
        who = office.decider
    form = form_of(office, row.action)
    if row.action in ("hand_to", "add_signer"):
        form["userid"] = (await colleague(world, part)).id
    before = (await office.owner.get(f"/v1/cases/{case_no}")).json
    shown = (await who.get(f"/v1/cases/{case_no}")).json["actions"]
    assert row.action in [one["name"] for one in shown], (part, shown)

    reply = await tried(who, case_no, row.action, form)

    assert reply.status == 200, (part, reply.body)
    assert (reply.json["state"], reply.json["version"]) == (row.target, before["version"] + 1)
    assert reply.json["open"] is not FLOW.states[row.target].final
    step = (await office.owner.get(f"/v1/cases/{case_no}/history")).json["items"][-1]
    assert (step["action"], step["source"], step["target"]) == (row.action, row.source, row.target)
