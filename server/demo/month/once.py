"""The month of a demo: begun when it is up, on a day that is kept, so that a restart goes on with the same files."""

import asyncio
from datetime import date
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient

from server.config import Settings
from server.demo import money, street
from server.demo.month.doors import Doors
from server.demo.month.going import Month, Say, plan, play
from server.kit.clock import clock_of, today

_ID = "month"


async def begun(settings: Settings, say: Say) -> None:
    """Play the month, unless that was done. Raises Refused, TimeoutError."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(settings.mongo_url, tz_aware=True)
    doors = Doors(f"http://127.0.0.1:{settings.port}", f"http://127.0.0.1:{settings.sandbox_port}")
    async with client:
        marks = client[settings.database]["demo"]
        day = today(clock_of(settings.clock_file).now()).isoformat()
        await marks.update_one({"_id": _ID}, {"$setOnInsert": {"day": day, "done": False}}, upsert=True)
        mark = await marks.find_one({"_id": _ID})
        if mark is None or mark["done"]:
            return
        try:
            month = await asyncio.to_thread(_planned, date.fromisoformat(mark["day"]))
            await play(doors, month, Path(settings.data_dir, "month"), say)
            await marks.update_one({"_id": _ID}, {"$set": {"done": True}})
        finally:
            doors.close()


def _planned(day: date) -> Month:
    found = street.read()
    return plan(found, money.read(found), day)
