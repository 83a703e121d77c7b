"""Payments for the bookkeepers: found by number, state, payee or day; one with all that has become of it; what WeChat Pay
says of its order just now; and the notifications that were not believed."""

from datetime import datetime
from typing import Any, get_args

import msgspec
from msgspec import Struct

from handlers.base import allow
from handlers.console.case import fen_of, read_as
from handlers.console.money import (
    AT_ONCE,
    SEES,
    SHOWN,
    SPOILT,
    Done,
    Look,
    Refused,
    below,
    day_of,
    said,
    stripped,
)
from handlers.page import MONEY, Goto, MenuItem, Page, Shown
from schemas.payments import PaymentState
from schemas.refunds import NewRefund
from server import bills, payments, refunds
from server.bills import BILLS, PAYEES
from server.kit.db import Reader, Tx
from server.kit.db.pages import BadCursor
from server.kit.db.pages import Page as Rows
from server.kit.errors import HoelunError
from server.kit.platform import PlatformRefusal
from server.ledger import REDEMPTIONS
from server.payments import Payment, PayRefusal, desk
from server.payments.stored import BACK_STATES, TONES
from server.pos import SWIPES
from server.refunds import REFUNDS
from server.refunds.views import of_payment
from server.residents import RESIDENTS
from server.words import masked_name

LIST = "/console/payments"
TABS = [(LIST, "缴费"), (f"{LIST}/refusals", "没有采信的通知")]
_PARTS = 50
_WRONG = {
    "points_fen": "请填要退的积分或金额，例如 12.50",
    "pay_fen": "请填微信支付要退多少元，例如 12.50",
    "reason": "请写明为什么退，200 字以内，居民会看到",
}
TRADES = {
    "SUCCESS": "已付款",
    "REFUND": "转入退款",
    "NOTPAY": "还没有付",
    "CLOSED": "已关闭",
    "REVOKED": "已撤销",
    "USERPAYING": "用户正在付款",
    "PAYERROR": "付款失败",
}


class PaymentsLook(Look, frozen=True, kw_only=True):
    """A number, or a state, a payee and a day."""

    q: str = ""
    state: str = ""
    payee: str = ""
    day: str = ""

    @property
    def wanted(self) -> desk.Wanted:
        state: Any = self.state if self.state in get_args(PaymentState) else None
        return desk.Wanted(state=state, payee_id=self.payee or None, day=day_of(self.day))


class Moment(Struct, frozen=True):
    """A step of the way; `tone` is the colour of its dot."""

    at: datetime
    text: str
    tone: str = ""


class Asked(Struct, frozen=True):
    """What WeChat Pay has just said."""

    text: str
    good: bool


async def by_number(reader: Reader, number: str) -> str | None:
    """The payment of this number, or the one that a refund of this number is of."""
    if await reader.get(payments.PAYMENTS, number) is not None:
        return number
    refund = await reader.get(REFUNDS, number)
    return refund.payment_id if refund else None


async def listing(reader: Reader, look: PaymentsLook) -> dict[str, Any]:
    rows, problem = Rows[Payment]([], None), ""
    try:
        rows = await desk.found(reader, look.wanted, look.at, AT_ONCE)
    except BadCursor:
        problem = SPOILT
    everybody = reader.everything(PAYEES).items
    return {
        "look": look,
        "rows": rows.items,
        "next": rows.next,
        "problem": problem or ("没有这个编号的缴费或退款" if look.q else ""),
        "states": payments.STATES,
        "tones": TONES,
        "payees": sorted(everybody.values(), key=lambda one: one.name),
        "names": {one.id: one.name for one in everybody.values()},
        "sections": TABS,
    }


class Payments(Page):
    path = LIST
    menu = MenuItem("缴费", "check", MONEY, 40)

    @allow(*SEES)
    async def get(self, query: PaymentsLook) -> Shown | Goto:
        """The newest first; a number leads straight to its payment."""
        number = query.q.strip()
        if number:
            there = await self.building.db.reading(lambda reader: by_number(reader, number))
            if there is not None:
                return Goto(below(LIST, there))
        return Shown(
            "console/payments.html", await self.building.db.reading(lambda reader: listing(reader, query))
        )


class Refusals(Page):
    path = f"{LIST}/refusals"

    @allow(*SEES)
    async def get(self, query: Look) -> Shown:
        """What came to the door of the notifications and was not WeChat Pay's, or not right."""

        async def seen(reader: Reader) -> dict[str, Any]:
            rows, problem = Rows[PayRefusal]([], None), ""
            try:
                rows = await desk.disbelieved(reader, query.at, AT_ONCE)
            except BadCursor:
                problem = SPOILT
            return {"rows": rows.items, "next": rows.next, "problem": problem}

        facts = await self.building.db.reading(seen)
        return Shown(
            "console/payments_refusals.html", facts | {"look": query, "sections": TABS, "words": _WHY}
        )


_WHY = {
    "signature": "签名不对，或看不懂",
    "timestamp": "没有时间",
    "old": "时间太早或太晚",
    "unknown order": "没有这笔订单",
    "unknown refund": "没有这笔退款",
    "mchid": "不是我们的商户号",
    "appid": "不是我们的小程序",
    "openid": "付款的不是下单的人",
    "amount": "金额不同",
    "total": "原来的金额不同",
    "order": "不是那笔订单的退款",
}


# One payment.


