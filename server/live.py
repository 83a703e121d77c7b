"""Who has a page open: they hear at once that a case has changed, if it is theirs to see, and nothing more of it.

One stream of changes feeds every open page of a process. Whose a case is stands in the change itself, or in memory, or
is read once for all pages together: an event never costs each page a trip to the database. A page that cannot keep up
is told less often, never late: what waits for it is a set of numbers, and beyond a bound only that something changed.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from schemas.cases import CaseView
from server.announcements import ANNOUNCEMENTS, COMMENTS, WRITES
from server.broadcasts import BROADCASTS
from server.cases import CASES
from server.cases.scope import covered
from server.dispatch import DISPATCHES
from server.kit.db import Change, Follower
from server.kit.errors import TooMany, Unavailable
from server.notes import NOTES
from server.return_calls import READERS, RETURN_CALLS
from server.rides.stored import RIDE_OFFERS
from server.sessions import SESSIONS, Actor
from server.staff_push import NOTICES
from server.talks import CONVERSATIONS

_REMEMBERED = 20_000
_WAITING = 50
_WHOSE = ("community_id", "compound_id", "provider_id", "worker_id", "version")


class PagesTooMany(TooMany):
    """您打开的页面太多了，这一页改为每隔十几秒更新一次"""


class WatchersTooMany(Unavailable):
    """现在同时在线的人太多，这一页改为每隔十几秒更新一次"""


class Whose(Struct, frozen=True):
    """As much of a case as says who may see it; `version` goes along to those who may."""

    community_id: str | None
    compound_id: str | None
    provider_id: str | None
    worker_id: str | None
    version: int


class News(Struct, frozen=True):
    """What a page is told: the cases that changed, by number and version, the announcements whose broadcasts have come
    further or on which there are other comments, and whether its lists or marks did.

    Nothing at all is told to show that the line still holds.
    """

    cases: Mapping[str, int]
    box: bool
    broadcasts: frozenset[str] = frozenset()


class Watcher:
    """One open page."""

    def __init__(self, actor: Actor) -> None:
        self.member = actor.id
        self.session_id = actor.session_id
        self._cases: dict[str, int] = {}
        self._unsure: list[tuple[str, Whose | None, Whose]] = []
        self._box = False
        self._broadcasts: set[str] = set()
        self._over = False
        self._wake = asyncio.Event()

    def tell(self, case_no: str, before: Whose | None, after: Whose, actor: Actor | None) -> None:
        """Who may see it now hears which one; who could until now hears that their lists changed. Where memory does
        not know who it is, that is seen to when it is told."""
        if actor is None:
            if len(self._unsure) >= _WAITING:
                self._unsure.clear()
                self._box = True
            self._unsure.append((case_no, before, after))
        elif covered(actor, after):
            if len(self._cases) >= _WAITING:
                self._cases.clear()
                self._box = True
            self._cases[case_no] = after.version
        elif before is not None and covered(actor, before):
            self._box = True
        else:
            return
        self._wake.set()

    def tell_box(self) -> None:
        self._box = True
        self._wake.set()

    def tell_broadcast(self, announcement_id: str) -> None:
        self._broadcasts.add(announcement_id)
        self._wake.set()

    def look(self) -> None:
        """It is asked who they are before anything else is told."""
        self._wake.set()

    def end(self) -> None:
        """The next thing it hears is that it is over."""
        self._over = True
        self._wake.set()

    async def wakes(self, within_s: float) -> bool:
        """When there is something to tell, or after so long in any case; False when it is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._wake.wait()
        return not self._over

    def taken(self, actor: Actor) -> News:
        """All there is to tell them now."""
        unsure, self._unsure = self._unsure, []
        for case_no, before, after in unsure:
            self.tell(case_no, before, after, actor)
        self._wake.clear()
        cases, box, self._cases, self._box = self._cases, self._box, {}, False
        broadcasts, self._broadcasts = frozenset(self._broadcasts), set()
        return News(cases, box, broadcasts)


