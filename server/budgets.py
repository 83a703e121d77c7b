"""What a clock of a case has used and what is left: counted on read, from when it ran and when it was paused.

In working days the starting day is not counted (《民法典》第二百零一条) and the last one ends when the offices close
(第二百零三条); a working day counts if the clock runs at its closing. Hours are counted to the millisecond.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Literal

from msgspec import Struct

from server.workdays import Calendar, day_of

Unit = Literal["working_days", "working_hours", "hours", "minutes"]
Owner = Literal["resident", "office", "other"]
"""Who has to act before a paused clock runs again."""

PROMISED = "promised"
LEGAL = "legal"
ANSWER = "answer"
DECISION = "decision"
ACCEPTANCE = "acceptance"
STEP = "step"
SUPPLEMENT = "supplement"
PUBLICITY = "publicity"
TITLES = {
    PROMISED: "承诺时限",
    LEGAL: "法定时限",
    ANSWER: "答复时限",
    DECISION: "裁决时限",
    ACCEPTANCE: "受理时限",
    STEP: "本步时限",
    SUPPLEMENT: "补材料时限",
    PUBLICITY: "公示时间",
}
UNITS: dict[Unit, str] = {
    "working_days": "个工作日",
    "working_hours": "个工作小时",
    "hours": "小时",
    "minutes": "分钟",
}
_SHORT: dict[Unit, str] = UNITS | {"working_days": "天", "working_hours": "小时"}
BY_CALENDAR = frozenset({"working_days", "working_hours"})
_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Budget(Struct, frozen=True):
    """So much time as was promised, or as the law gives."""

    amount: int
    unit: Unit = "working_days"


class Pause(Struct, kw_only=True):
    """`until` null: the clock still stands. `reason` completes “为……停了”, and the resident reads it."""

    at: datetime
    until: datetime | None = None
    owner: Owner
    reason: str
    by: str


class Extension(Struct, kw_only=True):
    """`asker` wanted it and `approver` allowed it; the resident reads the reason."""

    at: datetime
    amount: int
    approver: str
    asker: str = ""
    reason: str


class Request(Struct, kw_only=True):
    """An extension that somebody asked for and nobody has decided yet."""

    at: datetime
    amount: int
    asker: str
    reason: str


class CaseClock(Struct, kw_only=True):
    """Stored inside its case. `due_at` is what was last told, null while paused; `edition` is the calendar's.

    `remind` is who has not been reminded yet, and at how many per cent they will be; `run` counts how often this
    clock was started anew. `late`: it was stopped after it had run out.
    """

    unit: Unit
    amount: int
    started_at: datetime
    stopped_at: datetime | None = None
    pauses: list[Pause] = []
    extensions: list[Extension] = []
    asked: Request | None = None
    remind: dict[str, int] = {}
    run: int = 1
    late: bool = False
    due_at: datetime | None = None
    edition: int = 0

    @property
    def total(self) -> int:
        return self.amount + sum(one.amount for one in self.extensions)

    @property
    def open_pause(self) -> Pause | None:
        return self.pauses[-1] if self.pauses and self.pauses[-1].until is None else None

    @property
    def state(self) -> Literal["running", "paused", "stopped"]:
        if self.stopped_at is not None:
            return "stopped"
        return "paused" if self.open_pause else "running"

    @property
    def by_calendar(self) -> bool:
        """Whether holidays matter to it."""
        return self.unit in BY_CALENDAR


def title(name: str) -> str:
    return TITLES.get(name, "办理时限")


def begun(budget: Budget, remind: Mapping[str, int], before: CaseClock | None, now: datetime) -> CaseClock:
    """A clock that runs from now on; `before` is the one of that name that has stopped."""
    run = before.run + 1 if before else 1
    return CaseClock(unit=budget.unit, amount=budget.amount, started_at=now, remind=dict(remind), run=run)


def promised_at(clocks: Mapping[str, CaseClock], otherwise: datetime | None) -> datetime | None:
    """What a list sorts and a box filters by: where a promise is counted it goes before what the state says."""
    running = [one for name, one in clocks.items() if name != LEGAL and one.stopped_at is None]
    if not running:
        return otherwise
    return min((one.due_at for one in running if one.due_at is not None), default=None)


def edition_of(clocks: Mapping[str, CaseClock]) -> int | None:
    """The oldest edition of the calendar by which what still runs was counted; null: no calendar matters."""
    still = [one.edition for one in clocks.values() if one.stopped_at is None and one.by_calendar]
    return min(still, default=None)


def stop(clock: CaseClock, now: datetime) -> None:
    """What was promised has been done, or nobody waits for it any more."""
    if clock.stopped_at is None:
        clock.late = clock.due_at is not None and now > clock.due_at
    clock.stopped_at, clock.due_at, clock.asked = clock.stopped_at or now, None, None


def stop_all(clocks: Mapping[str, CaseClock], now: datetime) -> None:
    """The case has ended: whatever still runs stops."""
    for one in clocks.values():
        if one.stopped_at is None:
            stop(one, now)


class Reading(Struct, frozen=True, kw_only=True):
    """A clock at one moment: amounts in its unit. While it is paused `due_at` is as if it ran again from now."""

    used: float
    total: int
    left: float
    paused_for: float
    due_at: datetime
    overdue: bool
    provisional: bool
    text: str
    sentence: str


def read(clock: CaseClock, calendar: Calendar, now: datetime) -> Reading:
    now = min(now, clock.stopped_at or now)
    used, total = _used(clock, calendar, now), clock.total
    due_at = moment_of(clock, calendar, total, now)
    overdue = clock.open_pause is None and now >= due_at
    waits = _waits(clock, calendar, now)
    provisional = clock.by_calendar and any(
        calendar.provisional(date(year, 7, 1))
        for year in range(day_of(clock.started_at).year, day_of(due_at).year + 1)
    )
    return Reading(
        used=used,
        total=total,
        left=max(total - used, 0.0),
        paused_for=_lost(clock, calendar, now, clock.pauses),
        due_at=due_at,
        overdue=overdue,
        provisional=provisional,
        text=_text(clock, used, overdue),
        sentence=_sentence(clock, used, waits, provisional),
    )


def moment_of(clock: CaseClock, calendar: Calendar, amount: float, now: datetime) -> datetime:
    """When `amount` of the unit has been used, if nothing more is paused after `now`."""
    if clock.unit == "working_days":
        return _day_moment(clock, calendar, amount, now)
    left = amount * _length(clock.unit)
    for start, end in _runs(clock, now):
        ran = _span(clock.unit, calendar, start, end) if end else left
        if ran >= left:
            return calendar.after_hours(start, left) if clock.unit == "working_hours" else start + left
        left -= ran
    raise AssertionError("the last run has no end")


def reminded_at(clock: CaseClock, calendar: Calendar, percent: int, now: datetime) -> datetime:
    """When so many per cent of the clock are used up."""
    return moment_of(clock, calendar, clock.total * percent / 100, now)


def next_reminder(clock: CaseClock, calendar: Calendar, now: datetime) -> datetime | None:
    """When the next person is to be reminded; nobody is while the clock stands."""
    if clock.state != "running" or not clock.remind:
        return None
    return reminded_at(clock, calendar, min(clock.remind.values()), now)


def _length(unit: Unit) -> timedelta:
    return _MINUTE if unit == "minutes" else _HOUR


def _used(clock: CaseClock, calendar: Calendar, now: datetime) -> float:
    if clock.unit == "working_days":
        ended = _closings(calendar, day_of(clock.started_at), now)
        return float(sum(1 for one in ended if not _paused_at(clock.pauses, one)))
    runs = (_span(clock.unit, calendar, start, min(end or now, now)) for start, end in _runs(clock, now))
    return sum(runs, timedelta()) / _length(clock.unit)


def _lost(clock: CaseClock, calendar: Calendar, now: datetime, pauses: list[Pause]) -> float:
    """What these pauses took out, in the clock's unit."""
    if clock.unit == "working_days":
        ended = _closings(calendar, day_of(clock.started_at), now)
        return float(sum(1 for one in ended if _paused_at(pauses, one)))
    spans = (_span(clock.unit, calendar, one.at, min(one.until or now, now)) for one in pauses)
    return sum(spans, timedelta()) / _length(clock.unit)


