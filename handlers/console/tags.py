"""The list of tags for the administrator: added, renamed, retired, restored, with how many residents have each."""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from handlers.base import RouteNotFound, allow
from handlers.console.case import read_as
from handlers.console.money import SHOWN, Done, Refused, said, stripped
from handlers.page import Goto, MenuItem, Page, Shown
from schemas.tags import ChangeTag, FindTags, NewTag, TagRetirement, TagView
from server import broadcasts, tags
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError

LIST = "/console/tags"
_WRONG = {
    "name": "请填写名字，12 个字以内",
    "kind": "请选由谁来标",
    "purpose": "请写明用来做什么，60 个字以内",
}
_FIELDS = ("name", "kind", "purpose")


async def picture(reader: Reader, refused: Refused) -> dict[str, Any]:
    found = (await tags.listed(reader, FindTags())).items
    groups = [(kind, text, [one for one in found if one.kind == kind]) for kind, text in _groups()]
    awaited = await broadcasts.to_come(reader, [one.id for one in found if one.active])
    return {"groups": groups, "kinds": dict(_groups()), "awaited": awaited, "refused": refused}


def _groups() -> list[tuple[str, str]]:
    return list(tags.KIND_TEXTS.items())


def _read(form: dict[str, str], kind: Any) -> Any:
    return read_as({name: text for name, text in stripped(form).items() if name in _FIELDS}, kind)


async def shown(page: Page, refused: Refused, status: int = 200) -> Shown:
    facts = await page.building.db.reading(lambda reader: picture(reader, refused))
    return Shown("console/tags.html", facts | {"flash": "" if refused.action else page.flashed()}, status)


async def refused_by(page: Page, error: HoelunError, action: str, form: dict[str, str]) -> Shown:
    if error.status not in SHOWN:
        raise error
    await page.note_refusal(error)
    return await shown(page, Refused(action, said(error, _WRONG), error.field or "", form), error.status)


class Tags(Page):
    path = LIST
    menu = MenuItem("居民标签", "tag", 62)

    @allow("admin")
    async def get(self) -> Shown:
        """All of them, and a form for another."""
        return await shown(self, Refused())

    @allow("admin")
    async def post(self, form: dict[str, str]) -> Shown | Goto:
        """Add one; sent twice it is one."""

        async def added(tx: Tx) -> Done:
            return Done((await tags.add(tx, _read(form, NewTag), self.actor)).id)

        try:
            await self.once(added, lanes=["tags"])
        except HoelunError as error:
            return await refused_by(self, error, "add", form)
        self.flash("已添加")
        return Goto(LIST)


class Deed(Struct, frozen=True):
    done: str
    work: Callable[[Page, Tx, str, dict[str, str]], Awaitable[TagView]]


async def _edit(page: Page, tx: Tx, tag_id: str, form: dict[str, str]) -> TagView:
    return await tags.edit(tx, tag_id, _read(form, ChangeTag), page.actor)


async def _retire(page: Page, tx: Tx, tag_id: str, form: dict[str, str]) -> TagView:
    agreed = form.get("agreed", "").split()
    return await broadcasts.retire_tag(tx, tag_id, read_as({"agreed": agreed}, TagRetirement), page.actor)


async def _restore(page: Page, tx: Tx, tag_id: str, form: dict[str, str]) -> TagView:
    return await tags.restore(tx, tag_id, page.actor)


DEEDS = {
    "edit": Deed("已改好", _edit),
    "retire": Deed("已停用，正从居民身上取下", _retire),
    "restore": Deed("已恢复，居民和窗口可以再用它", _restore),
}


class ActOnTag(Page):
    path = LIST + "/{tag_id}/{action}"

    @allow("admin")
    async def get(self, tag_id: str, action: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(LIST)

    @allow("admin")
    async def post(self, tag_id: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """Rename, retire, restore; sent twice it is done once."""
        deed = DEEDS.get(action)
        if deed is None:
            raise RouteNotFound

        async def done(tx: Tx) -> Done:
            return Done((await deed.work(self, tx, tag_id, form)).id)

        try:
            await self.once(done, lanes=["tags"])
        except HoelunError as error:
            return await refused_by(self, error, tag_id, form)
        self.flash(deed.done)
        return Goto(LIST)
