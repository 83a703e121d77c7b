"""Statement files: known by their content, checked as a whole, then posted in batches; a rerun of any part is harmless.

Purchases are posted before reversals, so that the order of the lines does not matter. A batch, its rejects and its share
of the file's counts are one transaction.
"""

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace

from schemas.pos import FileState, FilesView, FileView, RejectsView, RejectView, SwipeView
from server import audit, staff
from server.config import Settings
from server.kit.db import Collection, Database, Duplicate, Index, Reader, Stored, Tx
from server.kit.errors import Conflict, HoelunError, Invalid, NotFound, Unauthorized
from server.kit.files import Files
from server.kit.jobs import DUE, Leased, QueueOf, Settled
from server.pos import arrivals, layout
from server.pos.layout import BadFile, Totals
from server.pos.swipes import receive
from server.pos.terminals import TERMINALS
from server.sessions import Actor

Round = Literal["purchases", "reversals"]
BATCH = 10
_LOOKED_UP = 100
_LONGER = timedelta(seconds=60)
STATES: dict[FileState, str] = {
    "checking": "正在核对",
    "posting": "正在入账",
    "posted": "已入账",
    "refused": "整份退回",
}
COLUMNS = {
    "terminal": "终端号",
    "batch": "批次号",
    "trace": "流水号",
    "card": "卡号",
    "category": "消费类别",
    "amount_fen": "金额",
    "at": "时间",
    "reverses": "冲正的流水号",
}


class FileNotFound(NotFound):
    """没有这份对账文件"""


class FileSentAtOnce(Conflict):
    """同一份文件正有人在传，请刷新后再看"""


class TerminalOfFileUnknown(Unauthorized):
    """这台终端没有登记或已停用"""


class PosFile(Leased, kw_only=True):
    """`id` is the SHA-256 of the content, `stored` where that is. `left` counts the batches of the round under way."""

    stored: str
    size: int
    state: FileState = "checking"
    reason: str = ""
    day: str = ""
    rows: int = 0
    sum_fen: int = 0
    left: int = 0
    reversals: int = 0
    counts: dict[str, int] = {}
    points_fen: int = 0
    by: str
    at: datetime


class Staged(Leased, kw_only=True):
    """Some lines of a file that wait to be posted; due when their round has come."""

    file_id: str
    round: Round
    lines: list[tuple[int, str]]


class Reject(Stored, kw_only=True):
    """`id` is the file's with the number of the line."""

    file_id: str
    row: int
    line: str
    code: str
    message: str


POS_FILES: Collection[PosFile] = Collection("pos_files", PosFile, Index(("at", "_id")), DUE)
STAGED: Collection[Staged] = Collection("pos_batches", Staged, Index(("file_id", "round", "_id")), DUE)
REJECTS: Collection[Reject] = Collection("pos_rejects", Reject, Index(("file_id", "row", "_id")))


class Premises(Protocol):
    """What working a file off asks of the building."""

    @property
    def settings(self) -> Settings: ...
    @property
    def db(self) -> Database: ...
    @property
    def files(self) -> Files: ...


def lane(digest: str) -> str:
    """Who sends a file waits for who else sends the same."""
    return f"pos {digest}"


async def receive_file(tx: Tx, digest: str, stored: str, size: int, actor: Actor) -> tuple[PosFile, bool]:
    """A file that has arrived, and whether the same had been sent before. Raises FileTooSlow, FileSentAtOnce."""
    known = await tx.get(POS_FILES, digest)
    if known is not None:
        return known, True
    await arrivals.take_in(tx, stored)
    made = PosFile(id=digest, stored=stored, size=size, by=actor.id, at=tx.now, due_at=tx.now)
    try:
        await tx.insert(POS_FILES, made)
    except Duplicate as error:
        raise FileSentAtOnce from error
    audit.note(tx, actor, "console", "pos_file.send", digest)
    return made, False


# Checking and staging.


class _Found(Struct, kw_only=True):
    """What a pass over the file has found."""

    day: str = ""
    rows: int = 0
    sum_fen: int = 0
    batches: Counter[str]


