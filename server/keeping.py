"""What is kept of a resident, said beside each collection: how it is found, exported, and wiped when they leave.

`server/accounts.py` finds these declarations; a noun that keeps something of a resident declares its own.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from server.kit.db import Collection, Reader, Tx
from server.kit.vault import Vault

MACHINERY = frozenset(
    {"due_at", "dead_at", "fence", "attempts", "owner", "error", "request_id", "deleted_at"}
)


class Whose(Struct, frozen=True):
    """The resident, and the numbers of all their cases."""

    id: str
    openid: str
    cases: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"resident:{self.id}"


class Keeping(Struct, frozen=True, kw_only=True):
    """`find` gives the filters for what is theirs, each small enough for one query; `hidden` is not exported, and
    `words` are fields of a document that the export says in other words, `opened` those that are sealed.

    `exported`: False for what the staff wrote for each other, which is wiped and never handed out.
    When they leave, `blank` is what is set on each document; without it the documents are deleted; `wipe` is for
    what needs more than that.
    """

    title: str
    collection: Collection[Any]
    find: Callable[[Whose], Iterable[Mapping[str, Any]]]
    words: Callable[[Reader, Any], Mapping[str, Any]] | None = None
    opened: Callable[[Any, Vault], Mapping[str, Any]] | None = None
    hidden: frozenset[str] = frozenset()
    exported: bool = True
    blank: Mapping[str, Any] | None = None
    wipe: Callable[[Tx, Whose], Awaitable[None]] | None = None

    async def forget(self, tx: Tx, whose: Whose) -> None:
        if self.wipe is not None:
            await self.wipe(tx, whose)
            return
        for where in self.find(whose):
            if self.blank is None:
                await tx.delete_all(self.collection, where)
            else:
                await tx.change_all(self.collection, where, {"$set": dict(self.blank)})


def by_resident(whose: Whose) -> list[Mapping[str, Any]]:
    return [{"resident_id": whose.id}]


_CASES_AT_ONCE = 50


def by_case(field: str = "case_no") -> Callable[[Whose], Iterable[Mapping[str, Any]]]:
    """Where a field names one of their cases."""

    def find(whose: Whose) -> Iterable[Mapping[str, Any]]:
        return ({field: {"$in": list(some)}} for some in _portions(whose.cases))

    return find


def under_case(whose: Whose) -> Iterable[Mapping[str, Any]]:
    """Where the id begins with the number of one of their cases, and goes on after a dot or a colon."""
    return (
        {
            "$or": [
                {"_id": {"$gt": f"{one}{mark}", "$lt": f"{one}{chr(ord(mark) + 1)}"}}
                for one in some
                for mark in ".:|"
            ]
        }
        for some in _portions(whose.cases)
    )


def _portions(cases: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (cases[start : start + _CASES_AT_ONCE] for start in range(0, len(cases), _CASES_AT_ONCE))
