"""One event loop and one MongoDB for the whole run; an empty street with its platforms for each test file."""

import asyncio
import inspect
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from tornado.ioloop import IOLoop

from server.kit import log, mongod
from tests import ram
from tests.world import Town, World, emptied, open_town

DATABASE = "street"

SLOWEST_S = 180
LONG_ONES = (
    "tests/test_schemathesis.py",
    "tests/test_flow_walk.py",
    "tests/test_approval_flow.py",
    "tests/test_miniprogram.py",
    "tests/test_endpoints.py",
    "tests/faults/test_faults.py",
    "tests/machine/test_machine.py",
    "tests/machine/test_money.py",
    "tests/test_complaints.py",
    "tests/test_attachments.py",
    "tests/test_demo_month.py",
    "tests/test_demo.py",
    "tests/test_bundles.py",
    "tests/mutants/test_mutants.py",
    "tests/test_scopes.py",
    "tests/test_cards.py",
    "tests/kit/test_db.py",
)
"""Files that take long begin first, so that no core is left with one of them at the end; what needs every core runs
beside what does not mind."""


def pytest_configure(config: pytest.Config) -> None:
    config.add_cleanup(ram.keep_what_is_temporary())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every coroutine test runs on the loop of `io_loop`, unless its folder brings its own runner."""
    order = {name: place for place, name in enumerate(LONG_ONES)}
    items.sort(key=lambda item: order.get(item.nodeid.partition("::")[0], len(order)))
    for item in items:
        coroutine = isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj)
        if coroutine and "io_loop" in item.fixturenames:
            item.add_marker(pytest.mark.gen_test(timeout=SLOWEST_S))


@pytest.fixture(scope="session")
def io_loop() -> Iterator[IOLoop]:
    """Takes the place of pytest-tornado's own, which makes a loop for each test in a way that is no longer supported."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    io_loop = IOLoop.current()
    yield io_loop
    io_loop.run_sync(loop.shutdown_default_executor)
    io_loop.close()


@pytest.fixture(autouse=True)
def current_loop(request: pytest.FixtureRequest) -> None:
    """`asyncio.run` in one test leaves no current loop behind for the next."""
    if "io_loop" in request.fixturenames:
        asyncio.set_event_loop(request.getfixturevalue("io_loop").asyncio_loop)


@pytest.fixture(scope="session", autouse=True)
def logs() -> None:
    log.configure("warning", "console")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """For what the processes of a test file keep; gone with the last of its tests."""
    path = tmp_path_factory.mktemp("folder")
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="hoelun-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def mongo_url(io_loop: IOLoop, data_dir: Path) -> Iterator[str]:
    """A real mongod of this run's own."""
    instance = io_loop.run_sync(lambda: mongod.start(data_dir / "mongo"))
    io_loop.run_sync(lambda: _let_nothing_expire(instance.url))
    yield instance.url
    io_loop.run_sync(instance.stop)


async def _let_nothing_expire(url: str) -> None:
    """Tests set their own clock; the database has the machine's, and would take away what lies before its today."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url)
    async with client:
        await client.admin.command("setParameter", 1, ttlMonitorEnabled=False)


@pytest.fixture(scope="module")
def town(io_loop: IOLoop, mongo_url: str) -> Iterator[Town]:
    """Web, worker and platforms of this file's own, with an empty database."""
    io_loop.run_sync(lambda: emptied(mongo_url, DATABASE))
    manager = open_town(mongo_url, DATABASE)
    town = io_loop.run_sync(manager.__aenter__)
    yield town
    io_loop.run_sync(lambda: manager.__aexit__(None, None, None))


@pytest.fixture
def world(io_loop: IOLoop, town: Town) -> Iterator[World]:
    """The street as a test meets it: tomorrow at nine, nothing broken, nobody signed in."""
    world = World(town)
    io_loop.run_sync(world.settle)
    yield world
    io_loop.run_sync(world.close)
