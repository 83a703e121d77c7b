"""The proofs: what is done to a street, and what must be true of it afterwards. Each returns its figures."""

import asyncio
import itertools
import operator
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from server.cases.kinds import CASES
from server.kit.db import MOMENT
from server.kit.db.idempotency import RECEIPTS
from server.kit.events import EVENTS
from server.push import MESSAGES
from server.slots import OCCUPANCY
from tests.faults.blows import strike
from tests.faults.street import HORIZON, Street, Told, wish

Say = Callable[[str], None]


class Race(Struct):
    winners: int
    refused: int
    others: int
    slowest_s: float


async def race(street: Street, tokens: list[str], seats: int, name: str) -> Race:
    """Everybody books the same slot at once, each with a key of their own."""
    service_id = await street.service(name, capacity=seats)
    await known(street, tokens[0], service_id)
    body = wish(service_id, street.start(10))
    told = await asyncio.gather(
        *(
            street.insist("POST", "/v1/bookings", body, token=token, key=f"{name}-{number}")
            for number, token in enumerate(tokens)
        )
    )
    won = sum(1 for one in told if one.status == 201)
    refused = sum(1 for one in told if one.status == 409 and one.body["error"]["code"] == "slot_taken")
    slowest = round(max(one.seconds for one in told), 2)
    return Race(won, refused, len(told) - won - refused, slowest)


async def same_key(street: Street, token: str, times: int) -> list[Told]:
    """One request sent many times at once, with one key."""
    service_id = await street.service("same-key", capacity=3)
    await known(street, token, service_id)
    body = wish(service_id, street.start(11))
    return list(
        await asyncio.gather(
            *(street.insist("POST", "/v1/bookings", body, token=token, key="the-same") for _ in range(times))
        )
    )


async def known(street: Street, token: str, service_id: str) -> None:
    """Until every web process has the new service in memory: several answers in a row know it."""
    known = 0
    async with asyncio.timeout(10):
        while known < 12:
            told = await street.ask("GET", f"/v1/services/{service_id}", token=token)
            known = known + 1 if told.status == 200 else 0


class Blows(Struct):
    """`lost`: acknowledged and not there. `doubled`: there twice. `oversold`: quarters with more visits than people.
    `half`: there in part. `unsent`: no push. `wrong`: answers that were neither a reply nor a 503 that says when to
    come back.

    `slowest_answer_s` of one request, `longest_wait_s` of somebody who asked until it was done, `longest_gap_s`
    between two bookings of anybody.
    """

    acknowledged: int
    blows: dict[str, int]
    lost: int
    doubled: int
    oversold: int
    half: int
    unsent: int
    wrong: int
    refused: int
    replays: int
    slowest_answer_s: float
    longest_wait_s: float
    longest_gap_s: float

    @property
    def violations(self) -> int:
        return self.lost + self.doubled + self.oversold + self.half + self.unsent + self.wrong


