"""The waiting list and the recurring plans under blows: every seat is accounted for, nobody is offered twice, no visit
is doubled or missing."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from msgspec import Struct

from server.cases import CASES, Case
from server.kit.clock import SHANGHAI
from server.plans import VISITS
from server.slots import OCCUPANCY, RETURNS, fits
from server.waitlist import WAITLIST, Waiting
from tests.faults.blows import strike
from tests.faults.proofs import all_told, known
from tests.faults.street import HORIZON, Street, wish

_SEATS = 2
_PATIENCE_S = 150.0
_HAS_OFFER = ("offered", "taken", "declined", "lapsed")

Quarter = tuple[str, str]


class Lines(Struct):
    """`twice`: offered more than one seat. `unfounded`: an offer without its booking, or the other way round. `lost`:
    quarters counted as taken by nobody. `oversold`: taken by more than there are. `forgotten`: somebody waits for a
    seat that is free. `miscounted`: the day counts others in line than there are."""

    states: dict[str, int]
    blows: dict[str, int]
    twice: int
    unfounded: int
    lost: int
    oversold: int
    forgotten: int
    miscounted: int

    @property
    def violations(self) -> int:
        return self.twice + self.unfounded + self.lost + self.oversold + self.forgotten + self.miscounted


async def lines(
    street: Street, slots: int, blows: list[str], *, waiting: int = 6, lapsing: bool = False
) -> Lines:
    """Every seat of some times is booked, more people wait than there are seats; then all is cancelled under blows.

    Of those who are offered a seat some take it, some decline and with `lapsing` some do not answer.
    """
    service_id = await street.service("lines", capacity=_SEATS)
    holder, *people = await street.residents(slots * waiting + 1, "lines")
    await known(street, holder, service_id)
    starts = [street.start(8 + number % 12, 0, 1 + number // 12) for number in range(slots)]
    booked = [await _book(street, holder, service_id, one, seat) for one in starts for seat in range(_SEATS)]
    for number, token in enumerate(people):
        start = starts[number % slots]
        body = {"service_id": service_id, "start": start, **_where(service_id, start)}
        told = await street.insist("POST", "/v1/waitlist", body, token=token, key=f"wait-{number}")
        assert told.status == 201, told
    joined = sorted(await _entries(street, service_id), key=lambda one: one.joined_at)
    tokens = {entry.resident_id: token for entry, token in zip(joined, people, strict=True)}
    answering = asyncio.create_task(_answers(street, service_id, tokens, lapsing), name="answering")
    storm = asyncio.create_task(_storm(street, blows), name="storm")
    for case_no in booked:
        told = await street.insist(
            "POST", f"/v1/cases/{case_no}/cancel", {}, token=holder, key=f"give-{case_no}"
        )
        assert told.status == 200, told
    await storm
    await _until(lambda: _settled(street, service_id), "the line does not come to rest")
    answering.cancel()
    await all_told(street)
    return await _lines(street, service_id, Counter(blows))


def _where(service_id: str, start: str) -> dict[str, Any]:
    usual = wish(service_id, start)
    return {"address": usual["address"], "contact": usual["contact"]}


async def _book(street: Street, token: str, service_id: str, start: str, seat: int) -> str:
    body, key = wish(service_id, start), f"hold-{start}-{seat}"
    told = await street.insist("POST", "/v1/bookings", body, token=token, key=key)
    assert told.status == 201, told
    return str(told.body["case_no"])


async def _storm(street: Street, blows: list[str]) -> None:
    for blow in blows:
        await asyncio.sleep(0.5)
        await strike(street, blow)


async def _entries(street: Street, service_id: str) -> list[Waiting]:
    found = street.house.db.reader().each(WAITLIST, {"service_id": service_id})
    return [one async for one in found]


async def _cases(street: Street, service_id: str) -> list[Case]:
    found = street.house.db.reader().each(CASES, {"details.service_id": service_id})
    return [one async for one in found]


async def _answers(street: Street, service_id: str, tokens: dict[str, str], lapsing: bool) -> None:
    """Whoever is offered a seat answers once, or never."""
    answered: set[str] = set()
    actions = ("submit", "cancel", "") if lapsing else ("submit", "cancel")
    while True:
        for entry in await _insisting(lambda: _entries(street, service_id)):
            action = Random(entry.ticket).choice(actions)
            if entry.state != "offered" or not action or entry.id in answered:
                continue
            answered.add(entry.id)
            path = f"/v1/cases/{entry.case_no}/{action}"
            token = tokens[entry.resident_id]
            await street.insist("POST", path, {}, token=token, key=f"answer-{entry.id}")
        await asyncio.sleep(0.1)


async def _insisting(ask: Callable[[], Awaitable[Any]]) -> Any:
    while True:
        try:
            async with asyncio.timeout(5):
                return await ask()
        except Exception:
            await asyncio.sleep(0.1)


async def _until(true: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while not await _insisting(true):
                await asyncio.sleep(0.2)
    except TimeoutError:
        print(otherwise, flush=True)


async def _settled(street: Street, service_id: str) -> bool:
    """No seat on its way, no offer open, nobody waiting for what is free."""
    reader = street.house.db.reader()
    entries = await _entries(street, service_id)
    if any(one.state == "offered" for one in entries) or await reader.count(RETURNS, {}, limit=1):
        return False
    return not await _forgotten(street, entries)


async def _taken(street: Street, service_id: str) -> dict[Quarter, int]:
    """What the days of the pool count."""
    pool = service_id.replace("service", "pool", 1)
    days = street.house.db.reader().each(OCCUPANCY, {"_id": {"$regex": rf"^{pool}\|"}})
    return {
        (one.id.rpartition("|")[2], cell): count async for one in days for cell, count in one.cells.items()
    }


async def _forgotten(street: Street, entries: list[Waiting]) -> int:
    taken = await _taken(street, "service-lines")
    forgotten = 0
    for one in entries:
        if one.state == "waiting" and one.start is not None:
            local = one.start.astimezone(SHANGHAI)
            first = (local.hour * 60 + local.minute) // 15
            used = {cell: count for (day, cell), count in taken.items() if day == one.day}
            forgotten += fits(used, [str(first + number) for number in range(4)], _SEATS)
    return forgotten


async def _lines(street: Street, service_id: str, blows: Counter[str]) -> Lines:
    entries, cases = await _entries(street, service_id), await _cases(street, service_id)
    offers = Counter(one.resident_id or "" for one in cases if one.channel == "system")
    owed = Counter(one.resident_id for one in entries if one.state in _HAS_OFFER)
    taken, live = await _taken(street, service_id), _live(cases)
    days = street.house.db.reader().each(OCCUPANCY, {"_id": {"$regex": r"^pool-lines\|"}})
    in_line = Counter(one.day for one in entries if one.state == "waiting")
    return Lines(
        states=dict(Counter(one.state for one in entries)),
        blows=dict(blows),
        twice=sum(count - 1 for count in offers.values()),
        unfounded=sum(1 for one in owed | offers if (owed[one] > 0) != (offers[one] > 0)),
        lost=_differing(taken, live),
        oversold=sum(1 for count in live.values() if count > _SEATS),
        forgotten=await _forgotten(street, entries),
        miscounted=sum([one.waiting != in_line[one.id.rpartition("|")[2]] async for one in days]),
    )


def _live(cases: list[Case]) -> Counter[Quarter]:
    """The quarters that open bookings hold."""
    return Counter((one.details["day"], cell) for one in cases if one.open for cell in one.details["seats"])


def _differing(taken: dict[Quarter, int], live: Counter[Quarter]) -> int:
    return sum(1 for one in taken.keys() | live.keys() if taken.get(one, 0) != live[one])


class Plans(Struct):
    """`missing`: days of a plan that nothing was said of. `doubled`: booked twice. `unfounded`: a visit without its
    booking, or a booking without its visit. `lost` and `oversold` as for lines."""

    plans: int
    visits: dict[str, int]
    blows: dict[str, int]
    missing: int
    doubled: int
    unfounded: int
    lost: int
    oversold: int

    @property
    def violations(self) -> int:
        return self.missing + self.doubled + self.unfounded + self.lost + self.oversold


async def plans(street: Street, people: int, blows: list[str]) -> Plans:
    """Everybody asks for a plan of two visits a week, half as many people serve as are asked for, under blows."""
    capacity = max(people // 2, 1)
    service_id = await street.service("plans", capacity=capacity)
    tokens = await street.residents(people, "plans")
    await known(street, tokens[0], service_id)
    weekdays = _weekdays()
    storm = asyncio.create_task(_storm(street, blows), name="storm")
    opened = await asyncio.gather(
        *(_plan(street, token, service_id, weekdays, number) for number, token in enumerate(tokens))
    )
    await storm
    days = _days(weekdays)
    expected = {f"{plan}|{day.isoformat()}" for plan in opened for day in days}
    await _until(lambda: _all_there(street, expected), "not every day of every plan is settled")
    await all_told(street)
    return await _plans(street, service_id, opened, expected, Counter(blows), capacity)


async def _plan(street: Street, token: str, service_id: str, weekdays: list[int], number: int) -> str:
    body = {"service_id": service_id, "weekdays": weekdays, "time": "10:00", "weeks": 2}
    body |= _where(service_id, "")
    told = await street.insist("POST", "/v1/plans", body, token=token, key=f"plan-{number}")
    assert told.status == 201, told
    return str(told.body["id"])


def _weekdays() -> list[int]:
    """Two that are not today, so that the hour of the day does not matter."""
    today = datetime.now(SHANGHAI).isoweekday()
    return sorted(one for one in ((today + 1) % 7 + 1, (today + 3) % 7 + 1))


def _days(weekdays: list[int]) -> list[date]:
    today = datetime.now(SHANGHAI).date()
    ahead = (today + timedelta(days=offset) for offset in range(HORIZON))
    return [one for one in ahead if one.isoweekday() in weekdays]


async def _visits(street: Street) -> list[Any]:
    return [one async for one in street.house.db.reader().each(VISITS, {})]


async def _all_there(street: Street, expected: set[str]) -> bool:
    return expected <= {one.id for one in await _visits(street)}


async def _plans(
    street: Street, service_id: str, opened: list[str], expected: set[str], blows: Counter[str], capacity: int
) -> Plans:
    visits, cases = await _visits(street), await _cases(street, service_id)
    booked = {one.case_no for one in visits if one.state == "booked"}
    each = Counter((one.resident_id or "", one.details["day"]) for one in cases)
    taken, live = await _taken(street, service_id), _live(cases)
    return Plans(
        plans=len(set(opened)),
        visits=dict(Counter(one.state for one in visits)),
        blows=dict(blows),
        missing=len(expected - {one.id for one in visits}),
        doubled=sum(count - 1 for count in each.values()),
        unfounded=len(booked ^ {one.id for one in cases}),
        lost=_differing(taken, live),
        oversold=sum(1 for count in live.values() if count > capacity),
    )
