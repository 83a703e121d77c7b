"""The clocks of a case: how much of what was promised is used, and what they wait for."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import Reason, Request, Version, View

ClockState = Literal["running", "paused", "stopped"]
ClockUnit = Literal["working_days", "working_hours", "hours", "minutes"]
PauseOwner = Literal["resident", "office", "other"]


class PauseView(View, frozen=True, kw_only=True):
    """`owner` has to act before the clock runs again: the resident, the office, or some other authority."""

    at: datetime
    until: datetime | None
    owner: PauseOwner
    owner_text: str
    reason: str


class ExtensionView(View, frozen=True, kw_only=True):
    """`asker` wanted it and `approver` allowed it, by their names."""

    at: datetime
    amount: int
    approver: str
    asker: str
    reason: str


class AskedView(View, frozen=True, kw_only=True):
    """An extension that waits for somebody else to allow it; `asker_id` is the WeCom userid of who has asked."""

    at: datetime
    amount: int
    asker_id: str
    asker: str
    reason: str


class CaseClockView(View, frozen=True, kw_only=True):
    """Amounts are in `unit`. While the clock is paused, `due_at` is as if it ran again from now on; it is
    `provisional` while the holidays of its year are not published."""

    name: str
    title: str
    state: ClockState
    unit: ClockUnit
    used: float
    total: int
    left: float
    paused_for: float
    started_at: datetime
    stopped_at: datetime | None
    due_at: datetime
    overdue: bool
    provisional: bool
    text: str
    sentence: str
    pauses: list[PauseView]
    extensions: list[ExtensionView]
    asked: AskedView | None


class ClocksView(View, frozen=True, kw_only=True):
    items: list[CaseClockView]
    next: str | None = None


class PauseClock(Request, frozen=True, kw_only=True):
    """`reason` completes “为……停了”, such as “等您补照片”; the resident reads it."""

    reason: Reason
    owner: PauseOwner
    version: Version | None = None


class ResumeClock(Request, frozen=True, kw_only=True):
    """`version`: that of the case, where the caller has one before their eyes."""

    version: Version | None = None


class AskExtension(Request, frozen=True, kw_only=True):
    """`amount` is in the clock's unit; the resident reads the `reason` once somebody else has allowed it."""

    amount: Annotated[int, Meta(ge=1, le=365, title="延长多少")]
    reason: Reason
    version: Version | None = None


class AllowExtension(Request, frozen=True, kw_only=True):
    """`version`: that of the case, where the caller has one before their eyes."""

    version: Version | None = None


class RefuseExtension(Request, frozen=True, kw_only=True):
    """`reason` is for whoever has asked."""

    reason: Reason
    version: Version | None = None
