"""Price lists of a provider: drafts, approval, what changes."""

from handlers.base import Answer, Endpoint, allow
from schemas.price_lists import (
    FindChanges,
    NewPriceList,
    PriceChangesView,
    PriceListsView,
    PriceListView,
    ReturnPriceList,
)
from server import price_lists
from server.kit.db import Tx

TITLE = "价格表"


class PriceLists(Endpoint):
    path = "/v1/providers/{provider_id}/price-lists"

    @allow("provider", "dispatcher", "accountant", "admin")
    async def get(self, provider_id: str) -> PriceListsView:
        """Every version, the newest first."""
        return price_lists.listed(self.building.db.reader(), provider_id, self.actor)

    @allow("provider", "dispatcher", "admin", status=201)
    async def post(self, provider_id: str, new: NewPriceList) -> Answer[PriceListView]:
        """A new version; somebody else approves it."""

        async def drafted(tx: Tx) -> PriceListView:
            return price_lists.view(tx, await price_lists.draft(tx, provider_id, new, self.actor))

        return await self.once(drafted, status=201, lanes=[f"prices {provider_id}"])


class Approve(Endpoint):
    path = "/v1/providers/{provider_id}/price-lists/{number}/approve"

    @allow("dispatcher", "admin")
    async def post(self, provider_id: str, number: str) -> Answer[PriceListView]:
        """It will be in force from its day on."""

        async def approved(tx: Tx) -> PriceListView:
            made = await price_lists.approve(tx, provider_id, price_lists.number_of(number), self.actor)
            return price_lists.view(tx, made)

        return await self.once(approved)


class Return(Endpoint):
    path = "/v1/providers/{provider_id}/price-lists/{number}/return"

    @allow("dispatcher", "admin")
    async def post(self, provider_id: str, number: str, answer: ReturnPriceList) -> Answer[PriceListView]:
        """Hand it back with the reason."""

        async def returned(tx: Tx) -> PriceListView:
            which = price_lists.number_of(number)
            return price_lists.view(
                tx, await price_lists.return_(tx, provider_id, which, answer.reason, self.actor)
            )

        return await self.once(returned)


class Changes(Endpoint):
    path = "/v1/providers/{provider_id}/price-lists/{number}/changes"

    @allow("provider", "dispatcher", "accountant", "admin")
    async def get(self, provider_id: str, number: str, query: FindChanges) -> PriceChangesView:
        """What it changes, service by service, against another version."""
        reader = self.building.db.reader()
        price_lists.check_scope(reader, provider_id, self.actor)
        return price_lists.compared(reader, provider_id, price_lists.number_of(number), query.since)
