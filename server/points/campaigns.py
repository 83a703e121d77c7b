"""Campaigns 活动: the days on which each counts, or will, as the versions that are approved follow one another."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from server.kit.clock import today
from server.kit.db import Reader
from server.points import comparing
from server.points.rates import RATES, campaign_key

State = Literal["running", "coming", "over"]
STATES: dict[State, str] = {"running": "正在进行", "coming": "还没开始", "over": "已结束"}
_A_DAY = timedelta(days=1)


class Run(Struct, frozen=True):
    """A campaign on the days from `first` to `last`; `keys` name it on the purchases it was counted for."""

    name: str
    whose: str
    percent: int
    first: date
    last: date
    state: State
    keys: tuple[str, ...]

    @property
    def state_text(self) -> str:
        return STATES[self.state]


def listed(reader: Reader) -> list[Run]:
    """Running ones first, then those to come, then those that are over, the newest of each first."""
    found: dict[tuple[str, str, int], list[Run]] = {}
    for one in _runs(reader):
        joined = found.setdefault((one.name, one.whose, one.percent), [])
        if joined and joined[-1].last + _A_DAY == one.first:
            joined[-1] = _joined(joined[-1], one, today(reader.now))
        else:
            joined.append(one)
    order = list(STATES)
    runs = [one for several in found.values() for one in several]
    return sorted(runs, key=lambda one: (order.index(one.state), -one.first.toordinal()))


def _joined(before: Run, after: Run, day: date) -> Run:
    """The next version says the same: it is one campaign."""
    state = _state(before.first, after.last, day)
    return replace(before, last=after.last, state=state, keys=before.keys + after.keys)


def _runs(reader: Reader) -> Iterator[Run]:
    """Of each version the days of its campaigns on which it was, or will be, in force; in the order of the days."""
    found = (one for one in reader.everything(RATES).items.values() if one.state == "approved")
    versions = sorted(found, key=lambda one: (one.body.valid_from, one.number))
    ends = [one.body.valid_from - _A_DAY for one in versions[1:]] + [date.max]
    for version, end in zip(versions, ends, strict=False):
        names = comparing.names_of(version.body)
        for index, one in enumerate(version.body.campaigns):
            first, last = max(one.first, version.body.valid_from), min(one.last, end)
            if first <= last:
                whose = names.get(one.category, one.category) if one.category else comparing.EVERY
                state = _state(first, last, today(reader.now))
                yield Run(one.name, whose, one.percent, first, last, state, (campaign_key(version, index),))


def _state(first: date, last: date, day: date) -> State:
    if day < first:
        return "coming"
    return "running" if day <= last else "over"
