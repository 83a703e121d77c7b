"""What a member of the staff was told, newest first."""

from handlers.base import Answer, Endpoint, allow
from schemas.staff_push import FindNotices, NoticesView, ReadNotices, ReadView
from server import staff_push
from server.kit.db import Tx

TITLE = "工作通知"


class StaffInbox(Endpoint):
    path = "/v1/staff/inbox"

    @allow("staff")
    async def get(self, query: FindNotices) -> NoticesView:
        """My work notices, newest first."""
        mine = self.actor.id
        return await self.building.db.reading(
            lambda reader: staff_push.listed(reader, mine, query.cursor, query.limit)
        )


class StaffInboxRead(Endpoint):
    path = "/v1/staff/inbox/read"

    @allow("staff")
    async def post(self, wanted: ReadNotices) -> Answer[ReadView]:
        """These of my notices, or all of them, are read."""

        async def read(tx: Tx) -> ReadView:
            await staff_push.read(tx, self.actor.id, wanted.ids)
            return ReadView(unread=await staff_push.unread(tx, self.actor.id))

        return await self.once(read)
