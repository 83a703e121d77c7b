"""WeChat Pay v3 through wechatpayv3's asynchronous client, for one merchant and one mini-program.

Its traps are closed here (seen in its sources, 2.0.4): the address is put in after it is made, a failed check raises
instead of answering nothing, an unknown certificate is fetched once a minute at most, and a notification older than
five minutes is refused, which the library does not do.
"""

import asyncio
import csv
import gzip
import hashlib
import io
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from msgspec import Struct
from wechatpayv3.async_ import AsyncWeChatPay, WeChatPayType

from server.config import Pay as PaySettings
from server.gateways.breaker import Breaker
from server.gateways.calls import Calls, Observe, Retry, unobserved
from server.gateways.errors import ErrorTable
from server.gateways.transport import NoAnswer
from server.kit.chance import chance
from server.kit.clock import SHANGHAI, Clock
from server.kit.platform import Action, NotificationRefused, PlatformDown, PlatformRefusal

T = TypeVar("T")
FRESH = timedelta(minutes=5)
LONGEST_DESCRIPTION = 127
_CERTIFICATES_S = 60.0
_GOOD = range(200, 300)
ACTIONS: Mapping[str, Action] = {
    "PARAM_ERROR": Action.bug,
    "INVALID_REQUEST": Action.bug,
    "SIGN_ERROR": Action.config_alert,
    "NO_AUTH": Action.config_alert,
    "RULE_LIMIT": Action.throttle,
    "FREQUENCY_LIMITED": Action.throttle,
    "OUT_TRADE_NO_USED": Action.dedupe,
    "ORDER_NOT_EXIST": Action.skip,
    "RESOURCE_NOT_EXISTS": Action.skip,
    "NO_STATEMENT_EXIST": Action.skip,
    "TRADE_ERROR": Action.give_up,
    "NOT_ENOUGH": Action.give_up,
    "SYSTEM_ERROR": Action.retry,
    "BANK_ERROR": Action.retry,
}
"""What to do about a name of 错误码; the numbers behind Request-ID are for people."""


class PayState(Struct, frozen=True, kw_only=True):
    """`trade_state` is SUCCESS, REFUND, NOTPAY, CLOSED, REVOKED, USERPAYING or PAYERROR; `paid_fen` and `paid_at` are
    null while unpaid."""

    out_trade_no: str
    trade_state: str
    transaction_id: str
    paid_fen: int | None
    paid_at: datetime | None
    openid: str
    appid: str
    mchid: str


class RefundState(Struct, frozen=True, kw_only=True):
    """`status` is SUCCESS, CLOSED, PROCESSING or ABNORMAL; `total_fen` is what had been paid. An answer says when it was
    `made_at`, and a notification to which merchant it belongs."""

    out_refund_no: str
    out_trade_no: str
    status: str
    refund_id: str
    refund_fen: int
    total_fen: int
    mchid: str
    made_at: datetime | None


class Notification(Struct, frozen=True, kw_only=True):
    """`order` is what it says of an order, `refund` of a refund; both are null where it is about something else."""

    id: str
    event_type: str
    resource: dict[str, Any]
    order: PayState | None
    refund: RefundState | None


class BillRow(Struct, frozen=True, kw_only=True):
    """A row of the bill of a day, in fen; of a refund where it has an `out_refund_no`, with the `refund_state` then."""

    out_trade_no: str
    transaction_id: str
    state: str
    paid_fen: int
    out_refund_no: str
    refund_fen: int
    refund_state: str


