"""A batch is opened, frozen and sent; and where the points of a payment are meanwhile.

Freezing is one transaction: rows, claims in the ledger, totals and hash are fixed together, on condition that nobody has
changed the batch since it was looked at.
"""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta

from schemas.settlements import BatchState, NewBatch
from server import audit, ledger
from server.config import Settings
from server.kit.clock import SHANGHAI, today
from server.kit.db import Duplicate, Reader, Tx
from server.kit.errors import Conflict, Forbidden, NotFound
from server.kit.flow import NotAllowedNow
from server.ledger import Leg
from server.sessions import Actor
from server.settlements import layout
from server.settlements.collecting import begun, collect, store
from server.settlements.flow import CHECKER, FLOW, MAKER, SYSTEM
from server.settlements.stored import BATCHES, DIFFERENCES, ROWS, Batch, ClaimRow, Difference, Step

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_MAKING = frozenset({"frozen", "sent"})


class BatchNotFound(NotFound):
    """没有这个结算批次"""


class BatchOpenAlready(Conflict):
    """还有一个批次没有冻结，请先冻结它"""


class ThroughAhead(Conflict):
    """截止日期不能晚于今天"""


class BatchChanged(Conflict):
    """这一批刚刚有变化，请刷新后再看"""


class StillCollecting(Conflict):
    """还在收集这一批的明细，请稍等再冻结"""


class BatchEmpty(Conflict):
    """这一批没有可以结算的明细"""


class NothingToClaim(Conflict):
    """这一批退款比缴费多，请等有了新的缴费再冻结"""


class OwnBatch(Forbidden):
    """冻结或送出这一批的人不能自己确认，请另一位同事来办"""


class FileDiffers(Conflict):
    """明细和冻结时不一样了，请联系管理员"""


async def find(reader: Reader, batch_id: str) -> Batch:
    """Raises BatchNotFound."""
    found = await reader.get(BATCHES, batch_id)
    if found is None:
        raise BatchNotFound
    return found


def parts(batch: Batch, actor: Actor) -> frozenset[str]:
    """What somebody is to this batch."""
    made = any(one.by == actor.id for one in batch.steps if one.state in _MAKING)
    return frozenset({MAKER} if made else {MAKER, CHECKER})


def moved(batch: Batch, action: str, to: BatchState | None, by: str, now: datetime) -> None:
    """Into the state that the table says. Raises NotAllowedNow."""
    row = FLOW.row(batch.state, action, frozenset({MAKER, CHECKER, SYSTEM}))
    target = to or row.target
    if target not in row.targets:
        raise NotAllowedNow
    batch.state = target  # type: ignore[assignment]
    batch.steps = [*batch.steps, Step(batch.state, by, now)]


async def open_(tx: Tx, new: NewBatch, actor: Actor, rules: Settings) -> Batch:
    """Raises ThroughAhead, BatchOpenAlready."""
    if new.through > today(tx.now):
        raise ThroughAhead(field="through")
    before = await tx.all(BATCHES, {}, limit=1, sort="-at")
    batch = Batch(
        id=await _number(tx),
        state="open",
        alive="open",
        through=new.through,
        since=begun(_BEGINNING, before[0] if before else None, rules),
        until=_midnight_after(new.through),
        steps=[Step("open", actor.id, tx.now)],
        at=tx.now,
        due_at=tx.now,
    )
    try:
        await tx.insert(BATCHES, batch)
    except Duplicate as error:
        raise BatchOpenAlready from error
    audit.note(tx, actor, "console", "settlement.open", batch.id)
    return batch


async def _number(tx: Tx) -> str:
    """`YJ-20261127-01`: the day, and which of the day."""
    prefix = f"YJ-{today(tx.now):%Y%m%d}-"
    where = {"_id": {"$gte": prefix, "$lt": f"{prefix}~"}}
    last = await tx.all(BATCHES, where, limit=1, sort="-_id")
    number = int(last[0].id.removeprefix(prefix)) + 1 if last else 1
    return f"{prefix}{number:02d}"


def _midnight_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), SHANGHAI)


async def taken(tx: Tx, batch_id: str, action: str, actor: Actor) -> Batch:
    """Raises BatchNotFound, OwnBatch, NotAllowedNow."""
    batch = await find(tx, batch_id)
    row = FLOW.row(batch.state, action, frozenset({MAKER, CHECKER}))
    if not row.by & parts(batch, actor):
        raise OwnBatch
    audit.note(tx, actor, "console", f"settlement.{action}", batch.id)
    return batch


