"""Giving work: what a worker is offered, what waits for somebody, how it was given, and whether the shares are fair."""

from datetime import date
from typing import Any

from msgspec import Struct, field

from handlers.base import allow
from handlers.console.case import address, read_as
from handlers.page import Goto, MenuItem, Page, Shown
from schemas.cases import CaseView
from schemas.dispatch import (
    DeclineOffer,
    DispatchState,
    DispatchView,
    FairnessView,
    FindDispatches,
    FindFairness,
    FindOffers,
    OfferView,
)
from server import cases, catalogue, dispatch
from server.dispatch import offers
from server.kit.db import Reader, Tx
from server.kit.errors import Forbidden, HoelunError
from server.sessions import Actor

OFFERS = "/console/offers"
BOARD = "/console/dispatch"


class MyOffers(Page):
    path = OFFERS
    menu = MenuItem("接单", "tool", 15)

    @allow("worker")
    async def get(self) -> Shown:
        """What is offered to me: big cards, how long there is, 接单 or 不接."""
        facts = await self.building.db.reading(lambda reader: _offered(reader, self.actor))
        return Shown("console/offers.html", facts | {"flash": self.flashed(), "problem": ""})


async def _offered(reader: Reader, actor: Actor) -> dict[str, Any]:
    return {"found": await offers.listed(reader, FindOffers(limit=100), actor)}


class AnswerOffer(Page):
    path = OFFERS + "/{offer_id}/{answer}"

    @allow("staff")
    async def get(self, offer_id: str, answer: str) -> Goto:
        """The address of a form that was sent, typed again."""
        return Goto(OFFERS)

    @allow("staff")
    async def post(self, offer_id: str, answer: str, form: dict[str, str]) -> Shown | Goto:
        """Take it, or decline with a reason; sent twice it is done once."""
        if "worker" not in self.actor.roles:
            raise Forbidden
        try:
            return await self._do(offer_id, answer, form)
        except HoelunError as error:
            if error.status not in (404, 409, 422):
                raise
            await self.note_refusal(error)
            facts = await self.building.db.reading(lambda reader: _offered(reader, self.actor))
            message = "请选一个不接的原因" if error.status == 422 else error.message
            return Shown("console/offers.html", facts | {"flash": "", "problem": message}, error.status)

    async def _do(self, offer_id: str, answer: str, form: dict[str, str]) -> Goto:
        rules, actor = self.building.settings, self.actor

        async def taken(tx: Tx) -> CaseView:
            case = await offers.take(tx, offer_id, actor, self.channel, rules)
            return cases.view(tx, case, actor)

        async def declined(tx: Tx) -> OfferView:
            return offers.view(tx, await offers.decline(tx, offer_id, wanted, actor))

        offer = await self.building.db.reading(lambda reader: offers.find(reader, offer_id, actor))
        if answer == "take":
            await self.once(taken, lanes=[offer.case_no])
            self.flash("接到了，请按时上门")
            return Goto(address(offer.case_no))
        wanted = read_as({name: text.strip() for name, text in form.items()}, DeclineOffer)
        await self.once(declined)
        self.flash("已告诉调度，不派给您了")
        return Goto(OFFERS)


class Look(Struct, frozen=True):
    """Which page of the board, and of which state."""

    state: DispatchState | None = None
    cursor: str | None = None


class Board(Page):
    path = BOARD
    menu = MenuItem("派单", "list", 30)

    @allow("provider", "dispatcher", "admin")
    async def get(self, query: Look) -> Shown:
        """What waits for a worker; what nobody takes stands out."""
        wanted = FindDispatches(state=query.state, cursor=query.cursor)
        found = await self.building.db.reading(lambda reader: dispatch.listed(reader, wanted, self.actor))
        return Shown("console/dispatch.html", {"found": found, "look": query, "flash": self.flashed()})


class Explained(Page):
    path = "/console/dispatch/{case_no}"

    @allow("provider", "dispatcher", "admin")
    async def get(self, case_no: str) -> Shown:
        """How the work of a case was given: who was weighed, who was asked, who answered what."""

        async def told(reader: Reader) -> dict[str, Any]:
            case = await cases.find(reader, case_no, self.actor)
            return {"told": await dispatch.explained(reader, case), "parts": dispatch.PARTS}

        return Shown("console/dispatched.html", await self.building.db.reading(told))

    @allow("staff")
    async def post(self, case_no: str, form: dict[str, str]) -> Goto:
        """Ask once more."""
        if not self.actor.roles & {"provider", "dispatcher"}:
            raise Forbidden

        async def begun(tx: Tx) -> DispatchView:
            return dispatch.view(tx, await dispatch.again(tx, await cases.find(tx, case_no, self.actor)))

        await self.once(begun, lanes=[case_no])
        self.flash("已重新开始问师傅")
        return Goto(BOARD)


class Period(Struct, frozen=True):
    """Of whom, and from when to when. `from` is a word of Python's."""

    provider_id: str = ""
    from_: str = field(default="", name="from")
    to: str = ""


class Fairness(Page):
    path = "/console/fairness"
    under = "/console/dispatch"

    @allow("provider", "dispatcher", "admin")
    async def get(self, query: Period) -> Shown:
        """Who of a provider was offered and given how much."""
        facts = await self.building.db.reading(lambda reader: _shares(reader, query, self.actor))
        return Shown("console/fairness.html", facts)


async def _shares(reader: Reader, look: Period, actor: Actor) -> dict[str, Any]:
    own = dispatch.providers_of(actor)
    providers = [
        one for one in reader.everything(catalogue.PROVIDERS).items.values() if own is None or one.id in own
    ]
    providers.sort(key=lambda one: one.name)
    report: FairnessView | None = None
    problem, chosen = "", look.provider_id or (providers[0].id if providers else "")
    if chosen:
        try:
            wanted = FindFairness(provider_id=chosen, from_=_day(look.from_), to=_day(look.to))
            report = await dispatch.report(reader, wanted, actor)
        except ValueError:
            problem = "日期请写成 2026-11-24 这样"
        except HoelunError as error:
            problem = error.message
    return {"providers": providers, "chosen": chosen, "look": look, "report": report, "problem": problem}


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
