"""For whoever runs the house: is it alive, can it serve, what does it count."""

import asyncio
from typing import Any

from handlers.base import ANYONE, Answer, Endpoint, allow
from schemas.health import LiveView, ReadyView
from server import message_templates
from server.kit.errors import Unavailable

TITLE = "运行状况"


class NotReady(Unavailable):
    """还没有准备好"""


class Live(Endpoint):
    path = "/health/live"
    paced = False

    @allow(ANYONE)
    async def get(self) -> LiveView:
        """The process answers."""
        return LiveView(status="ok")


class Ready(Endpoint):
    path = "/health/ready"
    paced = False

    @allow(ANYONE)
    async def get(self) -> ReadyView:
        """The process can serve: not leaving, and the database answers. A platform that is down is only listed."""
        if self.building.lifecycle.draining:
            raise NotReady
        checks = await asyncio.gather(*(self._check(ping) for _, ping in self.building.pings()))
        parts = dict(zip((name for name, _ in self.building.pings()), checks, strict=True))
        if parts["mongodb"] != "ok":
            raise NotReady(details={"parts": parts})
        missing = len(message_templates.unmapped(self.building.settings))
        parts["message_templates"] = f"{missing} without an id" if missing else "ok"
        return ReadyView(status="ok", parts=parts)

    async def _check(self, ping: Any) -> str:
        try:
            async with asyncio.timeout(2):
                await ping()
        except Exception as error:
            return type(error).__name__
        return "ok"


class MetricsPage(Endpoint):
    path = "/metrics"
    paced = False

    @allow(ANYONE)
    async def get(self) -> Answer[str]:
        """Prometheus text. Keep it from the public at the proxy (docs/deployment.md)."""
        metrics = self.building.metrics
        return Answer(metrics.exposition(), content_type=metrics.content_type)
