"""Items 事项: what can be applied for, and what it takes; anybody may read it."""

from handlers.base import ANYONE, Endpoint, allow
from schemas.items import FindItems, ItemsView, ItemView
from server import items
from server.kit.errors import Unauthorized
from server.residents import Resident

TITLE = "办事事项"


class Items(Endpoint):
    path = "/v1/items"

    @allow(ANYONE)
    async def get(self, query: FindItems) -> ItemsView:
        """What can be applied for, by domain or by a word of its name."""
        return items.listed(self.building.db.reader(), query)


class Item(Endpoint):
    path = "/v1/items/{code}"

    @allow(ANYONE)
    async def get(self, code: str) -> ItemView:
        """The guide to one: papers, steps, limits. Who is signed in reads in `hints` whether it is for them."""
        reader = self.building.db.reader()
        return items.view(items.in_force(reader, code), await self._resident(), reader.now)

    async def _resident(self) -> Resident | None:
        """Who is asking; a session that has ended is nobody's, and the guide is there all the same."""
        token = self.token()
        try:
            actor = await self.find_actor(token) if token else None
        except Unauthorized:
            return None
        if actor is None or actor.kind != "resident":
            return None
        return await self.building.resident(actor.id)
