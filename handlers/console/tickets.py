"""Tickets for whoever buys them: what waits for a price, for money, for a purchase, and what has to be bought soonest."""

from typing import Any
from urllib.parse import quote, urlencode

from msgspec import Struct
from msgspec.structs import asdict

from handlers.base import allow
from handlers.page import MenuItem, Page, Shown
from schemas.cases import CasesView
from server.kit.db import Reader
from server.kit.db.pages import BadCursor
from server.sessions import Actor
from server.tickets import desk

LIST = "/console/tickets"
WORKS = ("provider", "dispatcher", "operator", "clerk", "admin")
_GONE = "名单有了变化，请从第一页看"


class Look(Struct, frozen=True):
    """Which of the orders are looked at."""

    queue: str = ""
    mine: str = ""
    cursor: str = ""

    def address(self, path: str = LIST, **changed: str) -> str:
        wanted = asdict(self) | changed
        query = urlencode({name: value for name, value in wanted.items() if value})
        return f"{path}?{query}" if query else path

    @property
    def narrowed(self) -> bool:
        return bool(self.queue or self.mine)


def address(case_no: str) -> str:
    return f"{LIST}/{quote(case_no, safe='')}"


async def line(reader: Reader, look: Look, actor: Actor) -> dict[str, Any]:
    """What the list is filled with; a queue that there is not has nobody waiting."""
    found, problem = await _page(reader, look, actor)
    return {
        "look": look,
        "queues": desk.QUEUES,
        "waiting": await desk.counts(reader, actor),
        "most": desk.MOST,
        "found": found,
        "problem": problem,
    }


async def _page(reader: Reader, look: Look, actor: Actor) -> tuple[CasesView, str]:
    wanted = desk.Waiting(queue=look.queue, mine=bool(look.mine))
    try:
        return await desk.waiting(reader, wanted, actor, look.cursor), ""
    except BadCursor:
        return CasesView(items=[]), _GONE


class Tickets(Page):
    path = LIST
    menu = MenuItem("车票代购", "ticket", 13)

    @allow(*WORKS)
    async def get(self, query: Look) -> Shown:
        """Who waits for what, the most urgent at the top."""
        facts = await self.building.db.reading(lambda reader: line(reader, query, self.actor))
        for one in facts["found"].items:
            self.building.live.shown(one)
        return Shown("console/tickets.html", facts | {"flash": self.flashed()})
