"""Rides: what one would cost, ordering one, what a driver is offered, and how each was given."""

from handlers.base import Answer, Endpoint, allow
from schemas.cases import CaseView
from schemas.rides import (
    AskEstimate,
    DeclineRide,
    EstimateView,
    FindRideFairness,
    FindRideOffers,
    NearDriversView,
    NewRide,
    RideChoicesView,
    RideFairnessView,
    RideOffersView,
    RideOfferView,
)
from server import bookings, cases, rides
from server.kit.db import Reader, Tx
from server.rides import choices, offers
from server.rides.stored import RIDE_OFFERS

TITLE = "打车"


class Estimates(Endpoint):
    path = "/v1/ride-estimates"

    @allow("resident", "operator", "clerk", "dispatcher", once=False)  # nothing is written
    async def post(self, asked: AskEstimate) -> EstimateView:
        """What it would cost, how far it is, and how soon somebody could come."""
        house = self.building
        way = await rides.road(house.ways, asked, house.clock.now(), house.settings)
        return await house.db.reading(lambda reader: rides.estimate(reader, asked, way, house.settings))


class Rides(Endpoint):
    path = "/v1/rides"

    @allow("resident", "operator", "clerk", status=201)
    async def post(self, new: NewRide) -> Answer[CaseView]:
        """Call a car now, or order one for later."""
        house, actor = self.building, self.actor
        resident = await house.resident(bookings.for_whom(actor, new, self.on_behalf_of), actor)
        way = await rides.road(house.ways, new, house.clock.now(), house.settings)
        case_no = await house.case_numbers.next(rides.RIDE.prefix, house.clock.now())

        async def ordered(tx: Tx) -> CaseView:
            case = await rides.order(tx, actor, resident, new, case_no, self.channel, house.settings, way=way)
            return cases.view(tx, case, actor)

        return await self.once(ordered, status=201)


class RideOffers(Endpoint):
    path = "/v1/ride-offers"

    @allow("driver")
    async def get(self, query: FindRideOffers) -> RideOffersView:
        """What is offered to me."""
        return await self.building.db.reading(lambda reader: offers.listed(reader, query, self.actor))


class AcceptOffer(Endpoint):
    path = "/v1/ride-offers/{offer_id}/accept"

    @allow("driver")
    async def post(self, offer_id: str) -> Answer[CaseView]:
        """It is mine, and I see whom to fetch and where."""
        rules = self.building.settings

        async def accepted(tx: Tx) -> CaseView:
            case = await offers.accept(tx, offer_id, self.actor, self.channel, rules)
            return cases.view(tx, case, self.actor)

        answer = await self.once(accepted, lanes=await _lanes(self, offer_id))
        self.building.duty_changed(self.actor.id)  # from here on the car can be followed
        return answer


class DeclineOffer(Endpoint):
    path = "/v1/ride-offers/{offer_id}/decline"

    @allow("driver")
    async def post(self, offer_id: str, answer: DeclineRide) -> Answer[RideOfferView | None]:
        """Not me, with a reason; the next is asked."""
        rules = self.building.settings

        async def declined(tx: Tx) -> RideOfferView | None:
            offer = await offers.decline(tx, offer_id, answer, self.actor, self.channel, rules)
            return await offers.view(tx, offer)

        return await self.once(declined, lanes=await _lanes(self, offer_id))


async def _lanes(door: Endpoint, offer_id: str) -> list[str]:
    """Those who reach for the same ride take turns instead of colliding."""
    offer = await door.building.db.reading(lambda reader: reader.get(RIDE_OFFERS, offer_id))
    return [offer.case_no] if offer else []


class Choices(Endpoint):
    path = "/v1/rides/{case_no}/choices"

    @allow("dispatcher", "admin", "provider")
    async def get(self, case_no: str) -> RideChoicesView:
        """How it found its driver: every round, everybody who was weighed, and who answered what."""

        async def told(reader: Reader) -> RideChoicesView:
            return await choices.explained(reader, await choices.find(reader, case_no, self.actor))

        return await self.building.db.reading(told)


class NearDrivers(Endpoint):
    path = "/v1/rides/{case_no}/drivers"

    @allow("dispatcher")
    async def get(self, case_no: str) -> NearDriversView:
        """Who could be sent, the best first."""
        rules = self.building.settings

        async def told(reader: Reader) -> NearDriversView:
            case = await choices.find(reader, case_no, self.actor)
            return await choices.choosable(reader, case, rules)

        return await self.building.db.reading(told)


class Fairness(Endpoint):
    path = "/v1/rides/fairness"

    @allow("dispatcher", "admin")
    async def get(self, query: FindRideFairness) -> RideFairnessView:
        """Who was offered and driven how much, and how even that is."""
        return await self.building.db.reading(lambda reader: choices.fairness(reader, query))
