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
