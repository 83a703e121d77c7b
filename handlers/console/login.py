"""Staff sign in with WeCom: out to the platform with a state that only this browser knows, back with a code."""

import hmac
import re
import secrets
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

from msgspec import Meta, Struct

from handlers.base import ANYONE, allow
from handlers.page import COOKIE, Goto, Page, Shown
from handlers.sessions import enter, leaving
from server import sessions
from server.config import WeCom
from server.kit.errors import Forbidden
from server.kit.platform import Action, PlatformRefusal
from server.staff import NotStaff

HOME = "/console"
PENDING = "hoelun_login"
MINUTES = 10
_INSIDE = re.compile(r"/console([/?][!-~]*)?")


class LoginStale(Forbidden):
    """这次登录已经过期，或者不是从这个浏览器开始的，请重新登录"""


class LoginCancelled(Forbidden):
    """没有登录成功，请再试一次"""


class Pending(Struct, frozen=True):
    """A login that has gone out and is expected back."""

    state: str
    next: str


class Wanted(Struct, frozen=True):
    next: str = HOME


class Returned(Struct, frozen=True):
    """What the platform brings back; it may bring more."""

    code: Annotated[str, Meta(max_length=512)] = ""
    state: Annotated[str, Meta(max_length=128)] = ""


def inside(path: str) -> str:
    """Where to go after the login: a page of ours, whatever the link said."""
    return path if _INSIDE.fullmatch(path) else HOME


def authorize_link(wecom: WeCom, back: str, state: str, in_client: bool) -> str:
    """The platform's login: quietly inside its own client, by QR code in any other browser."""
    who = {"appid": wecom.corpid, "agentid": wecom.agentid, "redirect_uri": back, "state": state}
    if in_client:
        query = urlencode({"response_type": "code", "scope": "snsapi_base"} | who)
        return f"{wecom.authorize_url}?{query}#wechat_redirect"
    return f"{wecom.login_url}?{urlencode({'login_type': 'CorpApp'} | who)}"


class Login(Page):
    path = "/console/login"

    @allow(ANYONE)
    async def get(self, query: Wanted) -> Goto:
        """Out to the platform."""
        settings, state = self.building.settings, secrets.token_hex(24)
        self.keep_sealed(PENDING, Pending(state, inside(query.next)), seconds=MINUTES * 60)
        base = settings.public_url or f"{self.request.protocol}://{self.request.host}"
        in_client = "wxwork" in self.request.headers.get("User-Agent", "").lower()
        return Goto(authorize_link(settings.wecom, f"{base}/console/callback", state, in_client))


class Callback(Page):
    path = "/console/callback"

    @allow(ANYONE)
    async def get(self, query: Returned) -> Goto:
        """Back from the platform."""
        pending = self.take_sealed(PENDING, Pending, seconds=MINUTES * 60)
        if pending is None or not hmac.compare_digest(pending.state.encode(), query.state.encode()):
            raise LoginStale
        await self.building.db.alone(
            lambda tx: sessions.spend_state(tx, pending.state, timedelta(minutes=MINUTES))
        )
        if not query.code:
            raise LoginCancelled
        roles = await self._sign_in(query.code)
        at_the_wheel = pending.next == HOME and roles == {"driver"}
        return Goto(f"{HOME}/driver" if at_the_wheel else pending.next)

    async def _sign_in(self, code: str) -> set[str]:
        """The roles of who has come."""
        house = self.building
        try:
            userid = await house.wecom.userid_of(code)
        except PlatformRefusal as error:
            raise refusal(error) from error
        own = house.settings.sessions
        view = await enter(self, userid, timedelta(minutes=own.console_idle_minutes))
        self.keep_token(view.token, seconds=own.staff_hours * 3600)
        return {one.role for one in view.staff.grants}


def refusal(error: PlatformRefusal) -> Exception:
    """The platform's refusal in words for staff."""
    match error.action:
        case Action.ask_new_code:
            return LoginStale()
        case Action.refuse_login:
            return NotStaff()
    return sessions.refusal(error)


class Logout(Page):
    path = "/console/logout"

    @allow(ANYONE)
    async def get(self) -> Shown:
        """Where a logout ends: the login is one tap away, and not automatic."""
        return Shown("console/left.html", {})

    @allow("staff")
    async def post(self) -> Goto:
        """Sign out here."""
        await self.once(leaving(self, lambda tx: sessions.close(tx, self.actor.session_id)))
        self.building.session_ended(self.actor.session_id)
        self.clear_cookie(COOKIE)
        return Goto(self.path)
