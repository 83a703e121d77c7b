"""The catalogue and when there is somebody free: answers come from memory, as bytes."""

from handlers.base import Answer, Endpoint, allow
from schemas.catalogue import FindServices, FindSlots, ServicesView, ServiceView, SlotsView
from server import catalogue
from server.kit.clock import SHANGHAI

_EVERYBODY = ("resident", "staff")


class Services(Endpoint):
    path = "/v1/services"

    @allow(*_EVERYBODY)
    async def get(self, query: FindServices) -> Answer[ServicesView]:
        """All services, or those of a category."""
        return Answer(self.building.catalogue.services(query.category))


class Service(Endpoint):
    path = "/v1/services/{service_id}"

    @allow(*_EVERYBODY)
    async def get(self, service_id: str) -> ServiceView:
        """One service."""
        reader = self.building.db.reader()
        return catalogue.view(reader, catalogue.find(reader, service_id))


class Slots(Endpoint):
    path = "/v1/services/{service_id}/slots"

    @allow(*_EVERYBODY)
    async def get(self, service_id: str, query: FindSlots) -> Answer[SlotsView]:
        """When this service can be booked, for up to 31 days; a full slot is listed with `free` 0."""
        first = query.from_ or self.building.clock.now().astimezone(SHANGHAI).date()
        return Answer(await self.building.availability.answer(service_id, first, query.days))
