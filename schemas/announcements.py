"""Announcements 公告: what staff write, what residents read, and how many have read it."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.attachments import AttachmentView
from schemas.broadcasts import BroadcastImportance
from schemas.common import (
    NO_CONTROL,
    ONE_LINE,
    Cursor,
    Id,
    Limit,
    Moment,
    Reason,
    Request,
    Version,
    View,
)
from schemas.places import PlaceKind

AnnouncementState = Literal["draft", "scheduled", "published", "withdrawn"]
AnnouncementTitle = Annotated[str, Meta(min_length=1, max_length=60, pattern=ONE_LINE, title="标题")]
AnnouncementText = Annotated[str, Meta(min_length=1, max_length=5000, pattern=NO_CONTROL, title="正文")]
CorrectionNote = Annotated[
    str,
    Meta(min_length=1, max_length=200, pattern=NO_CONTROL, title="改了什么", description="居民会看到这句话"),
]
Images = Annotated[list[Id], Meta(max_length=9, description="图片的编号，先传到这条公告")]
Edition = Annotated[int, Meta(ge=1, le=10_000, description="第几版正文，更正一次加一")]


class Audience(Request, frozen=True, kw_only=True):
    """`place_id` names the community or the compound; the whole street needs none. With a `tag` it is for those of them
    who have it."""

    kind: PlaceKind
    place_id: Id | None = None
    tag: Id | None = None


class NewAnnouncement(Request, frozen=True, kw_only=True):
    audience: Audience
    title: AnnouncementTitle
    text: AnnouncementText
    comments: bool = False


class EditAnnouncement(Request, frozen=True, kw_only=True):
    """The whole draft as it shall be; `images` in the order in which they are shown. With `comments` residents may
    comment once it is published."""

    audience: Audience
    title: AnnouncementTitle
    text: AnnouncementText
    images: Images = []
    comments: bool = False
    version: Version | None = None


class PublishAnnouncement(Request, frozen=True, kw_only=True):
    """`at` is when residents begin to see it; at once if left out. With `push` it then also goes to their phones,
    `urgent` at any hour of the night."""

    at: Moment | None = None
    push: bool = True
    importance: BroadcastImportance = "normal"
    version: Version | None = None


class HoldBackAnnouncement(Request, frozen=True, kw_only=True):
    version: Version | None = None


class WithdrawAnnouncement(Request, frozen=True, kw_only=True):
    reason: Reason
    version: Version | None = None


class CorrectAnnouncement(Request, frozen=True, kw_only=True):
    """The next edition; `note` tells residents what is different. With `push` they are told on their phones anew."""

    title: AnnouncementTitle
    text: AnnouncementText
    images: Images = []
    note: CorrectionNote
    push: bool = True
    importance: BroadcastImportance = "normal"
    version: Version | None = None


class OpenComments(Request, frozen=True, kw_only=True):
    version: Version | None = None


class CloseComments(Request, frozen=True, kw_only=True):
    version: Version | None = None


class ReadAnnouncement(Request, frozen=True, kw_only=True):
    edition: Edition


class FindAnnouncements(Request, frozen=True, kw_only=True):
    cursor: Cursor | None = None
    limit: Limit = 20


class FindStaffAnnouncements(Request, frozen=True, kw_only=True):
    """`place_id` is a community or a compound, or `street`."""

    state: AnnouncementState | None = None
    place_id: Id | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class AudienceView(View, frozen=True, kw_only=True):
    """`text` says place and tag, such as 全街道 · 独居老人. One that is `retired` has a tag that nobody has any more."""

    kind: PlaceKind
    place_id: str | None
    tag: str | None = None
    text: str
    retired: bool = False


class AnnouncementLineView(View, frozen=True, kw_only=True):
    """A line of a resident's list. `unread` is of the edition that stands now."""

    id: str
    title: str
    excerpt: str
    publisher: str
    published_at: datetime
    edition: int
    corrected: bool
    unread: bool


class AnnouncementsView(View, frozen=True, kw_only=True):
    items: list[AnnouncementLineView]
    next: str | None = None


class AnnouncementView(View, frozen=True, kw_only=True):
    """As its audience reads it. One that was withdrawn has only its title and the reason. `comments`: they are taken
    now (schemas/comments.py)."""

    id: str
    state: AnnouncementState
    state_text: str
    title: str
    text: str
    images: list[AttachmentView]
    publisher: str
    audience: AudienceView
    published_at: datetime
    edition: int
    corrected_at: datetime | None
    correction_note: str
    withdrawn_at: datetime | None
    withdraw_reason: str
    unread: bool
    comments: bool


class AnnouncementActionView(View, frozen=True, kw_only=True):
    name: str
    text: str


class EditionView(View, frozen=True, kw_only=True):
    """An edition that was replaced, for the staff: what residents read from `since` until `until`."""

    edition: int
    title: str
    text: str
    images: list[AttachmentView]
    since: datetime
    until: datetime
    replaced_by: str
    note: str


class StaffAnnouncementLineView(View, frozen=True, kw_only=True):
    """`at`: when it is or was published, of a draft when it was last changed. `comments_waiting`: how many comments the
    caller may pick from and nobody has looked at."""

    id: str
    state: AnnouncementState
    state_text: str
    tone: str
    title: str
    audience: AudienceView
    publisher: str
    author: str
    at: datetime
    edition: int
    comments: bool
    comments_waiting: int
    version: int


class StaffAnnouncementsView(View, frozen=True, kw_only=True):
    items: list[StaffAnnouncementLineView]
    next: str | None = None


class StaffAnnouncementView(View, frozen=True, kw_only=True):
    """`actions`: what the caller may do now; `editions`: those that were replaced, the latest first.
    `comments_waiting` as in the list."""

    id: str
    state: AnnouncementState
    state_text: str
    tone: str
    title: str
    text: str
    images: list[AttachmentView]
    audience: AudienceView
    publisher: str
    author: str
    created_at: datetime
    published_by: str
    published_at: datetime | None
    edition: int
    corrected_at: datetime | None
    correction_note: str
    withdrawn_by: str
    withdrawn_at: datetime | None
    withdraw_reason: str
    editions: list[EditionView]
    comments: bool
    comments_waiting: int
    actions: list[AnnouncementActionView]
    version: int


class ReachView(View, frozen=True, kw_only=True):
    """`audience`: residents who live there now; `read`: those who have opened the edition that stands now;
    `read_before`: readings of the edition before it, where there is one."""

    audience: int
    read: int
    edition: int
    read_before: int | None
