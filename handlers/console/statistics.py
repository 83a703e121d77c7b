"""Statistics as a page: figures, plots that are drawn here, the numbers below each, and all of them as a table."""

import csv
import io
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from handlers.base import allow
from handlers.page import MenuItem, Page, Shown
from handlers.statistics import LOOKERS
from schemas.statistics import AmountView, FindStatistics, MoneyView, ShareView, StatisticsView
from server.kit.errors import Invalid
from server.points import yuan
from server.statistics import MonthNotYet, months

PATH = "/console/statistics"
WIDTH, HEIGHT = 640, 160


class BadMonth(Invalid):
    """月份请写成 2026-11 这样"""


class Look(Struct, frozen=True):
    """A month as it was chosen; empty: the present one."""

    month: str = ""

    def wanted(self) -> FindStatistics:
        """Raises BadMonth."""
        try:
            return msgspec.convert({"month": self.month or None}, FindStatistics)
        except msgspec.ValidationError as error:
            raise BadMonth(field="month") from error


class Column(Struct, frozen=True):
    """A bar of the plot of days, in its own units."""

    x: float
    y: float
    width: float
    height: float
    share: ShareView


class Group(Struct, frozen=True):
    """A plot of bars that lie: a share and how long its bar is, in per cent of the longest."""

    title: str
    rows: list[tuple[ShareView, int]]


def columns(days: list[ShareView]) -> list[Column]:
    """The days side by side; the highest fills the plot."""
    most, step = max([one.count for one in days] + [1]), WIDTH / len(days)
    return [
        Column(
            x=round(index * step + step * 0.15, 1),
            y=round(HEIGHT - one.count / most * HEIGHT, 1),
            width=round(step * 0.7, 1),
            height=round(one.count / most * HEIGHT, 1),
            share=one,
        )
        for index, one in enumerate(days)
    ]


def group(title: str, shares: list[ShareView]) -> Group:
    most = max([one.count for one in shares] + [1])
    return Group(title, [(one, round(one.count / most * 100)) for one in shares])


class Amounts(Struct, frozen=True):
    """What was paid for residents, with a bar for each kind of bill."""

    view: MoneyView
    rows: list[tuple[AmountView, int]]


def amounts(view: StatisticsView) -> Amounts | None:
    if view.money is None:
        return None
    most = max([one.fen for one in view.money.kinds] + [1])
    return Amounts(view.money, [(one, round(one.fen / most * 100)) for one in view.money.kinds])


def groups(view: StatisticsView) -> list[Group]:
    """Only what there is something of."""
    made = (
        group("按类别", view.kinds),
        group("按现在的状态", view.states),
        group("按社区", view.communities),
        group("按来路", view.channels),
        group("评价", view.ratings),
        group("发给居民的消息", view.messages),
    )
    return [one for one in made if one.rows]


class Statistics(Page):
    path = PATH
    menu = MenuItem("统计", "chart", 70)

    @allow(*LOOKERS)
    async def get(self, query: Look) -> Shown:
        """The month's figures, for the part of the street that the caller answers for."""
        problem, status = "", 200
        try:
            view = await self.building.statistics.of(self.actor, query.wanted().month)
        except (BadMonth, MonthNotYet) as error:
            problem, status = error.message, error.status
            view = await self.building.statistics.of(self.actor, None)
        facts = {
            "view": view,
            "months": months(self.building.clock.now()),
            "columns": columns(view.days),
            "most": max(one.count for one in view.days),
            "size": (WIDTH, HEIGHT),
            "groups": groups(view),
            "amounts": amounts(view),
            "yuan": yuan,
            "problem": problem,
        }
        return Shown("console/statistics.html", facts, status)


def table(view: StatisticsView) -> Iterator[tuple[str, ...]]:
    """Every figure, one in a line."""
    yield ("月份", view.month, view.scope)
    yield ("办件", "总数", str(view.total))
    yield ("办件", "已结束", str(view.ended))
    yield ("办件", "平均用时（小时）", "" if view.hours is None else str(view.hours))
    yield ("评价", "平均分", "" if view.stars is None else str(view.stars))
    for one in view.limits:
        yield ("时限", f"{one.text}：到期", str(one.over))
        yield ("时限", f"{one.text}：按时", str(one.kept))
    for part in groups(view):
        for share, _ in part.rows:
            yield (part.title, share.text, str(share.count))
    for reached in view.reach:
        yield ("消息送到微信", f"{reached.text}：发出", str(reached.count))
        yield ("消息送到微信", f"{reached.text}：送到", str(reached.sent))
    if view.money is not None:
        yield from _paid(view.money)
    for day in view.days:
        yield ("每天", day.name, str(day.count))


def _paid(money: MoneyView) -> Iterator[tuple[str, ...]]:
    """In yuan, and points as what they are worth."""
    yield ("代缴", "账单", str(money.bills))
    yield ("代缴", "金额（元）", yuan(money.paid_fen))
    yield ("代缴", "用积分（元）", yuan(money.points_fen))
    yield ("代缴", "用微信支付（元）", yuan(money.pay_fen))
    yield ("代缴", "后来退回（元）", yuan(money.back_fen))
    for one in money.kinds:
        yield ("代缴", f"{one.text}（元）", yuan(one.fen))
    yield ("积分", "居民还没用的（分）", yuan(money.outstanding_fen))


class Table(Page):
    path = PATH + "/table"

    @allow(*LOOKERS)
    async def get(self, query: Look) -> None:
        """The same as a file for a spreadsheet, UTF-8 with a byte order mark as Excel wants it."""
        view = await self.building.statistics.of(self.actor, query.wanted().month)
        text = io.StringIO(newline="")
        csv.writer(text).writerows(table(view))
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="statistics-{view.month}.csv"')
        self.write("\ufeff" + text.getvalue())

    def answer(self, result: object, status: int) -> None:
        """It has been written."""
        self.finish()
