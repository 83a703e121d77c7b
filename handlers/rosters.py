"""Rosters: who works when, changed by those who answer for the workers."""

from handlers.base import Answer, Endpoint, allow
from schemas.rosters import FindRosters, NewRoster, RostersView, RosterView
from server import rosters
from server.kit.db import Reader, Tx

TITLE = "班次"


class Rosters(Endpoint):
    path = "/v1/rosters"

    @allow("provider", "dispatcher", "admin")
    async def get(self, query: FindRosters) -> RostersView:
        """Of all workers of a provider, or of all in scope."""
        return await self.building.db.reading(
            lambda reader: rosters.listed(reader, query.provider_id, self.actor)
        )


class Roster(Endpoint):
    path = "/v1/rosters/{worker_id}"

    @allow("worker", "driver", "provider", "dispatcher", "admin")
    async def get(self, worker_id: str) -> RosterView:
        """A worker's own, or that of one they answer for."""

        async def seen(reader: Reader) -> RosterView:
            return await rosters.view(reader, rosters.find(reader, worker_id, self.actor))

        return await self.building.db.reading(seen)

    @allow("provider", "dispatcher", "admin")
    async def put(self, worker_id: str, wanted: NewRoster) -> Answer[RosterView]:
        """Change it: the answer names the visits that now lie outside."""

        async def changed(tx: Tx) -> RosterView:
            return await rosters.change(tx, worker_id, wanted, self.actor)

        return await self.once(changed)
