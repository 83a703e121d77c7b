"""A database for each test of the kit, with collections that no noun knows."""

from collections.abc import Iterator

import pytest
from tornado.ioloop import IOLoop

from server.kit.clock import SettableClock
from server.kit.db import Database
from tests.kit.things import NOON, open_database


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(NOON)


@pytest.fixture
def db(io_loop: IOLoop, mongo_url: str, clock: SettableClock) -> Iterator[Database]:
    """Empty, started, and dropped afterwards."""
    database = io_loop.run_sync(lambda: open_database(mongo_url, clock))
    yield database
    io_loop.run_sync(database.drop)
    io_loop.run_sync(database.close)
