"""Signing in: a resident with wx.login's code, staff with a WeCom OAuth code."""

from datetime import datetime

from schemas.common import Code, Request, View
from schemas.residents import ResidentView
from schemas.staff import StaffView


class NewSession(Request, frozen=True, kw_only=True):
    code: Code


class SessionView(View, frozen=True, kw_only=True):
    """`token` goes back as `Authorization: Bearer`; it is shown this once."""

    token: str
    expires_at: datetime
    resident: ResidentView


class StaffSessionView(View, frozen=True, kw_only=True):
    token: str
    expires_at: datetime
    staff: StaffView


class LoginView(View, frozen=True, kw_only=True):
    """A login that is good now. `device` is the kind of client, `seen_at` when it was last used, to the minute; `current`
    is the one that is asking."""

    id: str
    device: str
    ip: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool


class SessionsView(View, frozen=True, kw_only=True):
    items: list[LoginView]
    next: str | None = None
