"""A resident's post-office card and points at the window: bound, or a code given out for the phone; lost, frozen,
released, replaced; the balance and how it came about."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from handlers.base import Answer, allow
from handlers.console.case import read_as
from handlers.console.residents import RESIDENTS
from handlers.page import Goto, Page, Shown
from handlers.point_cards import post_waiting
from schemas.common import View
from schemas.point_cards import BindCard, CardCodeView, ChangeCard, ReplaceCard
from server import card_codes, point_cards, points, reveals
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError
from server.point_cards import MOVES, PointCard
from server.residents import Resident

_DESK = ("operator", "clerk")
_SHOWN = frozenset({403, 404, 409, 422, 429})
_AT_ONCE = 20
_WRONG = {
    "number": "卡号是卡面上的 12 到 19 位数字，请对着卡片再填一次",
    "name": "请填写居民登记的姓名",
    "phone": "请填写居民登记的手机号",
    "reason": "请写明原因",
}
TEXTS = {
    "bind": "卡已绑定，绑定以前刷的也已入账",
    "replace": "新卡已换好，积分都在",
    "lost": "已挂失，暂时不能用来付款",
    "freeze": "已冻结，暂时不能用来付款",
    "release": "已解除，可以用了",
}


class Look(Struct, frozen=True):
    cursor: str | None = None


class Refused(Struct, frozen=True):
    """Why a form was refused, which one, the box it is about, and what was filled in."""

    action: str = ""
    message: str = ""
    box: str = ""
    given: dict[str, str] = {}


class Done(View, frozen=True):
    """What is remembered of an act; a code is with it, for as long as it is good."""

    text: str
    code: CardCodeView | None = None


def address(resident_id: str, cursor: str | None = None) -> str:
    page = f"{RESIDENTS}/{quote(resident_id, safe='')}/card"
    return f"{page}?{urlencode({'cursor': cursor})}" if cursor else page


def moves(card: PointCard | None) -> list[str]:
    """What can be done with the card now."""
    return [name for name, (_, since) in MOVES.items() if card is not None and card.state in since]


async def picture(
    page: Page, reader: Reader, holder: Resident, query: Look, refused: Refused
) -> dict[str, Any]:
    """Raises BadCursor."""
    card = await point_cards.of(reader, holder.id)
    return {
        "holder": reveals.card(reader, holder),
        "card": point_cards.view(card) if card else None,
        "reason": card.reason if card else "",
        "moves": moves(card),
        "points": await points.views.balance(reader, holder.id, page.actor, page.building.settings),
        "entries": await points.views.entries(reader, holder.id, query.cursor, _AT_ONCE),
        "at": address(holder.id),
        "address": address,
        "look": query,
        "refused": refused,
        "code": None,
    }


class ResidentCard(Page):
    path = RESIDENTS + "/{resident_id}/card"

    @allow(*_DESK)
    async def get(self, resident_id: str, query: Look) -> Shown:
        """The card, what can be done with it, and the points; that somebody looked is on record."""
        holder = await self.building.resident(resident_id, self.actor)
        facts = await self.building.db.reading(lambda reader: picture(self, reader, holder, query, Refused()))
        await self.saw("points.open", holder.id)
        return Shown("console/point_card.html", facts | {"flash": self.flashed()})


Deed = Callable[["Act", Tx, Resident, dict[str, str]], Awaitable[Done]]


def _told(holder: Resident, form: dict[str, str]) -> BindCard:
    """What the window has typed: the number in groups as it stands on the card."""
    return read_as(
        {
            "resident_id": holder.id,
            "number": "".join(form.get("number", "").split()),
            "name": form.get("name", "").strip(),
            "phone": "".join(form.get("phone", "").split()),
        },
        BindCard,
    )


async def _bind(page: "Act", tx: Tx, holder: Resident, form: dict[str, str]) -> Done:
    await point_cards.bind(tx, _told(holder, form), holder, page.actor)
    return Done(TEXTS["bind"])


async def _code(page: "Act", tx: Tx, holder: Resident, form: dict[str, str]) -> Done:
    house = page.building
    wanted = _told(holder, form)
    code = await card_codes.give_out(tx, wanted, holder, page.actor, house.vault, house.settings)
    return Done("", code)


async def _replace(page: "Act", tx: Tx, holder: Resident, form: dict[str, str]) -> Done:
    wanted = read_as({"number": "".join(form.get("number", "").split())}, ReplaceCard)
    await point_cards.swap(tx, holder.id, wanted.number, page.actor)
    return Done(TEXTS["replace"])


def _move(name: str) -> Deed:
    async def moved(page: "Act", tx: Tx, holder: Resident, form: dict[str, str]) -> Done:
        reason = read_as({"reason": form.get("reason", "").strip()}, ChangeCard).reason
        await point_cards.move(tx, holder.id, name, reason, page.actor)
        return Done(TEXTS[name])

    return moved


DEEDS: dict[str, Deed] = {"bind": _bind, "code": _code, "replace": _replace} | {
    name: _move(name) for name in MOVES
}


class Act(Page):
    path = RESIDENTS + "/{resident_id}/card/{action}"

    @allow(*_DESK)
    async def get(self, resident_id: str, action: str) -> Goto:
        """The address of a form that was sent, typed again."""
        return Goto(address(resident_id))

    @allow(*_DESK)
    async def post(self, resident_id: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """One of the forms of the page; sent twice it is done once."""
        house = self.building
        holder = await house.resident(resident_id, self.actor)
        if action not in DEEDS:
            raise point_cards.NoSuchMove
        try:
            answer = await self.once(
                lambda tx: DEEDS[action](self, tx, holder, form), lanes=[f"points:{holder.id}"]
            )
        except HoelunError as error:
            if error.status not in _SHOWN:
                raise
            await self.note_refusal(error)
            return await self._again(holder, action, form, error)
        return await self._went(holder, action, form, answer)

    async def _went(
        self, holder: Resident, action: str, form: dict[str, str], answer: Answer[Done]
    ) -> Shown | Goto:
        if action in ("bind", "replace"):
            await post_waiting(self.building, "".join(form["number"].split()), holder.id)
        done = msgspec.json.decode(answer.body, type=Done)
        if done.code is None:
            self.flash(done.text)
            return Goto(address(holder.id))
        facts = await self.building.db.reading(
            lambda reader: picture(self, reader, holder, Look(), Refused())
        )
        return Shown("console/point_card.html", facts | {"flash": "", "code": done.code})

    async def _again(self, holder: Resident, action: str, form: dict[str, str], error: HoelunError) -> Shown:
        box = error.field or ""
        message = _WRONG.get(box, error.message) if error.code == "invalid" else error.message
        refused = Refused(action, message, box, form)
        facts = await self.building.db.reading(lambda reader: picture(self, reader, holder, Look(), refused))
        return Shown("console/point_card.html", facts | {"flash": ""}, error.status)
