"""What the kit is tested with: a collection of things, one kept whole in memory, one that is worked off."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Literal

from msgspec import Meta

from server.kit.clock import Clock
from server.kit.db import Collection, Database, Index, Stored, connect
from server.kit.jobs import DUE, Leased

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
_numbers = itertools.count(1)


class Thing(Stored, kw_only=True):
    name: str = "thing"
    count: Annotated[int, Meta(ge=0)] = 0
    at: datetime = NOON
    tone: Literal["new", "old"] = "new"


class Kept(Stored, kw_only=True):
    name: str
    count: int = 0


class Job(Leased, kw_only=True):
    said: str = ""


THINGS = Collection("things", Thing, Index(("name", "_id")), Index(("-at", "-_id")))
UNIQUE = Collection("uniques", Thing, Index(("name",), unique=True))
KEPT = Collection("kept", Kept, whole=True)
JOBS = Collection("jobs", Job, DUE)
ALL = [THINGS, UNIQUE, KEPT, JOBS]


@asynccontextmanager
async def connected(url: str, name: str, clock: Clock, deadline_s: float) -> AsyncIterator[Database]:
    """One more connection to a database, which nobody starts or drops."""
    database = connect(url, name, clock, threads=2, deadline_s=deadline_s)
    try:
        yield database
    finally:
        await database.close()


async def open_database(url: str, clock: Clock, name: str = "", deadline_s: float = 5.0) -> Database:
    """A database of its own unless `name` says which; started, its changes followed."""
    database = connect(url, name or f"kit{next(_numbers)}", clock, threads=8, deadline_s=deadline_s)
    await database.start(ALL)
    return database
