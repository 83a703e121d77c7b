"""What belongs into a batch is looked for while it is open: redemptions, refunds of what was claimed, what was carried
over. Each is compared with our own payment and bill, and is in one batch for good, as its id is the transfer's name.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from server.bills import BILLS, KINDS, PAYEES, Bill
from server.config import Settings
from server.kit.db import Reader, Tx
from server.kit.db.pages import encode_cursor
from server.kit.jobs import Premises, QueueOf, Settled
from server.ledger import REDEMPTIONS, TRANSFERS, Redemption, Transfer
from server.payments import PAYMENTS, Payment
from server.settlements.stored import BATCHES, ROWS, Batch, ClaimRow

AT_ONCE = 500
_LATE = timedelta(minutes=2)
"""Longer than any transaction takes: what began before another and ended after it is found all the same."""
_NOT_SETTLED = frozenset({"unpaid", "confirming", "refunding", "failed", "expired"})


async def collect(tx: Tx, batch: Batch, most: int) -> bool:
    """Some more rows into an open batch, and whether there may be more; whoever calls stores the batch."""
    found, more = await _redemptions(tx, batch, min(AT_ONCE, most - batch.rows))
    await _enter(tx, batch, found)
    more = more and batch.rows < most
    if not more:
        await _enter(tx, batch, await _refunds(tx, batch))
        await _enter_waiting(tx, batch)
    return more


async def _redemptions(tx: Tx, batch: Batch, limit: int) -> tuple[list[ClaimRow], bool]:
    """The next ones that no batch has, and whether it was as many as were asked for."""
    if limit <= 0:
        return [], False
    where = {"at": {"$gte": batch.since, "$lt": batch.until}}
    page = await tx.page(REDEMPTIONS, where, sort="at", cursor=batch.cursor, limit=limit)
    if page.next is not None:
        batch.cursor = page.next
    elif page.items:
        batch.cursor = encode_cursor(page.items[-1].at - _LATE, "")
    known = {one.id for one in await _rows(tx, [one.id for one in page.items])}
    fresh = [one for one in page.items if one.id not in known]
    return await _compared(tx, fresh), page.next is not None


async def _rows(reader: Reader, ids: Sequence[str]) -> list[ClaimRow]:
    return await reader.all(ROWS, {"_id": {"$in": list(ids)}}, limit=len(ids)) if ids else []


async def _compared(tx: Tx, redemptions: list[Redemption]) -> list[ClaimRow]:
    """As rows, each with what it and its payment disagree in."""
    ids = [one.id for one in redemptions]
    if not ids:
        return []
    transfers = {one.id: one for one in await tx.all(TRANSFERS, {"_id": {"$in": ids}}, limit=len(ids))}
    numbers = [payment_of(one) for one in ids]
    paid = {one.id: one for one in await tx.all(PAYMENTS, {"_id": {"$in": numbers}}, limit=len(ids))}
    bill_ids = [one.bill_id for one in paid.values()]
    bills = {one.id: one for one in await tx.all(BILLS, {"_id": {"$in": bill_ids}}, limit=len(ids))}
    made = []
    for one in redemptions:
        payment = paid.get(payment_of(one.id))
        bill = bills.get(payment.bill_id) if payment else None
        made.append(_row(tx, one, transfers[one.id], payment, bill))
    return made


def payment_of(transfer_id: str) -> str:
    """The number of the payment that a redemption belongs to."""
    return transfer_id.removeprefix("payment/").removesuffix("/points")


def _row(
    reader: Reader, one: Redemption, transfer: Transfer, payment: Payment | None, bill: Bill | None
) -> ClaimRow:
    [booked] = [leg for leg in transfer.legs if leg.amount > 0]
    book, _, rest = booked.account_id.partition(":")
    payee_id = rest.partition("/")[0] if book == "payee" else ""
    payee = reader.recall(PAYEES, payee_id)
    return ClaimRow(
        id=one.id,
        batch_id="",
        n=0,
        kind="redeem",
        payment_id=payment_of(one.id),
        payee_id=payee_id,
        payee=payee.name if payee else payee_id,
        bill_kind=KINDS[payee.kind] if payee else "",
        amount_fen=booked.amount,
        account_id=booked.account_id,
        at=one.at,
        fault=_fault(booked.amount, payee_id, payment, bill),
    )


def _fault(amount: int, payee_id: str, payment: Payment | None, bill: Bill | None) -> str:
    if payment is None:
        return "no_payment"
    if payment.state in _NOT_SETTLED:
        return "not_settled"
    if payment.points_fen != amount:
        return "other_amount"
    if payment.payee_id != payee_id:
        return "other_payee"
    return "" if bill is not None and bill.payee_id == payee_id else "no_bill"


async def _refunds(tx: Tx, batch: Batch) -> list[ClaimRow]:
    """Refunds of whatever has been claimed, in this batch or before, that no batch has."""
    made: list[ClaimRow] = []
    cursor: str | None = None
    where = {"kind": "refund", "at": {"$gte": batch.since}}
    while True:
        page = await tx.page(TRANSFERS, where, sort="at", cursor=cursor, limit=AT_ONCE)
        names = [name for one in page.items for name in (one.id, one.reverses or "")]
        known = {one.id: one for one in await _rows(tx, names)}
        for one in page.items:
            paid = known.get(one.reverses or "")
            if one.id not in known and paid is not None and not paid.fault:
                made.append(_taken_back(one, paid))
        cursor = page.next
        if cursor is None:
            return made


def _taken_back(transfer: Transfer, paid: ClaimRow) -> ClaimRow:
    [source] = [leg for leg in transfer.legs if leg.amount < 0]
    return ClaimRow(
        id=transfer.id,
        batch_id="",
        n=0,
        kind="refund",
        payment_id=paid.payment_id,
        payee_id=paid.payee_id,
        payee=paid.payee,
        bill_kind=paid.bill_kind,
        amount_fen=source.amount,
        account_id=source.account_id,
        at=transfer.at,
    )


async def _enter(tx: Tx, batch: Batch, rows: Iterable[ClaimRow]) -> None:
    entered = list(rows)
    for one in entered:
        batch.rows += 1
        one.batch_id, one.n = batch.id, batch.rows
        batch.sum_fen += 0 if one.fault else one.amount_fen
        batch.faults += bool(one.fault)
    await tx.put_all(ROWS, entered)


async def _enter_waiting(tx: Tx, batch: Batch) -> None:
    """What other batches have handed on."""
    await _enter(tx, batch, await tx.all(ROWS, {"batch_id": ""}, limit=AT_ONCE))


def begun(since: datetime, last: Batch | None, rules: Settings) -> datetime:
    """From when on redemptions are looked for: some days more than since the batch before, for what came late."""
    return last.until - timedelta(days=rules.settlements.look_back_days) if last else since


async def store(tx: Tx, batch: Batch, version: int, **more: Any) -> bool:
    """Put the batch in the place of its own version `version`; False where somebody was faster."""
    batch.version = version + 1
    for name, value in more.items():
        setattr(batch, name, value)
    return await tx.replace(BATCHES, batch, {"_id": batch.id, "version": version})


async def _look(premises: Premises, batch: Batch) -> Settled:
    """An open batch looks for more from time to time."""

    async def looked(tx: Tx) -> None:
        found = await tx.get(BATCHES, batch.id)
        if found is None or found.state != "open":
            await tx.change(BATCHES, {"_id": batch.id}, {"$set": {"due_at": None}})
            return
        rules = premises.settings.settlements
        more = await collect(tx, found, rules.most_rows)
        wait = timedelta() if more else timedelta(minutes=rules.collect_minutes)
        await store(tx, found, found.version, due_at=tx.now + wait, attempts=0)

    await premises.db.atomically(looked, lanes=[f"settlement {batch.id}"])
    return None


COLLECTING: QueueOf[Batch] = QueueOf("settlements", BATCHES, _look, parallel=1)