def _closings(calendar: Calendar, after: date, now: datetime) -> Iterator[datetime]:
    for day in calendar.workdays_after(after):
        closing = calendar.closing(day)
        if closing > now:
            return
        yield closing


def _paused_at(pauses: list[Pause], moment: datetime) -> bool:
    return any(one.at < moment and (one.until is None or moment < one.until) for one in pauses)


def _day_moment(clock: CaseClock, calendar: Calendar, amount: float, now: datetime) -> datetime:
    """The last day counts by its share: half a day is used up in the middle of its working hours."""
    ended = [
        Pause(at=one.at, until=one.until or now, owner=one.owner, reason="", by="") for one in clock.pauses
    ]
    left = amount
    for day in calendar.workdays_after(day_of(clock.started_at)):
        closing = calendar.closing(day)
        if _paused_at(ended, closing):
            continue
        if left <= 1:
            return closing if left == 1 else calendar.within(day, left)
        left -= 1
    raise AssertionError("the working days have no end")


def _runs(clock: CaseClock, now: datetime) -> Iterator[tuple[datetime, datetime | None]]:
    """When the clock ran; the last run, which a pause that is still open ends at `now`, has no end."""
    start = clock.started_at
    for one in clock.pauses:
        yield start, one.at
        start = one.until or max(now, one.at)
    yield start, None


