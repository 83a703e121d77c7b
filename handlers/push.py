"""The inbox, and the subscriptions that let WeChat show a message."""

from handlers.base import Answer, Endpoint, allow
from schemas.common import Nothing
from schemas.push import Answers, FindMessages, InboxView, ReadMessages, SubscriptionsView
from server import push, residents, subscriptions
from server.kit.db import Reader, Tx

TITLE = "消息"


class Inbox(Endpoint):
    path = "/v1/inbox"

    @allow("resident")
    async def get(self, query: FindMessages) -> InboxView:
        """My messages, newest first."""
        mine = self.actor.id
        return await self.building.db.reading(
            lambda reader: push.inbox(reader, mine, query.cursor, query.limit)
        )


class InboxRead(Endpoint):
    path = "/v1/inbox/read"

    @allow("resident")
    async def post(self, wanted: ReadMessages) -> Answer[Nothing]:
        """These of my messages, or all of them, are read."""

        async def read(tx: Tx) -> Nothing:
            await push.read(tx, self.actor.id, wanted.ids)
            return Nothing()

        return await self.once(read)


class Subscriptions(Endpoint):
    path = "/v1/subscriptions"

    @allow("resident")
    async def get(self) -> SubscriptionsView:
        """Which templates there are, when to ask for them, and how many messages may still be sent."""

        async def seen(reader: Reader) -> SubscriptionsView:
            return await self._view(reader)

        return await self.building.db.reading(seen)

    @allow("resident")
    async def post(self, answers: Answers) -> Answer[SubscriptionsView]:
        """What the resident answered to the subscription popup."""

        async def noted(tx: Tx) -> SubscriptionsView:
            resident = await residents.find(tx, self.actor.id)
            await subscriptions.answered(tx, resident, answers.results, self.building.settings)
            return await self._view(tx)

        return await self.once(noted)

    async def _view(self, reader: Reader) -> SubscriptionsView:
        resident = await residents.find(reader, self.actor.id)
        return SubscriptionsView(items=await subscriptions.listed(reader, resident, self.building.settings))
