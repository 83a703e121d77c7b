"""Every row of the table of a ride is walked, and every absent row is refused, for all who could knock."""

from typing import Any

import msgspec
import pytest

from schemas.rides import NewRide
from schemas.staff import Grant
from server import cases
from server.config import Rides
from server.kit.flow import Flow, NotAllowedNow, Row
from server.rides import FLOW, order
from server.sessions import SYSTEM, Actor
from server.staff import STAFF
from tests.riding import later
from tests.test_rides import WISH, called, free_driver, nobody_else, offered
from tests.walks import Stage, Walk, label
from tests.world import Person, World, member, unique

RULES = Rides()
FORMS: dict[str, dict[str, Any]] = {
    "offer": {"offer_id": "offer-1", "driver_id": "driver-1"},
    "widen": {"radius_m": 3000},
    "decline": {"reason": "far"},
    "give_up": {"reason": "car"},
    "no_show": {"note": "等了十分钟，打了两次电话"},
    "drop": {"reason": "没有票"},
}
"""The code, and who is sent, are filled in by each stage."""

BEGUN = ("accepted", "arrived", "on_board", "completed", "cancelled", "no_show")
ANSWERS = {"accept", "decline"}
"""What who is asked does through the offer, while the case is not theirs yet."""

PARTS = {
    "owner": "resident",
    "operator": "operator",
    "clerk": "clerk",
    "dispatcher": "dispatcher",
    "reviewer": "reviewer",
    "admin": "admin",
    "elder_team": "elder_team",
}
WITH_DRIVER = {"driver": "driver", "fleet": "provider"}


async def held(world: World, resident: Person, **more: Any) -> dict[str, Any]:
    """A ride that waits for its tickets."""
    found = await world.house.resident(resident.id)
    number = await world.house.case_numbers.next("DC", world.clock.now())
    actor, new = Actor("resident", resident.id, "", ()), msgspec.convert(WISH | more, NewRide)
    rules = world.house.settings
    await world.house.db.atomically(
        lambda tx: order(tx, actor, found, new, number, "mini_program", rules, held_for="PW-1")
    )
    return await _seen(resident, number)


async def _seen(resident: Person, case_no: str) -> dict[str, Any]:
    case: dict[str, Any] = (await resident.get(f"/v1/cases/{case_no}")).json
    return case


async def moved(world: World, case_no: str, action: str) -> str:
    """By the system; the state that it leads to."""
    rules, form = world.house.settings, FORMS.get(action, {})
    move = world.house.db.atomically(
        lambda tx: cases.move(tx, case_no, action, form, SYSTEM, "system", rules)
    )
    return (await move).state


async def brought(world: World, owner: Person, driver: Person, state: str) -> dict[str, Any]:
    """A ride in this state by its usual way."""
    if state == "held":
        return await held(world, owner)
    if state == "scheduled":
        return await called(world, owner, at=world.at(12, days=0))
    if state in ("requested", "no_driver"):
        await driver.post("/v1/driver/duty", {"on": False})
    case_no = (await called(world, owner))["case_no"]
    if state == "no_driver":
        await moved(world, case_no, "nobody")
    if state in BEGUN:
        offer = await offered(driver)
        assert offer is not None
        assert (await driver.post(f"/v1/ride-offers/{offer['id']}/accept")).status == 200
    steps: tuple[tuple[Person, str], ...] = ((driver, "arrive"), (driver, "board"), (driver, "complete"))
    number = {"arrived": 1, "no_show": 1, "on_board": 2, "completed": 3}.get(state, 0)
    FORMS["board"] = {"code": (await _seen(owner, case_no))["details"]["code"] or "0000"}
    ends = {"cancelled": ((owner, "cancel"),), "no_show": ((driver, "no_show"),)}.get(state, ())
    for who, action in (*steps[:number], *ends):
        assert (await who.act(case_no, action, **FORMS.get(action, {}))).status == 200, action
        if action == "arrive":
            later(world, RULES.no_show_minutes * 60 + 1)
    return await _seen(owner, case_no)


async def stage(world: World, state: str) -> Stage:
    await nobody_else(world)
    owner, stranger, driver = await world.resident(), await world.resident(), await free_driver(world, 300)
    case = await brought(world, owner, driver, state)
    assert case["state"] == state, case
    another = await free_driver(world, 400)
    FORMS["assign"] = {"driver_id": another.id}
    kept = world.house.db.reader().recall(STAFF, driver.id)
    assert kept is not None
    grants = {
        "fleet": Grant(role="provider", provider_id=kept.grants[0].provider_id),
        "another_fleet": Grant(role="provider", provider_id=unique("provider")),
        "dispatcher": Grant(role="dispatcher"),
        "clerk": Grant(role="clerk", community_id=world.community),
        "clerk_elsewhere": Grant(role="clerk", community_id=unique("community")),
        "operator": Grant(role="operator"),
        "reviewer": Grant(role="reviewer"),
        "admin": Grant(role="admin"),
        "accountant": Grant(role="accountant"),
        "elder_team": Grant(role="elder_team", compound_id=world.compound),
    }
    hired = await world.hired(*(member(one) for one in grants.values()))
    cast = {
        "owner": owner,
        "stranger": stranger,
        "driver": driver,
        "another_driver": another,
        **dict(zip(grants, hired, strict=True)),
    }
    parts = PARTS | (WITH_DRIVER if state in BEGUN else {})
    return Stage(
        case=case,
        cast=cast,
        parts={one: frozenset({parts[one]} if one in parts else ()) for one in cast},
    )


