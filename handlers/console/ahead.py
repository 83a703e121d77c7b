"""What lies ahead: who waits for a seat, and which visits come every week."""

from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from handlers.base import allow
from handlers.page import MenuItem, Page, Shown
from schemas.common import Cursor
from schemas.plans import FindPlans
from schemas.waitlist import FindWaitings
from server import plans, waitlist
from server.kit.db import Reader
from server.sessions import Actor


class Look(Struct, frozen=True):
    """Which page of the line, and which of the plans."""

    line: Cursor | None = None
    plans: Cursor | None = None

    def address(self, **changed: str | None) -> str:
        wanted = {"line": self.line, "plans": self.plans} | changed
        query = urlencode({name: value for name, value in wanted.items() if value})
        return f"/console/ahead?{query}" if query else "/console/ahead"


async def picture(reader: Reader, look: Look, actor: Actor) -> dict[str, Any]:
    """What the page is filled with."""
    line = await waitlist.listed(reader, FindWaitings(open=True, cursor=look.line), actor)
    weekly = await plans.listed(reader, FindPlans(cursor=look.plans), actor)
    return {"look": look, "line": line, "weekly": weekly}


class Ahead(Page):
    path = "/console/ahead"
    menu = MenuItem("候补与定期", "calendar", 40)

    @allow("operator", "clerk", "dispatcher", "provider", "reviewer", "admin")
    async def get(self, query: Look) -> Shown:
        """Who waits for a seat, and the recurring plans, of those in scope."""
        facts = await self.building.db.reading(lambda reader: picture(reader, query, self.actor))
        return Shown("console/ahead.html", facts)
