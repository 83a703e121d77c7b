"""What waits to be told to WeChat and WeCom, what was given up, and trying it again."""

from handlers.base import Answer, Endpoint, allow
from schemas.outbox import AgainView, DropLetter, FindLetters, LettersView, LetterView, OutboxView, TryAgain
from server import nouns, outbox
from server.kit.db import Reader, Tx
from server.sessions import Actor

TITLE = "发件箱"

OUTBOXES = sorted(nouns.found(outbox.Outbox), key=lambda one: one.name)


async def tried_again(tx: Tx, queue: str, wanted: TryAgain) -> AgainView:
    """Raises OutboxNotFound, LetterNotFound, LetterNotDead."""
    found = outbox.one(OUTBOXES, queue)
    return await (outbox.all_again(tx, found) if wanted.id is None else outbox.again(tx, found, wanted.id))


async def dropped(tx: Tx, queue: str, wanted: DropLetter, actor: Actor) -> LetterView:
    """Raises OutboxNotFound, LetterNotFound, LetterEnded, LetterStays."""
    return await outbox.drop(tx, outbox.one(OUTBOXES, queue), wanted.id, wanted.reason, actor)


class Queues(Endpoint):
    path = "/v1/outbox"

    @allow("admin")
    async def get(self) -> OutboxView:
        """Each queue in figures."""
        return await self.building.db.reading(lambda reader: outbox.looked_over(reader, OUTBOXES))


class Letters(Endpoint):
    path = "/v1/outbox/{queue}"

    @allow("admin")
    async def get(self, queue: str, query: FindLetters) -> LettersView:
        """What was given up, newest first; what comes next; or all messages to residents of the last days."""
        found = outbox.one(OUTBOXES, queue)

        async def seen(reader: Reader) -> LettersView:
            return await outbox.listed(reader, found, query)

        return await self.building.db.reading(seen)


class Retry(Endpoint):
    path = "/v1/outbox/{queue}/retry"

    @allow("admin")
    async def post(self, queue: str, wanted: TryAgain) -> Answer[AgainView]:
        """Try one, or all, again that were given up."""
        return await self.once(lambda tx: tried_again(tx, queue, wanted))


class Drop(Endpoint):
    path = "/v1/outbox/{queue}/drop"

    @allow("admin")
    async def post(self, queue: str, wanted: DropLetter) -> Answer[LetterView]:
        """One is not sent any more; the reason is on record."""
        return await self.once(lambda tx: dropped(tx, queue, wanted, self.actor))
