"""Roles that are proposed by one administrator and answered by another, and the table of rules."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import ONE_LINE, Cursor, Limit, Reason, Request, View
from schemas.staff import Grant

ProposalState = Literal["open", "approved", "declined", "withdrawn", "lapsed"]
GroupSource = Literal["department", "tag"]


class FindProposals(Request, frozen=True, kw_only=True):
    state: ProposalState | None = None
    cursor: Cursor | None = None
    limit: Limit = 30


class ProposeRule(Request, frozen=True, kw_only=True):
    """Everybody in this department, or with this tag, should have this role."""

    source: GroupSource
    number: Annotated[int, Meta(ge=1, le=999_999_999)]
    grant: Grant
    reason: Reason


class ProposeRuleRemoval(Request, frozen=True, kw_only=True):
    """`rule` is the id of a rule of the table."""

    rule: Annotated[str, Meta(min_length=1, max_length=300, pattern=ONE_LINE)]
    reason: Reason


class ChangeLineView(View, frozen=True, kw_only=True):
    """A line of what would be different: `adds` is false for what would be taken away."""

    adds: bool
    text: str


class ProposalView(View, frozen=True, kw_only=True):
    """`about` is whom or what it concerns in words, `userid` whom, where it is one person; `touched` are the names of
    those whom a rule is about. `can_answer`: whoever asks may approve or decline it; `stuck`: no administrator may."""

    id: str
    userid: str | None
    about: str
    lines: list[ChangeLineView]
    touched: list[str]
    reason: str
    by: str
    at: datetime
    expires_at: datetime
    state: ProposalState
    state_text: str
    decided_by: str
    decided_at: datetime | None
    answer: str
    own: bool
    can_answer: bool
    stuck: bool


class ProposalsView(View, frozen=True, kw_only=True):
    items: list[ProposalView]
    next: str | None = None


class RoleRuleView(View, frozen=True, kw_only=True):
    """`people` is how many are in that department or have that tag; `by` who has proposed and approved it."""

    id: str
    source: GroupSource
    number: int
    group: str
    grant: Grant
    text: str
    people: int
    by: list[str]


class RoleRulesView(View, frozen=True, kw_only=True):
    items: list[RoleRuleView]
    next: str | None = None
