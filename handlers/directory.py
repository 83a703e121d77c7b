"""WeCom's directory: what was read of it, and reading it now instead of at night."""

from handlers.base import Answer, Endpoint, allow
from schemas.directory import DirectoryView, ReadingView
from server import audit, directory, role_views
from server.kit.db import Tx

TITLE = "通讯录"


class Directory(Endpoint):
    path = "/v1/directory"

    @allow("admin")
    async def get(self) -> DirectoryView:
        """The last reading, and the departments and tags that rules can name."""
        return role_views.known_directory(self.building.db.reader())


class Readings(Endpoint):
    path = "/v1/directory/readings"

    @allow("admin", status=201)
    async def post(self) -> Answer[ReadingView]:
        """Read all of it now; read twice, the second time nothing is news."""
        replayed = await self.replayed()
        if replayed is not None:
            return replayed
        done = await directory.read(self.building)

        async def noted(tx: Tx) -> ReadingView:
            audit.note(tx, self.actor, self.channel, "directory.read")
            return role_views.reading(done)

        return await self.once(noted, status=201)
