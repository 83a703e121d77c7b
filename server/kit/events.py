"""What has happened is written in the transaction that made it happen, and told to the listeners afterwards.

One row is both the history of its subject and the outbox: it is due until every listener has heard it. Listeners hear
at least once, so what they do must bear repeating.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import structlog
from msgspec import Struct

from server.kit.db import Collection, Tx
from server.kit.jobs import DUE, Leased


class Event(Leased, kw_only=True):
    """`type` is `noun.what`; `seq` counts the events of a subject; `data` is plain JSON without personal data."""

    type: str
    subject: str
    seq: int
    at: datetime
    by: dict[str, Any]
    channel: str
    data: dict[str, Any]


EVENTS: Collection[Event] = Collection("events", Event, DUE)


def event_id(subject: str, seq: int) -> str:
    """Ids sort as the events of their subject follow each other: no second index is needed to read a history."""
    return f"{subject}.{seq:06d}"


def history_of(subject: str) -> dict[str, Any]:
    """The filter for all events of a subject; sort by `_id`."""
    return {"_id": {"$gt": f"{subject}.", "$lt": f"{subject}/"}}


Hear = Callable[[Tx, Event], Awaitable[None]]


class Listener(Struct, frozen=True):
    types: tuple[str, ...]
    hear: Hear

    @property
    def name(self) -> str:
        return f"{self.hear.__module__}.{self.hear.__qualname__}"


def on(*types: str) -> Callable[[Hear], Listener]:
    """Listen to these types, to all of a noun with `"noun.*"`, or to everything with `"*"`.

    The function runs in a transaction of its own.
    """

    def declared(hear: Hear) -> Listener:
        return Listener(types, hear)

    return declared


class Listeners:
    """Who hears what, looked up once."""

    def __init__(self, listeners: list[Listener]) -> None:
        self._listeners = listeners
        self._known: dict[str, list[Listener]] = {}

    def of(self, event_type: str) -> list[Listener]:
        if event_type not in self._known:
            wanted = {event_type, f"{event_type.partition('.')[0]}.*", "*"}
            self._known[event_type] = [one for one in self._listeners if wanted & set(one.types)]
        return self._known[event_type]


def emit(tx: Tx, event: Event) -> None:
    """Write the event; it is due at once. It carries the id of the request that caused it on into the jobs."""
    event.due_at = event.at
    event.request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    tx.add(EVENTS, event)
