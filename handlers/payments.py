"""Paying a bill, what became of a payment, and where WeChat Pay tells us."""

from handlers.base import Answer, Endpoint, allow
from schemas.documents import SlipView
from schemas.payments import FindPayments, FindSources, NewPayment, PaymentsView, PaymentView, SourcesView
from server import bills, ledger, payments, refunds
from server.config import Settings
from server.documents import slips
from server.kit.db import Reader, Tx
from server.payments.told import NotHeard, opened

TITLE = "缴费"


class PayBill(Endpoint):
    path = "/v1/bills/{bill_id}/pay"

    @allow("resident", status=201)
    async def post(self, bill_id: str, new: NewPayment) -> Answer[PaymentView]:
        """Pay with so many points of whose bill it is, and the rest by WeChat; points alone need nothing more from the
        phone."""
        house, actor = self.building, self.actor
        payer = await house.resident(actor.id)
        bill = await house.db.reading(lambda reader: bills.seen_by(reader, bill_id, actor))
        owner, scope = bill.resident_id, bills.scope_of(bill.case_no)

        async def begun(tx: Tx) -> PaymentView:
            proxy = await bills.by_proxy(tx, actor, owner, scope)
            made = await payments.begin(
                tx, bill_id, payer, new.points_fen, house.settings, owner_id=owner, proxy_id=proxy
            )
            return payments.view(tx, made, actor)

        return await self.once(begun, status=201, lanes=ledger.lanes(owner, bill_id))


class Payments(Endpoint):
    path = "/v1/payments"

    @allow("resident")
    async def get(self, query: FindPayments) -> PaymentsView:
        """What I have paid, or tried to; newest first."""
        return await self.building.db.reading(
            lambda reader: payments.listed(reader, self.actor, query.cursor, query.limit)
        )


class OnePayment(Endpoint):
    path = "/v1/payments/{payment_id}"

    @allow("resident")
    async def get(self, payment_id: str) -> PaymentView:
        """How far it has come; while it is unpaid, with what wx.requestPayment needs."""
        house, actor = self.building, self.actor
        payment = await house.db.reading(lambda reader: payments.find(reader, payment_id, actor))
        mine = payments.may_pay(payment, actor)
        payment = await payments.ordered(house, payment) if mine else payment
        payable = house.pay.client_params(payment.prepay_id) if mine and payment.prepay_id else None
        return payments.view(house.db.reader(), payment, actor, payable)


class Cancelled(Endpoint):
    path = "/v1/payments/{payment_id}/cancel"

    @allow("resident")
    async def post(self, payment_id: str) -> Answer[PaymentView]:
        """Not to be paid after all: points and bill are free as soon as the order is closed at WeChat Pay."""

        async def cancelled(tx: Tx) -> PaymentView:
            return payments.view(tx, await payments.cancel(tx, payment_id, self.actor), self.actor)

        return await self.once(cancelled)


class Receipt(Endpoint):
    path = "/v1/payments/{payment_id}/receipt"

    @allow("resident")
    async def get(self, payment_id: str) -> SlipView:
        """The PDF that was asked for; its link is there when it has been drawn."""
        rules, name = self.building.settings, payments.receipts.slip_id(payment_id, self.actor)

        async def seen(reader: Reader) -> SlipView:
            return slips.view(await slips.find(reader, name, self.actor.id), rules, reader.now)

        return await self.building.db.reading(seen)

    @allow("resident", status=201)
    async def post(self, payment_id: str) -> Answer[SlipView]:
        """Have the receipt drawn as PDF; asked again it is the same one unless something has changed."""
        rules = self.building.settings

        async def asked(tx: Tx) -> SlipView:
            slip = await payments.receipts.ask(tx, payment_id, self.actor, rules)
            return slips.view(slip, rules, tx.now)

        return await self.once(asked, status=201)


class Sources(Endpoint):
    path = "/v1/payments/{payment_id}/sources"

    @allow("resident")
    async def get(self, payment_id: str, query: FindSources) -> SourcesView:
        """The purchases whose points paid it, the oldest first; for whose points they were alone."""

        async def seen(reader: Reader) -> SourcesView:
            payment = await payments.find_own(reader, payment_id, self.actor)
            return await payments.sources(reader, payment, query.cursor, query.limit)

        return await self.building.db.reading(seen)


class PayNotify(Endpoint):
    path = "/pay/notify"
    documented = False  # for WeChat Pay alone
    paced = False

    @classmethod
    def largest_body(cls, settings: Settings) -> int:
        """A notification has a few kilobytes at most."""
        return 1 << 16

    @allow(
        "anyone", once=False
    )  # WeChat Pay sends no Idempotency-Key: the order's number tells repeats apart
    async def post(self) -> None:
        """Verified, compared with the payment in everything, heard once; whoever forges learns nothing."""
        house = self.building
        told = await opened(house, self.request.headers, self.request.body)
        heard = told is not None
        if told is not None and told.order is not None:
            heard = await payments.hear(house, told.order)
        if told is not None and told.refund is not None:
            heard = await refunds.hear(house, told.refund)
        if not heard:
            raise NotHeard

    def read_no_body(self) -> None:
        """The body is WeChat Pay's own."""
