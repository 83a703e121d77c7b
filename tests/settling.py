"""Settling in a test: those who keep the books, a resident with many points, and what they do."""

import asyncio
from typing import Any

from schemas.staff import Grant
from server import ledger
from server.kit.clock import SHANGHAI
from server.settlements import BATCHES, ROWS, source_of
from server.staff import STAFF, Staff
from tests.test_payments import PAYEE, due, payee, paying, worked
from tests.test_points import holder, in_force, till
from tests.world import Person, Reply, World, member, unique

V1 = "/v1/settlements"


class Office:
    """Those who keep the books: one makes a batch, another confirms it."""

    def __init__(self, world: World, maker: Person, checker: Person) -> None:
        self.world, self.maker, self.checker = world, maker, checker

    async def opened(self) -> dict[str, Any]:
        """The open batch, or a new one."""
        known = (await self.maker.get(V1, state="open")).json["items"]
        if known:
            return dict(known[0])
        return dict(await ok(self.maker.post(V1, {"through": self.today()}), 201))

    def today(self) -> str:
        return self.world.clock.now().astimezone(SHANGHAI).date().isoformat()

    async def frozen(self) -> dict[str, Any]:
        batch = await self.opened()
        await worked(self.world)
        return dict(await ok(self.maker.post(f"{V1}/{batch['id']}/freeze")))

    async def sent(self) -> dict[str, Any]:
        batch = await self.frozen()
        return dict(await ok(self.maker.post(f"{V1}/{batch['id']}/send")))

    async def file(self, batch: dict[str, Any], **query: str) -> bytes:
        reply = await self.maker.get(f"{V1}/{batch['id']}/file.csv", **query)
        assert reply.status == 200, reply.body
        return reply.body

    async def their_file(self, batch: dict[str, Any], **faults: Any) -> bytes:
        """What the post office makes of our file."""
        content = (await self.file(batch)).decode()
        answer = await self.world.control("post-office", content=content, **faults)
        return str(answer["content"]).encode()

    async def hand_in(self, content: bytes, who: Person | None = None) -> Reply:
        token = (who or self.maker).token
        return await self.world.call("POST", "/v1/settlement-files", token=token, raw=content)

    async def compared(self, content: bytes) -> dict[str, Any]:
        """Handed in, and looked at when it has been worked off."""
        reply = await self.hand_in(content)
        assert reply.status == 201, reply.body
        await worked(self.world)
        return dict((await self.maker.get(f"/v1/settlement-files/{reply.json['id']}")).json)

    async def confirmed(self, batch: dict[str, Any], **faults: Any) -> dict[str, Any]:
        told = await self.compared(await self.their_file(batch, **faults))
        assert told["state"] == "compared", told
        return dict(await ok(self.checker.post(f"{V1}/{batch['id']}/confirm", {"answer": told["id"]})))

    async def received(self, batch: dict[str, Any], fen: int) -> dict[str, Any]:
        """Money comes, entered by one and confirmed by the other; the batch afterwards."""
        body = {"reference": unique("BANK"), "amount_fen": fen, "day": self.today()}
        receipt = await ok(self.maker.post(f"{V1}/{batch['id']}/receipts", body), 201)
        await ok(self.checker.post(f"/v1/settlement-receipts/{receipt['id']}/confirm"))
        return await self.seen(batch)

    async def seen(self, batch: dict[str, Any]) -> dict[str, Any]:
        return dict((await self.maker.get(f"{V1}/{batch['id']}")).json)

    async def differences(self, batch: dict[str, Any]) -> list[dict[str, Any]]:
        return list((await self.maker.get("/v1/settlement-differences", batch=batch["id"])).json["items"])

    async def resolve(self, one: dict[str, Any], how: str) -> dict[str, Any]:
        """By one, and where it takes another, by the other."""
        path = f"/v1/settlement-differences/{one['id']}"
        told = await ok(self.maker.post(f"{path}/resolve", {"how": how, "reason": "已与邮政核对"}))
        if told["state"] == "proposed":
            told = await ok(self.checker.post(f"{path}/approve"))
        return dict(told)

    async def swept(self) -> None:
        """Whatever others have paid is in a batch of its own."""
        batch = await self.opened()
        await worked(self.world)
        reply = await self.maker.post(f"{V1}/{batch['id']}/freeze")
        assert reply.status == 200 or reply.code == "batch_empty", reply.body


