"""The work of a case, whatever its kind: when it is, what for, and which quarters of a worker's day it takes."""

import functools
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any

from msgspec import Struct

from server import nouns
from server.cases.kinds import Case, kind_of
from server.kit.db import Reader


class Job(Struct, frozen=True, kw_only=True):
    """`cells` are the quarters of the local `day`, buffers included; `held_up`: nobody is to be asked now."""

    service_id: str
    category: str
    start: datetime
    end: datetime
    day: date
    cells: list[str]
    price_fen: int
    price_text: str
    held_up: bool = False


class Work(Struct, frozen=True, kw_only=True):
    """Declared by a noun whose cases are work for workers. It waits in the state `waits_in` and is not done at all in
    those of `called_off`; a worker takes it by the action `take`, the system gives it to who came before by `usual`, and
    `nobody` is what it notes when there is nobody left to ask. `job` reads the details."""

    kind: str
    waits_in: str
    called_off: frozenset[str]
    take: str
    usual: str
    nobody: str
    job: Callable[[Any], Job]


class Usual(Struct, frozen=True):
    """Declared by a noun that knows who came before: the worker whom a case asks for, None where it asks for nobody."""

    who: Callable[[Reader, Case], Awaitable[str | None]]


@functools.cache
def works() -> dict[str, Work]:
    """What the nouns declare, by kind of case."""
    return {one.kind: one for one in nouns.found(Work)}


@functools.cache
def _usuals() -> tuple[Usual, ...]:
    return tuple(nouns.found(Usual))


async def usual(reader: Reader, case: Case) -> str | None:
    """The worker who came before and is to come again, whether or not they can."""
    for one in _usuals():
        found = await one.who(reader, case)
        if found is not None:
            return found
    return None


def work_of(case: Case) -> Work | None:
    return works().get(case.kind)


def job_of(case: Case) -> Job:
    """For a case of a kind that is work."""
    return works()[case.kind].job(kind_of(case).details_of(case))


def waits(case: Case) -> bool:
    """Whether somebody is looked for."""
    work = work_of(case)
    return work is not None and case.state == work.waits_in and case.worker_id is None
