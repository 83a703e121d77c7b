"""A case on paper, for the file and for a stamp."""

from typing import Any

from handlers.base import allow
from handlers.console import case
from handlers.page import Page, Shown
from server.kit.db import Reader


class CasePaper(Page):
    path = "/console/cases/{case_no}/print"

    @allow("staff")
    async def get(self, case_no: str) -> Shown:
        """The case as a sheet to print: what it is, where it stands, how it came to this, and room for a stamp."""
        house, actor = self.building, self.actor

        async def seen(reader: Reader) -> dict[str, Any]:
            return await case.picture(reader, case_no, actor, case.Problem(), house.settings)

        facts = await house.db.reading(seen)
        whose = facts["case"].resident
        await self.saw("cases.print", case_no, whose.id if whose else None)
        return Shown("console/paper.html", facts)
