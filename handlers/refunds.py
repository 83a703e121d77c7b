"""Refunds of payments: proposed, answered by a colleague, and those that WeChat Pay could not make."""

from collections.abc import Awaitable, Callable

from handlers.base import Answer, Endpoint, allow
from schemas.refunds import AnswerRefund, FindRefunds, NewRefund, RefundsView, RefundView
from server import refunds
from server.kit.db import Reader, Tx
from server.refunds import Refund

TITLE = "退款"


class RefundEndpoint(Endpoint):
    """What is done with a refund, and shown as it is afterwards."""

    def shown(self, act: Callable[[Tx], Awaitable[Refund]]) -> Callable[[Tx], Awaitable[RefundView]]:
        async def done(tx: Tx) -> RefundView:
            return refunds.view(await act(tx), self.actor)

        return done


class Refunds(RefundEndpoint):
    path = "/v1/refunds"

    @allow("accountant", "admin")
    async def get(self, query: FindRefunds) -> RefundsView:
        """All of them, or those in one state; newest first."""
        actor = self.actor
        return await self.building.db.reading(lambda reader: refunds.listed(reader, query, actor))

    @allow("accountant", "admin", status=201)
    async def post(self, new: NewRefund) -> Answer[RefundView]:
        """Propose to pay back so much; somebody else approves it."""
        act = self.shown(lambda tx: refunds.propose(tx, new, self.actor))
        return await self.once(act, status=201, lanes=[f"refund {new.payment_id}"])


class OneRefund(RefundEndpoint):
    path = "/v1/refunds/{refund_id}"

    @allow("accountant", "admin")
    async def get(self, refund_id: str) -> RefundView:
        """How far it has come."""
        actor = self.actor

        async def seen(reader: Reader) -> RefundView:
            return refunds.view(await refunds.find(reader, refund_id), actor)

        return await self.building.db.reading(seen)


class ApproveRefund(RefundEndpoint):
    path = "/v1/refunds/{refund_id}/approve"

    @allow("accountant", "admin")
    async def post(self, refund_id: str) -> Answer[RefundView]:
        """Yes: it is carried out by itself from here on."""
        return await self.once(self.shown(lambda tx: refunds.approve(tx, refund_id, self.actor)))


class DeclineRefund(RefundEndpoint):
    path = "/v1/refunds/{refund_id}/decline"

    @allow("accountant", "admin")
    async def post(self, refund_id: str, answer: AnswerRefund) -> Answer[RefundView]:
        """No, with the reason; or what was said to have come back otherwise has not."""
        reason = answer.reason
        return await self.once(self.shown(lambda tx: refunds.decline(tx, refund_id, reason, self.actor)))


class RetryRefund(RefundEndpoint):
    path = "/v1/refunds/{refund_id}/retry"

    @allow("accountant", "admin")
    async def post(self, refund_id: str) -> Answer[RefundView]:
        """Ask WeChat Pay again, after it could not pay back."""
        return await self.once(self.shown(lambda tx: refunds.retry(tx, refund_id, self.actor)))


class HandRefund(RefundEndpoint):
    path = "/v1/refunds/{refund_id}/hand"

    @allow("accountant", "admin")
    async def post(self, refund_id: str, answer: AnswerRefund) -> Answer[RefundView]:
        """The money has come back otherwise, and how; somebody else confirms it."""
        note = answer.reason
        return await self.once(self.shown(lambda tx: refunds.hand(tx, refund_id, note, self.actor)))


class ConfirmRefund(RefundEndpoint):
    path = "/v1/refunds/{refund_id}/confirm"

    @allow("accountant", "admin")
    async def post(self, refund_id: str) -> Answer[RefundView]:
        """It has come back otherwise, as a colleague said."""
        return await self.once(self.shown(lambda tx: refunds.confirm(tx, refund_id, self.actor)))