def _span(unit: Unit, calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    if end <= start:
        return timedelta()
    return calendar.worked(start, end) if unit in BY_CALENDAR else end - start


def _waits(clock: CaseClock, calendar: Calendar, now: datetime) -> dict[str, float]:
    """What each reason has cost, in the order in which they came up."""
    reasons: dict[str, list[Pause]] = {}
    for one in clock.pauses:
        reasons.setdefault(one.reason, []).append(one)
    return {reason: _lost(clock, calendar, now, pauses) for reason, pauses in reasons.items()}


# In words.


def amount_text(amount: float, unit: Unit) -> str:
    """`3 天`, `5 小时 30 分`, `20 分钟`."""
    if unit == "working_days":
        return f"{amount:g} 天"
    minutes = int(amount * (1 if unit == "minutes" else 60) + 1e-6)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} 分钟"
    return f"{hours} 小时" + (f" {rest} 分" if rest else "")


def _text(clock: CaseClock, used: float, overdue: bool) -> str:
    if clock.state == "paused":
        return "计时暂停"
    if clock.state == "stopped":
        return f"用了 {amount_text(used, clock.unit)}"
    over = used - clock.total
    if overdue:
        return f"已超过 {amount_text(over, clock.unit)}" if over > 0 else "已到期"
    return f"还有 {amount_text(-over, clock.unit)}"


def _sentence(clock: CaseClock, used: float, waits: Mapping[str, float], provisional: bool) -> str:
    total = f"共 {clock.total} {UNITS[clock.unit]}"
    more = sum(one.amount for one in clock.extensions)
    longer = f"（延长了 {more} {_SHORT[clock.unit]}）" if more else ""
    parts = [f"已用 {amount_text(used, clock.unit)}，{total}{longer}"]
    standing = clock.open_pause.reason if clock.state == "paused" and clock.open_pause else None
    waited = [
        f"为{reason}停了 {amount_text(lost, clock.unit)}"
        for reason, lost in waits.items()
        if lost > 0 and reason != standing
    ]
    if standing is not None:
        so_far = f"，已停 {amount_text(waits[standing], clock.unit)}" if waits[standing] > 0 else ""
        waited.append(f"现在为{standing}暂停{so_far}")
    if waited:
        parts.append("，".join(waited))
    if used > clock.total:
        parts.append(f"超了 {amount_text(used - clock.total, clock.unit)}")
    if provisional:
        parts.append("放假安排公布后，期限可能会变")
    return "；".join(parts)
