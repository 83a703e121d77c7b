"""A collecting agency for all who send bills: looks them up by account, takes a payment once, says what became of it.

Asked over HTTP with JSON; each request carries `X-Client`, `X-Timestamp` and `X-Signature`, the HMAC-SHA256 in
hexadecimal of method, path with query, timestamp and body, each on a line, with the client's secret. There is no such
service in truth: a street has one for each payee, and this stands for all of them.
"""

import hashlib
import hmac
import json
from typing import Any

from msgspec import Struct
from tornado.web import RequestHandler

from .controls import Control, Name, Reply
from .dues import Due
from .world import World

CLIENT, SECRET = "hoelun", "example-payee-secret"
_OK, _BAD, _FORBIDDEN, _GONE, _CLASH = 200, 400, 401, 404, 409


class AgencyHandler(RequestHandler):
    """Faults are spent as on the platforms."""

    def initialize(self, world: World) -> None:
        self.world = world

    async def handle(self, *named: str) -> None:
        path = "/" + "/".join(self.request.path.split("/")[1:3])
        self.world.calls[path] += 1
        fault = self.world.faults.take(path)
        if fault is not None and fault.spoils and not fault.after:
            return self.spoil(fault.drop, fault.http_status or 500)
        status, told = self.answer(*named)
        if fault is not None and fault.spoils:
            return self.spoil(fault.drop, fault.http_status or 500)
        self.give(status, told)

    get = post = handle

    def spoil(self, drop: bool, status: Any) -> None:
        if drop:
            self.detach().close()
        else:
            self.give(int(status), {"code": "BUSY"})

    def give(self, status: int, told: dict[str, Any]) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(told, ensure_ascii=False))

    def answer(self, *named: str) -> tuple[int, dict[str, Any]]:
        if not self.signed():
            return _FORBIDDEN, {"code": "SIGNATURE"}
        if self.request.method == "POST":
            return self.pay()
        return self.payment(named[0]) if named else self.bills()

    def signed(self) -> bool:
        told = self.request.headers
        message = "\n".join(
            [self.request.method or "", self.request.uri or "", told.get("X-Timestamp", ""), ""]
        ).encode()
        right = hmac.new(SECRET.encode(), message + self.request.body, hashlib.sha256).hexdigest()
        return told.get("X-Client") == CLIENT and hmac.compare_digest(right, told.get("X-Signature", ""))

    def bills(self) -> tuple[int, dict[str, Any]]:
        payee, account = self.get_query_argument("payee", ""), self.get_query_argument("account", "")
        theirs = [
            one for one in self.world.agency.dues.values() if (one.payee, one.account_no) == (payee, account)
        ]
        if not theirs:
            return _GONE, {"code": "NO_ACCOUNT"}
        found = [
            {
                "bill_no": one.bill_no,
                "holder": f"*{one.holder[1:]}",
                "period": one.period,
                "amount_fen": one.amount_fen,
                "due": one.due,
            }
            for one in theirs
            if not one.paid_by
        ]
        return _OK, {"bills": found}

    def pay(self) -> tuple[int, dict[str, Any]]:
        try:
            asked = json.loads(self.request.body)
            number, bill_no, fen = asked["payment_no"], asked["bill_no"], asked["amount_fen"]
        except (ValueError, KeyError, TypeError):
            return _BAD, {"code": "MALFORMED"}
        agency = self.world.agency
        if number in agency.payments:
            same = agency.payments[number] == bill_no
            return (_OK, {"state": "PAID"}) if same else (_CLASH, {"code": "PAYMENT_NO_USED"})
        bill = agency.dues.get(bill_no)
        if bill is None:
            return _GONE, {"code": "NO_BILL"}
        if bill.paid_by:
            return _CLASH, {"code": "PAID_ALREADY"}
        if bill.amount_fen != fen:
            return _CLASH, {"code": "OTHER_AMOUNT"}
        bill.paid_by, agency.payments[number] = number, bill_no
        return _OK, {"state": "PAID"}

    def payment(self, number: str) -> tuple[int, dict[str, Any]]:
        found = self.world.agency.payments.get(number)
        return (_OK, {"state": "PAID", "bill_no": found}) if found else (_GONE, {"code": "NO_PAYMENT"})


class NewDue(Struct, forbid_unknown_fields=True):
    bill_no: Name
    payee: Name
    account_no: Name
    period: str
    amount_fen: int
    due: str
    holder: str = "王桂英"


class Which(Struct):
    bill_no: Name


def _new_due(world: World, ask: NewDue) -> Reply:
    world.agency.dues[ask.bill_no] = Due(
        bill_no=ask.bill_no,
        payee=ask.payee,
        account_no=ask.account_no,
        holder=ask.holder,
        period=ask.period,
        amount_fen=ask.amount_fen,
        due=ask.due,
    )
    return {}


def _due(world: World, ask: Which) -> Reply:
    found = world.agency.dues.get(ask.bill_no)
    return {"paid_by": found.paid_by, "amount_fen": found.amount_fen} if found else {}


PAYEE_CONTROLS = (
    Control("POST", "/_control/payee-bills", NewDue, _new_due),
    Control("GET", "/_control/payee-bills", Which, _due),
)
AGENCY = ("/payee/bills", "/payee/payments", r"/payee/payments/([^/]{1,64})")
"""Look-up, paying, and what became of a payment."""
