"""Announcements: what residents read, and what staff write."""

from tornado.web import stream_request_body

from handlers.base import Answer, Endpoint, allow
from handlers.uploads import Upload
from schemas.announcements import (
    AnnouncementsView,
    AnnouncementView,
    CloseComments,
    CorrectAnnouncement,
    EditAnnouncement,
    FindAnnouncements,
    FindStaffAnnouncements,
    HoldBackAnnouncement,
    NewAnnouncement,
    OpenComments,
    PublishAnnouncement,
    ReachView,
    ReadAnnouncement,
    StaffAnnouncementsView,
    StaffAnnouncementView,
    WithdrawAnnouncement,
)
from schemas.attachments import AttachmentView
from schemas.common import Nothing
from server import announcements, attachments, broadcasts
from server.announcements import WRITES
from server.kit.db import Reader, Tx

TITLE = "公告"


class Announcements(Endpoint):
    path = "/v1/announcements"

    @allow("resident")
    async def get(self, query: FindAnnouncements) -> AnnouncementsView:
        """Those for my street, community and compound, newest first; without a household the street's."""
        me = await self.building.resident(self.actor.id)
        return await self.building.db.reading(lambda reader: announcements.listed_for(reader, me, query))


class Announcement(Endpoint):
    path = "/v1/announcements/{announcement_id}"

    @allow("resident")
    async def get(self, announcement_id: str) -> AnnouncementView:
        """One of them; one that was withdrawn says why, and nothing else."""
        me, rules = await self.building.resident(self.actor.id), self.building.settings
        return await self.building.db.reading(
            lambda reader: announcements.view_for(reader, announcement_id, me, rules)
        )


class Read(Endpoint):
    path = "/v1/announcements/{announcement_id}/read"

    @allow("resident")
    async def post(self, announcement_id: str, read: ReadAnnouncement) -> Answer[Nothing]:
        """I have read this edition; told once or often, it is written once."""
        me = await self.building.resident(self.actor.id)

        async def marked(tx: Tx) -> Nothing:
            await announcements.mark(tx, announcement_id, read.edition, me)
            return Nothing()

        return await self.once(marked, lanes=[f"reading {announcement_id} {me.id}"])


class StaffAnnouncements(Endpoint):
    path = "/v1/staff-announcements"

    @allow(*WRITES)
    async def get(self, query: FindStaffAnnouncements) -> StaffAnnouncementsView:
        """The street sees all, a window those of its community; newest first."""
        return await self.building.db.reading(lambda reader: announcements.listed(reader, query, self.actor))

    @allow(*WRITES, status=201)
    async def post(self, new: NewAnnouncement) -> Answer[StaffAnnouncementView]:
        """A draft, that residents do not see yet."""

        async def drafted(tx: Tx) -> StaffAnnouncementView:
            made = await announcements.draft(tx, new, self.actor)
            return await announcements.view(tx, made, self.actor, self.building.settings)

        return await self.once(drafted, status=201)


class StaffAnnouncement(Endpoint):
    path = "/v1/staff-announcements/{announcement_id}"

    @allow(*WRITES)
    async def get(self, announcement_id: str) -> StaffAnnouncementView:
        """One, with the editions that were replaced and what may be done with it now."""

        async def seen(reader: Reader) -> StaffAnnouncementView:
            found = await announcements.find(reader, announcement_id, self.actor)
            return await announcements.view(reader, found, self.actor, self.building.settings)

        return await self.building.db.reading(seen)


class Reach(Endpoint):
    path = "/v1/staff-announcements/{announcement_id}/reach"

    @allow(*WRITES)
    async def get(self, announcement_id: str) -> ReachView:
        """How many residents it is for, and how many have read it."""

        async def counted(reader: Reader) -> ReachView:
            found = await announcements.find(reader, announcement_id, self.actor)
            return await announcements.reach(reader, found)

        return await self.building.db.reading(counted)


class Edit(Endpoint):
    path = "/v1/staff-announcements/{announcement_id}/edit"

    @allow(*WRITES)
    async def post(self, announcement_id: str, wanted: EditAnnouncement) -> Answer[StaffAnnouncementView]:
        """Change a draft."""

        async def edited(tx: Tx) -> StaffAnnouncementView:
            done = await announcements.edit(tx, announcement_id, wanted, self.actor)
            return await announcements.view(tx, done, self.actor, self.building.settings)

        return await self.once(edited)


