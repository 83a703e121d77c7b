"""What is stored of refunds."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from schemas.refunds import RefundAction, RefundState
from server.keeping import Keeping, by_resident
from server.kit.db import MOMENT, Collection, Index
from server.kit.jobs import DUE, Leased
from server.payments.kept import stays

STATES: Mapping[RefundState, str] = {
    "proposed": "待审核",
    "declined": "没有同意",
    "carrying": "正在退",
    "abnormal": "退款异常",
    "handed": "已另行退还，待核对",
    "done": "已退",
    "closed": "微信没有退成",
}
OPEN: frozenset[RefundState] = frozenset({"proposed", "abnormal", "handed", "closed"})
"""In which somebody has to do something; of a closed one, propose another."""


BY_RULE = "rule"
"""Who proposed what came back by the rules of what was paid for."""


class Step(Struct, frozen=True):
    """An action and the states in which it can be done; `other`: not by whoever did the step before."""

    sources: tuple[RefundState, ...]
    other: bool = False


FLOW: Mapping[RefundAction, Step] = {
    "approve": Step(("proposed",), other=True),
    "decline": Step(("proposed", "handed")),
    "retry": Step(("abnormal",)),
    "hand": Step(("abnormal",)),
    "confirm": Step(("handed",), other=True),
}


class Refund(Leased, kw_only=True):
    """`id` is the refund's number at WeChat Pay: asked again it is the same. Of what WeChat Pay has taken, `of_fen`,
    `pay_fen` go back there; of the points `points_fen`, given back at `points_at`. `asked_at` is when it was asked, as
    WeChat Pay says. One without `proposed_by` is of a payment that came to nothing.

    A worker carries it on whenever it is due; each step can be done again.
    """

    payment_id: str
    resident_id: str
    payee_id: str
    title: str
    state: RefundState
    points_fen: int
    pay_fen: int
    of_fen: int
    reason: str
    why: str = ""
    proposed_by: str = ""
    proposer: str = ""
    decided_by: str = ""
    decider: str = ""
    decided_at: datetime | None = None
    answer: str = ""
    handed_by: str = ""
    hander: str = ""
    handed_note: str = ""
    points_at: datetime | None = None
    refund_id: str = ""
    asked_at: datetime | None = None
    looked: int = 0
    done_at: datetime | None = None
    at: datetime


REFUNDS: Collection[Refund] = Collection(
    "refunds",
    Refund,
    Index(("-at", "-_id")),
    Index(("state", "-at", "-_id")),
    Index(("payment_id", "_id")),
    Index(("resident_id", "-at", "-_id")),
    Index(("asked_at", "_id"), only={"asked_at": MOMENT}),
    DUE,
)


KEPT = Keeping(
    title="退款",
    collection=REFUNDS,
    find=by_resident,
    hidden=frozenset(
        {"proposed_by", "proposer", "decided_by", "decider", "handed_by", "hander", "handed_note"}
    ),
    wipe=stays,
)
