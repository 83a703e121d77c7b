"""How pages say times, money and roles: as people say them."""

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from schemas.cases import CaseView, ClockView
from schemas.common import FormField
from server.cases.views import SOON
from server.kit.clock import SHANGHAI

_WEEKDAYS = "一二三四五六日"
QUARTER = timedelta(minutes=15)
_LATE_SHARE = 0.8
_NEAR = {-1: "昨天", 0: "今天", 1: "明天", 2: "后天"}


def when(moment: datetime, now: datetime) -> str:
    """`今天 9:00`, `周三 9:00` within a week, `11 月 20 日 10:12` otherwise."""
    local, today = moment.astimezone(SHANGHAI), now.astimezone(SHANGHAI).date()
    away = (local.date() - today).days
    if away in _NEAR:
        day = _NEAR[away]
    elif 0 < away < 7:
        day = f"周{_WEEKDAYS[local.weekday()]}"
    else:
        year = f"{local.year} 年 " if local.year != today.year else ""
        day = f"{year}{local.month} 月 {local.day} 日"
    return f"{day} {local.hour}:{local.minute:02d}"


def stamp(moment: datetime) -> str:
    """`2026-11-24 9:05`: on paper nothing is today."""
    local = moment.astimezone(SHANGHAI)
    return f"{local:%Y-%m-%d} {local.hour}:{local.minute:02d}"


def span(length: timedelta) -> str:
    """`24 分`, `1 小时 10 分`, `1 天 18 小时`, `13 天`."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} 分"
    if minutes < 24 * 60:
        return f"{minutes // 60} 小时" + (f" {minutes % 60} 分" if minutes % 60 else "")
    days, hours = minutes // 1440, minutes % 1440 // 60
    return f"{days} 天" + (f" {hours} 小时" if hours and days < 3 else "")


def quarters(number: int) -> str:
    """A worker's load, which is kept in quarters of an hour."""
    return span(number * QUARTER)


def answer(name: str, field: FormField | None, value: Any) -> tuple[str, str]:
    """A filled-in field as label and words; of a field that the service no longer has, the bare name."""
    if field is None:
        return name, _said(value)
    texts = {one["value"]: one["text"] for one in field.options}
    if isinstance(value, list):
        return field.label, "、".join(texts.get(one, _said(one)) for one in value)
    unit = f" {field.hint}" if field.type == "number" and field.hint else ""
    return field.label, texts.get(value, _said(value)) + unit


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def yuan(fen: int) -> str:
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole:,}.{rest:02d}"


_QUOTE_STATES = {
    "offered": "等居民决定",
    "accepted": "居民已同意",
    "refused": "居民没有同意",
    "withdrawn": "已收回",
    "lapsed": "已过期",
}


def quote_state(state: str) -> str:
    return _QUOTE_STATES[state]


class Limit(Struct, frozen=True):
    """A clock as a row draws it: words, a bar of so many per cent, and whether to hurry."""

    text: str
    due: str
    percent: int
    tone: str


def limit(case: CaseView, now: datetime) -> Limit | None:
    """What is left until the promise; the bar runs from the last move to it."""
    clock: ClockView | None = case.clock
    if clock is None:
        return None
    if clock.used is not None and clock.total:
        return _counted(clock, now)
    left, whole = clock.due_at - now, (clock.due_at - case.updated_at).total_seconds()
    used = (now - case.updated_at).total_seconds()
    percent = 100 if whole <= 0 else round(100 * min(max(used / whole, 0.03), 1))
    due = when(clock.due_at, now)
    if left <= timedelta(0):
        return Limit(f"已超时 {span(-left)}", due, 100, "late")
    return Limit(f"剩 {span(left)}", due, percent, "soon" if left <= SOON else "easy")


def _counted(clock: ClockView, now: datetime) -> Limit:
    """A promise by the working day or the hour: the bar is what is used of it."""
    share = (clock.used or 0) / (clock.total or 1)
    tone = "late" if clock.overdue else "soon" if share >= _LATE_SHARE and not clock.paused else "easy"
    due = f"{when(clock.due_at, now)}{'（暂定）' if clock.provisional else ''}"
    return Limit(clock.text, due, round(100 * min(max(share, 0.03), 1)), tone)
