"""Items 事项: what can be applied for, and what it takes; anybody may read it."""

from collections.abc import Awaitable, Callable

from tornado.web import stream_request_body

from handlers.base import ANYONE, Answer, Endpoint, allow
from handlers.uploads import Upload
from schemas.common import Nothing
from schemas.items import (
    EditItem,
    FindItemChanges,
    FindItemFile,
    FindItems,
    ImportItem,
    ItemAsSeen,
    ItemBody,
    ItemChangesView,
    ItemFileView,
    ItemsView,
    ItemVersionsView,
    ItemVersionView,
    ItemView,
    RetireItem,
    ReturnItem,
)
from server import attachments, items
from server.items import WRITES, ItemVersion
from server.kit.db import Reader, Tx
from server.kit.errors import Unauthorized
from server.residents import Resident
from server.sessions import Actor

TITLE = "办事事项"


Work = Callable[[Tx], Awaitable[ItemVersion]]


def shown(actor: Actor, work: Work) -> Callable[[Tx], Awaitable[ItemVersionView]]:
    """Do it, and answer with the version as it is then."""

    async def done(tx: Tx) -> ItemVersionView:
        return items.version_view(await work(tx), actor)

    return done


def lanes(code: str) -> list[str]:
    """What is done to an item is done one after the other."""
    return [f"item {code}"]


class Items(Endpoint):
    path = "/v1/items"

    @allow(ANYONE)
    async def get(self, query: FindItems) -> ItemsView:
        """What can be applied for, by domain or by a word of its name."""
        return items.listed(self.building.db.reader(), query)

    @allow(*WRITES, status=201)
    async def post(self, body: ItemBody) -> Answer[ItemVersionView]:
        """Write an item, or the next version of one: a draft, that somebody else publishes."""
        return await self.once(
            shown(self.actor, lambda tx: items.draft(tx, body, self.actor)),
            status=201,
            lanes=lanes(body.code),
        )


class Imports(Endpoint):
    path = "/v1/items/imports"

    @allow(*WRITES, status=201)
    async def post(self, file: ImportItem) -> Answer[ItemVersionView]:
        """The same from a file, as TOML or JSON; what is wrong with it is named with its line or its field."""
        body = items.files.read(file.content)
        return await self.once(
            shown(self.actor, lambda tx: items.draft(tx, body, self.actor)),
            status=201,
            lanes=lanes(body.code),
        )


class Item(Endpoint):
    path = "/v1/items/{code}"

    @allow(ANYONE)
    async def get(self, code: str) -> ItemView:
        """The guide to one: papers, steps, limits. Who is signed in reads in `hints` whether it is for them."""
        reader = self.building.db.reader()
        return items.view(
            items.in_force(reader, code), await self._resident(), reader.now, self.building.settings
        )

    async def _resident(self) -> Resident | None:
        """Who is asking; a session that has ended is nobody's, and the guide is there all the same."""
        token = self.token()
        try:
            actor = await self.find_actor(token) if token else None
        except Unauthorized:
            return None
        if actor is None or actor.kind != "resident":
            return None
        return await self.building.resident(actor.id)


class Versions(Endpoint):
    path = "/v1/items/{code}/versions"

    @allow(*WRITES)
    async def get(self, code: str) -> ItemVersionsView:
        """All versions of an item, the newest first."""
        found = await self.building.db.reading(lambda reader: items.versions(reader, code))
        return ItemVersionsView(items=[items.version_view(one, self.actor) for one in found])


class OneVersion(Endpoint):
    path = "/v1/items/{code}/versions/{number}"

    @allow(*WRITES)
    async def get(self, code: str, number: str) -> ItemVersionView:
        """One version with all that it says."""
        which = items.number_of(number)
        one = await self.building.db.reading(lambda reader: items.find(reader, code, which))
        return items.version_view(one, self.actor)

    @allow(*WRITES)
    async def put(self, code: str, number: str, wanted: EditItem) -> Answer[ItemVersionView]:
        """Write a draft anew; whoever does had a hand in it and does not publish it."""
        which, actor = items.number_of(number), self.actor
        return await self.once(
            shown(self.actor, lambda tx: items.edit(tx, code, which, wanted.body, wanted.revision, actor)),
            lanes=lanes(code),
        )


class Preview(Endpoint):
    path = "/v1/items/{code}/versions/{number}/preview"

    @allow(*WRITES)
    async def get(self, code: str, number: str) -> ItemView:
        """A version as residents will read it."""
        which = items.number_of(number)
        one = await self.building.db.reading(lambda reader: items.find(reader, code, which))
        return items.view(one, None, self.building.clock.now(), self.building.settings)


