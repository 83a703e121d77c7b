"""Auto-pay from points: the text, agreeing to it, pausing and stopping it, and leaving one bill out."""

from handlers.base import Answer, Endpoint, allow
from schemas.auto_pay import AgreementView, AutoPaysView, AutoPayView, NewAutoPay
from server import auto_pay, bills
from server.auto_pay import Act
from server.kit.db import Reader, Tx
from server.sessions import Actor

TITLE = "自动缴费"


class Agreement(Endpoint):
    path = "/v1/auto-pay/agreement"

    @allow("resident")
    async def get(self) -> AgreementView:
        """What one agrees to, and the limits that one may choose."""
        return auto_pay.view_agreement(self.building.settings)


class AutoPays(Endpoint):
    path = "/v1/auto-pay"

    @allow("resident")
    async def get(self) -> AutoPaysView:
        """Mine, and those of whom I may pay for, with what becomes of each bill."""
        return await self.building.db.reading(lambda reader: auto_pay.listed(reader, self.actor))

    @allow("resident", status=201)
    async def post(self, new: NewAutoPay) -> Answer[AutoPayView]:
        """Agree that bills of an account of mine are paid from my points; agreed to again, with the new limits."""
        rules = self.building.settings

        async def agreed(tx: Tx) -> AutoPayView:
            made = await auto_pay.agree(tx, new, self.actor, rules)
            return await auto_pay.view(tx, made, self.actor)

        return await self.once(agreed, status=201)


class OneAutoPay(Endpoint):
    path = "/v1/auto-pay/{account_id}"

    @allow("resident")
    async def get(self, account_id: str) -> AutoPayView:
        """Of one account, with what was agreed to and when."""

        async def seen(reader: Reader) -> AutoPayView:
            found = await auto_pay.find(reader, account_id, bills.residents_of(self.actor))
            return await auto_pay.view(reader, found, self.actor)

        return await self.building.db.reading(seen)


class Skipped(Endpoint):
    path = "/v1/auto-pay/bills/{bill_id}/skip"

    @allow("resident")
    async def post(self, bill_id: str) -> Answer[AutoPayView]:
        """Not this one: it stays to be paid by hand."""

        async def skipped(tx: Tx) -> AutoPayView:
            run = await auto_pay.skip(tx, bill_id, self.actor)
            found = await auto_pay.find(tx, run.auto_pay_id, bills.residents_of(self.actor))
            return await auto_pay.view(tx, found, self.actor)

        return await self.once(skipped)


class Paused(Endpoint):
    path = "/v1/auto-pay/{account_id}/pause"

    @allow("resident")
    async def post(self, account_id: str) -> Answer[AutoPayView]:
        """Pay nothing from this moment on, until it is resumed."""
        return await self.once(lambda tx: changed(tx, account_id, "pause", self.actor))


class Resumed(Endpoint):
    path = "/v1/auto-pay/{account_id}/resume"

    @allow("resident")
    async def post(self, account_id: str) -> Answer[AutoPayView]:
        """Go on; each bill is told of anew before it is paid."""
        return await self.once(lambda tx: changed(tx, account_id, "resume", self.actor))


class Stopped(Endpoint):
    path = "/v1/auto-pay/{account_id}/stop"

    @allow("resident")
    async def post(self, account_id: str) -> Answer[AutoPayView]:
        """Take back what was agreed to, from this moment on."""
        return await self.once(lambda tx: changed(tx, account_id, "stop", self.actor))


async def changed(tx: Tx, account_id: str, act: Act, actor: Actor) -> AutoPayView:
    return await auto_pay.view(tx, await auto_pay.change(tx, account_id, act, actor), actor)
