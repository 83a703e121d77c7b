"""The comparison is confirmed by somebody who did not make the batch; then money comes, entered by one and confirmed by
another, and is posted once. What does not add up is a difference, and the batch is paid when none is left."""

from msgspec.structs import replace

from schemas.settlements import ConfirmBatch, NewReceipt
from server import audit, ledger
from server.config import Settings
from server.kit.chance import chance
from server.kit.clock import today
from server.kit.db import Duplicate, Page, Reader, Tx
from server.kit.errors import Conflict, Forbidden, NotFound
from server.ledger import Leg
from server.sessions import SYSTEM, Actor
from server.settlements import notices
from server.settlements.batches import BatchChanged, clearing, find, moved, taken
from server.settlements.collecting import store
from server.settlements.stored import (
    DIFFERENCES,
    MATCHES,
    RECEIPTS,
    Batch,
    Difference,
    Match,
    Receipt,
)


class NoAnswerYet(Conflict):
    """邮政的回执文件还没有比对好，或刚刚又来了一份，请刷新后再看"""


class TooDifferent(Conflict):
    """这份回执和我方差得太多，请邮政核对后重新出一份"""


class NoMoneyNow(Conflict):
    """这一批还没有确认，或已经结清，不能登记到账"""


class ReceiptKnown(Conflict):
    """这个银行流水号已经登记过了"""


class ReceiptNotFound(NotFound):
    """没有这笔到账"""


class ReceiptAnswered(Conflict):
    """这笔到账已经处理过了，请刷新后再看"""


class OwnReceipt(Forbidden):
    """自己登记的到账要由另一位同事确认"""


class DayAhead(Conflict):
    """到账日期不能晚于今天"""


# The comparison.


async def confirm(tx: Tx, batch_id: str, wanted: ConfirmBatch, actor: Actor, rules: Settings) -> Batch:
    """What was found becomes what is expected, and a difference each where it is not the same.

    Raises BatchNotFound, OwnBatch, NotAllowedNow, NoAnswerYet, TooDifferent, BatchChanged.
    """
    batch = await taken(tx, batch_id, "confirm", actor)
    if batch.answer_id != wanted.answer:
        raise NoAnswerYet
    most = rules.settlements.most_differences
    where = {"file_id": batch.answer_id, "verdict": {"$ne": "matched"}}
    found = await tx.all(MATCHES, where, limit=most + 1, sort="n")
    if len(found) > most:
        raise TooDifferent
    opened = [_difference(tx, batch, one) for one in found if one.ours_fen != one.theirs_fen]
    await tx.put_all(DIFFERENCES, opened)
    batch.expected_fen = batch.claim_fen - sum(one.fen for one in opened)
    batch.surplus_fen = sum(-one.fen for one in opened if one.fen < 0)
    moved(batch, "confirm", None, actor.id, tx.now)
    await settle(tx, batch)
    await stored(tx, batch)
    return batch


def _difference(tx: Tx, batch: Batch, one: Match) -> Difference:
    return Difference(
        id=f"{batch.id}-{one.n:05d}",
        batch_id=batch.id,
        kind=one.verdict,  # type: ignore[arg-type]
        key=one.key,
        row_no=one.row_no,
        payee=one.payee,
        ours_fen=one.ours_fen,
        theirs_fen=one.theirs_fen,
        fen=one.ours_fen - one.theirs_fen,
        told=one.told,
        account_id=one.account_id,
        claim_id=one.claim_id,
        opened_at=tx.now,
    )


async def stored(tx: Tx, batch: Batch) -> None:
    """Raises BatchChanged."""
    if not await store(tx, batch, batch.version):
        raise BatchChanged


# Money.


async def enter(tx: Tx, batch_id: str, new: NewReceipt, actor: Actor) -> Receipt:
    """Raises BatchNotFound, NoMoneyNow, ReceiptKnown, DayAhead."""
    batch = await find(tx, batch_id)
    if batch.state not in ("confirmed", "difference"):
        raise NoMoneyNow
    if new.day > today(tx.now):
        raise DayAhead(field="day")
    made = Receipt(
        id=chance.hex(12),
        batch_id=batch.id,
        key=new.reference,
        reference=new.reference,
        amount_fen=new.amount_fen,
        day=new.day,
        by=actor.id,
        at=tx.now,
    )
    try:
        await tx.insert(RECEIPTS, made)
    except Duplicate as error:
        raise ReceiptKnown(field="reference") from error
    notices.money_entered(tx, made)
    audit.note(tx, actor, "console", "settlement.money", batch.id, made.id)
    return made


