"""The tags of one resident at the window: what was put on them and why, one more, one less."""

from typing import Any
from urllib.parse import quote

from handlers.base import allow
from handlers.console.case import read_as
from handlers.console.money import Refused, said
from handlers.console.residents import RESIDENTS
from handlers.page import Goto, Page, Shown
from schemas.tags import PutTag, ResidentTagsView
from server import disability, reveals, tags
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError

_DESK = ("operator", "clerk")
_SHOWN = frozenset({403, 404, 409, 422})
_WRONG = {"reason": "请写明为什么标，60 个字以内，居民会看到"}


def address(resident_id: str) -> str:
    return f"{RESIDENTS}/{quote(resident_id, safe='')}/tags"


async def picture(page: Page, reader: Reader, resident_id: str, refused: Refused) -> dict[str, Any]:
    """Raises ResidentNotFound."""
    holder = await disability.find(reader, resident_id, page.actor)
    return {
        "holder": reveals.card(reader, holder),
        "tags": tags.for_desk(reader, holder),
        "refused": refused,
    }


async def shown(page: Page, resident_id: str, refused: Refused, flash: str, status: int = 200) -> Shown:
    facts = await page.building.db.reading(lambda reader: picture(page, reader, resident_id, refused))
    await page.saw("tags.get", resident_id)
    return Shown("console/resident_tags.html", facts | {"flash": flash}, status)


class ResidentTags(Page):
    path = RESIDENTS + "/{resident_id}/tags"

    @allow(*_DESK)
    async def get(self, resident_id: str) -> Shown:
        """What the desk has put on somebody, and a form for one more."""
        return await shown(self, resident_id, Refused(), self.flashed())

    @allow(*_DESK)
    async def post(self, resident_id: str, form: dict[str, str]) -> Shown | Goto:
        """Put one on, or take one off; sent twice it is done once."""
        removing = form.get("remove", "")

        async def done(tx: Tx) -> ResidentTagsView:
            if removing:
                return await tags.remove(tx, resident_id, removing, self.actor)
            wanted = {"reason": form.get("reason", "").strip(), "asked": "asked" in form}
            tag_id = form.get("tag_id", "")
            return await tags.put(tx, resident_id, tag_id, read_as(wanted, PutTag), self.actor)

        try:
            await self.once(done)
        except HoelunError as error:
            if error.status not in _SHOWN:
                raise
            await self.note_refusal(error)
            refused = Refused(removing or "put", said(error, _WRONG), error.field or "", form)
            return await shown(self, resident_id, refused, "", error.status)
        self.building.profile_changed(resident_id)
        self.flash("已取消，居民会收到消息" if removing else "已标好，居民会收到消息")
        return Goto(address(resident_id))
