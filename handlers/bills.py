"""Bills: payees, look-up by account, mine and my family's, and those that the window enters."""

from handlers.base import Answer, Endpoint, allow
from schemas.bills import BillsView, BillView, FindBills, LookUp, NewBill, PayeesView
from server import bill_accounts, bills
from server.kit.db import Reader, Tx

TITLE = "账单"


class Payees(Endpoint):
    path = "/v1/payees"

    @allow("resident", "staff")
    async def get(self) -> PayeesView:
        """Whom bills can be paid to."""
        return bills.payees(self.building.db.reader())


class Bills(Endpoint):
    path = "/v1/bills"

    @allow("resident")
    async def get(self, query: FindBills) -> BillsView:
        """Mine, and those of whom I may pay for; newest first."""
        return await self.building.db.reading(lambda reader: bills.listed(reader, self.actor, query))

    @allow("clerk", "operator", status=201)
    async def post(self, new: NewBill) -> Answer[BillView]:
        """Enter a bill at the window, for a payee that cannot be asked."""
        await self.building.resident(new.resident_id, self.actor)

        async def entered(tx: Tx) -> BillView:
            wish = await bill_accounts.wish(tx, new.resident_id, new.payee_id, new.account_no, "window")
            return bills.view(tx, await bills.enter(tx, new, self.actor, wish))

        return await self.once(entered, status=201)


class LookUps(Endpoint):
    path = "/v1/bills/lookups"

    @allow("resident", status=201)
    async def post(self, wanted: LookUp) -> Answer[BillsView]:
        """Ask the payee what is open on an account; it becomes mine to pay, or theirs for whom I ask."""
        house, actor = self.building, self.actor
        whom = bills.whose(actor, wanted.resident_id, self.on_behalf_of)
        bills.to_look_up(house.db.reader(), wanted.payee_id)
        if (before := await self.replayed()) is not None:
            return before
        found = await bills.ask(house.payees, wanted.payee_id, wanted.account_no)

        async def taken(tx: Tx) -> BillsView:
            await bills.by_proxy(tx, actor, whom)
            payee_id, account_no = wanted.payee_id, wanted.account_no
            wish = await bill_accounts.wish(tx, whom, payee_id, account_no, "lookup", wanted.label)
            kept = await bills.take_up(tx, whom, wanted, found, wish, actor)
            return BillsView(items=[bills.view(tx, one, actor) for one in kept])

        return await self.once(taken, status=201, lanes=[f"bills {wanted.payee_id} {wanted.account_no}"])


class OneBill(Endpoint):
    path = "/v1/bills/{bill_id}"

    @allow("resident")
    async def get(self, bill_id: str) -> BillView:
        """One of mine or of my family's, with how many points could pay it."""

        async def seen(reader: Reader) -> BillView:
            return await bills.closely(reader, await bills.seen_by(reader, bill_id, self.actor), self.actor)

        return await self.building.db.reading(seen)
