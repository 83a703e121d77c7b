"""The work list of differences, and each of them: whose it is, what was noted, and what becomes of it."""

from collections.abc import Awaitable, Callable
from typing import Any, get_args
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from handlers.base import RouteNotFound, allow
from handlers.console.case import read_as
from handlers.console.providers import Done, Refused
from handlers.console.settlements import LIST, SEES, SHOWN, TONES, address, message_of
from handlers.page import Goto, Page, Shown
from schemas.settlements import (
    AssignDifference,
    DeclineDifference,
    DifferenceState,
    FindDifferences,
    NoteDifference,
    ResolveDifference,
)
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError
from server.settlements import aging, differences, views
from server.settlements.notices import bookkeepers
from server.settlements.stored import DIFFERENCE_STATES

DIFFERENCES = f"{LIST}/differences"
_DONE = {
    "assign": "已交给这位同事",
    "note": "已记下",
    "resolve": "已处理",
    "approve": "已同意并记账",
    "decline": "已退回，写在记录里",
}


class Look(Struct, frozen=True):
    state: str = "open"
    cursor: str = ""

    def wanted(self) -> FindDifferences:
        known: Any = self.state if self.state in get_args(DifferenceState) else "open"
        return FindDifferences(state=known, cursor=self.cursor or None)

    def address(self, path: str, **more: str) -> str:
        given = {"state": self.state, "cursor": self.cursor} | more
        told = urlencode({name: text for name, text in given.items() if text})
        return f"{path}?{told}" if told else path


def one_address(difference_id: str) -> str:
    return f"{DIFFERENCES}/{quote(difference_id, safe='')}"


class WorkList(Page):
    path = DIFFERENCES

    @allow(*SEES)
    async def get(self, query: Look) -> Shown:
        """What is to be done, the oldest first, and how old it is altogether."""

        async def seen(reader: Reader) -> dict[str, Any]:
            return {
                "look": query,
                "found": await views.differences_view(reader, query.wanted(), self.actor),
                "age": await aging.aging(reader, self.building.settings),
                "states": DIFFERENCE_STATES,
                "tones": TONES | {"open": "late"},
            }

        return Shown("console/settlement_differences.html", await self.building.db.reading(seen))


class DifferencePage(Page):
    async def shown(self, difference_id: str, refused: Refused, status: int = 200) -> Shown:
        async def seen(reader: Reader) -> dict[str, Any]:
            found = await differences.find(reader, difference_id)
            return {
                "one": views.difference_view(reader, found, self.actor),
                "colleagues": bookkeepers(reader),
                "address": one_address(difference_id),
                "batch_address": address(found.batch_id),
                "tones": TONES | {"open": "late"},
                "refused": refused,
            }

        facts = await self.building.db.reading(seen)
        return Shown("console/settlement_difference.html", facts | {"flash": self.flashed()}, status)


class OneDifference(DifferencePage):
    path = DIFFERENCES + "/{difference_id}"

    @allow(*SEES)
    async def get(self, difference_id: str) -> Shown:
        """What it is about and what can be done."""
        return await self.shown(difference_id, Refused())


class Act(DifferencePage):
    path = DIFFERENCES + "/{difference_id}/{action}"

    @allow(*SEES)
    async def get(self, difference_id: str, action: str) -> Goto:
        """The address of a form that was sent, typed again."""
        return Goto(one_address(difference_id))

    @allow(*SEES)
    async def post(self, difference_id: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """Give it to somebody, note, resolve, agree or not; sent twice it is done once."""
        work = self._work(difference_id, action, {name: text.strip() for name, text in form.items()})

        async def done(tx: Tx) -> Done:
            found = await work(tx)
            waits = action == "resolve" and found.state == "proposed"
            return Done("已提交，等另一位同事复核" if waits else _DONE[action])

        try:
            told = await self.once(done)
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            return await self.shown(difference_id, Refused(action, _told(error), form), error.status)
        self.flash(msgspec.json.decode(told.body, type=Done).text)
        return Goto(one_address(difference_id))

    def _work(self, one: str, action: str, form: dict[str, str]) -> Callable[[Tx], Awaitable[Any]]:
        actor = self.actor
        match action:
            case "assign":
                return lambda tx: differences.assign(tx, one, read_as(form, AssignDifference), actor)
            case "note":
                return lambda tx: differences.note(tx, one, read_as(form, NoteDifference), actor)
            case "resolve":
                return lambda tx: differences.resolve(tx, one, read_as(form, ResolveDifference), actor)
            case "approve":
                return lambda tx: differences.approve(tx, one, actor)
            case "decline":
                return lambda tx: differences.decline(tx, one, read_as(form, DeclineDifference).reason, actor)
        raise RouteNotFound


def _told(error: HoelunError) -> str:
    hints = {"how": "请选一种处理办法", "text": "请写下要记的内容，500 字以内"}
    plain = message_of(error)
    return hints.get(error.field or "", plain) if error.code == "invalid" else plain