WALK = Walk(FLOW, stage, FORMS)
BY_SYSTEM = [one for one in FLOW.rows if "system" in one.by]
WALKED = sorted({row.source for row, _ in WALK.moves()}, key=WALK.states().index)


@pytest.mark.parametrize("state", WALK.states())
async def test_everybody_is_shown_what_the_table_allows_and_refused_what_it_does_not(
    world: World, state: str
) -> None:
    await WALK.refusals(world, state)
    absent = [one for one in FLOW.actions if not any(_is(row, state, one) for row in BY_SYSTEM)]
    case_no = (await world.house.db.reading(lambda reader: _newest(reader))).id
    for action in absent:
        with pytest.raises(NotAllowedNow):
            await moved(world, case_no, action)


def _is(row: Row, state: str, action: str) -> bool:
    return (row.source, row.action) == (state, action)


async def _newest(reader: Any) -> Any:
    [case] = await reader.all(cases.CASES, {"kind": "ride"}, sort="-created_at", limit=1)
    return case


@pytest.mark.parametrize("state", WALKED)
async def test_every_row_leads_to_its_target(world: World, state: str) -> None:
    rows = [one for one in WALK.moves() if one[0].source == state and one[0].action not in ANSWERS]
    assert rows
    for row, part in rows:
        await WALK.move(world, row, part)


@pytest.mark.parametrize("answer", sorted(ANSWERS))
async def test_who_is_asked_answers_through_the_offer_and_nobody_else_does(world: World, answer: str) -> None:
    here = await stage(world, "offered")
    row = FLOW.row("offered", answer, frozenset({"driver"}))
    offer = await offered(here.cast["driver"])
    assert offer is not None
    path, form = f"/v1/ride-offers/{offer['id']}/{answer}", FORMS.get(answer, {})
    for who, person in here.cast.items():
        if who != "driver":
            reply = await person.post(path, form)
            expected = (404, "ride_offer_not_found") if who == "another_driver" else (403, reply.code)
            assert (reply.status, reply.code) == expected, who
    assert (await here.seen())["version"] == here.case["version"]
    assert (await here.cast["driver"].post(path, form)).status == 200
    after = await here.seen()
    assert (after["state"], after["version"]) == (row.target, here.case["version"] + 1)


@pytest.mark.parametrize("row", BY_SYSTEM, ids=label)
async def test_the_systems_rows_lead_to_their_targets(world: World, row: Row) -> None:
    here = await stage(world, row.source)
    case_no = here.case["case_no"]
    assert await moved(world, case_no, row.action) == row.target
    step = (await here.onlooker.get(f"/v1/cases/{case_no}/history")).json["items"][-1]
    assert (step["action"], step["source"], step["target"]) == (row.action, row.source, row.target)
    assert (step["by"], step["channel"]) == ("系统", "system")


async def test_timers_strike_and_a_held_ride_for_later_is_booked(world: World) -> None:
    here = await stage(world, "scheduled")
    later(world, 2 * 3600 + 41 * 60)
    await world.work()
    assert (await here.seen())["state"] == "requested", "nobody who was near is heard of any more"
    here = await stage(world, "offered")
    later(world, RULES.offer_s + 1)
    assert (await here.seen())["state"] == "requested", "it reads so before the worker comes round"
    resident = await world.resident()
    ahead = await held(world, resident, at=world.at(18, days=0))
    assert await moved(world, ahead["case_no"], "release") == "scheduled"


@pytest.mark.parametrize("action", ["request", "book"])
async def test_a_ride_is_ordered_by_those_whom_the_table_names(world: World, action: str) -> None:
    here = await stage(world, "no_driver")
    row = next(one for one in FLOW.rows if _is(one, Flow.OPENING, action))
    at = {"at": world.at(12, days=0)} if action == "book" else {}
    for who, person in here.cast.items():
        own = who in ("owner", "stranger")
        for_whom = {} if own else {"resident_id": (await world.resident()).id}
        reply = await person.post("/v1/rides", WISH | at | for_whom)
        if own or PARTS.get(who) in row.by:
            assert (reply.status, reply.json["state"]) == (201, row.target), (who, reply.body)
        else:
            unknown = who == "clerk_elsewhere"  # a window knows the residents of its own community
            assert reply.status == (404 if unknown else 403), (who, reply.body)
    assert (await world.call("POST", "/v1/rides", WISH)).status == 401
