"""What is stored of an approval: what was filled in and handed in, and everything that was said about it on the way.

Words of people stand in fields that `server/accounts.py` empties when the resident leaves.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from schemas.approvals import Verdict
from schemas.items import Condition, Delivery, ItemBody, Material, StepName


class Given(Struct, kw_only=True):
    """What was handed in for one material. `files` that were taken over from an earlier case stay that case's."""

    key: str
    files: list[str] = []
    reused_from: str = ""
    paper: bool = False
    verdict: Verdict = "pending"
    remark: str = ""

    @property
    def there(self) -> bool:
        return bool(self.files) or self.paper


class Notice(Struct, kw_only=True):
    """A supplement notice 补正通知: `lines` say all that is lacking, `until` when it has to be there."""

    at: datetime
    until: datetime
    lines: list[str]
    note: str
    by: str
    answered_at: datetime | None = None


class Opinion(Struct, kw_only=True):
    """What somebody thought at a step; `stands_for` is the colleague in whose place they did it."""

    step: str
    what: Literal["passed", "signed", "sent_back", "denial"]
    at: datetime
    by: str
    name: str
    stands_for: str = ""
    text: str = ""


class Visited(Struct, kw_only=True):
    at: datetime
    contact: str
    text: str
    photos: list[str]


class Raised(Struct, kw_only=True):
    """An objection 异议; `contact_name` is who raised it, and no applicant's business."""

    at: datetime
    text: str
    contact_name: str
    upheld: bool | None = None
    answer: str = ""


class Signer(Struct, kw_only=True):
    userid: str
    name: str
    at: datetime | None = None
    opinion: str = ""


class Did(Struct, kw_only=True):
    """Who brought a station of the way to its end, and when."""

    at: datetime
    by: str
    name: str


class Approval(Struct, kw_only=True):
    """`item_id` is the version that the case started with; `step` and `role` are the step it lies at and whose that is.

    `did` says who has finished each station; stations that have to be gone again are taken out of it. `reviewers` are
    the ids of those who have reviewed it since, so that none of them decides.
    """

    item_id: str
    code: str
    item: str
    instant: bool
    form: dict[str, Any] = {}
    materials: list[Given] = []
    delivery: Delivery | None = None
    address: str = ""
    signature: str = ""
    submitted_at: datetime | None = None
    accepted_at: datetime | None = None
    deemed: bool = False
    notices: list[Notice] = []
    second_allowed: bool = False
    step: StepName | None = None
    role: str = ""
    did: dict[str, Did] = {}
    reviewers: list[str] = []
    holders: dict[str, str] = {}
    opinions: list[Opinion] = []
    visits: list[Visited] = []
    objections: list[Raised] = []
    signers: list[Signer] = []
    copies: list[Signer] = []
    proposal: str = ""
    district_document: str = ""
    ground: str = ""
    reason: str = ""
    opinion: str = ""
    pick_up_code: str = ""
    delivered_how: str = ""
    faults: list[str] = []

    def given(self, key: str) -> Given | None:
        return next((one for one in self.materials if one.key == key), None)


def holds(condition: Condition | None, form: Mapping[str, Any]) -> bool:
    """Whether the form says so; true is not the number one."""
    if condition is None:
        return True
    answer = form.get(condition.field)
    return any(answer == one and isinstance(answer, bool) == isinstance(one, bool) for one in condition.is_)


def needed(body: ItemBody, form: Mapping[str, Any]) -> list[Material]:
    """The materials that have to be handed in, for a form like this."""
    return [one for one in body.materials if one.required and holds(one.when, form)]


def lacking(body: ItemBody, approval: Approval) -> list[Material]:
    """What has to be handed in and is not there."""
    found = {one.key for one in approval.materials if one.there}
    return [one for one in needed(body, approval.form) if one.key not in found]


def is_instant(approval: Approval) -> bool:
    return approval.instant


def not_accepted_yet(approval: Approval) -> bool:
    return approval.accepted_at is None


def unanswered(approval: Approval) -> bool:
    return any(one.upheld is None for one in approval.objections)


def unsigned(approval: Approval) -> bool:
    return any(one.at is None for one in approval.signers)


def whose_step(approval: Approval) -> frozenset[str]:
    """The part whose step it is."""
    return frozenset({approval.role})
