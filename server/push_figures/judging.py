"""What is not as it should be: fewer arrive than usual, something waits too long, something was given up."""

from datetime import date, datetime, timedelta
from statistics import median

from schemas.push_figures import AlertKind
from server import nouns, outbox
from server.config import PushAlerts, Settings
from server.kit.clock import SHANGHAI, midnight, today
from server.kit.db import Reader
from server.outbox import Outbox
from server.push import BULKS, templates
from server.push_figures.stored import LAST, PUSH_DAYS, PUSH_WATCH, Alert, PushDay, Sums, by_day

_ASLEEP = 4
"""Rounds of the count that may be missed."""


def alerts(reader: Reader, settings: Settings) -> list[Alert]:
    """As the last count found it, out of memory; and whether there was one lately."""
    watch = reader.recall(PUSH_WATCH, LAST)
    if watch is None:
        return []
    late = watch.counted_at + _ASLEEP * timedelta(minutes=settings.push_alerts.every_minutes)
    if reader.now <= late:
        return watch.alerts
    at = watch.counted_at.astimezone(SHANGHAI)
    text = f"{at:%m-%d %H:%M} 以后没有再统计，后台程序可能停了，消息也可能没有在发"
    return [*watch.alerts, Alert(kind="asleep", day=watch.day, text=text, since=watch.counted_at)]


async def judged(reader: Reader, rows: list[PushDay], settings: Settings) -> list[Alert]:
    """`rows` are today's and yesterday's, freshly counted."""
    return [
        *await _reach(reader, rows, settings.push_alerts),
        *await _waiting(reader, settings.push_alerts),
        *await _dead(reader),
    ]


async def _reach(reader: Reader, rows: list[PushDay], rules: PushAlerts) -> list[Alert]:
    present = today(reader.now)
    before = await days_since(reader, present - timedelta(days=rules.days + 1))
    days = by_day(asked_for([*(one for one in before if one.day < f"{present - timedelta(days=1)}"), *rows]))
    found = []
    for day in (present, present - timedelta(days=1)):
        sums = days.get(f"{day}")
        usual = usual_reach(
            [days.get(f"{day - timedelta(days=back + 1)}") for back in range(rules.days)], rules
        )
        if sums is not None and fallen(sums, usual, rules):
            found.append(_alert("reach", day, _said(day, sums, usual), reader.now))
    return found


def asked_for(rows: list[PushDay]) -> list[PushDay]:
    """Without what goes to everybody: most have never asked for that, and one announcement would outweigh a day."""
    known = templates()
    return [one for one in rows if one.template not in known or known[one.template].topic != "announcements"]


async def days_since(reader: Reader, day: date) -> list[PushDay]:
    """All rows from that day on."""
    return [row async for row in reader.each(PUSH_DAYS, {"_id": {"$gte": f"{day}"}})]


def usual_reach(days: list[Sums | None], rules: PushAlerts) -> int | None:
    """The median of the days with enough messages."""
    known = [one.reach for one in days if one is not None and one.meant >= rules.least]
    shares = [one for one in known if one is not None]
    return round(median(shares)) if shares else None


def fallen(sums: Sums, usual: int | None, rules: PushAlerts) -> bool:
    """Whether so few arrived that somebody has to look."""
    if sums.meant < rules.least or sums.reach is None:
        return False
    return sums.reach < rules.floor or (usual is not None and sums.reach <= usual - rules.fall)


def _said(day: date, sums: Sums, usual: int | None) -> str:
    beside = f"，平时是 {usual}%" if usual is not None else ""
    what = f"{day.month} 月 {day.day} 日除公告外，要发到微信的消息只送到 {sums.reach}%"
    return f"{what}{beside}，请看看是哪个模板、什么错误"


async def _waiting(reader: Reader, rules: PushAlerts) -> list[Alert]:
    """What goes to thousands may take its time."""
    found = await outbox.looked_over(reader, nouns.found(Outbox))
    late = [
        one for one in found.queues if one.lane not in BULKS and one.waiting_s > rules.waiting_minutes * 60
    ]
    return [
        _alert(
            "waiting",
            today(reader.now),
            f"{one.title}：最早的一条等了 {one.waiting_s // 60} 分钟还没发",
            reader.now,
        )
        for one in sorted(late, key=lambda one: -one.waiting_s)[:1]
    ]


async def _dead(reader: Reader) -> list[Alert]:
    day = today(reader.now)
    span = {"dead_at": {"$gte": midnight(day), "$lte": reader.now}}
    counts = [
        (await reader.count(one.collection, span, limit=outbox.COUNTED), one.title)
        for one in nouns.found(Outbox)
    ]
    some = [f"{title} {count} 条" for count, title in sorted(counts, reverse=True) if count]
    return (
        [_alert("dead", day, f"今天有消息停发：{'，'.join(some)}，请到发件箱处理", reader.now)]
        if some
        else []
    )


def _alert(kind: AlertKind, day: date, text: str, now: datetime) -> Alert:
    return Alert(kind=kind, day=f"{day}", text=text, since=now)
