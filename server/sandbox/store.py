"""Keeps people, credits and messages over a restart, in one file of JSON lines: one person a line.

Writing never holds up an answer: a change asks for a save; at most one a second copies the lists, encodes
them in a thread, and puts the finished file in the place of the old one by a single rename.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from .people import People, Person

EVERY_S = 1.0
_log = logging.getLogger(__name__)


class StateUnreadable(Exception):
    """The state file is not one of the sandbox's; it is left alone."""


class Store:
    """With no path it keeps nothing."""

    def __init__(self, path: str, people: People) -> None:
        self._path = Path(path) if path else None
        self._people = people
        self._lock = threading.Lock()
        self._changed = False
        self._scheduled = False
        self._timer: asyncio.TimerHandle | None = None
        self._pause_s = EVERY_S

    def load(self) -> None:
        if self._path is None or not self._path.exists():
            return
        try:
            for line in self._path.read_bytes().splitlines():
                self._people.put(msgspec.json.decode(line, type=Person))
        except (msgspec.MsgspecError, OSError) as error:
            raise StateUnreadable(f"{self._path}: {error}") from error

    def changed(self) -> None:
        """Ask for a save soon; cheap, called from the event loop after each change."""
        self._changed = True
        if self._path is not None and not self._scheduled:
            self._scheduled = True
            self._timer = asyncio.get_running_loop().call_later(self._pause_s, self._begin)

    def close(self) -> None:
        """Write what has changed before returning; waits for a save under way and starts no other."""
        if self._timer is not None:
            self._timer.cancel()
        if self._path is not None and self._changed:
            self._changed = False
            self._write(self._path, self._copies())

    def _begin(self) -> None:
        assert self._path is not None
        self._changed = False
        saving = asyncio.get_running_loop().run_in_executor(None, self._write, self._path, self._copies())
        saving.add_done_callback(self._done)

    def _done(self, saving: "asyncio.Future[float]") -> None:
        self._scheduled = False
        if saving.cancelled():
            return
        if error := saving.exception():
            _log.error("sandbox.save failed: %s", error)
            self._changed = True
            return
        self._pause_s = max(EVERY_S, 10 * saving.result())
        if self._changed:
            self.changed()

    def _copies(self) -> list[Person]:
        """People as they are now; only what later calls change in place is copied."""
        return [
            msgspec.structs.replace(
                person,
                messages=list(person.messages),
                credits=dict(person.credits),
                results=dict(person.results),
                received=dict(person.received),
                department=list(person.department),
                tags=list(person.tags),
            )
            for person in self._people.all()
            if not person.crowd
        ]

    def _write(self, path: Path, people: Iterable[Person]) -> float:
        """Returns the seconds it took, so that a large file is written less often."""
        began = time.monotonic()
        with self._lock:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(path.name + ".tmp")
            with draft.open("wb") as file:
                for person in people:
                    file.write(msgspec.json.encode(person) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        return time.monotonic() - began
