"""Times and ways as people say them."""

import functools
from datetime import date, datetime

from schemas.cases import Channel
from server.kit.clock import SHANGHAI

_WEEKDAYS = "一二三四五六日"
CHANNELS: dict[Channel, str] = {
    "mini_program": "小程序",
    "phone": "电话",
    "window": "窗口",
    "wecom": "企业微信",
    "console": "工作台",
    "system": "自动",
}
"""How something came to us or was done."""


@functools.lru_cache(maxsize=10_000)
def said(moment: datetime) -> str:
    """A time as people say it: 11 月 25 日 周三 9:00."""
    local = moment.astimezone(SHANGHAI)
    return f"{local.month} 月 {local.day} 日 周{_WEEKDAYS[local.weekday()]} {local.hour}:{local.minute:02d}"


def said_day(day: date) -> str:
    """A day far from now as people say it: 2027 年 1 月 21 日."""
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


@functools.lru_cache(maxsize=10_000)
def local(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).isoformat()


@functools.lru_cache(maxsize=10_000)
def clock_time(moment: datetime | None) -> str:
    local = moment.astimezone(SHANGHAI) if moment else None
    return f"{local.hour}:{local.minute:02d}" if local else "今天"


def masked(phone: str) -> str:
    """`139****0001`; of anything shorter than a telephone number nothing but stars."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 9 else "****" if phone else ""


def masked_name(name: str) -> str:
    """王桂英 → 王**."""
    return name[:1] + "*" * (len(name) - 1)
