"""The outbox as a page: each queue in figures, and what was given up, with a button to try again."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from handlers.base import allow
from handlers.outbox import OUTBOXES, tried_again
from handlers.page import Goto, MenuItem, Page, Shown
from schemas.common import Cursor
from schemas.outbox import AgainView, FindLetters, Stage, TryAgain
from server import outbox
from server.kit.db import Reader
from server.kit.errors import HoelunError

PATH = "/console/outbox"


class Look(Struct, frozen=True):
    """Which queue is looked into, and at what."""

    queue: str = ""
    stage: Stage = "dead"
    cursor: Cursor | None = None

    def address(self, **changed: str) -> str:
        wanted = {"queue": self.queue, "stage": self.stage, "cursor": self.cursor or ""}
        query = urlencode({name: value for name, value in (wanted | changed).items() if value})
        return f"{PATH}?{query}"


async def picture(reader: Reader, look: Look) -> dict[str, Any]:
    """What the page is filled with. Raises OutboxNotFound, BadCursor."""
    found = outbox.one(OUTBOXES, look.queue) if look.queue else OUTBOXES[0]
    wanted = FindLetters(stage=look.stage, cursor=look.cursor)
    return {
        "look": msgspec.structs.replace(look, queue=found.name),
        "queues": (await outbox.looked_over(reader, OUTBOXES)).queues,
        "found": await outbox.listed(reader, found, wanted),
        "most": outbox.COUNTED,
    }


class Outbox(Page):
    path = PATH
    menu = MenuItem("发件箱", "send", 78)

    @allow("admin")
    async def get(self, query: Look) -> Shown:
        """Each queue in figures, and what was given up in one of them."""
        facts = await self.building.db.reading(lambda reader: picture(reader, query))
        return Shown("console/outbox.html", facts | {"flash": self.flashed()})


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
        try:
            answer = await self.once(lambda tx: tried_again(tx, queue, wanted))
        except HoelunError as error:
            if error.status != 409:
                raise
            await self.note_refusal(error)
            self.flash(error.message)
            return Goto(f"{PATH}?{urlencode({'queue': queue})}")
        said = msgspec.json.decode(answer.body, type=AgainView)
        self.flash(f"已重新发送 {said.count} 条{'，还有一些，请再按一次' if said.left else ''}")
        return Goto(f"{PATH}?{urlencode({'queue': queue})}")
