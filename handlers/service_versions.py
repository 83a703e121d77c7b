"""The catalogue desk: services drafted, compared, published by somebody else, handed back, retired."""

from handlers.base import Answer, Endpoint, allow
from schemas.service_versions import (
    ChangeService,
    FindServiceVersions,
    FindVersionsOfService,
    NewService,
    OneServiceVersionView,
    RetireService,
    ReturnServiceVersion,
    ServiceVersionsView,
    ServiceVersionView,
)
from server import service_versions
from server.kit.db import Tx

TITLE = "服务目录的版本"


class ServiceVersions(Endpoint):
    path = "/v1/service-versions"

    @allow("provider", "dispatcher", "admin")
    async def get(self, query: FindServiceVersions) -> ServiceVersionsView:
        """Of all services in scope, the newest first."""
        return await self.building.db.reading(
            lambda reader: service_versions.listed(reader, query, self.actor)
        )


class NewServices(Endpoint):
    path = "/v1/providers/{provider_id}/services"

    @allow("provider", "dispatcher", "admin", status=201)
    async def post(self, provider_id: str, new: NewService) -> Answer[ServiceVersionView]:
        """Propose a service that is not there yet; somebody else publishes it."""

        async def drafted(tx: Tx) -> ServiceVersionView:
            made = await service_versions.draft_new(tx, provider_id, new, self.actor)
            return service_versions.view(tx, made, self.actor)

        return await self.once(drafted, status=201)


class Versions(Endpoint):
    path = "/v1/services/{service_id}/versions"

    @allow("provider", "dispatcher", "admin")
    async def get(self, service_id: str, query: FindVersionsOfService) -> ServiceVersionsView:
        """Every version of one, the newest first."""
        return await self.building.db.reading(
            lambda reader: service_versions.of_service(reader, service_id, query, self.actor)
        )

    @allow("provider", "dispatcher", "admin", status=201)
    async def post(self, service_id: str, new: ChangeService) -> Answer[ServiceVersionView]:
        """Propose a change; bookings that are there keep all that was agreed."""

        async def drafted(tx: Tx) -> ServiceVersionView:
            made = await service_versions.draft_change(tx, service_id, new, self.actor)
            return service_versions.view(tx, made, self.actor)

        return await self.once(drafted, status=201, lanes=[f"service {service_id}"])


class Retirement(Endpoint):
    path = "/v1/services/{service_id}/retirement"

    @allow("provider", "dispatcher", "admin", status=201)
    async def post(self, service_id: str, new: RetireService) -> Answer[ServiceVersionView]:
        """Propose that nothing new is booked of it; bookings that are open go on."""

        async def drafted(tx: Tx) -> ServiceVersionView:
            made = await service_versions.draft_retirement(tx, service_id, new, self.actor)
            return service_versions.view(tx, made, self.actor)

        return await self.once(drafted, status=201, lanes=[f"service {service_id}"])


class OneVersion(Endpoint):
    path = "/v1/services/{service_id}/versions/{number}"

    @allow("provider", "dispatcher", "admin")
    async def get(self, service_id: str, number: str) -> OneServiceVersionView:
        """One, with what it changes and who is touched."""
        which = service_versions.number_of(number)
        return await self.building.db.reading(
            lambda reader: service_versions.one_view(reader, service_id, which, self.actor)
        )


class Publish(Endpoint):
    path = "/v1/services/{service_id}/versions/{number}/publish"

    @allow("dispatcher", "admin")
    async def post(self, service_id: str, number: str) -> Answer[ServiceVersionView]:
        """What somebody else has written: at once, or from its day on."""

        async def published(tx: Tx) -> ServiceVersionView:
            which = service_versions.number_of(number)
            made = await service_versions.publish(tx, service_id, which, self.actor)
            return service_versions.view(tx, made, self.actor)

        return await self.once(published, lanes=[f"service {service_id}"])


class Return(Endpoint):
    path = "/v1/services/{service_id}/versions/{number}/return"

    @allow("dispatcher", "admin")
    async def post(
        self, service_id: str, number: str, answer: ReturnServiceVersion
    ) -> Answer[ServiceVersionView]:
        """Hand it back with the reason, also when it was only waiting for its day."""

        async def returned(tx: Tx) -> ServiceVersionView:
            which = service_versions.number_of(number)
            made = await service_versions.return_(tx, service_id, which, answer.reason, self.actor)
            return service_versions.view(tx, made, self.actor)

        return await self.once(returned, lanes=[f"service {service_id}"])


class Withdraw(Endpoint):
    path = "/v1/services/{service_id}/versions/{number}/withdraw"

    @allow("provider", "dispatcher", "admin")
    async def post(self, service_id: str, number: str) -> Answer[ServiceVersionView]:
        """Take back what oneself has written, before anybody has answered."""

        async def withdrawn(tx: Tx) -> ServiceVersionView:
            which = service_versions.number_of(number)
            made = await service_versions.withdraw(tx, service_id, which, self.actor)
            return service_versions.view(tx, made, self.actor)

        return await self.once(withdrawn, lanes=[f"service {service_id}"])
