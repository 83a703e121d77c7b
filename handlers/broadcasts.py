"""Broadcasts: how far an announcement has come on its way to the phones, and stopping it."""

from handlers.base import Answer, Endpoint, allow
from schemas.broadcasts import BroadcastView, PauseBroadcast, ResumeBroadcast, StopBroadcast
from server import broadcasts
from server.announcements import WRITES
from server.kit.db import Reader, Tx

TITLE = "群发"


async def shown(reader: Reader, endpoint: Endpoint, broadcast_id: str) -> BroadcastView:
    """Raises BroadcastNotFound."""
    one, announcement = await broadcasts.find(reader, broadcast_id, endpoint.actor)
    return await broadcasts.view(reader, one, announcement, endpoint.actor)


async def acted(tx: Tx, endpoint: Endpoint, broadcast_id: str, name: str) -> BroadcastView:
    """Raises BroadcastNotFound, AnnouncementOfStreet, BroadcastNotNow."""
    await broadcasts.act(tx, broadcast_id, name, endpoint.actor)
    return await shown(tx, endpoint, broadcast_id)


class Broadcast(Endpoint):
    path = "/v1/broadcasts/{broadcast_id}"

    @allow(*WRITES)
    async def get(self, broadcast_id: str) -> BroadcastView:
        """How many have it in the inbox, how many on the phone, and how long the rest will take."""
        return await self.building.db.reading(lambda reader: shown(reader, self, broadcast_id))


class Pause(Endpoint):
    path = "/v1/broadcasts/{broadcast_id}/pause"

    @allow(*WRITES)
    async def post(self, broadcast_id: str, wanted: PauseBroadcast) -> Answer[BroadcastView]:
        """Nothing more goes to phones for now."""
        return await self.once(lambda tx: acted(tx, self, broadcast_id, "pause"))


class Resume(Endpoint):
    path = "/v1/broadcasts/{broadcast_id}/resume"

    @allow(*WRITES)
    async def post(self, broadcast_id: str, wanted: ResumeBroadcast) -> Answer[BroadcastView]:
        """Go on where it was paused."""
        return await self.once(lambda tx: acted(tx, self, broadcast_id, "resume"))


class Stop(Endpoint):
    path = "/v1/broadcasts/{broadcast_id}/stop"

    @allow(*WRITES)
    async def post(self, broadcast_id: str, wanted: StopBroadcast) -> Answer[BroadcastView]:
        """Nothing more goes to phones; who has it in the inbox keeps it."""
        return await self.once(lambda tx: acted(tx, self, broadcast_id, "stop"))
