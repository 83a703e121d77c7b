"""The controls: the same work done as it must not be done. If these come out clean, the proofs prove nothing."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient
from msgspec import Struct
from pymongo.errors import PyMongoError

from tests.faults.cluster import Cluster

SEATS = 50


class Oversold(Struct):
    seats: int
    sold: int


async def count_then_insert(url: str, attempts: int = 400) -> Oversold:
    """Check, then insert: what every interleaving between the two sells twice."""
    client: Any = AsyncIOMotorClient(url, w="majority")
    taken = client["controls"]["taken"]
    await taken.drop()
    gate = asyncio.Semaphore(64)

    async def book(number: int) -> None:
        async with gate:
            if await taken.count_documents({}) < SEATS:
                await taken.insert_one({"by": number})

    await asyncio.gather(*(book(number) for number in range(attempts)))
    sold = await taken.count_documents({})
    client.close()
    return Oversold(SEATS, sold)


class Doubled(Struct):
    asked: int
    there: int
    twice: int


async def blind_retry(cluster: Cluster, bookings: int = 600) -> Doubled:
    """No key and no transaction: a client that hears nothing within half a second asks again."""
    client: Any = AsyncIOMotorClient(
        cluster.url, w="majority", retryWrites=False, serverSelectionTimeoutMS=5000
    )
    made = client["controls"]["made"]
    await made.drop()
    todo = iter(range(bookings))
    blows = {bookings // 4, bookings // 2, 3 * bookings // 4}

    async def booking_client() -> None:
        for number in todo:
            if number in blows:
                os.kill(await cluster.pid(), signal.SIGKILL)
            while True:
                try:
                    async with asyncio.timeout(0.5):
                        await made.insert_one({"wish": number})
                    break
                except (TimeoutError, PyMongoError):
                    await asyncio.sleep(0.02)

    await asyncio.gather(*(booking_client() for _ in range(16)))
    there = Counter([one["wish"] async for one in made.find({}, {"wish": 1})])
    client.close()
    return Doubled(bookings, sum(there.values()), sum(count - 1 for count in there.values()))


class Lost(Struct):
    acknowledged: int
    lost: int


async def unsafe_writes(cluster: Cluster, seconds: float = 3) -> Lost:
    """w:1 without waiting for anybody: what the primary alone knew when it died is gone."""
    client: Any = AsyncIOMotorClient(cluster.url, w=1, journal=False, retryWrites=False)
    made = client["controls"]["unsafe"]
    await made.drop()
    acknowledged: list[int] = []
    numbers = iter(range(10**9))
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds

    async def writer() -> None:
        while loop.time() < end:
            number = next(numbers)
            try:
                async with asyncio.timeout(1):
                    await made.insert_one({"_id": number})
                acknowledged.append(number)
            except (TimeoutError, PyMongoError):
                await asyncio.sleep(0.02)

    writers = [asyncio.create_task(writer(), name=f"writer-{number}") for number in range(16)]
    await asyncio.sleep(seconds / 2)
    await _frozen_followers(cluster)
    await asyncio.gather(*writers)
    safe: Any = AsyncIOMotorClient(cluster.url, readConcernLevel="majority")
    await cluster.pid()
    there = {one["_id"] async for one in safe["controls"]["unsafe"].find({}, {"_id": 1})}
    client.close()
    safe.close()
    return Lost(len(acknowledged), sum(1 for number in acknowledged if number not in there))


async def _frozen_followers(cluster: Cluster) -> None:
    """The followers stand still for half a second, the primary goes on alone and is killed; then they elect."""
    primary = await cluster.pid()
    followers = [one.process.pid for one in cluster.members if one.process.pid != primary]
    for pid in followers:
        os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(0.5)
    os.kill(primary, signal.SIGKILL)
    for pid in followers:
        os.kill(pid, signal.SIGCONT)


class Stepped(Struct):
    """Offers made in steps: `twice` to the same person, `lost` seats that nobody has and nobody waits for."""

    seats: int
    twice: int
    lost: int


async def offer_in_steps(url: str, seats: int = 120) -> Stepped:
    """A seat that came back is handed on in one step after the other, by workers that are killed in between."""
    client: Any = AsyncIOMotorClient(url, w="majority")
    controls = client["controls"]
    for name in ("line", "returned", "offers"):
        await controls[name].drop()
    await controls["line"].insert_many([{"_id": number, "waiting": True} for number in range(seats)])
    await controls["returned"].insert_many([{"_id": number} for number in range(seats)])

    async def worker() -> None:
        while (seat := await controls["returned"].find_one({})) is not None:
            first = await controls["line"].find_one({"waiting": True}, sort=[("_id", 1)])
            if first is None:
                return
            await controls["returned"].delete_one(seat)
            await controls["offers"].insert_one({"to": first["_id"], "seat": seat["_id"]})
            await controls["line"].update_one(first, {"$set": {"waiting": False}})

    await _killed_again_and_again(worker)
    offers = [one async for one in controls["offers"].find({})]
    left = await controls["returned"].count_documents({})
    client.close()
    people = Counter(one["to"] for one in offers)
    given = {one["seat"] for one in offers}
    return Stepped(seats, sum(count - 1 for count in people.values()), seats - left - len(given))


async def roll_by_looking(url: str, visits: int = 120) -> Doubled:
    """A plan's day is looked up and then booked, by two workers and without a name of its own."""
    client: Any = AsyncIOMotorClient(url, w="majority")
    made = client["controls"]["visits"]
    await made.drop()

    async def worker() -> None:
        for day in range(visits):
            if await made.find_one({"day": day}) is None:
                await made.insert_one({"day": day})

    await _killed_again_and_again(worker)
    there = Counter([one["day"] async for one in made.find({})])
    client.close()
    return Doubled(visits, sum(there.values()), sum(count - 1 for count in there.values()))


async def send_then_note(url: str, people: int = 400) -> Doubled:
    """Telephones are sent to first and crossed off afterwards, and whoever finds one that is not crossed off sends."""
    client: Any = AsyncIOMotorClient(url, w="majority")
    sent, waiting = client["controls"]["sent"], client["controls"]["waiting"]
    await sent.drop()
    await waiting.drop()
    await waiting.insert_many([{"_id": number, "due": True} for number in range(people)])

    async def worker() -> None:
        while (one := await waiting.find_one({"due": True})) is not None:
            await waiting.update_one(one, {"$set": {"due": False, "leased": True}})
            await sent.insert_one({"to": one["_id"]})
            await waiting.update_one({"_id": one["_id"]}, {"$set": {"leased": False}})

    async def lease_over() -> None:
        """Whoever had it was killed: the next one takes it as if nothing had been done."""
        await waiting.update_many({"leased": True}, {"$set": {"due": True, "leased": False}})

    await _killed_again_and_again(worker)
    await lease_over()
    await worker()
    there = Counter([one["to"] async for one in sent.find({}, {"to": 1})])
    client.close()
    return Doubled(people, sum(there.values()), sum(count - 1 for count in there.values()))


async def _killed_again_and_again(work: Callable[[], Awaitable[None]]) -> None:
    """Four workers, each killed somewhere in its work a few times, and begun anew."""
    picked = random.Random(1)

    async def one_worker() -> None:
        for _ in range(5):
            with suppress(TimeoutError):
                async with asyncio.timeout(picked.uniform(0.05, 0.2)):
                    await work()
        await work()

    await asyncio.gather(*(one_worker() for _ in range(4)))
