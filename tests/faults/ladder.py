"""Important messages that WeChat did not show, while the worker that writes to people's telephones instead is killed:
nobody is written to twice, and of whom nobody knows somebody calls."""

import asyncio
from typing import Any

from msgspec import Struct

from server import ladders
from server.kit.db import Tx
from server.ladders import CLIMBS, Climb
from server.push import MESSAGES, Notice, Template, made
from server.residents import RESIDENTS, Resident
from server.return_calls import RETURN_CALLS
from tests.faults.street import Street

SEND = "/sms/SendSms"
ANSWER_MS = 400
URGENT = Template("ride_changed", "用车进展通知", "ride", {}, topic="rides", importance="urgent")


class Ladder(Struct):
    """`twice` were written to more than once, `unknown` are those of whom nobody knows whether they were written to at
    all, `forgotten` those of them whom nobody is asked to call; `lost` were neither written to nor are to be called, and
    `claimed` were not written to though their row says so."""

    messages: int
    kills: int
    written: int
    twice: int
    unknown: int
    forgotten: int
    lost: int
    claimed: int

    @property
    def violations(self) -> int:
        return self.twice + self.forgotten + self.lost + self.claimed


async def killed(street: Street, messages: int, kills: int, name: str = "ladder") -> Ladder:
    """The provider takes each SMS at once and answers late, so whoever is killed meanwhile never hears of it."""
    fault = {"path": SEND, "delay_ms": ANSWER_MS, "after": True, "times": messages}
    await street.ask("POST", "/_control/faults", fault, base=street.sandbox_url)
    before = await _asked(street)
    await street.house.db.atomically(lambda tx: _missed(tx, name, messages))
    for number in range(kills):
        goal = before + messages * (number + 1) // (kills + 1)
        while await _asked(street) < goal:
            await asyncio.sleep(0.02)
        await street.kill("worker")
    rows = await _settled(street, name, messages)
    numbers = [await _received(street, _phone(one)) for one in range(messages)]
    calls = {one: await _called(street, f"{name}-{one}") for one in range(messages)}
    of = {row.id: row for row in rows}
    unknown = [one for one in range(messages) if of[f"{name}-{one}"].sms == "unknown"]
    return Ladder(
        messages=messages,
        kills=kills,
        written=sum(number > 0 for number in numbers),
        twice=sum(number > 1 for number in numbers),
        unknown=len(unknown),
        forgotten=sum(not calls[one] for one in unknown),
        lost=sum(not numbers[one] and not calls[one] for one in range(messages)),
        claimed=sum(not numbers[one] and one not in unknown for one in range(messages)),
    )


def _phone(number: int) -> str:
    return f"138{number:08d}"


async def _missed(tx: Tx, name: str, messages: int) -> None:
    for number in range(messages):
        resident = Resident(
            id=f"{name}-{number}",
            openid=f"{name}-{number}",
            name="王桂英",
            phone=_phone(number),
            created_at=tx.now,
        )
        notice = Notice(text="司机五分钟后到", payload={}, page="pages/x")
        message = made(f"{name}-{number}", tx.now, resident, URGENT, notice)
        message.due_at, message.delivery = None, "no_credit"
        await tx.insert(RESIDENTS, resident)
        await tx.insert(MESSAGES, message)
        await ladders.begin(tx, message)


async def _settled(street: Street, name: str, messages: int) -> list[Climb]:
    """When each SMS has gone, or nobody knows."""
    where: dict[str, Any] = {"_id": {"$in": [f"{name}-{one}" for one in range(messages)]}}
    while True:
        rows = await street.house.db.reading(lambda reader: reader.all(CLIMBS, where, limit=messages))
        if all(row.sms not in ("", "sending") and row.rung > 0 for row in rows):
            return rows
        await asyncio.sleep(0.1)


async def _asked(street: Street) -> int:
    told = await street.ask("GET", "/_control/stats", base=street.sandbox_url)
    return int(told.body["calls"].get(SEND, 0))


async def _received(street: Street, phone: str) -> int:
    told = await street.ask("GET", f"/_control/sms?phone={phone}", base=street.sandbox_url)
    return len(told.body["items"])


async def _called(street: Street, resident_id: str) -> bool:
    where = {"resident_id": resident_id, "open": True}
    return await street.house.db.reading(lambda reader: reader.first(RETURN_CALLS, where)) is not None
