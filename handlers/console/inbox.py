"""The inbox: what waits for me, for us, for anybody."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from handlers.base import allow
from handlers.page import MenuItem, Page, Shown
from schemas.cases import Box, CasesView, FindCases
from server import cases
from server.cases.kinds import kinds
from server.kit.db import Reader
from server.kit.db.pages import BadCursor
from server.places import PLACES
from server.sessions import Actor
from server.staff import STREET_WIDE
from server.unread import count as count_unread

BOXES: dict[Box, str] = {
    "mine": "我的",
    "team": "我们的",
    "soon": "快超时",
    "overdue": "已超时",
    "unassigned": "没人管",
}
SEARCH_HINT = "请输入完整的办件编号、电话，或电话的后四位"


class Look(Struct, frozen=True):
    """Which page of which list; a search looks at everything, closed cases too. `kind`, `state` (both a kind and one
    of its states, as `booking.submitted`) and `community` leave only some of it."""

    box: Box | None = None
    q: str = ""
    kind: str = ""
    state: str = ""
    community: str = ""
    cursor: str = ""

    @property
    def narrowed(self) -> bool:
        return bool(self.kind or self.state or self.community)

    def wanted(self, limit: int) -> FindCases:
        """Raises ValidationError."""
        kind, _, state = self.state.partition(".")
        asked = {
            "box": None if self.q else self.box,
            "q": self.q,
            "kind": self.kind,
            "state": state if kind == self.kind else "",
            "community_id": self.community,
            "cursor": self.cursor,
        }
        given = {name: value for name, value in asked.items() if value}
        return msgspec.convert(given | {"limit": limit}, FindCases)

    def address(self, path: str = "/console", **changed: Any) -> str:
        wanted = msgspec.structs.asdict(self) | changed
        query = urlencode({name: value for name, value in wanted.items() if value})
        return f"{path}?{query}" if query else path


async def picture(reader: Reader, look: Look, actor: Actor) -> dict[str, Any]:
    """What the list's templates are filled with."""
    counts = await cases.counts(reader, actor)
    look = msgspec.structs.replace(look, q="".join(look.q.split()))
    if look.box is None:
        look = msgspec.structs.replace(look, box="mine" if counts["mine"] else "team")
    found, problem = await _found(reader, look, actor)
    unread = await count_unread(reader, [one.case_no for one in found.items], actor)
    return {
        "look": look,
        "boxes": BOXES,
        "counts": counts,
        "found": found,
        "problem": problem,
        "unread": unread,
        "narrowing": _narrowing(reader, look, actor),
    }


def _narrowing(reader: Reader, look: Look, actor: Actor) -> list[tuple[str, str, list[tuple[str, str]], str]]:
    """The fields of the filter: name, label, what there is to choose from, what is chosen."""
    known = list(kinds().values())
    chosen = kinds().get(look.kind)
    states = [(f"{look.kind}.{one.name}", one.text) for one in chosen.flow.states.values()] if chosen else []
    whole = reader.everything(PLACES).items.values() if actor.roles & STREET_WIDE else []
    communities = sorted((one.id, one.name) for one in whole if one.kind == "community")
    return [
        ("kind", "哪一类", [(one.name, one.text) for one in known], look.kind),
        ("state", "到哪一步", states, look.state),
        ("community", "哪个社区", communities, look.community),
    ]


async def _found(reader: Reader, look: Look, actor: Actor) -> tuple[CasesView, str]:
    """The page, and what is wrong with the search when there is none."""
    try:
        return await cases.listed(reader, look.wanted(20), actor), ""
    except msgspec.ValidationError:
        return CasesView(items=[]), SEARCH_HINT
    except (cases.CaseNoMistyped, BadCursor) as error:
        return CasesView(items=[]), error.message


async def picture_of(page: Page, look: Look) -> dict[str, Any]:
    facts = await page.building.db.reading(lambda reader: picture(reader, look, page.actor))
    for one in facts["found"].items:
        page.building.live.shown(one)
    return facts


class Inbox(Page):
    path = "/console"
    menu = MenuItem("待办", "inbox", 10)

    @allow("staff")
    async def get(self, query: Look) -> Shown:
        """The inbox."""
        facts = await picture_of(self, query)
        return Shown("console/inbox.html", facts | {"flash": self.flashed()})


class InboxList(Page):
    path = "/console/list"

    @allow("staff")
    async def get(self, query: Look) -> Shown:
        """The list alone, for a page that keeps itself fresh."""
        facts = await picture_of(self, query)
        return Shown("console/list.html", facts)
