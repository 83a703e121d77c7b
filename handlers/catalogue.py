"""The catalogue and when there is somebody free: answers come from memory, as bytes."""

from handlers.base import Answer, Endpoint, allow
from schemas.catalogue import FindServices, FindSlots, ServicesView, ServiceView, SlotsView
from server import catalogue
from server.building import Building
from server.kit.clock import today
from server.sessions import Actor

TITLE = "服务目录"

_EVERYBODY = ("resident", "staff")


class Services(Endpoint):
    path = "/v1/services"

    @allow(*_EVERYBODY)
    async def get(self, query: FindServices) -> Answer[ServicesView]:
        """All services, or those of a category."""
        return Answer(self.building.catalogue.services(query))

    @classmethod
    def at_once(cls, building: Building, actor: Actor, query: FindServices, path: list[str]) -> bytes | None:
        return building.catalogue.services(query)


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
        first = query.from_ or today(self.building.clock.now())
        return Answer(await self.building.availability.answer(service_id, first, query.days))

    @classmethod
    def at_once(cls, building: Building, actor: Actor, query: FindSlots, path: list[str]) -> bytes | None:
        first = query.from_ or today(building.clock.now())
        return building.availability.known(path[0], first, query.days)
