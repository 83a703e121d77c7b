"""A year of statistics as a page: three lines that are drawn here, the numbers beside them, and the same as a table."""

import csv
import io
from collections.abc import Sequence

from msgspec import Struct

from handlers.base import allow
from handlers.console.statistics import PATH
from handlers.page import Page, Shown
from handlers.statistics import LOOKERS
from schemas.statistics import MonthView, YearView
from server.points import yuan

WIDTH, HEIGHT, MARGIN = 640, 140, 44
_STEPS = (5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
_FEN, _WAN = 100, 10_000
_FINER = (0.1, 0.2, 0.5, 1, 2)
_EVERY = 3
"""So many months are between two that are named below a line: a phone has room for no more."""


class Dot(Struct, frozen=True):
    """A month that there is a figure of, in the plot's own units."""

    x: float
    y: float
    month: str
    value: str


class Rule(Struct, frozen=True):
    """A level of the plot and what stands beside it."""

    y: float
    text: str


class Trend(Struct, frozen=True):
    """A line through the year; where a month has no figure there is a gap. `runs` are its unbroken parts."""

    title: str
    label: str
    runs: list[list[Dot]]
    rules: list[Rule]

    @property
    def last(self) -> Dot | None:
        return self.runs[-1][-1] if self.runs else None


def name_of(month: str) -> str:
    return f"{int(month[5:])} 月"


def place(index: int, count: int) -> float:
    """Where a month stands, from left to right."""
    return round(MARGIN + (index + 0.5) * (WIDTH - MARGIN) / count, 1)


def trend(
    title: str, items: Sequence[MonthView], values: Sequence[float | None], most: float, unit: str
) -> Trend:
    runs: list[list[Dot]] = []
    broken = True
    for index, (one, value) in enumerate(zip(items, values, strict=True)):
        if value is None:
            broken = True
            continue
        if broken:
            runs.append([])
        x, y = place(index, len(items)), round(HEIGHT - value / most * HEIGHT, 1)
        runs[-1].append(Dot(x, y, name_of(one.month), f"{value:g}{unit}"))
        broken = False
    rules = [Rule(round(HEIGHT - share * HEIGHT, 1), f"{most * share:g}") for share in (0, 0.5, 1)]
    return Trend(title, _said(title, runs), runs, rules)


def _said(title: str, runs: list[list[Dot]]) -> str:
    """For whoever hears the page instead of seeing it."""
    dots = [one for run in runs for one in run]
    return f"{title}：" + ("，".join(f"{one.month} {one.value}" for one in dots) or "还没有数字")


def trends(view: YearView) -> list[Trend]:
    items = view.items
    busiest = max(one.total for one in items)
    most = next((one for one in _STEPS if one >= busiest), busiest)
    return [
        trend("办件", items, [one.total for one in items], most, " 件"),
        trend("按时率", items, [one.rate for one in items], 100, "%"),
        trend("满意度", items, [one.stars for one in items], 5, " 星"),
        *_money("代居民缴费", items, [one.paid_fen for one in items], "元"),
        *_money("居民还没用的积分", items, [one.outstanding_fen for one in items], "分"),
    ]


def _money(title: str, items: Sequence[MonthView], fen: Sequence[int | None], unit: str) -> list[Trend]:
    """In yuan or points, or in tens of thousands of them; nothing for who answers for a part of the street."""
    known = [one for one in fen if one is not None]
    if not known:
        return []
    busiest = max(known) / _FEN
    many = busiest >= _WAN / 10  # beside the plot there is room for four digits
    size = _FEN * (_WAN if many else 1)
    values = [None if one is None else round(one / size, 2) for one in fen]
    most = next((one for one in (*_FINER, *_STEPS) if one >= busiest * _FEN / size), busiest)
    return [trend(title, items, values, most, f" {'万' if many else ''}{unit}")]


class Year(Page):
    path = PATH + "/year"

    @allow(*LOOKERS)
    async def get(self) -> Shown:
        """The last twelve months, for the part of the street that the caller answers for."""
        view = await self.building.statistics.year(self.actor)
        named = [
            (place(index, len(view.items)), name_of(one.month))
            for index, one in enumerate(view.items)
            if (len(view.items) - 1 - index) % _EVERY == 0
        ]
        facts = {
            "view": view,
            "trends": trends(view),
            "named": named,
            "size": (WIDTH, HEIGHT, MARGIN),
            "street": _street(view),
            "yuan": yuan,
        }
        return Shown("console/statistics_year.html", facts)


_HEADS = ("月份", "办件", "到期的时限", "按时", "按时率（%）", "评价人数", "平均分")
_MONEY_HEADS = ("代居民缴费（元）", "居民还没用的积分（分）")


def _street(view: YearView) -> bool:
    return view.items[-1].paid_fen is not None


def _yuan(one: MonthView) -> tuple[str, ...]:
    return tuple(yuan(fen) for fen in (one.paid_fen, one.outstanding_fen) if fen is not None)


class Table(Page):
    path = PATH + "/year/table"

    @allow(*LOOKERS)
    async def get(self) -> None:
        """The same as a file for a spreadsheet."""
        view = await self.building.statistics.year(self.actor)
        text = io.StringIO(newline="")
        rows = csv.writer(text)
        rows.writerow((*_HEADS, *(_MONEY_HEADS if _street(view) else ())))
        for one in view.items:
            figures = (one.total, one.over, one.kept, one.rate, one.rated, one.stars, *_yuan(one))
            rows.writerow((one.month, *("" if figure is None else str(figure) for figure in figures)))
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        first, last = view.items[0].month, view.items[-1].month
        self.set_header("Content-Disposition", f'attachment; filename="statistics-{first}-{last}.csv"')
        self.write("\ufeff" + text.getvalue())

    def answer(self, result: object, status: int) -> None:
        """It has been written."""
        self.finish()
