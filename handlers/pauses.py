"""What is not sent to WeChat for now, and lifting what would stand for good."""

from handlers.base import Answer, Endpoint, allow
from schemas.pauses import PausesView, PauseView
from server import lifting

TITLE = "暂停发送"


class Pauses(Endpoint):
    path = "/v1/pauses"

    @allow("admin")
    async def get(self) -> PausesView:
        """All that stand now, the oldest first."""
        return lifting.listed(self.building.db.reader())


class Lift(Endpoint):
    path = "/v1/pauses/{pause_id}/lift"

    @allow("admin")
    async def post(self, pause_id: str) -> Answer[PauseView]:
        """Send again what a ban at the platform has stopped, now that it is over there."""
        return await self.once(lambda tx: lifting.lift(tx, pause_id, self.actor))
