"""What WeChat Pay tells the merchant: signed, encrypted, and again until it is heard (回调通知处理)."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal

from tornado.httpclient import HTTPError, HTTPRequest
from tornado.httputil import HTTPInputError
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from .clock import SandboxClock
from .pay import Order, Pay, Refund, stamp

WAITS_S = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
_WITHIN_S = 5.0
Spoil = Literal["", "signature", "old", "amount", "mchid", "appid", "openid", "cipher", "serial", "probe"]


class Notifier:
    """Tells the merchant of one till."""

    def __init__(self, pay: Callable[[], Pay], clock: SandboxClock) -> None:
        self._pay = pay
        self._clock = clock
        self._tasks: set[asyncio.Task[int]] = set()
        self._http: SimpleAsyncHTTPClient | None = None

    def paid(self, order: Order) -> None:
        self._begin(lambda: self.send_order(order))

    def refunded(self, refund: Refund) -> None:
        self._begin(lambda: self.send_refund(refund))

    def _begin(self, send: Callable[[], Any]) -> None:
        task: asyncio.Task[int] = asyncio.create_task(self._until_heard(send))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _until_heard(self, send: Callable[[], Any]) -> int:
        for wait in (0, *WAITS_S):
            await asyncio.sleep(wait)
            status: int = await send()
            if status in (200, 204):
                return status
        return 0

    async def send_order(self, order: Order, spoil: Spoil = "") -> int:
        """Once; the status of the answer, 0 where there was none."""
        told = self._pay().till.told(order)
        changed: dict[str, dict[str, Any]] = {
            "amount": {"amount": told["amount"] | {"total": 1, "payer_total": 1}},
            "mchid": {"mchid": "1900000999"},
            "appid": {"appid": "wxsomebodyelse000"},
            "openid": {"payer": {"openid": "somebody-else"}},
        }
        resource = told | changed.get(spoil, {})
        return await self._send(order.notify_url, "TRANSACTION.SUCCESS", "transaction", resource, spoil)

    async def send_refund(self, refund: Refund, spoil: Spoil = "") -> int:
        told = self._pay().till.told_refund(refund, notified=True)
        changed: dict[str, dict[str, Any]] = {
            "amount": {"amount": told["amount"] | {"refund": 1, "payer_refund": 1}},
            "mchid": {"mchid": "1900000999"},
        }
        resource = told | changed.get(spoil, {})
        return await self._send(refund.notify_url, f"REFUND.{refund.status}", "refund", resource, spoil)

    async def _send(self, url: str, event: str, kind: str, resource: dict[str, Any], spoil: Spoil) -> int:
        pay, clock = self._pay(), self._clock
        body = pay.seal.notification(event, kind, resource, stamp(clock.now()))
        if spoil == "cipher":
            body = body.replace(b'"nonce": "', b'"nonce": "f')
        headers = pay.seal.headers(body, clock.seconds() - (400 if spoil == "old" else 0), newer=pay.newer)
        if spoil == "signature":
            headers["Wechatpay-Signature"] = headers["Wechatpay-Signature"][::-1]
        if spoil == "probe":
            headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"]
        if spoil == "serial":
            headers["Wechatpay-Serial"] = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
        request = HTTPRequest(
            url,
            method="POST",
            headers=headers | {"Content-Type": "application/json"},
            body=body,
            request_timeout=_WITHIN_S,
        )
        try:
            answer = await self._client().fetch(request, raise_error=False)
        except (HTTPError, HTTPInputError, OSError):
            return 0
        return answer.code

    def _client(self) -> SimpleAsyncHTTPClient:
        if self._http is None:
            self._http = SimpleAsyncHTTPClient(force_instance=True, max_clients=50)
        return self._http

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._http is not None:
            self._http.close()
