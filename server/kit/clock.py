"""Time is an argument: everything asks a clock, so that a test or a demo can set it."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_AHEAD = timedelta(hours=8)


def to_millisecond(moment: datetime) -> datetime:
    """In UTC, cut to the precision BSON keeps, so that a stored time equals the one in memory."""
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)


def today(now: datetime) -> date:
    """The day it is in Shanghai, eight hours ahead of UTC all year round, in whatever zone the moment is given."""
    return (now.astimezone(UTC) + _AHEAD).date()


def midnight(day: date) -> datetime:
    """The moment at which a day begins in Shanghai."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def month_of(now: datetime) -> str:
    """The month it is in Shanghai, as 2026-11."""
    return f"{today(now):%Y-%m}"


def month_start(month: str) -> datetime:
    """The midnight in Shanghai that begins a month such as 2026-11."""
    return datetime(int(month[:4]), int(month[5:]), 1, tzinfo=SHANGHAI).astimezone(UTC)


def month_after(month: str, by: int = 1) -> str:
    """So many months later, or with a minus earlier."""
    year, rest = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 + by, 12)
    return f"{year:04d}-{rest + 1:02d}"


class Clock:
    """The machine's clock; `now()` is aware UTC to the millisecond."""

    def now(self) -> datetime:
        moment = datetime.now(UTC)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class SharedClock(Clock):
    """The machine's clock, moved on by what a file says: for all processes of a demo, so that weeks can go by in it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = timedelta(0)
        self._look_at = 0.0

    def now(self) -> datetime:
        if monotonic() >= self._look_at:
            self._look_at = monotonic() + _LOOK_AGAIN_S
            self._offset = self._read()
        return to_millisecond(datetime.now(UTC) + self._offset)

    def advance(self, by: timedelta) -> None:
        """For everybody, within `_LOOK_AGAIN_S`."""
        self._offset = self._read() + by
        draft = self._file.with_suffix(".tmp")
        draft.write_text(str(self._offset.total_seconds()))
        draft.replace(self._file)

    def _read(self) -> timedelta:
        try:
            return timedelta(seconds=float(self._file.read_text()))
        except (OSError, ValueError):
            return timedelta(0)


_LOOK_AGAIN_S = 0.2


def clock_of(file: str) -> Clock:
    """The machine's, or where a file is named the one that it moves."""
    return SharedClock(Path(file)) if file else Clock()


class SettableClock(Clock):
    """A clock that stands where it was set, until it is moved; not set, it runs like the machine's."""

    def __init__(self, moment: datetime | None = None) -> None:
        self._moment = to_millisecond(moment) if moment else None
        self._offset = timedelta(0)

    def now(self) -> datetime:
        if self._moment is not None:
            return self._moment
        return to_millisecond(datetime.now(UTC) + self._offset)

    def set(self, moment: datetime | None) -> None:
        """Stand at `moment`; None lets the clock run with the machine again."""
        self._moment = to_millisecond(moment) if moment else None
        self._offset = timedelta(0)

    def advance(self, by: timedelta) -> None:
        if self._moment is not None:
            self._moment = self._moment + by
        else:
            self._offset += by
