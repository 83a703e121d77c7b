"""What was given to those who have left: to be given to somebody else."""

from typing import Any

from msgspec import Struct

from handlers.base import allow
from handlers.page import Page, Shown
from server import cases, directory
from server.kit.db import Reader

HANDOVER = directory.HANDOVER


class Look(Struct, frozen=True):
    cursor: str | None = None


class Handover(Page):
    path = HANDOVER
    under = "/console/staff"

    @allow("dispatcher", "provider", "admin")
    async def get(self, query: Look) -> Shown:
        """Open cases in the hands of people who have left, what was promised first at the top."""
        actor = self.actor

        async def seen(reader: Reader) -> dict[str, Any]:
            found = await directory.handover(reader, actor, query.cursor, 20)
            lines = [(cases.view(reader, one, actor), directory.holder(reader, one)) for one in found.items]
            return {"lines": lines, "next": found.next, "first": query.cursor is None}

        return Shown("console/staff_left.html", await self.building.db.reading(seen))
