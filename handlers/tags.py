"""Tags of residents: the list of them, what a resident has and chooses, what the desk puts on somebody."""

from handlers.base import Answer, Endpoint, allow
from schemas.tags import (
    ChangeTag,
    FindTags,
    MyTagsView,
    NewTag,
    PutTag,
    ResidentTagsView,
    TagRetirement,
    TagsView,
    TagView,
)
from server import broadcasts, disability, tags
from server.kit.db import Reader

TITLE = "标签"


class Tags(Endpoint):
    path = "/v1/tags"

    @allow("operator", "clerk", "admin")
    async def get(self, query: FindTags) -> TagsView:
        """All of them, and how many residents have each."""
        return await self.building.db.reading(lambda reader: tags.listed(reader, query))

    @allow("admin", status=201)
    async def post(self, new: NewTag) -> Answer[TagView]:
        """One more to choose, or to be put on somebody."""
        return await self.once(lambda tx: tags.add(tx, new, self.actor), status=201)


class EditTag(Endpoint):
    path = "/v1/tags/{tag_id}/edit"

    @allow("admin")
    async def post(self, tag_id: str, wanted: ChangeTag) -> Answer[TagView]:
        """Another name for the same thing."""
        return await self.once(lambda tx: tags.edit(tx, tag_id, wanted, self.actor))


class RetireTag(Endpoint):
    path = "/v1/tags/{tag_id}/retire"

    @allow("admin")
    async def post(self, tag_id: str, wanted: TagRetirement) -> Answer[TagView]:
        """Not used any more: it is taken off everybody who has it.

        409 `tag_awaited` names in `announcements` what is still to come for those who have it and would reach nobody;
        sent again with their ids in `agreed` the tag is retired.
        """
        return await self.once(lambda tx: broadcasts.retire_tag(tx, tag_id, wanted, self.actor))


class RestoreTag(Endpoint):
    path = "/v1/tags/{tag_id}/restore"

    @allow("admin")
    async def post(self, tag_id: str) -> Answer[TagView]:
        """To be used again, from nobody on."""
        return await self.once(lambda tx: tags.restore(tx, tag_id, self.actor))


class MyTags(Endpoint):
    path = "/v1/me/tags"

    @allow("resident")
    async def get(self) -> MyTagsView:
        """Those I can choose, and every one that the desk has put on me: who, when and why."""
        me = await self.building.resident(self.actor.id)
        return tags.of(self.building.db.reader(), me)


class MyTag(Endpoint):
    path = "/v1/me/tags/{tag_id}"

    @allow("resident")
    async def put(self, tag_id: str) -> Answer[MyTagsView]:
        """I want to hear of this."""
        answer = await self.once(lambda tx: tags.choose(tx, self.actor.id, tag_id))
        self.building.profile_changed(self.actor.id)
        return answer

    @allow("resident")
    async def delete(self, tag_id: str) -> Answer[MyTagsView]:
        """Take it off me, whoever put it; it is gone at once."""
        answer = await self.once(lambda tx: tags.drop(tx, self.actor.id, tag_id, self.actor))
        self.building.profile_changed(self.actor.id)
        return answer


class ResidentsTags(Endpoint):
    path = "/v1/residents/{resident_id}/tags"

    @allow("operator", "clerk")
    async def get(self, resident_id: str) -> ResidentTagsView:
        """What the desk has put on somebody, and could put. What they chose themselves is not shown."""

        async def seen(reader: Reader) -> ResidentTagsView:
            return tags.for_desk(reader, await disability.find(reader, resident_id, self.actor))

        view = await self.building.db.reading(seen)
        await self.saw("tags.get", resident_id)
        return view


class ResidentsTag(Endpoint):
    path = "/v1/residents/{resident_id}/tags/{tag_id}"

    @allow("operator", "clerk")
    async def put(self, resident_id: str, tag_id: str, wanted: PutTag) -> Answer[ResidentTagsView]:
        """Put it on somebody, with a reason that they read."""
        answer = await self.once(lambda tx: tags.put(tx, resident_id, tag_id, wanted, self.actor))
        self.building.profile_changed(resident_id)
        return answer

    @allow("operator", "clerk")
    async def delete(self, resident_id: str, tag_id: str) -> Answer[ResidentTagsView]:
        """Take it off again; they hear of it."""
        answer = await self.once(lambda tx: tags.remove(tx, resident_id, tag_id, self.actor))
        self.building.profile_changed(resident_id)
        return answer