class Live:
    """The open pages of one process. `known` says whose a session is, from memory alone; None: it cannot say."""

    def __init__(
        self, follower: Follower, known: Callable[[str], Actor | None], *, per_member: int, per_process: int
    ) -> None:
        self._follower = follower
        self._known = known
        self._per_member = per_member
        self._per_process = per_process
        self._watchers: dict[int, Watcher] = {}
        self._whose: OrderedDict[str, Whose] = OrderedDict()
        self._unknown: dict[str, None] = {}
        self._reading = False
        self.reads = 0
        follower.listen(CASES.name, self._case_changed, self._missed)
        follower.listen(CONVERSATIONS.name, self._said)
        follower.listen(NOTES.name, self._noted)
        follower.listen(NOTICES.name, self._noticed)
        follower.listen(DISPATCHES.name, self._said)
        follower.listen(RIDE_OFFERS.name, self._offered)
        follower.listen(ANNOUNCEMENTS.name, self._announced)
        follower.listen(BROADCASTS.name, self._came_further)
        follower.listen(COMMENTS.name, self._came_further)
        follower.listen(RETURN_CALLS.name, self._called)
        follower.listen(SESSIONS.name, self._session_changed)

    def __len__(self) -> int:
        return len(self._watchers)

    @contextlib.contextmanager
    def watch(self, actor: Actor) -> Iterator[Watcher]:
        """A page is open. Raises PagesTooMany, WatchersTooMany."""
        if len(self._watchers) >= self._per_process:
            raise WatchersTooMany
        if sum(one.member == actor.id for one in self._watchers.values()) >= self._per_member:
            raise PagesTooMany
        watcher = Watcher(actor)
        self._watchers[id(watcher)] = watcher
        try:
            yield watcher
        finally:
            del self._watchers[id(watcher)]

    def end_all(self) -> None:
        """The process is leaving: pages come back to another one."""
        for one in self._watchers.values():
            one.end()

    def shown(self, view: CaseView) -> None:
        """Remember whose a case was when it was shown, so that whoever loses it later hears of that."""
        place = view.place
        provider, worker = view.provider, view.worker
        whose = Whose(
            place.community_id,
            place.compound_id,
            provider.id if provider else None,
            worker.id if worker else None,
            view.version,
        )
        known = self._whose.get(view.case_no)
        if known is None or known.version < whose.version:
            self._remember(view.case_no, whose)

    # What the stream tells.

    def _case_changed(self, change: Change) -> None:
        before = self._whose.get(change.item_id)
        if not self._watchers:
            if before is not None and not _seen_by(before, change):
                del self._whose[change.item_id]
            return
        if change.document is not None:
            after = _whose(change.document)
        elif before is not None and change.operation == "update":
            after = _whose({name: getattr(before, name) for name in _WHOSE} | change.fields)
        else:
            self._look_up(change.item_id)
            return
        self._remember(change.item_id, after)
        self._tell(change.item_id, before, after)

    def _said(self, change: Change) -> None:
        self._touched(change.item_id)

    def _noted(self, change: Change) -> None:
        if change.document is not None:
            self._touched(change.document["case_no"])

    def _touched(self, case_no: str) -> None:
        """Something that lies beside the case changed, and the case itself did not."""
        if not self._watchers:
            return
        whose = self._whose.get(case_no)
        if whose is None:
            self._look_up(case_no)
        else:
            self._tell(case_no, whose, whose)

    def _noticed(self, change: Change) -> None:
        """Somebody's bell; whose it is stands in what was inserted, and an update is only ever their own reading."""
        userid = (change.document or {}).get("userid")
        for one in self._watchers.values():
            if one.member == userid:
                one.tell_box()

    def _offered(self, change: Change) -> None:
        """A driver is asked, or not any more; where the change does not say whom, the case says it soon."""
        driver_id = (change.document or {}).get("driver_id")
        for one in self._watchers.values():
            if one.member == driver_id:
                one.tell_box()

    def _announced(self, change: Change) -> None:
        """Who writes announcements may see another list; which one it was is not said."""
        for one in self._writers():
            one.tell_box()

    def _came_further(self, change: Change) -> None:
        """A broadcast, every second or two while it runs, or a comment: only a page that shows this announcement asks
        anew. The id of either begins with the announcement's."""
        for one in self._writers():
            one.tell_broadcast(change.item_id.rpartition(".")[0])

    def _writers(self) -> Iterator[Watcher]:
        for one in self._watchers.values():
            actor = self._known(one.session_id)
            if actor is None or not actor.roles.isdisjoint(WRITES):
                yield one

    def _called(self, change: Change) -> None:
        """Who may see the queue of calls; which of them it was is not said."""
        for one in self._watchers.values():
            actor = self._known(one.session_id)
            if actor is None or not actor.roles.isdisjoint(READERS):
                one.tell_box()

    def _session_changed(self, change: Change) -> None:
        """A login that has ended is asked for anew, and found to be over."""
        if change.operation == "delete":
            for one in self._watchers.values():
                if one.session_id == change.item_id:
                    one.look()

    def _missed(self) -> None:
        self._whose.clear()
        for one in self._watchers.values():
            one.tell_box()

    def _tell(self, case_no: str, before: Whose | None, after: Whose) -> None:
        for one in self._watchers.values():
            one.tell(case_no, before, after, self._known(one.session_id))

    def _remember(self, case_no: str, whose: Whose) -> None:
        self._whose[case_no] = whose
        self._whose.move_to_end(case_no)
        if len(self._whose) > _REMEMBERED:
            self._whose.popitem(last=False)

    def _look_up(self, case_no: str) -> None:
        """Read whose it is, together with all others that come meanwhile."""
        self._unknown[case_no] = None
        if not self._reading:
            self._reading = True
            self._follower.background(self._read_unknown(), "live-look-up")

    async def _read_unknown(self) -> None:
        try:
            while self._unknown:
                asked, self._unknown = list(self._unknown), {}
                self.reads += 1
                for document in await self._follower.documents(CASES.name, {"_id": {"$in": asked}}):
                    whose = _whose(document)
                    known = self._whose.get(document["_id"])
                    if known is None or known.version < whose.version:
                        self._remember(document["_id"], whose)
                    self._tell(document["_id"], None, self._whose[document["_id"]])
        finally:
            self._reading = False


def _seen_by(whose: Whose, change: Change) -> bool:
    """The stream may come after the page: what was shown already holds a change of that version or an older one."""
    version = (change.document or change.fields or {}).get("version")
    return version is not None and version <= whose.version


def _whose(document: Mapping[str, Any]) -> Whose:
    told: dict[str, Any] = {name: document.get(name) for name in _WHOSE}
    return Whose(**told)


__all__ = ["Live", "News", "PagesTooMany", "Watcher", "WatchersTooMany", "Whose"]
