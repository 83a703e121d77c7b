"""What is archived is sealed: a hash over the case, its history and its papers, so that a later change shows.

Sealed by the worker when all papers are made. Whoever leaves has their case emptied: from then on only what the papers
were can be checked, and the seal says since when.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec

from server.cases import CASES, Case
from server.config import Settings
from server.documents.stored import CONTENTS, DOCUMENTS, facts_of
from server.keeping import MACHINERY, Keeping, Whose, by_case
from server.kit.db import MOMENT, Collection, Database, Index, Reader, Tx
from server.kit.db.collection import plain
from server.kit.events import EVENTS, Event, history_of, on
from server.kit.jobs import DUE, FOREVER, Leased, QueueOf, Settled

_MOST = 500
_CHECKED = 200
_KEPT_OUT = MACHINERY | {"turn", "clock_edition", "timer_at"}
"""What the machinery of lists and queues may still set on a case that is over."""


class Archive(Leased, kw_only=True):
    """`id` is the case number. `seal` is keyed, so that who changes the database cannot seal it anew; `papers` are the
    hashes of the papers, which stay checkable when the rest has been emptied."""

    case_no: str
    archived_at: datetime
    last_seq: int
    sealed_at: datetime | None = None
    content: str = ""
    papers: str = ""
    seal: str = ""
    emptied_at: datetime | None = None


ARCHIVES: Collection[Archive] = Collection(
    "archives", Archive, Index(("-sealed_at", "-_id"), only={"sealed_at": MOMENT}), DUE
)


class PapersUnfinished(Exception):
    """A paper of the case is still being made: the seal waits for it."""


class House(Protocol):
    """What sealing needs of the building."""

    @property
    def db(self) -> Database: ...
    @property
    def settings(self) -> Settings: ...


@on("approval.archive")
async def file_away(tx: Tx, event: Event) -> None:
    """The case is due to be sealed; heard twice, it is sealed once."""
    if await tx.get(ARCHIVES, event.subject) is None:
        row = Archive(
            id=event.subject,
            case_no=event.subject,
            archived_at=event.at,
            last_seq=event.seq,
            due_at=tx.now,
            request_id=event.request_id,
        )
        await tx.insert(ARCHIVES, row)


async def seal(house: House, archive: Archive) -> Settled:
    """Raises PapersUnfinished."""

    async def sealed(tx: Tx) -> None:
        if await tx.count(DOCUMENTS, {"case_no": archive.id, "basis": {"$ne": None}}, limit=1):
            raise PapersUnfinished
        content, papers = await _content(tx, archive), await _papers(tx, archive.id)
        told = {
            "due_at": None,
            "error": "",
            "sealed_at": tx.now,
            "content": content,
            "papers": papers,
            "seal": _keyed(house.settings, archive.id, content, papers),
        }
        await tx.change(ARCHIVES, {"_id": archive.id, "fence": archive.fence}, {"$set": told})

    await house.db.atomically(sealed)
    return None


async def check(reader: Reader, archive: Archive, rules: Settings) -> str:
    """What is not as it was when the case was sealed; empty when all is."""
    if not hmac.compare_digest(archive.seal, _keyed(rules, archive.id, archive.content, archive.papers)):
        return f"archive {archive.id}: the seal itself was changed"
    if archive.papers != await _papers(reader, archive.id):
        return f"archive {archive.id}: a paper was changed"
    if archive.emptied_at is None and archive.content != await _content(reader, archive):
        return f"archive {archive.id}: the case or its history was changed"
    return await _torn(reader, archive) if archive.emptied_at is None else ""


async def differences(reader: Reader, rules: Settings, most: int = _CHECKED) -> list[str]:
    """For `python -m server check`: the cases that were sealed last."""
    page = await reader.page(ARCHIVES, {"sealed_at": MOMENT}, sort="-sealed_at", cursor=None, limit=most)
    found = [await check(reader, one, rules) for one in page.items]
    return [one for one in found if one]


async def _torn(reader: Reader, archive: Archive) -> str:
    """Whether the papers themselves are still what their hashes say."""
    hashes = {one.id: one.sha256 for one in await _documents(reader, archive.id)}
    kept = {
        one.id: hashlib.sha256(one.pdf).hexdigest()
        for one in await reader.all(CONTENTS, {"case_no": archive.id}, limit=_MOST)
    }
    return "" if hashes == kept else f"archive {archive.id}: the content of a paper was changed"


async def _content(reader: Reader, archive: Archive) -> str:
    case = await reader.get(CASES, archive.id)
    upto = {**history_of(archive.id), "seq": {"$lte": archive.last_seq}}
    events = await reader.all(EVENTS, upto, limit=_MOST)
    told = [_bare(plain(one)) for one in events]
    return _digest({"case": _bare(plain(case)) if isinstance(case, Case) else None, "events": told})


async def _documents(reader: Reader, case_no: str) -> list[Any]:
    return await reader.all(DOCUMENTS, {"case_no": case_no}, limit=_MOST)


async def _papers(reader: Reader, case_no: str) -> str:
    return _digest([facts_of(one) for one in await _documents(reader, case_no)])


def _bare(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in _KEPT_OUT}


def _digest(told: Any) -> str:
    """Over one spelling of it: keys in order, times as text."""
    return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


def _keyed(rules: Settings, *told: str) -> str:
    key = hashlib.sha256(b"hoelun archive " + rules.field_key.encode()).digest()
    return hmac.new(key, "\n".join(told).encode(), hashlib.sha256).hexdigest()


async def _emptied(tx: Tx, whose: Whose) -> None:
    for where in by_case()(whose):
        await tx.change_all(ARCHIVES, where, {"$set": {"emptied_at": tx.now}})


SEALING = QueueOf("archives", ARCHIVES, seal, parallel=2, retry=FOREVER)
KEPT = Keeping(
    title="归档",
    collection=ARCHIVES,
    find=by_case(),
    hidden=frozenset({"seal", "last_seq"}),
    wipe=_emptied,
)
