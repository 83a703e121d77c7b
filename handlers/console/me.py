"""Who am I here, what may I do, where am I logged in, and out."""

from handlers.base import allow
from handlers.page import COOKIE, Goto, MenuItem, Page, Shown
from handlers.sessions import leaving
from server import sessions

ME = "/console/me"


class Me(Page):
    path = ME
    menu = MenuItem("我", "user", 90)

    @allow("staff")
    async def get(self) -> Shown:
        """My name, my roles and what each may do, and my logins."""
        mine, own = self.actor.id, self.actor.session_id
        found = await self.building.db.reading(lambda reader: sessions.listed(reader, "staff", mine, own))
        return Shown("console/me.html", {"logins": found.items, "flash": self.flashed()})


class EndAll(Page):
    path = "/console/me/sessions/end-all"

    @allow("staff")
    async def get(self) -> Goto:
        """The address of a form that was sent, typed again."""
        return Goto(ME)

    @allow("staff")
    async def post(self) -> Goto:
        """Sign out on every device, this one too."""
        await self.once(leaving(self, lambda tx: sessions.close_all(tx, "staff", self.actor.id)))
        self.building.session_ended(self.actor.session_id)
        self.clear_cookie(COOKIE)
        return Goto("/console/logout")


class EndOne(Page):
    path = "/console/me/sessions/{session_id}/end"

    @allow("staff")
    async def get(self, session_id: str) -> Goto:
        """The address of a form that was sent, typed again."""
        return Goto(ME)

    @allow("staff")
    async def post(self, session_id: str) -> Goto:
        """Sign out another device of mine; sent twice it is done once."""
        mine = self.actor.id
        await self.once(leaving(self, lambda tx: sessions.close_one(tx, "staff", mine, session_id)))
        self.building.session_ended(session_id)
        self.flash("已退出那台设备")
        return Goto(ME)