async def check(premises: Premises, file: PosFile) -> Settled:
    """Look at the whole file; stage it if its totals are right, hand it back if they are not."""
    for encoding in layout.ENCODINGS:
        try:
            found = await _stage(premises, file, encoding)
        except UnicodeDecodeError:
            continue
        except BadFile as bad:
            await _unstage(premises.db, file)
            return {"due_at": None, "state": "refused", "reason": str(bad)}
        await premises.db.atomically(lambda tx, found=found: _ready(tx, file, found))  # type: ignore[misc]
        return None
    return {"due_at": None, "state": "refused", "reason": "文件的编码既不是 UTF-8 也不是 GB18030"}


async def _stage(premises: Premises, file: PosFile, encoding: str) -> _Found:
    """Raises UnicodeDecodeError, BadFile."""
    found, totals, waiting = _Found(batches=Counter()), None, {"purchases": [], "reversals": []}  # type: ignore[var-annotated]
    async with aclosing(_numbered(premises.files, file, encoding)) as numbered:
        async for number, line in numbered:
            if totals is not None:
                raise BadFile("合计行之后还有内容，请核对文件")
            if number == 1:
                found.day = layout.header(line).isoformat()
                continue
            totals = layout.trailer(line)
            if totals is None:
                found.rows, found.sum_fen = found.rows + 1, found.sum_fen + layout.amount(line)
                which: Round = "reversals" if layout.takes_back(line) else "purchases"
                waiting[which].append((number, line))
                if len(waiting[which]) == BATCH:
                    await _put(premises.db, file, found, which, waiting)
    _check_totals(found, totals)
    for which in ("purchases", "reversals"):
        if waiting[which]:
            await _put(premises.db, file, found, which, waiting)
    return found


async def _numbered(files: Files, file: PosFile, encoding: str) -> AsyncGenerator[tuple[int, str]]:
    async with (
        aclosing(files.read(file.stored)) as pieces,  # type: ignore[type-var]
        aclosing(layout.lines(pieces, encoding)) as numbered,
    ):
        async for one in numbered:
            if one[1]:
                yield one


def _check_totals(found: _Found, totals: Totals | None) -> None:
    """Raises BadFile."""
    if totals is None:
        raise BadFile("文件不完整：没有最后的合计行，请重新导出再传")
    if (totals.rows, totals.sum_fen) != (found.rows, found.sum_fen):
        raise BadFile(
            f"合计对不上：合计行写 {totals.rows} 笔、{totals.sum_fen} 分，文件里是 {found.rows} 笔、{found.sum_fen} 分"
        )


async def _put(
    db: Database, file: PosFile, found: _Found, which: Round, waiting: dict[str, list[tuple[int, str]]]
) -> None:
    """Put, not inserted: who begins again after a fall puts the same in the same places."""
    found.batches[which] += 1
    if found.batches[which] % _LOOKED_UP == 0:
        await _stay(db, file)
    batch_id = f"{file.id}|{which}|{found.batches[which]:07d}"
    batch = Staged(id=batch_id, file_id=file.id, round=which, lines=waiting[which])
    waiting[which] = []
    await db.alone(lambda tx: tx.put(STAGED, batch))


class Overtaken(Exception):
    """Somebody else has this file now."""


async def _stay(db: Database, file: PosFile) -> None:
    """A large file takes longer than a lease. Raises Overtaken."""
    longer = {"$set": {"due_at": db.now() + _LONGER}}
    if not await db.alone(lambda tx: tx.change(POS_FILES, {"_id": file.id, "fence": file.fence}, longer)):
        raise Overtaken


async def _ready(tx: Tx, file: PosFile, found: _Found) -> None:
    ready = replace(
        file,
        state="posting",
        due_at=None,
        day=found.day,
        rows=found.rows,
        sum_fen=found.sum_fen,
        left=found.batches["purchases"],
        reversals=found.batches["reversals"],
    )
    if not await tx.replace(POS_FILES, ready, {"_id": file.id, "fence": file.fence}):
        return
    await _begin(tx, ready, "purchases" if ready.left else "reversals")


async def _begin(tx: Tx, file: PosFile, which: Round) -> None:
    """The batches of this round are due now; without any, the file is done."""
    if which == "reversals":
        left = {"left": file.reversals}
        done = {} if file.reversals else {"state": "posted"}
        await tx.change(POS_FILES, {"_id": file.id}, {"$set": left | done})
    await tx.change_all(STAGED, {"file_id": file.id, "round": which}, {"$set": {"due_at": tx.now}})


