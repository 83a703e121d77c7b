"""Recurring plans: the same visit every week."""

from handlers.base import Answer, Endpoint, allow
from schemas.plans import FindPlans, NewPlan, PlansView, PlanView, SkipVisit, StopVisits
from server import bookings, plans
from server.kit.db import Reader, Tx

TITLE = "定期服务"


class Plans(Endpoint):
    path = "/v1/plans"

    @allow("resident", "staff")
    async def get(self, query: FindPlans) -> PlansView:
        """Mine, or for staff those in scope; newest first, each with the visits to come."""
        return await self.building.db.reading(lambda reader: plans.listed(reader, query, self.actor))

    @allow("resident", "operator", "clerk", status=201)
    async def post(self, new: NewPlan) -> Answer[PlanView]:
        """Ask for the same visit every week; each is booked as soon as its day is open."""
        house, actor = self.building, self.actor
        asked = plans.wish(new, house.clock.now(), new.resident_id, new.note)
        resident = await house.resident(bookings.for_whom(actor, asked, self.on_behalf_of), actor)

        async def opened(tx: Tx) -> PlanView:
            plan = await plans.open_plan(tx, actor, resident, new, house.settings)
            return await plans.view(tx, plan)

        return await self.once(opened, status=201)


class Plan(Endpoint):
    path = "/v1/plans/{plan_id}"

    @allow("resident", "staff")
    async def get(self, plan_id: str) -> PlanView:
        """One plan, with the visits to come and their case numbers."""

        async def seen(reader: Reader) -> PlanView:
            return await plans.view(reader, await plans.find(reader, plan_id, self.actor))

        return await self.building.db.reading(seen)


class Skips(Endpoint):
    path = "/v1/plans/{plan_id}/skips"

    @allow("resident", "operator", "clerk", status=201)
    async def post(self, plan_id: str, one: SkipVisit) -> Answer[PlanView]:
        """Not that one time; what is booked for it is cancelled."""
        rules, actor = self.building.settings, self.actor

        async def skipped(tx: Tx) -> PlanView:
            plan = await plans.find(tx, plan_id, actor)
            return await plans.view(tx, await plans.skip(tx, plan, one.date, actor, self.channel, rules))

        return await self.once(skipped, status=201)


class Pause(Endpoint):
    path = "/v1/plans/{plan_id}/pause"

    @allow("resident", "operator", "clerk")
    async def post(self, plan_id: str, wanted: StopVisits) -> Answer[PlanView]:
        """Book nothing new until it is resumed."""
        rules, actor = self.building.settings, self.actor

        async def paused(tx: Tx) -> PlanView:
            plan = await plans.find(tx, plan_id, actor)
            plan = await plans.pause(tx, plan, wanted.cancel_booked, actor, self.channel, rules)
            return await plans.view(tx, plan)

        return await self.once(paused)


class Resume(Endpoint):
    path = "/v1/plans/{plan_id}/resume"

    @allow("resident", "operator", "clerk")
    async def post(self, plan_id: str) -> Answer[PlanView]:
        """Book on; visits that the pause cancelled are booked again."""

        async def resumed(tx: Tx) -> PlanView:
            plan = await plans.resume(tx, await plans.find(tx, plan_id, self.actor))
            return await plans.view(tx, plan)

        return await self.once(resumed)


class End(Endpoint):
    path = "/v1/plans/{plan_id}/end"

    @allow("resident", "operator", "clerk")
    async def post(self, plan_id: str, wanted: StopVisits) -> Answer[PlanView]:
        """The plan is over."""
        rules, actor = self.building.settings, self.actor

        async def ended(tx: Tx) -> PlanView:
            plan = await plans.find(tx, plan_id, actor)
            plan = await plans.end(tx, plan, wanted.cancel_booked, actor, self.channel, rules)
            return await plans.view(tx, plan)

        return await self.once(ended)