async def ok(reply: Any, status: int = 200) -> Any:
    told = await reply
    assert told.status == status, told.body
    return told.json


KEEPERS: dict[str, tuple[Staff, Staff]] = {}


async def office(world: World) -> Office:
    """Time begins anew with each test: what is open from another is forgotten, and found again."""

    async def forgotten(tx: Any) -> None:
        for one in await tx.all(BATCHES, {"alive": "open"}, limit=1):
            await tx.delete_all(ROWS, {"batch_id": one.id, "kind": {"$ne": "carried"}})
            await tx.change_all(ROWS, {"batch_id": one.id}, {"$set": {"batch_id": ""}})
            await tx.delete(BATCHES, {"_id": one.id})

    await world.house.db.atomically(forgotten)
    if world.url not in KEEPERS:
        keepers = member(Grant(role="accountant"), name="账一"), member(Grant(role="admin"), name="账二")
        KEEPERS[world.url] = keepers
    await world.put(STAFF, *KEEPERS[world.url])
    maker, checker = await asyncio.gather(*(world.sign_in(one.id) for one in KEEPERS[world.url]))
    return Office(world, maker, checker)


RICH: dict[str, tuple[str, str]] = {}
_SWIPES = 8


async def rich(world: World) -> Person:
    """A resident of this town with points for many bills; the same one each time, as earning takes longest."""
    if world.url not in RICH:
        await asyncio.gather(in_force(world), payee(world))
        here, (resident, number) = await till(world), await holder(world)
        for _ in range(_SWIPES):
            await here.sent(here.swipe(number, 10_000_000))
        RICH[world.url] = resident.id, resident.token
    return Person(world, *RICH[world.url])


async def spent(world: World, *fens: int) -> list[str]:
    """Bills of these amounts are paid with points alone; the numbers of the payments."""
    resident, account = await rich(world), unique("acct")
    await asyncio.gather(*(due(world, fen, account) for fen in fens))
    reply = await resident.post("/v1/bills/lookups", {"payee_id": PAYEE, "account_no": account})
    bills = {one["amount_fen"]: one for one in reply.json["items"]}
    made = [await paying(resident, bills[fen], fen) for fen in fens]
    await worked(world)
    return [one["id"] for one in made]


async def refunded(world: World, payment_id: str, fen: int) -> None:
    """So much of a settled payment's points is given back, from where they are."""
    name, paid = f"refund/{unique('R')}/points", f"payment/{payment_id}/points"

    async def given(tx: Any) -> None:
        source = await source_of(tx, payment_id, name)
        await ledger.refund(tx, name, paid, fen, source, by="test")

    lanes = ledger.lanes((await rich(world)).id, paid)
    await world.house.db.atomically(given, lanes=lanes)


async def total(world: World, book: Any, about: str | None = None) -> int:
    return await world.house.db.reading(lambda reader: ledger.total(reader, book, about))


async def everything(world: World) -> int:
    """The sum of all accounts."""
    steps = [{"$group": {"_id": None, "fen": {"$sum": "$balance"}}}]
    rows = await world.house.db.reading(lambda reader: reader.groups(ledger.ACCOUNTS, steps))
    return int(rows[0]["fen"])


async def confirmed(world: World, **faults: Any) -> tuple[Office, dict[str, Any]]:
    here = await office(world)
    await here.swept()
    await spent(world, 1000)
    return here, await here.confirmed(await here.sent(), **faults)
