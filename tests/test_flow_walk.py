"""Every row of the booking's flow is walked, every absent row is refused, for everybody who could knock.

The expectations come from the table and from who plays which part below; nothing here repeats a row.
"""

import asyncio
import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.staff import Grant
from server.bookings import FLOW
from server.kit.flow import Flow, Row
from server.places import PLACES, Place
from tests.world import QUOTE, REQUOTE, Person, Reply, Shop, World, member, unique

PARTS = {
    "owner": {"resident"},
    "another_resident": set(),
    "operator": {"operator"},
    "clerk": {"clerk"},
    "clerk_elsewhere": set(),
    "provider": {"provider"},
    "another_provider": set(),
    "worker": {"worker"},
    "idle_worker": set(),
    "another_providers_worker": set(),
    "dispatcher": {"dispatcher"},
    "reviewer": {"reviewer"},
    "accountant": set(),
    "elder_team": {"elder_team"},
    "elder_team_elsewhere": set(),
    "admin": {"admin"},
}
"""Who plays which part in the case of `owner`; nobody else may see that it exists."""

WITH_WORKER = {"assigned", "en_route", "in_service", "done", "disputed", "completed", "no_show"} | {
    "requoted",
    "appealed",
    "upheld",
}
"""The states in which the usual way has brought a worker into the case."""

UNFIT = {"submitted": {"quote"}}
"""What the table allows and the usual case, with a listed price, does not need: it is not shown."""

SUSPENSION = {"call_off", "hold_up", "go_on"}
"""What the system does when a provider is suspended: tests/test_providers.py."""

ACTIONS = [*FLOW.actions, "fly"]
STATES = list(FLOW.states)
OPENINGS = [row for row in FLOW.rows if row.source == Flow.OPENING]
ALL_ASKED = {"nobody"}
"""What the system notes when there is no worker left to ask: tests/test_dispatch.py."""

USUAL = {"assign_usual"}
"""How who came before is sent again: tests/test_plans.py."""

ELSEWHERE = SUSPENSION | ALL_ASKED | USUAL
TIMER_ROWS = [row for row in FLOW.rows if "system" in row.by and row.action not in ELSEWHERE]


