"""Rules by version: what every version has, whatever its rules are."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import ONE_LINE, Reason, Request, View

VersionState = Literal["draft", "returned", "approved"]


class NewVersion(Request, frozen=True, kw_only=True):
    """In force from the midnight that begins `valid_from`, when another person has approved it; `note` is for them."""

    valid_from: date
    note: Annotated[str, Meta(max_length=200, pattern=ONE_LINE)] = ""


class ReturnVersion(Request, frozen=True, kw_only=True):
    reason: Reason


class VersionView(View, frozen=True, kw_only=True):
    """`number` 1 is what counted before any was written; `actions` are what whoever asks may do with it."""

    number: int
    state: VersionState
    state_text: str
    in_force: bool
    valid_from: date
    note: str
    author: str
    created_at: datetime | None
    approved_by: str
    approved_at: datetime | None
    reason: str
    actions: list[str]