async def picture(page: Page, payment_id: str, refused: Refused, asked: Asked | None) -> dict[str, Any]:
    actor = page.actor

    async def seen(reader: Reader) -> dict[str, Any]:
        payment = await desk.any_one(reader, payment_id)
        resident = await reader.get(RESIDENTS, payment.resident_id)
        bill = await reader.get(BILLS, payment.bill_id)
        payee = reader.recall(PAYEES, payment.payee_id)
        back = await of_payment(reader, payment.id, actor)
        settled = payment.state == "settled"
        return {
            "payment": payment,
            "state_text": payments.STATES[payment.state],
            "tone": TONES[payment.state],
            "whose": masked_name(resident.name) if resident else "已注销的居民",
            "bill": bill,
            "kind": bills.KINDS[payee.kind] if payee else "",
            "payee": payee.name if payee else payment.payee_id,
            "moments": _moments(payment),
            "parts": await _parts(reader, payment),
            "refunds": back,
            "back_states": BACK_STATES,
            "left_points": payment.points_fen - payment.back_points_fen if settled else 0,
            "left_pay": payment.paid_fen - payment.back_pay_fen if settled else 0,
            "refused": refused,
            "asked": asked,
        }

    return await page.building.db.reading(seen)


def _moments(payment: Payment) -> list[Moment]:
    """What has happened, the first first."""
    rows = [Moment(payment.at, "自动缴费开始" if payment.auto else "开始缴费")]
    if payment.cancelled_at:
        rows.append(Moment(payment.cancelled_at, "居民取消"))
    if payment.paid_at:
        rows.append(Moment(payment.paid_at, "微信收到付款", "active"))
    if payment.settled_at:
        ended = "已缴清" if payment.state == "settled" else "没有缴成，钱已退回"
        rows.append(Moment(payment.settled_at, ended, "active" if payment.state == "settled" else "late"))
    rows += [Moment(one.at, f"退款{BACK_STATES[one.state]}（{one.id}）", "wait") for one in payment.refunds]
    return sorted(rows, key=lambda one: one.at)


async def _parts(reader: Reader, payment: Payment) -> list[dict[str, Any]]:
    """The purchases whose points were used, at most fifty."""
    paid = await reader.get(REDEMPTIONS, f"payment/{payment.id}/points")
    parts = paid.parts[:_PARTS] if paid else []
    keys = [one.lot_id.removeprefix("swipe/") for one in parts]
    swipes = {
        one.id: one
        for one in (await reader.all(SWIPES, {"_id": {"$in": keys}}, limit=_PARTS) if keys else [])
    }
    return [
        {"fen": one.fen, "lot": one.lot_id, "swipe": swipes.get(key)}
        for one, key in zip(parts, keys, strict=True)
    ]


class OnePayment(Page):
    path = LIST + "/{payment_id}"

    @allow(*SEES)
    async def get(self, payment_id: str) -> Shown:
        """Amounts, way, what its points were made of, and its refunds."""
        facts = await picture(self, payment_id, Refused(), None)
        await self.saw("payments.look", payment_id)
        return Shown("console/payment.html", facts | {"flash": self.flashed()})


class AskNow(Page):
    path = LIST + "/{payment_id}/ask"

    @allow(*SEES)
    async def get(self, payment_id: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(below(LIST, payment_id))

    @allow(*SEES)
    async def post(self, payment_id: str, form: dict[str, str]) -> Shown:
        """What WeChat Pay says of the order now; what it says is heard, too."""
        house = self.building
        payment = await house.db.reading(lambda reader: desk.any_one(reader, payment_id))
        try:
            asked = _asked(await desk.ask_now(house, payment))
        except PlatformRefusal:
            asked = Asked("微信没有回答，请过一会儿再问", False)
        except HoelunError as error:
            asked = Asked(error.message, False)
        await self.saw("payments.ask", payment_id)
        facts = await picture(self, payment_id, Refused(), asked)
        return Shown("console/payment.html", facts | {"flash": ""})


def _asked(told: Any) -> Asked:
    if told is None:
        return Asked("微信没有这笔订单", False)
    text = TRADES.get(told.trade_state, told.trade_state)
    paid = (
        f"，{told.paid_fen / 100:.2f} 元，微信单号 {told.transaction_id}" if told.paid_fen is not None else ""
    )
    return Asked(f"微信说：{text}{paid}", told.paid_fen is not None)


class ProposeRefund(Page):
    path = LIST + "/{payment_id}/refund"

    @allow(*SEES)
    async def get(self, payment_id: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(below(LIST, payment_id))

    @allow(*SEES)
    async def post(self, payment_id: str, form: dict[str, str]) -> Shown | Goto:
        """Propose to pay back; sent twice it is proposed once."""
        given = stripped(form)
        body: dict[str, Any] = {"payment_id": payment_id, "reason": given.get("reason", "")}
        for field, box in (("points_fen", "points"), ("pay_fen", "pay")):
            body[field] = fen_of(given[box]) if given.get(box) else 0

        async def done(tx: Tx) -> Done:
            return Done((await refunds.propose(tx, read_as(body, NewRefund), self.actor)).id)

        try:
            answer = await self.once(done, lanes=[f"refund {payment_id}"])
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            refused = Refused("refund", said(error, _WRONG), error.field or "", form)
            facts = await picture(self, payment_id, refused, None)
            return Shown("console/payment.html", facts | {"flash": ""}, error.status)
        self.flash("退款已提出，等另一位同事审核")
        made = msgspec.json.decode(answer.body, type=Done)
        return Goto(below("/console/refunds", made.id))
