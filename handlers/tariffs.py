"""Tariffs of rides: what counts now, every version, what one would cost."""

from handlers.base import ANYONE, Answer, Endpoint, allow
from schemas.tariffs import Fare, NewTariff, TariffsView, TariffView, TryTariff
from schemas.versions import ReturnVersion
from server import tariffs
from server.kit.db import Tx
from server.tariffs import RIDE, VERSIONS

TITLE = "打车资费"
WRITES = ("dispatcher", "accountant", "admin")


class CurrentFare(Endpoint):
    path = "/v1/tariffs/current/fare"

    @allow(ANYONE)
    async def get(self, query: TryTariff) -> Fare:
        """What a ride of so many metres costs by the tariff in force when it begins."""
        reader = self.building.db.reader()
        return tariffs.tried(reader, tariffs.current(reader, query.at or reader.now), query)


class Tariffs(Endpoint):
    path = "/v1/tariffs"

    @allow(*WRITES)
    async def get(self) -> TariffsView:
        """Every version, the newest first."""
        return tariffs.listed(self.building.db.reader(), self.actor)

    @allow(*WRITES, status=201)
    async def post(self, new: NewTariff) -> Answer[TariffView]:
        """A new version; somebody else approves it."""
        tariffs.check(new)

        async def drafted(tx: Tx) -> TariffView:
            return tariffs.view(tx, await VERSIONS.draft(tx, RIDE, new, self.actor), self.actor)

        return await self.once(drafted, status=201, lanes=["tariffs"])


class TariffFare(Endpoint):
    path = "/v1/tariffs/{number}/fare"

    @allow(*WRITES)
    async def get(self, number: str, query: TryTariff) -> Fare:
        """What a ride would cost by this version."""
        reader = self.building.db.reader()
        return tariffs.tried(reader, await VERSIONS.find(reader, RIDE, number), query)


class ApproveTariff(Endpoint):
    path = "/v1/tariffs/{number}/approve"

    @allow(*WRITES)
    async def post(self, number: str) -> Answer[TariffView]:
        """It will be in force from its day on."""

        async def approved(tx: Tx) -> TariffView:
            return tariffs.view(tx, await VERSIONS.approve(tx, RIDE, number, self.actor), self.actor)

        return await self.once(approved)


class ReturnTariff(Endpoint):
    path = "/v1/tariffs/{number}/return"

    @allow(*WRITES)
    async def post(self, number: str, answer: ReturnVersion) -> Answer[TariffView]:
        """Hand it back with the reason."""

        async def returned(tx: Tx) -> TariffView:
            made = await VERSIONS.return_(tx, RIDE, number, answer.reason, self.actor)
            return tariffs.view(tx, made, self.actor)

        return await self.once(returned)


class WithdrawTariff(Endpoint):
    path = "/v1/tariffs/{number}/withdraw"

    @allow(*WRITES)
    async def post(self, number: str) -> Answer[TariffView]:
        """Who has written it takes it back."""

        async def withdrawn(tx: Tx) -> TariffView:
            return tariffs.view(tx, await VERSIONS.withdraw(tx, RIDE, number, self.actor), self.actor)

        return await self.once(withdrawn)