async def under(
    street: Street, bookings: int, blows: list[str], *, name: str = "kills", seed: int = 1
) -> Blows:
    """Book while one thing after the other breaks, evenly over the bookings; then count everything."""
    people = max(bookings // 10, 1)
    tokens = await street.residents(people, name)
    await asyncio.gather(
        *(_credit(street, f"{name}-{number:04d}", token) for number, token in enumerate(tokens))
    )
    slots = [
        (day, hour, minute)
        for day in range(1, HORIZON)
        for hour in range(8, 20)
        for minute in range(0, 60, 15)
    ]
    capacity = bookings // len(slots) + 2
    service_id = await street.service(name, capacity=capacity, minutes=15)
    await known(street, tokens[0], service_id)
    seats = slots * capacity
    random.Random(seed).shuffle(seats)
    receipts_before = await _receipts(street)
    loop = asyncio.get_running_loop()
    acknowledged: dict[str, Told] = {}
    moments = [loop.time()]
    todo = iter(range(bookings))
    due = {round(bookings * (number + 1) / (len(blows) + 1)): one for number, one in enumerate(blows)}

    async def client() -> None:
        for number in todo:
            day, hour, minute = seats[number]
            body = wish(service_id, street.start(hour, minute, day))
            token, key = tokens[number % people], f"{name}-{number}"
            acknowledged[key] = await street.insist("POST", "/v1/bookings", body, token=token, key=key)
            moments.append(loop.time())
            if blow := due.pop(len(acknowledged), None):
                await strike(street, blow)

    await asyncio.gather(*(client() for _ in range(16)))
    await all_told(street)
    result = await _counted(street, name, acknowledged, Counter(blows), receipts_before)
    result.oversold = await _oversold(street, name, capacity)
    result.longest_gap_s = round(max(map(operator.sub, moments[1:], moments), default=0.0), 2)
    return result


async def _credit(street: Street, openid: str, token: str) -> None:
    """Credits enough for every booking of this resident, and some for sends that a kill made twice."""
    template = "tmpl-booking-submitted"
    accepted = {"openid": openid, "template_id": template, "result": "accept"}
    for number in range(15):
        await street.ask("POST", "/_control/subscribe", accepted, base=street.sandbox_url)
        results = {"results": {template: "accept"}}
        await street.insist("POST", "/v1/subscriptions", results, token=token, key=f"{openid}-{number}")


async def all_told(street: Street) -> None:
    """Until the worker has nothing left to tell or to send."""
    due = {"due_at": MOMENT}
    async with asyncio.timeout(60):
        while True:
            left = [
                await street.house.db.reading(lambda reader, one=one: reader.count(one, due))  # type: ignore[misc]
                for one in (EVENTS, MESSAGES)
            ]
            if not any(left):
                return
            await asyncio.sleep(0.1)


async def _counted(
    street: Street, name: str, acknowledged: dict[str, Told], blows: Counter[str], receipts_before: int
) -> Blows:
    db, service_id = street.house.db, f"service-{name}"
    numbers = [one.body["case_no"] for one in acknowledged.values() if one.status == 201]
    stored = [one async for one in db.reader().each(CASES, {"details.service_id": service_id})]
    there = Counter(one.id for one in stored)
    receipts = await _receipts(street) - receipts_before
    taken = sum(itertools.chain.from_iterable(await _cells(street, name)))
    unsent = 0
    for number in numbers:
        told = await db.reading(
            lambda reader, number=number: reader.all(MESSAGES, {"case_no": number}, limit=5)  # type: ignore[misc]
        )
        unsent += not any(one.delivery == "sent" for one in told)
    told_all = acknowledged.values()
    for one in told_all:
        if one.status != 201:
            print(f"answered otherwise: {one.status} {one.body}")
    return Blows(
        acknowledged=len(numbers),
        blows=dict(blows),
        lost=sum(1 for one in numbers if not there[one]),
        doubled=len(stored) - len(set(numbers)) + len(numbers) - len(set(numbers)),
        oversold=0,
        half=abs(len(stored) - receipts) + abs(len(stored) - taken),
        unsent=unsent,
        wrong=sum(one.wrong for one in told_all),
        refused=sum(one.refused for one in told_all),
        replays=sum(1 for one in told_all if one.replayed),
        slowest_answer_s=round(max(one.slowest for one in told_all), 2),
        longest_wait_s=round(max(one.waited for one in told_all), 2),
        longest_gap_s=0.0,
    )


async def _receipts(street: Street) -> int:
    return await street.house.db.reading(lambda reader: reader.count(RECEIPTS, {"status": 201}))


async def _cells(street: Street, name: str) -> list[list[int]]:
    """Of each day of the pool, how many are busy in each quarter."""
    days = street.house.db.reader().each(OCCUPANCY, {"_id": {"$regex": rf"^pool-{name}\|"}})
    return [list(one.cells.values()) async for one in days]


async def _oversold(street: Street, name: str, capacity: int) -> int:
    return sum(1 for day in await _cells(street, name) for taken in day if taken > capacity)


class Rolls(Struct):
    rolls: int
    answered: int
    failed: int
    longest_wait_s: float


async def rolls(street: Street, token: str, times: int) -> Rolls:
    """Every process is replaced, again and again, while clients ask without pause and never repeat a request."""
    told: list[Told] = []
    rolling = True

    async def client() -> None:
        while rolling:
            told.append(await street.ask("GET", "/v1/services", token=token))
            told.append(await street.ask("GET", "/v1/cases?limit=5", token=token))

    clients = [asyncio.create_task(client(), name=f"client-{number}") for number in range(8)]
    for _ in range(times):
        await street.processes.roll()
    rolling = False
    await asyncio.gather(*clients)
    failed = sum(1 for one in told if one.status != 200)
    return Rolls(times, len(told), failed, round(max(one.seconds for one in told), 2))


def facts(figures: Any) -> str:
    return " · ".join(f"{name} {getattr(figures, name)}" for name in figures.__struct_fields__)
