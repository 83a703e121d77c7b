"""The work list of differences: whose each is, what was noted, and what becomes of it.

Nothing that is booked is changed: a resolution is a transfer of its own, linked to the claim, or a row of the next batch,
or it changes what the batch expects. What costs the street is wanted by one and agreed to by another.
"""

from typing import Any

from msgspec import Struct

from schemas.settlements import (
    AssignDifference,
    Chosen,
    FindDifferences,
    NoteDifference,
    ResolveDifference,
)
from server import audit, ledger
from server.kit.db import Page, Reader, Tx
from server.kit.errors import Conflict, Forbidden, Invalid, NotFound
from server.ledger import Leg
from server.sessions import Actor
from server.settlements import notices
from server.settlements.batches import find as find_batch
from server.settlements.money import settle, stored
from server.settlements.notices import bookkeepers
from server.settlements.stored import DIFFERENCES, ROWS, Batch, ClaimRow, Difference, Note

_MOST_NOTES = 100


class DifferenceNotFound(NotFound):
    """没有这条差错"""


class DifferenceResolved(Conflict):
    """这条差错已经处理过了，请刷新后再看"""


class DifferenceProposed(Conflict):
    """这条差错已有处理意见，正等另一位同事复核"""


class NothingProposed(Conflict):
    """这条差错还没有处理意见，请刷新后再看"""


class NotThisWay(Conflict):
    """这条差错不能这样处理"""


class OwnResolution(Forbidden):
    """自己提的处理意见要由另一位同事复核"""


class NotForTheBooks(Invalid):
    """只能交给会计或管理员"""


class TooManyNotes(Conflict):
    """这条差错的记录太多了，请先处理"""


class Choice(Struct, frozen=True):
    """One way out: what it does to the books, and whether somebody else has to agree."""

    how: Chosen
    effect: str
    second: bool = False


def choices(one: Difference) -> list[Choice]:
    """The ways that there are for this one."""
    lost = "核减应收，由街道承担"
    if one.kind == "ours":
        return [
            Choice("next", "缴费核对好后，转入下一批结算"),
            Choice("write_off", "不再结算，由街道承担", second=True),
        ]
    if one.fen < 0:
        kept = [
            Choice("next", "多付的在下一批里扣回"),
            Choice("theirs", "多付的留下，不记积分", second=True),
        ]
        return kept if one.kind == "money" else [Choice("ours", "邮政不付这一笔，应收减少"), *kept]
    gone = [Choice("next", "转入下一批再结算"), Choice("write_off", f"放弃，{lost}", second=True)]
    if one.kind == "money":
        return gone
    return [Choice("ours", "邮政补付，应收增加"), Choice("theirs", f"邮政的数对，{lost}", second=True), *gone]


async def find(reader: Reader, difference_id: str) -> Difference:
    """Raises DifferenceNotFound."""
    found = await reader.get(DIFFERENCES, difference_id)
    if found is None:
        raise DifferenceNotFound
    return found


async def listed(reader: Reader, wanted: FindDifferences) -> Page[Difference]:
    """The oldest first. Raises BadCursor."""
    where: dict[str, Any] = {"batch_id": wanted.batch} if wanted.batch else {"state": wanted.state}
    return await reader.page(DIFFERENCES, where, sort="opened_at", cursor=wanted.cursor, limit=wanted.limit)


async def _taken(tx: Tx, difference_id: str, actor: Actor, what: str) -> Difference:
    """Raises DifferenceNotFound, DifferenceResolved."""
    found = await find(tx, difference_id)
    if found.state == "resolved":
        raise DifferenceResolved
    audit.note(tx, actor, "console", f"settlement.{what}", found.batch_id, found.id)
    return found


async def _kept(tx: Tx, one: Difference) -> Difference:
    """Raises DifferenceResolved."""
    version, one.version = one.version, one.version + 1
    if not await tx.replace(DIFFERENCES, one, {"_id": one.id, "version": version}):
        raise DifferenceResolved
    return one


async def assign(tx: Tx, difference_id: str, wanted: AssignDifference, actor: Actor) -> Difference:
    """Raises DifferenceNotFound, DifferenceResolved, NotForTheBooks."""
    one = await _taken(tx, difference_id, actor, "assign")
    if wanted.assignee and not any(member.id == wanted.assignee for member in bookkeepers(tx)):
        raise NotForTheBooks(field="assignee")
    one.assignee = wanted.assignee
    return await _kept(tx, one)


async def note(tx: Tx, difference_id: str, wanted: NoteDifference, actor: Actor) -> Difference:
    """Raises DifferenceNotFound, DifferenceResolved, TooManyNotes."""
    one = await _taken(tx, difference_id, actor, "note")
    if len(one.notes) >= _MOST_NOTES:
        raise TooManyNotes
    one.notes = [*one.notes, Note(actor.id, tx.now, wanted.text)]
    return await _kept(tx, one)


