"""Bills that are paid with points while everything is killed: each is spent or given back, once, as its payee says."""

import asyncio
from collections import Counter
from datetime import date, datetime
from typing import Any

from msgspec import Struct

from server import ledger
from server.bills import BILLS, PAYEES, Bill, Payee
from server.kit.db import MOMENT, Reader, Tx
from server.ledger import TRANSFERS
from server.payments import PAYMENTS
from tests.faults.street import Street, Told

PAYEE, PAYERS = "power", 20
BILL_FEN, GRANT_FEN = 120, 10_000_000
REFUSED = 4
"""One bill in so many is not known to its payee."""
_AT = datetime.fromisoformat("2026-11-25T09:00:00+08:00")
_DAYS = 3650
_KNOWN = 16


class Payer(Struct):
    id: str
    token: str


class Paid(Struct):
    """Of the payments that were acknowledged: `settled` or given `back`; `unclear` are those that are neither, are
    there twice, or of which ledger, bill, payment and payee do not say the same."""

    acknowledged: int
    settled: int
    back: int
    unclear: int


class Payers:
    """Twenty residents with points enough, and a bill for each payment; every second one is the first resident's."""

    def __init__(self, street: Street, name: str) -> None:
        self.street = street
        self.name = name
        self.people: list[Payer] = []
        self.acknowledged: dict[int, str] = {}

    async def prepare(self, bills: int) -> None:
        street = self.street
        for number in range(PAYERS):
            token = await street.resident(f"payer-{number:02d}")
            me = await street.ask("GET", "/v1/me", token=token)
            self.people.append(Payer(me.body["id"], token))
        await street.house.db.alone(
            lambda tx: tx.put(PAYEES, Payee(id=PAYEE, name="东胜供电所", kind="electricity"))
        )
        for one in self.people:
            await street.house.db.atomically(lambda tx, one=one: self._grant(tx, one))  # type: ignore[misc]
        await street.house.db.alone(
            lambda tx: tx.put_all(BILLS, [self._bill(number, tx) for number in range(bills)])
        )
        gate = asyncio.Semaphore(_KNOWN)
        known = (number for number in range(bills) if number % REFUSED)
        await asyncio.gather(*(self._due(gate, number) for number in known))

    async def _grant(self, tx: Tx, who: Payer) -> None:
        """They expire after those of the purchases, which are used first."""
        await ledger.earn(tx, f"grant/{who.id}", who.id, GRANT_FEN, _AT, _DAYS, "test", {})

    def _whose(self, number: int) -> Payer:
        return self.people[number // 2 % PAYERS if number % 2 else 0]

    def _bill(self, number: int, tx: Tx) -> Bill:
        return Bill(
            id=f"{self.name}-{number:06d}",
            payee_id=PAYEE,
            payee_no=f"due-{self.name}-{number:06d}",
            account_no=f"{number:06d}",
            resident_id=self._whose(number).id,
            period="2026-11",
            amount_fen=BILL_FEN,
            due=date(2026, 12, 20),
            source="gateway",
            at=tx.now,
        )

    async def _due(self, gate: asyncio.Semaphore, number: int) -> None:
        due = {"bill_no": f"due-{self.name}-{number:06d}", "payee": PAYEE, "account_no": f"{number:06d}"}
        due |= {"period": "2026-11", "due": "2026-12-20"}
        async with gate:
            base = self.street.sandbox_url
            told = await self.street.ask(
                "POST", "/_control/payee-bills", due | {"amount_fen": BILL_FEN}, base=base
            )
        assert told.status == 200, told

    async def pay(self, number: int) -> Told:
        """With points alone: they are set aside now, and a worker asks the payee."""
        name = f"{self.name}-{number:06d}"
        token = self._whose(number).token
        body = {"points_fen": BILL_FEN}
        told = await self.street.insist("POST", f"/v1/bills/{name}/pay", body, token=token, key=name)
        if told.status == 201:
            self.acknowledged[number] = str(told.body["id"])
        return told

    async def until_over(self) -> None:
        db = self.street.house.db
        async with asyncio.timeout(120):
            while await db.reading(lambda reader: reader.count(PAYMENTS, {"due_at": MOMENT})):
                await asyncio.sleep(0.1)

    async def counted(self) -> Paid:
        """What became of them, told by five witnesses: payment, bill, ledger, the lots that were used, the payee."""
        reader = self.street.house.db.reader()
        states = Counter[str]()
        unclear = 0
        of_these = {"bill_id": {"$regex": f"^{self.name}-"}}
        stored = {one.id: one async for one in reader.each(PAYMENTS, of_these)}
        for number, payment_id in self.acknowledged.items():
            payment = stored.pop(payment_id, None)
            state = payment.state if payment else "lost"
            states[state] += 1
            unclear += not await self._agreed(reader, number, payment_id, state)
        return Paid(
            acknowledged=len(self.acknowledged),
            settled=states["settled"],
            back=states["failed"],
            unclear=unclear + len(stored),
        )

    async def _agreed(self, reader: Reader, number: int, payment_id: str, state: str) -> bool:
        told = await self.street.ask(
            "GET",
            f"/_control/payee-bills?bill_no=due-{self.name}-{number:06d}",
            base=self.street.sandbox_url,
        )
        bill = await reader.get(BILLS, f"{self.name}-{number:06d}")
        prefix = f"payment/{payment_id}"
        moves = {one.id async for one in reader.each(TRANSFERS, {"_id": {"$regex": f"^{prefix}/"}})}
        said = told.body.get("paid_by", ""), bill.state if bill else "", moves
        if number % REFUSED:
            wanted: Any = ("settled", payment_id, "paid", {f"{prefix}/reserve", f"{prefix}/points"})
        else:
            wanted = ("failed", "", "open", {f"{prefix}/reserve", f"{prefix}/release"})
        return (state, *said) == wanted