async def _entered(tx: Tx, receipt_id: str, actor: Actor, what: str) -> Receipt:
    """Raises ReceiptNotFound, ReceiptAnswered."""
    found = await tx.get(RECEIPTS, receipt_id)
    if found is None:
        raise ReceiptNotFound
    if found.state != "entered":
        raise ReceiptAnswered
    audit.note(tx, actor, "console", f"settlement.money_{what}", found.batch_id, found.id)
    return found


async def _answered(tx: Tx, receipt: Receipt) -> Receipt:
    if not await tx.replace(RECEIPTS, receipt, {"_id": receipt.id, "state": "entered"}):
        raise ReceiptAnswered
    return receipt


async def accept(tx: Tx, receipt_id: str, actor: Actor) -> Receipt:
    """It has come: posted as far as claims of ours are behind it.

    Raises ReceiptNotFound, ReceiptAnswered, OwnReceipt, NoMoneyNow, BatchChanged.
    """
    receipt = await _entered(tx, receipt_id, actor, "confirm")
    if receipt.by == actor.id:
        raise OwnReceipt
    batch = await find(tx, receipt.batch_id)
    if batch.state not in ("confirmed", "difference"):
        raise NoMoneyNow
    batch.received_fen += receipt.amount_fen
    await _post(tx, batch, receipt, actor)
    await settle(tx, batch)
    await stored(tx, batch)
    return await _answered(
        tx, replace(receipt, state="confirmed", confirmed_by=actor.id, confirmed_at=tx.now)
    )


async def _post(tx: Tx, batch: Batch, receipt: Receipt, actor: Actor) -> None:
    fen = min(batch.received_fen, batch.covered_fen) - batch.posted_fen
    if fen <= 0:
        return
    name = f"settlement/{batch.id}/money/{receipt.id}"
    legs = [Leg(clearing(batch.id), -fen), Leg(ledger.common("issuer", name), fen)]
    why = {"text": f"邮政到账，银行流水 {receipt.reference}", "batch": batch.id, "receipt": receipt.id}
    await ledger.post(tx, name, "settlement", legs, by=f"staff:{actor.id}", why=why)
    batch.posted_fen += fen


async def hand_back(tx: Tx, receipt_id: str, reason: str, actor: Actor) -> Receipt:
    """It has not come, or not so; its reference can be entered anew. Raises ReceiptNotFound, ReceiptAnswered."""
    receipt = await _entered(tx, receipt_id, actor, "return")
    return await _answered(tx, replace(receipt, state="returned", key=None, reason=reason))


# Whether it is paid.


async def settle(tx: Tx, batch: Batch) -> None:
    """Where money and expectation stand after whatever has changed them; stored by whoever calls."""
    if batch.received_fen or not batch.expected_fen:
        await _money_difference(tx, batch)
        where = {"batch_id": batch.id, "blocking": True, "state": {"$ne": "resolved"}}
        paid = not await tx.count(DIFFERENCES, where, limit=1)
        target = "paid" if paid else "difference"
        if batch.state != target:
            moved(batch, "settle", target, SYSTEM.id, tx.now)  # type: ignore[arg-type]


async def _money_difference(tx: Tx, batch: Batch) -> None:
    """One row says how much too little or too much has come, and is gone when it is right."""
    short, made = batch.expected_fen - batch.received_fen, f"{batch.id}-money"
    known = await tx.get(DIFFERENCES, made)
    if known is None and not short:
        return
    row = known or Difference(
        id=made,
        batch_id=batch.id,
        kind="money",
        key="",
        row_no=0,
        payee="",
        ours_fen=0,
        theirs_fen=0,
        fen=0,
        account_id=clearing(batch.id),
        opened_at=tx.now,
    )
    row.ours_fen, row.theirs_fen = batch.expected_fen, batch.received_fen
    if short and (row.fen != short or row.state == "resolved"):
        row.fen, row.state, row.how, row.reason, row.proposed_by = short, "open", None, "", ""
        row.resolved_at, row.version = None, row.version + 1
    elif not short and row.state != "resolved":
        row.fen, row.state, row.how, row.resolved_at = 0, "resolved", "paid", tx.now
        row.version += 1
    await tx.put(DIFFERENCES, row)


async def receipts(reader: Reader, batch_id: str, cursor: str | None, limit: int) -> Page[Receipt]:
    """Of a batch, in their order. Raises BatchNotFound, BadCursor."""
    await find(reader, batch_id)
    return await reader.page(RECEIPTS, {"batch_id": batch_id}, sort="at", cursor=cursor, limit=limit)