async def resolve(tx: Tx, difference_id: str, wanted: ResolveDifference, actor: Actor) -> Difference:
    """At once, or proposed where it costs the street.

    Raises DifferenceNotFound, DifferenceResolved, DifferenceProposed, NotThisWay, BatchChanged.
    """
    one = await _taken(tx, difference_id, actor, "resolve")
    if one.state == "proposed":
        raise DifferenceProposed
    chosen = next((way for way in choices(one) if way.how == wanted.how), None)
    if chosen is None:
        raise NotThisWay(field="how")
    one.how, one.reason, one.proposed_by = wanted.how, wanted.reason, actor.id
    if chosen.second:
        one.state = "proposed"
        notices.proposed(tx, one)
        return await _kept(tx, one)
    return await _done(tx, one, actor)


async def approve(tx: Tx, difference_id: str, actor: Actor) -> Difference:
    """Raises DifferenceNotFound, DifferenceResolved, NothingProposed, OwnResolution, BatchChanged."""
    one = await _proposed(tx, difference_id, actor, "approve")
    if one.proposed_by == actor.id:
        raise OwnResolution
    return await _done(tx, one, actor)


async def decline(tx: Tx, difference_id: str, reason: str, actor: Actor) -> Difference:
    """It is open again, with the reason among its notes. Raises as `approve`, but one's own can be taken back."""
    one = await _proposed(tx, difference_id, actor, "decline")
    one.notes = [*one.notes, Note(actor.id, tx.now, f"不同意：{reason}")]
    one.state, one.how, one.reason, one.proposed_by = "open", None, "", ""
    return await _kept(tx, one)


async def _proposed(tx: Tx, difference_id: str, actor: Actor, what: str) -> Difference:
    one = await _taken(tx, difference_id, actor, what)
    if one.state != "proposed":
        raise NothingProposed
    return one


async def _done(tx: Tx, one: Difference, actor: Actor) -> Difference:
    """The effect on ledger and batch, and the batch's state, together."""
    batch = await find_batch(tx, one.batch_id)
    await _take_effect(tx, batch, one, actor)
    one.state, one.decided_by, one.resolved_at = "resolved", actor.id, tx.now
    await _kept(tx, one)
    if batch.state in ("confirmed", "difference"):
        await settle(tx, batch)
        await stored(tx, batch)
    return one


async def _take_effect(tx: Tx, batch: Batch, one: Difference, actor: Actor) -> None:
    owed = batch.covered_fen - batch.posted_fen if one.kind == "money" else one.fen
    if one.kind == "money":
        batch.expected_fen = batch.received_fen
        batch.surplus_fen = batch.expected_fen - batch.posted_fen
    elif one.how == "ours":
        batch.expected_fen += one.fen
        batch.surplus_fen += min(one.fen, 0)
    if one.how == "next":
        await _carry(tx, batch, one, owed if one.fen > 0 else one.fen, actor)
    elif one.how in ("theirs", "write_off") and one.fen > 0 and owed:
        await _correct(tx, batch, one, "loss", owed, actor)


async def _carry(tx: Tx, batch: Batch, one: Difference, fen: int, actor: Actor) -> None:
    """A row of the next batch: of points that wait for it, or with a minus of what was paid too much. What had not been
    claimed at all goes there as it is."""
    if one.kind == "ours":
        again = {"$set": {"batch_id": "", "n": 0, "fault": ""}}
        await tx.change(ROWS, {"_id": one.key}, again)
        return
    if not fen:
        return
    if fen > 0:
        account = await _correct(tx, batch, one, "carry", fen, actor)
    else:
        account = ledger.common("issuer", one.id)
    row = ClaimRow(
        id=f"carry/{one.id}/{one.version}",
        batch_id="",
        n=0,
        kind="carried",
        payment_id=one.key,
        payee_id="",
        payee=one.payee,
        bill_kind="",
        amount_fen=fen,
        account_id=account,
        at=tx.now,
    )
    await tx.insert(ROWS, row)


async def _correct(tx: Tx, batch: Batch, one: Difference, what: str, fen: int, actor: Actor) -> str:
    """A transfer out of the claim, linked to it; the account that has the points now."""
    name = f"settlement/{batch.id}/{what}/{one.id}/{one.version}"
    to = ledger.common("loss", name) if what == "loss" else ledger.common("clearing", name, "carried")
    legs = [Leg(one.account_id, -fen), Leg(to, fen)]
    why = {"text": one.reason, "batch": batch.id, "difference": one.id}
    await ledger.post(tx, name, what, legs, by=f"staff:{actor.id}", why=why, reverses=one.claim_id or None)
    one.transfer_id = name
    return to
