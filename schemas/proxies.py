"""Family proxy: what one resident lets another do for them, and until when."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.cases import PersonView
from schemas.common import END, Request, View

ProxyScope = Literal["bookings", "approvals", "points_read", "bills"]
ProxyState = Literal["invited", "active", "expired", "revoked"]


class NewProxy(Request, frozen=True, kw_only=True):
    """An invitation: whoever enters its code may act for me, within `scopes`, for `days` from now. `relation` is what I
    am to them, such as 母亲; it stands beside my name over what they write for me."""

    scopes: Annotated[list[ProxyScope], Meta(min_length=1, max_length=4, title="可以代办什么")]
    days: Annotated[int, Meta(ge=1, le=3650, title="几天内有效")] = 365
    relation: Annotated[
        str, Meta(max_length=8, pattern=r"^[\u4e00-\u9fff]*" + END, title="我是对方的什么人")
    ] = ""


class AcceptProxy(Request, frozen=True, kw_only=True):
    code: Annotated[
        str,
        Meta(
            pattern=r"^[0-9A-Za-z]{4}[- ]?[0-9A-Za-z]{4}" + END,
            title="邀请码",
            examples=["7KQM-2WRT"],
        ),
    ]


class ProxyView(View, frozen=True, kw_only=True):
    """`side` is `granted` where I am the principal, `held` where I may act for somebody. `sentence` says who acts for
    whom, `scopes_text` in what and `until_text` until when; `can_end` while there is something to end."""

    id: str
    side: Literal["granted", "held"]
    principal: PersonView
    holder: PersonView | None
    scopes: list[ProxyScope]
    state: ProxyState
    state_text: str
    relation: str
    created_at: datetime
    accepted_at: datetime | None
    expires_at: datetime
    revoked_at: datetime | None
    sentence: str
    scopes_text: str
    until_text: str
    can_end: bool


class InvitationView(View, frozen=True, kw_only=True):
    """The only time that the code is shown: read it out, or show it, to whom it is for."""

    code: str
    code_expires_at: datetime
    proxy: ProxyView


class ScopeChoice(View, frozen=True, kw_only=True):
    value: ProxyScope
    text: str


class TermChoice(View, frozen=True, kw_only=True):
    days: int
    text: str


class ProxiesView(View, frozen=True, kw_only=True):
    """`scopes` and `terms` are what a new one can be given for, and for how long."""

    items: list[ProxyView]
    next: str | None = None
    scopes: list[ScopeChoice]
    terms: list[TermChoice]
