"""一件事: what the street offers as one thing, and asking for it."""

from handlers.base import Answer, Endpoint, allow
from schemas.bundles import BundleForm, BundlesView, BundleView, NewBundle
from schemas.cases import CaseView
from server import bundles, cases
from server.kit.db import Tx

TITLE = "一件事"


class Bundles(Endpoint):
    path = "/v1/bundles"

    @allow("resident", "staff")
    async def get(self) -> BundlesView:
        """What can be asked for as one thing, with the services of each part, their prices and forms."""
        return bundles.listed(self.building.db.reader())

    @allow("resident", "operator", "clerk", status=201)
    async def post(self, new: NewBundle) -> Answer[CaseView]:
        """Book all parts in one act, or by the rule `keep` those that can be had. What follows are moves of the
        bundle, a case of its own, and of its parts' cases.

        A refusal names the part's field, such as `parts.2.start`, and in `alternatives` free times near it.
        """
        if (first := await self.replayed()) is not None:
            return first
        house, actor = self.building, self.actor
        resident = await house.resident(bundles.for_whom(actor, new, self.on_behalf_of), actor)
        asked = await bundles.prepared(house, new)

        async def opened(tx: Tx) -> CaseView:
            case = await bundles.open_bundle(house, tx, actor, resident, asked, self.channel)
            return cases.view(tx, case, actor)

        while True:
            try:
                return await self.once(opened, status=201, lanes=asked.days)
            except bundles.PartRefused as refused:
                asked = await bundles.without(house, asked, refused)


class Bundle(Endpoint):
    path = "/v1/bundles/{bundle_id}"

    @allow("resident", "staff")
    async def get(self, bundle_id: str) -> BundleView:
        """One of them, also one that is not offered now."""
        reader = self.building.db.reader()
        return bundles.view(reader, bundles.find(reader, bundle_id))

    @allow("admin")
    async def put(self, bundle_id: str, form: BundleForm) -> Answer[BundleView]:
        """Make it, or change it for whoever asks from now on."""

        async def kept(tx: Tx) -> BundleView:
            return bundles.view(tx, await bundles.put(tx, bundle_id, form))

        return await self.once(kept)
