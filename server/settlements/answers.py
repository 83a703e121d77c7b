"""The post office's files: known by their content, checked as a whole, compared row by row; twice sent is once.

What is found lies beside the batch until somebody confirms it; until then a corrected file takes its place.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence

from schemas.settlements import FindAnswers, FindMatches
from server import audit
from server.kit.db import Database, Duplicate, Page, Reader, Tx
from server.kit.errors import NotFound
from server.kit.jobs import Premises, QueueOf, Settled
from server.sessions import Actor
from server.settlements import layout, matching, notices
from server.settlements.batches import claim_id, clearing, rows_of
from server.settlements.layout import BadFile, Parsed
from server.settlements.matching import Pair
from server.settlements.stored import ANSWERS, BATCHES, CONTENTS, MATCHES, Answer, Batch, Content, Match

_AT_ONCE = 500


class AnswerNotFound(NotFound):
    """没有这份邮政回执文件"""


async def receive(tx: Tx, digest: str, content: bytes, actor: Actor) -> tuple[Answer, bool]:
    """A file that has arrived, and whether the same had been sent before; one that was handed back is looked at again."""
    known = await tx.get(ANSWERS, digest)
    if known is not None:
        if known.state == "refused":
            known.state, known.reason, known.due_at, known.attempts = "checking", "", tx.now, 0
            await tx.put(ANSWERS, known)
        return known, True
    made = Answer(id=digest, size=len(content), by=actor.id, at=tx.now, due_at=tx.now)
    try:
        await tx.insert(ANSWERS, made)
    except Duplicate:
        return made, True
    await tx.insert(CONTENTS, Content(id=digest, content=content))
    audit.note(tx, actor, "console", "settlement.answer", digest)
    return made, False


async def check(premises: Premises, answer: Answer) -> Settled:
    """Read it, compare it, and lay what was found beside the batch; what cannot be taken is handed back whole."""
    db = premises.db
    kept = await db.reading(lambda reader: reader.get(CONTENTS, answer.id))
    try:
        parsed = await asyncio.to_thread(layout.parsed, kept.content if kept else b"")
        pairs = await _compared(db, parsed)
    except BadFile as bad:
        return {"due_at": None, "state": "refused", "reason": str(bad)}
    for start in range(0, len(pairs), _AT_ONCE):
        some = [
            _match(answer.id, parsed.batch_id, number, one)
            for number, one in enumerate(pairs[start : start + _AT_ONCE], start + 1)
        ]
        await db.alone(lambda tx, some=some: tx.put_all(MATCHES, some))  # type: ignore[misc]
    if not await db.atomically(lambda tx: _laid(tx, answer, parsed, pairs)):
        return {"due_at": None, "state": "refused", "reason": _TOO_LATE}
    return None


_TOO_LATE = "这一批已经确认过了，请联系对方改在下一批里更正"


async def _compared(db: Database, parsed: Parsed) -> list[Pair]:
    """Raises BadFile."""

    async def seen(reader: Reader) -> Sequence[Pair]:
        batch = await reader.get(BATCHES, parsed.batch_id)
        if batch is None:
            raise BadFile(f"没有 {parsed.batch_id[:40]} 这个批次")
        if batch.state != "sent":
            early = batch.state in ("open", "frozen")
            raise BadFile("这一批还没有标为已送出" if early else _TOO_LATE)
        claims = [one for one in await rows_of(reader, batch) if not one.fault]
        return await asyncio.to_thread(matching.matched, claims, parsed.rows)

    return list(await db.reading(seen))


def _match(file_id: str, batch_id: str, number: int, pair: Pair) -> Match:
    """Put in the same place by whoever begins again after a fall."""
    ours, theirs = pair.ours, pair.theirs
    return Match(
        id=f"{file_id}|{number:07d}",
        file_id=file_id,
        n=number,
        key=ours.id if ours else (theirs.key if theirs else ""),
        row_no=ours.n if ours else 0,
        payee=ours.payee if ours else "",
        ours_fen=pair.ours_fen,
        theirs_fen=pair.theirs_fen,
        verdict=pair.verdict,
        told=theirs.told if theirs else "",
        account_id=clearing(batch_id),
        claim_id=claim_id(batch_id, ours) if ours else "",
    )


async def _laid(tx: Tx, answer: Answer, parsed: Parsed, pairs: Sequence[Pair]) -> bool:
    """Beside the batch, if that still waits for an answer; whoever slept through the lease changes nothing."""
    found = await tx.get(ANSWERS, answer.id)
    if found is None or found.fence != answer.fence:
        return True
    how = {"$set": {"answer_id": answer.id}, "$inc": {"version": 1}}
    if not await tx.change(BATCHES, {"_id": parsed.batch_id, "state": "sent"}, how):
        return False
    found.state, found.due_at, found.batch_id = "compared", None, parsed.batch_id
    found.rows, found.sum_fen, found.rejects = parsed.count, parsed.sum_fen, parsed.rejects
    found.counts = dict(Counter(one.verdict for one in pairs))
    await tx.put(ANSWERS, found)
    notices.compared(tx, found)
    return True


CHECKS: QueueOf[Answer] = QueueOf("settlement_files", ANSWERS, check, parallel=1)


# Looking.


async def find(reader: Reader, file_id: str) -> Answer:
    """Raises AnswerNotFound."""
    found = await reader.get(ANSWERS, file_id)
    if found is None:
        raise AnswerNotFound
    return found


async def listed(reader: Reader, wanted: FindAnswers) -> Page[Answer]:
    """The newest first. Raises BadCursor."""
    where = {"batch_id": wanted.batch} if wanted.batch else {}
    return await reader.page(ANSWERS, where, sort="-at", cursor=wanted.cursor, limit=wanted.limit)


async def matches(reader: Reader, file_id: str, wanted: FindMatches) -> Page[Match]:
    """In the order of the rows. Raises AnswerNotFound, BadCursor."""
    await find(reader, file_id)
    where = {"file_id": file_id} | ({"verdict": wanted.verdict} if wanted.verdict else {})
    return await reader.page(MATCHES, where, sort="n", cursor=wanted.cursor, limit=wanted.limit)


async def expecting(reader: Reader, batch: Batch) -> Answer | None:
    """The file whose comparison waits to be confirmed, or was."""
    return await reader.get(ANSWERS, batch.answer_id) if batch.answer_id else None
