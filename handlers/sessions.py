"""Signing in and out. A login is not replayed under its key: the reply holds the token, and tokens are stored nowhere;
a client whose answer was lost asks wx.login for a fresh code."""

from handlers.base import ANYONE, Endpoint, allow
from schemas.sessions import NewSession, SessionView, StaffSessionView
from server import sessions
from server.kit.platform import PlatformRefusal

TITLE = "登录"


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
                tx, login.openid, login.unionid, login.session_key, house.vault, house.settings
            )
        )


class CurrentSession(Endpoint):
    path = "/v1/sessions/current"

    @allow("resident", "staff")
    async def delete(self) -> None:
        """Sign out here."""
        await self.building.sign_out(self.actor)


class AllSessions(Endpoint):
    path = "/v1/sessions/all"

    @allow("resident", "staff")
    async def delete(self) -> None:
        """Sign out everywhere."""
        await self.building.sign_out_everywhere(self.actor)


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
        return await house.db.atomically(lambda tx: sessions.open_staff(tx, userid, house.settings))
