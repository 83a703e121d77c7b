"""Notices 通知: what I was told. Opening one is reading it; what is not opened stays marked."""

from urllib.parse import urlencode

from msgspec import Struct

from handlers.base import allow
from handlers.page import Goto, MenuItem, Page, Shown
from schemas.common import Cursor
from schemas.staff_push import ReadView
from server import staff_push
from server.kit.db import Tx

_DELIVERIES = {"undeliverable": "企业微信没有送到", "dead": "企业微信没有送到"}


class Look(Struct, frozen=True):
    """From where on."""

    cursor: Cursor | None = None

    def address(self, cursor: str) -> str:
        return f"{Notices.path}?{urlencode({'cursor': cursor})}"


class Opened(Struct, frozen=True):
    """Which notice was opened; empty: all have been read."""

    id: str = ""


class Notices(Page):
    path = "/console/notices"
    menu = MenuItem("通知", "bell", 20)

    @allow("staff")
    async def get(self, query: Look) -> Shown:
        """My work notices, newest first."""
        mine = self.actor.id
        found = await self.building.db.reading(
            lambda reader: staff_push.listed(reader, mine, query.cursor, 20)
        )
        facts = {"look": query, "found": found, "deliveries": _DELIVERIES, "flash": self.flashed()}
        return Shown("console/staff_push.html", facts)

    @allow("staff")
    async def post(self, form: Opened) -> Goto:
        """This one is read, and on to what it is about; or all of them are."""

        async def read(tx: Tx) -> ReadView:
            await staff_push.read(tx, self.actor.id, [form.id] if form.id else None)
            return ReadView(unread=await staff_push.unread(tx, self.actor.id))

        await self.once(read)
        if not form.id:
            return Goto(self.path)
        page = await self.building.db.reading(
            lambda reader: staff_push.page_of(reader, self.actor.id, form.id)
        )
        return Goto(page or self.path)
