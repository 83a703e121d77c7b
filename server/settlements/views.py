"""Batches, files, differences and money as those who keep the books see them."""

from schemas.settlements import (
    AnswersView,
    AnswerView,
    BatchAction,
    BatchesView,
    BatchView,
    DifferenceChoice,
    DifferenceNote,
    DifferencesView,
    DifferenceView,
    FindAnswers,
    FindBatches,
    FindDifferences,
    FindMatches,
    FindReceipts,
    FindRows,
    MatchesView,
    MatchView,
    ReceiptsView,
    ReceiptView,
    RejectedLine,
    RowsView,
    RowView,
    StepView,
)
from server import staff
from server.kit.db import Reader
from server.sessions import SYSTEM, Actor
from server.settlements import answers, differences, money
from server.settlements.aging import days_since, open_fen
from server.settlements.batches import find, parts
from server.settlements.flow import FLOW
from server.settlements.stored import (
    ANSWER_STATES,
    BATCHES,
    DIFFERENCE_KINDS,
    DIFFERENCE_STATES,
    DIFFERENCES,
    FAULTS,
    RESOLUTIONS,
    ROW_KINDS,
    ROWS,
    VERDICTS,
    Answer,
    Batch,
    ClaimRow,
    Difference,
    Match,
    Receipt,
)

_RECEIPT_STATES = {"entered": "等确认", "confirmed": "已确认", "returned": "已退回"}
_MOST = 10_000


def _name(reader: Reader, by: str) -> str:
    return "系统" if by == SYSTEM.id else staff.name_of(reader, by) if by else ""


async def batch_view(reader: Reader, batch: Batch, actor: Actor) -> BatchView:
    where = {"batch_id": batch.id, "state": {"$in": ["open", "proposed"]}}
    return BatchView(
        id=batch.id,
        state=batch.state,
        state_text=FLOW.states[batch.state].text,
        actions=_actions(batch, actor),
        version=batch.version,
        through=batch.through,
        rows=batch.rows,
        sum_fen=batch.sum_fen,
        faults=batch.faults,
        digest=batch.digest,
        answer=batch.answer_id or None,
        expected_fen=batch.expected_fen,
        received_fen=batch.received_fen,
        open_fen=open_fen(batch),
        differences=await reader.count(DIFFERENCES, where, limit=_MOST) if batch.state != "open" else 0,
        steps=[_step(reader, one.state, one.by, one.at) for one in batch.steps],
        at=batch.at,
    )


def _actions(batch: Batch, actor: Actor) -> list[BatchAction]:
    """What this person can do now; a comparison can be confirmed when there is one."""
    found = FLOW.open_to(batch.state, parts(batch, actor))
    return [
        BatchAction(name=one.name, text=one.text) for one in found if one.name != "confirm" or batch.answer_id
    ]


def _step(reader: Reader, state: str, by: str, at: object) -> StepView:
    return StepView(state=state, state_text=FLOW.states[state].text, by=_name(reader, by), at=at)  # type: ignore[arg-type]


async def batches(reader: Reader, wanted: FindBatches, actor: Actor) -> BatchesView:
    """The newest first. Raises BadCursor."""
    where = {"state": wanted.state} if wanted.state else {}
    page = await reader.page(BATCHES, where, sort="-at", cursor=wanted.cursor, limit=wanted.limit)
    return BatchesView(items=[await batch_view(reader, one, actor) for one in page.items], next=page.next)


async def rows(reader: Reader, batch_id: str, wanted: FindRows) -> RowsView:
    """In the order of the file. Raises BatchNotFound, BadCursor."""
    await find(reader, batch_id)
    page = await reader.page(ROWS, {"batch_id": batch_id}, sort="n", cursor=wanted.cursor, limit=wanted.limit)
    return RowsView(items=[_row(one) for one in page.items], next=page.next)


def _row(one: ClaimRow) -> RowView:
    return RowView(
        n=one.n,
        key=one.id,
        kind=one.kind,
        kind_text=ROW_KINDS[one.kind],
        payment_id=one.payment_id,
        payee=one.payee,
        bill_kind=one.bill_kind,
        amount_fen=one.amount_fen,
        at=one.at,
        fault_text=FAULTS.get(one.fault, ""),
    )


