"""The desk of the fee rules: what tickets cost to give back and change, a version as it is written, compared, tried."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from handlers.base import allow
from handlers.console import fee_rules_form
from handlers.console.case import fen_of, moment_of, read_as
from handlers.console.money import Refused
from handlers.console.versions import SHOWN, Done, Like
from handlers.fee_rules import WRITES, mode_named
from handlers.page import MONEY, Goto, MenuItem, Page, Shown
from schemas.fee_rules import Mode, NewFeeRules, TryFeeRules
from schemas.versions import ReturnVersion
from server import fee_rules, staff
from server.fee_rules import MODES, VERSIONS, FeeRules
from server.fee_rules.views import DIFFERENCES, ROUNDINGS
from server.kit.clock import SHANGHAI, today
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError, Invalid
from server.sessions import Actor
from server.tickets.words import SEATS
from server.versions import VersionNotFound

LIST = "/console/fee-rules"


class Look(Struct, frozen=True):
    """What a version is compared with, and which ticket is tried: its price in yuan, when it leaves, and when it is
    given back, or changed for one of another price."""

    beside: str = ""
    yuan: str = ""
    leaves: str = ""
    at: str = ""
    seat: str = ""
    new_yuan: str = ""
    new_leaves: str = ""


class Row(Struct, frozen=True):
    """One line of two versions side by side; empty where there was nothing."""

    label: str
    before: str
    after: str


def address(mode: Mode, number: int) -> str:
    return f"{LIST}/{mode}/{number}"


class Rules(Page):
    path = LIST
    menu = MenuItem("退改规则", "ticket", MONEY, 43)

    @allow(*WRITES)
    async def get(self) -> Shown:
        """For trains and for planes: what counts now, and every version there was."""
        reader = self.building.db.reader()
        series = {mode: fee_rules.listed(reader, self.actor, mode).items for mode in MODES}
        return Shown("console/fee_rules.html", {"series": series, "modes": MODES, "flash": self.flashed()})


class NewVersion(Page):
    path = "/console/fee-rules/{mode}/new"

    @allow(*WRITES)
    async def get(self, mode: str, query: Like) -> Shown:
        """The form, filled with what another version says."""
        reader, named = self.building.db.reader(), mode_named(mode)
        usual = fee_rules.in_force(reader, named, today(reader.now))
        like = await VERSIONS.find(reader, mode, query.like) if query.like else usual
        return self._shown(named, Refused(given=fee_rules_form.filled(named, like.body)), 200)

    @allow(*WRITES)
    async def post(self, mode: str, form: dict[str, str]) -> Shown | Goto:
        """Hand it in; sent twice it is one version."""
        named = mode_named(mode)

        async def drafted(tx: Tx) -> Done:
            new = read_as(fee_rules_form.read(named, form), NewFeeRules)
            fee_rules.check(new)
            made = await VERSIONS.draft(tx, mode, new, self.actor)
            return Done("已交，等另一位同事审核；现在的规则没有变", made.number)

        try:
            answer = await self.once(drafted, status=201, lanes=["fee rules"])
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            box = fee_rules_form.box_of(error.field or "", form)
            return self._shown(named, Refused("new", _plain(error), box, form), error.status)
        done = msgspec.json.decode(answer.body, type=Done)
        self.flash(done.text)
        return Goto(address(named, done.number))

    def _shown(self, mode: Mode, refused: Refused, status: int) -> Shown:
        facts = {
            "mode": mode,
            "mode_text": MODES[mode],
            "seats": "、".join(SEATS[mode].values()),
            "refused": refused,
            "given": refused.given,
            "tables": fee_rules_form.rows(refused.given),
            "roundings": ROUNDINGS,
            "differences": DIFFERENCES,
            "tomorrow": (today(self.building.db.now()) + timedelta(days=1)).isoformat(),
        }
        return Shown("console/fee_rules_form.html", facts, status)


def _plain(error: HoelunError) -> str:
    """A refusal as the writer reads it: which box."""
    if not error.field:
        return error.message
    label = fee_rules_form.label_of(error.field)
    return f"请把{label}填好" if type(error) is Invalid else f"{label}：{error.message}"


# One version.


async def picture(
    reader: Reader, mode: Mode, number: str, look: Look, actor: Actor, refused: Refused
) -> dict[str, Any]:
    """Raises VersionNotFound."""
    one = await VERSIONS.find(reader, mode, number)
    starts = max(one.body.valid_from, today(reader.now))
    usual = VERSIONS.in_force(
        reader, mode, datetime.combine(starts, datetime.min.time(), SHANGHAI), without=one
    )
    before = await VERSIONS.find(reader, mode, look.beside) if look.beside else usual
    return {
        "one": fee_rules.view(reader, one, actor),
        "answered_by": staff.name_of(reader, one.approved_by or one.returned_by),
        "before": before if before.number != one.number else None,
        "changes": compared(mode, before, one),
        "others": [
            each for each in fee_rules.listed(reader, actor, mode).items if each.version.number != one.number
        ],
        "seats": SEATS[mode],
        "refused": refused,
        "look": look,
        **_tried(reader, mode, (before, one), look),
    }


def compared(mode: Mode, before: FeeRules, one: FeeRules) -> list[Row]:
    """The lines that differ, also those that are gone."""
    old, new = fee_rules.terms(mode, before.body), fee_rules.terms(mode, one.body)
    different = [key for key in (old | new) if old.get(key) != new.get(key)]
    return [_row(old.get(key, ""), new.get(key, "")) for key in different]


def _row(before: str, after: str) -> Row:
    label = (after or before).partition("：")[0]
    return Row(label, before.partition("：")[2], after.partition("：")[2])


def _tried(reader: Reader, mode: Mode, versions: tuple[FeeRules, FeeRules], look: Look) -> dict[str, Any]:
    """A ticket by both versions; what cannot be read is said, and the usual one shown."""
    leaves = (reader.now + timedelta(hours=30)).astimezone(SHANGHAI).replace(second=0, microsecond=0)
    usual: dict[str, Any] = {"face_fen": 15_500, "depart_at": leaves}
    problem, query = "", TryFeeRules(**usual)
    try:
        query = read_as(usual | _wanted(look), TryFeeRules)
    except Invalid:
        problem = "票价请填 0.01 到 100000 元，时间如 2026-12-01 09:30"
    by = [_by(reader, one, query) for one in versions]
    shown = query.depart_at.astimezone(SHANGHAI)
    return {"tried": by, "query": query, "tried_leaves": f"{shown:%Y-%m-%dT%H:%M}", "problem": problem}


def _wanted(look: Look) -> dict[str, Any]:
    money = {"face_fen": look.yuan, "new_face_fen": look.new_yuan}
    times = {"depart_at": look.leaves, "at": look.at, "new_depart_at": look.new_leaves}
    found: dict[str, Any] = {name: fen_of(text.strip()) for name, text in money.items() if text.strip()}
    found |= {name: moment_of(text.strip()) for name, text in times.items() if text.strip()}
    return found | ({"seat_class": look.seat} if look.seat else {})


def _by(reader: Reader, rules: FeeRules, query: TryFeeRules) -> str:
    try:
        return fee_rules.tried(reader, rules, query).text
    except (fee_rules.RefundTooLate, fee_rules.ChangeTooLate) as error:
        return error.message


class OneVersion(Page):
    path = "/console/fee-rules/{mode}/{number}"

    @allow(*WRITES)
    async def get(self, mode: str, number: str, query: Look) -> Shown:
        """What it changes, what a ticket would cost by it, and what may be done with it."""
        facts = await picture(
            self.building.db.reader(), mode_named(mode), number, query, self.actor, Refused()
        )
        return Shown("console/fee_rules_one.html", facts | {"flash": self.flashed()})


Deed = Callable[[Page, Tx, Mode, str, dict[str, str]], Awaitable[Done]]


async def _approve(page: Page, tx: Tx, mode: Mode, number: str, form: dict[str, str]) -> Done:
    made = await VERSIONS.approve(tx, mode, number, page.actor)
    return Done(f"已批准，{made.body.valid_from} 起生效", made.number)


async def _return(page: Page, tx: Tx, mode: Mode, number: str, form: dict[str, str]) -> Done:
    reason = read_as({"reason": form.get("reason", "").strip()}, ReturnVersion).reason
    made = await VERSIONS.return_(tx, mode, number, reason, page.actor)
    return Done("已退回", made.number)


async def _withdraw(page: Page, tx: Tx, mode: Mode, number: str, form: dict[str, str]) -> Done:
    made = await VERSIONS.withdraw(tx, mode, number, page.actor)
    return Done("已撤回", made.number)


DEEDS: dict[str, Deed] = {"approve": _approve, "return": _return, "withdraw": _withdraw}


class AnswerVersion(Page):
    path = "/console/fee-rules/{mode}/{number}/{action}"

    @allow(*WRITES)
    async def get(self, mode: str, number: str, action: str) -> Goto:
        """The address of a form that was sent, typed again."""
        found = await VERSIONS.find(self.building.db.reader(), mode, number)
        return Goto(address(mode_named(mode), found.number))

    @allow(*WRITES)
    async def post(self, mode: str, number: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """Approve, hand back, take back; sent twice it is done once."""
        deed, named = DEEDS.get(action), mode_named(mode)
        if deed is None:
            raise VersionNotFound
        try:
            answer = await self.once(lambda tx: deed(self, tx, named, number, form), lanes=["fee rules"])
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            message = "请写明退回的原因" if error.code == "invalid" else error.message
            refused = Refused(action, message, given=form)
            reader = self.building.db.reader()
            facts = await picture(reader, named, number, Look(), self.actor, refused)
            return Shown("console/fee_rules_one.html", facts | {"flash": ""}, error.status)
        done = msgspec.json.decode(answer.body, type=Done)
        self.flash(done.text)
        return Goto(address(named, done.number))
