"""Comments 留言 under an announcement: what residents write, and what the staff pick and answer."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import NO_CONTROL, Cursor, Limit, Reason, Request, Version, View

CommentState = Literal["waiting", "shown", "hidden"]
CommentText = Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_CONTROL, title="留言")]
AnswerText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=300,
        pattern=NO_CONTROL,
        title="回复",
        description="选登以后，看得到公告的居民都会看到",
    ),
]


class NewComment(Request, frozen=True, kw_only=True):
    text: CommentText


class ShowComment(Request, frozen=True, kw_only=True):
    version: Version | None = None


class HideComment(Request, frozen=True, kw_only=True):
    """`reason` is read by whoever wrote it, and by nobody else."""

    reason: Reason
    version: Version | None = None


class AnswerComment(Request, frozen=True, kw_only=True):
    """Answered again it is the new answer that stands. It shows nothing that was not picked."""

    text: AnswerText
    version: Version | None = None


class FindComments(Request, frozen=True, kw_only=True):
    cursor: Cursor | None = None
    limit: Limit = 20


class FindStaffComments(Request, frozen=True, kw_only=True):
    state: CommentState | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class CommentActionView(View, frozen=True, kw_only=True):
    name: str
    text: str


class CommentView(View, frozen=True, kw_only=True):
    """As a resident reads it: `by` is a masked name, `reason` says of one's own why it was not picked, `answered_by`
    is the office that published the announcement."""

    id: str
    by: str
    text: str
    at: datetime
    state: CommentState
    state_text: str
    mine: bool
    reason: str
    answer: str
    answered_by: str
    answered_at: datetime | None
    actions: list[CommentActionView]


class CommentsView(View, frozen=True, kw_only=True):
    """What was picked and all of one's own, newest first. While it is not `open` nothing is taken; `left` is how many
    the caller may still write."""

    items: list[CommentView]
    next: str | None = None
    open: bool
    left: int


class StaffCommentView(View, frozen=True, kw_only=True):
    """`caution` is what WeChat's check said that the staff have to know, mostly nothing; `decided_by` has picked it or
    not, `reason` why not; `actions`: what the caller may do now."""

    id: str
    announcement_id: str
    by: str
    text: str
    at: datetime
    state: CommentState
    state_text: str
    tone: str
    caution: str
    decided_by: str
    decided_at: datetime | None
    reason: str
    answer: str
    answered_by: str
    answered_at: datetime | None
    actions: list[CommentActionView]
    version: int


class StaffCommentsView(View, frozen=True, kw_only=True):
    """Newest first; `waiting` are those of this announcement that nobody has looked at yet."""

    items: list[StaffCommentView]
    next: str | None = None
    waiting: int
