"""The collecting agency of the payees: looks bills up, pays one once, says what became of a payment."""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

import httpx
from msgspec import Struct

from server.config import Payees
from server.gateways.breaker import Breaker
from server.gateways.calls import Calls, Observe, Retry, unobserved
from server.gateways.errors import ErrorTable
from server.gateways.transport import NoAnswer
from server.kit.clock import Clock
from server.kit.platform import Action, PlatformRefusal

_SERVERS_FAULT = 500
ACTIONS = {
    "SIGNATURE": Action.config_alert,
    "MALFORMED": Action.bug,
    "NO_ACCOUNT": Action.skip,
    "NO_BILL": Action.give_up,
    "PAID_ALREADY": Action.give_up,
    "OTHER_AMOUNT": Action.give_up,
    "PAYMENT_NO_USED": Action.bug,
    "NO_PAYMENT": Action.skip,
}


class DueBill(Struct, frozen=True, kw_only=True):
    """`holder` is whose account it is, masked by the payee."""

    bill_no: str
    holder: str
    period: str
    amount_fen: int
    due: str


class PayeeGateway:
    """Raises PlatformRefusal and PlatformDown from every method."""

    def __init__(
        self, settings: Payees, *, clock: Clock | None = None, observe: Observe = unobserved
    ) -> None:
        self._clock = clock or Clock()
        self._settings = settings
        self._http: httpx.AsyncClient | None = None
        self._calls = Calls(
            table=ErrorTable(),
            token_api="payee",
            breaker=Breaker(self._clock),
            retry=Retry(),
            timeout_s=settings.timeout_s,
            observe=observe,
        )

    async def bills(self, payee_id: str, account_no: str) -> list[DueBill]:
        """What is open on this account. Raises PlatformRefusal with `skip` where the payee does not know it."""
        query = urlencode({"payee": payee_id, "account": account_no})
        told = await self._ask("payee_bills", "GET", f"/payee/bills?{query}")
        return [
            DueBill(
                bill_no=str(one["bill_no"]),
                holder=str(one.get("holder", "")),
                period=str(one["period"]),
                amount_fen=int(one["amount_fen"]),
                due=str(one["due"]),
            )
            for one in told.get("bills", [])
        ]

    async def pay(self, payment_no: str, bill_no: str, amount_fen: int) -> None:
        """Once for each `payment_no`, however often it is asked. Raises PlatformRefusal with `give_up` where the payee
        will not have it: paid already, another amount, no such bill."""
        body = {"payment_no": payment_no, "bill_no": bill_no, "amount_fen": amount_fen}
        await self._ask("payee_pay", "POST", "/payee/payments", json.dumps(body).encode())

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def _ask(self, api: str, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
        return await self._calls.call(api, lambda: self._once(api, method, path, body), repeatable=True)

    async def _once(self, api: str, method: str, path: str, body: bytes) -> dict[str, Any]:
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=self._settings.timeout_s, trust_env=False)
        url, headers = self._settings.base_url.rstrip("/") + path, self._signed(method, path, body)
        try:
            answer = await self._http.request(method, url, headers=headers, content=body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise NoAnswer("unreachable", sent=False) from None
        except httpx.HTTPError:
            raise NoAnswer("connection_lost", sent=True) from None
        try:
            told = answer.json()
        except ValueError:
            raise NoAnswer("unreadable", sent=True) from None
        if answer.status_code >= _SERVERS_FAULT or not isinstance(told, dict):
            raise NoAnswer("busy", sent=True)
        if answer.is_success:
            return told
        code = str(told.get("code", ""))
        raise PlatformRefusal(api, answer.status_code, code, ACTIONS.get(code, Action.bug))

    def _signed(self, method: str, path: str, body: bytes) -> dict[str, str]:
        timestamp = str(int(self._clock.now().timestamp()))
        message = f"{method}\n{path}\n{timestamp}\n".encode() + body
        return {
            "X-Client": self._settings.client,
            "X-Timestamp": timestamp,
            "X-Signature": hmac.new(self._settings.secret.encode(), message, hashlib.sha256).hexdigest(),
            "Content-Type": "application/json",
        }
