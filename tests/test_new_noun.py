"""`scripts/new-noun` in a copy of the project: it adds files, edits none, and what it adds works."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", "var", "node_modules", "__pycache__", ".*_cache", ".hypothesis", "*.egg-info"
)
NOUNS = {"water_meters": "水表", "bays": "", "housing_certificates": "房产证"}
"""One as usual, one as short and one as long as names are: all must please the formatter."""

FLOORS = (
    "schemas/{}.py",
    "server/{}.py",
    "handlers/{}.py",
    "miniprogram/app/services/{}.js",
    "tests/test_{}.py",
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("copy") / "project"
    shutil.copytree(HOME, folder, ignore=NOT_COPIED)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def made(copy: Path) -> dict[str, str]:
    """What the files of the copy were before nouns were added to it."""
    before = digests(copy)
    for name, title in NOUNS.items():
        answer = new_noun(copy, name, *filter(None, [title]))
        assert answer.returncode == 0, answer.stderr
    return before


def added() -> set[str]:
    return {floor.format(name) for floor in FLOORS for name in NOUNS}


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def run(copy: Path, *command: str | Path) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, cwd=copy, env=env, capture_output=True, text=True, check=False, timeout=120
    )


def new_noun(copy: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return run(copy, sys.executable, copy / "scripts" / "new-noun", *arguments)


def test_it_adds_a_file_on_every_floor_and_edits_none(copy: Path, made: dict[str, str]) -> None:
    after = digests(copy)
    assert set(after) - set(made) == added()
    assert {name: after[name] for name in made} == made


def test_its_verbs_are_in_the_document_without_a_list_being_edited(copy: Path, made: dict[str, str]) -> None:
    answer = run(copy, sys.executable, "-m", "handlers.openapi")
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    assert set(document["paths"]["/v1/water-meters"]) == {"get", "post"}
    assert set(document["paths"]["/v1/water-meters/{water_meter_id}"]) == {"get"}
    assert {"name": "water_meters", "description": "水表 · What a resident can do with 水表."} in document[
        "tags"
    ]
    assert "`water_meter_not_found`" in document["components"]["responses"]["NotFound"]["description"]


@pytest.mark.parametrize("check", [("check",), ("format", "--check")], ids=" ".join)
def test_lint_and_format_are_content(copy: Path, made: dict[str, str], check: tuple[str, ...]) -> None:
    files = [one for one in sorted(added()) if one.endswith(".py")]
    answer = run(copy, BIN / "ruff", *check, *files)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("check", [("mypy",), ("lint-imports", "--no-logo")], ids=" ".join)
def test_types_and_rooms_are_content(copy: Path, made: dict[str, str], check: tuple[str, ...]) -> None:
    answer = run(copy, BIN / check[0], *check[1:])
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_its_own_tests_pass(copy: Path, made: dict[str, str]) -> None:
    tests = ("tests/test_water_meters.py", "tests/test_conventions.py")
    answer = run(copy, sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *tests)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "passed" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("water_meters",), "there already: schemas/water_meters.py"),
        (("bookings",), "there already: schemas/bookings.py"),
        (("messages",), "there already: server/push/stored.py"),
        (("staff_sessions",), "handlers/sessions.py"),
        (("Gardens",), "lower case"),
        (("my-gardens",), "lower case"),
        (("../gardens",), "lower case"),
        (("gardens/",), "lower case"),
        (("", "菜园"), "lower case"),
        (("garden",), "plural"),
        (("s",), "plural"),
        (("classes",), "plural"),
        (("indexes",), "narrower"),
        (("gardens", '菜"园'), "title"),
    ],
    ids=str,
)
def test_a_name_that_would_not_work_is_refused(
    copy: Path, made: dict[str, str], arguments: tuple[str, ...], says: str
) -> None:
    before = digests(copy)
    answer = new_noun(copy, *arguments)
    assert answer.returncode == 1
    assert says in answer.stderr
    assert digests(copy) == before


def test_without_a_name_it_says_how_it_is_called(copy: Path) -> None:
    for arguments in ((), ("--help",), ("a", "b", "c")):
        answer = new_noun(copy, *arguments)
        assert (answer.returncode, answer.stderr) == (2, "scripts/new-noun NAME [中文]\n")