class Changes(Endpoint):
    path = "/v1/items/{code}/versions/{number}/changes"

    @allow(*WRITES)
    async def get(self, code: str, number: str, query: FindItemChanges) -> ItemChangesView:
        """What a version changes, in words: against the one published before it, or against `since`."""
        which = items.number_of(number)
        return await self.building.db.reading(
            lambda reader: items.changes_of(reader, code, which, query.since)
        )


class File(Endpoint):
    path = "/v1/items/{code}/versions/{number}/file"

    @allow(*WRITES)
    async def get(self, code: str, number: str, query: FindItemFile) -> ItemFileView:
        """A version as a file, to be kept or imported elsewhere."""
        which = items.number_of(number)
        one = await self.building.db.reading(lambda reader: items.find(reader, code, which))
        return items.file_of(one, query)


class Draft(Endpoint):
    path = "/v1/items/{code}/versions/{number}/draft"

    @allow(*WRITES, status=201)
    async def post(self, code: str, number: str) -> Answer[ItemVersionView]:
        """A new draft that says what this version says."""
        which, actor = items.number_of(number), self.actor
        return await self.once(
            shown(self.actor, lambda tx: items.draft_again(tx, code, which, actor)),
            status=201,
            lanes=lanes(code),
        )


class Propose(Endpoint):
    path = "/v1/items/{code}/versions/{number}/propose"

    @allow(*WRITES)
    async def post(self, code: str, number: str, seen: ItemAsSeen) -> Answer[ItemVersionView]:
        """The draft is ready: somebody else may publish it."""
        which, actor = items.number_of(number), self.actor
        return await self.once(
            shown(self.actor, lambda tx: items.propose(tx, code, which, seen.revision, actor)),
            lanes=lanes(code),
        )


class Return(Endpoint):
    path = "/v1/items/{code}/versions/{number}/return"

    @allow(*WRITES)
    async def post(self, code: str, number: str, why: ReturnItem) -> Answer[ItemVersionView]:
        """Hand it back to be changed, with the reason."""
        which, actor = items.number_of(number), self.actor
        return await self.once(
            shown(self.actor, lambda tx: items.return_(tx, code, which, why.reason, actor)), lanes=lanes(code)
        )


class Publish(Endpoint):
    path = "/v1/items/{code}/versions/{number}/publish"

    @allow(*WRITES)
    async def post(self, code: str, number: str, seen: ItemAsSeen) -> Answer[ItemVersionView]:
        """By somebody who did not write it: in force for whoever applies from now on."""
        which, actor = items.number_of(number), self.actor
        return await self.once(
            shown(self.actor, lambda tx: items.publish(tx, code, which, seen.revision, actor)),
            lanes=lanes(code),
        )


class Retire(Endpoint):
    path = "/v1/items/{code}/versions/{number}/retire"

    @allow(*WRITES)
    async def post(self, code: str, number: str, why: RetireItem) -> Answer[ItemVersionView]:
        """Nobody can apply for it any more; cases that are open go on."""
        which, actor = items.number_of(number), self.actor
        return await self.once(
            shown(self.actor, lambda tx: items.retire(tx, code, which, why.reason, actor)), lanes=lanes(code)
        )


class Discard(Endpoint):
    path = "/v1/items/{code}/versions/{number}/discard"

    @allow(*WRITES)
    async def post(self, code: str, number: str) -> Answer[Nothing]:
        """Throw a draft away."""
        which, actor = items.number_of(number), self.actor

        async def discarded(tx: Tx) -> Nothing:
            await items.discard(tx, code, which, actor)
            return Nothing()

        return await self.once(discarded, lanes=lanes(code))


class SampleUpload(Upload):
    """An upload for the draft of an item."""

    async def holder(self, reader: Reader, holder_id: str) -> attachments.Holder:
        """Raises ItemVersionNotFound, ItemNotNow."""
        await items.to_change(reader, holder_id, items.number_of(self.path_args[1]))
        return items.album(holder_id)


@stream_request_body
class Samples(SampleUpload):
    path = "/v1/items/{code}/versions/{number}/samples/{key}"

    @allow(*WRITES, status=201)
    async def post(self, code: str, number: str, key: str) -> Answer[ItemVersionView]:
        """Send a sample picture (JPG, PNG, WebP) of a material of a draft: residents see how it has to look."""
        which, actor = items.number_of(number), self.actor
        async with self.taken_in() as arrival:

            async def kept(tx: Tx) -> ItemVersion:
                picture = await self.keep_file(tx, code, arrival)
                return await items.put_sample(tx, code, which, key, picture.id, actor)

            answer = await self.once(shown(actor, kept), status=201, lanes=lanes(code))
            arrival.kept = not answer.replayed
        return answer
