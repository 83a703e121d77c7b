"""What no reviewer should have to look for: walks all routes, errors, flows, files."""

import importlib
import inspect
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect as types

from handlers.base import Endpoint, Plan, endpoints
from handlers.openapi import document
from handlers.page import Page
from schemas.common import END
from server import nouns
from server.cases.kinds import Kind, kinds
from server.kit import discover
from server.kit.errors import HoelunError
from server.kit.flow import Flow

HOME = Path(__file__).parents[1]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
MACHINE = re.compile(r"(?<![\w.\-])/(?:work|tmp|root|home|mnt|Users)(?:/|\b)")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME)\b")

API = [one for one in endpoints() if not issubclass(one, Page)]
VERBS = [(one, plan) for one in endpoints() for plan in one.plans.values()]
NOUNS = sorted({one.__module__.split(".")[1] for one in API if one.path.startswith("/v1/")})


def label(value: Any) -> str:
    if isinstance(value, type) and issubclass(value, Endpoint):
        return value.path
    return value.name if isinstance(value, Plan | Kind) else str(value)


def errors() -> list[type[HoelunError]]:
    found = discover.subclasses("server", HoelunError, nouns.BUILDING - {"kit", "gateways"})
    return [*found, *discover.subclasses("handlers", HoelunError)]


