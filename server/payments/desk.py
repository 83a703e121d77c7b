"""Payments as the bookkeepers look at them: found by number, state, payee or day, asked for at WeChat Pay just now."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from msgspec import Struct

from schemas.payments import PaymentState
from server.building import Building
from server.kit.clock import SHANGHAI
from server.kit.db import Page, Reader
from server.kit.platform import Action, PlatformRefusal
from server.payments.carrying import hear
from server.payments.stored import PAYMENTS, REFUSALS, Payment, PayRefusal
from server.payments.views import PaymentNotFound


class Wanted(Struct, frozen=True, kw_only=True):
    """Payments of one state, one payee, one day of Shanghai; of all where none is named."""

    state: PaymentState | None = None
    payee_id: str | None = None
    day: date | None = None

    @property
    def where(self) -> dict[str, Any]:
        found: dict[str, Any] = {"state": self.state} if self.state else {}
        found |= {"payee_id": self.payee_id} if self.payee_id else {}
        if self.day is not None:
            begins = datetime.combine(self.day, time(), SHANGHAI).astimezone(UTC)
            found["at"] = {"$gte": begins, "$lt": begins + timedelta(days=1)}
        return found


async def any_one(reader: Reader, payment_id: str) -> Payment:
    """Whosever it is. Raises PaymentNotFound."""
    found = await reader.get(PAYMENTS, payment_id)
    if found is None:
        raise PaymentNotFound
    return found


async def found(reader: Reader, wanted: Wanted, cursor: str | None, limit: int) -> Page[Payment]:
    """The newest first. Raises BadCursor."""
    return await reader.page(PAYMENTS, wanted.where, sort="-at", cursor=cursor, limit=limit)


async def disbelieved(reader: Reader, cursor: str | None, limit: int) -> Page[PayRefusal]:
    """Notifications that were refused, the newest first. Raises BadCursor."""
    return await reader.page(REFUSALS, {}, sort="-at", cursor=cursor, limit=limit)


async def ask_now(house: Building, payment: Payment) -> Any:
    """What WeChat Pay says of the order; what it says is heard, too. None where it does not know the order.

    Raises PlatformRefusal, PlatformDown.
    """
    if not payment.pay_fen:
        return None
    try:
        told = await house.pay.query(payment.id)
    except PlatformRefusal as refusal:
        if refusal.action is not Action.skip:
            raise
        return None
    if told.paid_fen is not None:
        await hear(house, told)
    return told
