"""Payees for the bookkeepers: whom bills are paid to, added, changed, switched off and on."""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from handlers.base import RouteNotFound, allow
from handlers.console.case import read_as
from handlers.console.money import SEES, SHOWN, Done, Refused, said, stripped
from handlers.page import MONEY, Goto, MenuItem, Page, Shown
from schemas.payees import ChangePayee, NewPayee
from server import payees
from server.bills import KINDS, OF_CASES, Payee
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError

LIST = "/console/payees"
_WRONG = {"name": "请填写名称", "kind": "请选收哪种费", "phone": "电话太长了"}


def picture(reader: Reader, refused: Refused) -> dict[str, Any]:
    kinds = {name: text for name, text in KINDS.items() if name not in OF_CASES}
    return {"found": payees.listed(reader), "kinds": kinds, "refused": refused}


def _read(form: dict[str, str], kind: Any) -> Any:
    given: dict[str, Any] = {name: text for name, text in stripped(form).items() if text}
    return read_as(given | {"online": "online" in form}, kind)


class Payees(Page):
    path = LIST
    menu = MenuItem("收费单位", "store", MONEY, 46)

    @allow(*SEES)
    async def get(self) -> Shown:
        """All of them, and a form for another."""
        facts = picture(self.building.db.reader(), Refused())
        return Shown("console/payees.html", facts | {"flash": self.flashed()})

    @allow(*SEES)
    async def post(self, form: dict[str, str]) -> Shown | Goto:
        """Add one; sent twice it is one."""

        async def added(tx: Tx) -> Done:
            return Done((await payees.add(tx, _read(form, NewPayee), self.actor)).id)

        try:
            await self.once(added, lanes=["payees"])
        except HoelunError as error:
            return await refused_by(self, error, "add", form)
        self.flash("已添加，居民马上就能选到")
        return Goto(LIST)


async def refused_by(page: Page, error: HoelunError, action: str, form: dict[str, str]) -> Shown:
    if error.status not in SHOWN:
        raise error
    await page.note_refusal(error)
    refused = Refused(action, said(error, _WRONG), error.field or "", form)
    facts = picture(page.building.db.reader(), refused)
    return Shown("console/payees.html", facts | {"flash": ""}, error.status)


class Deed(Struct, frozen=True):
    done: str
    work: Callable[[Page, Tx, str, dict[str, str]], Awaitable[Payee]]


async def _change(page: Page, tx: Tx, payee_id: str, form: dict[str, str]) -> Payee:
    return await payees.change(tx, payee_id, _read(form, ChangePayee), page.actor)


async def _off(page: Page, tx: Tx, payee_id: str, form: dict[str, str]) -> Payee:
    return await payees.switch(tx, payee_id, page.actor, active=False)


async def _on(page: Page, tx: Tx, payee_id: str, form: dict[str, str]) -> Payee:
    return await payees.switch(tx, payee_id, page.actor, active=True)


DEEDS = {
    "change": Deed("已改好", _change),
    "off": Deed("已停用，居民不能再选它，也不能再缴它的账单", _off),
    "on": Deed("已启用", _on),
}


class ActOnPayee(Page):
    path = LIST + "/{payee_id}/{action}"

    @allow(*SEES)
    async def get(self, payee_id: str, action: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(LIST)

    @allow(*SEES)
    async def post(self, payee_id: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """Change it, off, on; sent twice it is done once."""
        deed = DEEDS.get(action)
        if deed is None:
            raise RouteNotFound
        payees.find(self.building.db.reader(), payee_id)

        async def done(tx: Tx) -> Done:
            return Done((await deed.work(self, tx, payee_id, form)).id)

        try:
            await self.once(done, lanes=["payees"])
        except HoelunError as error:
            return await refused_by(self, error, payee_id, form)
        self.flash(deed.done)
        return Goto(LIST)
