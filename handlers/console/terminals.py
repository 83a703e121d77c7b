"""Terminals at the windows: registered with a secret that is shown once, given a new one, switched off and on."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from handlers.base import allow
from handlers.console.case import read_as
from handlers.page import MONEY, Goto, MenuItem, Page, Shown
from schemas.common import View
from schemas.pos import NewTerminal
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError
from server.places import PLACES
from server.pos import TERMINALS, Terminal, terminals
from server.pos.swipes import last_days

LIST = "/console/terminals"
SEES = ("accountant", "admin")
_SHOWN = frozenset({404, 409, 422})
_FOUR = 4
_WRONG = {
    "id": "编号是 1 到 20 位字母、数字或短横，例如 T0012",
    "name": "请填写名称",
    "community_id": "请选一个社区",
}


class Refused(Struct, frozen=True):
    """Why the form was refused, the box it is about, and what was filled in."""

    message: str = ""
    box: str = ""
    given: dict[str, str] = {}


class Done(View, frozen=True):
    """What is remembered of an act; the secret is not."""

    id: str
    name: str


async def picture(reader: Reader, refused: Refused) -> dict[str, Any]:
    found = sorted(reader.everything(TERMINALS).items.values(), key=lambda one: (not one.active, one.id))
    places = reader.everything(PLACES).items.values()
    communities = sorted((one for one in places if one.kind == "community"), key=lambda one: one.id)
    return {
        "found": found,
        "last": await last_days(reader, [one.id for one in found]),
        "communities": communities,
        "names": {one.id: one.name for one in communities},
        "refused": refused,
    }


def in_fours(secret: str) -> str:
    """So that nobody loses their place while they type it."""
    return " ".join(secret[at : at + _FOUR] for at in range(0, len(secret), _FOUR))


class Terminals(Page):
    path = LIST
    menu = MenuItem("刷卡终端", "card", MONEY, 30)

    @allow(*SEES)
    async def get(self) -> Shown:
        """Which there are, whose, when each was used last, and a form for another."""
        facts = await self.building.db.reading(lambda reader: picture(reader, Refused()))
        return Shown("console/terminals.html", facts | {"flash": self.flashed()})

    @allow(*SEES)
    async def post(self, form: dict[str, str]) -> Shown:
        """Register one and show its secret; sent twice it is registered once, and the secret shown no more."""
        house, secret = self.building, terminals.new_secret()
        given = {name: text.strip() for name, text in form.items() if text.strip()}

        async def entered(tx: Tx) -> Done:
            new = read_as(given, NewTerminal)
            made = await terminals.enter(tx, new, secret, house.vault, self.actor)
            return Done(id=made.id, name=made.name)

        try:
            answer = await self.once(entered, status=201)
        except HoelunError as error:
            if error.status not in _SHOWN:
                raise
            await self.note_refusal(error)
            message = (
                _WRONG.get(error.field or "", error.message) if error.code == "invalid" else error.message
            )
            refused = Refused(message, error.field or "", form)
            facts = await house.db.reading(lambda reader: picture(reader, refused))
            return Shown("console/terminals.html", facts | {"flash": ""}, error.status)
        return shown_once(given["id"], given["name"], "" if answer.replayed else secret)


def shown_once(terminal_id: str, name: str, secret: str) -> Shown:
    facts = {"id": terminal_id, "name": name, "secret": in_fours(secret), "list": LIST}
    return Shown("console/terminal_secret.html", facts)


async def _rekey(page: Page, tx: Tx, terminal_id: str, secret: str) -> Terminal:
    return await terminals.rekey(tx, terminal_id, secret, page.building.vault, page.actor)


async def _off(page: Page, tx: Tx, terminal_id: str, secret: str) -> Terminal:
    return await terminals.switch(tx, terminal_id, active=False, actor=page.actor)


async def _on(page: Page, tx: Tx, terminal_id: str, secret: str) -> Terminal:
    return await terminals.switch(tx, terminal_id, active=True, actor=page.actor)


DEEDS: dict[str, tuple[str, Callable[[Page, Tx, str, str], Awaitable[Terminal]]]] = {
    "rekey": ("", _rekey),
    "off": ("已停用，它再发来的刷卡不收", _off),
    "on": ("已启用", _on),
}


class Act(Page):
    path = LIST + "/{terminal_id}/{action}"

    @allow(*SEES)
    async def get(self, terminal_id: str, action: str) -> Goto:
        """The address of a form that was sent, typed again."""
        return Goto(LIST)

    @allow(*SEES)
    async def post(self, terminal_id: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """Another secret, off, on; sent twice it is done once."""
        text, deed = DEEDS.get(action, ("", None))
        if deed is None:
            raise terminals.TerminalNotFound
        secret = terminals.new_secret()

        async def done(tx: Tx) -> Done:
            changed = await deed(self, tx, terminal_id, secret)
            return Done(id=changed.id, name=changed.name)

        answer = await self.once(done)
        if action == "rekey":
            return shown_once(terminal_id, "", "" if answer.replayed else secret)
        self.flash(f"{terminal_id} {text}")
        return Goto(f"{LIST}#{quote(terminal_id, safe='')}")
