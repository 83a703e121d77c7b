"""Points: what is there, how it came, what a purchase would earn; and the rates it is computed by."""

from handlers.base import Answer, Endpoint, allow
from schemas.points import (
    FindEntries,
    FindPoints,
    NewRates,
    PointsEntriesView,
    PointsView,
    Preview,
    PreviewView,
    RatesListView,
    RatesView,
    ReturnRates,
)
from server import points
from server.kit.clock import today
from server.kit.db import Reader, Tx

TITLE = "积分"


class Points(Endpoint):
    path = "/v1/points"

    @allow("resident")
    async def get(self, query: FindPoints) -> PointsView:
        """My balance, what of it expires soon, and my card; or the balance of somebody who lets me look."""

        async def seen(reader: Reader) -> PointsView:
            whose = await points.views.whose(reader, self.actor, query.resident_id, self.on_behalf_of)
            return await points.views.balance(reader, whose, self.actor, self.building.settings)

        return await self.building.db.reading(seen)


class Entries(Endpoint):
    path = "/v1/points/entries"

    @allow("resident")
    async def get(self, query: FindEntries) -> PointsEntriesView:
        """How my balance came about, or of somebody who lets me look; newest first."""

        async def seen(reader: Reader) -> PointsEntriesView:
            whose = await points.views.whose(reader, self.actor, query.resident_id, self.on_behalf_of)
            return await points.views.entries(reader, whose, query.cursor, query.limit, query.month)

        return await self.building.db.reading(seen)


class Previews(Endpoint):
    path = "/v1/points/preview"

    @allow("resident", "accountant", "clerk", "operator")
    async def get(self, query: Preview) -> PreviewView:
        """What a purchase made today would earn."""
        reader = self.building.db.reader()
        earning = points.earned(reader, query.category, query.amount_fen, today(reader.now))
        return PreviewView(points_fen=earning.points_fen, text=earning.text)


class Rates(Endpoint):
    path = "/v1/points/rates"

    @allow("accountant", "admin")
    async def get(self) -> RatesListView:
        """Every version, the newest first."""
        return points.rates.listed(self.building.db.reader())

    @allow("accountant", "admin", status=201)
    async def post(self, new: NewRates) -> Answer[RatesView]:
        """A new version; somebody else approves it."""

        async def drafted(tx: Tx) -> RatesView:
            return points.rates.view(tx, await points.rates.draft(tx, new, self.actor))

        return await self.once(drafted, status=201, lanes=["rates"])


class ApproveRates(Endpoint):
    path = "/v1/points/rates/{number}/approve"

    @allow("accountant", "admin")
    async def post(self, number: str) -> Answer[RatesView]:
        """It will be in force from its day on."""

        async def approved(tx: Tx) -> RatesView:
            return points.rates.view(tx, await points.rates.approve(tx, number, self.actor))

        return await self.once(approved)


class ReturnRatesDraft(Endpoint):
    path = "/v1/points/rates/{number}/return"

    @allow("accountant", "admin")
    async def post(self, number: str, answer: ReturnRates) -> Answer[RatesView]:
        """Hand it back with the reason."""

        async def returned(tx: Tx) -> RatesView:
            return points.rates.view(tx, await points.rates.return_(tx, number, answer.reason, self.actor))

        return await self.once(returned)
