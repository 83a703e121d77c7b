"""WeChat Pay: our gateway against the sandbox, with every kind of forgery, loss and silence."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from msgspec.structs import replace
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from server.config import Pay as PaySettings
from server.gateways.calls import Retry
from server.gateways.pay import Notification, Pay
from server.kit.clock import SettableClock
from server.kit.platform import Action, NotificationRefused, PlatformDown, PlatformRefusal
from server.sandbox import SandboxConfig, make_sandbox
from server.sandbox.pay_keys import PayKeys, make

KEYS = make()
APPID = "wxdemo0000000000"


class Ear(RequestHandler):
    """Where the platform tells: what the gateway made of it is kept."""

    def initialize(self, heard: list[Any], pay: Pay) -> None:
        self.heard, self.pay = heard, pay

    async def post(self) -> None:
        try:
            self.heard.append(await self.pay.open_notification(self.request.headers, self.request.body))
            self.set_status(204)
        except NotificationRefused as refused:
            self.heard.append(refused.why)
            self.set_status(401)


class Counter:
    """A merchant, the platform, and somebody who pays."""

    def __init__(self, keys: PayKeys = KEYS, **settings: Any) -> None:
        self.clock = SettableClock(datetime.now(UTC))
        self.sandbox = make_sandbox(SandboxConfig(pay=KEYS), self.clock)
        socket, port = bind_unused_port()
        self.url = f"http://127.0.0.1:{port}"
        self.server = HTTPServer(self.sandbox.application)
        self.server.add_socket(socket)
        ear_socket, ear_port = bind_unused_port()
        usual = PaySettings(
            base_url=self.url,
            mchid=keys.mchid,
            serial=keys.merchant_serial,
            apiv3_key=keys.apiv3_key,
            public_key_id=keys.public_key_id,
            timeout_s=5.0,
        )
        self.pay = Pay(
            replace(usual, **settings),
            APPID,
            keys.merchant_key,
            keys.public_key,
            f"http://127.0.0.1:{ear_port}/notify",
            clock=self.clock,
            retry=Retry(attempts=2, first_wait_s=0.01),
        )
        self.heard: list[Any] = []
        self.ear = HTTPServer(Application([("/notify", Ear, {"heard": self.heard, "pay": self.pay})]))
        self.ear.add_socket(ear_socket)
        self.client = AsyncHTTPClient(force_instance=True)

    def order(self, number: str = "P1", fen: int = 1234) -> tuple[str, str, int, str, datetime]:
        until = self.clock.now() + timedelta(minutes=15)
        return number, "resident-1", fen, "物业费 2026 年 11 月", until

    async def control(self, name: str, **body: Any) -> Any:
        request = HTTPRequest(f"{self.url}/_control/{name}", method="POST", body=json.dumps(body))
        return json.loads((await self.client.fetch(request)).body)

    async def paid(self, number: str = "P1", *, notify: bool = False) -> None:
        await self.pay.prepay(*self.order(number))
        await self.control("pay", out_trade_no=number, notify=notify)

    async def close(self) -> None:
        await self.pay.close_connections()
        self.server.stop()
        self.ear.stop()
        self.client.close()
        self.sandbox.close()


@pytest.fixture
def counter(io_loop: IOLoop) -> Iterator[Counter]:
    made = Counter()
    yield made
    io_loop.run_sync(made.close)


async def test_an_order_is_made_paid_and_asked_for(counter: Counter) -> None:
    prepay_id = await counter.pay.prepay(*counter.order())
    assert await counter.pay.prepay(*counter.order()) == prepay_id
    before = await counter.pay.query("P1")
    assert (before.trade_state, before.paid_fen) == ("NOTPAY", None)
    await counter.control("pay", prepay_id=prepay_id, notify=False)
    after = await counter.pay.query("P1")
    assert (after.trade_state, after.paid_fen, after.openid) == ("SUCCESS", 1234, "resident-1")
    assert (after.appid, after.mchid) == (APPID, KEYS.mchid)


async def test_what_the_phone_gets_is_signed_by_the_merchant(counter: Counter) -> None:
    told = counter.pay.client_params("wx201410272009395522657a690389285100")
    message = f"{APPID}\n{told['timeStamp']}\n{told['nonceStr']}\n{told['package']}\n"
    merchant = serialization.load_pem_private_key(KEYS.merchant_key.encode(), None)
    assert isinstance(merchant, rsa.RSAPrivateKey)
    signed = base64.b64decode(told["paySign"])
    merchant.public_key().verify(signed, message.encode(), padding.PKCS1v15(), hashes.SHA256())
    assert told["package"] == "prepay_id=wx201410272009395522657a690389285100"
    assert told["signType"] == "RSA"
    assert told["timeStamp"].isdigit()


async def test_the_phone_shows_an_order_only_as_the_merchant_has_signed_it(counter: Counter) -> None:
    prepay_id = await counter.pay.prepay(*counter.order())
    told = counter.pay.client_params(prepay_id)
    shown = await counter.control("pay-sheet", openid="resident-1", **told)
    assert (shown["prepay_id"], shown["total"]) == (prepay_id, 1234)
    other = await counter.pay.prepay(*counter.order("P2"))
    for spoilt in (
        {"package": f"prepay_id={other}"},
        {"paySign": told["paySign"][::-1]},
        {"openid": "somebody-else"},
    ):
        with pytest.raises(HTTPClientError):
            await counter.control("pay-sheet", **{"openid": "resident-1"} | told | spoilt)


async def test_the_same_number_with_another_amount_is_refused(counter: Counter) -> None:
    await counter.pay.prepay(*counter.order())
    with pytest.raises(PlatformRefusal) as refused:
        await counter.pay.prepay(*counter.order(fen=1))
    assert refused.value.action is Action.bug
    await counter.control("pay", out_trade_no="P1", notify=False)
    with pytest.raises(PlatformRefusal) as used:
        await counter.pay.prepay(*counter.order())
    assert used.value.action is Action.dedupe


async def test_an_order_is_closed_and_cannot_be_paid_any_more(counter: Counter) -> None:
    await counter.pay.prepay(*counter.order())
    await counter.pay.close("P1")
    await counter.pay.close("P1")
    assert (await counter.pay.query("P1")).trade_state == "CLOSED"
    await counter.paid("P2")
    with pytest.raises(PlatformRefusal):
        await counter.pay.close("P2")
    with pytest.raises(PlatformRefusal) as unknown:
        await counter.pay.query("nobody")
    assert unknown.value.action is Action.skip


async def test_refunds_in_parts_and_never_more_than_was_paid(counter: Counter) -> None:
    await counter.paid()
    first = await counter.pay.refund("R1", "P1", 1000, 1234, "办不成")
    again = await counter.pay.refund("R1", "P1", 1000, 1234, "办不成")
    assert (first, first.status, first.refund_fen) == (again, "SUCCESS", 1000)
    assert await counter.pay.query_refund("R1") == first
    with pytest.raises(PlatformRefusal) as too_much:
        await counter.pay.refund("R2", "P1", 235, 1234, "办不成")
    assert too_much.value.action is Action.give_up
    await counter.pay.refund("R2", "P1", 234, 1234, "办不成")
    assert (await counter.pay.query("P1")).trade_state == "REFUND"


async def test_the_bill_of_a_day_has_every_payment_and_refund_in_fen(counter: Counter) -> None:
    day = counter.clock.now().date()
    assert await counter.pay.trade_bill(day) == []
    await counter.paid("P1")
    await counter.paid("P2")
    await counter.pay.refund("R1", "P1", 1000, 1234, "办不成")
    day = (counter.clock.now() + timedelta(hours=8)).date()
    rows = await counter.pay.trade_bill(day)
    assert [(one.out_trade_no, one.state, one.paid_fen, one.refund_fen) for one in rows] == [
        ("P1", "SUCCESS", 1234, 0),
        ("P2", "SUCCESS", 1234, 0),
        ("P1", "REFUND", 0, 1000),
    ]


async def test_a_bill_that_does_not_come_to_its_totals_is_none(counter: Counter) -> None:
    await counter.paid()
    day = (counter.clock.now() + timedelta(hours=8)).date()
    await counter.control("pay-bill", day=day.isoformat(), total_off=True)
    with pytest.raises(PlatformDown) as down:
        await counter.pay.trade_bill(day)
    assert down.value.reason == "unreadable"
    await counter.control("pay-bill", day=day.isoformat(), lacks=["P1"], strangers={"X1": 500})
    assert [(one.out_trade_no, one.paid_fen) for one in await counter.pay.trade_bill(day)] == [("X1", 500)]


@pytest.mark.parametrize("status", ["SUCCESS", "ABNORMAL", "CLOSED"])
async def test_the_merchant_is_told_how_a_refund_ended(counter: Counter, status: str) -> None:
    await counter.paid()
    await counter.control("pay-refund-outcomes", statuses=["PROCESSING"])
    asked = await counter.pay.refund("R1", "P1", 1000, 1234, "办不成")
    assert (asked.status, asked.made_at is not None, counter.heard) == ("PROCESSING", True, [])
    await counter.control("pay-refund-ended", out_refund_no="R1", status=status, notify=False)
    assert (await counter.control("pay-notify", out_refund_no="R1"))["statuses"] == [204]
    [told] = counter.heard
    assert (told.event_type, told.order, told.refund.status) == (f"REFUND.{status}", None, status)
    assert (told.refund.out_trade_no, told.refund.refund_fen, told.refund.total_fen) == ("P1", 1000, 1234)
    assert told.refund.mchid == KEYS.mchid


@pytest.mark.parametrize("newer", [True, False])
async def test_the_merchant_is_told_with_either_kind_of_key(counter: Counter, newer: bool) -> None:
    await counter.control("pay-keys", newer=newer)
    await counter.paid()
    assert (await counter.control("pay-notify", out_trade_no="P1"))["statuses"] == [204]
    [told] = counter.heard
    assert isinstance(told, Notification)
    assert (told.event_type, told.resource["out_trade_no"]) == ("TRANSACTION.SUCCESS", "P1")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        ("signature", "signature"),
        ("cipher", "signature"),
        ("old", "old"),
        ("serial", "signature"),
        ("probe", "signature"),
    ],
)
async def test_what_is_forged_altered_or_old_is_not_believed(counter: Counter, spoil: str, why: str) -> None:
    await counter.paid()
    told = await counter.control("pay-notify", out_trade_no="P1", spoil=spoil)
    assert told["statuses"] == [401]
    assert counter.heard == [why]


async def test_a_stranger_learns_and_changes_nothing(counter: Counter) -> None:
    body = b'{"id": "1", "resource_type": "encrypt-resource"}'
    for headers in ({}, {"Wechatpay-Timestamp": "9" * 30}, {"Wechatpay-Timestamp": "x"}):
        with pytest.raises(NotificationRefused):
            await counter.pay.open_notification(headers, body)


async def test_answers_that_the_platform_did_not_sign_are_none(counter: Counter) -> None:
    other = make()
    counter.sandbox.world.pay.seal = type(counter.sandbox.world.pay.seal)(
        replace(other, merchant_serial=KEYS.merchant_serial, merchant_key=KEYS.merchant_key)
    )
    with pytest.raises(PlatformDown) as down:
        await counter.pay.prepay(*counter.order())
    assert down.value.reason == "unverified"


async def test_a_merchant_with_the_wrong_key_is_told_to_look_at_the_settings(io_loop: IOLoop) -> None:
    wrong = Counter(replace(make(), merchant_serial=KEYS.merchant_serial, public_key=KEYS.public_key))
    with pytest.raises(PlatformRefusal) as refused:
        await wrong.pay.prepay(*wrong.order())
    assert refused.value.action is Action.config_alert
    await wrong.close()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"http_status": 500}, "busy"),
        ({"drop": True}, "connection_lost"),
    ],
)
async def test_no_answer_is_down_and_not_a_refusal(
    counter: Counter, fault: dict[str, Any], reason: str
) -> None:
    await counter.control("faults", path="/v3/pay/transactions/jsapi", times=9, **fault)
    with pytest.raises(PlatformDown) as down:
        await counter.pay.prepay(*counter.order())
    assert down.value.reason == reason
    assert down.value.uncertain


async def test_an_answer_that_is_lost_is_asked_for_again_and_orders_once(counter: Counter) -> None:
    await counter.control("faults", path="/v3/pay/transactions/jsapi", times=1, drop=True, after=True)
    prepay_id = await counter.pay.prepay(*counter.order())
    assert prepay_id == counter.sandbox.world.pay.till.orders["P1"].prepay_id
    assert len(counter.sandbox.world.pay.till.orders) == 1


async def test_a_platform_that_is_silent_is_down_in_time(io_loop: IOLoop) -> None:
    counter = Counter(timeout_s=0.2)
    await counter.control("faults", path="/v3/pay/transactions/jsapi", times=9, delay_ms=3000)
    with pytest.raises(PlatformDown) as down:
        await counter.pay.prepay(*counter.order())
    assert down.value.uncertain
    await counter.close()
