"""WeChat Pay's bill of each day against ours: the days, one with its sums and differences, the answers, and a table."""

import csv
import io
from collections.abc import Awaitable, Callable
from typing import Any, get_args
from urllib.parse import quote

from msgspec import Struct

from handlers.base import Answer, RouteNotFound, allow
from handlers.console.case import read_as
from handlers.console.money import AT_ONCE, SEES, SHOWN, SPOILT, Done, Look, Refused, below, said, stripped
from handlers.page import MONEY, Goto, MenuItem, Page, Shown
from handlers.pay_checks import day_of
from schemas.pay_checks import (
    AnswerDifference,
    DifferenceState,
    FindChecks,
    FindDifferences,
    PayChecksView,
    PayDifferencesView,
    PayDifferenceView,
)
from server import pay_checks
from server.cases.exports import cell
from server.kit.db import Reader, Tx
from server.kit.db.pages import BadCursor
from server.kit.errors import HoelunError
from server.pay_checks.stored import STATES
from server.sessions import Actor

LIST = "/console/pay-checks"
TONES = {"open": "late", "resolved": "wait", "confirmed": "done", "gone": "grey"}
_WRONG = {"reason": "请写明原因，200 字以内"}
_COLUMNS = (
    "哪一天",
    "哪一种",
    "订单还是退款",
    "编号",
    "我们的金额（元）",
    "微信的金额（元）",
    "我们的状态",
    "微信的状态",
    "现在",
    "原因",
    "谁查的",
    "谁复核",
)


class DayLook(Look, frozen=True, kw_only=True):
    state: str = ""

    @property
    def wanted(self) -> FindDifferences:
        state: Any = self.state if self.state in get_args(DifferenceState) else None
        return FindDifferences(state=state, cursor=self.at, limit=AT_ONCE)


async def _resolve(tx: Tx, name: str, form: dict[str, str], actor: Actor) -> Any:
    return await pay_checks.resolve(tx, name, read_as(form, AnswerDifference).reason, actor)


async def _return(tx: Tx, name: str, form: dict[str, str], actor: Actor) -> Any:
    return await pay_checks.send_back(tx, name, read_as(form, AnswerDifference).reason, actor)


async def _confirm(tx: Tx, name: str, form: dict[str, str], actor: Actor) -> Any:
    return await pay_checks.confirm(tx, name, actor)


class Deed(Struct, frozen=True):
    done: str
    work: Callable[[Tx, str, dict[str, str], Actor], Awaitable[Any]]


DEEDS = {
    "resolve": Deed("已写明原因，等另一位同事复核", _resolve),
    "confirm": Deed("已复核", _confirm),
    "return": Deed("已退回，请再查", _return),
}


class PayChecks(Page):
    path = LIST
    menu = MenuItem("微信对账", "layers", MONEY, 44)

    @allow(*SEES)
    async def get(self, query: Look) -> Shown:
        """The days, the latest first."""

        async def seen(reader: Reader) -> dict[str, Any]:
            found, problem = PayChecksView(items=[]), ""
            try:
                found = await pay_checks.listed(reader, FindChecks(cursor=query.at, limit=AT_ONCE))
            except BadCursor:
                problem = SPOILT
            return {"found": found, "problem": problem}

        facts = await self.building.db.reading(seen)
        hour = self.building.settings.pay.compare_hour
        return Shown("console/pay_checks.html", facts | {"look": query, "hour": hour})


async def picture(page: Page, day: str, look: DayLook, refused: Refused) -> dict[str, Any]:
    actor = page.actor

    async def seen(reader: Reader) -> dict[str, Any]:
        check, found, problem = await pay_checks.check_of(reader, day), PayDifferencesView(items=[]), ""
        try:
            found = await pay_checks.differences(reader, day, look.wanted, actor)
        except BadCursor:
            problem = SPOILT
        return {
            "check": await pay_checks.view(reader, check),
            "waits_for": check.error,
            "found": found,
            "problem": problem,
            "look": look,
            "tones": TONES,
            "states": STATES,
            "refused": refused,
        }

    return await page.building.db.reading(seen)


class OneDay(Page):
    path = LIST + "/{day}"

    @allow(*SEES)
    async def get(self, day: str, query: DayLook) -> Shown:
        """Both sides' sums, and every difference."""
        facts = await picture(self, day, query, Refused())
        return Shown("console/pay_check.html", facts | {"flash": self.flashed()})

    @allow(*SEES)
    async def post(self, day: str, form: dict[str, str]) -> Goto:
        """Compare it again; sent twice it is done once."""
        wanted = day_of(day)

        async def again(tx: Tx) -> Done:
            return Done((await pay_checks.run_again(tx, wanted, self.actor)).id)

        await self.once(again)
        self.flash("正在重新对账，过一会儿刷新这一页")
        return Goto(below(LIST, day))


class ActOnDifference(Page):
    path = LIST + "/{day}/{difference_id}/{action}"

    @allow(*SEES)
    async def get(self, day: str, difference_id: str, action: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(below(LIST, day))

    @allow(*SEES)
    async def post(self, day: str, difference_id: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """Say why, confirm, send back; sent twice it is done once."""
        deed = DEEDS.get(action)
        if deed is None:
            raise RouteNotFound

        async def done(tx: Tx) -> Done:
            await deed.work(tx, difference_id, stripped(form), self.actor)
            return Done(difference_id)

        try:
            await self.once(done)
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            refused = Refused(action, said(error, _WRONG), difference_id, form)
            facts = await picture(self, day, DayLook(), refused)
            return Shown("console/pay_check.html", facts | {"flash": ""}, error.status)
        self.flash(deed.done)
        return Goto(below(LIST, day))


class DayTable(Page):
    path = LIST + "/{day}/csv"

    @allow(*SEES)
    async def get(self, day: str) -> Answer[bytes]:
        """The differences of a day as a table; that it was taken is on record."""
        actor = self.actor

        async def seen(reader: Reader) -> list[PayDifferenceView]:
            check = await pay_checks.check_of(reader, day)
            return await pay_checks.all_differences(reader, check.day, actor)

        rows = await self.building.db.reading(seen)
        await self.saw("pay_check.export")
        name = quote(f"微信对账差异-{day}.csv", safe="")
        self.set_header(
            "Content-Disposition", f"attachment; filename=\"differences.csv\"; filename*=UTF-8''{name}"
        )
        return Answer(table(rows), content_type="text/csv; charset=utf-8")

    def answer(self, result: Any, status: int) -> None:
        """A file and no page."""
        self.set_header("Content-Type", result.content_type)
        self.finish(result.body)


def table(rows: list[PayDifferenceView]) -> bytes:
    """UTF-8 with a byte order mark, as Excel wants it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for one in rows:
        line = (
            one.day.isoformat(),
            one.kind_text,
            "退款" if one.refund else "订单",
            one.number,
            _yuan(one.ours_fen),
            _yuan(one.theirs_fen),
            one.ours_state,
            one.theirs_state,
            one.state_text,
            one.reason,
            one.resolved_by,
            one.confirmed_by,
        )
        writer.writerow([cell(text) for text in line])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _yuan(fen: int | None) -> str:
    return "" if fen is None else f"{fen // 100}.{fen % 100:02d}"
