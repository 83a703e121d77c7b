"""Licences, insurance and certificates: what is handed in, and what is shown of them."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import ONE_LINE, Id, Line, Reason, Request, Version, View

Of = Literal["worker", "provider"]
PaperKind = Literal["licence", "insurance", "health", "electrician", "nursing", "driving"]
PaperState = Literal["none", "valid", "soon", "expired"]
PaperNumber = Annotated[
    str, Meta(min_length=4, max_length=60, pattern=ONE_LINE, title="证件编号", description="按证件上的写")
]


class NewPaper(Request, frozen=True, kw_only=True):
    """`owner_id` is a worker or a provider; `valid_until` is the last day on which the paper holds."""

    owner_id: Id
    kind: PaperKind
    number: PaperNumber
    issuer: Line
    issued: date | None = None
    valid_until: date


class ApprovePaper(Request, frozen=True, kw_only=True):
    version: Version


class ReturnPaper(Request, frozen=True, kw_only=True):
    version: Version
    reason: Reason


class FindCertificates(Request, frozen=True, kw_only=True):
    provider_id: Id | None = None


class PaperView(View, frozen=True, kw_only=True):
    """`number` shows no more than its last four characters."""

    number: str
    issuer: str
    issued: date | None
    valid_until: date
    handed_in_by: str
    handed_in_at: datetime
    answered_by: str
    answered_at: datetime | None
    reason: str


class CertificateView(View, frozen=True, kw_only=True):
    """`state` is that of the approved paper today, `days_left` until its last day; `pending` waits for the street,
    `returned` is the last one that was handed back. `version` goes along with the answer."""

    id: str
    of: Of
    owner_id: str
    owner: str
    provider_id: str
    kind: PaperKind
    kind_text: str
    state: PaperState
    state_text: str
    days_left: int | None
    current: PaperView | None
    pending: PaperView | None
    returned: PaperView | None
    version: int


class CertificatesView(View, frozen=True, kw_only=True):
    items: list[CertificateView]
    next: str | None = None


class RiskView(View, frozen=True, kw_only=True):
    """A visit that was given to somebody who will not be allowed to do it on its day."""

    case_no: str
    title: str
    when: datetime
    worker_id: str
    worker: str
    provider_id: str
    reasons: list[str]


class RisksView(View, frozen=True, kw_only=True):
    items: list[RiskView]
    next: str | None = None
