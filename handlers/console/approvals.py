"""Approvals for whoever works on them: the line at each step, and what is overdue in which community."""

from typing import Any
from urllib.parse import quote, urlencode

from msgspec import Struct
from msgspec.structs import asdict

from handlers.base import allow
from handlers.page import MenuItem, Page, Shown
from schemas.cases import CasesView
from server.approvals import desk
from server.kit.db import Reader
from server.kit.db.pages import BadCursor
from server.sessions import Actor

LIST = "/console/approvals"
BOARD = "/console/approvals/board"
WORKS = ("clerk", "operator", "elder_team", "reviewer", "admin")
SUPERVISES = ("reviewer", "admin")
_GONE = "名单有了变化，请从第一页看"


class Look(Struct, frozen=True):
    """Which line is looked at."""

    step: str = ""
    community: str = ""
    mine: str = ""
    cursor: str = ""

    def address(self, path: str = LIST, **changed: str) -> str:
        wanted = asdict(self) | changed
        query = urlencode({name: value for name, value in wanted.items() if value})
        return f"{path}?{query}" if query else path

    @property
    def narrowed(self) -> bool:
        return bool(self.step or self.community or self.mine)


def address(case_no: str) -> str:
    return f"{LIST}/{quote(case_no, safe='')}"


async def line(reader: Reader, look: Look, actor: Actor) -> dict[str, Any]:
    """What the list is filled with; a step that there is not has nobody waiting."""
    wanted = desk.Waiting(step=look.step, community_id=look.community, mine=bool(look.mine))
    found, problem = await _page(reader, wanted, look, actor)
    return {
        "look": look,
        "steps": desk.steps(),
        "communities": desk.communities(reader, actor),
        "found": found,
        "problem": problem,
        "supervises": may_supervise(actor),
    }


async def _page(reader: Reader, wanted: desk.Waiting, look: Look, actor: Actor) -> tuple[CasesView, str]:
    try:
        return await desk.waiting(reader, wanted, actor, look.cursor), ""
    except BadCursor:
        return CasesView(items=[]), _GONE


def may_supervise(actor: Actor) -> bool:
    return not actor.roles.isdisjoint(SUPERVISES)


class Approvals(Page):
    path = LIST
    menu = MenuItem("审批", "stamp", 12)

    @allow(*WORKS)
    async def get(self, query: Look) -> Shown:
        """Who waits at which step, what is due first at the top."""
        facts = await self.building.db.reading(lambda reader: line(reader, query, self.actor))
        return Shown("console/approvals.html", facts | {"flash": self.flashed()})


class Board(Page):
    path = BOARD

    @allow(*WORKS)
    async def get(self, query: Look) -> Shown:
        """How much is overdue in each community, and which cases these are."""
        actor = self.actor

        async def seen(reader: Reader) -> dict[str, Any]:
            late = desk.Waiting(community_id=query.community, overdue=True)
            found, problem = await _page(reader, late, query, actor)
            return {
                "look": query,
                "lines": await desk.board(reader, actor),
                "found": found,
                "problem": problem,
                "most": desk.MOST,
                "supervises": may_supervise(actor),
            }

        return Shown("console/approvals_board.html", await self.building.db.reading(seen))
