"""WeChat Pay v3 as a merchant sees it: orders, what their payers do, refunds, the bill of a day.

Source: the pages 小程序支付 (JSAPI下单, 查询订单, 关闭订单, 申请退款, 查询退款, 申请交易账单) and 排障手册.
"""

import gzip
import hashlib
import secrets
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from msgspec import Struct, field

from .clock import SandboxClock
from .pay_bill import Line, Spoilt, file, spoil
from .pay_keys import PayKeys
from .pay_seal import PaySeal

TradeState = Literal["NOTPAY", "SUCCESS", "CLOSED", "REFUND"]
RefundStatus = Literal["PROCESSING", "SUCCESS", "ABNORMAL", "CLOSED"]
SAID = {"NOTPAY": "订单未支付", "SUCCESS": "支付成功", "CLOSED": "订单已关闭", "REFUND": "转入退款"}
_CHINA = timezone(timedelta(hours=8))
_ORDER_DAYS, _REFUND_DAYS = timedelta(days=7), timedelta(days=365)
_NO = set("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-*")
_LONGEST_NO, _LONGEST_DESCRIPTION = 32, 127


class PayRefused(Exception):
    """A status and a name of 错误码."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(code)


class Order(Struct, kw_only=True):
    out_trade_no: str
    appid: str
    openid: str
    total: int
    description: str
    notify_url: str
    asked: dict[str, Any]
    prepay_id: str
    made_at: datetime
    expires_at: datetime
    state: TradeState = "NOTPAY"
    transaction_id: str = ""
    paid_at: datetime | None = None
    refunded: int = 0


class Refund(Struct, kw_only=True):
    refund_id: str
    out_refund_no: str
    out_trade_no: str
    amount: int
    reason: str
    notify_url: str
    at: datetime
    status: RefundStatus = "SUCCESS"


class Till(Struct):
    """The orders of one merchant. `outcomes` are what becomes of the next refunds, SUCCESS when there are none; `spoilt`
    says of a day what is wrong with its bill."""

    mchid: str
    appid: str
    clock: SandboxClock
    orders: dict[str, Order] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    bills: dict[str, bytes] = field(default_factory=dict)
    outcomes: list[RefundStatus] = field(default_factory=list)
    spoilt: dict[str, Spoilt] = field(default_factory=dict)

    # What the merchant asks.

    def prepay(self, asked: dict[str, Any]) -> dict[str, Any]:
        order = self._read(asked)
        known = self.orders.get(order.out_trade_no)
        if known is None:
            self.orders[order.out_trade_no] = order
            return {"prepay_id": order.prepay_id}
        if known.asked != asked:
            raise PayRefused(400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
        if known.state != "NOTPAY":
            raise PayRefused(403, "OUT_TRADE_NO_USED", "商户订单号重复")
        return {"prepay_id": known.prepay_id}

    def _read(self, asked: dict[str, Any]) -> Order:
        """Raises PayRefused naming the parameter."""
        amount, payer = asked.get("amount"), asked.get("payer")
        number = asked.get("out_trade_no")
        if not isinstance(number, str) or not 0 < len(number) <= _LONGEST_NO or not set(number) <= _NO:
            raise PayRefused(400, "PARAM_ERROR", "参数错误：out_trade_no")
        if asked.get("mchid") != self.mchid or asked.get("appid") != self.appid:
            raise PayRefused(403, "NO_AUTH", "appid 与 mchid 不匹配")
        amount = amount if isinstance(amount, dict) else {}
        total = amount.get("total")
        if type(total) is not int or total <= 0 or amount.get("currency", "CNY") != "CNY":
            raise PayRefused(400, "PARAM_ERROR", "参数错误：amount.total")
        openid = payer.get("openid") if isinstance(payer, dict) else None
        if not isinstance(openid, str) or not openid:
            raise PayRefused(400, "PARAM_ERROR", "参数错误：payer.openid")
        description, url = asked.get("description"), asked.get("notify_url")
        if not isinstance(description, str) or not 0 < len(description) <= _LONGEST_DESCRIPTION:
            raise PayRefused(400, "PARAM_ERROR", "参数错误：description")
        if not isinstance(url, str) or "?" in url or not url.startswith(("https://", "http://127.0.0.1")):
            raise PayRefused(400, "PARAM_ERROR", "参数错误：notify_url")
        now = self.clock.now()
        return Order(
            out_trade_no=number,
            appid=self.appid,
            openid=openid,
            total=total,
            description=description,
            notify_url=url,
            asked=asked,
            prepay_id=f"wx{secrets.token_hex(17)}",
            made_at=now,
            expires_at=_moment(asked.get("time_expire")) or now + _ORDER_DAYS,
        )

    def order(self, out_trade_no: str) -> Order:
        found = self.orders.get(out_trade_no)
        if found is None:
            raise PayRefused(404, "ORDER_NOT_EXIST", "订单不存在")
        if found.state == "NOTPAY" and self.clock.now() >= found.expires_at:
            found.state = "CLOSED"
        return found

    def close(self, out_trade_no: str) -> None:
        order = self.order(out_trade_no)
        if order.state not in ("NOTPAY", "CLOSED"):
            raise PayRefused(400, "INVALID_REQUEST", "该订单已支付")
        order.state = "CLOSED"

    def refund(self, asked: dict[str, Any]) -> Refund:
        amount, number = asked.get("amount"), asked.get("out_refund_no")
        if not isinstance(number, str) or not number or not isinstance(amount, dict):
            raise PayRefused(400, "PARAM_ERROR", "参数错误：out_refund_no")
        order = self.order(str(asked.get("out_trade_no")))
        wanted, total = amount.get("refund"), amount.get("total")
        known = self.refunds.get(number)
        if known is not None:
            if (known.out_trade_no, known.amount) != (order.out_trade_no, wanted):
                raise PayRefused(400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
            return known
        self._check_refund(order, wanted, total)
        made = Refund(
            refund_id=f"503{secrets.randbelow(10**25):025d}",
            out_refund_no=number,
            out_trade_no=order.out_trade_no,
            amount=int(wanted or 0),
            reason=str(asked.get("reason") or ""),
            notify_url=str(asked.get("notify_url") or ""),
            at=self.clock.now(),
            status=self.outcomes.pop(0) if self.outcomes else "SUCCESS",
        )
        order.refunded += 0 if made.status == "CLOSED" else made.amount
        order.state = "REFUND"
        self.refunds[number] = made
        return made

    def _check_refund(self, order: Order, wanted: Any, total: Any) -> None:
        if order.state not in ("SUCCESS", "REFUND") or order.paid_at is None:
            raise PayRefused(403, "TRADE_ERROR", "订单未支付，不能退款")
        if total != order.total or type(wanted) is not int or wanted <= 0:
            raise PayRefused(400, "PARAM_ERROR", "参数错误：amount")
        if order.refunded + wanted > order.total:
            raise PayRefused(403, "NOT_ENOUGH", "退款金额超过订单可退余额")
        if self.clock.now() > order.paid_at + _REFUND_DAYS:
            raise PayRefused(400, "INVALID_REQUEST", "订单已超过退款期限")

    def ended(self, out_refund_no: str, status: RefundStatus) -> Refund:
        """What became of a refund that was under way; of one that is closed the money can be asked for again."""
        refund = self.refunds[out_refund_no]
        if status == "CLOSED" and refund.status != "CLOSED":
            self.orders[refund.out_trade_no].refunded -= refund.amount
        refund.status = status
        return refund

    # What the payer does.

    def pay(self, out_trade_no: str, openid: str) -> Order:
        order = self.order(out_trade_no)
        if order.openid != (openid or order.openid):
            raise PayRefused(403, "NO_AUTH", "不是下单的人")
        if order.state != "NOTPAY":
            raise PayRefused(403, "TRADE_ERROR", SAID[order.state])
        order.state, order.paid_at = "SUCCESS", self.clock.now()
        order.transaction_id = f"420000{secrets.randbelow(10**22):022d}"
        return order

    # As it is told.

    def told(self, order: Order) -> dict[str, Any]:
        plain: dict[str, Any] = {
            "appid": order.appid,
            "mchid": self.mchid,
            "out_trade_no": order.out_trade_no,
            "trade_state": order.state,
            "trade_state_desc": SAID[order.state],
            "amount": {"total": order.total, "currency": "CNY"},
            "payer": {"openid": order.openid},
        }
        if order.paid_at is None:
            return plain
        return plain | {
            "transaction_id": order.transaction_id,
            "trade_type": "JSAPI",
            "bank_type": "OTHERS",
            "attach": "",
            "success_time": stamp(order.paid_at),
            "amount": {
                "total": order.total,
                "payer_total": order.total,
                "currency": "CNY",
                "payer_currency": "CNY",
            },
        }

    def told_refund(self, refund: Refund, *, notified: bool = False) -> dict[str, Any]:
        order = self.orders[refund.out_trade_no]
        amount = {
            "total": order.total,
            "refund": refund.amount,
            "payer_total": order.total,
            "payer_refund": refund.amount,
        }
        common: dict[str, Any] = {
            "refund_id": refund.refund_id,
            "out_refund_no": refund.out_refund_no,
            "transaction_id": order.transaction_id,
            "out_trade_no": order.out_trade_no,
            "user_received_account": "支付用户零钱",
            "success_time": stamp(refund.at),
            "amount": amount,
        }
        if notified:
            return common | {"mchid": self.mchid, "refund_status": refund.status}
        return common | {
            "channel": "ORIGINAL",
            "create_time": stamp(refund.at),
            "status": refund.status,
            "funds_account": "UNSETTLED",
            "amount": amount | {"currency": "CNY"},
        }

    def bill(self, day: str) -> dict[str, str]:
        """The bill of a day, as it is or spoilt."""
        lines, wrong = self._lines(day), self.spoilt.get(day)
        lines = spoil(lines, wrong) if wrong else lines
        if not lines:
            raise PayRefused(404, "NO_STATEMENT_EXIST", "账单不存在")
        off_fen = 1 if wrong is not None and wrong.total_off else 0
        content = file(lines, self.appid, self.mchid, off_fen).encode()
        token = secrets.token_hex(16)
        self.bills[token] = gzip.compress(content)
        digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        return {"hash_type": "SHA1", "hash_value": digest, "token": token}

    def _lines(self, day: str) -> list[Line]:
        paid = [
            Line(
                at=one.paid_at,
                transaction_id=one.transaction_id,
                out_trade_no=one.out_trade_no,
                openid=one.openid,
                state="SUCCESS",
                paid_fen=one.total,
                description=one.description,
            )
            for one in self.orders.values()
            if one.paid_at is not None and stamp(one.paid_at).startswith(day)
        ]
        refunded = [
            Line(
                at=one.at,
                transaction_id=self.orders[one.out_trade_no].transaction_id,
                out_trade_no=one.out_trade_no,
                state="REFUND",
                refund_id=one.refund_id,
                out_refund_no=one.out_refund_no,
                refund_fen=one.amount,
                refund_state=one.status,
            )
            for one in self.refunds.values()
            if stamp(one.at).startswith(day)
        ]
        return paid + refunded


class Pay:
    """WeChat Pay for one merchant. `newer`: it signs with the public key's name, not with the certificate's serial."""

    def __init__(self, keys: PayKeys, appid: str, clock: SandboxClock) -> None:
        self.seal = PaySeal(keys)
        self.till = Till(keys.mchid, appid, clock)
        self.newer = True


def stamp(moment: datetime | None) -> str:
    return moment.astimezone(_CHINA).isoformat(timespec="seconds") if moment else ""


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError as error:
        raise PayRefused(400, "PARAM_ERROR", "参数错误：time_expire") from error
