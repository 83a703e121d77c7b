"""The desk of the rates: what purchases earn now, a version as it is written, compared, tried, and answered."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from handlers.base import allow
from handlers.console import rates_form
from handlers.console.case import fen_of, read_as
from handlers.console.money import Refused
from handlers.console.versions import SHOWN, Done, Like
from handlers.page import MONEY, Goto, MenuItem, Page, Shown
from schemas.points import NewRates, Preview, ReturnRates
from server import pos, staff
from server.kit.clock import today
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError, Invalid
from server.points import campaigns, comparing, rates
from server.points.rates import RateVersion
from server.sessions import Actor

LIST = "/console/rates"
SEES = ("accountant", "admin")
_USUAL = 10_000


class Look(Struct, frozen=True):
    """What a version is compared with, and which purchase is tried, in yuan and on which day."""

    beside: str = ""
    yuan: str = ""
    day: str = ""


def address(number: int) -> str:
    return f"{LIST}/{number}"


def plain(error: HoelunError) -> str:
    """A refusal as the writer reads it: which box."""
    if not error.field:
        return error.message
    label = rates_form.label_of(error.field)
    return f"请把{label}填好" if type(error) is Invalid else f"{label}：{error.message}"


# The list.


class Rates(Page):
    path = LIST
    menu = MenuItem("积分费率", "percent", MONEY, 10)

    @allow(*SEES)
    async def get(self) -> Shown:
        """What counts now, what waits, and every version there was."""
        reader = self.building.db.reader()
        found = rates.listed(reader).items
        facts = {
            "now_used": next((one for one in found if one.in_force), None),
            "waiting": [one for one in found if one.state == "draft"],
            "versions": found,
            "comparing": comparing,
            "flash": self.flashed(),
        }
        return Shown("console/rates.html", facts)


class Campaigns(Page):
    path = "/console/rates/campaigns"

    @allow(*SEES)
    async def get(self) -> Shown:
        """Those that run, those to come, those that are over, and what each has cost so far."""
        reader = self.building.db.reader()
        runs = campaigns.listed(reader)
        keys = [key for one in runs for key in one.keys]
        costs = await pos.campaign_costs(reader, keys)
        facts = {"runs": [(one, *_sums(costs, one.keys)) for one in runs]}
        return Shown("console/rates_campaigns.html", facts)


def _sums(costs: dict[str, tuple[int, int]], keys: tuple[str, ...]) -> tuple[int, int]:
    """Purchases and points of all that one campaign is called."""
    found = [costs.get(key, (0, 0)) for key in keys]
    return sum(one for one, _ in found), sum(fen for _, fen in found)


# Writing one.


class NewVersion(Page):
    path = "/console/rates/new"

    @allow(*SEES)
    async def get(self, query: Like) -> Shown:
        """The form, filled with what another version says."""
        reader = self.building.db.reader()
        usual = rates.in_force(reader, today(reader.now))
        like = await rates.find(reader, query.like) if query.like else usual
        given = rates_form.filled(like.body) if like else {"rounding": "down"}
        return self._shown(Refused(given=given), 200)

    @allow(*SEES)
    async def post(self, form: dict[str, str]) -> Shown | Goto:
        """Hand it in; sent twice it is one version."""

        async def drafted(tx: Tx) -> Done:
            made = await rates.draft(tx, read_as(rates_form.read(form), NewRates), self.actor)
            return Done("已交，等另一位同事审核；现在的积分规则没有变", made.number)

        try:
            answer = await self.once(drafted, status=201, lanes=["rates"])
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            box = rates_form.box_of(error.field or "", form)
            return self._shown(Refused("new", plain(error), box, form), error.status)
        done = msgspec.json.decode(answer.body, type=Done)
        self.flash(done.text)
        return Goto(address(done.number))

    def _shown(self, refused: Refused, status: int) -> Shown:
        given = refused.given
        facts = {
            "refused": refused,
            "given": given,
            "rate_rows": rates_form.rows(given, "rate"),
            "campaign_rows": rates_form.rows(given, "campaign"),
            "names": rates_form.names(given),
            "roundings": comparing.ROUNDINGS,
            "tomorrow": (today(self.building.db.now()) + timedelta(days=1)).isoformat(),
        }
        return Shown("console/rates_form.html", facts, status)


# One version.


async def picture(reader: Reader, number: str, look: Look, actor: Actor, refused: Refused) -> dict[str, Any]:
    """Raises RatesNotFound."""
    one = await rates.find(reader, number)
    usual = rates.in_force(reader, max(one.body.valid_from, today(reader.now)), without=one)
    before = await rates.find(reader, look.beside) if look.beside else usual
    return {
        "one": rates.view(reader, one),
        "actions": rates.actions(one, actor),
        "answered_by": staff.name_of(reader, one.approved_by or one.returned_by),
        "written_at": one.created_at,
        "answered_at": one.approved_at,
        "before": before,
        "changes": comparing.compared(before.body if before else None, one.body),
        "terms": list(comparing.terms(one.body).values()),
        "others": [each for each in rates.listed(reader).items if each.number != one.number],
        "refused": refused,
        "look": look,
        **_tried(before, one, look),
    }


def _tried(before: RateVersion | None, one: RateVersion, look: Look) -> dict[str, Any]:
    """A purchase by both versions; what is no amount or day is said, and the usual one shown."""
    problem, fen, day = "", _USUAL, one.body.valid_from
    try:
        if look.yuan:
            wanted = {"category": "any", "amount_fen": fen_of(look.yuan.strip())}
            fen = read_as(wanted, Preview).amount_fen
        if look.day:
            day = date.fromisoformat(look.day.strip())
    except (Invalid, ValueError):
        problem = "金额请填 0.01 到 100000 元，日期如 2026-12-01"
    return {
        "tried": comparing.tried(before, one, fen, day),
        "tried_fen": fen,
        "tried_day": day,
        "problem": problem,
    }


class OneVersion(Page):
    path = "/console/rates/{number}"

    @allow(*SEES)
    async def get(self, number: str, query: Look) -> Shown:
        """What it changes, what a purchase would earn by it, and what may be done with it."""
        facts = await picture(self.building.db.reader(), number, query, self.actor, Refused())
        return Shown("console/rates_one.html", facts | {"flash": self.flashed()})


Deed = Callable[[Page, Tx, str, dict[str, str]], Awaitable[Done]]


async def _approve(page: Page, tx: Tx, number: str, form: dict[str, str]) -> Done:
    made = await rates.approve(tx, number, page.actor)
    return Done(f"已批准，{made.body.valid_from} 起生效", made.number)


async def _return(page: Page, tx: Tx, number: str, form: dict[str, str]) -> Done:
    reason = read_as({"reason": form.get("reason", "").strip()}, ReturnRates).reason
    made = await rates.return_(tx, number, reason, page.actor)
    return Done("已退回", made.number)


async def _withdraw(page: Page, tx: Tx, number: str, form: dict[str, str]) -> Done:
    made = await rates.withdraw(tx, number, page.actor)
    return Done("已撤回", made.number)


DEEDS: dict[str, Deed] = {"approve": _approve, "return": _return, "withdraw": _withdraw}


class Answer(Page):
    path = "/console/rates/{number}/{action}"

    @allow(*SEES)
    async def get(self, number: str, action: str) -> Goto:
        """The address of a form that was sent, typed again."""
        return Goto(address((await rates.find(self.building.db.reader(), number)).number))

    @allow(*SEES)
    async def post(self, number: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """Approve, hand back, take back; sent twice it is done once."""
        deed = DEEDS.get(action)
        if deed is None:
            raise rates.RatesNotFound
        try:
            answer = await self.once(lambda tx: deed(self, tx, number, form), lanes=["rates"])
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            message = "请写明退回的原因" if error.code == "invalid" else error.message
            refused = Refused(action, message, given=form)
            facts = await picture(self.building.db.reader(), number, Look(), self.actor, refused)
            return Shown("console/rates_one.html", facts | {"flash": ""}, error.status)
        done = msgspec.json.decode(answer.body, type=Done)
        self.flash(done.text)
        return Goto(address(done.number))
