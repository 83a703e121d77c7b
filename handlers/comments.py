"""Comments under an announcement: residents write and read them, the staff pick and answer."""

from handlers.base import Answer, Endpoint, allow
from schemas.comments import (
    AnswerComment,
    CommentsView,
    CommentView,
    FindComments,
    FindStaffComments,
    HideComment,
    NewComment,
    ShowComment,
    StaffCommentsView,
    StaffCommentView,
)
from server import announcements, comments
from server.announcements import WRITES
from server.kit.db import Tx

TITLE = "公告留言"


class Comments(Endpoint):
    path = "/v1/announcements/{announcement_id}/comments"

    @allow("resident")
    async def get(self, announcement_id: str, query: FindComments) -> CommentsView:
        """What the staff picked, and all that I wrote myself, newest first."""
        me = await self.building.resident(self.actor.id)
        return await self.building.db.reading(
            lambda reader: comments.listed_for(reader, announcement_id, query, me)
        )

    @allow("resident", status=201)
    async def post(self, announcement_id: str, new: NewComment) -> Answer[CommentView]:
        """Comment on it. WeChat looks at the text first; others read it once the staff have picked it."""
        if (before := await self.replayed()) is not None:
            return before
        house, me = self.building, await self.building.resident(self.actor.id)
        await house.db.reading(lambda reader: comments.writable(reader, announcement_id, new, me))
        checked = await comments.judged(house.wechat, me.openid, new.text)

        async def written(tx: Tx) -> CommentView:
            made = await comments.write(tx, announcement_id, new, checked, me)
            under = await announcements.find_for(tx, announcement_id, me)
            return comments.view_for(tx, made, under, me)

        return await self.once(written, status=201, lanes=[f"comments {announcement_id} {me.id}"])


class Comment(Endpoint):
    path = "/v1/comments/{comment_id}"

    @allow("resident")
    async def delete(self, comment_id: str) -> None:
        """Take my own back; nobody reads it any more."""

        async def removed(tx: Tx) -> None:
            await comments.remove(tx, comment_id, self.actor.id)

        await self.once(removed)


class StaffComments(Endpoint):
    path = "/v1/staff-announcements/{announcement_id}/comments"

    @allow(*WRITES)
    async def get(self, announcement_id: str, query: FindStaffComments) -> StaffCommentsView:
        """All that were written, newest first."""
        return await self.building.db.reading(
            lambda reader: comments.listed(reader, announcement_id, query, self.actor)
        )


class Show(Endpoint):
    path = "/v1/comments/{comment_id}/show"

    @allow(*WRITES)
    async def post(self, comment_id: str, wanted: ShowComment) -> Answer[StaffCommentView]:
        """Pick it: everybody whom the announcement is for reads it."""
        return await self.once(lambda tx: comments.show(tx, comment_id, wanted, self.actor))


class Hide(Endpoint):
    path = "/v1/comments/{comment_id}/hide"

    @allow(*WRITES)
    async def post(self, comment_id: str, wanted: HideComment) -> Answer[StaffCommentView]:
        """Do not pick it, or not any more, with a reason that its writer reads."""
        return await self.once(lambda tx: comments.hide(tx, comment_id, wanted, self.actor))


class AnswerOne(Endpoint):
    path = "/v1/comments/{comment_id}/answer"

    @allow(*WRITES)
    async def post(self, comment_id: str, wanted: AnswerComment) -> Answer[StaffCommentView]:
        """Answer it, or say the answer in other words; its writer is told."""
        return await self.once(lambda tx: comments.answer(tx, comment_id, wanted, self.actor))
