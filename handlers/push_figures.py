"""How far the messages to residents get, in figures, for those who look after them."""

from handlers.base import Endpoint, allow
from schemas.push_figures import FindPushFigures, PushFiguresView
from server import push_figures

TITLE = "消息统计"

LOOKERS = ("admin", "operator")


class PushFigures(Endpoint):
    path = "/v1/push-figures"

    @allow(*LOOKERS)
    async def get(self, query: FindPushFigures) -> PushFiguresView:
        """By day and by template, with what WeChat answered."""
        settings = self.building.settings
        return await self.building.db.reading(
            lambda reader: push_figures.figures(reader, query.days, settings)
        )
