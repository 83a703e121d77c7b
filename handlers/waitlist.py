"""The waiting list of a full time or a full day."""

from handlers.base import Answer, Endpoint, allow
from schemas.waitlist import FindWaitings, NewWaiting, WaitingsView, WaitingView
from server import bookings, waitlist
from server.kit.db import Reader, Tx

TITLE = "候补"


class Waitlist(Endpoint):
    path = "/v1/waitlist"

    @allow("resident", "staff")
    async def get(self, query: FindWaitings) -> WaitingsView:
        """Mine, or for staff those in scope; newest first."""
        return await self.building.db.reading(lambda reader: waitlist.listed(reader, query, self.actor))

    @allow("resident", "operator", "clerk", status=201)
    async def post(self, new: NewWaiting) -> Answer[WaitingView]:
        """Stand in line for a full time (`start`), or for any time of a full day (`date`)."""
        house, actor = self.building, self.actor
        asked = waitlist.wish(new.resident_id, new, new.start or house.clock.now())
        resident = await house.resident(bookings.for_whom(actor, asked, self.on_behalf_of), actor)

        async def joined(tx: Tx) -> WaitingView:
            entry = await waitlist.join(tx, actor, resident, new, house.settings)
            return await waitlist.view(tx, entry)

        return await self.once(joined, status=201, lanes=waitlist.lanes(house.db.reader(), new))


class Waiting(Endpoint):
    path = "/v1/waitlist/{waiting_id}"

    @allow("resident", "staff")
    async def get(self, waiting_id: str) -> WaitingView:
        """Where it stands in line, or the seat that is kept for it."""

        async def seen(reader: Reader) -> WaitingView:
            return await waitlist.view(reader, await waitlist.find(reader, waiting_id, self.actor))

        return await self.building.db.reading(seen)

    @allow("resident", "operator", "clerk")
    async def delete(self, waiting_id: str) -> Answer[WaitingView]:
        """Leave the line; a seat that is being kept goes to the next."""
        house, actor = self.building, self.actor

        async def left(tx: Tx) -> WaitingView:
            entry = await waitlist.leave(tx, waiting_id, actor, self.channel, house.settings)
            return await waitlist.view(tx, entry)

        return await self.once(left)
