"""What I can be told of, and how I want to hear it."""

from handlers.base import Endpoint, allow
from schemas.topics import TopicsView
from server import residents, topics

TITLE = "消息设置"


class Topics(Endpoint):
    path = "/v1/topics"

    @allow("resident")
    async def get(self) -> TopicsView:
        """What I am told of at once, once a day or in the inbox only, and when it is quiet; `/v1/me` changes it."""
        resident = await self.building.db.reading(lambda reader: residents.find(reader, self.actor.id))
        return topics.listed(resident.preferences, self.building.settings.push)