def committed_files() -> Iterator[Path]:
    """What belongs to the project, whether or not it is committed yet."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=HOME, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not in a git work tree")
    for name in listed.stdout.decode().split("\0"):
        if name and (HOME / name).is_file() and not Path(__file__).samefile(HOME / name):
            yield HOME / name


# Verbs.


@pytest.mark.parametrize(("endpoint", "plan"), VERBS, ids=label)
def test_a_verb_says_who_may_call_it_and_what_it_does(endpoint: type[Endpoint], plan: Plan) -> None:
    assert plan.rule.who
    assert plan.document, f"{endpoint.__qualname__}.{plan.name} has no docstring"


@pytest.mark.parametrize("endpoint", [one for one in API if "post" in one.plans], ids=label)
def test_a_post_takes_the_idempotency_key_or_says_that_it_does_not(endpoint: type[Endpoint]) -> None:
    plan = endpoint.plans["post"]
    takes = "self.once(" in inspect.getsource(plan.verb)
    assert takes == plan.rule.once, f"{endpoint.path}: do the work in self.once(…), or allow(…, once=False)"


def test_no_two_routes_have_the_same_shape() -> None:
    shapes = [re.sub(r"\{\w+\}", "{}", one.path) for one in endpoints()]
    assert len(shapes) == len(set(shapes))


def views() -> Iterator[tuple[str, types.StructType]]:
    """Every Struct that leaves through the API, at any depth."""
    seen: set[type] = set()
    for endpoint in API:
        for plan in endpoint.plans.values():
            for struct in structs(types.type_info(plan.view), seen):
                yield f"{plan.name} {endpoint.path}", struct


def structs(kind: Any, seen: set[type]) -> Iterator[types.StructType]:
    if isinstance(kind, types.StructType):
        if kind.cls in seen:
            return
        seen.add(kind.cls)
        yield kind
    for inner in inner_types(kind):
        yield from structs(inner, seen)


def inner_types(kind: Any) -> list[Any]:
    match kind:
        case types.StructType():
            return [one.type for one in kind.fields]
        case types.UnionType():
            return list(kind.types)
        case types.DictType():
            return [kind.key_type, kind.value_type]
        case types.Metadata():
            return [kind.type]
    item = getattr(kind, "item_type", None)
    return [item] if item is not None else list(getattr(kind, "item_types", ()))


def test_only_declared_views_leave() -> None:
    for where, struct in views():
        assert struct.cls.__module__.startswith("schemas."), f"{where} lets {struct.cls.__qualname__} out"


def test_a_field_without_a_type_is_explained_in_its_views_docstring() -> None:
    for where, struct in [*views(), *((kind.name, shown(kind)) for kind in kinds().values())]:
        for field in struct.fields:
            untyped = isinstance(field.type, types.AnyType) or (
                isinstance(field.type, types.DictType) and isinstance(field.type.value_type, types.AnyType)
            )
            explained = f"`{field.name}`" in (struct.cls.__doc__ or "")
            assert explained or not untyped, f"{where}: {struct.cls.__name__}.{field.name}"


def shown(kind: Kind) -> types.StructType:
    view = types.type_info(inspect.get_annotations(kind.show, eval_str=True)["return"])
    assert isinstance(view, types.StructType), f"{kind.name}: `show` does not say which view it makes"
    return view


def test_lists_answer_items_and_next() -> None:
    for where, struct in views():
        names = {one.name for one in struct.fields}
        assert ("items" in names) == ("next" in names), f"{where}: {struct.cls.__name__}"


def test_a_pattern_lets_no_last_newline_pass() -> None:
    queries = [plan.query for one in API for plan in one.plans.values() if plan.query]
    bodies = [plan.body for one in API for plan in one.plans.values() if plan.body]
    forms = [action.form for kind in kinds().values() for action in kind.flow.actions.values()]
    _, components = msgspec.json.schema_components([*queries, *bodies, *forms])
    for pattern in patterns(components):
        assert pattern.endswith(END), f"{pattern}: end it with schemas.common.END"


def patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for one in schema.values():
            yield from patterns(one)
    elif isinstance(schema, list | tuple):
        for one in schema:
            yield from patterns(one)


# Errors.


@pytest.mark.parametrize("error", errors(), ids=lambda one: one.code)
def test_an_error_is_a_sentence_in_chinese(error: type[HoelunError]) -> None:
    text = error.__dict__.get("__doc__") or ""
    assert CHINESE.search(text), f"{error.__qualname__} needs a docstring that its reader understands"
    assert "\n" not in text.strip()


def test_every_error_has_a_code_of_its_own() -> None:
    codes: dict[str, type[HoelunError]] = {}
    for error in errors():
        known = codes.setdefault(error.code, error)
        assert known is error, f"{error.__module__} and {known.__module__} both have {error.code}"


# Flows.


@pytest.mark.parametrize("kind", kinds().values(), ids=label)
def test_states_and_actions_have_words(kind: Kind) -> None:
    assert CHINESE.search(kind.text)
    for one in (*kind.flow.states.values(), *kind.flow.actions.values()):
        assert CHINESE.search(one.text), one.name


@pytest.mark.parametrize("kind", kinds().values(), ids=label)
def test_every_state_can_be_reached_and_left(kind: Kind) -> None:
    flow = kind.flow
    reached, found = {Flow.OPENING}, {Flow.OPENING}
    while found:
        found = {one for row in flow.rows if row.source in found for one in row.targets} - reached
        reached |= found
    assert reached - {Flow.OPENING} == set(flow.states)
    for state in flow.states.values():
        ways_out = {row.target for row in flow.rows if row.source == state.name} - {state.name}
        assert bool(ways_out) != state.final, state.name


@pytest.mark.parametrize("kind", kinds().values(), ids=label)
def test_every_action_and_every_timer_has_a_row(kind: Kind) -> None:
    used = {row.action for row in kind.flow.rows}
    assert used == set(kind.flow.actions)
    for state in kind.flow.states.values():
        if state.timer is not None:
            assert kind.flow.row(state.name, state.timer, frozenset({"system"}))


def test_kinds_have_names_and_prefixes_of_their_own() -> None:
    found = nouns.found(Kind)
    assert len({one.name for one in found}) == len({one.prefix for one in found}) == len(found)


# Files.


@pytest.mark.parametrize("noun", NOUNS)
def test_a_noun_has_the_same_name_on_every_floor(noun: str) -> None:
    for floor in ("schemas", "server", "handlers"):
        importlib.import_module(f"{floor}.{noun}")


@pytest.mark.parametrize("noun", sorted({one.__module__.split(".")[1] for one in API if one.documented}))
def test_a_noun_has_a_name_in_chinese(noun: str) -> None:
    module = importlib.import_module(f"handlers.{noun}")
    assert CHINESE.search(getattr(module, "TITLE", "")), f'handlers/{noun}.py: TITLE = "…"'
    assert noun in {one["name"] for one in document.document()["tags"]}


def test_every_script_can_be_run_and_is_explained() -> None:
    told = "\n".join(path.read_text("utf-8") for path in (HOME / "README.md", *(HOME / "docs").rglob("*.md")))
    for script in (HOME / "scripts").iterdir():
        if script.is_file():
            assert os.access(script, os.X_OK), script.name
            assert f"scripts/{script.name}" in told, f"README.md or docs/: a line on scripts/{script.name}"


def test_files_know_nothing_of_the_machine_they_were_written_on() -> None:
    for path in committed_files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            where = f"{path.relative_to(HOME)}:{number}: {line.strip()[:100]}"
            assert not UNFINISHED.search(line), where
            assert not MACHINE.search(line) or path.name.endswith("package-lock.json"), where
