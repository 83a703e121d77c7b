"""How many messages on a case somebody has not read yet, out of memory where memory knows.

What was counted for a reader is kept until somebody speaks on the case or that reader reads on; a page of cases that
memory does not know costs one query, and a second one where something is unread.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from server.kit.db import Change, Follower, Reader
from server.kit.events import event_id
from server.sessions import Actor
from server.talks import CONVERSATIONS, READ_MARKS, TALKS, mark_id, side_of

MOST = 100
_KEPT = 20_000


class Unread:
    """The counts of one process, by case and reader."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._counts: OrderedDict[str, dict[str, int]] = OrderedDict()
        self._loads: dict[object, set[str]] = {}
        follower.listen(CONVERSATIONS.name, self._changed, self._forget)
        follower.listen(READ_MARKS.name, self._changed)

    async def of(self, reader: Reader, case_nos: Sequence[str], actor: Actor) -> dict[str, int]:
        """Of these cases, those with something that the actor has not read; no count goes beyond MOST."""
        known = self._counts if self._follower.trusted else {}
        fresh = [one for one in case_nos if actor.key not in known.get(one, {})]
        counted = await self._load(reader, fresh, actor) if fresh else {}
        found = {
            one: counted.get(one, 0) if one in counted else known.get(one, {}).get(actor.key, 0)
            for one in case_nos
        }
        return {one: count for one, count in found.items() if count}

    async def _load(self, reader: Reader, case_nos: list[str], actor: Actor) -> dict[str, int]:
        """From the database; what changes meanwhile is told and not kept."""
        load: object = object()
        meanwhile = self._loads.setdefault(load, set())
        try:
            counted = dict.fromkeys(case_nos, 0) | await count(reader, case_nos, actor)
        finally:
            del self._loads[load]
        for case_no, number in counted.items():
            if case_no not in meanwhile:
                self._keep(case_no, actor.key, number)
        return counted

    def _keep(self, case_no: str, key: str, number: int) -> None:
        self._counts.setdefault(case_no, {})[key] = number
        self._counts.move_to_end(case_no)
        if len(self._counts) > _KEPT:
            self._counts.popitem(last=False)

    def changed(self, case_no: str) -> None:
        """This process knows at once what somebody has just read or said; the others hear of it within a second."""
        self._drop(case_no)

    def _changed(self, change: Change) -> None:
        self._drop(change.item_id.partition("|")[0])

    def _drop(self, case_no: str) -> None:
        for meanwhile in self._loads.values():
            meanwhile.add(case_no)
        self._counts.pop(case_no, None)

    def _forget(self) -> None:
        self._counts.clear()


async def count(reader: Reader, case_nos: Sequence[str], actor: Actor) -> dict[str, int]:
    """As the database has it: of these cases, those with something unread."""
    theirs = "resident" if side_of(actor) == "staff" else "staff"
    rows = await reader.groups(CONVERSATIONS, _last_and_seen(case_nos, actor, f"by_{theirs}"))
    seen = {one["_id"]: max((mark["number"] for mark in one["marks"]), default=0) for one in rows}
    spoken = {one["_id"]: seen[one["_id"]] for one in rows if one["last"] > seen[one["_id"]]}
    if not spoken:
        return {}
    return {
        one["_id"]: min(one["unread"], MOST)
        for one in await reader.groups(TALKS, _said_since(spoken, theirs))
    }


def _last_and_seen(case_nos: Sequence[str], actor: Actor, last: str) -> list[dict[str, Any]]:
    return [
        {"$match": {"_id": {"$in": list(case_nos)}}},
        {
            "$project": {
                "last": {"$ifNull": [f"${last}", 0]},
                "mark": {"$concat": ["$_id", mark_id("", actor)]},
            }
        },
        {
            "$lookup": {
                "from": READ_MARKS.name,
                "localField": "mark",
                "foreignField": "_id",
                "as": "marks",
            }
        },
    ]


def _said_since(seen: dict[str, int], side: str) -> list[dict[str, Any]]:
    since = [
        {"_id": {"$gt": event_id(case_no, number), "$lt": f"{case_no}/"}, "side": side}
        for case_no, number in seen.items()
    ]
    return [{"$match": {"$or": since}}, {"$group": {"_id": "$case_no", "unread": {"$sum": 1}}}]
