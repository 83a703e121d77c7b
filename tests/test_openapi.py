"""The OpenAPI document is what the verbs say, what is committed, and what is served."""

import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis

from handlers.base import ANYONE, endpoints
from handlers.openapi import document
from server.cases.kinds import kinds
from server.kit.flow import Flow
from tests.world import World

COMMITTED = Path(__file__).parents[1] / "schemas" / "openapi.json"


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return document.document()


def operations(whole: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, verb, one) for path, verbs in whole["paths"].items() for verb, one in verbs.items()]


def test_the_committed_document_is_not_stale() -> None:
    assert COMMITTED.read_bytes() == document.text(), "run scripts/openapi and commit schemas/openapi.json"


def test_the_document_is_valid_openapi(whole: dict[str, Any]) -> None:
    schemathesis.openapi.from_dict(whole).validate()


def test_every_reference_leads_somewhere(whole: dict[str, Any]) -> None:
    for kind, name in re.findall(r'"#/components/(\w+)/([^"]+)"', document.text().decode()):
        assert name in whole["components"][kind], f"{kind}/{name}"


def test_every_documented_verb_is_there(whole: dict[str, Any]) -> None:
    declared = {(one.path, verb) for one in endpoints() if one.documented for verb in one.plans}
    described = {(path, verb) for path, verb, _ in operations(whole)}
    assert declared <= described


def move_paths() -> set[str]:
    return {
        f"/v1/cases/{{case_no}}/{row.action}"
        for kind in kinds().values()
        for row in kind.flow.rows
        if row.source != Flow.OPENING and row.by != {"system"} and not kind.flow.actions[row.action].through
    }


def test_every_move_that_somebody_can_make_has_its_own_path(whole: dict[str, Any]) -> None:
    for path in move_paths():
        assert "post" in whole["paths"][path], path
    assert "/v1/cases/{case_no}/{action}" not in whole["paths"]
    assert "/v1/cases/{case_no}/expire" not in whole["paths"]


def test_a_move_takes_its_form_and_a_version(whole: dict[str, Any]) -> None:
    body = whole["paths"]["/v1/cases/{case_no}/assign"]["post"]["requestBody"]
    by_kind = body["content"]["application/json"]["schema"]["anyOf"]
    names = [one["$ref"].rpartition("/")[2] for one in by_kind]
    forms = {name: whole["components"]["schemas"][name] for name in names}
    fields = {name: set(form["properties"]) for name, form in forms.items()}
    assert fields == {
        "AssignMove": {"worker_id", "off_shift", "version"},
        "AssignDriverMove": {"driver_id", "version"},
    }
    assert forms["AssignMove"]["required"] == ["worker_id"]
    assert body["required"]


def test_names_of_operations_are_unique(whole: dict[str, Any]) -> None:
    names = [one["operationId"] for _, _, one in operations(whole)]
    assert len(names) == len(set(names))


def test_who_must_sign_in_is_said(whole: dict[str, Any]) -> None:
    for path, verb, one in operations(whole):
        open_to_all = ANYONE in one["x-who"]
        assert one["security"] == ([] if open_to_all else [{"bearerAuth": []}]), f"{verb} {path}"
        assert open_to_all or {"401", "403"} <= one["responses"].keys(), f"{verb} {path}"


def test_a_post_that_can_be_repeated_says_so(whole: dict[str, Any]) -> None:
    key = {"$ref": "#/components/parameters/IdempotencyKey"}
    once = {one.path for one in endpoints() if "post" in one.plans and one.plans["post"].rule.once}
    once |= move_paths()
    for path, verb, one in operations(whole):
        takes = verb == "post" and path in once
        assert (key in one.get("parameters", [])) == takes, f"{verb} {path}"
        answers = [answer for status, answer in one["responses"].items() if status.startswith("2")]
        assert all(("Idempotent-Replayed" in answer.get("headers", {})) == takes for answer in answers)


def test_errors_name_their_codes(whole: dict[str, Any]) -> None:
    conflict = whole["components"]["responses"]["Conflict"]
    assert "`slot_taken` 这个时段刚刚被约走了" in conflict["description"]
    for name in ("TooMany", "Unavailable"):
        assert "Retry-After" in whole["components"]["responses"][name]["headers"]


async def test_the_document_is_served_as_committed(world: World) -> None:
    reply = await world.call("GET", "/openapi.json")
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("application/json")
    assert reply.body == COMMITTED.read_bytes()


async def test_the_page_shows_every_call_and_every_type(world: World, whole: dict[str, Any]) -> None:
    reply = await world.call("GET", "/docs")
    page = reply.body.decode()
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("text/html")
    for _, _, one in operations(whole):
        assert f'id="{one["operationId"]}"' in page
    for name in whole["components"]["schemas"]:
        assert f'id="{name}"' in page
    for target in set(re.findall(r'href="#([^"]+)"', page)):
        assert f'id="{target}"' in page, f"a link to #{target} leads nowhere"


async def test_the_page_needs_nothing_from_elsewhere(world: World) -> None:
    page = (await world.call("GET", "/docs")).body.decode()
    links = re.findall(r'(?:src|href)="([^"#][^"]*)"', page)
    assert links
    for link in links:
        assert link.startswith("/"), link
        assert (await world.call("GET", link)).status == 200, link
