"""Times as people say them."""

import functools
from datetime import datetime

from server.kit.clock import SHANGHAI

_WEEKDAYS = "一二三四五六日"


@functools.lru_cache(maxsize=10_000)
def said(moment: datetime) -> str:
    """A time as people say it: 11 月 25 日 周三 9:00."""
    local = moment.astimezone(SHANGHAI)
    return f"{local.month} 月 {local.day} 日 周{_WEEKDAYS[local.weekday()]} {local.hour}:{local.minute:02d}"


@functools.lru_cache(maxsize=10_000)
def local(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).isoformat()


@functools.lru_cache(maxsize=10_000)
def clock_time(moment: datetime | None) -> str:
    local = moment.astimezone(SHANGHAI) if moment else None
    return f"{local.hour}:{local.minute:02d}" if local else "今天"