class Pay:
    """Raises PlatformRefusal and PlatformDown from every method, and NotificationRefused where it says so."""

    def __init__(
        self,
        settings: PaySettings,
        appid: str,
        private_key: str,
        public_key: str,
        notify_url: str,
        *,
        clock: Clock | None = None,
        observe: Observe = unobserved,
        retry: Retry | None = None,
    ) -> None:
        self._clock = clock or Clock()
        self._appid, self._mchid = appid, settings.mchid
        self._library = AsyncWeChatPay(
            wechatpay_type=WeChatPayType.MINIPROG,
            mchid=settings.mchid,
            private_key=private_key,
            cert_serial_no=settings.serial,
            appid=appid,
            apiv3_key=settings.apiv3_key,
            notify_url=notify_url,
            public_key=public_key,
            public_key_id=settings.public_key_id,
        )
        self._library._core._gate_way = settings.base_url.rstrip("/")
        self._timeout_s = settings.timeout_s
        self._asked_for_certificates = float("-inf")
        self._calls = Calls(
            table=ErrorTable(),
            token_api="certificates",
            breaker=Breaker(self._clock),
            retry=retry or Retry(),
            timeout_s=settings.timeout_s,
            observe=observe,
        )

    async def prepay(
        self, out_trade_no: str, openid: str, total_fen: int, description: str, expires_at: datetime
    ) -> str:
        """The prepay_id, good for two hours; the same order again gets the same answer."""
        told = await self._json(
            "prepay",
            lambda: self._library.pay(
                description=description[:LONGEST_DESCRIPTION],
                out_trade_no=out_trade_no,
                amount={"total": total_fen, "currency": "CNY"},
                payer={"openid": openid},
                time_expire=expires_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
            ),
        )
        return str(told["prepay_id"])

    def client_params(self, prepay_id: str) -> dict[str, str]:
        """For wx.requestPayment, signed by us."""
        timestamp, nonce = str(int(self._clock.now().timestamp())), chance.hex(16)
        package = f"prepay_id={prepay_id}"
        signature = self._library.sign([self._appid, timestamp, nonce, package])
        return {
            "timeStamp": timestamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": signature,
        }

    async def query(self, out_trade_no: str) -> PayState:
        """Raises PlatformRefusal with `skip` for an order that the platform does not know."""
        told = await self._json("query_order", lambda: self._library.query(out_trade_no=out_trade_no))
        return pay_state(told)

    async def close(self, out_trade_no: str) -> None:
        """Raises PlatformRefusal with `bug` for one that is paid: ask `query`."""
        await self._text("close_order", lambda: self._library.close(out_trade_no))

    async def refund(
        self, out_refund_no: str, out_trade_no: str, refund_fen: int, total_fen: int, reason: str
    ) -> RefundState:
        """The same refund again gets the same answer."""
        amount = {"refund": refund_fen, "total": total_fen, "currency": "CNY"}
        told = await self._json(
            "refund",
            lambda: self._library.refund(
                out_refund_no=out_refund_no, out_trade_no=out_trade_no, amount=amount, reason=reason
            ),
        )
        return refund_state(told, "status")

    async def query_refund(self, out_refund_no: str) -> RefundState:
        told = await self._json("query_refund", lambda: self._library.query_refund(out_refund_no))
        return refund_state(told, "status")

    async def trade_bill(self, day: date) -> list[BillRow]:
        """The bill of a day, ready at ten the next morning; empty where there was nothing, down where it is not whole."""
        try:
            told = await self._json("trade_bill", lambda: self._library.trade_bill(day.isoformat()))
        except PlatformRefusal as refusal:
            if refusal.errmsg == "NO_STATEMENT_EXIST":
                return []
            raise
        where = urlsplit(told["download_url"])
        packed = await self._bytes(
            "download_bill", lambda: self._library.download_bill(f"{where.path}?{where.query}")
        )
        try:
            return bill_rows(await asyncio.to_thread(_unpacked, packed, told["hash_value"]))
        except NoAnswer as none:
            raise PlatformDown("trade_bill", none.reason) from none

    async def open_notification(self, headers: Mapping[str, str], body: bytes) -> Notification:
        """What the platform tells us, verified first and then decrypted. Raises NotificationRefused."""
        told = {name: headers.get(name, usual) for name, usual in _SIGNED.items()}
        if not told["Wechatpay-Timestamp"].isascii() or not told["Wechatpay-Timestamp"].isdigit():
            raise NotificationRefused("timestamp")
        age = self._clock.now().timestamp() - int(told["Wechatpay-Timestamp"][:_DIGITS])
        if abs(age) > FRESH.total_seconds():
            raise NotificationRefused("old")
        opened = self._opened(told, body)
        if opened is None and await self._more_certificates():
            opened = self._opened(told, body)
        match opened:
            case {"id": str(known_as), "event_type": str(kind), "resource": dict(resource)}:
                return Notification(
                    id=known_as,
                    event_type=kind,
                    resource=resource,
                    order=pay_state(resource) if kind.startswith("TRANSACTION.") else None,
                    refund=refund_state(resource, "refund_status") if kind.startswith("REFUND.") else None,
                )
        raise NotificationRefused("signature")

    def _opened(self, told: Mapping[str, str], body: bytes) -> Any:
        """None for a bad signature, an unknown key, or what cannot be decrypted."""
        try:
            return self._library.callback(told, body)
        except Exception:  # the library raises bare ones for whatever it does not like
            return None

    async def _more_certificates(self) -> bool:
        """Whether the platform was asked for its certificates just now; not more than once a minute."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._asked_for_certificates < _CERTIFICATES_S:
            return False
        self._asked_for_certificates = loop.time()
        await self._open()
        try:
            await self._library._core._update_certificates()
        except (httpx.HTTPError, ValueError):
            return False
        return True

    async def ping(self) -> None:
        """Returns when the platform takes our signature."""
        await self._text("certificates", lambda: self._library._core.request("/v3/certificates"))

    async def close_connections(self) -> None:
        if self._library._core._client is not None:
            await self._library._core._client.aclose()
            self._library._core._client = None

    # Asking.

    async def _json(self, api: str, ask: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
        async def asked() -> dict[str, Any]:
            text = await self._said(api, ask)
            try:
                told = json.loads(text)
            except ValueError:
                raise NoAnswer("unreadable", sent=True) from None
            if not isinstance(told, dict):
                raise NoAnswer("unreadable", sent=True)
            return told

        return await self._calls.call(api, asked, repeatable=True)

    async def _text(self, api: str, ask: Callable[[], Awaitable[Any]]) -> None:
        await self._calls.call(api, lambda: self._said(api, ask), repeatable=True)

    async def _bytes(self, api: str, ask: Callable[[], Awaitable[Any]]) -> bytes:
        told = await self._calls.call(api, lambda: self._said(api, ask), repeatable=True)
        return told if isinstance(told, bytes) else str(told).encode()

    async def _said(self, api: str, ask: Callable[[], Awaitable[Any]]) -> Any:
        """The body of a good answer. Raises NoAnswer, PlatformRefusal."""
        await self._open()
        try:
            status, told = await ask()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise NoAnswer("unreachable", sent=False) from None
        except httpx.HTTPError:
            raise NoAnswer("connection_lost", sent=True) from None
        except Exception as error:
            if "verify the signature" in str(error) or "does not support" in str(error):
                raise NoAnswer("unverified", sent=True) from None
            raise
        if status in _GOOD:
            return told
        raise self._refusal(api, status, told)

    def _refusal(self, api: str, status: int, told: Any) -> Exception:
        name = _name(told)
        action = ACTIONS.get(name, Action.retry if status >= _SERVERS_FAULT else Action.bug)
        if action is Action.retry:
            return NoAnswer("busy", sent=True)
        return PlatformRefusal(api, status, name, action)

    async def _open(self) -> None:
        core = self._library._core
        if core._client is None:
            core._client = httpx.AsyncClient(timeout=httpx.Timeout(self._timeout_s), trust_env=False)


_SIGNED = {
    "Wechatpay-Timestamp": "",
    "Wechatpay-Nonce": "",
    "Wechatpay-Signature": "",
    "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
    "Wechatpay-Serial": "",
}
"""What a notification is verified with, and what stands where a header is missing: the platform's own samples do not
name the kind of signature, which the library insists on."""
_DIGITS, _SERVERS_FAULT = 12, 500


def _name(told: Any) -> str:
    try:
        return str(json.loads(told)["code"])
    except (ValueError, TypeError, KeyError):
        return ""


def pay_state(told: Mapping[str, Any]) -> PayState:
    """What a query or a notification says of an order."""
    amount, payer = told.get("amount") or {}, told.get("payer") or {}
    paid = told.get("trade_state") in ("SUCCESS", "REFUND")
    return PayState(
        out_trade_no=str(told.get("out_trade_no", "")),
        trade_state=str(told.get("trade_state", "")),
        transaction_id=str(told.get("transaction_id", "")),
        paid_fen=int(amount["total"]) if paid and "total" in amount else None,
        paid_at=_moment(told.get("success_time")) if paid else None,
        openid=str(payer.get("openid", "")),
        appid=str(told.get("appid", "")),
        mchid=str(told.get("mchid", "")),
    )


def refund_state(told: Mapping[str, Any], status: str) -> RefundState:
    """A notification calls the status otherwise than a query does."""
    amount = told.get("amount") or {}
    return RefundState(
        out_refund_no=str(told.get("out_refund_no", "")),
        out_trade_no=str(told.get("out_trade_no", "")),
        status=str(told.get(status, "")),
        refund_id=str(told.get("refund_id", "")),
        refund_fen=int(amount.get("refund", 0)),
        total_fen=int(amount.get("total", 0)),
        mchid=str(told.get("mchid", "")),
        made_at=_moment(told.get("create_time")),
    )


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if isinstance(text, str) and text else None
    except ValueError:
        return None


def _unpacked(packed: bytes, digest: str) -> str:
    """Raises NoAnswer for what is not the file that was promised."""
    try:
        content = gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed
    except OSError:
        raise NoAnswer("unreadable", sent=True) from None
    if hashlib.sha1(content, usedforsecurity=False).hexdigest() != digest.lower():
        raise NoAnswer("unverified", sent=True)
    return content.decode("utf-8-sig")


def bill_rows(text: str) -> list[BillRow]:
    """Every cell begins with a back quote; two lines of totals end the file; amounts are in yuan.

    Raises NoAnswer where the rows do not come to the totals.
    """
    heads, *lines = [row for row in csv.reader(io.StringIO(text)) if row]
    if len(lines) < _TOTALS or lines[-_TOTALS][0] != "总交易单数":
        raise NoAnswer("unreadable", sent=True)
    try:
        found = [_bill_row(_cells(heads, row)) for row in lines[:-_TOTALS]]
        totals = _cells(lines[-_TOTALS], lines[-1])
        counted = (len(found), sum(one.paid_fen for one in found), sum(one.refund_fen for one in found))
        said = (int(totals["总交易单数"]), _fen(totals["订单总金额"]), _fen(totals["申请退款总金额"]))
    except (KeyError, ValueError, ArithmeticError):
        raise NoAnswer("unreadable", sent=True) from None
    if counted != said:
        raise NoAnswer("unreadable", sent=True)
    return found


def _cells(heads: list[str], row: list[str]) -> dict[str, str]:
    return dict(zip(heads, (cell.lstrip("`") for cell in row), strict=True))


def _bill_row(cells: Mapping[str, str]) -> BillRow:
    return BillRow(
        out_trade_no=cells["商户订单号"],
        transaction_id=cells["微信订单号"],
        state=cells["交易状态"],
        paid_fen=_fen(cells["订单金额"]),
        out_refund_no=cells["商户退款单号"],
        refund_fen=_fen(cells["申请退款金额"]),
        refund_state=cells["退款状态"],
    )


_TOTALS = 2
"""Lines of totals: their heads and what they come to."""


def _fen(yuan: str) -> int:
    return int(Decimal(yuan or "0") * 100)
