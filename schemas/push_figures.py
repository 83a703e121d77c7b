"""How far the messages to residents get: in figures by day and template, and what is not as it should be."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import Request, View

AlertKind = Literal["reach", "waiting", "dead", "asleep"]


class PushSumsView(View, frozen=True, kw_only=True):
    """`written` are all messages; of these `sent` are with WeChat, `no_credit` found no subscription, `refused` were not
    wanted, `dead` were given up, `waiting` are on their way, `digest` are told of once a day, `inbox` stay in the inbox,
    and `read` have been opened there. `reach` is the share of `sent`, in per cent, in what was to be told at once and
    has come to an end; null where nothing has."""

    written: int
    sent: int
    no_credit: int
    refused: int
    dead: int
    waiting: int
    digest: int
    inbox: int
    read: int
    reach: int | None


class PushDayView(PushSumsView, frozen=True, kw_only=True):
    """The messages that were written on a day."""

    day: date


class ErrcodeView(View, frozen=True, kw_only=True):
    """How often WeChat, or the way to it, answered so. `errcode` is empty where there was no number."""

    errcode: str
    text: str
    count: int


class PushTemplateView(PushSumsView, frozen=True, kw_only=True):
    """The messages of a template on all the days together; `errors` by number, the most frequent first."""

    template: str
    title: str
    errors: list[ErrcodeView]


class PushAlertView(View, frozen=True, kw_only=True):
    """What is not as it should be, in a sentence; `asleep` when nobody has counted for a while."""

    kind: AlertKind
    text: str
    since: datetime


class PushFiguresView(View, frozen=True, kw_only=True):
    """`days` from the oldest on, `templates` those with the most messages first, as of `counted_at`."""

    days: list[PushDayView]
    templates: list[PushTemplateView]
    alerts: list[PushAlertView]
    counted_at: datetime | None


class FindPushFigures(Request, frozen=True, kw_only=True):
    """How many days back, today among them."""

    days: Annotated[int, Meta(ge=1, le=31)] = 14