async def _unstage(db: Database, file: PosFile) -> None:
    await db.alone(lambda tx: tx.delete_all(STAGED, {"file_id": file.id}))


# Posting.


async def post(premises: Premises, batch: Staged) -> Settled:
    """Post a batch, with its rejects and its counts; the last one of a round lets the next begin."""
    await premises.db.atomically(lambda tx: _posted(tx, batch, premises.settings))
    return None


async def _posted(tx: Tx, batch: Staged, rules: Settings) -> None:
    if not await tx.delete(STAGED, {"_id": batch.id, "fence": batch.fence}):
        return
    counts, points, rejects = Counter[str](), 0, []
    for number, line in batch.lines:
        try:
            told = await _one(tx, line, batch.file_id, rules)
        except HoelunError as error:
            rejects.append(_reject(batch.file_id, number, line, error))
            continue
        counts["again" if told.again else told.state] += 1
        points += 0 if told.again else told.points_fen
    counts["rejected"] = len(rejects)
    await tx.put_all(REJECTS, rejects)
    how = {f"counts.{name}": count for name, count in counts.items()} | {"points_fen": points, "left": -1}
    file = await tx.take(POS_FILES, {"_id": batch.file_id}, {"$inc": how})
    if file is not None and file.left == 0:
        await _next(tx, file, batch.round)


async def _next(tx: Tx, file: PosFile, ended: Round) -> None:
    if ended == "purchases":
        await _begin(tx, file, "reversals")
    else:
        await tx.change(POS_FILES, {"_id": file.id}, {"$set": {"state": "posted"}})


async def _one(tx: Tx, line: str, file_id: str, rules: Settings) -> SwipeView:
    """Raises what is wrong with the line, before anything of it is written."""
    row = layout.row(line)
    terminal = tx.recall(TERMINALS, row.terminal)
    if terminal is None or not terminal.active:
        raise TerminalOfFileUnknown(field="terminal")
    return await receive(tx, row.terminal, row.swipe, f"file:{file_id}", rules)


def _reject(file_id: str, row: int, line: str, error: HoelunError) -> Reject:
    column = COLUMNS.get(error.field or "", "")
    told = f"“{column}”这一栏不对" if type(error) is Invalid else error.message
    told += f"（{column}）" if column and column not in told else ""
    return Reject(
        id=f"{file_id}|{row:09d}", file_id=file_id, row=row, line=line, code=error.code, message=told
    )


CHECKS = QueueOf("pos_files", POS_FILES, check, parallel=1)
POSTS = QueueOf("pos_batches", STAGED, post, parallel=1)


# Looking.


async def find(reader: Reader, file_id: str) -> PosFile:
    """Raises FileNotFound."""
    found = await reader.get(POS_FILES, file_id)
    if found is None:
        raise FileNotFound
    return found


async def listed(reader: Reader, cursor: str | None, limit: int) -> FilesView:
    """The newest first. Raises BadCursor."""
    page = await reader.page(POS_FILES, {}, sort="-at", cursor=cursor, limit=limit)
    return FilesView(items=[view(reader, one) for one in page.items], next=page.next)


async def rejects(reader: Reader, file_id: str, cursor: str | None, limit: int) -> RejectsView:
    """In the order of the file. Raises FileNotFound, BadCursor."""
    await find(reader, file_id)
    page = await reader.page(REJECTS, {"file_id": file_id}, sort="row", cursor=cursor, limit=limit)
    items = [RejectView(row=one.row, line=one.line, code=one.code, message=one.message) for one in page.items]
    return RejectsView(items=items, next=page.next)


def view(reader: Reader, file: PosFile, *, known: bool = False) -> FileView:
    counts = {name: file.counts.get(name, 0) for name in ("posted", "again", "waiting", "rejected")}
    return FileView(
        id=file.id,
        state=file.state,
        state_text=STATES[file.state],
        reason=file.reason,
        size=file.size,
        day=file.day,
        rows=file.rows,
        sum_fen=file.sum_fen,
        done=sum(counts.values()),
        points_fen=file.points_fen,
        by=staff.name_of(reader, file.by),
        at=file.at,
        known=known,
        **counts,
    )
