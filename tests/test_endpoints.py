"""Every verb of the API four ways: as nobody, as the wrong role, on somebody else's, and as it is meant.

A noun brings its rows itself: its test module defines

    HAPPY: Happy = {("GET", "/v1/things/{thing_id}"): visit_thing}     # tests/doors.py says what a visit is
    COVERS = {("POST", "/v1/things")}                                  # verbs that the module tries four ways itself

Modules are found by these two words; nothing here lists a noun. The first two ways follow from the verb's own rule.
Pages are tried in tests/test_console.py.
"""

import importlib
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from handlers.base import ANYONE, Plan, endpoints
from handlers.page import Page
from schemas.staff import Grant, Role
from tests.doors import Happy, Verb, Visit
from tests.world import World, unique

SAYS_SOMETHING = re.compile(r"^(?:HAPPY|COVERS)\b", re.MULTILINE)
EVERYBODY = frozenset({"resident", "staff"})

PLANS: dict[Verb, Plan] = {
    (name.upper(), one.path): plan
    for one in endpoints()
    if not issubclass(one, Page)
    for name, plan in one.plans.items()
}


def modules() -> list[Any]:
    """The test modules that define HAPPY or COVERS."""
    found = sorted(one for one in Path(__file__).parent.glob("test_*.py") if one.name != Path(__file__).name)
    return [
        importlib.import_module(f"tests.{one.stem}")
        for one in found
        if SAYS_SOMETHING.search(one.read_text("utf-8"))
    ]


def happy_visits() -> Happy:
    return {verb: visit for one in modules() for verb, visit in getattr(one, "HAPPY", {}).items()}


def covered() -> set[Verb]:
    return {verb for one in modules() for verb in getattr(one, "COVERS", ())}


def is_plain(verb: Verb) -> bool:
    """Anybody may get it, and the path says all: how to call it needs no telling."""
    return verb[0] == "GET" and "{" not in verb[1] and ANYONE in PLANS[verb].rule.who


async def plainly(path: str) -> Visit:
    return Visit(path=path)


HAPPY = happy_visits()
CLOSED = [verb for verb, plan in PLANS.items() if ANYONE not in plan.rule.who]
NARROW = [verb for verb in CLOSED if not PLANS[verb].rule.who >= EVERYBODY]
CALLED = [verb for verb in PLANS if verb in HAPPY or is_plain(verb)]
OWNED = [verb for verb in HAPPY if "{" in verb[1]]


def name_of(verb: Verb) -> str:
    return " ".join(verb)


async def visit(world: World, verb: Verb) -> Visit:
    return await (HAPPY[verb](world) if verb in HAPPY else plainly(verb[1]))


def test_every_verb_is_tried_by_some_test_module() -> None:
    missing = sorted(set(PLANS) - set(CALLED) - covered())
    assert not missing, (
        f"nobody tries {', '.join(map(name_of, missing))}: "
        "add HAPPY rows, or COVERS, to the noun's test module (see the docstring of tests/test_endpoints.py)"
    )


def test_no_test_module_tries_a_verb_that_is_not_there() -> None:
    gone = sorted((set(HAPPY) | covered()) - set(PLANS))
    assert not gone, f"no such verb: {', '.join(map(name_of, gone))}"


@pytest.mark.parametrize("verb", CLOSED, ids=name_of)
async def test_who_is_not_signed_in_is_asked_to(world: World, verb: Verb) -> None:
    path = re.sub(r"\{\w+\}", "anything", verb[1])
    for token in (None, "made-up"):
        reply = await world.call(verb[0], path, token=token)
        assert reply.status == 401, reply.body
        assert reply.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("verb", NARROW, ids=name_of)
async def test_the_wrong_role_is_refused_whatever_it_asks_for(world: World, verb: Verb) -> None:
    path, allowed = re.sub(r"\{\w+\}", "anything", verb[1]), PLANS[verb].rule.who
    wrong = [await world.resident()] if "resident" not in allowed else []
    if "staff" not in allowed:
        roles = [role for role in get_args(Role) if role not in allowed]
        scope = {
            "community_id": world.community,
            "compound_id": world.compound,
            "provider_id": unique("provider"),
        }
        wrong.append(await world.staff(*(Grant(role=role, **scope) for role in roles)))
    for who in wrong:
        reply = await world.call(verb[0], path, token=who.token)
        assert (reply.status, reply.code) == (403, "forbidden"), reply.body


@pytest.mark.parametrize("verb", OWNED, ids=name_of)
async def test_somebody_elses_is_not_there(world: World, verb: Verb) -> None:
    call = await visit(world, verb)
    if call.shared:
        return
    assert call.stranger is not None, f"{name_of(verb)}: whose is it not? name a stranger, or say shared=True"
    refused = await call.made_by(world, verb[0], call.stranger)
    assert refused.status == 404, refused.body
    nothing = Visit(path=re.sub(r"\{\w+\}", "nothing", verb[1], count=1), body=call.body)
    unknown = await nothing.made_by(world, verb[0], call.stranger)
    assert (unknown.status, unknown.code) == (404, refused.code), "what is not there looks the same"


@pytest.mark.parametrize("verb", CALLED, ids=name_of)
async def test_a_good_call_is_answered(world: World, verb: Verb) -> None:
    call = await visit(world, verb)
    reply = await call.made_by(world, verb[0], call.who)

    plan = PLANS[verb]
    assert reply.status == (204 if plan.view is type(None) else plan.rule.status), reply.body
    assert bool(reply.body) == (reply.status != 204)
    assert "X-Request-ID" in reply.headers or reply.headers["Cache-Control"]
