"""Who follows a car: of each position as it comes, those who wait for that driver are woken, and nobody else.

One stream of changes feeds all lines of a process, so a position costs the database nothing here. What waits for a line
is never more than one thing: that there is something newer than what it was told. What it is told is made once for all
who follow the same ride.
"""

import asyncio
import contextlib
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from schemas.positions import RidePositionView
from server.cases import CASES
from server.config import Settings
from server.kit.db import Change, Database
from server.kit.errors import TooMany, Unavailable
from server.positions.stored import Position
from server.positions.trips import Trip
from server.positions.views import view
from server.positions.whereabouts import Whereabouts
from server.proxies import PROXIES
from server.sessions import SESSIONS, Actor

_MADE = 5_000


class FollowersTooMany(TooMany):
    """您打开的跟车页面太多了，这一页改为每隔几秒更新一次"""


class LinesTooMany(Unavailable):
    """现在跟车的人太多，这一页改为每隔几秒更新一次"""


class Onlooker:
    """One open line. `leaving`: the process is."""

    def __init__(self, actor: Actor, case_no: str) -> None:
        self.member = actor.key
        self.session_id = actor.session_id
        self.case_no = case_no
        self.driver_id = ""
        self.leaving = False
        self._over = False
        self._unsure = False
        self._wake = asyncio.Event()

    def tell(self) -> None:
        """The car has moved."""
        self._wake.set()

    def look(self) -> None:
        """Who they are and what may be seen is asked again before anything else is told."""
        self._unsure = True
        self._wake.set()

    def leave(self) -> None:
        self.leaving = True
        self._wake.set()

    def end(self) -> None:
        """Nobody is at the other end any more."""
        self._over = True
        self._wake.set()

    async def wakes(self, within_s: float) -> bool:
        """When there is something to tell, or after so long in any case, which makes it look again; False when it is
        over."""
        try:
            async with asyncio.timeout(within_s):
                await self._wake.wait()
        except TimeoutError:
            self._unsure = True
        self._wake.clear()
        return not self._over

    def has_to_look(self) -> bool:
        unsure, self._unsure = self._unsure, False
        return unsure


class _Made(Struct, frozen=True):
    """What was told of a ride last, encoded, and what it was made of."""

    version: int
    row: Position | None
    late: bool
    body: bytes


class Onlookers:
    """The open lines of one process."""

    def __init__(self, db: Database, whereabouts: Whereabouts, rules: Settings) -> None:
        self._db = db
        self._whereabouts = whereabouts
        self._rules = rules
        self._all: set[Onlooker] = set()
        self._of_ride: dict[str, set[Onlooker]] = {}
        self._of_driver: dict[str, set[Onlooker]] = {}
        self._of_member: dict[str, int] = {}
        self._made: dict[str, _Made] = {}
        whereabouts.when_reported(self._moved)
        db.follower.listen(CASES.name, self._case_changed, self._missed)
        db.follower.listen(SESSIONS.name, self._session_changed)
        db.follower.listen(PROXIES.name, self._proxies_changed)

    def __len__(self) -> int:
        return len(self._all)

    @contextlib.contextmanager
    def watch(self, actor: Actor, trip: Trip) -> Iterator[Onlooker]:
        """A line is open. Raises FollowersTooMany, LinesTooMany."""
        own = self._rules.positions
        if len(self._all) >= own.per_process:
            raise LinesTooMany(retry_after=own.poll_s)
        if self._of_member.get(actor.key, 0) >= own.per_member:
            raise FollowersTooMany(retry_after=own.poll_s)
        one = Onlooker(actor, trip.case.id)
        self._all.add(one)
        self._of_member[one.member] = self._of_member.get(one.member, 0) + 1
        self._of_ride.setdefault(one.case_no, set()).add(one)
        self.follow(one, trip)
        try:
            yield one
        finally:
            self._forget(one)

    def follow(self, one: Onlooker, trip: Trip) -> None:
        """Whose car it is now: another one's, after the first has given up."""
        if one.driver_id != trip.driver.id:
            _taken_out(self._of_driver, one.driver_id, one)
            one.driver_id = trip.driver.id
            self._of_driver.setdefault(one.driver_id, set()).add(one)

    async def told(self, trip: Trip) -> bytes:
        """What everybody who follows the ride is told now, as JSON."""
        row = await self._whereabouts.last(trip.driver.id)
        known = self._made.get(trip.case.id)
        now = self._db.now()
        late = row is not None and now > row.fresh_until
        if known is None or known.row != row or known.version != trip.case.version or late or known.late:
            body = msgspec.json.encode(self.seen(trip, row))
            known = _Made(trip.case.version, row, late, body)
            if trip.case.id in self._of_ride and len(self._made) < _MADE:
                self._made[trip.case.id] = known
        return known.body

    def seen(self, trip: Trip, row: Position | None) -> RidePositionView:
        return view(trip, row, self._db.now(), self._rules)

    async def position(self, trip: Trip) -> RidePositionView:
        """The same for who asks from time to time."""
        return self.seen(trip, await self._whereabouts.last(trip.driver.id))

    def end_all(self) -> None:
        """The process is leaving: they come back to another one."""
        for one in self._all:
            one.leave()

    def _forget(self, one: Onlooker) -> None:
        self._all.discard(one)
        left = self._of_member.get(one.member, 1) - 1
        if left:
            self._of_member[one.member] = left
        else:
            self._of_member.pop(one.member, None)
        _taken_out(self._of_driver, one.driver_id, one)
        _taken_out(self._of_ride, one.case_no, one)
        if one.case_no not in self._of_ride:
            self._made.pop(one.case_no, None)

    # What is heard.

    def _moved(self, row: Position) -> None:
        for one in self._of_driver.get(row.id, ()):
            one.tell()

    def _case_changed(self, change: Change) -> None:
        for one in self._of_ride.get(change.item_id, ()):
            one.look()

    def _session_changed(self, change: Change) -> None:
        """A login that has ended is asked for anew, and found to be over."""
        if change.operation == "delete":
            for one in self._all:
                if one.session_id == change.item_id:
                    one.look()

    def _proxies_changed(self, change: Change) -> None:
        self._missed()

    def _missed(self) -> None:
        for one in self._all:
            one.look()


def _taken_out(sets: dict[str, set[Onlooker]], key: str, one: Onlooker) -> None:
    known = sets.get(key)
    if known is not None:
        known.discard(one)
        if not known:
            del sets[key]
