"""The controls: the same work done as it must not be done. If these come out clean, the proofs prove nothing."""

import asyncio
import os
import signal
from collections import Counter
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
