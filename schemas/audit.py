"""What the staff did, as an administrator looks it up."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, field

from schemas.cases import Channel
from schemas.common import END, Cursor, Id, Limit, Request, View


class FindAudit(Request, frozen=True, kw_only=True):
    """`actor` is a staff id, `subject` a case number or the id of whoever it was about, `what` an act such as
    `booking.confirm`; both days count."""

    actor: Id | None = None
    subject: Id | None = None
    what: Annotated[str, Meta(max_length=64, pattern=r"^[a-z_]+(\.[a-z_-]+)+" + END)] | None = None
    from_: Annotated[date, Meta(description="当地日期")] | None = field(default=None, name="from")
    to: Annotated[date, Meta(description="当地日期，含当天")] | None = None
    cursor: Cursor | None = None
    limit: Limit = 50


class AuditEntryView(View, frozen=True, kw_only=True):
    """`what` is noun.verb or kind.action; `outcome` is `done`, or the name of the refusal.
    `reason` is what had to be said for it, mostly empty."""

    id: str
    at: datetime
    actor_kind: str
    actor_id: str
    actor: str
    roles: list[str]
    what: str
    subjects: list[str]
    channel: Channel
    ip: str
    agent: str
    request_id: str
    outcome: str
    reason: str


class AuditView(View, frozen=True, kw_only=True):
    items: list[AuditEntryView]
    next: str | None = None
