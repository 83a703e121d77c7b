"""Lists of cases as bytes: a case that has not moved since somebody last looked is neither fetched nor drawn again.

A page first asks the index which cases it holds and at which version; what was drawn for this reader at that version
is joined as it is, the rest is fetched and drawn. A drawing is good until its words depend on the time: until the
next minute of a running clock, until a timer strikes, until a name in memory changes.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from msgspec import Struct

from schemas.cases import FindCases
from server.cases.kinds import CASES, ENDED, Case
from server.cases.views import order, view, wanted_cases
from server.kit.db import Follower, Reader, Stored
from server.sessions import Actor

_KEPT = 20_000
_MINUTE = timedelta(minutes=1)


class Glimpse(Stored, kw_only=True):
    """As much of a case as says whether a drawing is still true."""

    version: int
    created_at: datetime
    turn: datetime = ENDED


class Drawing(Struct, frozen=True):
    version: int
    edition: int
    good_until: datetime | None
    body: bytes


class Unread(Protocol):
    """Who knows how many messages on these cases somebody has not read; server/unread.py does."""

    async def of(self, reader: Reader, case_nos: Sequence[str], actor: Actor) -> Mapping[str, int]: ...


class CasePages:
    """The lists of one process."""

    def __init__(self, follower: Follower, unread: Unread) -> None:
        self._follower = follower
        self._unread = unread
        self._drawings: OrderedDict[tuple[str, str], Drawing] = OrderedDict()

    async def page(self, reader: Reader, wanted: FindCases, actor: Actor) -> bytes:
        """The encoded CasesView. Raises CaseNoMistyped, BadCursor."""
        where, sort = wanted_cases(wanted, actor, reader.now), order(wanted, actor)
        page = await reader.glimpses(
            CASES, Glimpse, where, sort=sort, cursor=wanted.cursor, limit=wanted.limit
        )
        drawn = await self._drawn_all(reader, page.items, actor)
        unread = await self._unread.of(reader, list(drawn), actor)
        following = msgspec.json.encode(page.next)
        bodies = [_marked(drawn[one.id], unread.get(one.id, 0)) for one in page.items if one.id in drawn]
        return b'{"items":[' + b",".join(bodies) + b'],"next":' + following + b"}"

    async def _drawn_all(self, reader: Reader, glimpses: list[Glimpse], actor: Actor) -> dict[str, bytes]:
        edition = self._follower.edition
        known = {one.id: self._drawn(one, actor, edition, reader.now) for one in glimpses}
        drawn = {item_id: drawing.body for item_id, drawing in known.items() if drawing is not None}
        fresh = [item_id for item_id, drawing in known.items() if drawing is None]
        if fresh:
            for case in await reader.all(CASES, {"_id": {"$in": fresh}}, limit=len(fresh)):
                drawn[case.id] = self._draw(reader, case, actor, edition)
        return drawn

    def _drawn(self, glimpse: Glimpse, actor: Actor, edition: int, now: datetime) -> Drawing | None:
        drawing = self._drawings.get((glimpse.id, actor.key))
        if drawing is None or drawing.version != glimpse.version or drawing.edition != edition:
            return None
        return drawing if drawing.good_until is None or now < drawing.good_until else None

    def _draw(self, reader: Reader, case: Case, actor: Actor, edition: int) -> bytes:
        body = msgspec.json.encode(view(reader, case, actor))
        key = (case.id, actor.key)
        self._drawings[key] = Drawing(case.version, edition, _good_until(case, reader.now), body)
        self._drawings.move_to_end(key)
        if len(self._drawings) > _KEPT:
            self._drawings.popitem(last=False)
        return body


def _marked(body: bytes, unread: int) -> bytes:
    """A drawing says that nothing is unread, in its last field."""
    return body.removesuffix(b"0}") + b"%d}" % unread if unread else body


def _good_until(case: Case, now: datetime) -> datetime | None:
    moments = [case.timer_at] if case.timer_at is not None and case.timer_at > now else []
    if case.open and case.promised_at is not None:
        moments.append(now + (case.promised_at - now) % _MINUTE + timedelta(milliseconds=1))
    if any(one.stopped_at is None for one in case.clocks.values()):
        moments.append(now + _MINUTE)
    return min(moments, default=None)
