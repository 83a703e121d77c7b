"""Saved accounts: mine and my family's, whose new bills come by themselves."""

from handlers.base import Answer, Endpoint, allow
from schemas.bill_accounts import BillAccountsView, BillAccountView, ChangeBillAccount, NewBillAccount
from server import auto_pay, bill_accounts, bills
from server.kit.db import Reader, Tx
from server.sessions import Actor

TITLE = "常缴账户"


class BillAccounts(Endpoint):
    path = "/v1/bill-accounts"

    @allow("resident")
    async def get(self) -> BillAccountsView:
        """Mine, then those of whom I may pay for, each with what is to be paid."""
        house = self.building
        return await house.db.reading(lambda reader: bill_accounts.listed(reader, self.actor, house.settings))

    @allow("resident", status=201)
    async def post(self, new: NewBillAccount) -> Answer[BillAccountView]:
        """Save an account: its payee is asked for new bills by schedule, and each is reminded of in time."""
        actor, rules = self.actor, self.building.settings
        whom = bills.whose(actor, new.resident_id, self.on_behalf_of)

        async def saved(tx: Tx) -> BillAccountView:
            made = await bill_accounts.save(tx, new, whom, actor, rules)
            return await bill_accounts.view(tx, made, actor)

        return await self.once(saved, status=201, lanes=[f"bill accounts {whom}"])


class OneBillAccount(Endpoint):
    path = "/v1/bill-accounts/{account_id}"

    @allow("resident")
    async def get(self, account_id: str) -> BillAccountView:
        """One of mine or of my family's."""

        async def seen(reader: Reader) -> BillAccountView:
            found = await bill_accounts.seen_by(reader, account_id, self.actor)
            return await bill_accounts.view(reader, found, self.actor)

        return await self.building.db.reading(seen)

    @allow("resident")
    async def patch(self, account_id: str, wanted: ChangeBillAccount) -> BillAccountView:
        """What it is called, and when I am reminded."""
        return await self.building.db.atomically(lambda tx: changed(tx, account_id, wanted, self.actor))

    @allow("resident")
    async def post(self, account_id: str, wanted: ChangeBillAccount) -> Answer[BillAccountView]:
        """The same for a mini-program, whose wx.request has no PATCH."""
        return await self.once(lambda tx: changed(tx, account_id, wanted, self.actor))

    @allow("resident")
    async def delete(self, account_id: str) -> None:
        """Its payee is not asked any more, and nothing of it paid by itself; its bills stay."""

        async def removed(tx: Tx) -> None:
            account = await bill_accounts.seen_by(tx, account_id, self.actor)
            await auto_pay.end_with(tx, account, self.actor)
            await bill_accounts.remove(tx, account, self.actor)

        await self.building.db.atomically(removed)


async def changed(tx: Tx, account_id: str, wanted: ChangeBillAccount, actor: Actor) -> BillAccountView:
    return await bill_accounts.view(tx, await bill_accounts.change(tx, account_id, wanted, actor), actor)
