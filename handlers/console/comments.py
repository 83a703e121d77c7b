"""What staff do with a comment under an announcement: pick it, or not, and answer it. The page is the announcement's."""

from collections.abc import Awaitable, Callable
from typing import Any

from handlers.base import allow
from handlers.console.announcements import SHOWN, Refused, address, picture, plain, version_of
from handlers.console.case import read_as
from handlers.page import Goto, Page, Shown
from schemas.comments import AnswerComment, HideComment, ShowComment
from server import comments
from server.announcements import WRITES
from server.comments import CommentNotFound
from server.kit.db import Tx
from server.kit.errors import HoelunError

_HINTS = {"reason": "请写明为什么不选登，200 字以内", "text": "请写回复，300 字以内"}
_SAID = {
    "show": "已选登，看得到公告的居民都能看到这条留言",
    "hide": "没有选登，只有写的人自己看得到",
    "answer": "已回复，写留言的人会收到消息",
}


def deed(action: str, comment_id: str, form: dict[str, str], page: Page) -> Callable[[Tx], Awaitable[Any]]:
    """Raises Invalid, CommentNotFound."""
    text = {name: form[name].strip().replace("\r\n", "\n") for name in ("reason", "text") if name in form}
    body, actor = text | version_of(form), page.actor
    match action:
        case "show":
            shown = read_as(body, ShowComment)
            return lambda tx: comments.show(tx, comment_id, shown, actor)
        case "hide":
            hidden = read_as(body, HideComment)
            return lambda tx: comments.hide(tx, comment_id, hidden, actor)
        case "answer":
            answer = read_as(body, AnswerComment)
            return lambda tx: comments.answer(tx, comment_id, answer, actor)
    raise CommentNotFound


class ActOnComment(Page):
    path = "/console/announcements/{announcement_id}/comments/{comment_id}/{action}"

    @allow(*WRITES)
    async def get(self, announcement_id: str, comment_id: str, action: str) -> Goto:
        """The address of a form that was sent, typed again."""
        return Goto(f"{address(announcement_id)}#comments")

    @allow(*WRITES)
    async def post(
        self, announcement_id: str, comment_id: str, action: str, form: dict[str, str]
    ) -> Shown | Goto:
        """One of the forms beside a comment; sent twice it is done once."""
        try:
            await self.once(deed(action, comment_id, form, self))
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            refused = Refused(action, plain(error, _HINTS), form, comment_id)
            facts = await self.building.db.reading(
                lambda reader: picture(self, reader, announcement_id, refused)
            )
            return Shown("console/announcement.html", facts | {"flash": ""}, error.status)
        self.flash(_SAID[action])
        return Goto(f"{address(announcement_id)}#comments")
