"""Where people often want to go."""

from handlers.base import ANYONE, Endpoint, allow
from schemas.landmarks import LandmarksView
from server import landmarks

TITLE = "常去的地方"


class Landmarks(Endpoint):
    path = "/v1/landmarks"

    @allow(ANYONE)
    async def get(self) -> LandmarksView:
        """Stations, hospitals, offices and the like, with where they are."""
        return LandmarksView(items=landmarks.view_all(self.building.db.reader()))