async def freeze(tx: Tx, batch_id: str, actor: Actor, rules: Settings) -> Batch:
    """Raises BatchNotFound, NotAllowedNow, BatchChanged, StillCollecting, BatchEmpty, NothingToClaim."""
    batch = await taken(tx, batch_id, "freeze", actor)
    if await collect(tx, batch, rules.settlements.most_rows):
        raise StillCollecting
    rows = await rows_of(tx, batch)
    claims = [one for one in rows if not one.fault]
    if not claims:
        raise BatchEmpty
    if batch.sum_fen <= 0:
        raise NothingToClaim
    await _claim(tx, batch, claims, actor)
    await tx.put_all(DIFFERENCES, [_of_ours(batch, one, tx.now) for one in rows if one.fault])
    batch.digest = layout.last_hash(layout.written(batch.id, batch.through, claims))
    batch.claim_fen, batch.alive, batch.due_at = batch.sum_fen, None, None
    moved(batch, "freeze", None, actor.id, tx.now)
    await _stored(tx, batch)
    return batch


async def _stored(tx: Tx, batch: Batch) -> None:
    if not await store(tx, batch, batch.version):
        raise BatchChanged


async def rows_of(reader: Reader, batch: Batch) -> list[ClaimRow]:
    """All of them, in their order."""
    return await reader.all(ROWS, {"batch_id": batch.id}, limit=batch.rows + 1, sort="n")


def clearing(batch_id: str) -> str:
    """What the post office owes of this batch: one account, as nobody else writes it."""
    return ledger.common("clearing", batch_id, batch_id)


def claim_id(batch_id: str, row: ClaimRow) -> str:
    """The transfer that claims this row and the others of its payee."""
    return f"settlement/{batch_id}/claim/{row.payee_id or row.kind}"


async def _claim(tx: Tx, batch: Batch, claims: list[ClaimRow], actor: Actor) -> None:
    """The points of the rows become a claim on the post office, payee by payee, the largest first, so that what is to be
    given back finds something."""
    groups: dict[str, list[ClaimRow]] = defaultdict(list)
    for one in claims:
        groups[claim_id(batch.id, one)].append(one)
    for name, rows in sorted(groups.items(), key=lambda one: -sum(row.amount_fen for row in one[1])):
        accounts: dict[str, int] = defaultdict(int)
        for one in rows:
            accounts[one.account_id] -= one.amount_fen
            accounts[clearing(batch.id)] += one.amount_fen
        if any(accounts.values()):
            legs = [Leg(account, fen) for account, fen in accounts.items()]
            text = f"{rows[0].payee or '上批转来'}，{len(rows)} 笔，向邮政结算"
            await ledger.post(
                tx, name, "claim", legs, by=f"staff:{actor.id}", why={"text": text, "batch": batch.id}
            )


def _of_ours(batch: Batch, row: ClaimRow, now: datetime) -> Difference:
    """Ledger and payments disagree: it is not claimed, and the batch does not wait for it."""
    return Difference(
        id=_ours_id(row),
        batch_id=batch.id,
        kind="ours",
        key=row.id,
        row_no=row.n,
        payee=row.payee,
        ours_fen=row.amount_fen,
        theirs_fen=0,
        fen=row.amount_fen,
        told=row.fault,
        account_id=row.account_id,
        blocking=False,
        opened_at=now,
    )


async def send(tx: Tx, batch_id: str, actor: Actor) -> Batch:
    """The file has gone out. Raises BatchNotFound, NotAllowedNow, BatchChanged."""
    batch = await taken(tx, batch_id, "send", actor)
    moved(batch, "send", None, actor.id, tx.now)
    await _stored(tx, batch)
    return batch


async def file_of(reader: Reader, batch: Batch) -> str:
    """The file as it was frozen. Raises NotAllowedNow, FileDiffers."""
    if batch.state == "open":
        raise NotAllowedNow
    claims = [one for one in await rows_of(reader, batch) if not one.fault]
    text = layout.written(batch.id, batch.through, claims)
    if layout.last_hash(text) != batch.digest:
        raise FileDiffers
    return text


async def _gone(tx: Tx, row: ClaimRow) -> bool:
    """Whether its points are no longer where they were paid to: claimed, or given up."""
    if row.fault:
        one = await tx.get(DIFFERENCES, _ours_id(row))
        return one is not None and one.state == "resolved"
    batch = await tx.get(BATCHES, row.batch_id) if row.batch_id else None
    return batch is not None and batch.state != "open"


def _ours_id(row: ClaimRow) -> str:
    return f"{row.batch_id}-r{row.n:05d}"


async def source_of(tx: Tx, payment_id: str, transfer_id: str) -> str:
    """The account that a refund of this payment, under this name, takes the points from: where they were paid to, or the
    post office's once they have been claimed from it. Raises TransferNotFound."""
    paid = f"payment/{payment_id}/points"
    row = await tx.get(ROWS, paid)
    if row is not None and await _gone(tx, row):
        return ledger.common("issuer", transfer_id)
    transfer = await ledger.find(tx, paid)
    return next(leg.account_id for leg in transfer.legs if leg.amount > 0)
