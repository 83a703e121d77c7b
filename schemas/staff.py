"""Those who serve: who they are and what they may do where."""

from typing import Literal

from schemas.common import View

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
