"""Those who serve: who they are and what they may do where."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import Cursor, Id, Limit, Reason, Request, View

Role = Literal[
    "operator",
    "clerk",
    "reviewer",
    "dispatcher",
    "provider",
    "worker",
    "driver",
    "elder_team",
    "accountant",
    "admin",
]


class Grant(View, frozen=True, kw_only=True):
    """A role within a place or a provider; neither named: the whole street."""

    role: Role
    community_id: str | None = None
    compound_id: str | None = None
    provider_id: str | None = None


class StaffView(View, frozen=True, kw_only=True):
    id: str
    name: str
    grants: list[Grant]


class RoleView(View, frozen=True, kw_only=True):
    name: str
    text: str
    scope: str
    may: str


class RolesView(View, frozen=True, kw_only=True):
    items: list[RoleView]
    next: str | None = None


class FindStaff(Request, frozen=True, kw_only=True):
    """`q` is a part of the name, the WeCom userid or the end of the telephone number."""

    q: Annotated[str, Meta(max_length=64)] = ""
    role: Role | None = None
    provider_id: Id | None = None
    active: bool | None = None
    cursor: Cursor | None = None
    limit: Limit = 30


class MemberLineView(View, frozen=True, kw_only=True):
    """`roles` says the grants in words; `by_hand` and `mapped` whether any of them came so."""

    id: str
    name: str
    active: bool
    grants: list[Grant]
    roles: list[str]
    by_hand: bool
    mapped: bool


class MembersView(View, frozen=True, kw_only=True):
    items: list[MemberLineView]
    next: str | None = None


class HeldView(View, frozen=True, kw_only=True):
    """A role somebody has, and from where: by hand, or by which rules of the table."""

    grant: Grant
    text: str
    by_hand: bool
    rules: list[str]


class MemberView(View, frozen=True, kw_only=True):
    """`groups` are the departments and tags of the directory that they are in."""

    id: str
    name: str
    active: bool
    left_at: datetime | None
    groups: list[str]
    held: list[HeldView]


class ProposeGrants(Request, frozen=True, kw_only=True):
    """Roles by hand that somebody should have more, and less."""

    add: list[Grant] = []
    remove: list[Grant] = []
    reason: Reason


class DeclineProposal(Request, frozen=True, kw_only=True):
    reason: Reason
