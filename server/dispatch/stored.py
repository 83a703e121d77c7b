"""What is kept of giving work: where a case stands, who was asked, how everybody was weighed, whose turn it was.

None of it holds anything of the resident but the number of their case.
"""

from datetime import datetime

from msgspec import Struct

from schemas.catalogue import DispatchMode
from schemas.dispatch import DeclineReason, DispatchState, OfferState
from server.keeping import Keeping, by_case
from server.kit.db import Collection, Index, Reader, Stored
from server.kit.jobs import DUE, Leased


class Dispatch(Leased, kw_only=True):
    """How the work of a case is given; `id` is the case's number, `heard` the last of its steps that was heard of.

    `due_at` is when somebody has to look: a round begins, or its time is over at `until`. `round` counts all that were
    ever begun, `step` those since somebody is looked for, `open` the offers that wait for an answer. `asked` and
    `refused` are workers: who was offered it since then, and who will not do it at this time.
    """

    kind: str
    title: str
    provider_id: str
    compound_id: str | None
    mode: DispatchMode
    state: DispatchState
    waiting: bool
    since: datetime
    start: datetime
    end: datetime
    minutes: int
    heard: int = 0
    version: int = 0
    round: int = 0
    step: int = 0
    open: int = 0
    until: datetime | None = None
    asked: list[str] = []
    refused: list[str] = []
    worker_id: str | None = None
    given_at: datetime | None = None


class Offer(Stored, kw_only=True):
    """Work that was offered to one worker in one round. `taken_by` is who was first, where somebody was."""

    case_no: str
    round: int
    worker_id: str
    provider_id: str
    mode: DispatchMode
    title: str
    start: datetime
    end: datetime
    community_id: str | None
    compound_id: str | None
    price_fen: int
    price_text: str
    at: datetime
    expires_at: datetime
    score: float
    state: OfferState = "open"
    answered_at: datetime | None = None
    taken_by: str | None = None
    reason: DeclineReason | None = None
    note: str = ""


class Part(Struct, frozen=True, kw_only=True):
    """`value` from 0 to 1, times `weight`, is what it adds to a score of 100; `fact` is what it was made of."""

    name: str
    fact: str
    value: float
    weight: int
    points: float


class Scored(Struct, frozen=True, kw_only=True):
    """A worker as they were weighed; `reasons` say why they could not be asked, `quarters` of that day were taken, and
    `free`: none of those that the work needs."""

    worker_id: str
    name: str
    free: bool
    quarters: int
    reasons: list[str]
    score: float
    parts: list[Part]
    chosen: bool = False


class Choice(Stored, kw_only=True):
    """The fairness ledger: one choice, and everybody who was weighed for it. `id` is `case number.version`."""

    case_no: str
    provider_id: str
    at: datetime
    how: str
    round: int
    by: str
    note: str
    weights: dict[str, int]
    table: list[Scored]


class Turn(Stored, kw_only=True):
    """When a worker, `id`, was last given work or had their turn, and how often."""

    last_at: datetime
    count: int = 0


DISPATCHES: Collection[Dispatch] = Collection(
    "dispatches",
    Dispatch,
    Index(("provider_id", "waiting", "start", "_id")),
    Index(("waiting", "start", "_id"), only={"waiting": True}),
    DUE,
)
OFFERS: Collection[Offer] = Collection(
    "offers",
    Offer,
    Index(("case_no", "round", "worker_id"), unique=True),
    Index(("worker_id", "state", "-at", "-_id")),
    Index(("provider_id", "at")),
)
CHOICES: Collection[Choice] = Collection("dispatch_choices", Choice, insert_only=True)
TURNS: Collection[Turn] = Collection("dispatch_turns", Turn)

KEPT = Keeping(
    title="派给服务人员",
    collection=OFFERS,
    find=by_case(),
    hidden=frozenset({"worker_id", "taken_by", "score", "note"}),
    blank={"note": ""},
)

MODES: dict[DispatchMode, str] = {"assign": "指派", "grab": "抢单", "rotate": "轮派"}
STATES: dict[DispatchState, tuple[str, str]] = {
    "due": ("正在派单", "active"),
    "offering": ("等师傅接单", "active"),
    "nobody": ("没人接单", "late"),
    "by_hand": ("等人指派", "wait"),
    "given": ("已派", "done"),
    "stopped": ("不用派", "grey"),
}
OFFER_STATES: dict[OfferState, str] = {
    "open": "等您答复",
    "taken": "已接",
    "declined": "没接",
    "expired": "过了时间",
    "withdrawn": "已收回",
}
REASONS: dict[DeclineReason, str] = {
    "busy": "那个时间有事",
    "far": "太远",
    "skill": "这个活做不了",
    "price": "价格不合适",
    "unwell": "身体不舒服",
    "other": "其他",
}


async def turns_of(reader: Reader, worker_ids: list[str]) -> dict[str, Turn]:
    found = await reader.all(TURNS, {"_id": {"$in": worker_ids}}, limit=max(len(worker_ids), 1))
    return {one.id: one for one in found}
