"""Every row of the table of an order of tickets is walked, and every absent row is refused, for all who could knock."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.staff import Grant
from server.tickets import FLOW
from tests.ticketing import PRICE, Office, moved, open_office, seen
from tests.walks import Stage, Walk
from tests.world import Person, World, member, unique

REASON = {"reason": "示例原因"}
FORMS: dict[str, dict[str, Any]] = {
    "authorise": {"quote_version": 1},
    "raise_ceiling": {"ceiling_fen": 20000},
    "confirm_refund": {"refund_version": 1},
    "accept_change": {"change_version": 1},
    "post": {"tracking_no": "EX123456789CN"},
    "hand_over": {"code": "0000"},
    **dict.fromkeys(("withdraw_quote", "refuse", "refuse_change", "change_failed", "refund_failed"), REASON),
}
"""What names passengers, times and codes is filled in by each stage."""

DEARER = {"change_paying": 1000}
AFTER_REFUND = ("refund_quoted", "refunding")
AFTER_CHANGE = ("changing", "change_offered", "change_paying", "rebooking")


async def _early(office: Office, who: Person, state: str) -> dict[str, Any]:
    """In a state before there are tickets, or in one that ends it then."""
    if state in ("submitted", "cancelled", "refused"):
        case = await office.ordered(who, 1990, 1985)
        last = {"cancelled": (who, "cancel", {}), "refused": (office.agent, "refuse", REASON)}.get(state)
        return case if last is None else await moved(last[0], case, last[1], **last[2])
    if state in ("quoted", "authorised", "expired"):
        case = await office.quoted(who, 1990, 1985)
        office.world.clock.advance(timedelta(minutes=16))  # the agent's hold runs out
        if state == "authorised":
            case = await moved(who, case, "authorise", quote_version=1)
        if state == "expired":
            office.world.clock.advance(timedelta(minutes=31))
            await office.worked(0)
        return case
    return await office.buying(who, 1990, 1985)


async def _late(office: Office, who: Person, state: str) -> dict[str, Any]:
    """In a state that has been bought."""
    failed, party = {"partial": (1, "split"), "failed": (1, "all")}.get(state, (0, "all"))
    case = await office.ticketed(who, 1990, 1985, failed=failed, party=party, delivery={"how": "window"})
    ids = [one["id"] for one in case["details"]["passengers"]]
    some = ids if state == "closed" else ids[:1]
    if state in AFTER_REFUND or state == "closed":
        case = await moved(who, case, "ask_refund", passengers=some)
    if state in ("refunding", "closed"):
        case = await moved(who, case, "confirm_refund", refund_version=1)
    if state == "closed":
        case = await moved(office.agent, case, "record_refund")
    if state in AFTER_CHANGE:
        case = await moved(who, case, "ask_change", passengers=some, wish="下午的车")
    if state in AFTER_CHANGE and state != "changing":
        case = await moved(office.agent, case, "offer_change", **_offer(office, DEARER.get(state, 0)))
    if state in ("change_paying", "rebooking"):
        case = await moved(who, case, "accept_change", change_version=1)
    return case


def _offer(office: Office, more_fen: int) -> dict[str, Any]:
    at = office.world.at(14, days=12)
    return {"number": "D6705", "seat_class": "second", "depart_at": at, "price_fen": PRICE + more_fen}


async def stage(world: World, state: str) -> Stage:
    office, who, stranger, other = (
        await open_office(world),
        await world.resident(),
        await world.resident(),
        await open_office(world),
    )
    early = ("submitted", "quoted", "authorised", "buying", "cancelled", "refused", "expired")
    case = await (_early if state in early else _late)(office, who, state)
    case = await seen(who, case)
    assert case["state"] == state
    ids = [one["id"] for one in case["details"]["passengers"]]
    FORMS["quote"] = office.quoting(case)
    FORMS["record"] = office.results(case)
    held = [one["id"] for one in case["details"]["passengers"] if one["state"] == "ticketed"]
    FORMS["ask_refund"] = {"passengers": held[:1] or ids[:1]}
    FORMS["ask_change"] = FORMS["ask_refund"] | {"wish": "晚一点"}
    FORMS["offer_change"] = _offer(office, 0)
    FORMS["confirm_bought_change"] = {"results": [{"passenger_id": ids[0]}]}
    FORMS["hand_over"] = {"code": case["details"]["delivery"]["code"] or "0000"}
    grants = {
        "operator": Grant(role="operator"),
        "reviewer": Grant(role="reviewer"),
        "accountant": Grant(role="accountant"),
        "elder_team": Grant(role="elder_team", compound_id=world.compound),
        "clerk_elsewhere": Grant(role="clerk", community_id=unique("community")),
    }
    hired = await world.hired(*(member(one) for one in grants.values()))
    cast = {
        "owner": who,
        "stranger": stranger,
        "agent": office.agent,
        "another_agency": other.agent,
        "dispatcher": office.dispatcher,
        "clerk": office.clerk,
        **dict(zip(grants, hired, strict=True)),
    }
    parts = {
        "owner": "resident",
        "agent": "provider",
        "dispatcher": "dispatcher",
        "clerk": "clerk",
        "operator": "operator",
        "reviewer": "reviewer",
        "elder_team": "elder_team",
    }
    mine = {one: frozenset({parts[one]} if one in parts else ()) for one in cast}
    return Stage(case=case, cast=cast, parts=mine)


WALK = Walk(FLOW, stage, FORMS, hidden=frozenset({"post"}))
"""The slip is fetched at the window here, so it is not posted; tests/test_tickets.py does."""
OPEN = [one for one in WALK.states() if not FLOW.states[one].final]


@pytest.mark.parametrize("state", WALK.states())
async def test_everybody_is_shown_what_the_table_allows_and_refused_what_it_does_not(
    world: World, state: str
) -> None:
    await WALK.refusals(world, state)


@pytest.mark.parametrize("state", OPEN)
async def test_every_row_leads_to_its_target(world: World, state: str) -> None:
    rows = [(row, part) for row, part in WALK.moves() if row.source == state and row.action != "post"]
    assert rows
    for row, part in rows:
        await WALK.move(world, row, part)
