"""Settlement with the post office: batches of what residents paid with points, its files, differences and money."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import END, ONE_LINE, Cursor, Id, Limit, Request, Text, View

BatchState = Literal["open", "frozen", "sent", "confirmed", "difference", "paid"]
RowKind = Literal["redeem", "refund", "carried"]
AnswerState = Literal["checking", "compared", "refused"]
Verdict = Literal["matched", "missing_there", "missing_here", "other_amount", "doubled", "refused"]
DifferenceKind = Literal[
    "missing_there", "missing_here", "other_amount", "doubled", "refused", "ours", "money"
]
DifferenceState = Literal["open", "proposed", "resolved"]
Resolution = Literal["ours", "theirs", "next", "write_off", "paid"]
Chosen = Literal["ours", "theirs", "next", "write_off"]
Encoding = Literal["utf-8", "gb18030"]
Digest = Annotated[str, Meta(min_length=64, max_length=64, pattern=r"^[0-9a-f]{64}" + END)]
Why = Annotated[str, Meta(min_length=1, max_length=200, pattern=ONE_LINE, title="原因")]


class FindBatches(Request, frozen=True, kw_only=True):
    state: BatchState | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class NewBatch(Request, frozen=True, kw_only=True):
    """What was paid up to the end of this day, and is in no batch yet."""

    through: date


class ConfirmBatch(Request, frozen=True, kw_only=True):
    """`answer` is the file whose comparison was looked at."""

    answer: Digest


class StepView(View, frozen=True, kw_only=True):
    state: BatchState
    state_text: str
    by: str
    at: datetime


class BatchAction(View, frozen=True, kw_only=True):
    name: str
    text: str


class BatchView(View, frozen=True, kw_only=True):
    """`sum_fen` is what it claims; `open_fen` what the post office still owes of it. `faults` rows of ours are not
    claimed, as ledger and payments disagree. `answer` is the post office's file that was compared last."""

    id: str
    state: BatchState
    state_text: str
    actions: list[BatchAction]
    version: int
    through: date
    rows: int
    sum_fen: int
    faults: int
    digest: str
    answer: str | None
    expected_fen: int
    received_fen: int
    open_fen: int
    differences: int
    steps: list[StepView]
    at: datetime


class BatchesView(View, frozen=True, kw_only=True):
    items: list[BatchView]
    next: str | None = None


class FindRows(Request, frozen=True, kw_only=True):
    cursor: Cursor | None = None
    limit: Limit = 50


class RowView(View, frozen=True, kw_only=True):
    """`key` is the name under which the post office answers. `fault_text` says why it is not claimed."""

    n: int
    key: str
    kind: RowKind
    kind_text: str
    payment_id: str
    payee: str
    bill_kind: str
    amount_fen: int
    at: datetime
    fault_text: str


class RowsView(View, frozen=True, kw_only=True):
    items: list[RowView]
    next: str | None = None


class FileOut(Request, frozen=True, kw_only=True):
    encoding: Encoding | None = None


class FindAnswers(Request, frozen=True, kw_only=True):
    batch: Id | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class RejectedLine(View, frozen=True, kw_only=True):
    row: int
    line: str
    message: str


class AnswerView(View, frozen=True, kw_only=True):
    """A file of the post office; `known`: it had been sent before. `sum_fen` is what it promises to pay."""

    id: str
    state: AnswerState
    state_text: str
    reason: str
    size: int
    batch: str
    rows: int
    sum_fen: int
    matched: int
    missing_there: int
    missing_here: int
    other_amount: int
    doubled: int
    refused: int
    rejects: list[RejectedLine]
    by: str
    at: datetime
    known: bool


class AnswersView(View, frozen=True, kw_only=True):
    items: list[AnswerView]
    next: str | None = None


class FindMatches(Request, frozen=True, kw_only=True):
    verdict: Verdict | None = None
    cursor: Cursor | None = None
    limit: Limit = 50


class MatchView(View, frozen=True, kw_only=True):
    """A row of ours and of theirs; `n` is 0 where we have none. `told` is the post office's reason."""

    n: int
    key: str
    payee: str
    ours_fen: int
    theirs_fen: int
    verdict: Verdict
    verdict_text: str
    told: str


class MatchesView(View, frozen=True, kw_only=True):
    items: list[MatchView]
    next: str | None = None


class NewReceipt(Request, frozen=True, kw_only=True):
    """Money that has come, by the bank's own reference."""

    reference: Annotated[
        str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+" + END, title="银行流水号")
    ]
    amount_fen: Annotated[int, Meta(ge=1, le=100_000_000_000, title="金额")]
    day: date


class ReturnReceipt(Request, frozen=True, kw_only=True):
    reason: Why


class ReceiptView(View, frozen=True, kw_only=True):
    id: str
    batch: str
    reference: str
    amount_fen: int
    day: date
    state: Literal["entered", "confirmed", "returned"]
    state_text: str
    by: str
    at: datetime
    confirmed_by: str
    reason: str
    may_answer: bool


class ReceiptsView(View, frozen=True, kw_only=True):
    items: list[ReceiptView]
    next: str | None = None


class FindReceipts(Request, frozen=True, kw_only=True):
    cursor: Cursor | None = None
    limit: Limit = 20


class FindDifferences(Request, frozen=True, kw_only=True):
    """Of one batch, or all in this state, the oldest first."""

    batch: Id | None = None
    state: DifferenceState = "open"
    cursor: Cursor | None = None
    limit: Limit = 20


class AssignDifference(Request, frozen=True, kw_only=True):
    """Empty: nobody's."""

    assignee: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_.@-]*" + END)] = ""


class NoteDifference(Request, frozen=True, kw_only=True):
    text: Annotated[Text, Meta(min_length=1)]


class ResolveDifference(Request, frozen=True, kw_only=True):
    """Theirs and writing off cost the street: somebody else has to agree."""

    how: Chosen
    reason: Why


class DeclineDifference(Request, frozen=True, kw_only=True):
    reason: Why


class DifferenceNote(View, frozen=True, kw_only=True):
    by: str
    at: datetime
    text: str


class DifferenceChoice(View, frozen=True, kw_only=True):
    """`effect` says what it does to the books; `second`: somebody else has to agree."""

    how: Chosen
    text: str
    effect: str
    second: bool


class DifferenceView(View, frozen=True, kw_only=True):
    """`fen` is ours less theirs. `transfer` is the transfer of the ledger that settled it, if there had to be one."""

    id: str
    batch: str
    kind: DifferenceKind
    kind_text: str
    key: str
    n: int
    payee: str
    ours_fen: int
    theirs_fen: int
    fen: int
    told: str
    state: DifferenceState
    state_text: str
    assignee: str
    assignee_name: str
    notes: list[DifferenceNote]
    how: Resolution | None
    how_text: str
    reason: str
    proposed_by: str
    decided_by: str
    choices: list[DifferenceChoice]
    may_decide: bool
    days: int
    opened_at: datetime
    resolved_at: datetime | None
    transfer: str


class DifferencesView(View, frozen=True, kw_only=True):
    items: list[DifferenceView]
    next: str | None = None


class AgeView(View, frozen=True, kw_only=True):
    """What is open since `first` to `last` days, null beyond the last: money of batches, and differences without sign."""

    first: int
    last: int | None
    text: str
    batches: int
    open_fen: int
    differences: int
    differences_fen: int


class AgingView(View, frozen=True, kw_only=True):
    """`unclaimed_fen` is paid on behalf and in no frozen batch yet."""

    ages: list[AgeView]
    open_fen: int
    differences: int
    unclaimed_fen: int
    lost_fen: int
