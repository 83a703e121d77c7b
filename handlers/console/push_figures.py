"""How far messages get as a page: a bar for each day, a line for each template, and all of it as a table."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from handlers.base import Answer, allow
from handlers.page import MenuItem, Page, Shown
from handlers.push_figures import LOOKERS
from schemas.push_figures import PushDayView, PushFiguresView, PushSumsView
from server import push_figures
from server.cases.exports import cell

PATH = "/console/push-figures"
DAYS = 14
WIDTH, HEIGHT = 640, 160
SUMS = {
    "written": "写了",
    "sent": "送到微信",
    "no_credit": "没有订阅",
    "refused": "微信不收",
    "dead": "停发",
    "waiting": "等着发",
    "digest": "每天汇总",
    "inbox": "只在收件箱",
    "read": "居民看过",
}


class Column(Struct, frozen=True):
    """A day of the plot, in its own units: `whole` high is what was to be told, `reached` what got there."""

    x: float
    width: float
    whole: float
    reached: float
    day: PushDayView
    meant: int

    @property
    def text(self) -> str:
        """As whoever points at it reads it."""
        return f"{day_text(self.day.day)}：要发 {self.meant} 条，送到 {self.day.sent} 条"


def columns(days: list[PushDayView]) -> list[Column]:
    """The days side by side; the highest fills the plot."""
    most, step = max([meant(one) for one in days] + [1]), WIDTH / len(days)
    return [
        Column(
            x=round(index * step + step * 0.15, 1),
            width=round(step * 0.7, 1),
            whole=round(meant(one) / most * HEIGHT, 1),
            reached=round(one.sent / most * HEIGHT, 1),
            day=one,
            meant=meant(one),
        )
        for index, one in enumerate(days)
    ]


def meant(sums: PushSumsView) -> int:
    """What was to be told and has come to an end."""
    return sums.sent + sums.no_credit + sums.refused + sums.dead


def day_text(day: date) -> str:
    return f"{day.month} 月 {day.day} 日"


async def figures(page: Page) -> PushFiguresView:
    settings = page.building.settings
    return await page.building.db.reading(lambda reader: push_figures.figures(reader, DAYS, settings))


class PushFigures(Page):
    path = PATH
    menu = MenuItem("消息统计", "chart", 79)

    @allow(*LOOKERS)
    async def get(self) -> Shown:
        """The last two weeks."""
        view = await figures(self)
        plotted = columns(view.days)
        facts = {
            "view": view,
            "columns": plotted,
            "most": max(one.meant for one in plotted),
            "size": (WIDTH, HEIGHT),
            "sums": SUMS,
            "day_text": day_text,
            "to_outbox": "admin" in self.actor.roles,
        }
        return Shown("console/push_figures.html", facts)


class PushTable(Page):
    path = PATH + "/csv"

    @allow(*LOOKERS)
    async def get(self) -> Answer[bytes]:
        """The same as a file for a spreadsheet, UTF-8 with a byte order mark as Excel wants it."""
        view = await figures(self)
        await self.saw("push_figures.export")
        out = io.StringIO(newline="")
        csv.writer(out).writerows([cell(text) for text in line] for line in table(view))
        name = quote(f"消息统计-{view.days[0].day}-{view.days[-1].day}.csv", safe="")
        self.set_header("Content-Disposition", f"attachment; filename=\"push.csv\"; filename*=UTF-8''{name}")
        return Answer(b"\xef\xbb\xbf" + out.getvalue().encode(), content_type="text/csv; charset=utf-8")

    def answer(self, result: Any, status: int) -> None:
        """A file and no page."""
        self.set_header("Content-Type", result.content_type)
        self.finish(result.body)


def table(view: PushFiguresView) -> Iterator[tuple[str, ...]]:
    """Days, then templates, then errors."""
    yield ("按", "哪一个", "错误号", *SUMS.values(), "送到（%）")
    for day in view.days:
        yield ("天", f"{day.day}", "", *_cells(day))
    for one in view.templates:
        yield ("模板", one.title, "", *_cells(one))
    for one in view.templates:
        for error in one.errors:
            yield ("错误", f"{one.title}：{error.text}", error.errcode, str(error.count))


def _cells(sums: PushSumsView) -> tuple[str, ...]:
    reach = "" if sums.reach is None else str(sums.reach)
    return (*(str(getattr(sums, name)) for name in SUMS), reach)
