"""WeCom's directory: what was read of it, and reading it now instead of at night."""

from handlers.base import Endpoint, allow
from schemas.directory import DirectoryView, ReadingView
from server import directory, role_views

TITLE = "通讯录"


class Directory(Endpoint):
    path = "/v1/directory"

    @allow("admin")
    async def get(self) -> DirectoryView:
        """The last reading, and the departments and tags that rules can name."""
        return role_views.known_directory(self.building.db.reader())


class Readings(Endpoint):
    path = "/v1/directory/readings"

    @allow("admin", status=201, once=False)
    async def post(self) -> ReadingView:
        """Read all of it now; read twice, the second time nothing is news."""
        return role_views.reading(await directory.read(self.building))
