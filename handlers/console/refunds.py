"""Refunds for the bookkeepers: what waits for somebody, one with its way, and the answers to it."""

from collections.abc import Awaitable, Callable
from typing import Any, get_args

from msgspec import Struct

from handlers.base import RouteNotFound, allow
from handlers.console.case import read_as
from handlers.console.money import AT_ONCE, SEES, SHOWN, SPOILT, Done, Look, Refused, below, said, stripped
from handlers.page import MONEY, Goto, MenuItem, Page, Shown
from schemas.refunds import AnswerRefund, FindRefunds, RefundState, RefundsView
from server import payments, refunds
from server.kit.db import Reader, Tx
from server.kit.db.pages import BadCursor
from server.kit.errors import HoelunError
from server.kit.platform import PlatformRefusal
from server.payments import PAYMENTS
from server.refunds import Refund
from server.sessions import Actor

LIST = "/console/refunds"
TONES = {
    "proposed": "wait",
    "declined": "grey",
    "carrying": "active",
    "abnormal": "late",
    "handed": "wait",
    "done": "done",
    "closed": "late",
}
_WRONG = {"reason": "请写明，200 字以内"}


class RefundsLook(Look, frozen=True, kw_only=True):
    """In one state, or what waits for somebody."""

    state: str = "open"

    @property
    def wanted(self) -> FindRefunds:
        state: Any = self.state if self.state in (*get_args(RefundState), "open") else None
        return FindRefunds(state=state, cursor=self.at, limit=AT_ONCE)


class Deed(Struct, frozen=True):
    """What is done with a refund, and what is said afterwards."""

    done: str
    work: Callable[[Tx, str, dict[str, str], Actor], Awaitable[Refund]]


def _reason(form: dict[str, str]) -> str:
    return read_as(form, AnswerRefund).reason


async def _decline(tx: Tx, refund_id: str, form: dict[str, str], actor: Actor) -> Refund:
    return await refunds.decline(tx, refund_id, _reason(form), actor)


async def _hand(tx: Tx, refund_id: str, form: dict[str, str], actor: Actor) -> Refund:
    return await refunds.hand(tx, refund_id, _reason(form), actor)


DEEDS: dict[str, Deed] = {
    "approve": Deed("已同意，正在原路退回", lambda tx, name, form, who: refunds.approve(tx, name, who)),
    "decline": Deed("已退回，原因记下了", _decline),
    "retry": Deed("正在再向微信退一次", lambda tx, name, form, who: refunds.retry(tx, name, who)),
    "hand": Deed("已登记，等另一位同事核对", _hand),
    "confirm": Deed("已核对，这笔退款办完了", lambda tx, name, form, who: refunds.confirm(tx, name, who)),
}


class Refunds(Page):
    path = LIST
    menu = MenuItem("退款", "back", MONEY, 42)

    @allow(*SEES)
    async def get(self, query: RefundsLook) -> Shown:
        """What waits for somebody first; or those of a state."""
        actor = self.actor

        async def seen(reader: Reader) -> dict[str, Any]:
            found, problem = RefundsView(items=[]), ""
            try:
                found = await refunds.listed(reader, query.wanted, actor)
            except BadCursor:
                problem = SPOILT
            return {"found": found, "problem": problem}

        facts = await self.building.db.reading(seen)
        more = {"look": query, "tones": TONES, "states": refunds.STATES, "flash": self.flashed()}
        return Shown("console/refunds.html", facts | more)


async def picture(page: Page, refund_id: str, refused: Refused) -> dict[str, Any]:
    actor = page.actor

    async def seen(reader: Reader) -> dict[str, Any]:
        refund = await refunds.find(reader, refund_id)
        payment = await reader.get(PAYMENTS, refund.payment_id)
        return {
            "refund": refunds.view(refund, actor),
            "stored": refund,
            "mine": actor.id in (refund.proposed_by, refund.handed_by),
            "payment": payment,
            "payment_state": payments.STATES[payment.state] if payment else "",
            "tones": TONES,
            "refused": refused,
        }

    return await page.building.db.reading(seen)


class OneRefund(Page):
    path = LIST + "/{refund_id}"

    @allow(*SEES)
    async def get(self, refund_id: str) -> Shown:
        """How far it has come, and what can be done."""
        facts = await picture(self, refund_id, Refused())
        return Shown("console/refund.html", facts | {"flash": self.flashed()})


class ActOnRefund(Page):
    path = LIST + "/{refund_id}/{action}"

    @allow(*SEES)
    async def get(self, refund_id: str, action: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(below(LIST, refund_id))

    @allow(*SEES)
    async def post(self, refund_id: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """Approve, decline, try again, hand, confirm; or look at WeChat Pay now. Sent twice it is done once."""
        if action == "look":
            return await self._look(refund_id)
        deed = DEEDS.get(action)
        if deed is None:
            raise RouteNotFound

        async def done(tx: Tx) -> Done:
            return Done((await deed.work(tx, refund_id, stripped(form), self.actor)).id)

        try:
            await self.once(done)
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            facts = await picture(self, refund_id, Refused(action, said(error, _WRONG), "", form))
            return Shown("console/refund.html", facts | {"flash": ""}, error.status)
        self.flash(deed.done)
        return Goto(below(LIST, refund_id))

    async def _look(self, refund_id: str) -> Goto:
        house = self.building
        refund = await house.db.reading(lambda reader: refunds.find(reader, refund_id))
        try:
            await refunds.look_now(house, refund)
            self.flash("问过微信了，下面是现在的状态")
        except (PlatformRefusal, HoelunError):
            self.flash("微信没有回答，请过一会儿再问")
        await self.saw("refunds.look", refund_id)
        return Goto(below(LIST, refund_id))
