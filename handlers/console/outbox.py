"""The outbox as a page: each queue in figures, what waits and what was given up, and what can be done about it."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from handlers.base import Answer, allow
from handlers.outbox import OUTBOXES, dropped, tried_again
from handlers.page import Goto, MenuItem, Page, Shown
from schemas.outbox import AgainView, DropLetter, FindLetters, Stage, TryAgain
from server import lifting, outbox
from server.kit.db import Reader
from server.kit.errors import HoelunError, Invalid
from server.outbox_words import DELIVERIES, HELD_SHORT
from server.push import templates
from server.push_figures import alert_views

PATH = "/console/outbox"
STAGES: dict[Stage, str] = {"waiting": "接下来要发的", "dead": "停发的", "all": "最近 7 天的"}
_REFUSED = (404, 409)
_REASON = "请写明为什么不再发，200 字以内"


class Look(Struct, frozen=True):
    """Which queue is looked into, and at what."""

    queue: str = ""
    lane: str = ""
    stage: str = "dead"
    template: str = ""
    state: str = ""
    errcode: str = ""
    cursor: str = ""

    def address(self, **changed: str) -> str:
        wanted = msgspec.structs.asdict(self) | changed
        return f"{PATH}?{urlencode({name: value for name, value in wanted.items() if value})}"

    def wanted(self) -> FindLetters:
        """Raises Invalid."""
        given = msgspec.structs.asdict(self) | {
            "cursor": self.cursor or None,
            "errcode": self.errcode.strip(),
        }
        del given["queue"]
        try:
            return msgspec.convert(given, FindLetters)
        except msgspec.ValidationError as error:
            raise Invalid.from_validation(error) from error

    @property
    def narrowed(self) -> bool:
        return bool(self.template or self.state or self.errcode)


async def picture(reader: Reader, look: Look) -> dict[str, Any]:
    """What the page is filled with. Raises OutboxNotFound, BadCursor, NoHistory, Invalid."""
    found = outbox.one(OUTBOXES, look.queue) if look.queue else outbox.one(OUTBOXES, "messages")
    queues = (await outbox.looked_over(reader, OUTBOXES)).queues
    return {
        "look": msgspec.structs.replace(look, queue=found.name),
        "queues": queues,
        "shown": next(one for one in queues if one.name == found.name and (one.lane or "") == look.lane),
        "found": await outbox.listed(reader, found, look.wanted()),
        "most": outbox.COUNTED,
        "ahead": outbox.LOOKED_AHEAD,
        "stages": STAGES if found.history else {name: STAGES[name] for name in ("waiting", "dead")},
        "templates": _titles() if found.history else {},
        "states": HELD_SHORT if look.stage == "waiting" else DELIVERIES if look.stage == "all" else {},
        "pauses": lifting.listed(reader).items,
    }


def _titles() -> dict[str, str]:
    return {name: one.title for name, one in sorted(templates().items(), key=lambda pair: pair[1].title)}


class Outbox(Page):
    path = PATH
    menu = MenuItem("发件箱", "send", 78)

    @allow("admin")
    async def get(self, query: Look) -> Shown:
        """Each queue in figures, and what waits or was given up in one of them."""
        facts = await self.building.db.reading(lambda reader: picture(reader, query))
        alerts = alert_views(self.building.db.reader(), self.building.settings)
        return Shown("console/outbox.html", facts | {"flash": self.flashed(), "alerts": alerts})


async def said(page: Page, work: Callable[[], Awaitable[str]], queue: str) -> Goto:
    """Do it and say so; a refusal is said in the same place."""
    try:
        page.flash(await work())
    except HoelunError as error:
        if error.status not in _REFUSED:
            raise
        await page.note_refusal(error)
        page.flash(error.message)
    return Goto(f"{PATH}?{urlencode({'queue': queue})}" if queue else PATH)


class OutboxRetry(Page):
    path = PATH + "/{queue}/retry"

    @allow("admin")
    async def get(self, queue: str) -> Goto:
        """The address of a form that was sent, typed again: nothing is done by looking."""
        return Goto(PATH)

    @allow("admin")
    async def post(self, queue: str, form: dict[str, str]) -> Goto:
        """Try one again, or all."""
        wanted = msgspec.convert({"id": form.get("id") or None}, TryAgain)

        async def work() -> str:
            answer: Answer[AgainView] = await self.once(lambda tx: tried_again(tx, queue, wanted))
            done = msgspec.json.decode(answer.body, type=AgainView)
            return f"已重新发送 {done.count} 条{'，还有一些，请再按一次' if done.left else ''}"

        return await said(self, work, queue)


class OutboxDrop(Page):
    path = PATH + "/{queue}/drop"

    @allow("admin")
    async def get(self, queue: str) -> Goto:
        """The address of a form that was sent, typed again: nothing is done by looking."""
        return Goto(PATH)

    @allow("admin")
    async def post(self, queue: str, form: dict[str, str]) -> Goto:
        """One is not sent any more."""
        try:
            wanted = msgspec.convert(
                {"id": form.get("id", ""), "reason": form.get("reason", "").strip()}, DropLetter
            )
        except msgspec.ValidationError:
            self.flash(_REASON)
            return Goto(f"{PATH}?{urlencode({'queue': queue})}")

        async def work() -> str:
            await self.once(lambda tx: dropped(tx, queue, wanted, self.actor))
            return "这一条不再发了，原因已记下"

        return await said(self, work, queue)


class OutboxLift(Page):
    path = PATH + "/pauses/lift"

    @allow("admin")
    async def get(self) -> Goto:
        """The address of a form that was sent, typed again: nothing is done by looking."""
        return Goto(PATH)

    @allow("admin")
    async def post(self, form: dict[str, str]) -> Goto:
        """Send again what a ban has stopped."""
        pause = form.get("id", "")

        async def work() -> str:
            await self.once(lambda tx: lifting.lift(tx, pause, self.actor))
            return "已恢复发送；停发的消息请在下面重新发送"

        return await said(self, work, "")
