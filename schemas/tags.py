"""Tags 标签 of residents: what somebody wants to hear of, and what the desk writes down so that they are told."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import ONE_LINE, Id, Request, View

TagKind = Literal["self", "desk"]
TagName = Annotated[str, Meta(min_length=1, max_length=12, pattern=ONE_LINE, title="名字")]
TagPurpose = Annotated[
    str,
    Meta(min_length=1, max_length=60, pattern=ONE_LINE, title="用来做什么", description="居民会看到这句话"),
]
TagReason = Annotated[
    str, Meta(min_length=1, max_length=60, pattern=ONE_LINE, title="原因", description="居民会看到这句话")
]


class NewTag(Request, frozen=True, kw_only=True):
    """`self` is chosen by residents, `desk` is put on them at the desk."""

    name: TagName
    kind: TagKind
    purpose: TagPurpose


class ChangeTag(Request, frozen=True, kw_only=True):
    name: TagName
    purpose: TagPurpose


class PutTag(Request, frozen=True, kw_only=True):
    """`asked`: that the resident, who had it taken off before, has said yes this time."""

    reason: TagReason
    asked: bool = False


class TagRetirement(Request, frozen=True, kw_only=True):
    """`agreed`: the announcements still to come for those with the tag that shall reach nobody, by their ids; the
    refusal names them."""

    agreed: Annotated[list[Id], Meta(max_length=500)] = []


class AwaitedView(View, frozen=True, kw_only=True):
    """An announcement still to come by a tag: `at` is when it is or was published."""

    id: str
    title: str
    at: datetime
    state_text: str


class TagView(View, frozen=True, kw_only=True):
    """`residents`: how many have it, closed accounts not among them."""

    id: str
    name: str
    kind: TagKind
    kind_text: str
    purpose: str
    active: bool
    residents: int


class TagsView(View, frozen=True, kw_only=True):
    items: list[TagView]
    next: str | None = None


class ChosenTagView(View, frozen=True, kw_only=True):
    """One that residents choose themselves, and whether this one has."""

    id: str
    name: str
    purpose: str
    chosen: bool


class GivenTagView(View, frozen=True, kw_only=True):
    """One that the desk has put on somebody: who, when and why."""

    id: str
    name: str
    purpose: str
    reason: str
    by: str
    at: datetime


class DeclinedTagView(View, frozen=True, kw_only=True):
    """One that the resident had taken off, and when."""

    id: str
    name: str
    at: datetime


class MyTagsView(View, frozen=True, kw_only=True):
    """`chosen`: all there are to choose from; `given`: what the desk has put on me."""

    chosen: list[ChosenTagView]
    given: list[GivenTagView]


class ResidentTagsView(View, frozen=True, kw_only=True):
    """As the desk sees a resident: what was put on them, what they had taken off, what could be put on them."""

    given: list[GivenTagView]
    declined: list[DeclinedTagView]
    free: list[ChosenTagView]


class FindTags(Request, frozen=True, kw_only=True):
    kind: TagKind | None = None
