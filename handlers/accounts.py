"""One's own data: all of it in one file."""

from handlers.base import Endpoint, allow
from schemas.accounts import ExportView
from server import accounts

TITLE = "我的数据"


class Export(Endpoint):
    path = "/v1/me/export"

    @allow("resident")
    async def get(self) -> ExportView:
        """Everything that is kept of me, as one file."""
        found = await self.building.db.reading(lambda reader: accounts.export(reader, self.actor))
        self.set_header("Content-Disposition", 'attachment; filename="hoelun-my-data.json"')
        return found
