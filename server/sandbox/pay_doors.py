"""WeChat Pay over HTTP: signed requests and signed answers."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from msgspec import Struct
from tornado.web import RequestHandler

from .controls import Control, Name, Reply, Unknown
from .pay import Order, Pay, PayRefused, Refund, RefundStatus, stamp
from .pay_bill import Spoilt
from .pay_notices import Spoil
from .world import World

_NAMES = {
    400: "PARAM_ERROR",
    401: "SIGN_ERROR",
    403: "RULE_LIMIT",
    404: "RESOURCE_NOT_EXISTS",
    429: "FREQUENCY_LIMITED",
}


class PayHandler(RequestHandler):
    """`work` gets the handler and what the path names; its answer is signed."""

    def initialize(self, world: World, work: Callable[..., Any], path: str) -> None:
        self.world, self.work, self.fault_path = world, work, path

    async def handle(self, *named: str) -> None:
        self.world.calls[self.fault_path] += 1
        fault = self.world.faults.take(self.fault_path)
        if fault is not None:
            await asyncio.sleep(fault.delay_s)
            if fault.spoils and not fault.after:
                return self.spoil(fault.drop, fault.http_status or 500)
        self.answer(*named)
        if fault is not None and fault.spoils:
            self.clear()
            self.spoil(fault.drop, fault.http_status or 500)

    get = post = handle

    def spoil(self, drop: bool, status: Any) -> None:
        if drop:
            self.detach().close()
        else:
            self.give(
                int(status),
                {"code": _NAMES.get(int(status), "SYSTEM_ERROR"), "message": "系统繁忙，请稍后重试"},
            )

    def answer(self, *named: str) -> None:
        pay, body = self.world.pay, self.request.body.decode("utf-8", "replace")
        authorization = self.request.headers.get("Authorization", "")
        try:
            if not pay.seal.is_merchants(
                authorization, self.request.method or "", self.request.uri or "", body
            ):
                raise PayRefused(401, "SIGN_ERROR", "签名错误")
            told = self.work(self, pay, *named)
        except PayRefused as refused:
            return self.give(refused.status, {"code": refused.code, "message": refused.message})
        if told is None:
            self.set_status(204)
            self.signed(b"")
        elif isinstance(told, bytes):
            self.set_header("Content-Type", "application/x-gzip")
            self.finish(told)
        else:
            self.give(200, told)

    def give(self, status: int, told: dict[str, Any]) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.signed(json.dumps(told, ensure_ascii=False).encode())

    def signed(self, content: bytes) -> None:
        pay = self.world.pay
        for name, value in pay.seal.headers(content, self.world.clock.seconds(), newer=pay.newer).items():
            self.set_header(name, value)
        self.finish(content or None)

    def asked(self) -> dict[str, Any]:
        try:
            told = json.loads(self.request.body)
        except ValueError as error:
            raise PayRefused(400, "PARAM_ERROR", "请求体不是 JSON") from error
        if not isinstance(told, dict):
            raise PayRefused(400, "PARAM_ERROR", "请求体不是 JSON 对象")
        return told

    def check_mchid(self, pay: Pay) -> None:
        if self.get_query_argument("mchid", "") != pay.till.mchid:
            raise PayRefused(400, "PARAM_ERROR", "参数错误：mchid")


def _prepay(handler: PayHandler, pay: Pay) -> dict[str, Any]:
    return pay.till.prepay(handler.asked())


def _query(handler: PayHandler, pay: Pay, number: str) -> dict[str, Any]:
    handler.check_mchid(pay)
    return pay.till.told(pay.till.order(number))


def _close(handler: PayHandler, pay: Pay, number: str) -> None:
    if handler.asked() != {"mchid": pay.till.mchid}:
        raise PayRefused(400, "PARAM_ERROR", "参数错误：mchid")
    pay.till.close(number)


def _refund(handler: PayHandler, pay: Pay) -> dict[str, Any]:
    known = set(pay.till.refunds)
    made = pay.till.refund(handler.asked())
    if made.out_refund_no not in known and made.notify_url and made.status != "PROCESSING":
        handler.world.notifier.refunded(made)
    return pay.till.told_refund(made)


def _query_refund(handler: PayHandler, pay: Pay, number: str) -> dict[str, Any]:
    found = pay.till.refunds.get(number)
    if found is None:
        raise PayRefused(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
    return pay.till.told_refund(found)


def _bill(handler: PayHandler, pay: Pay) -> dict[str, Any]:
    told = pay.till.bill(handler.get_query_argument("bill_date", ""))
    here = f"{handler.request.protocol}://{handler.request.host}"
    token = told.pop("token")
    return told | {"download_url": f"{here}/v3/billdownload/file?token={token}"}


def _download(handler: PayHandler, pay: Pay) -> bytes:
    found = pay.till.bills.get(handler.get_query_argument("token", ""))
    if found is None:
        raise PayRefused(404, "RESOURCE_NOT_EXISTS", "账单不存在")
    return found


def _certificates(handler: PayHandler, pay: Pay) -> dict[str, Any]:
    sealed = pay.seal.encrypted(pay.seal.keys.certificate, "certificate")
    now = stamp(handler.world.clock.now())
    row = {
        "serial_no": pay.seal.serial,
        "effective_time": now,
        "expire_time": now,
        "encrypt_certificate": sealed,
    }
    return {"data": [row]}


_ORDER = "/v3/pay/transactions/out-trade-no/([^/]{1,64})"
DOORS: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("/v3/pay/transactions/jsapi", "/v3/pay/transactions/jsapi", _prepay),
    (_ORDER, "/v3/pay/transactions/out-trade-no", _query),
    (f"{_ORDER}/close", "/v3/pay/transactions/close", _close),
    ("/v3/refund/domestic/refunds", "/v3/refund/domestic/refunds", _refund),
    ("/v3/refund/domestic/refunds/([^/]{1,80})", "/v3/refund/domestic/refunds/query", _query_refund),
    ("/v3/bill/tradebill", "/v3/bill/tradebill", _bill),
    ("/v3/billdownload/file", "/v3/billdownload/file", _download),
    ("/v3/certificates", "/v3/certificates", _certificates),
)
"""The path, what faults call it, and the work."""


# Control calls: what a payer or an accident would do.


class Payment(Struct, forbid_unknown_fields=True):
    """The payer enters the password. Without `notify` the merchant is not told."""

    out_trade_no: str = ""
    prepay_id: str = ""
    openid: str = ""
    notify: bool = True


class Again(Struct, forbid_unknown_fields=True):
    """Tell the merchant of an order, or of a refund, `times` times; `spoil` says what is wrong with it."""

    out_trade_no: str = ""
    out_refund_no: str = ""
    spoil: Spoil = ""
    times: int = 1


class Keys(Struct, forbid_unknown_fields=True):
    """`newer`: sign with the public key's name, otherwise with the certificate's serial."""

    newer: bool


class Mine(Struct):
    out_trade_no: Name


class Outcomes(Struct, forbid_unknown_fields=True):
    """What becomes of the next refunds, in their order; PROCESSING is told of only when it has ended."""

    statuses: list[RefundStatus]


class Ended(Struct, forbid_unknown_fields=True):
    """A refund that was under way has ended so. Without `notify` the merchant is not told."""

    out_refund_no: Name
    status: RefundStatus
    notify: bool = True


class Which(Struct):
    out_refund_no: Name


def _found(world: World, number: str, prepay_id: str = "") -> Order:
    orders = world.pay.till.orders
    found = orders.get(number) or next((one for one in orders.values() if one.prepay_id == prepay_id), None)
    if found is None:
        raise Unknown(f"no order {number or prepay_id}")
    return found


def _pay(world: World, ask: Payment) -> Reply:
    try:
        order = world.pay.till.pay(_found(world, ask.out_trade_no, ask.prepay_id).out_trade_no, ask.openid)
    except PayRefused as refused:
        raise Unknown(refused.message) from refused
    if ask.notify:
        world.notifier.paid(order)
    return {"trade_state": order.state, "transaction_id": order.transaction_id}


async def _again(world: World, ask: Again) -> Reply:
    notifier, statuses = world.notifier, []
    for _ in range(ask.times):
        if ask.out_refund_no:
            statuses.append(await notifier.send_refund(_of_refund(world, ask.out_refund_no), ask.spoil))
        else:
            statuses.append(await notifier.send_order(_found(world, ask.out_trade_no), ask.spoil))
    return {"statuses": statuses}


def _keys(world: World, ask: Keys) -> Reply:
    world.pay.newer = ask.newer
    return {}


def _order(world: World, ask: Mine) -> Reply:
    order = _found(world, ask.out_trade_no)
    return world.pay.till.told(order) | {"description": order.description, "refunded": order.refunded}


def _of_refund(world: World, number: str) -> Refund:
    found = world.pay.till.refunds.get(number)
    if found is None:
        raise Unknown(f"no refund {number}")
    return found


def _outcomes(world: World, ask: Outcomes) -> Reply:
    world.pay.till.outcomes = list(ask.statuses)
    return {}


def _ended(world: World, ask: Ended) -> Reply:
    _of_refund(world, ask.out_refund_no)
    refund = world.pay.till.ended(ask.out_refund_no, ask.status)
    if ask.notify:
        world.notifier.refunded(refund)
    return {"status": refund.status}


def _refund_told(world: World, ask: Which) -> Reply:
    refund = _of_refund(world, ask.out_refund_no)
    return world.pay.till.told_refund(refund) | {"reason": refund.reason}


def _spoil_bill(world: World, ask: Spoilt) -> Reply:
    world.pay.till.spoilt[ask.day] = ask
    return {}


PAY_CONTROLS = (
    Control("POST", "/_control/pay", Payment, _pay),
    Control("POST", "/_control/pay-notify", Again, _again),
    Control("POST", "/_control/pay-keys", Keys, _keys),
    Control("GET", "/_control/pay-order", Mine, _order),
    Control("POST", "/_control/pay-refund-outcomes", Outcomes, _outcomes),
    Control("POST", "/_control/pay-refund-ended", Ended, _ended),
    Control("GET", "/_control/pay-refund", Which, _refund_told),
    Control("POST", "/_control/pay-bill", Spoilt, _spoil_bill),
)