class Publish(Endpoint):
    path = "/v1/staff-announcements/{announcement_id}/publish"

    @allow(*WRITES)
    async def post(self, announcement_id: str, wanted: PublishAnnouncement) -> Answer[StaffAnnouncementView]:
        """Residents see it, at once or from a time on, and hear of it on their phones."""

        async def published(tx: Tx) -> StaffAnnouncementView:
            done = await broadcasts.publish(tx, announcement_id, wanted, self.actor)
            return await announcements.view(tx, done, self.actor, self.building.settings)

        return await self.once(published)


class HoldBack(Endpoint):
    path = "/v1/staff-announcements/{announcement_id}/hold-back"

    @allow(*WRITES)
    async def post(self, announcement_id: str, wanted: HoldBackAnnouncement) -> Answer[StaffAnnouncementView]:
        """Make what is scheduled, and not yet seen by anybody, a draft again."""

        async def held(tx: Tx) -> StaffAnnouncementView:
            done = await broadcasts.hold_back(tx, announcement_id, wanted, self.actor)
            return await announcements.view(tx, done, self.actor, self.building.settings)

        return await self.once(held)


class Withdraw(Endpoint):
    path = "/v1/staff-announcements/{announcement_id}/withdraw"

    @allow(*WRITES)
    async def post(self, announcement_id: str, wanted: WithdrawAnnouncement) -> Answer[StaffAnnouncementView]:
        """Take it back, with a reason that residents read."""

        async def withdrawn(tx: Tx) -> StaffAnnouncementView:
            done = await broadcasts.withdraw(tx, announcement_id, wanted, self.actor)
            return await announcements.view(tx, done, self.actor, self.building.settings)

        return await self.once(withdrawn)


class Correct(Endpoint):
    path = "/v1/staff-announcements/{announcement_id}/correct"

    @allow(*WRITES)
    async def post(self, announcement_id: str, wanted: CorrectAnnouncement) -> Answer[StaffAnnouncementView]:
        """Publish a corrected edition, that says so; staff keep what it said before."""

        async def corrected(tx: Tx) -> StaffAnnouncementView:
            done = await broadcasts.correct(tx, announcement_id, wanted, self.actor)
            return await announcements.view(tx, done, self.actor, self.building.settings)

        return await self.once(corrected)


class CommentsOpened(Endpoint):
    path = "/v1/staff-announcements/{announcement_id}/open-comments"

    @allow(*WRITES)
    async def post(self, announcement_id: str, wanted: OpenComments) -> Answer[StaffAnnouncementView]:
        """Let residents comment on it; nobody else reads a comment before it is picked."""

        async def opened(tx: Tx) -> StaffAnnouncementView:
            done = await announcements.open_comments(tx, announcement_id, wanted, self.actor)
            return await announcements.view(tx, done, self.actor, self.building.settings)

        return await self.once(opened)


class CommentsClosed(Endpoint):
    path = "/v1/staff-announcements/{announcement_id}/close-comments"

    @allow(*WRITES)
    async def post(self, announcement_id: str, wanted: CloseComments) -> Answer[StaffAnnouncementView]:
        """Take no more comments; those that were picked stay."""

        async def closed(tx: Tx) -> StaffAnnouncementView:
            done = await announcements.close_comments(tx, announcement_id, wanted, self.actor)
            return await announcements.view(tx, done, self.actor, self.building.settings)

        return await self.once(closed)


class Discard(Endpoint):
    path = "/v1/staff-announcements/{announcement_id}/discard"

    @allow(*WRITES)
    async def post(self, announcement_id: str) -> Answer[Nothing]:
        """Throw a draft away."""

        async def discarded(tx: Tx) -> Nothing:
            await announcements.discard(tx, announcement_id, self.actor)
            return Nothing()

        return await self.once(discarded)


class Pictures(Upload):
    """An upload for an announcement that the caller may change."""

    async def holder(self, reader: Reader, holder_id: str) -> attachments.Holder:
        """Raises AnnouncementNotFound, AnnouncementOfStreet."""
        return await announcements.to_change(reader, holder_id, self.actor)


@stream_request_body
class AnnouncementFiles(Pictures):
    path = "/v1/staff-announcements/{announcement_id}/attachments"

    @allow(*WRITES, status=201)
    async def post(self, announcement_id: str) -> Answer[AttachmentView]:
        """Send a picture (JPG, PNG, WebP); an edit or a correction names its id within a day, or it is deleted."""

        async with self.taken_in() as arrival:

            async def kept(tx: Tx) -> AttachmentView:
                attachment = await self.keep_file(tx, announcement_id, arrival)
                return attachments.view(attachment, self.building.settings, tx.now)

            answer = await self.once(kept, status=201)
            arrival.kept = not answer.replayed
        return answer
