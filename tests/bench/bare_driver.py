"""The bare part: motor alone, four writes in one transaction, 16 at a time; prints its own CPU microseconds each."""

import asyncio
import sys
import time
import uuid
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

AT_ONCE = 16
SLOTS = 2000


async def main(url: str, count: int) -> None:
    client: Any = AsyncIOMotorClient(url, w="majority", journal=True)
    db = client["bench_bare"]
    await client.drop_database("bench_bare")
    for name in ("keys", "slots", "bookings", "outbox"):
        await db.create_collection(name)
    await db.slots.insert_many([{"_id": number, "taken": 0} for number in range(SLOTS)])
    todo = iter(range(count))

    async def book(session: Any, number: int) -> None:
        await db.keys.insert_one({"_id": uuid.uuid4().hex, "reply": "x" * 600}, session=session)
        slot = {"_id": number % SLOTS, "taken": {"$lt": 10_000}}
        await db.slots.update_one(slot, {"$inc": {"taken": 1}}, session=session)
        booking = {"_id": uuid.uuid4().hex, "slot": number % SLOTS, "note": "x" * 600}
        await db.bookings.insert_one(booking, session=session)
        await db.outbox.insert_one({"_id": uuid.uuid4().hex, "event": "x" * 200}, session=session)

    async def client_of_many() -> None:
        for number in todo:
            async with await client.start_session() as session:
                await session.with_transaction(
                    lambda session, number=number: book(session, number),  # type: ignore[misc]
                    read_concern=ReadConcern("snapshot"),
                    write_concern=WriteConcern("majority", j=True),
                )

    await asyncio.gather(*(client_of_many() for _ in range(AT_ONCE)))


if __name__ == "__main__":
    before = time.process_time()
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
    print((time.process_time() - before) / int(sys.argv[2]) * 1e6)
