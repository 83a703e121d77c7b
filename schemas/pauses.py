"""What is not sent to WeChat for now, because its answer asked for that."""

from datetime import datetime

from schemas.common import View


class PauseView(View, frozen=True, kw_only=True):
    """`what` is paused, in words; without `until` it stands until somebody lifts it, and is then `liftable`. `errcode` is
    the platform's."""

    id: str
    what: str
    why: str
    errcode: str
    since: datetime
    until: datetime | None
    liftable: bool


class PausesView(View, frozen=True, kw_only=True):
    items: list[PauseView]
    next: str | None = None
