"""What residents can be told of, and how each wants to hear it."""

from schemas.common import View
from schemas.push import Topic
from schemas.residents import How, QuietHours


class WayView(View, frozen=True, kw_only=True):
    how: How
    text: str


class TopicView(View, frozen=True, kw_only=True):
    """`how` is chosen, or else the usual. `note` says which messages are told otherwise, empty where none is."""

    topic: Topic
    title: str
    text: str
    how: How
    note: str
    ways: list[WayView]


class TopicsView(View, frozen=True, kw_only=True):
    """`quiet_hours` are those that hold for this resident, None: there are none; `usual` are the street's."""

    items: list[TopicView]
    quiet_hours: QuietHours | None
    usual: QuietHours | None
    next: str | None = None
