"""Family proxy: inviting, accepting, seeing, ending."""

import msgspec

from handlers.base import Answer, Endpoint, allow
from schemas.proxies import AcceptProxy, InvitationView, NewProxy, ProxiesView, ProxyView
from server import proxies
from server.kit.db import Tx

TITLE = "亲属代办"


class Proxies(Endpoint):
    path = "/v1/proxies"

    @allow("resident")
    async def get(self) -> ProxiesView:
        """Whom I let act for me, and for whom I may act; newest first."""
        return await self.building.db.reading(
            lambda reader: proxies.mine(reader, self.actor, self.building.settings)
        )

    @allow("resident", status=201, once=False)  # the reply holds the code, which is stored nowhere
    async def post(self, new: NewProxy) -> InvitationView:
        """Make a code with which somebody may accept to act for me. It is shown this once and works once."""
        house = self.building
        proxy, code = await house.db.atomically(
            lambda tx: proxies.invite(tx, self.actor, new, house.settings),
            lanes=[f"proxies {self.actor.id}"],
        )
        return proxies.invitation(proxy, code, house.clock.now())


class AcceptedProxy(Endpoint):
    path = "/v1/proxies/accept"

    @allow("resident")
    async def post(self, new: AcceptProxy) -> Answer[ProxyView]:
        """Enter the code that somebody gave me: from now on I may act for them."""

        async def accepted(tx: Tx) -> ProxyView:
            return proxies.view(await proxies.accept(tx, self.actor, new.code), self.actor.id, tx.now)

        answer = await self.once(accepted)
        await self.building.proxies.learn(msgspec.json.decode(answer.body, type=ProxyView).id)
        return answer


class OneProxy(Endpoint):
    path = "/v1/proxies/{proxy_id}"

    @allow("resident")
    async def delete(self, proxy_id: str) -> None:
        """End it at once, as the one who gave it or the one who holds it; repeating it changes nothing."""
        await self.building.db.atomically(lambda tx: proxies.revoke(tx, self.actor, proxy_id))
        await self.building.proxies.learn(proxy_id)