def answer_view(reader: Reader, one: Answer, *, known: bool = False) -> AnswerView:
    return AnswerView(
        id=one.id,
        state=one.state,
        state_text=ANSWER_STATES[one.state],
        reason=one.reason,
        size=one.size,
        batch=one.batch_id,
        rows=one.rows,
        sum_fen=one.sum_fen,
        rejects=[RejectedLine(row=row, line=line, message=told) for row, line, told in one.rejects],
        by=_name(reader, one.by),
        at=one.at,
        known=known,
        **{name: one.counts.get(name, 0) for name in VERDICTS},
    )


async def answers_view(reader: Reader, wanted: FindAnswers) -> AnswersView:
    """The newest first. Raises BadCursor."""
    page = await answers.listed(reader, wanted)
    return AnswersView(items=[answer_view(reader, one) for one in page.items], next=page.next)


async def matches(reader: Reader, file_id: str, wanted: FindMatches) -> MatchesView:
    """In the order of the rows. Raises AnswerNotFound, BadCursor."""
    page = await answers.matches(reader, file_id, wanted)
    return MatchesView(items=[_match(one) for one in page.items], next=page.next)


def _match(one: Match) -> MatchView:
    return MatchView(
        n=one.row_no,
        key=one.key,
        payee=one.payee,
        ours_fen=one.ours_fen,
        theirs_fen=one.theirs_fen,
        verdict=one.verdict,
        verdict_text=VERDICTS[one.verdict],
        told=one.told,
    )


def receipt_view(reader: Reader, one: Receipt, actor: Actor) -> ReceiptView:
    return ReceiptView(
        id=one.id,
        batch=one.batch_id,
        reference=one.reference,
        amount_fen=one.amount_fen,
        day=one.day,
        state=one.state,
        state_text=_RECEIPT_STATES[one.state],
        by=_name(reader, one.by),
        at=one.at,
        confirmed_by=_name(reader, one.confirmed_by),
        reason=one.reason,
        may_answer=one.state == "entered" and one.by != actor.id,
    )


async def receipts(reader: Reader, batch_id: str, wanted: FindReceipts, actor: Actor) -> ReceiptsView:
    """In their order. Raises BatchNotFound, BadCursor."""
    page = await money.receipts(reader, batch_id, wanted.cursor, wanted.limit)
    return ReceiptsView(items=[receipt_view(reader, one, actor) for one in page.items], next=page.next)


def difference_view(reader: Reader, one: Difference, actor: Actor) -> DifferenceView:
    ways = differences.choices(one) if one.state == "open" else []
    return DifferenceView(
        id=one.id,
        batch=one.batch_id,
        kind=one.kind,
        kind_text=DIFFERENCE_KINDS[one.kind],
        key=one.key,
        n=one.row_no,
        payee=one.payee,
        ours_fen=one.ours_fen,
        theirs_fen=one.theirs_fen,
        fen=one.fen,
        told=FAULTS.get(one.told, one.told) if one.kind == "ours" else one.told,
        state=one.state,
        state_text=DIFFERENCE_STATES[one.state],
        assignee=one.assignee,
        assignee_name=_name(reader, one.assignee),
        notes=[DifferenceNote(by=_name(reader, note.by), at=note.at, text=note.text) for note in one.notes],
        how=one.how,
        how_text=RESOLUTIONS[one.how] if one.how else "",
        reason=one.reason,
        proposed_by=_name(reader, one.proposed_by),
        decided_by=_name(reader, one.decided_by),
        choices=[
            DifferenceChoice(how=way.how, text=RESOLUTIONS[way.how], effect=way.effect, second=way.second)
            for way in ways
        ],
        may_decide=one.state == "proposed" and one.proposed_by != actor.id,
        days=days_since(one.opened_at, one.resolved_at or reader.now),
        opened_at=one.opened_at,
        resolved_at=one.resolved_at,
        transfer=one.transfer_id,
    )


async def differences_view(reader: Reader, wanted: FindDifferences, actor: Actor) -> DifferencesView:
    """The oldest first. Raises BadCursor."""
    page = await differences.listed(reader, wanted)
    return DifferencesView(items=[difference_view(reader, one, actor) for one in page.items], next=page.next)
