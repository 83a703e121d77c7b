"""What is kept of an announcement, whom it is for, and the table of what may be done with it."""

from datetime import datetime
from typing import get_args

from msgspec import Struct

from schemas.announcements import AnnouncementState, Audience
from schemas.places import PlaceKind
from server import places, tags
from server.keeping import Keeping, by_resident
from server.kit.db import Collection, Index, Reader, Stored
from server.kit.errors import Conflict, Forbidden, NotFound
from server.places import PLACES

STREET_ID = "street"
"""What stands for the whole street where an audience is kept."""

WRITES = ("operator", "clerk", "admin")
STREET_WRITES = frozenset({"operator", "admin"})
DRAFT, SCHEDULED, PUBLISHED, WITHDRAWN = get_args(AnnouncementState)


class AnnouncementNotFound(NotFound):
    """没有这条公告，或者它不是发给您的"""


class AudienceNotFound(NotFound):
    """没有这个社区或小区，请重新选择"""


class AudienceNotYours(Forbidden):
    """社区窗口只能给自己社区的居民发公告"""


class AnnouncementOfStreet(Forbidden):
    """这条公告是街道发的，要由街道来改"""


class AnnouncementNotNow(Conflict):
    """这条公告现在不能这样办，请刷新后再看"""


class AnnouncementChanged(Conflict):
    """刚刚有同事改过这条公告，请刷新后再办"""


class PublishTimePast(Conflict):
    """发布时间已经过了，请选以后的时间，或者马上发布"""


class CorrectionUnheard(Conflict):
    """这条公告是发给有某个标签的居民的，标签已经停用，再通知一次没有人收到。请去掉“再通知一次”再更正，或者另写一条公告"""


class NothingCorrected(Conflict):
    """内容和现在的一样，没有要更正的"""


class Announcement(Stored, kw_only=True):
    """`place` is whom it is for: `street`, or the id of a community or compound; `community_id` the community in which
    that lies. With a `tag` it is for those there who have it (server/tags.py). `office_id` is the community whose
    window writes it, None where the street does.

    `at` is what lists are sorted by: of a draft its last change, from then on when residents begin to see it. So one
    that is scheduled is there at its time without anybody doing anything. `edition` counts the texts that residents
    have had, `version` every change. With `comments` residents may comment on it while it is published.
    """

    state: str
    kind: PlaceKind
    place: str
    community_id: str | None
    office_id: str | None
    tag: str | None = None
    title: str
    text: str
    images: list[str]
    comments: bool = False
    author_id: str
    author: str
    created_at: datetime
    at: datetime
    edition: int = 1
    version: int = 1
    published_by: str = ""
    corrected_at: datetime | None = None
    correction_note: str = ""
    withdrawn_by: str = ""
    withdrawn_at: datetime | None = None
    withdraw_reason: str = ""

    def state_at(self, now: datetime) -> AnnouncementState:
        return SCHEDULED if self.state == PUBLISHED and self.at > now else self.state  # type: ignore[return-value]

    @property
    def was_seen(self) -> bool:
        """Whether residents had it before it was withdrawn."""
        return self.withdrawn_at is not None and self.at <= self.withdrawn_at


class ReplacedEdition(Stored, kw_only=True):
    """What an announcement said until it was corrected; `id` is its id and the number of the edition."""

    announcement_id: str
    edition: int
    title: str
    text: str
    images: list[str]
    since: datetime
    until: datetime
    replaced_by: str
    note: str


class Reading(Stored, kw_only=True):
    """That a resident has read an edition. `id` is announcement, edition and resident, so there is one at most."""

    announcement_id: str
    edition: int
    resident_id: str
    at: datetime


KINDS: tuple[PlaceKind, ...] = get_args(PlaceKind)
_TAIL = ("state", "-at", "-_id")
ANNOUNCEMENTS: Collection[Announcement] = Collection(
    "announcements",
    Announcement,
    Index(("place", *_TAIL, "tag")),
    Index(("community_id", *_TAIL)),
    Index(("kind", *_TAIL)),
)
EDITIONS: Collection[ReplacedEdition] = Collection(
    "announcement_editions", ReplacedEdition, Index(("announcement_id", "-edition")), insert_only=True
)
READINGS: Collection[Reading] = Collection(
    "announcement_readings",
    Reading,
    Index(("announcement_id", "edition")),
    Index(("resident_id",)),
)
READ = Keeping(title="看过的公告", collection=READINGS, find=by_resident)


def reading_id(announcement_id: str, edition: int, resident_id: str) -> str:
    return f"{announcement_id}|{edition}|{resident_id}"


def message_id(announcement_id: str, edition: int, resident_id: str) -> str:
    """Of what a resident's inbox has of an edition, where it was sent to phones (server/broadcasts)."""
    return f"{announcement_id}.{edition}.{resident_id}"


class Deed(Struct, frozen=True):
    """Something that may be done with an announcement, in which states, and whether only while comments are taken, or
    are not."""

    name: str
    text: str
    states: tuple[AnnouncementState, ...]
    comments: bool | None = None

    def fits(self, one: Announcement, now: datetime) -> bool:
        return one.state_at(now) in self.states and self.comments in (None, one.comments)


DEEDS: tuple[Deed, ...] = (
    Deed("edit", "保存草稿", ("draft",)),
    Deed("publish", "发布", ("draft",)),
    Deed("discard", "删除草稿", ("draft",)),
    Deed("hold_back", "先不发，退回草稿", ("scheduled",)),
    Deed("correct", "更正", ("published",)),
    Deed("withdraw", "撤回", ("published",)),
    Deed("open_comments", "开放留言", ("published",), comments=False),
    Deed("close_comments", "关闭留言", ("published",), comments=True),
)
STATE_TEXTS: dict[AnnouncementState, str] = {
    "draft": "草稿",
    "scheduled": "定时发布",
    "published": "已发布",
    "withdrawn": "已撤回",
}
TONES: dict[AnnouncementState, str] = {
    "draft": "new",
    "scheduled": "wait",
    "published": "active",
    "withdrawn": "grey",
}


class Place(Struct, frozen=True):
    """An audience as it is kept."""

    kind: PlaceKind
    place: str
    community_id: str | None
    tag: str | None = None


def place_of(reader: Reader, audience: Audience) -> Place:
    """Raises AudienceNotFound, TagNotFound."""
    tag = tags.in_use(reader, audience.tag, "audience").id if audience.tag else None
    if audience.kind == "street":
        return Place("street", STREET_ID, None, tag)
    found = reader.recall(PLACES, audience.place_id) if audience.place_id else None
    if found is None or found.kind != audience.kind:
        raise AudienceNotFound(field="audience")
    community = found.id if found.kind == "community" else found.parent_id
    return Place(found.kind, found.id, community, tag)


def street_name(reader: Reader) -> str:
    everywhere = reader.everything(PLACES).items.values()
    return next((one.name for one in everywhere if one.kind == "street"), "街道办事处")


def publisher(reader: Reader, one: Announcement) -> str:
    return office(reader, one.office_id)


def office(reader: Reader, community_id: str | None) -> str:
    """Who publishes, by name."""
    return places.name_of(reader, community_id) if community_id else street_name(reader)
