"""Giving work to workers: what is offered to one, what waits, how it was given, and whether the shares are fair."""

from handlers.base import Answer, Endpoint, allow
from schemas.cases import CaseView
from schemas.dispatch import (
    DayBoardView,
    DeclineOffer,
    DispatchesView,
    DispatchView,
    ExplainedView,
    FairnessView,
    FindDay,
    FindDispatches,
    FindFairness,
    FindOffers,
    OffersView,
    OfferView,
)
from server import cases, dispatch
from server.dispatch import offers
from server.kit.db import Reader, Tx

TITLE = "派单"


class Offers(Endpoint):
    path = "/v1/offers"

    @allow("worker")
    async def get(self, query: FindOffers) -> OffersView:
        """What is offered to me, the newest first."""
        return await self.building.db.reading(lambda reader: offers.listed(reader, query, self.actor))


class Offer(Endpoint):
    path = "/v1/offers/{offer_id}"

    @allow("worker")
    async def get(self, offer_id: str) -> OfferView:
        """One of mine, with as much of the work as is needed to decide."""

        async def seen(reader: Reader) -> OfferView:
            return offers.view(reader, await offers.find(reader, offer_id, self.actor))

        return await self.building.db.reading(seen)


class Take(Endpoint):
    path = "/v1/offers/{offer_id}/take"

    @allow("worker")
    async def post(self, offer_id: str) -> Answer[CaseView]:
        """Take it: of all who were asked, the first one has it, and sees whose it is and where."""
        rules = self.building.settings

        async def taken(tx: Tx) -> CaseView:
            case = await offers.take(tx, offer_id, self.actor, self.channel, rules)
            return cases.view(tx, case, self.actor)

        return await self.once(taken, lanes=await self._lanes(offer_id))

    async def _lanes(self, offer_id: str) -> list[str]:
        """Those who reach for the same work take turns instead of colliding."""
        offer = await self.building.db.reading(lambda reader: reader.get(dispatch.OFFERS, offer_id))
        return [offer.case_no] if offer else []


class Decline(Endpoint):
    path = "/v1/offers/{offer_id}/decline"

    @allow("worker")
    async def post(self, offer_id: str, answer: DeclineOffer) -> Answer[OfferView]:
        """Not me, with a reason; the next is asked."""

        async def declined(tx: Tx) -> OfferView:
            return offers.view(tx, await offers.decline(tx, offer_id, answer, self.actor))

        return await self.once(declined)


class Dispatches(Endpoint):
    path = "/v1/dispatch"

    @allow("provider", "dispatcher", "admin")
    async def get(self, query: FindDispatches) -> DispatchesView:
        """What waits for a worker, the visit that comes first at the top."""
        return await self.building.db.reading(lambda reader: dispatch.listed(reader, query, self.actor))


class CaseDispatch(Endpoint):
    path = "/v1/cases/{case_no}/dispatch"

    @allow("provider", "dispatcher", "admin")
    async def get(self, case_no: str) -> ExplainedView:
        """How it was given: every round, everybody who was weighed, and who answered what."""

        async def told(reader: Reader) -> ExplainedView:
            return await dispatch.explained(reader, await cases.find(reader, case_no, self.actor))

        return await self.building.db.reading(told)

    @allow("provider", "dispatcher")
    async def post(self, case_no: str) -> Answer[DispatchView]:
        """Ask once more, from the first round on; who has declined is not asked again."""

        async def begun(tx: Tx) -> DispatchView:
            case = await cases.find(tx, case_no, self.actor)
            return dispatch.view(tx, await dispatch.again(tx, case))

        return await self.once(begun, lanes=[case_no])


class Fairness(Endpoint):
    path = "/v1/dispatch/fairness"

    @allow("provider", "dispatcher", "admin")
    async def get(self, query: FindFairness) -> FairnessView:
        """Who of a provider was offered and given how much, and how even that is."""
        return await self.building.db.reading(lambda reader: dispatch.report(reader, query, self.actor))


class DayBoard(Endpoint):
    path = "/v1/dispatch/day"

    @allow("provider", "dispatcher", "admin")
    async def get(self, query: FindDay) -> DayBoardView:
        """A day of everybody's, and what of it has no worker yet."""
        return await self.building.db.reading(lambda reader: dispatch.of_day(reader, query, self.actor))
