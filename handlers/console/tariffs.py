"""The desk of the tariffs: what a ride costs, a version as it is written, compared, tried, and answered by another."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from handlers.base import allow
from handlers.console import tariffs_form
from handlers.console.case import moment_of, read_as
from handlers.console.money import Refused
from handlers.console.versions import SHOWN, Done, Like
from handlers.page import MONEY, Goto, MenuItem, Page, Shown
from handlers.tariffs import TITLE, WRITES
from schemas.tariffs import NewTariff, TryTariff
from schemas.versions import ReturnVersion
from server import staff, tariffs
from server.kit.clock import SHANGHAI, today
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError, Invalid
from server.sessions import Actor
from server.tariffs import RIDE, ROUNDINGS, VERSIONS
from server.versions import VersionNotFound

LIST = "/console/tariffs"


class Look(Struct, frozen=True):
    """What a version is compared with, and which ride is tried: so many kilometres, waited for so many minutes."""

    beside: str = ""
    km: str = ""
    waited: str = ""
    at: str = ""
    wheelchair: str = ""
    helper: str = ""
    scheduled: str = ""


def address(number: int) -> str:
    return f"{LIST}/{number}"


class Tariffs(Page):
    path = LIST
    menu = MenuItem(TITLE, "wallet", MONEY, 45)

    @allow(*WRITES)
    async def get(self) -> Shown:
        """What counts now, and every version there was."""
        items = tariffs.listed(self.building.db.reader(), self.actor).items
        return Shown("console/tariffs.html", {"versions": items, "flash": self.flashed()})


class NewVersion(Page):
    path = "/console/tariffs/new"

    @allow(*WRITES)
    async def get(self, query: Like) -> Shown:
        """The form, filled with what another version says."""
        reader = self.building.db.reader()
        like = await VERSIONS.find(reader, RIDE, query.like) if query.like else None
        body = (like or tariffs.current(reader, reader.now)).body
        return self._shown(Refused(given=tariffs_form.filled(body)), 200)

    @allow(*WRITES)
    async def post(self, form: dict[str, str]) -> Shown | Goto:
        """Hand it in; sent twice it is one version."""

        async def drafted(tx: Tx) -> Done:
            new = read_as(tariffs_form.read(form), NewTariff)
            tariffs.check(new)
            made = await VERSIONS.draft(tx, RIDE, new, self.actor)
            return Done("已交，等另一位同事审核；现在的资费没有变", made.number)

        try:
            answer = await self.once(drafted, status=201, lanes=["tariffs"])
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            box = tariffs_form.box_of(error.field or "", form)
            return self._shown(Refused("new", _plain(error), box, form), error.status)
        done = msgspec.json.decode(answer.body, type=Done)
        self.flash(done.text)
        return Goto(address(done.number))

    def _shown(self, refused: Refused, status: int) -> Shown:
        facts = {
            "refused": refused,
            "given": refused.given,
            "surcharges": tariffs_form.rows(refused.given),
            "roundings": ROUNDINGS,
            "tomorrow": (today(self.building.db.now()) + timedelta(days=1)).isoformat(),
        }
        return Shown("console/tariffs_form.html", facts, status)


def _plain(error: HoelunError) -> str:
    """A refusal as the writer reads it: which box."""
    if not error.field:
        return error.message
    label = tariffs_form.label_of(error.field)
    return f"请把{label}填好" if type(error) is Invalid else f"{label}：{error.message}"


# One version.


async def picture(reader: Reader, number: str, look: Look, actor: Actor, refused: Refused) -> dict[str, Any]:
    """Raises VersionNotFound."""
    one = await VERSIONS.find(reader, RIDE, number)
    starts = max(one.body.valid_from, today(reader.now))
    midnight = datetime.combine(starts, datetime.min.time(), SHANGHAI)
    usual = VERSIONS.in_force(reader, RIDE, midnight, without=one)
    before = await VERSIONS.find(reader, RIDE, look.beside) if look.beside else usual
    items = tariffs.listed(reader, actor).items
    return {
        "one": tariffs.view(reader, one, actor),
        "answered_by": staff.name_of(reader, one.approved_by or one.returned_by),
        "before": before if before.number != one.number else None,
        "changes": tariffs.compared(before.body, one.body),
        "others": [each for each in items if each.version.number != one.number],
        "refused": refused,
        "look": look,
        **_tried(reader, (before, one), look),
    }


def _tried(reader: Reader, versions: tuple[tariffs.Tariff, tariffs.Tariff], look: Look) -> dict[str, Any]:
    """A ride by both versions; what cannot be read is said, and the usual one shown."""
    now = reader.now.astimezone(SHANGHAI).replace(second=0, microsecond=0)
    usual: dict[str, Any] = {"metres": 5_000, "at": now}
    problem, query = "", TryTariff(**usual)
    try:
        query = read_as(usual | _wanted(look), TryTariff)
    except Invalid:
        problem = "路程请填 0 到 2000 公里，等候填 0 到 600 分钟，时间如 2026-12-01 09:30"
    shown = (query.at or now).astimezone(SHANGHAI)
    return {
        "tried": [tariffs.tried(reader, one, query) for one in versions],
        "query": query,
        "tried_at": f"{shown:%Y-%m-%dT%H:%M}",
        "problem": problem,
    }


def _wanted(look: Look) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: bool(getattr(look, name)) for name in ("wheelchair", "helper", "scheduled")
    }
    if look.km.strip():
        found["metres"] = tariffs_form.metres_of(look.km.strip())
    if look.waited.strip():
        found["waited_minutes"] = tariffs_form.whole(look.waited.strip())
    if look.at.strip():
        found["at"] = moment_of(look.at.strip())
    return found


class OneVersion(Page):
    path = "/console/tariffs/{number}"

    @allow(*WRITES)
    async def get(self, number: str, query: Look) -> Shown:
        """What it changes, what a ride would cost by it, and what may be done with it."""
        facts = await picture(self.building.db.reader(), number, query, self.actor, Refused())
        return Shown("console/tariffs_one.html", facts | {"flash": self.flashed()})


Deed = Callable[[Page, Tx, str, dict[str, str]], Awaitable[Done]]


async def _approve(page: Page, tx: Tx, number: str, form: dict[str, str]) -> Done:
    made = await VERSIONS.approve(tx, RIDE, number, page.actor)
    return Done(f"已批准，{made.body.valid_from} 起生效", made.number)


async def _return(page: Page, tx: Tx, number: str, form: dict[str, str]) -> Done:
    reason = read_as({"reason": form.get("reason", "").strip()}, ReturnVersion).reason
    made = await VERSIONS.return_(tx, RIDE, number, reason, page.actor)
    return Done("已退回", made.number)


async def _withdraw(page: Page, tx: Tx, number: str, form: dict[str, str]) -> Done:
    made = await VERSIONS.withdraw(tx, RIDE, number, page.actor)
    return Done("已撤回", made.number)


DEEDS: dict[str, Deed] = {"approve": _approve, "return": _return, "withdraw": _withdraw}


class AnswerVersion(Page):
    path = "/console/tariffs/{number}/{action}"

    @allow(*WRITES)
    async def get(self, number: str, action: str) -> Goto:
        """The address of a form that was sent, typed again."""
        return Goto(address((await VERSIONS.find(self.building.db.reader(), RIDE, number)).number))

    @allow(*WRITES)
    async def post(self, number: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """Approve, hand back, take back; sent twice it is done once."""
        deed = DEEDS.get(action)
        if deed is None:
            raise VersionNotFound
        try:
            answer = await self.once(lambda tx: deed(self, tx, number, form), lanes=["tariffs"])
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            message = "请写明退回的原因" if error.code == "invalid" else error.message
            refused = Refused(action, message, given=form)
            facts = await picture(self.building.db.reader(), number, Look(), self.actor, refused)
            return Shown("console/tariffs_one.html", facts | {"flash": ""}, error.status)
        done = msgspec.json.decode(answer.body, type=Done)
        self.flash(done.text)
        return Goto(address(done.number))