class Stage:
    """A shop, its people and everybody else, with a clock that a walk moves forward only."""

    def __init__(self, world: World, shop: Shop, other: Shop, cast: dict[str, Person]) -> None:
        self.world = world
        self.other = other
        self.shop = shop
        self.cast = cast
        self._starts = self._half_hours()
        self._later = self._quarters()

    def _half_hours(self) -> Iterator[str]:
        for number in range(20):
            yield self.world.at(10 + number // 2, number % 2 * 30, days=0)

    def _quarters(self) -> Iterator[str]:
        for number in itertools.count():
            yield self.world.at(8 + number // 4 % 12, number % 4 * 15, days=2)

    async def case_in(self, state: str, action: str = "") -> dict[str, Any]:
        """A booking in this state that the action fits."""
        if action == "quote":
            shop = await self.shop.quoting()
            case = await shop.booked(self.cast["owner"], next(self._starts))
            return case | {"start_code": case["details"]["start_code"]}
        return await self.shop.brought_to(state, self.cast["owner"], next(self._starts))

    def parts(self, who: str, state: str) -> set[str]:
        return set() if who == "worker" and state not in WITH_WORKER else PARTS[who]

    def allowed(self, who: str, state: str) -> list[str]:
        """The actions of the table's rows, in its order."""
        mine = self.parts(who, state)
        return [row.action for row in FLOW.rows if row.source == state and row.by & mine]

    def form(self, action: str, case: dict[str, Any]) -> dict[str, Any]:
        forms: dict[str, dict[str, Any]] = {
            "assign": {"worker_id": self.shop.worker.id},
            "start": {"code": case["start_code"]},
            "transfer": {"service_id": self.other.service_id, "reason": "示例原因"},
            "quote": {"items": QUOTE},
            "requote": REQUOTE,
            "reschedule": {"start": next(self._later)},
        }
        needs_reason = {
            *("reject", "decline", "dispute", "settle", "withdraw_quote"),
            *("no_show", "appeal", "uphold", "overturn"),
        }
        return forms.get(action, {"reason": "示例原因"} if action in needs_reason else {})


async def set_stage(world: World) -> Stage:
    community, compound = unique("community"), unique("compound")
    shop, other_shop, owner, another, _ = await asyncio.gather(
        world.shop(capacity=50, duration_min=15, step_min=15, lead_time_min=0, reschedule_notice_min=0),
        world.shop(capacity=50),
        world.resident(),
        world.resident(),
        world.put(
            PLACES,
            Place(id=community, kind="community", name="别的社区"),
            Place(id=compound, kind="compound", name="别的小区", parent_id=community),
        ),
    )
    staff = {role: member(Grant(role=role)) for role in ("operator", "reviewer", "accountant", "admin")}
    staff |= {
        "clerk": member(Grant(role="clerk", community_id=world.community)),
        "clerk_elsewhere": member(Grant(role="clerk", community_id=community)),
        "elder_team": member(Grant(role="elder_team", compound_id=world.compound)),
        "elder_team_elsewhere": member(Grant(role="elder_team", compound_id=compound)),
        "idle_worker": member(Grant(role="worker", provider_id=shop.provider_id), skills=[shop.category]),
    }
    return Stage(
        world,
        shop,
        other_shop,
        {
            "owner": owner,
            "another_resident": another,
            "provider": shop.manager,
            "another_provider": other_shop.manager,
            "worker": shop.worker,
            "another_providers_worker": other_shop.worker,
            "dispatcher": shop.dispatcher,
            **dict(zip(staff, await world.hired(*staff.values()), strict=True)),
        },
    )


@pytest.mark.parametrize("row", TIMER_ROWS, ids=[f"{one.source}-{one.action}" for one in TIMER_ROWS])
async def test_what_the_system_does_is_done_when_the_timer_strikes(world: World, row: Row) -> None:
    stage = await set_stage(world)
    case = await stage.case_in(row.source)
    assert FLOW.states[row.source].timer == row.action
    await world.work()
    assert (await stage.cast["owner"].get(f"/v1/cases/{case['case_no']}")).json["version"] == case["version"]

    world.clock.advance(timedelta(days=7, minutes=1))
    await world.work()

    steps = (await stage.cast["owner"].get(f"/v1/cases/{case['case_no']}/history")).json["items"]
    last = steps[-1]
    assert (last["action"], last["source"], last["target"]) == (row.action, row.source, row.target)
    assert (last["by"], last["role"], last["channel"]) == ("系统", "系统", "system")


@pytest.mark.parametrize("state", STATES)
async def test_everybody_is_shown_what_the_table_allows_and_refused_what_it_does_not(
    world: World, state: str
) -> None:
    stage = await set_stage(world)
    case = await stage.case_in(state)
    path = f"/v1/cases/{case['case_no']}"
    await _shown(stage, state, case["case_no"])

    async def refused(who: str, action: str) -> None:
        reply = await stage.cast[who].act(case["case_no"], action, **stage.form(action, case))
        expected = (409, "not_allowed_now") if stage.parts(who, state) else (404, "case_not_found")
        assert (reply.status, reply.code) == expected, (who, action, reply.body)

    for who in stage.cast:
        absent = [one for one in ACTIONS if one not in stage.allowed(who, state)]
        await asyncio.gather(*(refused(who, action) for action in absent))
    nobody = await asyncio.gather(*(world.call("POST", f"{path}/{one}", {}) for one in ACTIONS))

    assert {one.status for one in nobody} == {401}
    after = (await stage.cast["owner"].get(path)).json
    assert (after["state"], after["version"]) == (state, case["version"])


async def _shown(stage: Stage, state: str, case_no: str) -> None:
    """The actions in the view are those of the table; who has no part in it does not see it."""

    async def looked(person: Person) -> tuple[Reply, list[Any]]:
        view, cases = await asyncio.gather(person.get(f"/v1/cases/{case_no}"), person.get("/v1/cases"))
        return view, [one for one in cases.json["items"] if one["case_no"] == case_no]

    seen = await asyncio.gather(*map(looked, stage.cast.values()))
    for who, (reply, listed) in zip(stage.cast, seen, strict=True):
        if stage.parts(who, state):
            fitting = [one for one in stage.allowed(who, state) if one not in UNFIT.get(state, ())]
            assert [one["name"] for one in reply.json["actions"]] == fitting, who
            assert listed == [reply.json], who
        else:
            assert (reply.status, reply.code, listed) == (404, "case_not_found", []), who


@pytest.mark.parametrize("state", [one for one in STATES if not FLOW.states[one].final])
async def test_what_the_table_allows_leads_to_its_target(world: World, state: str) -> None:
    stage = await set_stage(world)
    moves = [(who, action) for who in stage.cast for action in stage.allowed(who, state)]
    moves.sort(key=lambda move: move[1] == "no_show")  # it needs a later hour
    assert moves

    for who, action in moves:
        case = await stage.case_in(state, action)
        if action == "no_show":
            world.clock.advance(timedelta(minutes=20) + _until(world, case))
        reply = await stage.cast[who].act(case["case_no"], action, **stage.form(action, case))
        row = FLOW.row(state, action, frozenset(PARTS[who]))
        assert reply.status == 200, (who, action, reply.body)
        assert (reply.json["state"], reply.json["version"]) == (row.target, case["version"] + 1)
        assert reply.json["open"] is not FLOW.states[row.target].final
        step = (await stage.cast["owner"].get(f"/v1/cases/{case['case_no']}/history")).json["items"][-1]
        assert (step["action"], step["source"], step["target"]) == (action, state, row.target)


def _until(world: World, case: dict[str, Any]) -> timedelta:
    return datetime.fromisoformat(case["details"]["start"]) - world.clock.now()


@pytest.mark.parametrize("row", OPENINGS, ids=[one.action for one in OPENINGS])
async def test_a_case_is_opened_by_those_whom_the_table_names(world: World, row: Row) -> None:
    stage = await set_stage(world)
    owner = stage.cast["owner"]
    wish = stage.shop.wish(world.at(15), hold=row.action == "hold")

    for who, person in stage.cast.items():
        for_whom = {} if who in ("owner", "another_resident") else {"resident_id": owner.id}
        reply = await person.post("/v1/bookings", wish | for_whom)
        if row.by & PARTS[who] or who == "another_resident":
            assert (reply.status, reply.json["state"]) == (201, row.target), (who, reply.body)
        else:
            unknown = who == "clerk_elsewhere"  # a window knows the residents of its own community
            assert reply.status == (404 if unknown else 403), (who, reply.body)
    assert (await world.call("POST", "/v1/bookings", wish)).status == 401
