"""Which part comes before which, and how much time lies between them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from server.kit.errors import Conflict
from server.words import said


class PartTooEarly(Conflict):
    """这一件要等前一件做完才能开始，请选晚一点的时间"""


class Timed(Protocol):
    """A part with a time, asked for or booked."""

    @property
    def part(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def after(self) -> str | None: ...
    @property
    def gap_min(self) -> int: ...
    @property
    def start(self) -> datetime: ...
    @property
    def end(self) -> datetime: ...


T = TypeVar("T", bound=Timed)


def earliest(one: Timed, among: Sequence[Timed]) -> datetime | None:
    """When it may start at the earliest; None where it waits for nothing that comes about."""
    before = _before(one, among)
    return before.end + timedelta(minutes=one.gap_min) if before else None


def broken(among: Sequence[T]) -> T | None:
    """The first part that starts too early."""
    for one in among:
        bound = earliest(one, among)
        if bound is not None and one.start < bound:
            return one
    return None


def complaint(one: Timed, among: Sequence[Timed]) -> str:
    """Said of one that starts too early."""
    before, bound = _before(one, among), earliest(one, among)
    gap = f" {one.gap_min} 分钟" if one.gap_min else ""
    name, time = before.name if before else "", said(bound) if bound else ""
    return f"“{one.name}”要在“{name}”做完{gap}以后，最早 {time}"


def _before(one: Timed, among: Sequence[Timed]) -> Timed | None:
    return next((other for other in among if other.part == one.after), None)
