"""Where people live."""

from handlers.base import ANYONE, Endpoint, allow
from schemas.places import PlacesView
from server import places

TITLE = "社区与小区"


class Places(Endpoint):
    path = "/v1/places"

    @allow(ANYONE)
    async def get(self) -> PlacesView:
        """Street, communities and compounds."""
        return PlacesView(items=places.view_all(self.building.db.reader()))
