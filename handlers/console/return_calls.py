"""Calls back 待回电: who waits to be told by telephone, the call that I have with the words to read out, and what came of
it."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from handlers.base import allow
from handlers.console.case import read_as
from handlers.page import Goto, MenuItem, Page, Shown
from schemas.return_calls import CallOutcome, FindReturnCalls, HandedOverView, ReturnCallView, Stage
from server import return_calls, reveals
from server.kit.db import Reader, Tx
from server.kit.db.pages import BadCursor
from server.kit.errors import Forbidden, HoelunError, NotFound
from server.return_calls import ReturnCall

LIST = "/console/return-calls"
_SHOWN = frozenset({404, 409, 422, 429})
_TABS: dict[Stage, str] = {"open": "等人打", "taken": "正在打", "closed": "打完的"}
_SAID = {
    "take": "号码在下面，打完请记结果",
    "release": "已放回去，同事可以接着打",
    "reached": "已记下：告知了",
    "not_reached": "已记下：没接通",
    "not_needed": "已记下：不用打了",
    "undo": "已改回去，还是您在打",
}


class Look(Struct, frozen=True):
    """Which part of the queue, and from where on."""

    state: Stage = "open"
    cursor: str | None = None

    def address(self, state: str, cursor: str = "") -> str:
        asked = {"state": "" if state == "open" else state, "cursor": cursor}
        query = urlencode({name: text for name, text in asked.items() if text})
        return f"{LIST}?{query}" if query else LIST


async def shown(page: Page, look: Look, problem: str = "", status: int = 200) -> Shown:
    actor, rules = page.actor, page.building.settings

    async def read(reader: Reader) -> dict[str, Any]:
        wanted = FindReturnCalls(state=look.state, cursor=look.cursor)
        own = await return_calls.held_by(reader, actor, rules)
        return {
            "found": await return_calls.listed(reader, wanted, actor, rules),
            "mine": [one for one in own if one.mine],
            "just": [one for one in own if "undo" in one.actions],
        }

    try:
        facts = await page.building.db.reading(read)
    except BadCursor as error:
        return await shown(page, Look(look.state), error.message)
    more = {"look": look, "tabs": _TABS, "problem": problem, "flash": page.flashed()}
    return Shown("console/return_calls.html", facts | more, status)


class Calls(Page):
    path = LIST
    menu = MenuItem("待回电", "phone", 12)

    @allow("operator", "clerk", "admin")
    async def get(self, query: Look) -> Shown:
        """Who waits, what I have, and what I have just written down."""
        return await shown(self, query)


class Deed(Page):
    """What a form of the page does to one call, or at the end of a shift to all of mine."""

    async def does(self, work: Callable[[Tx], Awaitable[Any]], told: str, *lanes: str) -> Shown | Goto:
        if not self.actor.roles & return_calls.CALLERS:
            raise Forbidden
        try:
            await self.once(work, lanes=lanes)
        except HoelunError as error:
            if error.status not in _SHOWN:
                raise
            await self.note_refusal(error)
            return await shown(self, Look(), error.message, error.status)
        self.flash(told)
        return Goto(LIST)


class HandOver(Deed):
    path = LIST + "/hand-over"

    @allow("operator", "clerk", "admin")
    async def get(self) -> Goto:
        """The address of the form, typed again."""
        return Goto(LIST)

    @allow("staff")
    async def post(self) -> Shown | Goto:
        """The end of my shift."""

        async def handed(tx: Tx) -> HandedOverView:
            return HandedOverView(released=await return_calls.hand_over(tx, self.actor))

        return await self.does(handed, "已全部放回去，同事可以接着打")


class Call(Deed):
    path = LIST + "/{call_id}/{action}"

    @allow("operator", "clerk", "admin")
    async def get(self, call_id: str, action: str) -> Goto:
        """The address of a form, typed again."""
        return Goto(LIST)

    @allow("staff")
    async def post(self, call_id: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """Take it, give it back, write down what came of it, or take that back; sent twice it is done once."""
        actor, rules = self.actor, self.building.settings
        wanted: CallOutcome | None = None
        if action == "outcome":
            try:
                wanted = read_as({**form, "version": int(form.get("version") or 0)}, CallOutcome)
            except (HoelunError, ValueError):
                return await shown(self, Look(), "请写明为什么不用打", 422)
        acts: dict[str, Callable[[Tx], Awaitable[ReturnCall]]] = {
            "take": lambda tx: return_calls.take(tx, call_id, actor, rules),
            "release": lambda tx: return_calls.release(tx, call_id, actor),
            "undo": lambda tx: return_calls.undo(tx, call_id, actor, rules),
        }
        if wanted is not None:
            outcome = wanted
            acts["outcome"] = lambda tx: return_calls.settle(tx, call_id, outcome, actor, rules)
        if action not in acts:
            raise NotFound

        async def done(tx: Tx) -> ReturnCallView:
            return await return_calls.view(tx, await acts[action](tx), actor, rules)

        told = _SAID[wanted.outcome if wanted is not None else action]
        return await self.does(done, told, return_calls.lane(call_id), reveals.lane(actor))
