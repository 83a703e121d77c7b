"""What is stored of the settlement: batches and their rows, the post office's files, differences, money that has come.

Amounts are integer fen with a sign: what the post office owes us is positive, a refund has a minus.
"""

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from schemas.settlements import (
    AnswerState,
    BatchState,
    DifferenceKind,
    DifferenceState,
    Resolution,
    RowKind,
    Verdict,
)
from server.kit.db import TEXT, Collection, Index, Stored
from server.kit.jobs import DUE, Leased

ROW_KINDS: dict[RowKind, str] = {"redeem": "积分缴费", "refund": "退款", "carried": "上批转来"}
ANSWER_STATES: dict[AnswerState, str] = {"checking": "正在核对", "compared": "已比对", "refused": "整份退回"}
VERDICTS: dict[Verdict, str] = {
    "matched": "一致",
    "missing_there": "邮政没有",
    "missing_here": "我方没有",
    "other_amount": "金额不同",
    "doubled": "邮政重复",
    "refused": "邮政拒付",
}
DIFFERENCE_KINDS: dict[DifferenceKind, str] = {
    **{name: text for name, text in VERDICTS.items() if name != "matched"},
    "ours": "我方账实不符",
    "money": "到账金额不符",
}
DIFFERENCE_STATES: dict[DifferenceState, str] = {"open": "待处理", "proposed": "等复核", "resolved": "已处理"}
RESOLUTIONS: dict[Resolution, str] = {
    "ours": "按我方的数",
    "theirs": "按邮政的数",
    "next": "转入下一批",
    "write_off": "核销，由街道承担",
    "paid": "已补齐",
}
FAULTS = {
    "no_payment": "没有对应的缴费",
    "not_settled": "缴费没有缴清",
    "other_amount": "和缴费的积分金额不同",
    "other_payee": "和缴费的收费单位不同",
    "no_bill": "没有对应的账单",
}
"""What the ledger and our own payments and bills can disagree in."""


class Step(Struct, frozen=True):
    """Who brought a batch into a state, and when."""

    state: BatchState
    by: str
    at: datetime


class Batch(Leased, kw_only=True):
    """`alive` is there while it is open: there is one such batch. It takes redemptions from `since` to `until`; `cursor`
    is how far the collector has come. `version` counts whatever changes it.

    Fixed when it is frozen: `rows`, `claim_fen`, `digest` of its file. `answer_id` is the post office's file that was
    compared last. `expected_fen` is what they will pay, `surplus_fen` the part of it that no claim of ours is behind;
    `received_fen` has come, `posted_fen` of it stands in the ledger.
    """

    state: BatchState
    alive: str | None
    through: date
    since: datetime
    until: datetime
    cursor: str | None = None
    version: int = 1
    rows: int = 0
    sum_fen: int = 0
    faults: int = 0
    digest: str = ""
    claim_fen: int = 0
    answer_id: str = ""
    expected_fen: int = 0
    surplus_fen: int = 0
    received_fen: int = 0
    posted_fen: int = 0
    steps: list[Step] = []
    at: datetime

    @property
    def covered_fen(self) -> int:
        """What is expected for claims of ours."""
        return self.expected_fen - self.surplus_fen


class ClaimRow(Stored, kw_only=True):
    """`id` is the transfer that it claims, so it is in one batch; `batch_id` is empty while it waits for the next.
    `account_id` is where its points are booked. A row with a `fault` is not claimed."""

    batch_id: str
    n: int
    kind: RowKind
    payment_id: str
    payee_id: str
    payee: str
    bill_kind: str
    amount_fen: int
    account_id: str
    at: datetime
    fault: str = ""


class Answer(Leased, kw_only=True):
    """A file of the post office; `id` is the SHA-256 of its content."""

    state: AnswerState = "checking"
    reason: str = ""
    size: int
    batch_id: str = ""
    rows: int = 0
    sum_fen: int = 0
    counts: dict[str, int] = {}
    rejects: list[tuple[int, str, str]] = []
    by: str
    at: datetime


class Content(Stored, kw_only=True):
    """The file itself, as it came."""

    content: bytes


class Match(Stored, kw_only=True):
    """`id` is the file's with a number: one row of ours and of theirs beside each other. `n` orders them."""

    file_id: str
    n: int
    key: str
    row_no: int
    payee: str
    ours_fen: int
    theirs_fen: int
    verdict: Verdict
    told: str = ""
    account_id: str = ""
    claim_id: str = ""


class Note(Struct, frozen=True):
    by: str
    at: datetime
    text: str


class Difference(Stored, kw_only=True):
    """Something to be settled by people. `fen` is ours less theirs: with a minus they pay too much. `account_id` is where
    the points are now, `claim_id` the transfer that claimed them. `blocking`: until it is resolved the batch is not paid.

    `proposed_by` wants `how`, and somebody else has to agree where it costs the street.
    """

    batch_id: str
    kind: DifferenceKind
    key: str
    row_no: int
    payee: str
    ours_fen: int
    theirs_fen: int
    fen: int
    told: str = ""
    account_id: str
    claim_id: str = ""
    blocking: bool = True
    state: DifferenceState = "open"
    assignee: str = ""
    notes: list[Note] = []
    how: Resolution | None = None
    reason: str = ""
    proposed_by: str = ""
    decided_by: str = ""
    opened_at: datetime
    resolved_at: datetime | None = None
    transfer_id: str = ""
    version: int = 1


class Receipt(Stored, kw_only=True):
    """Money that has come from the post office. `key` is the bank's reference while it counts: it is entered once."""

    batch_id: str
    key: str | None
    reference: str
    amount_fen: int
    day: date
    state: Literal["entered", "confirmed", "returned"] = "entered"
    by: str
    at: datetime
    confirmed_by: str = ""
    confirmed_at: datetime | None = None
    reason: str = ""


BATCHES: Collection[Batch] = Collection(
    "settlements",
    Batch,
    Index(("alive",), unique=True, only={"alive": TEXT}),
    Index(("-at", "-_id")),
    Index(("state", "-at", "-_id")),
    DUE,
)
ROWS: Collection[ClaimRow] = Collection("settlement_rows", ClaimRow, Index(("batch_id", "n", "_id")))
ANSWERS: Collection[Answer] = Collection(
    "settlement_files", Answer, Index(("-at", "-_id")), Index(("batch_id", "-at", "-_id")), DUE
)
CONTENTS: Collection[Content] = Collection("settlement_contents", Content)
MATCHES: Collection[Match] = Collection(
    "settlement_matches", Match, Index(("file_id", "n", "_id")), Index(("file_id", "verdict", "n", "_id"))
)
DIFFERENCES: Collection[Difference] = Collection(
    "settlement_differences",
    Difference,
    Index(("state", "opened_at", "_id")),
    Index(("batch_id", "opened_at", "_id")),
)
RECEIPTS: Collection[Receipt] = Collection(
    "settlement_receipts",
    Receipt,
    Index(("key",), unique=True, only={"key": TEXT}),
    Index(("batch_id", "at", "_id")),
)
