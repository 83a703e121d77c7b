"""Rounds that are made again and again, such as clearing away what nobody needs: each a leased row, so that of all
workers one makes it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from msgspec import Struct

from server.kit.db import Collection, Database, Duplicate
from server.kit.jobs import DUE, Leased, Premises, QueueOf, Settled


class Round(Leased, kw_only=True):
    """When a sweep is due next; `id` is its name."""


SWEEPS: Collection[Round] = Collection("sweeps", Round, DUE)


class Sweep(Struct, frozen=True):
    """Declared by a noun and found by every worker. `every` says how long after a round the next one is due; `work`
    may be cut off and must bear repeating."""

    name: str
    work: Callable[[Any], Awaitable[None]]
    every: Callable[[Any], timedelta]
    """Given the Settings: how often is a rule of the place."""


async def set_up(db: Database, sweeps: list[Sweep]) -> None:
    """A sweep that was never made is due at once."""
    names = [one.name for one in sweeps]
    made = await db.reading(lambda reader: reader.all(SWEEPS, {"_id": {"$in": names}}, limit=len(names) or 1))
    for name in sorted(set(names) - {one.id for one in made}):
        await _first(db, name)


async def _first(db: Database, name: str) -> None:
    try:
        await db.alone(lambda tx: tx.insert(SWEEPS, Round(id=name, due_at=db.now())))
    except Duplicate:
        return


def queue_of(sweeps: list[Sweep]) -> QueueOf[Round]:
    known = {one.name: one for one in sweeps}

    async def sweep(premises: Premises, row: Round) -> Settled:
        one = known.get(row.id)
        if one is None:
            return {"due_at": None}
        await one.work(premises)
        return {"due_at": premises.db.now() + one.every(premises.settings), "attempts": 0, "error": ""}

    return QueueOf("sweeps", SWEEPS, sweep, parallel=1)
