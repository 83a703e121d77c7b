"""Signing in and out. A login is not replayed under its key: the reply holds the token, and tokens are stored nowhere;
a client whose answer was lost asks wx.login for a fresh code."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from handlers.base import ANYONE, Endpoint, allow
from schemas.sessions import NewSession, SessionsView, SessionView, StaffSessionView
from server import audit, sessions
from server.kit.db import Tx
from server.kit.platform import PlatformRefusal
from server.sessions import Whence

TITLE = "登录"


def whence(door: Endpoint, idle: timedelta | None = None) -> Whence:
    """Where this request comes from."""
    device = audit.device(door.request.headers.get("User-Agent", ""))
    return Whence(device, door.request.remote_ip or "", idle)


async def enter(door: Endpoint, userid: str, idle: timedelta | None = None) -> StaffSessionView:
    """A new login of a member of the staff, written down with it. Raises NotStaff."""
    house = door.building

    async def entered(tx: Tx) -> StaffSessionView:
        view = await sessions.open_staff(tx, userid, house.settings, whence(door, idle))
        actor = sessions.Actor("staff", view.staff.id, view.staff.name, tuple(view.staff.grants))
        audit.watch(tx, actor, door.origin())
        audit.close(tx, "sessions.enter")
        return view

    return await house.db.atomically(entered)


def leaving(door: Endpoint, work: Callable[[Tx], Awaitable[object]]) -> Callable[[Tx], Awaitable[None]]:
    """The end of one of one's own logins, or of all, under its name in the records."""

    async def left(tx: Tx) -> None:
        await work(tx)
        audit.note(tx, door.actor, door.channel, "sessions.leave")

    return left


class Sessions(Endpoint):
    path = "/v1/sessions"

    @allow(ANYONE, status=201, once=False)
    async def post(self, new: NewSession) -> SessionView:
        """Sign in a resident with wx.login's code."""
        house = self.building
        try:
            login = await house.wechat.code_to_session(new.code)
        except PlatformRefusal as error:
            raise sessions.refusal(error) from error
        return await house.db.atomically(
            lambda tx: sessions.open_resident(
                tx, login.openid, login.unionid, login.session_key, house.vault, house.settings, whence(self)
            )
        )

    @allow("resident", "staff")
    async def get(self) -> SessionsView:
        """My logins that are good now, the latest first."""
        actor = self.actor
        return await self.building.db.reading(
            lambda reader: sessions.listed(reader, actor.kind, actor.id, actor.session_id)
        )


class CurrentSession(Endpoint):
    path = "/v1/sessions/current"

    @allow("resident", "staff")
    async def delete(self) -> None:
        """Sign out here."""
        await self.once(leaving(self, lambda tx: sessions.close(tx, self.actor.session_id)))
        self.building.session_ended(self.actor.session_id)


class AllSessions(Endpoint):
    path = "/v1/sessions/all"

    @allow("resident", "staff")
    async def delete(self) -> None:
        """Sign out everywhere."""
        await self.once(leaving(self, lambda tx: sessions.close_all(tx, self.actor.kind, self.actor.id)))
        self.building.session_ended(self.actor.session_id)


class OneSession(Endpoint):
    path = "/v1/sessions/{session_id}"

    @allow("resident", "staff")
    async def delete(self, session_id: str) -> None:
        """Sign out another device of mine."""
        kind, mine = self.actor.kind, self.actor.id
        await self.once(leaving(self, lambda tx: sessions.close_one(tx, kind, mine, session_id)))
        self.building.session_ended(session_id)


class StaffSessions(Endpoint):
    path = "/v1/staff-sessions"

    @allow(ANYONE, status=201, once=False)
    async def post(self, new: NewSession) -> StaffSessionView:
        """Sign in a member of the staff with a WeCom OAuth code."""
        house = self.building
        try:
            userid = await house.wecom.userid_of(new.code)
        except PlatformRefusal as error:
            raise sessions.refusal(error) from error
        return await enter(self, userid)
