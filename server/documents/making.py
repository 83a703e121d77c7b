"""The papers that are due are numbered and drawn, one after another, by whichever worker takes them.

A worker may be killed anywhere: a number is taken together with the row that has it, and what was drawn counts only
with the one write that also holds its hash. Whoever comes second finds that its lease is over and changes nothing.
"""

import hashlib
from typing import Protocol

from msgspec.structs import replace

from server.cases import COUNTERS
from server.config import Settings
from server.documents import codes, drawing, wording
from server.documents.stored import (
    CONTENTS,
    DOCUMENTS,
    Content,
    Document,
    reached,
    verify_address,
    word_of,
)
from server.kit.db import Database, Tx
from server.kit.events import Event, emit, event_id
from server.kit.jobs import QueueOf, RetryPolicy, Settled
from server.sessions import SYSTEM

MADE = "document.made"


class AddressMissing(Exception):
    """A QR code stays for good, so no paper is made before it is known where it leads."""


class LeaseLost(Exception):
    """Another worker has it by now, or its holder has left: the number that was about to be taken is not."""


class House(Protocol):
    """What making papers needs of the building."""

    @property
    def db(self) -> Database: ...
    @property
    def settings(self) -> Settings: ...


async def make(house: House, document: Document) -> Settled:
    """Raises FontMissing, AddressMissing, LeaseLost, and what the typesetter raises: it is tried again."""
    basis, rules = document.basis, house.settings
    if basis is None or document.made:
        return {"due_at": None}
    if not reached(rules):
        raise AddressMissing("public_url is not set")
    if not document.serial:
        unnumbered, lane = document, f"documents-{document.kind}"
        document = await house.db.atomically(lambda tx: _numbered(tx, unnumbered), lanes=(lane,))
    number = wording.number(rules, word_of(document), document)
    code = codes.make(rules)
    document = replace(document, number=number, code=code)
    sheet = replace(wording.sheet(document, basis, rules), code=code, verify=verify_address(rules, code))
    pdf = await drawing.pdf(sheet)
    document = replace(document, size=len(pdf), sha256=hashlib.sha256(pdf).hexdigest())
    stamp = codes.stamp(rules, document)
    await house.db.atomically(lambda tx: _finish(tx, document, stamp, pdf))
    return None


async def _numbered(tx: Tx, document: Document) -> Document:
    """Counter and row in one transaction: no number without a paper, no paper with two. Raises LeaseLost."""
    counter = await tx.take(
        COUNTERS, {"_id": f"documents-{document.kind}-{document.year}"}, {"$inc": {"value": 1}}, upsert=True
    )
    assert counter is not None
    mine = {"_id": document.id, "fence": document.fence, "serial": 0, "basis": {"$ne": None}}
    if not await tx.change(DOCUMENTS, mine, {"$set": {"serial": counter.value}}):
        raise LeaseLost
    return replace(document, serial=counter.value)


async def _finish(tx: Tx, document: Document, stamp: str, pdf: bytes) -> None:
    """The paper is there with its hash, or it is not."""
    made = {
        "due_at": None,
        "basis": None,
        "stage": "made",
        "error": "",
        "number": document.number,
        "code": document.code,
        "size": document.size,
        "sha256": document.sha256,
        "stamp": stamp,
        "made_at": tx.now,
    }
    mine = {"_id": document.id, "fence": document.fence, "made_at": None, "basis": {"$ne": None}}
    if not await tx.change(DOCUMENTS, mine, {"$set": made}):
        return
    tx.add(CONTENTS, Content(id=document.id, case_no=document.case_no, pdf=pdf))
    told = {"case_no": document.case_no, "kind": document.kind}
    by = {"kind": SYSTEM.kind, "id": SYSTEM.id, "name": "", "role": "system"}
    emit(
        tx,
        Event(
            id=event_id(document.id, 1),
            type=MADE,
            subject=document.id,
            seq=1,
            at=tx.now,
            by=by,
            channel="system",
            data=told,
        ),
    )


MAKING = QueueOf("documents", DOCUMENTS, make, parallel=2, retry=RetryPolicy(), dead={"stage": "dead"})
