"""Those who travel: a resident's own, their family's, and at a desk those of who calls; whole for whoever buys."""

from collections.abc import Awaitable, Callable

from handlers.base import ANYONE, Answer, Endpoint, allow
from schemas.passengers import (
    ChangePassenger,
    FindPassengers,
    IdKindsView,
    NewPassenger,
    PassengersView,
    PassengerView,
    RevealedTravellersView,
)
from schemas.reveals import NewReveal
from server import passengers, reveals
from server.kit.db import Reader, Tx
from server.passengers import showing

TITLE = "乘车人"
THEIRS = ("resident", "operator", "clerk")


class Passengers(Endpoint):
    path = "/v1/passengers"

    @allow(*THEIRS)
    async def get(self, query: FindPassengers) -> PassengersView:
        """The newest first, masked."""
        house = self.building

        async def seen(reader: Reader) -> PassengersView:
            return await passengers.listed(reader, query, self.actor, house.vault, house.settings)

        found = await house.db.reading(seen)
        await self.saw("passengers.get", query.resident_id)
        return found

    @allow(*THEIRS, status=201)
    async def post(self, new: NewPassenger) -> Answer[PassengerView]:
        """Keep somebody for this order and the next. The same paper is kept once."""
        house, actor = self.building, self.actor

        async def saved(tx: Tx) -> PassengerView:
            made = await passengers.save(tx, new, actor, house.vault, house.settings)
            return passengers.view(tx, made, house.vault, house.settings)

        return await self.once(saved, status=201)


class IdKinds(Endpoint):
    path = "/v1/passengers/id-kinds"

    @allow(ANYONE)
    async def get(self) -> IdKindsView:
        """The papers that one can travel with."""
        return passengers.id_kinds()


class OnePassenger(Endpoint):
    path = "/v1/passengers/{passenger_id}"

    @allow(*THEIRS)
    async def get(self, passenger_id: str) -> PassengerView:
        """One of them, masked."""
        house = self.building

        async def seen(reader: Reader) -> PassengerView:
            found = await passengers.find(reader, passenger_id, self.actor)
            return passengers.view(reader, found, house.vault, house.settings)

        found = await house.db.reading(seen)
        await self.saw("passengers.get", found.resident_id)
        return found

    @allow(*THEIRS)
    async def patch(self, passenger_id: str, wanted: ChangePassenger) -> Answer[PassengerView]:
        """What is sent is changed; orders that were made keep what was."""
        return await self.once(self._changed(passenger_id, wanted))

    @allow(*THEIRS)
    async def post(self, passenger_id: str, wanted: ChangePassenger) -> Answer[PassengerView]:
        """The same for a mini-program, whose wx.request has no PATCH."""
        return await self.once(self._changed(passenger_id, wanted))

    @allow(*THEIRS)
    async def delete(self, passenger_id: str) -> None:
        """Gone at once; an order that was made with it keeps its own copy until after the trip."""

        async def removed(tx: Tx) -> None:
            await passengers.remove(tx, passenger_id, self.actor)

        await self.once(removed)

    def _changed(
        self, passenger_id: str, wanted: ChangePassenger
    ) -> Callable[[Tx], Awaitable[PassengerView]]:
        house, actor = self.building, self.actor

        async def changed(tx: Tx) -> PassengerView:
            made = await passengers.change(tx, passenger_id, wanted, actor, house.vault)
            return passengers.view(tx, made, house.vault, house.settings)

        return changed


class TravellersOfTicket(Endpoint):
    path = "/v1/tickets/{case_no}/travellers"

    @allow("provider", "dispatcher")
    async def post(self, case_no: str, wanted: NewReveal) -> Answer[RevealedTravellersView]:
        """Names and papers whole, for whoever buys the tickets; the reason is on record."""
        house, actor = self.building, self.actor

        async def shown(tx: Tx) -> RevealedTravellersView:
            return await showing.reveal(tx, case_no, wanted, actor, house.vault, house.settings)

        return await self.once(shown, lanes=[reveals.lane(actor)])
