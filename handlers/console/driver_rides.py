"""What a driver does with a ride: takes it or not, arrives, hears the code, ends it; each the same act as the API's."""

from typing import Any

import msgspec
from msgspec import Struct

from handlers.base import allow
from handlers.console.case import read_as
from handlers.console.driver import PATH, DriverPage, own
from handlers.page import Goto, Shown
from handlers.words import yuan
from schemas.cases import CaseView
from schemas.rides import DeclineRide
from server import cases
from server.kit.db import Tx
from server.kit.errors import HoelunError
from server.rides import FLOW, offers
from server.rides.stored import RIDE_OFFERS

_SHOWN = (404, 409, 422)


class Done(Struct, frozen=True):
    """What is remembered of an act: its word."""

    text: str


class AnswerRideOffer(DriverPage):
    path = PATH + "/offers/{offer_id}/{answer}"
    menu = None

    @allow("driver")
    async def get(self, offer_id: str, answer: str) -> Goto:
        """The address of a form that was sent, typed again."""
        return Goto(PATH)

    @allow("staff")
    async def post(self, offer_id: str, answer: str, form: dict[str, str]) -> Shown | Goto:
        """Take it, or not with a reason; sent twice it is done once."""
        own(self)
        rules = self.building.settings

        async def answered(tx: Tx) -> Done:
            if answer == "accept":
                await offers.accept(tx, offer_id, self.actor, self.channel, rules)
                return Done("已接单，请去接乘客")
            why = read_as({"reason": form.get("reason", "")}, DeclineRide)
            await offers.decline(tx, offer_id, why, self.actor, self.channel, rules)
            return Done("已告诉调度，这一单去问别人")

        try:
            offer = await self.building.db.reading(lambda reader: reader.get(RIDE_OFFERS, offer_id))
            done = await self.once(answered, lanes=[offer.case_no] if offer else [])
        except HoelunError as error:
            if error.status not in _SHOWN:
                raise
            await self.note_refusal(error)
            return await self.shown(error.message, error.status)
        self.building.duty_changed(self.actor.id)
        self.flash(msgspec.json.decode(done.body, type=Done).text)
        return Goto(PATH)


class MoveRide(DriverPage):
    path = PATH + "/rides/{case_no}/{action}"
    menu = None

    @allow("driver")
    async def get(self, case_no: str, action: str) -> Goto:
        """The address of a form that was sent, typed again."""
        return Goto(PATH)

    @allow("staff")
    async def post(self, case_no: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """The ride's next step; sent twice it is done once."""
        own(self)
        house, body = self.building, _typed(form)

        async def moved(tx: Tx) -> Done:
            case = await cases.move(tx, case_no, action, body, self.actor, self.channel, house.settings)
            return Done(f"已办好：{FLOW.actions[action].text}{_fare(cases.view(tx, case, self.actor))}")

        try:
            await cases.before_move(house.db, case_no, action, body, self.actor, house.settings)
            done = await self.once(moved, lanes=[case_no])
        except HoelunError as error:
            if error.status not in _SHOWN:
                raise
            await self.note_refusal(error)
            return await self.shown(error.message, error.status)
        house.duty_changed(self.actor.id)
        self.flash(msgspec.json.decode(done.body, type=Done).text)
        return Goto(PATH)


def _fare(case: CaseView) -> str:
    """What it has cost, line by line, and how that is paid."""
    fare = case.details.get("fare")
    if not fare or case.state != "completed":
        return ""
    lines = "、".join(f"{one['text'] or one['name']} {yuan(one['amount_fen'])} 元" for one in fare["lines"])
    paid = "现金已收" if case.details["cash"] else "乘客用微信付"
    return f"。车费 {yuan(fare['total_fen'])} 元（{lines}），{paid}"


def _typed(form: dict[str, str]) -> dict[str, Any]:
    """Kilometres as they stand on the clock are metres for us; nothing for what was left empty."""
    body: dict[str, Any] = {name: text.strip() for name, text in form.items() if text.strip()}
    km = body.pop("km", "")
    if km.replace(".", "", 1).isdecimal():
        body["metres"] = round(float(km) * 1000)
    return body
