"""Providers: their admission, what is known of them, their suspension, their months."""

from handlers.base import Answer, Endpoint, allow
from schemas.cases import CaseView
from schemas.providers import (
    LiftSuspension,
    NewProvider,
    NewSuspension,
    ProvidersView,
    ProviderView,
    SheetView,
    SuspensionsView,
    SuspensionView,
    VisitsToArrange,
)
from server import cases, providers
from server.kit.db import Reader, Tx

TITLE = "服务商"

SEES = ("provider", "dispatcher", "reviewer", "accountant", "admin")
STREET = ("dispatcher", "admin")


class Providers(Endpoint):
    path = "/v1/providers"

    @allow(*SEES)
    async def get(self) -> ProvidersView:
        """Those in scope, with what needs attention."""
        return providers.listed(self.building.db.reader(), self.actor)

    @allow(*STREET, status=201)
    async def post(self, new: NewProvider) -> Answer[CaseView]:
        """Enter an application; what follows are moves of it as a case, and somebody else admits."""
        house, actor = self.building, self.actor
        case_no = await house.case_numbers.next(providers.ONBOARDING.prefix, house.clock.now())

        async def entered(tx: Tx) -> CaseView:
            case = await providers.enter(tx, new, case_no, actor, self.channel, house.settings)
            return cases.view(tx, case, actor)

        return await self.once(entered, status=201)


class Provider(Endpoint):
    path = "/v1/providers/{provider_id}"

    @allow(*SEES)
    async def get(self, provider_id: str) -> ProviderView:
        """One, with what needs attention."""
        reader = self.building.db.reader()
        return providers.view(reader, providers.find(reader, provider_id, self.actor))


class Suspensions(Endpoint):
    path = "/v1/providers/{provider_id}/suspensions"

    @allow(*SEES)
    async def get(self, provider_id: str) -> SuspensionsView:
        """The last hundred, the newest first, each with how far its bookings were worked off."""

        async def seen(reader: Reader) -> SuspensionsView:
            providers.find(reader, provider_id, self.actor)
            return await providers.suspensions_of(reader, provider_id)

        return await self.building.db.reading(seen)

    @allow(*STREET, status=201)
    async def post(self, provider_id: str, new: NewSuspension) -> Answer[SuspensionView]:
        """Take its services off the list, and have its bookings worked off."""

        async def suspended(tx: Tx) -> SuspensionView:
            return providers.view_suspension(tx, await providers.suspend(tx, provider_id, new, self.actor))

        return await self.once(suspended, status=201)


class Lift(Endpoint):
    path = "/v1/providers/{provider_id}/suspensions/{suspension_id}/lift"

    @allow(*STREET)
    async def post(
        self, provider_id: str, suspension_id: str, wanted: LiftSuspension
    ) -> Answer[SuspensionView]:
        """Back on the list, by somebody else than who suspended; what was held up goes ahead."""

        async def lifted(tx: Tx) -> SuspensionView:
            done = await providers.lift(tx, provider_id, suspension_id, wanted.reason, self.actor)
            return providers.view_suspension(tx, done)

        return await self.once(lifted)


class ToArrange(Endpoint):
    path = "/v1/providers/{provider_id}/visits-to-arrange"

    @allow(*STREET)
    async def get(self, provider_id: str) -> VisitsToArrange:
        """Visits that were agreed with a suspended provider, and who else could come."""

        async def seen(reader: Reader) -> VisitsToArrange:
            providers.find(reader, provider_id, self.actor)
            return await providers.to_arrange(reader, provider_id)

        return await self.building.db.reading(seen)


class Sheet(Endpoint):
    path = "/v1/providers/{provider_id}/sheets/{month}"

    @allow("provider", "dispatcher", "accountant", "admin")
    async def get(self, provider_id: str, month: str) -> SheetView:
        """A month (2026-11): what came of the visits, income, ratings; by service and by worker."""

        async def seen(reader: Reader) -> SheetView:
            providers.check_sheet(reader, provider_id, month, self.actor)
            return await providers.sheet(reader, provider_id, month)

        return await self.building.db.reading(seen)
