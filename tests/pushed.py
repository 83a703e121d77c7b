"""Messages to residents as rows, for what looks at them and not at how they came about."""

from datetime import datetime
from typing import Any

from pymongo import AsyncMongoClient

from schemas.push import Delivery
from server.push import MESSAGES, Message
from tests.world import World, unique


def message(at: datetime, delivery: Delivery, template: str = "booking_done", **more: Any) -> Message:
    """To nobody in particular."""
    usual = {
        "resident_id": "resident-of-nobody",
        "openid": "openid-of-nobody",
        "title": "服务完成通知",
        "text": "服务已完成",
        "payload": {},
        "page": "",
        "case_no": None,
    }
    return Message(
        id=unique("message"),
        template=template,
        at=at,
        delivery=delivery,
        **(usual | more),
    )


async def written(
    world: World, at: datetime, *deliveries: tuple[Delivery, int, str], template: str = ""
) -> None:
    """So many messages that have come to that, with that error."""
    name = template or "booking_done"
    rows = [message(at, one, name, error=error) for one, count, error in deliveries for _ in range(count)]
    await world.put(MESSAGES, *rows)


async def explained(world: World, command: dict[str, Any]) -> Any:
    """How the database would do it."""
    own = world.house.settings
    async with AsyncMongoClient[dict[str, Any]](own.mongo_url) as client:
        return await client[own.database].command({"explain": command, "verbosity": "executionStats"})
