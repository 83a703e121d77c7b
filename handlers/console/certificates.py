"""Papers that run out, and the visits that will have nobody who may make them: for a manager their own, else all."""

from typing import Any, Literal

from msgspec import Struct

from handlers.base import allow
from handlers.page import MenuItem, Page, Shown
from server import certificates
from server.catalogue import PROVIDERS
from server.kit.db import Reader
from server.sessions import Actor

PAGE = "/console/certificates"
Days = Literal["ended", "30", "60"]
_TEXTS: dict[Days, str] = {"ended": "已到期", "30": "30 天内到期", "60": "60 天内到期"}
_FARTHEST = 60


class Look(Struct, frozen=True):
    """How soon they end; what has ended is always among them."""

    within: Days = "30"


async def picture(reader: Reader, look: Look, actor: Actor) -> dict[str, Any]:
    """What the page is filled with."""
    every = certificates.ending(reader, actor, _FARTHEST)
    left = {"ended": -1, "30": 30, "60": _FARTHEST}
    shown = {
        name: [one for one in every if one.days_left is not None and one.days_left <= left[name]]
        for name in _TEXTS
    }
    return {
        "look": look,
        "tabs": [(name, text, len(shown[name])) for name, text in _TEXTS.items()],
        "papers": shown[look.within],
        "whose": {one.id: one.name for one in reader.everything(PROVIDERS).items.values()},
        "risks": (await certificates.risks(reader, actor)).items,
    }


class Certificates(Page):
    path = PAGE
    menu = MenuItem("证件到期", "alert", 52)

    @allow("provider", "dispatcher", "admin")
    async def get(self, query: Look) -> Shown:
        """Whose papers end, the first to end first."""
        facts = await self.building.db.reading(lambda reader: picture(reader, query, self.actor))
        return Shown("console/certificates.html", facts)
