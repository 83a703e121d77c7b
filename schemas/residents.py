"""A resident's own profile."""

from datetime import datetime, time
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.common import END, ONE_LINE, Code, Id, Name, Phone, Request, View
from schemas.disability import DisabilityView
from schemas.push import Topic


class Household(Request, frozen=True, kw_only=True):
    compound_id: Id
    room: Annotated[str, Meta(max_length=60, pattern=ONE_LINE)] = ""


LocalTime = Annotated[
    time,
    Meta(
        tz=False,
        description="当地时间，如 22:00:00",
        extra_json_schema={"pattern": r"^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?" + END},
    ),
]


class QuietHours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Local times between which nothing unimportant is pushed; may span midnight."""

    start: LocalTime
    end: LocalTime


How = Literal["now", "digest", "inbox"]


class Preferences(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without `quiet_hours` the street's usual ones hold; where they end as they begin there are none. A topic that is
    not named is told as its messages' importance says. `calls`, `sms`: how else what matters may reach this person."""

    large_text: bool = False
    quiet_hours: QuietHours | None = None
    topics: dict[Topic, How] = {}
    sms: bool = True
    calls: bool = True


class ChangePreferences(Request, frozen=True, kw_only=True):
    """Only what is sent is changed, of the topics too; a topic that becomes null is told as usual again."""

    large_text: bool | UnsetType = UNSET
    quiet_hours: QuietHours | UnsetType | None = UNSET
    topics: dict[Topic, How | None] | UnsetType = UNSET
    sms: bool | UnsetType = UNSET
    calls: bool | UnsetType = UNSET


BirthYear = Annotated[int, Meta(ge=1900, le=2099, description="出生年份，60 岁以上有优惠")]


class ResidentView(View, frozen=True, kw_only=True):
    id: str
    name: str
    phone: str | None
    household: Household | None
    community_id: str | None
    preferences: Preferences
    birth_year: int | None
    disability: DisabilityView | None = None
    created_at: datetime


class ResidentCard(View, frozen=True, kw_only=True):
    """What a desk sees of a caller without saying why: `name` and `phone` are masked, and of the home there is the
    compound and no door. All of it is at `/v1/residents/{id}/reveal`."""

    id: str
    name: str
    phone: str
    compound: str
    community_id: str | None


class ChangeMe(Request, frozen=True, kw_only=True):
    """Only the fields sent are changed."""

    name: Name | UnsetType = UNSET
    household: Household | UnsetType = UNSET
    preferences: ChangePreferences | UnsetType = UNSET
    birth_year: BirthYear | UnsetType | None = UNSET


class BindPhone(Request, frozen=True, kw_only=True):
    """The code of the phone button; not the one of wx.login."""

    code: Code


class FindResident(Request, frozen=True, kw_only=True):
    phone: Phone


class ResidentsFound(View, frozen=True, kw_only=True):
    items: list[ResidentCard]
    next: str | None = None
